# SPDX-License-Identifier: Apache-2.0
"""The rules: authorization, tokens, the webhook, errors and the control port.

    python3 -m unittest discover -s tests/bitrix24
"""

from __future__ import annotations

import hashlib
import http.client
import json
import struct
import time
import unittest
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import catalogue
import control
from client import Served, ask, exchange, refresh, token
from patience import PATIENT_S

ORDER = ["access_token", "expires", "expires_in", "scope", "domain", "server_endpoint", "status",
         "client_endpoint", "member_id", "user_id", "refresh_token"]


class Authorization(Served):
    def authorize(self, query: str) -> Any:
        return ask(self.b24, self.b24.portal, f"/oauth/authorize/?{query}")

    def test_redirect_carries_the_six_parameters(self) -> None:
        reply = self.authorize(f"client_id={self.b24.client_id}&state=a%26b&response_type=code")
        self.assertEqual(reply.status, 302)
        location = reply.headers["Location"]
        self.assertTrue(location.startswith("http://localhost:7000?code="), location)
        self.assertIn("scope=crm%2Cim%2Ctask%2Cuser", location)
        sent = dict(parse_qsl(urlsplit(location).query))
        self.assertEqual(list(sent), ["code", "state", "domain", "member_id", "scope",
                                      "server_domain"])
        self.assertEqual((sent["state"], sent["domain"], sent["server_domain"]),
                         ("a&b", self.b24.portal, self.b24.oauth))
        self.assertEqual(exchange(self.b24, sent["code"]).json()["member_id"], sent["member_id"])

    def test_unknown_client_gets_an_error_page_and_no_redirect(self) -> None:
        reply = self.authorize("client_id=local.unknown")
        self.assertEqual(reply.headers["Location"], None)
        self.assertIn(b"<html>", reply.body)

    def test_missing_state_is_returned_empty(self) -> None:
        location = self.authorize(f"client_id={self.b24.client_id}").headers["Location"]
        self.assertIn("&state=&", location)


