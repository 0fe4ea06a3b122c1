# SPDX-License-Identifier: Apache-2.0
"""The portal's own life: a renewed client secret, a moved portal, a dismissed user."""

import unittest

from keeper import GatewayCase

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


if __name__ == "__main__":
    unittest.main()
