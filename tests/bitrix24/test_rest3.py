# SPDX-License-Identifier: Apache-2.0
"""REST 3.0: results, errors, filters, pages, batches and repeated requests."""

from __future__ import annotations

import unittest
from typing import Any

from client import Served, ask, exchange

V3 = "BITRIX_REST_V3_EXCEPTION_"
TASK = {"title": "a", "creatorId": 1, "responsibleId": 1}


class Rest3(Served):
    def setUp(self) -> None:
        super().setUp()
        self.access = self.pair()["access_token"]

    def call(self, method: str, key: str | None = None, **params: Any) -> Any:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return ask(self.b24, self.b24.portal, f"/rest/api/{method}", headers=headers,
                   body={**params, "auth": self.access})

    def result(self, method: str, **params: Any) -> Any:
        reply = self.call(method, **params)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json()["result"]

    def ids(self, method: str, **params: Any) -> list[int]:
        return [item["id"] for item in self.result(method, **params)["items"]]

    def assertError(self, reply: Any, code: str, status: int) -> dict[str, Any]:
        error = reply.json()["error"]
        self.assertEqual((error["code"], reply.status), (f"{V3}{code}EXCEPTION", status))
        return dict(error)

    def test_results_have_one_form(self) -> None:
        item = self.result("tasks.task.add", fields=TASK)["item"]
        self.assertEqual((item["title"], item["id"]), ("a", 240))
        self.assertEqual(self.result("tasks.task.update", id=240, fields={"title": "b"}),
                         {"result": True})
        self.assertEqual(self.result("tasks.task.get", id="240", select=["id", "title", "no"]),
                         {"item": {"id": 240, "title": "b"}})
        self.assertEqual(self.result("tasks.task.delete", id=240), {"result": True})
        self.assertError(self.call("tasks.task.get", id=240), "ENTITYNOTFOUND", 400)
        self.assertEqual(self.result("profile")["profile"]["admin"], True)
        self.assertIn("/tasks.task.add", self.result("rest.documentation.openapi")["paths"])
        self.assertIn({"method": "tasks.task.add", "scope": "task"},
                      self.result("rest.scope.list")["items"])

    def test_errors_have_one_form(self) -> None:
        self.assertEqual(self.assertError(self.call("tasks.task.get"),
                                          "VALIDATION_REQUESTVALIDATION", 400)["validation"],
                         [{"message": "Required field `id` is not specified", "field": "id"}])
        self.assertError(self.call("tasks.task.add"), "VALIDATION_REQUESTVALIDATION", 400)
        self.assertError(self.call("tasks.task.add", fields={"title": "x"}),
                         "VALIDATION_REQUESTVALIDATION", 400)
        self.assertError(self.call("no.such"), "METHODNOTFOUND", 404)
        for more, code in (({"select": "id"}, "INVALIDSELECT"), ({"order": 1}, "INVALIDORDER"),
                           ({"filter": {"id": 1}}, "INVALIDFILTER"),
                           ({"filter": [["no", 1]]}, "UNKNOWNDTOPROPERTY"),
                           ({"filter": [["id", "~", 1]]}, "UNKNOWNFILTEROPERATOR"),
                           ({"filter": [["id", ">", "x"]]}, "VALIDATION_REQUESTVALIDATION"),
                           ({"pagination": {"limit": 1001}}, "INVALIDPAGINATION")):
            self.assertError(self.call("tasks.task.list", **more), code, 400)

    def test_only_json_is_read_and_no_query(self) -> None:
        path = f"/rest/api/tasks.task.get?id=1&auth={self.access}"
        self.assertError(ask(self.b24, self.b24.portal, path), "ACCESSDENIED", 401)
        bearer = {"Authorization": f"Bearer {self.access}"}
        self.assertError(ask(self.b24, self.b24.portal, path, headers=bearer),
                         "VALIDATION_REQUESTVALIDATION", 400)
        form = {"id": 1, "auth": self.access}
        self.assertError(ask(self.b24, self.b24.portal, "/rest/api/tasks.task.get", form),
                         "INVALIDJSON", 400)
        self.assertRefused(self.rest("main.eventlog.list", self.access), "ERROR_METHOD_NOT_FOUND",
                           404)
        self.assertEqual(ask(self.b24, self.b24.portal, "/rest//api/profile",
                             body={"auth": self.access}).status, 200)

    def test_every_failure_of_a_token_is_the_same(self) -> None:
        narrow = exchange(self.b24, self.b24.code(scope="crm")["code"]).json()["access_token"]
        self.assertError(ask(self.b24, self.b24.portal, "/rest/api/tasks.task.get",
                             body={"id": 1, "auth": narrow}), "INSUFFICIENTSCOPE", 403)
        self.b24.expire()
        self.assertError(self.call("profile"), "ACCESSDENIED", 401)
        self.access = "0" * 70
        self.assertError(self.call("profile"), "ACCESSDENIED", 401)

    def test_filters(self) -> None:
        for given, wanted in (
                ([["id", 3]], [3]), ([["id", "=", "3"]], [3]), ([["id", [1, 3]]], [1, 3]),
                ([["id", "in", [5, 6]]], [5]), ([["id", "<", 4], ["id", "!=", 1]], [3]),
                ([["id", "between", [5, 9]]], [5, 7, 9]), ([["id", ">=", 237]], [237, 239]),
                ([{"logic": "or", "conditions": [["id", 1], ["title", "task 5"]]}], [1, 5]),
                ([["responsibleId", 2], ["id", "<=", 11]], [1, 11])):
            self.assertEqual(self.ids("tasks.task.list", filter=given), wanted, given)

    def test_pages_and_cursors(self) -> None:
        self.assertEqual(self.result("tasks.task.list")["items"][0], {"id": 1})
        self.assertEqual(len(self.ids("tasks.task.list")), 50)
        self.assertEqual(self.ids("tasks.task.list", pagination={"page": 3, "limit": 50},
                                  order={"id": "ASC"}), [*range(201, 240, 2)])
        self.assertEqual(self.ids("tasks.task.list", pagination={"limit": 2, "offset": 1},
                                  order={"id": "desc"}), [237, 235])
        self.assertEqual(self.ids("main.eventlog.tail", cursor={"value": 453}), [455, 457, 459])
        self.assertEqual(self.ids("main.eventlog.tail", select=["id"], filter=[["userId", 2]],
                                  cursor={"order": "DESC", "value": 30, "limit": 2}), [21, 11])
        self.assertError(self.call("main.eventlog.tail", filter=[["id", 1]]), "INVALIDFILTER", 400)

    def test_a_batch_is_a_list_and_fails_as_one(self) -> None:
        bearer = {"Authorization": f"Bearer {self.access}"}
        commands = [{"method": "tasks.task.add", "query": {"fields": TASK}},
                    {"method": "tasks.task.get", "query": {"id": 1, "select": ["id"]}}]
        reply = ask(self.b24, self.b24.portal, "/rest/api/batch", body=commands, headers=bearer)
        self.assertEqual(reply.json()["result"][1], {"item": {"id": 1}})
        self.assertEqual(self.result("batch", **{"0": commands[1]}), [{"item": {"id": 1}}])
        self.assertError(self.call("batch", cmd={"a": "profile"}), "INVALIDSELECT", 400)
        self.assertError(self.call("batch", **{"0": commands[0], "1": {"method": "no"}}),
                         "METHODNOTFOUND", 404)
        self.assertEqual(self.b24.state()["counters"]["executed.tasks.task.add"], 2)

    def test_a_key_makes_a_request_repeatable(self) -> None:
        def added() -> int:
            return int(self.b24.state()["counters"].get("executed.tasks.task.add", 0))
        first = self.call("tasks.task.add", key="k 1", fields=TASK)
        self.assertEqual((first.headers["Idempotency-Key"], first.headers["Idempotent-Replayed"]),
                         ("k 1", None))
        self.b24.expire()
        self.access = self.pair()["access_token"]
        again = self.call("tasks.task.add", key="k 1", fields=TASK)
        self.assertEqual((again.body, again.headers["Idempotent-Replayed"], added()),
                         (first.body, "true", 1))
        self.assertEqual([entry["replayed"] for entry in self.b24.calls()], [False, True])
        self.assertError(self.call("tasks.task.add", key="k 1", fields={**TASK, "title": "b"}),
                         "IDEMPOTENCYKEYREUSED", 422)
        for key in ("", "k" * 256):
            self.assertError(self.call("tasks.task.add", key=key, fields=TASK),
                             "INVALIDIDEMPOTENCYKEY", 400)
        self.b24.set(clock_offset_s=24 * 3600 + 1, access_life_s=200_000)
        self.access = self.pair()["access_token"]
        self.call("tasks.task.add", key="k 1", fields=TASK)
        self.assertEqual(added(), 2)

    def test_errors_are_not_kept_and_reading_needs_no_key(self) -> None:
        self.assertError(self.call("tasks.task.delete", key="k", id=999), "ENTITYNOTFOUND", 400)
        self.assertEqual(self.call("tasks.task.delete", key="k", id=1).status, 200)
        reply = self.call("tasks.task.list", key="k")
        self.assertEqual(reply.headers["Idempotency-Key"], None)

    def test_limits(self) -> None:
        self.b24.bill("tasks.task.list", 480)
        self.assertError(self.call("tasks.task.list"), "RATELIMIT", 429)
        self.b24.set(limit_bucket=0)
        for _ in range(2):
            last = self.call("profile")
        self.assertRefused(last, "QUERY_LIMIT_EXCEEDED", 503)


if __name__ == "__main__":
    unittest.main()
