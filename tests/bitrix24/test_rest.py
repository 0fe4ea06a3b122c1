# SPDX-License-Identifier: Apache-2.0
"""REST of the portal: methods, values, lists, batches and limits."""

from __future__ import annotations

import json
import unittest
from typing import Any
from urllib.parse import quote

import php
from client import Served, ask, connect, exchange


class Php(unittest.TestCase):
    """What PHP makes of forms, and its JSON."""

    def test_forms_nest_by_their_brackets(self) -> None:
        for text, wanted in (
                ("fields[TITLE]=x&fields[PHONE][0][VALUE]=1&fields[PHONE][0][VALUE_TYPE]=WORK",
                 {"fields": {"TITLE": "x", "PHONE": [{"VALUE": "1", "VALUE_TYPE": "WORK"}]}}),
                ("a[]=1&a[]=2&b=1&b=2", {"a": ["1", "2"], "b": "2"}),
                ("a%5B%3EID%5D=10&d=2026-11-29T12%3A00%3A00%2B03%3A00&p=a+b",
                 {"a": {">ID": "10"}, "d": "2026-11-29T12:00:00+03:00", "p": "a b"}),
                ("a[0]=x&a[2]=y", {"a": {"0": "x", "2": "y"}}), ("a[1]=x&a[]=y",
                                                                {"a": {"1": "x", "2": "y"}}),
                ("a.b c[x.y]=1", {"a_b_c": {"x.y": "1"}}), ("a[b=1", {"a_b": "1"}),
                ("a[b]c[d]=1", {"a": {"b": "1"}}), ("a=1&a[b]=2", {"a": {"b": "2"}}),
                ("a=&b&[c]=1&=2", {"a": "", "b": ""}), ("t=%F0%9F%98%80", {"t": "\U0001f600"})):
            self.assertEqual(php.parse(text), wanted, text)

    def test_json_is_ascii_without_the_characters_of_html(self) -> None:
        self.assertEqual(
            php.encode({"a": "<&'\">/\\\n\u0416\U0001f600", "b": {}, "c": {"0": 1, "1": 2},
                        "d": {"1": 1}, "e": 2.0, "f": 0.1, "g": [None, True]}),
            b'{"a":"\\u003C\\u0026\\u0027\\u0022\\u003E\\/\\\\\\n\\u0416\\ud83d\\ude00","b":[],'
            b'"c":[1,2],"d":{"1":1},"e":2,"f":0.1,"g":[null,true]}')
        self.assertEqual(php.encode({"a": '\\"', "b": "\\"}), b'{"a":"\\\\\\u0022","b":"\\\\"}')
        self.assertEqual(php.encode(["/"], plain_slashes=True), b'["/"]')


class Portal(Served):
    def setUp(self) -> None:
        super().setUp()
        self.access = self.pair()["access_token"]

    def call(self, method: str, **params: Any) -> Any:
        return self.rest(method, body={**params, "auth": self.access})

    def result(self, method: str, **params: Any) -> Any:
        reply = self.call(method, **params)
        self.assertEqual(reply.status, 200, reply.body)
        return reply.json()["result"]

    def executed(self, method: str) -> int:
        return int(self.b24.state()["counters"].get(f"executed.{method}", 0))


