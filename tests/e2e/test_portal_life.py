# SPDX-License-Identifier: Apache-2.0
"""The portal's own life: a renewed client secret, a moved portal, a dismissed user."""

import unittest

from keeper import GatewayCase, ProvisionedCase

SECRET_EVENT = r"client_secret ref=token event="


class RenewedSecret(GatewayCase):
    """client_secret_next takes over when the server refuses client_secret."""

    def setUp(self) -> None:
        super().setUp()
        self.k.provision()
        self.k.kill()  # a refresh follows no other within 10 s, but after a start it may
        self.k.start()

    def renew(self) -> str:
        return self.b24.renew_secret()["client_secret"]

    def other(self) -> str:
        """A secret of another application; the search for leaks knows it."""
        return self.b24.add_client()["client_secret"]

    def outcomes(self, kind: str = "refresh") -> list[str]:
        return [entry["outcome"] for entry in self.requests(kind)]

    def next_shown(self) -> str:
        return self.k.must("show")["client_secret_next"]

    def assert_promoted(self) -> None:
        self.k.event(SECRET_EVENT + "promoted$")
        status = self.k.wait_status(state="ready", reason="none", escalation="0", last_error="none")
        self.assertEqual(status["said"], "")
        self.assertEqual(self.next_shown(), "")
        self.assertIn("event=secret_promoted ref=token", repr(self.k.must("history")))

    def test_without_an_operator_and_across_a_restart(self) -> None:
        self.k.must(f"set client_secret_next {self.renew()}")
        self.assertEqual(self.k.must("auth refresh")["generation"], "2")
        self.assertEqual(self.outcomes(), ["invalid_client", "ok"])
        self.assertFalse([line for line in self.k.out.all if "event=raised" in line])
        self.assert_promoted()
        self.k.kill()
        self.k.start()
        self.assertEqual(self.k.must("auth refresh")["generation"], "3")
        self.assertEqual(self.outcomes(), ["invalid_client", "ok", "ok"])
        self.assertIn("event=secret_promoted ref=token", repr(self.k.must("history")))

    def test_the_old_one_stays_while_it_works(self) -> None:
        self.k.must(f"set client_secret_next {self.other()}")
        self.k.must("auth refresh")
        self.assertEqual(self.outcomes(), ["ok"])
        self.assertRegex(self.next_shown(), "^len=50 sha256=")

    def test_refused_too_it_is_kept_and_reported(self) -> None:
        self.k.must(f"set client_secret_next {self.other()}")
        self.renew()
        self.assertEqual(self.k.command("auth refresh").code, "invalid_client")
        self.k.event(SECRET_EVENT + "refused$")
        self.k.wait_status(state="blocked", reason="invalid_client", escalation="4")
        self.assertEqual(self.outcomes(), ["invalid_client"] * 2)
        self.assertRegex(self.next_shown(), "^len=50 sha256=")
        self.k.must(f"set client_secret_next {self.renew()}")  # tried within a second
        self.assert_promoted()

    def test_a_code_is_exchanged_with_it(self) -> None:
        self.b24.revoke()
        self.k.command("auth refresh")
        self.k.wait_status(state="needs_code")
        self.k.must(f"set client_secret_next {self.renew()}")
        self.assertEqual(self.k.must(f"auth code {self.k.redirect()}")["generation"], "2")
        self.assertEqual(self.outcomes("exchange")[1:], ["invalid_client", "ok"])
        self.assert_promoted()

    def test_typed_it_is_asked_for_and_never_shown(self) -> None:
        secret = self.renew()
        start = self.k.type(b"set client_secret_next\r" + secret.encode() + b"\r")
        self.k.out.wait(r"OK client_secret_next_len=50 ", start)
        self.k.out.wait(r"client_secret_next: \(50 characters, hidden\)", start)
        self.k.must("unset client_secret_next")
        self.assertEqual(self.next_shown(), "")
        self.k.must(f"set client_secret_next {secret}")
        self.k.must("auth forget")
        self.assertEqual(self.next_shown(), "")
        self.assertRegex(self.k.must("show")["client_secret"], "^len=50 ")


class PortalCase(ProvisionedCase):

    def rest_calls(self) -> list[dict]:
        return [entry for entry in self.b24.log() if entry.get("path", "").startswith("/rest/")]

    def assert_blocked(self, reason: str) -> None:
        status = self.k.status()
        self.assertEqual((status["state"], status["reason"], status["escalation"]),
                         ("blocked", reason, "4"), repr(status))
        self.assertEqual(self.k.get().returncode, 0, "the token is valid and served")

    def assert_ready(self, portal: str) -> None:
        status = self.k.wait_status(state="ready", escalation="0", reason="none", moved_to="")
        self.assertEqual((status["portal"], status["client_endpoint"]),
                         (portal, f"https://{portal}/rest/"))
        self.assertEqual(self.k.get_json()["client_endpoint"], f"https://{portal}/rest/")


