# SPDX-License-Identifier: Apache-2.0
"""Codes that are rejected: each has an error of its own with the next step, and no pair is lost."""

import time
import unittest

from keeper import GatewayCase


class RefusedCode(GatewayCase):
    """With a valid pair, which is still served after each."""

    def setUp(self) -> None:
        super().setUp()
        self.k.provision()
        self.token = self.k.get().stdout

    def tearDown(self) -> None:
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"]), ("ready", "1"), repr(status))
        got = self.k.get()
        self.assertEqual((got.returncode, got.stdout), (0, self.token))

    def refused(self, pasted: str, code: str, words: str = "") -> None:
        self.assert_error(self.k.command(f"auth code {pasted}"), code, words)

    def test_used(self) -> None:
        redirect = self.k.redirect()
        self.b24.fault("oauth", "error", code="invalid_grant", path="/oauth/token")
        self.refused(redirect, "code_rejected", "auth begin")
        exchanges = len(self.requests("exchange"))
        self.refused(redirect, "code_used", "auth begin")
        self.k.kill()
        self.k.start()
        self.refused(redirect.partition("code=")[2].partition("&")[0], "code_used", "auth begin")
        self.assertEqual(len(self.requests("exchange")), exchanges, "the code was sent again")

    def test_unknown(self) -> None:
        self.k.begin()
        self.refused("0" * 70, "code_rejected", "auth begin")

    def test_stale(self) -> None:
        redirect = self.k.redirect()
        self.b24.set(clock_offset_s=31)
        self.refused(redirect, "code_stale", "auth begin")

    def test_unknown_state(self) -> None:
        self.k.begin()
        self.refused(self.b24.code(state="0123456789abcdef")["redirect"], "wrong_state", "link")

    def test_state_of_an_earlier_begin(self) -> None:
        redirect = self.k.redirect()
        self.k.begin()
        self.refused(redirect, "wrong_state", "newest")

    def test_domain_of_another_portal(self) -> None:
        redirect = self.k.redirect()
        host = self.b24.portal.partition(":")[0]
        other = redirect.replace(f"domain={host}", "domain=other.bitrix24.com")
        self.assertNotEqual(other, redirect)
        self.refused(other, "wrong_domain", "portal")

    def test_input_without_a_code(self) -> None:
        for pasted in ("http://localhost:7000/?error=access_denied", "http://localhost:7000/",
                       "https://"):
            with self.subTest(pasted):
                self.assertFalse(self.k.command(f"auth code {pasted}").ok)
        self.assert_error(self.k.command("auth code"), "usage")

    def test_wrong_secret(self) -> None:
        self.k.must("set client_secret not0the0right0secret0of0this0application0at0all000")
        self.refused(self.k.redirect(), "invalid_client", "client_secret")

    def test_lost_response(self) -> None:
        redirect = self.k.redirect()
        self.b24.fault("oauth", "lost_answer")
        self.refused(redirect, "code_unanswered", "auth begin")
        self.refused(redirect, "code_used", "auth begin")

    def test_server_errors(self) -> None:
        for fault, code in (({"kind": "status", "status": 503}, "server_busy"),
                            ({"kind": "status", "status": 500}, "server_error"),
                            ({"kind": "status", "status": 200}, "bad_answer"),
                            ({"kind": "redirect", "location": "https://x/"}, "http_redirect"),
                            ({"kind": "error", "code": "PAYMENT_REQUIRED"}, "payment_required"),
                            ({"kind": "error", "code": "NOT_INSTALLED"}, "not_installed"),
                            ({"kind": "error", "code": "invalid_scope"}, "invalid_scope")):
            with self.subTest(code):
                redirect = self.k.redirect()
                self.b24.fault("oauth", path="/oauth/token", **fault)
                answer = self.k.command(f"auth code {redirect}")
                self.assertEqual(answer.code, code, repr(answer))


class FirstCode(GatewayCase):
    """Without a stored pair."""

    def test_no_client(self) -> None:
        self.assertEqual(self.k.status()["state"], "no_client")
        self.assert_error(self.k.command("auth begin"), "no_client", "set portal")
        self.assert_error(self.k.command("auth code 00"), "no_client", "set portal")
        self.assertEqual(self.k.get().returncode, 5)

    def test_wrong_client(self) -> None:
        self.k.configure(client_id="local.000000000000.00000000")
        self.k.begin()
        self.assert_error(self.k.command(f"auth code {self.b24.code()['code']}"), "wrong_client",
                          "client_id")
        self.assertEqual(self.k.status()["state"], "needs_code")

    def test_portal_without_a_paid_plan(self) -> None:
        self.b24.set(paid_plan=False)
        self.k.configure()
        answer = self.k.must(f"auth code {self.k.redirect()}")
        self.assertEqual((answer["state"], answer["rest"]), ("ready", "access_denied"))
        self.assertEqual(self.k.status()["rest"], "access_denied")

    def test_expires_after_25_s(self) -> None:
        self.k.configure()
        redirect = self.k.redirect()
        self.b24.fault("oauth", "refuse", count=-1, tcp=True)
        self.b24.drop("oauth")
        began = time.monotonic()
        self.assert_error(self.k.command(f"auth code {redirect}"), "code_expired", "auth begin")
        self.assertGreater(time.monotonic() - began, 20)
        self.assertEqual(self.requests("exchange"), [])

    def test_a_code_that_was_not_sent_may_be_entered_again(self) -> None:
        self.k.configure()
        self.b24.fault("oauth", "refuse", count=-1, tcp=True)
        code = self.b24.code()["code"]
        asked = self.k.ask(f"auth code {code}")
        self.k.wait_for(lambda: [e for e in self.b24.log() if e["event"] == "refuse"])
        self.k.type(b"\x03")
        self.assertFalse(self.k.answered(asked).ok)
        self.b24.clear_faults()
        self.assertEqual(self.k.must(f"auth code {code}")["generation"], "1")

    def test_quirks_of_responses(self) -> None:
        self.k.configure()
        generation = 0
        for quirk in ({"omit_expires": True}, {"omit_user_id": True}, {"numbers_as_strings": True},
                      {"scope_is_app": True}, {"extra_fields": True}, {"plain_slashes": True},
                      {"chunked": True}, {"close_delimited": True}, {"interim": 103},
                      {"keep_alive": False}, {"extra_headers": 40}, {"token_digits": 200}):
            with self.subTest(quirk):
                self.b24.reset()
                self.b24.set(**quirk)
                generation += 1
                answer = self.k.must(f"auth code {self.k.redirect()}")
                self.assertEqual((answer["state"], answer["generation"], answer["rest"]),
                                 ("ready", str(generation), "ok"))


if __name__ == "__main__":
    unittest.main()