class Methods(Portal):
    def test_methods_return_a_result(self) -> None:
        access = self.access
        for method in ("app.info", "app.info.json", "APP.Info", "profile", "server.time", "scope",
                       "methods", "user.current", "User.Current.json"):
            reply = self.rest(method, access)
            self.assertEqual(reply.status, 200, method)
            self.assertIn("date_start", reply.json()["time"])
        self.assertEqual(self.rest("scope", access).json()["result"],
                         ["crm", "im", "task", "user"])

    def test_every_way_of_passing_a_token(self) -> None:
        access = self.access
        bearer = {"Authorization": f"Bearer {access}"}
        for more in ({"form": {"auth": access}}, {"form": {"access_token": access}},
                     {"body": {"auth": access}}, {"headers": bearer},
                     {"headers": bearer, "body": {}}):
            self.assertEqual(self.rest("profile", **more).status, 200, more)
        self.assertEqual(self.rest(f"profile?auth={access}").status, 200)

    def test_refusals(self) -> None:
        access = self.access
        self.assertRefused(self.rest("profile"), "NO_AUTH_FOUND", 401)
        self.assertRefused(self.rest("profile", "f" * 70), "invalid_token", 401)
        self.assertRefused(self.rest("no.such", access), "ERROR_METHOD_NOT_FOUND", 404)
        narrow = exchange(self.b24, self.b24.code(scope="crm")["code"]).json()["access_token"]
        self.assertRefused(self.rest("user.current", narrow), "insufficient_scope", 401)
        self.b24.set(paid_plan=False)
        self.assertRefused(self.rest("app.info", access), "ACCESS_DENIED", 401)

    def test_leads_are_added_and_listed_in_pages(self) -> None:
        access = self.access
        self.b24.set(limit_rate=0)
        with connect(self.b24, self.b24.portal) as sock:
            for number in range(51):
                self.rest("crm.lead.add", body={"fields": {"TITLE": number}, "auth": access},
                          sock=sock)
        first = self.rest("crm.lead.list", access).json()
        self.assertEqual((len(first["result"]), first["next"], first["total"]), (50, 50, 51))
        rest = self.rest("crm.lead.list", form={"auth": access, "start": 50}).json()
        self.assertEqual(([lead["ID"] for lead in rest["result"]], "next" in rest), (["51"], False))
        self.rest("crm.lead.add", form={"auth": access, "fields[TITLE]": "form"})
        last = self.rest("crm.lead.list", form={"auth": access, "start": 50}).json()["result"][-1]
        self.assertEqual(last["TITLE"], "form")

    def test_slashes_are_merged(self) -> None:
        self.assertEqual(ask(self.b24, self.b24.portal, "/rest//user.current",
                             {"auth": self.access}).status, 200)

    def test_small_methods(self) -> None:
        self.assertEqual(self.result("im.notify", USER_ID=1, MESSAGE="hello"), 1)
        self.assertEqual(self.result("im.notify", to="1", message="again"), 2)
        self.assertRefused(self.call("im.notify", MESSAGE="x"), "USER_ID_EMPTY", 400)
        self.assertRefused(self.call("im.notify", USER_ID=1, MESSAGE=" "), "MESSAGE_EMPTY", 400)
        self.assertEqual(self.result("method.get", name="crm.lead.add"),
                         {"isExisting": True, "isAvailable": True})
        self.assertEqual(self.result("method.get", name="no.such"),
                         {"isExisting": False, "isAvailable": False})
        self.assertIn("crm", self.result("scope", full=True))
        self.assertIn("crm.deal.list", self.result("methods"))
        self.assertEqual(self.executed("im.notify"), 2)

    def test_options_and_currencies(self) -> None:
        for whose in ("app", "user"):
            self.assertEqual(self.result(f"{whose}.option.get"), [])
            self.assertTrue(self.result(f"{whose}.option.set", options={"a": whose}))
            self.assertEqual(self.result(f"{whose}.option.get", option="a"), whose)
        self.assertRefused(self.call("app.option.set"), "ERROR_ARGUMENT", 400)
        self.assertEqual(self.result("crm.currency.list")[0]["CURRENCY"],
                         self.result("crm.currency.base.get"))

    def test_parameters_that_stand_in_order(self) -> None:
        comment = {"POST_MESSAGE": "x"}
        body = {"0": 1, "1": comment, "auth": self.access}
        self.assertEqual(self.rest("task.commentitem.add", body=body).json()["result"], 1)
        self.assertRefused(self.rest("task.commentitem.add?id=7", body=body),
                           "WRONG_ARGUMENTS", 400)
        self.assertRefused(self.call("task.commentitem.add", TASKID=1, FIELDS=comment, more=1),
                           "WRONG_ARGUMENTS", 400)

    def test_headers_of_the_application(self) -> None:
        reply = self.call("profile")
        self.assertEqual(reply.headers["X-Bitrix-Rest-Application"], self.b24.client_id)
        self.assertEqual(reply.headers["Retry-After"], None)