class Tokens(Served):
    def test_post_and_get_are_accepted(self) -> None:
        for get in (False, True):
            first = exchange(self.b24, get=get)
            self.assertEqual(first.status, 200)
            self.assertEqual(refresh(self.b24, first.json()["refresh_token"], get=get).status, 200)

    def test_token_response_has_the_format_of_the_real_server(self) -> None:
        before = int(time.time())
        reply = exchange(self.b24, self.b24.code(user_id=992)["code"])
        after = time.time()
        body = reply.json()
        self.assertEqual(list(body), ORDER)
        self.assertIn(f"https:\\/\\/{self.b24.oauth}\\/rest\\/".encode(), reply.body)
        self.assertEqual(body["client_endpoint"], f"https://{self.b24.portal}/rest/")
        self.assertEqual(body["domain"], self.b24.oauth)
        self.assertEqual((body["expires_in"], body["user_id"]), (3600, 992))
        self.assertTrue(before <= body["expires"] - 3600 <= after)
        for name, life in (("access_token", 3600), ("refresh_token", 180 * 86400)):
            self.assertRegex(body[name], "^[0-9a-f]{70}$")
            raw = bytes.fromhex(body[name])
            self.assertTrue(before <= struct.unpack("<I", raw[:4])[0] - life <= after)
            self.assertEqual(raw[12:16].hex(), "000003e0")

    def test_a_replaced_access_token_stays_valid_for_its_life(self) -> None:
        old = self.pair()
        refresh(self.b24, old["refresh_token"])
        self.assertEqual(self.rest("profile", old["access_token"]).status, 200)
        self.b24.set(clock_offset_s=3601)
        self.assertRefused(self.rest("profile", old["access_token"]), "expired_token", 401)

    def test_refresh_rotates_both_tokens_and_invalidates_the_old_pair(self) -> None:
        self.b24.set(old_access_grace_s=0)
        old = self.pair()
        new = refresh(self.b24, old["refresh_token"]).json()
        self.assertNotEqual(old["access_token"], new["access_token"])
        self.assertRefused(self.rest("profile", old["access_token"]), "invalid_token", 401)
        self.assertRefused(refresh(self.b24, old["refresh_token"]), "invalid_grant", 400)
        self.assertEqual(self.rest("profile", new["access_token"]).status, 200)
        self.assertEqual(refresh(self.b24, new["refresh_token"]).status, 200)

    def test_a_refresh_token_that_is_not_rotated_stays_valid(self) -> None:
        self.b24.set(rotates=False)
        old = self.pair()
        new = refresh(self.b24, old["refresh_token"]).json()
        self.assertEqual(new["refresh_token"], old["refresh_token"])
        self.assertNotEqual(new["access_token"], old["access_token"])
        self.assertEqual(refresh(self.b24, old["refresh_token"]).status, 200)

    def test_tokens_of_other_characters(self) -> None:
        for text, wanted in (("jwt", r"eyJ\.[\w-]+\.[\w-]+"), ("visible", r"[!-~]+")):
            self.b24.set(token_text=text)
            pair = self.pair()
            self.assertRegex(pair["access_token"], f"^{wanted}$")
            self.assertEqual(self.rest("profile", pair["access_token"]).status, 200)
            self.assertEqual(refresh(self.b24, pair["refresh_token"]).status, 200)

    def test_old_pair_is_valid_during_grace_but_chains_do_not_branch(self) -> None:
        self.b24.set(old_refresh_grace_s=60, old_access_grace_s=30)
        old = self.pair()
        lost = refresh(self.b24, old["refresh_token"]).json()
        self.assertEqual(self.rest("profile", old["access_token"]).status, 200)
        new = refresh(self.b24, old["refresh_token"]).json()
        self.b24.set(clock_offset_s=61)
        self.assertRefused(refresh(self.b24, old["refresh_token"]), "invalid_grant", 400)
        self.assertRefused(refresh(self.b24, lost["refresh_token"]), "invalid_grant", 400)
        self.assertRefused(self.rest("profile", old["access_token"]), "invalid_token", 401)
        self.assertEqual(refresh(self.b24, new["refresh_token"]).status, 200)

    def test_reused_refresh_token_revokes_if_configured(self) -> None:
        self.b24.set(refresh_reuse_revokes=True)
        old = self.pair()
        new = refresh(self.b24, old["refresh_token"]).json()
        refresh(self.b24, old["refresh_token"])
        self.assertRefused(refresh(self.b24, new["refresh_token"]), "invalid_grant", 400)

    def test_reused_code_revokes_its_pair_unless_configured_otherwise(self) -> None:
        for revokes in (True, False):
            self.b24.set(code_reuse_revokes=revokes)
            code = self.b24.code()["code"]
            pair = exchange(self.b24, code).json()
            self.assertRefused(exchange(self.b24, code), "invalid_grant", 400)
            self.assertEqual(refresh(self.b24, pair["refresh_token"]).status,
                             400 if revokes else 200)

    def test_code_expires_after_thirty_seconds(self) -> None:
        self.assertEqual(self.b24.state()["settings"]["code_life_s"], 30)
        early, late = self.b24.code()["code"], self.b24.code()["code"]
        self.b24.set(clock_offset_s=15)  # the machine may be busy for the rest
        self.assertEqual(exchange(self.b24, early).status, 200)
        self.b24.set(clock_offset_s=31)
        self.assertRefused(exchange(self.b24, late), "expired_token", 400)
        self.b24.set(code_life_s=0.01, clock_offset_s=0)
        short = self.b24.code()["code"]
        time.sleep(0.02)
        self.assertRefused(exchange(self.b24, short), "expired_token", 400)

    def test_refresh_token_expires_after_half_a_year(self) -> None:
        pair = self.pair()
        self.b24.set(clock_offset_s=180 * 86400 + 1)
        self.assertRefused(refresh(self.b24, pair["refresh_token"]), "expired_token", 400)
        self.b24.set(expired_refresh_error="invalid_grant")
        self.assertRefused(refresh(self.b24, pair["refresh_token"]), "invalid_grant", 400)

    def test_access_token_expires_after_expires_in(self) -> None:
        self.b24.set(access_life_s=100)
        pair = self.pair()
        self.assertEqual(pair["expires_in"], 100)
        self.b24.set(clock_offset_s=101)
        self.assertRefused(self.rest("profile", pair["access_token"]), "expired_token", 401)

    def test_refusals(self) -> None:
        self.assertRefused(exchange(self.b24, "0" * 70), "invalid_grant", 400)
        self.assertRefused(refresh(self.b24, "0" * 70), "invalid_grant", 400)
        self.assertRefused(exchange(self.b24, client_secret="wrong"), "invalid_client", 400)
        self.assertRefused(exchange(self.b24, client_id="local.unknown"), "wrong_client", 200)
        self.assertRefused(token(self.b24, "password"), "invalid_request", 400)
        for missing in ("grant_type", "client_id", "client_secret", "code"):
            form = {"grant_type": "authorization_code", "client_id": self.b24.client_id,
                    "client_secret": self.b24.client_secret, "code": "x"}
            reply = ask(self.b24, self.b24.oauth, "/oauth/token/", {**form, missing: ""})
            self.assertRefused(reply, "invalid_request", 400)
            self.assertEqual(reply.json()["error_description"], f'No "{missing}" parameter found')

    def test_codes_and_tokens_are_bound_to_their_client(self) -> None:
        other, pair = self.b24.add_client(), self.pair()
        self.assertRefused(exchange(self.b24, **other), "invalid_grant", 400)
        self.assertRefused(refresh(self.b24, pair["refresh_token"], **other), "invalid_grant", 400)
        code = self.b24.code(client_id=other["client_id"])["code"]
        self.assertEqual(exchange(self.b24, code, **other).status, 200)

    def test_a_renewed_secret_replaces_the_old_one_and_keeps_the_pairs(self) -> None:
        pair, new = self.pair(), self.b24.renew_secret()
        self.assertRefused(refresh(self.b24, pair["refresh_token"]), "invalid_client", 400)
        self.assertEqual(refresh(self.b24, pair["refresh_token"], **new).status, 200)
        self.b24.reset()
        self.assertEqual(exchange(self.b24).status, 200)

    def test_application_removed_or_unpaid(self) -> None:
        pair = self.pair()
        for change, oauth, rest in (({"installed": False}, "NOT_INSTALLED", "ERROR_OAUTH"),
                                    ({"app_paid": False}, "PAYMENT_REQUIRED", "PAYMENT_REQUIRED")):
            self.b24.set(installed=True, app_paid=True)
            self.b24.set(**change)
            self.assertRefused(refresh(self.b24, pair["refresh_token"]), oauth, 401)
            self.assertRefused(self.rest("profile", pair["access_token"]), rest, 401)

    def test_expire_and_revoke(self) -> None:
        pair = self.pair()
        self.b24.expire()
        self.assertRefused(self.rest("profile", pair["access_token"]), "expired_token", 401)
        self.b24.revoke()
        self.assertRefused(refresh(self.b24, pair["refresh_token"]), "invalid_grant", 400)

    def test_paths_and_methods(self) -> None:
        self.assertEqual(ask(self.b24, self.b24.oauth, "/oauth/token").status, 301)
        self.assertEqual(ask(self.b24, self.b24.oauth, "/").status, 404)
        self.assertEqual(ask(self.b24, self.b24.oauth, "/oauth/token/", method="PUT").status, 405)
        pair = self.pair()
        for path in ("/rest/app.info", "/rest/app.info/", "/rest//app.info"):
            info = ask(self.b24, self.b24.oauth, f"{path}?auth={pair['access_token']}").json()
            self.assertEqual(info["result"]["client_id"], self.b24.client_id)