class MovedPortal(PortalCase):
    """To a host that the operator did not name: the token stays here until `portal accept`."""

    def setUp(self) -> None:
        super().setUp()
        self.there = self.b24.portal.replace("localhost", "127.0.0.1")
        self.attacker = self.b24.webhook  # another server, with a valid certificate

    def redirect(self, location: str, **more) -> str:
        self.b24.fault("portal", "redirect", path="/rest/", location=location, count=-1, **more)
        return self.k.command("check").code

    def assert_pending(self, host: str) -> None:
        self.assert_blocked("portal_moved")
        status = self.k.status()
        self.assertEqual((status["moved_to"], status["portal"]), (host, self.b24.portal))
        for endpoint in (status["client_endpoint"], self.k.get_json()["client_endpoint"]):
            self.assertEqual(endpoint, f"https://{self.b24.portal}/rest/")

    def test_the_token_stays_here(self) -> None:
        start = len(self.k.out.all)
        for status in (301, 302, 303, 307, 308):
            self.b24.clear_faults()
            self.assertEqual(self.redirect(f"https://{self.attacker}/rest/", status=status),
                             "portal_moved")
            self.assert_pending(self.attacker)
        self.k.event(f"portal ref=token event=move_pending to={self.attacker}$", start)
        self.k.event("escalation ref=token event=raised level=4 cause=portal_moved", start)
        self.restart()
        self.k.must("auth refresh")
        self.assert_pending(self.attacker)
        self.assert_error(self.k.command(f"set portal {self.there}"), "in_use", "portal accept")
        self.assertEqual([e for e in self.b24.log() if e["listener"] == "webhook"], [])

    def test_accept_keeps_the_pair(self) -> None:
        self.assert_error(self.k.command("portal accept"), "not_moved", "moved_to")
        self.redirect(f"https://{self.there}/rest/app.info")
        self.assert_pending(self.there)
        self.b24.clear_faults()
        self.assertEqual(self.k.must("portal accept")["portal"], self.there)
        self.assert_ready(self.there)
        self.assertEqual(self.k.wait_status(rest="ok")["generation"], "1")
        self.assertIn("event=moved ref=token", repr(self.k.must("history")))
        self.restart()
        self.k.must("auth refresh")     # the response still has the old address
        self.assert_ready(self.there)
        self.assert_error(self.k.command("portal accept"), "not_moved")

    def test_a_token_answer_that_names_it(self) -> None:
        self.restart()
        self.b24.set(portal_domain=self.attacker)
        self.assertEqual(self.k.must("auth refresh")["generation"], "2")
        self.assert_pending(self.attacker)
        self.k.must("check")
        self.assert_pending(self.attacker)
        self.assertEqual([e for e in self.b24.log() if e["listener"] == "webhook"], [])
        self.restart()
        self.b24.set(portal_domain=self.there)
        self.k.must("auth refresh")
        self.assert_pending(self.there)
        self.k.must("portal accept")
        self.assert_ready(self.there)
        self.restart()
        self.k.must("auth refresh")
        self.assert_ready(self.there)

    def test_it_ends_with_the_redirect(self) -> None:
        self.redirect(f"https://{self.attacker}/")
        self.assert_pending(self.attacker)
        self.b24.clear_faults()
        self.k.must("check")
        self.assert_ready(self.b24.portal)

    def test_an_invalid_redirect_is_no_move(self) -> None:
        for location in (f"http://{self.there}/rest/app.info",
                         f"https://{self.b24.portal}/rest/app.info", "/bitrix/coupon_activation.php",
                         f"ftp://{self.there}/", f"https://u:p@{self.there}/",
                         f"https://{'a' * 200}.example/"):
            with self.subTest(location):
                self.b24.clear_faults()
                asked = len(self.rest_calls())
                self.assertEqual(self.redirect(location), "http_redirect")
                self.assertEqual(len(self.rest_calls()), asked + 1)
                self.assert_ready(self.b24.portal)


class DismissedUser(PortalCase):
    """authorization_error, from either server and in every state."""

    def refuse(self, server: str, command: str) -> None:
        path = "/rest/" if server == "portal" else "/oauth/"
        self.b24.fault(server, "error", path=path, code="authorization_error", count=-1)
        answer = self.k.command(command)
        self.assert_error(answer, "user_refused", "auth begin")

    def another_user(self) -> None:
        self.b24.clear_faults()
        self.b24.set(user_id=2)
        self.assert_error(self.k.command(f"auth code {self.k.redirect()}"), "other_user",
                          "auth begin other_user")
        self.k.must("auth begin other_user")
        self.k.must(f"auth code {self.b24.code()['code']}")
        self.assert_ready(self.b24.portal)
        self.assertEqual(self.k.status()["user_id"], "2")

    def test_said_by_the_authorization_server(self) -> None:
        self.restart()
        self.refuse("oauth", "auth refresh")
        self.assert_blocked("user_refused")
        self.assertEqual(self.k.status()["said"], "authorization_error")
        self.another_user()

    def test_said_to_a_code(self) -> None:
        self.refuse("oauth", f"auth code {self.k.redirect()}")
        self.assert_ready(self.b24.portal)  # the old pair is good
        self.another_user()

    def test_said_by_the_portal(self) -> None:
        self.refuse("portal", "check")
        self.assert_blocked("user_refused")
        self.restart()
        self.assert_blocked("user_refused")
        self.k.must("auth refresh")  # the authorization server knows nothing of it
        self.assert_blocked("user_refused")
        self.restart()
        self.assert_blocked("user_refused")
        self.another_user()

    def test_said_by_the_portal_while_refreshes_fail(self) -> None:
        for code, state in (("QUERY_LIMIT_EXCEEDED", "user_refused"),
                            ("PAYMENT_REQUIRED", "payment_required")):
            self.b24.clear_faults()
            self.restart()
            self.b24.fault("oauth", "error", path="/oauth/", code=code, count=-1)
            self.k.command("auth refresh")
            self.refuse("portal", "check")
            self.assert_blocked(state)
        self.another_user()

    def test_said_by_the_portal_of_a_pair_that_was_refused(self) -> None:
        self.b24.revoke()
        self.restart()
        self.k.command("auth refresh")
        self.refuse("portal", "check")
        status = self.k.status()
        self.assertEqual((status["state"], status["escalation"]), ("needs_code", "4"))
        self.another_user()

    def test_the_portal_takes_the_user_back(self) -> None:
        self.refuse("portal", "check")
        self.b24.clear_faults()
        self.k.must("check")
        self.assert_ready(self.b24.portal)


if __name__ == "__main__":
    unittest.main()