class Journal(Portal):
    """The values that arrived."""

    def test_json_arrives_as_it_was_meant(self) -> None:
        fields = {"TITLE": "+ \U0001f600 \u0416 \"\\/<&>'", "OPENED": False, "COMMENTS": None,
                  "PHONE": [], "OPPORTUNITY": 1.5, "BEGINDATE": "2026-11-29T12:00:00+03:00",
                  "UF": {"a": [True, 10 ** 12, ""]}}
        lead = self.result("crm.lead.add", fields=fields)
        entry = self.b24.calls()[-1]
        self.assertEqual((entry["method"], entry["api"], entry["encoding"], entry["executed"],
                          entry["outcome"], entry["user_id"], entry["generation"]),
                         ("crm.lead.add", "v2", "json", True, "ok", 1, 1))
        self.assertEqual(json.dumps(entry["params"]), json.dumps({"fields": fields}))
        row = self.result("crm.lead.get", id=lead)
        self.assertEqual((row["TITLE"], row["OPENED"], row["COMMENTS"], row["OPPORTUNITY"]),
                         (fields["TITLE"], "N", None, "1.5"))

    def test_forms_lose_types_and_empty_lists(self) -> None:
        self.rest("crm.lead.add?fields[TITLE]=query", form={
            "fields[OPENED]": 0, "fields[PHONE][0][VALUE]": "+1", "auth": self.access})
        entry = self.b24.calls()[-1]
        self.assertEqual((entry["encoding"], entry["params"]),
                         ("form", {"fields": {"OPENED": "0", "PHONE": [{"VALUE": "+1"}]}}))

    def test_refused_calls_are_recorded_and_not_executed(self) -> None:
        before = self.b24.calls()[-1]["n"] if self.b24.calls() else 0
        self.b24.expire()
        self.assertRefused(self.call("crm.lead.add", fields={}), "expired_token", 401)
        self.assertEqual([(entry["executed"], entry["outcome"], entry["params"])
                          for entry in self.b24.calls(since=before)],
                         [(False, "expired_token", {"fields": {}})])
        self.assertEqual(self.executed("crm.lead.add"), 0)