class Webhooks(Served):
    def test_records_posts_and_responds(self) -> None:
        self.assertEqual(ask(self.b24, self.b24.webhook, "/hook", body={"level": 4}).body, b"{}")
        task = {"ops": [{"type": "create", "obj": "task", "ref": "gw-1", "data": {}}]}
        reply = ask(self.b24, self.b24.webhook, "/api/2/json/public/1/x", body=task).json()
        self.assertEqual((reply["request_proc"], reply["ops"][0]["proc"], reply["ops"][0]["ref"]),
                         ("ok", "ok", "gw-1"))
        self.assertEqual([(post["path"], post["json"]) for post in self.b24.posts()],
                         [("/hook", {"level": 4}), ("/api/2/json/public/1/x", task)])


class Controlled(Served):
    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection(self.b24.control, timeout=PATIENT_S)
        self.addCleanup(connection.close)
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    def test_every_route(self) -> None:
        bodies = {"/code": {"state": "s"}, "/settings": {"code_life_s": 5},
                  "/fault": {"listener": "oauth", "kind": "delay"},
                  "/bill": {"method": "profile", "seconds": 1}}
        for route in control.ROUTES:
            body = bodies.get(route.path) if route.method == "POST" else None
            self.assertEqual(self.call(route.method, route.path, body)[0], 200, route)

    def test_invalid_requests_are_explained(self) -> None:
        for path, body, words in (
                ("/settings", {"colour": 1}, "no setting"),
                ("/settings", {"user_id": "1"}, "must be int"),
                ("/settings", {"tls": "1.1"}, "is one of"),
                ("/settings", {"oauth_cert": "rsa4096"}, "start with"),
                ("/settings", {"code_life_s": -1}, "negative"),
                ("/settings", [1], "not a JSON object"),
                ("/code", {"client_id": "unknown"}, "no such"),
                ("/code", {"color": 1}, "unexpected"),
                ("/fault", {"kind": "delay"}, "listener"),
                ("/fault", {"listener": "oauth", "kind": "magic"}, "no fault"),
                ("/fault", {"listener": "oauth", "kind": "delay", "byte": 1}, "takes seconds"),
                ("/fault", {"listener": "oauth", "kind": "error"}, "needs code"),
                ("/fault", {"listener": "oauth", "kind": "error", "code": "x"}, "catalogue"),
                ("/fault", {"listener": "oauth", "kind": "refuse", "path": "/"}, "none"),
                ("/fault", {"listener": "oauth", "kind": "delay", "count": 0}, "count")):
            status, answer = self.call("POST", path, body)
            self.assertEqual(status, 400, (path, body))
            self.assertIn(words, answer["error"])
        self.assertEqual(self.call("GET", "/nothing")[0], 404)
        self.assertEqual(self.call("PUT", "/state")[0], 405)
        self.assertEqual(self.call("GET", "/planted", Origin="http://evil.example")[0], 403)

    def test_secrets_stand_in_planted_and_nowhere_else(self) -> None:
        pair = self.pair()
        unused = refresh(self.b24, pair["refresh_token"]).json()
        exchange(self.b24, client_secret="a-mistyped-secret")
        self.rest("profile", pair["access_token"])
        planted = {item["value"] for item in self.call("GET", "/planted")[1]}
        self.assertLessEqual({self.b24.client_secret, "a-mistyped-secret", self.b24.code()["code"],
                              unused["access_token"], unused["refresh_token"],
                              pair["access_token"], pair["refresh_token"]}, {
                                  item["value"] for item in self.b24.planted()})
        shown = json.dumps([self.call("GET", path)[1]
                            for path in ("/state", "/log", "/fault", "/calls")])
        self.assertEqual([value for value in planted if value in shown], [])

    def test_log_names_secrets_by_digest(self) -> None:
        code = self.b24.code()["code"]
        exchange(self.b24, code)
        entry = self.b24.log()[-1]
        self.assertEqual(entry["secrets"]["code"], hashlib.sha256(code.encode()).hexdigest()[:8])
        self.assertEqual((entry["listener"], entry["method"], entry["path"], entry["grant_type"],
                          entry["status"], entry["kind"], entry["outcome"], entry["query_keys"]),
                         ("oauth", "POST", "/oauth/token/", "authorization_code", 200, "exchange",
                          "ok", []))
        self.assertIn("client_secret", entry["form_keys"])
        self.assertEqual(self.b24.log(since=entry["n"]), [])

    def test_reset_keeps_only_the_list_of_secrets(self) -> None:
        pair = self.pair()
        self.b24.set(chunked=True)
        self.b24.fault("oauth", "delay")
        self.b24.reset()
        state = self.b24.state()
        self.assertEqual((state["pairs"], state["counters"], self.b24.faults(), self.b24.log()),
                         ([], {}, [], []))
        self.assertEqual(state["settings"]["chunked"], False)
        self.assertIn(pair["access_token"], [item["value"] for item in self.b24.planted()])


class Catalogue(Served):
    def test_every_row_can_be_returned(self) -> None:
        where = {"oauth": ("oauth", self.b24.oauth), "rest": ("portal", self.b24.portal),
                 "rest3": ("portal", self.b24.portal)}
        for row in catalogue.TABLE:
            listener, address = where[row.where]
            self.b24.fault(listener, "error", code=row.code)
            reply = ask(self.b24, address, "/rest/profile")
            self.assertEqual((reply.status, reply.json()), (row.status, row.body()), row)


if __name__ == "__main__":
    unittest.main()
