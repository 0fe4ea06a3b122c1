# SPDX-License-Identifier: Apache-2.0
"""boards/host/OPERATIONS.md: each occasion is brought about and handled as the document says."""

import re
import shutil
import unittest

from keeper import ROOT, ProvisionedCase
from sessions import Player, sessions

DOCUMENT = "boards/host/OPERATIONS.md"


class OperationsCase(ProvisionedCase):

    def setUp(self) -> None:
        super().setUp()
        self.player = Player(self.k, {"portal": self.b24.portal, "client_id": self.b24.client_id,
                                      "client_secret": self.b24.client_secret,
                                      "escalate_url": f"https://{self.b24.webhook}/alarm",
                                      "id": self.k.must("version")["id"]})

    def follow(self, heading: str) -> None:
        found = sessions(DOCUMENT, heading)
        self.assertGreater(len(found), 0, f"{DOCUMENT} has no session under {heading}")
        for steps in found:
            self.player.play(steps)

    def fail_refreshes(self, code: str) -> None:
        """The authorization server answers an error of its catalogue to every refresh."""
        self.b24.fault("oauth", "error", code=code, count=-1)
        self.k.command("auth refresh")
        self.k.wait_status(state="blocked", escalation="4")


class Operations(OperationsCase):

    def test_every_session_has_a_test(self) -> None:
        text = (ROOT / DOCUMENT).read_text()
        with_sessions = {heading for heading in re.findall(r"^## (.*)$", text, re.M)
                         if sessions(DOCUMENT, heading)}
        source = (ROOT / "tests/e2e/test_operations.py").read_text()
        used = set(re.findall(r'(?:follow\(|sessions\(DOCUMENT, )"(.*?)"\)', source))
        self.assertEqual(with_sessions, used)

    def test_move_an_account(self) -> None:
        other = self.keeper()
        other.provision()
        self.follow("Move an account to another gateway")
        self.assertEqual(self.k.status()["state"], "no_client")
        other.kill()  # a refresh follows no other within 10 s, but after a start it may
        other.start()
        other.must("auth refresh")
        self.assertEqual(other.status()["state"], "ready")

    def test_decommission(self) -> None:
        planted = self.b24.client_secret.encode()
        self.assertIn(planted, self.k.flash.read_bytes())
        start = len(self.k.out.all)
        self.follow("Decommission a gateway")
        self.k.event("hello", start)
        self.assertEqual(self.k.status()["reason"], "portal_missing")
        self.assertNotIn(planted, self.k.flash.read_bytes())

    def test_stolen(self) -> None:
        self.follow("A gateway was stolen")
        self.assertEqual(self.b24.posts()[-1]["json"]["event"], "test")

    def test_portal_renamed(self) -> None:
        there = self.b24.portal.replace("localhost", "127.0.0.1")
        self.b24.fault("portal", "redirect", path="/rest/", location=f"https://{there}/")
        self.assertEqual(self.k.command("check").code, "portal_moved")
        self.follow("The portal was renamed")
        status = self.k.status()
        self.assertEqual((status["state"], status["portal"]), ("ready", there))


class OperationsOfRefusals(OperationsCase):
    keeper_options = {"clock": "synchronized"}

    def setUp(self) -> None:
        super().setUp()
        self.k.wait_status(state="ready")
        self.k.kill()  # a refresh follows no other within 10 s, but after a start it may
        self.k.start()

    def test_registered_anew(self) -> None:
        self.fail_refreshes("NOT_INSTALLED")
        self.assertEqual(self.k.status()["reason"], "not_installed")
        self.assert_error(self.k.command("set client_id x"), "in_use")
        self.b24.clear_faults()
        self.player.values |= self.b24.add_client()
        self.follow("The application was registered anew")
        self.assertEqual(self.b24.log()[-1]["outcome"], "ok")

    def test_secret_rotated(self) -> None:
        self.fail_refreshes("invalid_client")
        self.assertEqual(self.k.status()["reason"], "invalid_client")
        self.assertEqual(self.k.get().returncode, 0, "the valid token is served")
        self.b24.clear_faults()
        late, early = sessions(DOCUMENT, "The client secret was rotated")
        self.player.play(late)
        self.assertEqual(self.k.status()["generation"], "2")
        new = self.b24.renew_secret()["client_secret"]
        self.player.values["client_secret_next"] = new
        self.player.play(early)
        self.k.must_refresh()

    def test_user_leaves(self) -> None:
        self.b24.fault("portal", "error", code="authorization_error", count=-1)
        check, again = sessions(DOCUMENT, "The authorizing user leaves")
        self.player.play(check)
        self.b24.clear_faults()
        self.b24.set(user_id=2)
        self.player.play(again)
        self.assertEqual(self.k.status()["user_id"], "2")

    def test_an_old_copy_is_refused(self) -> None:
        copy = self.k.home / "copy"
        shutil.copy(self.k.flash, copy)
        self.k.must("auth refresh")
        self.k.kill()
        shutil.copy(copy, self.k.flash)
        self.k.start()
        self.k.command("auth refresh")
        self.k.wait_status(state="needs_code", reason="revoked")
        self.follow("Backup and restore")


if __name__ == "__main__":
    unittest.main()
