# SPDX-License-Identifier: Apache-2.0
"""The simulated Bitrix24, judged by the official SDK: what that asks for must be answered as it
expects. Node and the package are not part of this repository:

    npm install --prefix DIR @bitrix24/b24jssdk
    B24JSSDK=DIR python3 -m unittest discover -s tests/bitrix24 -p test_judge.py
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path
from typing import Any

from client import Served

SDK = os.environ.get("B24JSSDK", "")
HERE = Path(__file__).resolve().parent

# The limits of the SDK, so that no test waits; maxRetries: attempts.
FAST = {"rateLimit": {"burstLimit": 1000, "drainRate": 1000, "adaptiveEnabled": False},
        "operatingLimit": {"windowMs": 600_000, "limitMs": 480_000, "heavyPercent": 80},
        "adaptiveConfig": {"enabled": False, "thresholdPercent": 80, "coefficient": 0.01,
                           "maxDelay": 7000},
        "maxRetries": 1, "retryDelay": 10, "retryOnNetworkError": False}


@unittest.skipUnless(SDK and shutil.which("node"), "B24JSSDK names no folder with the package")
class Judge(Served):
    process: subprocess.Popen[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.process = subprocess.Popen(
            ["node", str(HERE / "judge.mjs"), SDK], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env={**os.environ, "NODE_EXTRA_CA_CERTS": cls.b24.ca})
        cls.addClassCleanup(cls._end)

    @classmethod
    def _end(cls) -> None:
        assert cls.process.stdin and cls.process.stdout
        cls.process.stdin.close()
        cls.process.wait()
        cls.process.stdout.close()

    def setUp(self) -> None:
        super().setUp()
        self.b24.set(limit_rate=0, deals=120)
        self.opened = self.open()

    def open(self, **restriction: Any) -> dict[str, Any]:
        pair = self.pair()
        auth = {"accessToken": pair["access_token"], "refreshToken": pair["refresh_token"],
                "expires": pair["expires"], "expiresIn": pair["expires_in"],
                "clientEndpoint": pair["client_endpoint"], "memberId": pair["member_id"],
                "serverEndpoint": pair["server_endpoint"], "domain": pair["domain"],
                "scope": pair["scope"], "status": pair["status"], "userId": pair["user_id"],
                "applicationToken": "", "issuer": "store"}
        self.ask("open", auth=auth, restrictionParams={**FAST, **restriction},
                 secret={"clientId": self.b24.client_id, "clientSecret": self.b24.client_secret})
        return pair

    def ask(self, operation: str, **given: Any) -> Any:
        answer = self.reply(operation, **given)
        self.assertIn("result", answer, answer)
        return answer["result"]

    def reply(self, operation: str, **given: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"operation": operation, **given}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def make(self, action: str, version: str = "v2", **options: Any) -> Any:
        return self.ask("make", version=version, action=action, options=options)

    def data(self, action: str, version: str = "v2", **options: Any) -> Any:
        made = self.make(action, version, **options)
        self.assertTrue(made["success"], made)
        return made["data"]

    def call(self, method: str, version: str = "v2", **params: Any) -> Any:
        return self.data("call", version, method=method, params=params)["result"]

    def thrown(self, method: str, version: str = "v2", **params: Any) -> Any:
        return self.reply("make", version=version, action="call", options={
            "method": method, "params": params})["thrown"]

    # Tokens

    def refreshes(self) -> list[str]:
        return [entry["outcome"] for entry in self.b24.log() if entry.get("kind") == "refresh"]

    def test_ten_calls_with_an_expired_token(self) -> None:
        """The SDK refreshes once, or once more for a 401 that comes late; neither is refused."""
        self.b24.expire()
        calls = [{"version": "v2", "action": "call",
                  "options": {"method": "crm.lead.add", "params": {"fields": {"TITLE": f"{at}"}}}}
                 for at in range(10)]
        made = self.ask("together", calls=calls)
        self.assertEqual({one["success"] for one in made}, {True})
        self.assertEqual(set(self.refreshes()), {"ok"})
        self.assertLess(len(self.refreshes()), 5)
        self.assertEqual(self.b24.state()["counters"]["executed.crm.lead.add"], 10)

    def test_a_replaced_token_is_still_good_for_calls_under_way(self) -> None:
        self.b24.fault("portal", "error", code="expired_token", path="/rest//profile", count=1)
        self.call("profile")
        self.assertEqual(self.refreshes(), ["ok"])
        access = self.opened["access_token"]
        self.assertEqual(self.rest("profile", access).status, 200)

    def test_a_refused_refresh_is_reported(self) -> None:
        self.b24.expire()
        self.b24.revoke()
        self.assertEqual(self.thrown("profile")["message"], "Request failed with status code 400")
        self.assertEqual(self.refreshes(), ["invalid_grant"])

    # Calls and lists

    def test_values_arrive_as_they_were_meant(self) -> None:
        fields = {"TITLE": "+ \U0001f600 \u0416 '\"<&>/", "OPENED": False, "COMMENTS": None,
                  "PHONE": [], "BEGINDATE": "2026-11-29T12:00:00+03:00", "X": [1, 2.5, "", True]}
        lead = self.call("crm.lead.add", fields=fields)
        entry = next(one for one in self.b24.calls() if one["method"] == "crm.lead.add")
        self.assertEqual(entry["params"]["fields"], fields)
        self.assertEqual(self.call("crm.lead.get", id=lead)["TITLE"], fields["TITLE"])
        self.assertEqual(self.call("im.notify", USER_ID=1, MESSAGE="done"), 1)

    def test_lists_reach_every_deal_once(self) -> None:
        wanted = [str(2 * at + 1) for at in range(120)]
        for action in ("callList", "fetchList"):
            found = self.data(action, method="crm.deal.list", params={"select": ["ID", "TITLE"]})
            self.assertEqual([deal["ID"] for deal in found], wanted, action)
            found = self.data(action, method="crm.deal.list", idKey="ID", params={
                "filter": {"<ID": 150, "%TITLE": "deal"}, "select": ["ID"]})
            self.assertEqual(len(found), 75)
            items = self.data(action, method="crm.item.list", idKey="id",
                              customKeyForResult="items",
                              params={"entityTypeId": 2, "select": ["id"]})
            self.assertEqual(len(items), 120)
        self.assertEqual(self.make("fetchList", method="crm.deal.list", params={})["pages"], 3)

        tasks = self.data("callList", method="tasks.task.list", idKey="id", cursorIdKey="ID",
                          customKeyForResult="tasks", params={"select": ["ID", "TITLE"]})
        self.assertEqual([task["id"] for task in tasks], wanted)

    # batch

    def test_batches(self) -> None:
        named = self.data("batch", calls={
            "lead": {"method": "crm.lead.add", "params": {"fields": {"TITLE": "a & b=c + \u0416"}}},
            "same": ["crm.lead.get", {"id": "$result[lead]"}],
            "deals": ["crm.deal.list", {"filter": {">ID": 5}, "select": ["ID"], "start": -1}]})
        self.assertEqual((named["same"]["TITLE"], named["deals"][0]), ("a & b=c + \u0416",
                                                                      {"ID": "7"}))
        listed = self.data("batch", calls=[["profile", {}], ["scope", {}]])
        self.assertEqual((listed[0]["ID"], listed[1][0]), ("1", "crm"))
        calls = [["crm.deal.get", {"id": 2 * at + 1}] for at in range(120)]
        self.assertEqual([deal["ID"] for deal in self.data("batchByChunk", calls=calls)],
                         [str(2 * at + 1) for at in range(120)])

    def test_errors_of_a_batch_stand_by_their_command(self) -> None:
        calls = {"a": ["no.such", {}], "b": ["profile", {}]}
        made = self.make("batch", calls=calls, options={"isHaltOnError": False})
        self.assertEqual((made["success"], [error["code"] for error in made["errors"]]),
                         (False, ["ERROR_METHOD_NOT_FOUND"]))
        self.assertEqual(made["data"]["b"]["ID"], "1")

    # Limits and errors

    def test_a_client_within_the_limit_is_never_refused(self) -> None:
        self.open(rateLimit={"burstLimit": 10, "drainRate": 20, "adaptiveEnabled": True})
        self.b24.set(limit_rate=20, limit_bucket=15)    # handshakes make the first ones late
        self.ask("together", calls=[{"version": "v2", "action": "call", "options": {
            "method": "scope", "params": {}}} for _ in range(30)])
        self.assertEqual({entry["outcome"] for entry in self.b24.calls()}, {"ok"})

    def test_a_client_beyond_the_limit_waits_and_repeats(self) -> None:
        self.open(maxRetries=3)
        self.b24.fault("portal", "error", code="QUERY_LIMIT_EXCEEDED", path="/rest//crm")
        self.call("crm.lead.add", fields={"TITLE": "x"})
        self.assertEqual(self.b24.state()["counters"]["executed.crm.lead.add"], 1)

    def test_operating_time_is_read_and_its_limit_reported(self) -> None:
        self.b24.bill("crm.lead.list", 300)
        self.call("crm.lead.list")
        stats = self.ask("state", version="v2")["stats"]
        self.assertIn("300", json.dumps(stats), "seconds of the portal in the SDK's figures")
        self.b24.bill("crm.lead.list", 180)
        thrown = self.thrown("crm.lead.list")
        self.assertEqual((thrown["code"], thrown["status"]), ("OPERATION_TIME_LIMIT", 429))

    def test_errors_of_both_versions(self) -> None:
        thrown = self.thrown("no.such")
        self.assertEqual((thrown["code"], thrown["status"], thrown["message"]),
                         ("ERROR_METHOD_NOT_FOUND", 404, "Method not found!"))
        thrown = self.thrown("crm.deal.list", filter={"~ID": 1})
        self.assertEqual((thrown["code"], thrown["status"]), ("ERROR_ARGUMENT", 400))
        soft = self.make("call", "v3", method="tasks.task.get", params={})["errors"][0]
        self.assertEqual((soft["code"], soft["status"], soft["validation"][0]["field"]),
                         ("BITRIX_REST_V3_EXCEPTION_VALIDATION_REQUESTVALIDATIONEXCEPTION", 400,
                          "id"))
        soft = self.make("call", "v3", method="no.such", params={})["errors"][0]
        self.assertEqual((soft["code"], soft["status"]),
                         ("BITRIX_REST_V3_EXCEPTION_METHODNOTFOUNDEXCEPTION", 404))

    # REST 3.0

    def test_its_own_tools(self) -> None:
        self.assertGreaterEqual(self.ask("tool", name="ping"), 0)
        self.assertTrue(self.ask("tool", name="healthCheck"))
        self.assertTrue(self.ask("admin"))

    def test_rest_3(self) -> None:
        task = self.call("tasks.task.add", "v3", fields={
            "title": "t", "creatorId": 1, "responsibleId": 1})["item"]
        self.assertEqual(self.call("tasks.task.get", "v3", id=task["id"])["item"]["title"], "t")
        ids = [2 * at + 1 for at in range(120)] + [task["id"]]
        for action in ("callList", "fetchList"):
            found = self.data(action, "v3", method="tasks.task.list", customKeyForResult="items",
                              params={"select": ["id", "title"]})
            self.assertEqual([one["id"] for one in found], ids, action)
        for action in ("callTail", "fetchTail"):
            found = self.data(action, "v3", method="main.eventlog.tail", limit=100,
                              params={"select": ["id"], "filter": [["userId", "=", 2]]})
            self.assertEqual(len(found), 46, action)
        named = self.data("batch", "v3", calls={
            "a": ["tasks.task.get", {"id": 1, "select": ["id"]}],
            "b": {"method": "tasks.task.list", "params": {"pagination": {"limit": 2}}}})
        self.assertEqual((named["a"], len(named["b"]["items"])), ({"item": {"id": 1}}, 2))
        chunks = self.data("batchByChunk", "v3", calls=[
            ["tasks.task.get", {"id": 2 * at + 1, "select": ["id"]}] for at in range(70)])
        self.assertEqual(len(chunks), 70)


if __name__ == "__main__":
    unittest.main()