class Lists(Portal):
    def ids(self, method: str = "crm.deal.list", **params: Any) -> list[int]:
        return [int(row["ID"]) for row in self.result(method, **params)]

    def test_keyset_reaches_every_deal_once(self) -> None:
        self.b24.set(limit_rate=0, deals=1000)
        seen: list[int] = []
        with connect(self.b24, self.b24.portal) as sock:
            while True:
                page = self.rest("crm.deal.list", sock=sock, body={
                    "order": {"ID": "ASC"}, "filter": {">ID": seen[-1] if seen else 0},
                    "select": ["ID"], "start": -1, "auth": self.access}).json()
                self.assertEqual((page["total"], "next" in page), (0, False))
                seen += [int(row["ID"]) for row in page["result"]]
                if len(page["result"]) < 50:
                    break
        self.assertEqual(seen, [*range(1, 2000, 2)])

    def test_ten_thousand_deals_and_their_pages(self) -> None:
        first = self.call("crm.deal.list")
        page = first.json()
        self.assertEqual(list(page), ["result", "total", "next", "time"])
        self.assertEqual((page["total"], page["next"], len(page["result"])), (10_000, 50, 50))
        self.assertTrue(40_000 < len(first.body) < 70_000, len(first.body))
        self.assertTrue(all(value is None or isinstance(value, str)
                            for value in page["result"][0].values()))
        last = self.call("crm.deal.list", start="9950", select=["ID"]).json()
        self.assertEqual((last["result"][-1], "next" in last), ({"ID": "19999"}, False))

    def test_every_operator_of_filters(self) -> None:
        for filter_, wanted in (
                ({"ID": 3}, [3]), ({"=ID": "3"}, [3]), ({"ID": [3, 5, 4]}, [3, 5]),
                ({"@ID": ["7", 3]}, [3, 7]), ({"<ID": 4}, [1, 3]), ({"<=ID": 5}, [1, 3, 5]),
                ({">ID": 19997}, [19999]), ({">=ID": 19997}, [19997, 19999]),
                ({"%TITLE": "deal #1999"}, [1999, *range(19991, 20000, 2)]),
                ({"TITLE": "DEAL #3 <\u041c\u0418\u041d\u0421\u041a & co>"}, [3]),
                ({"STAGE_ID": "WON", "<ID": 30}, [9, 21]), ({"CLOSED": "Y", "<ID": 12}, [9, 11]),
                ({"<DATE_CREATE": "2026-01-12T09:30:00+03:00"}, [1, 3]),
                ({"<DATE_CREATE": "2026-01-12T06:30:00Z"}, [1, 3]), ({"CLOSED": False}, []),
                ({"<OPPORTUNITY": "5.0"}, [1, 3]), ({"NO_SUCH": 1, "<ID": 2}, [1])):
            self.assertEqual(self.ids(filter=filter_, select=["ID"])[:len(wanted) or 1], wanted,
                             filter_)
        for filter_, wanted in (({"!ID": 1}, [3, 5]), ({"!=ID": 1}, [3, 5]),
                                ({"!@ID": [1, 3]}, [5, 7]), ({"!%TITLE": "#1"}, [3, 5]),
                                ({"=%TITLE": "deal #3 %"}, [3]), ({"%=TITLE": "%al #3 %co>"}, [3]),
                                ({"!=%TITLE": "deal #1 %"}, [3, 5])):
            self.assertEqual(self.ids(filter={**filter_, "<ID": 8}, select=["ID"])[:len(wanted)],
                             wanted, filter_)
        for key in ("~ID", "ID>", "!>ID", "?ID"):
            self.assertRefused(self.call("crm.deal.list", filter={key: 1}), "ERROR_ARGUMENT", 400)
        for name in ("filter", "order"):
            self.assertEqual(self.call("crm.deal.list", **{name: "x"}).json()["error_description"],
                             f"Parameter '{name}' must be array.")

    def test_order_and_select(self) -> None:
        self.assertEqual(self.ids(order={"ID": "DESC"})[:2], [19999, 19997])
        self.assertEqual(self.ids(order={"STAGE_ID": "asc", "ID": "desc"},
                                  filter={"<ID": 16})[:4], [7, 11, 13, 1])
        self.assertEqual(self.result("crm.deal.list", select=["TITLE", "NO"], filter={"ID": 1}),
                         [{"TITLE": "Deal #1 <Riga & Co>"}])
        raw = self.call("crm.deal.list", select=["TITLE"], filter={"ID": 3}).body
        self.assertIn(b'"Deal #3 \\u003C\\u041c\\u0438', raw)

    def test_deals_are_added_changed_and_deleted(self) -> None:
        deal = self.result("crm.deal.add", fields={"TITLE": "new", "OPPORTUNITY": 5})
        self.assertEqual(self.ids(filter={">ID": 19999}), [deal])
        self.assertTrue(self.result("crm.deal.update", id=deal, fields={"TITLE": ""}))
        self.assertEqual(self.result("crm.deal.get", ID=str(deal))["TITLE"], None)
        self.assertTrue(self.result("crm.deal.delete", id=deal))
        self.assertRefused(self.call("crm.deal.get", id=deal), "", 400)
        self.assertRefused(self.call("crm.deal.add"), "", 400)
        self.assertTrue(self.result("crm.deal.fields")["ID"]["isReadOnly"])

    def test_tasks_are_filtered_by_ID_and_return_id(self) -> None:
        page = self.call("tasks.task.list", order={"ID": "ASC"}, filter={">ID": 3},
                         select=["ID", "RESPONSIBLE_ID"], start=-1).json()
        self.assertEqual(page["result"]["tasks"][0], {"id": "5", "responsibleId": "1"})
        self.assertEqual((len(page["result"]["tasks"]), page["total"]), (50, 0))
        page = self.call("tasks.task.list", start=100).json()
        self.assertEqual((len(page["result"]["tasks"]), "next" in page, page["total"]),
                         (20, False, 120))
        task = self.result("tasks.task.add", fields={"TITLE": "t"})["task"]
        self.assertEqual(self.result("tasks.task.get", taskId=task["id"])["task"]["title"], "t")
        self.assertRefused(self.call("tasks.task.get", taskId=2), "ERROR_ARGUMENT", 400)
        self.assertRefused(self.call("tasks.task.add"), "ERROR_ARGUMENT", 400)

    def test_parameters_of_the_old_crm_have_any_case(self) -> None:
        self.assertEqual(self.ids(FILTER={"ID": 3}, SELECT=["ID"]), [3])
        self.assertEqual(self.result("crm.lead.add", FIELDS={"TITLE": "x"}), 1)

    def test_items_have_camel_case_names_and_numbers(self) -> None:
        page = self.call("crm.item.list", entityTypeId=2, order={"id": "DESC"}).json()
        self.assertEqual(list(page), ["result", "next", "total", "time"])
        item = page["result"]["items"][0]
        self.assertEqual((item["id"], item["entityTypeId"], item["stageId"], item["createdBy"]),
                         (19999, 2, "EXECUTING", 1))
        self.assertIsInstance(item["opportunity"], (int, float))
        self.assertEqual(self.result("crm.item.list", entityTypeId="2", select=["id"],
                                     filter={"@id": [3]}), {"items": [{"id": 3}]})
        self.assertEqual(self.result("crm.item.list", entityTypeId=2, filter={">ID": 5, "<id": 9},
                                     order={"ID": "DESC"}, select=["id"])["items"], [{"id": 7}])
        self.assertRefused(self.call("crm.item.list", entityTypeId=2, filter={"iD": 1}),
                           "INVALID_ARG_VALUE", 400)
        self.assertRefused(self.call("crm.item.list"), "NOT_FOUND", 400)
        added = self.result("crm.item.add", entityTypeId=1, fields={"title": "lead"})["item"]
        self.assertEqual(self.result("crm.lead.get", id=added["id"])["TITLE"], "lead")


