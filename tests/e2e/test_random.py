# SPDX-License-Identifier: Apache-2.0
"""A random source that repeats itself: nothing that needs keys is begun."""

import unittest

import preload
from keeper import GatewayCase


class StuckRandom(GatewayCase):
    keeper_options = {"start": False}

    def setUp(self) -> None:
        super().setUp()
        self.stuck = self.k.home / "stuck"
        self.k.env |= preload.environment("stuck_random", TK_STUCK=str(self.stuck))

    def test_no_connection_is_opened(self) -> None:
        self.k.start()
        self.k.configure()
        redirect = self.k.redirect()
        self.stuck.touch()
        self.b24.drop()
        check = self.k.command("check")
        self.assert_error(check, "not_seeded", "repeats itself")
        self.assertEqual(check["seed"].split()[0], "not_seeded")
        self.assertFalse(self.k.command(f"auth code {redirect}").ok)
        self.assertEqual(self.b24.log(), [])
        self.stuck.unlink()
        self.assertEqual(self.k.must(f"auth code {self.k.redirect()}")["state"], "ready")

    def test_from_the_start_on(self) -> None:
        self.k.start()
        self.k.provision()
        self.k.end()
        self.stuck.touch()
        before = self.b24.log()
        self.k.start()
        self.assert_error(self.k.command("auth refresh"), "not_seeded")
        self.k.wait_status(last_error="not_seeded")
        self.assertEqual(self.b24.log(), before)

    def test_selftest_names_it(self) -> None:
        self.stuck.touch()
        self.k.start()
        answer = self.k.command("selftest")
        self.assertEqual(answer.code, "selftest_failed")
        self.assertIn("tk_entropy_get", answer["entropy.fresh"])
        self.stuck.unlink()
        self.assertEqual(self.k.must("selftest")["entropy.fresh"], "ok")


if __name__ == "__main__":
    unittest.main()
