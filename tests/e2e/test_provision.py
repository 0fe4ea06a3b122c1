# SPDX-License-Identifier: Apache-2.0
"""Provisioning and refreshes: from a code to a token that is always valid."""

import hashlib
import os
import random
import time
import unittest
from datetime import datetime

from keeper import GatewayCase, query_of, secrets_of


class Provision(GatewayCase):
    keeper_options = {"clock": "synchronized"}

    def assert_ready(self, answer) -> None:
        self.assertTrue(answer.ok, repr(answer))
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"], status["rest"]),
                         ("ready", "1", "ok"))
        self.assertEqual(status["portal"], self.b24.portal)
        self.assertEqual(status["last_error"], "none")
        self.assertTrue(3500 <= int(status["expires_in"]) <= 3600, repr(status))
        self.assertLessEqual(int(status["next_refresh_in"]), 1500)

    def test_redirect_url_by_a_program(self) -> None:
        answer = self.k.provision()
        self.assertEqual((answer["state"], answer["generation"], answer["rest"]),
                         ("ready", "1", "ok"))
        self.assert_ready(answer)
        self.assertEqual(len(self.requests("exchange")), 1)
        self.assertEqual(len(self.requests("rest.app.info")), 1)

    def test_bare_code(self) -> None:
        self.k.configure()
        self.assert_ready(self.k.command(f"auth code {self.b24.code(state=self.k.begin())['code']}"))

    def test_bare_code_without_begin(self) -> None:
        self.k.configure()
        self.assert_ready(self.k.command(f"auth code {self.b24.code()['code']}"))

    def test_by_an_operator(self) -> None:
        for key, value in (("portal", self.b24.portal), ("client_id", self.b24.client_id),
                           ("auth_host", self.b24.oauth), ("scope", "crm,user")):
            self.assertTrue(self.k.plain(f"set {key} {value}").ok)
        start = self.k.type(b"set client_secret\r")
        self.k.type(self.b24.client_secret.encode() + b"\r")
        self.k.out.wait("OK client_secret_len=", start)
        start = len(self.k.out.all)
        self.assertTrue(self.k.plain("auth begin").ok)
        link = self.k.out.all[self.k.out.wait("https://", start)]
        redirect = self.b24.code(state=query_of(link)["state"])["redirect"]
        answer = self.k.plain(f"auth code {redirect}")
        self.assert_ready(answer)
        self.assertIn(f"auth code ({len(redirect)} characters, hidden)",
                      "\n".join(self.k.out.all))

    def test_the_first_refresh_after_a_restart_is_resumed(self) -> None:
        self.k.provision()
        self.k.kill()
        self.k.start()
        self.k.must("auth refresh")
        self.k.wait_status(state="ready", generation="2")
        refresh = self.requests("refresh")[-1]
        self.assertTrue(refresh["resumed"], refresh)

    def test_an_exchange_uses_the_warm_connection(self) -> None:
        self.k.configure()
        redirect = self.k.redirect()
        self.k.must(f"auth code {redirect}")
        opened = [e["connection"] for e in self.b24.log() if e["listener"] == "oauth"]
        self.assertEqual(len(set(opened)), 1)

    def test_the_url_is_that_of_the_portal(self) -> None:
        self.k.configure()
        answer = self.k.must("auth begin")
        self.assertTrue(answer["url"].startswith(f"https://{self.b24.portal}/oauth/authorize/?"))
        query = query_of(answer["url"])
        self.assertEqual(query["client_id"], self.b24.client_id)
        self.assertEqual(query["state"], answer["state"])
        self.assertGreaterEqual(len(answer["state"]), 16)

    def test_no_secret_in_the_command_line(self) -> None:
        self.k.provision()
        with open(f"/proc/{self.k.process.pid}/cmdline", "rb") as file:
            line = file.read().decode()
        for secret in secrets_of(self.b24):
            self.assertNotIn(secret, line)

    def test_no_secret_in_a_url(self) -> None:
        self.k.provision()
        for entry in self.b24.log():
            self.assertFalse({"client_secret", "code", "refresh_token", "auth"} &
                             set(entry.get("query_keys") or ()), repr(entry))

    def test_another_code_replaces_the_pair(self) -> None:
        self.k.provision()
        first = self.k.get().stdout
        answer = self.k.must(f"auth code {self.k.redirect()}")
        self.assertEqual(answer["generation"], "2")
        self.assertNotEqual(self.k.get().stdout, first)