class Batches(Portal):
    def batch(self, cmd: Any, halt: Any = 0) -> Any:
        return self.result("batch", cmd=cmd, halt=halt)

    def test_results_are_named_and_references_followed(self) -> None:
        found = self.batch({
            "deal": "crm.deal.add?" + "fields[TITLE]=" + quote("a + b & \U0001f600"),
            "again": "crm.deal.get?id=$result[deal]",
            "pages": "crm.deal.list?select[]=ID&start=-1",
            "deep": "crm.deal.list?filter[%3EID]=$result[pages][49][ID]&select[]=ID&order[ID]=ASC",
            "item": "crm.item.list?entityTypeId=2&filter[id]=3",
            "items": "crm.lead.add?fields[TITLE]=x$result[item][items][0][id]y$result[no]",
            "lead": "crm.lead.get?id=$result[items]"})
        self.assertEqual((found["result_error"], found["result"]["deal"]), ([], 20000))
        self.assertEqual(found["result"]["again"]["TITLE"], "a + b & \U0001f600")
        self.assertEqual(found["result"]["deep"][0]["ID"], "101")
        self.assertEqual(found["result"]["lead"]["TITLE"], "x3y")
        self.assertEqual((found["result_total"]["deep"], found["result_next"]["deep"]), (9951, 50))
        self.assertIn("operating", found["result_time"]["lead"])
        entries = [entry for entry in self.b24.calls() if entry["batch"]]
        self.assertEqual(entries[1]["params"], {"id": 20000})
        self.assertEqual(self.executed("crm.lead.add"), 1)

    def test_empty_maps_are_lists_and_errors_stand_by_their_name(self) -> None:
        self.assertEqual(self.batch({}), {"result": [], "result_error": [], "result_total": [],
                                          "result_next": [], "result_time": []})
        found = self.batch({"a": "no.such", "b": "batch?cmd[x]=profile", "c": "profile"})
        self.assertEqual({name: error["error"] for name, error in found["result_error"].items()},
                         {"a": "ERROR_METHOD_NOT_FOUND", "b": "ERROR_BATCH_METHOD_NOT_ALLOWED"})
        self.assertEqual(list(found["result"]), ["c"])
        self.assertEqual(self.batch(["profile", "scope"])["result"][1][0], "crm")

    def test_halt_ends_at_the_first_error(self) -> None:
        cmd = {"a": "crm.lead.add?fields[TITLE]=1", "b": "no.such", "c": "crm.lead.add?fields[T]=2"}
        for halt, leads in ((0, 2), (1, 1), ("1", 1), (True, 1), ("0", 2)):
            self.b24.reset()
            self.access = self.pair()["access_token"]
            self.batch(cmd, halt)
            self.assertEqual(self.executed("crm.lead.add"), leads, halt)

    def test_at_most_fifty_commands(self) -> None:
        found = self.batch({f"c{at}": "profile" for at in range(52)})
        self.assertEqual((len(found["result"]), list(found["result_error"])), (50, ["c50", "c51"]))
        self.assertEqual(found["result_error"]["c50"]["error"], "ERROR_BATCH_LENGTH_EXCEEDED")

    def test_a_form_is_decoded_once_more(self) -> None:
        self.rest("batch", form={"cmd[a]": "crm.lead.add?fields[TITLE]=John%26Martin",
                                 "auth": self.access})
        self.assertEqual(self.b24.calls()[-1]["params"], {"fields": {"TITLE": "John&Martin"}})

    def test_errors_of_tokens_are_those_of_the_batch_and_rights_those_of_a_command(self) -> None:
        narrow = exchange(self.b24, self.b24.code(scope="crm")["code"]).json()["access_token"]
        found = self.rest("batch", body={"cmd": {"a": "user.current"}, "auth": narrow}).json()
        self.assertEqual(found["result"]["result_error"]["a"]["error"], "insufficient_scope")
        self.b24.expire()
        self.assertRefused(self.call("batch", cmd={"a": "profile"}), "expired_token", 401)


class Limits(Portal):
    def test_the_bucket_overflows_and_leaks(self) -> None:
        with connect(self.b24, self.b24.portal) as sock:
            def status() -> int:
                return int(self.rest("scope", body={"auth": self.access}, sock=sock).status)
            self.assertEqual([status() for _ in range(50)], [200] * 50)
            refused = self.rest("crm.lead.add", body={"auth": self.access}, sock=sock)
            for _ in range(500):  # two leak in a second, and the machine may be busy
                if refused.status == 503:
                    break
                refused = self.rest("crm.lead.add", body={"auth": self.access}, sock=sock)
            self.assertRefused(refused, "QUERY_LIMIT_EXCEEDED", 503)
            self.assertEqual(refused.json()["error_description"], "Too many requests")
            self.assertEqual(refused.headers["Retry-After"], None)
            self.b24.set(clock_offset_s=5)
            self.assertEqual([status() for _ in range(10)], [200] * 10)
            self.b24.set(limit_rate=0)
            self.assertEqual([status() for _ in range(60)], [200] * 60)

    def test_operating_time_is_limited_by_method(self) -> None:
        self.b24.set(operating_s=100)
        times = [self.call("crm.lead.add", fields={"TITLE": "x"}).json()["time"] for _ in range(5)]
        self.assertEqual([int(time["operating"]) for time in times], [100, 200, 300, 400, 500])
        refused = self.call("crm.lead.add", fields={"TITLE": "x"})
        self.assertRefused(refused, "OPERATION_TIME_LIMIT", 429)
        self.assertEqual(refused.json()["error_description"],
                         "Method is blocked due to operation time limit.")
        self.assertEqual(self.call("crm.lead.list").status, 200)
        found = self.result("batch", cmd={"a": "crm.lead.add?fields[TITLE]=x", "b": "profile"})
        self.assertEqual((found["result_error"]["a"]["error"], list(found["result"])),
                         ("OPERATION_TIME_LIMIT", ["b"]))
        self.assertTrue(times[0]["operating_reset_at"] - times[0]["finish"] > 9 * 60 - 1)
        self.b24.set(clock_offset_s=600, operating_s=0)
        self.assertEqual(self.call("crm.lead.add", fields={"TITLE": "x"}).json()["time"]
                         ["operating"], 0)

    def test_operating_time_can_be_billed_and_left_out(self) -> None:
        self.b24.bill("profile", 480)
        self.assertRefused(self.call("profile"), "OPERATION_TIME_LIMIT", 429)
        self.b24.set(operating_reported=False, batch_is_billed=True, operating_s=480)
        self.assertNotIn("operating", self.call("scope").json()["time"])
        self.assertEqual(self.result("batch", cmd=["crm.lead.list"])["result"], [[]])
        self.assertEqual(self.call("crm.lead.list").status, 200)