class Restart(GatewayCase):
    keeper_options = {"clock": "synchronized"}

    def expires_at(self) -> datetime:
        return datetime.fromisoformat(self.k.status()["expires_at"])

    def test_ready_from_flash_without_network(self) -> None:
        self.k.provision()
        token, expires_at = self.k.get().stdout, self.expires_at()
        seen = self.b24.log()[-1]["n"]
        self.k.kill()
        self.k.start()
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"]), ("ready", "1"))
        self.assertLessEqual(abs((self.expires_at() - expires_at).total_seconds()), 2)
        self.assertEqual(self.k.get().stdout, token)
        self.k.pass_time(2)
        self.assertEqual([e for e in self.b24.log() if e["n"] > seen], [])

    def test_configuration_survives(self) -> None:
        self.k.configure()
        before = self.k.must("show").values
        self.k.kill()
        self.k.start()
        self.assertEqual(self.k.must("show").values, before)


class Refresh(GatewayCase):
    settings = {"access_life_s": 15}

    def test_refreshes_before_the_token_expires(self) -> None:
        self.k.provision()
        self.k.event("state ref=token state=ready reason=none generation=2")
        exchange, refresh = self.requests("exchange")[0], self.requests("refresh")[0]
        self.assertEqual(refresh["outcome"], "ok")
        self.assertLess(refresh["time"] - exchange["time"], 15)
        self.assertIn(self.k.get("--min-valid", "1").stdout.strip(), secrets_of(self.b24))

    def test_a_refresh_that_is_due_after_a_restart(self) -> None:
        self.k.provision()
        self.k.kill()
        time.sleep(16)
        self.k.start()
        self.k.wait_status(state="ready", generation="2")


class RefreshByHand(GatewayCase):

    def test_on_command(self) -> None:
        self.k.provision()
        self.assert_error(self.k.command("auth refresh"), "too_soon")
        answer = self.k.must_refresh()
        self.assertEqual(answer["generation"], "2")


class KilledAtRandom(GatewayCase):
    settings = {"access_life_s": 12}

    def test_ten_power_cuts_around_refreshes(self) -> None:
        """Each leaves a pair or one that is recovered; no further code is needed."""
        self.k.provision()
        for i in range(10):
            time.sleep(0.9 + 0.13 * i)
            self.k.kill()
            self.k.start()
        self.k.wait_status(state="ready", intent="none")
        self.assertEqual(len(self.requests("exchange")), 1)


class KilledOften(GatewayCase):
    """Each start refreshes at once and is killed at a random moment."""

    KILLS = 150

    def refresh_until_killed(self, times: random.Random) -> None:
        self.k.ask("auth refresh")
        time.sleep(times.uniform(0, 0.03))
        self.k.kill()
        self.k.start()

    def assert_not_mixed(self) -> None:
        """Both tokens are of the newest pair of the server; the refresh token works."""
        held = self.k.get_json("--min-valid", "1")
        newest = self.b24.state()["pairs"][-1]
        self.assertEqual(hashlib.sha256(held["access_token"].encode()).hexdigest()[:8],
                         newest["access_token"])
        self.k.kill()
        self.k.start()
        self.k.must("auth refresh")
        self.k.wait_status(state="ready", intent="none")
        self.assertEqual(self.b24.state()["pairs"][-1]["generation"], newest["generation"] + 1)

    def test_with_a_grace_period_no_code_is_needed(self) -> None:
        seed = int(os.environ.get("TK_SEED", time.time_ns()))
        times = random.Random(seed)
        self.b24.set(old_refresh_grace_s=1e6)
        self.k.provision()
        for _ in range(self.KILLS):
            self.refresh_until_killed(times)
            status = self.k.status()
            self.assertIn(status["state"], ("ready", "refreshing", "retrying"), f"seed {seed}")
            self.assertEqual(status["store"], "ok", f"seed {seed}")
        self.k.wait_status(state="ready", intent="none")
        self.assertEqual(len(self.requests("exchange")), 1, f"seed {seed}")
        self.assert_not_mixed()

    def test_without_a_grace_period_only_a_lost_response_needs_a_code(self) -> None:
        seed = int(os.environ.get("TK_SEED", time.time_ns()))
        times = random.Random(seed)
        self.k.provision()
        for _ in range(self.KILLS):
            self.refresh_until_killed(times)
            status = self.k.wait_status(intent="none")
            if status["state"] == "needs_code":
                self.assertEqual(status["reason"], "rotation_lost", f"seed {seed}")
                self.k.must(f"auth code {self.b24.code()['code']}")
        self.k.wait_status(state="ready", intent="none")
        self.assert_not_mixed()


class SlowCode(GatewayCase):

    def test_ninety_seconds_after_auth_begin(self) -> None:
        self.k.configure()
        state = self.k.begin()
        time.sleep(90)
        answer = self.k.must(f"auth code {self.b24.code(state=state)['redirect']}")
        self.assertEqual((answer["state"], answer["generation"]), ("ready", "1"))


if __name__ == "__main__":
    unittest.main()