class OfflineEvents(Portal):
    def setUp(self) -> None:
        super().setUp()
        self.assertTrue(self.result("event.bind", event="onCrmLeadAdd", event_type="offline"))

    def lead(self) -> int:
        return int(self.result("crm.lead.add", fields={"TITLE": "x"}))

    def take(self, **params: Any) -> tuple[Any, list[int]]:
        found = self.result("event.offline.get", **params)
        return found["process_id"], [event["EVENT_DATA"]["FIELDS"]["ID"]
                                     for event in found["events"]]

    def test_reading_deletes_unless_asked_otherwise(self) -> None:
        leads = [self.lead(), self.lead()]
        self.assertEqual(self.take(limit=1), (None, leads[:1]))
        process, seen = self.take(clear=0)
        self.assertEqual((len(process), seen), (32, leads[1:]))
        self.assertEqual(self.take(clear=0)[1], [], "parallel readers get other events")
        self.assertEqual(self.take(clear=0, process_id=process), (process, seen))
        self.assertEqual(len(self.result("event.offline.list")), 1)
        self.assertTrue(self.result("event.offline.clear", process_id=process))
        self.assertEqual(self.result("event.offline.list"), [])
        self.assertRefused(self.call("event.offline.clear"), "ERROR_ARGUMENT", 400)

    def test_single_events_are_cleared_or_marked(self) -> None:
        for _ in range(3):
            self.lead()
        found = self.result("event.offline.get", clear=0)
        first, second, third = found["events"]
        process = {"process_id": found["process_id"]}
        self.result("event.offline.clear", **process, id=[first["ID"]])
        self.result("event.offline.error", **process, message_id=[second["MESSAGE_ID"]])
        self.assertEqual([(event["ID"], event["ERROR"]) for event in
                          self.result("event.offline.list", order={"ID": "DESC"})],
                         [(third["ID"], "0"), (second["ID"], "1")])
        self.assertEqual(self.take(clear=0)[1], [])
        self.assertEqual(len(self.take(clear=0, error=1)[1]), 1)

    def test_the_last_state_of_an_object_is_kept(self) -> None:
        self.result("event.bind", event="ONCRMLEADUPDATE", event_type="offline")
        lead = self.lead()
        for title in ("y", "z"):
            self.result("crm.lead.update", id=lead, fields={"TITLE": title})
        self.assertEqual([(event["EVENT_NAME"], event["EVENT_DATA"]["FIELDS"]["ID"]) for event
                          in self.result("event.offline.get")["events"]],
                         [("ONCRMLEADADD", lead), ("ONCRMLEADUPDATE", lead)])

    def test_the_plan_decides_and_says_so(self) -> None:
        self.assertEqual(self.result("feature.get", CODE="rest_offline_extended"), {"value": "Y"})
        self.b24.set(offline_extended=False)
        self.assertEqual(self.result("feature.get", CODE="rest_offline_extended"), {"value": "N"})
        self.assertRefused(self.call("event.offline.get", clear=0), "ACCESS_DENIED", 403)
        self.assertEqual(self.take(), (None, []))
        self.assertRefused(self.call("feature.get"), "CODE_EMPTY", 400)

    def test_binding(self) -> None:
        self.assertEqual([one["event"] for one in self.result("event.get")], ["ONCRMLEADADD"])
        self.assertRefused(self.call("event.bind", event="onCrmLeadAdd"), "ERROR_ARGUMENT", 400)
        self.assertRefused(self.call("event.bind", event="no", event_type="offline"),
                           "ERROR_EVENT_NOT_FOUND", 400)
        unbound = self.result("event.unbind", event="OnCrmLeadAdd", event_type="offline")
        self.assertEqual(unbound, {"count": 1})
        self.lead()
        self.assertEqual(self.take(), (None, []))


if __name__ == "__main__":
    unittest.main()
