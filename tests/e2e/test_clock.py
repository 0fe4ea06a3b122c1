# SPDX-License-Identifier: Apache-2.0
"""A system clock that is behind: the token is refreshed, then served, and the fault reported once."""

import glob
import os
import tempfile
import time
import unittest

from keeper import GatewayCase

HOUR, DAY = 3600, 86400
BEHIND_S = (400, 3 * HOUR, 30 * DAY, 5 * 365 * DAY)


class Behind(GatewayCase):
    """libfaketime moves the wall time, and leaves the monotonic clock alone."""

    keeper_options = {"start": False}

    def setUp(self) -> None:
        super().setUp()
        self.file = self.k.home / "time"
        self.set_back(0)
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
        self.k.env |= {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self.file),
                       "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                       "DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.k.start()
        self.k.provision()
        self.generation = 1

    def set_back(self, seconds: int) -> None:
        handle, name = tempfile.mkstemp(dir=self.file.parent)
        os.write(handle, f"-{seconds}s\n".encode())
        os.close(handle)
        os.rename(name, self.file)

    def restart(self) -> None:
        self.assertEqual(self.k.end(), 0)
        self.k.start()

    def assert_renewed_then_served(self, seconds: int) -> None:
        self.generation += 1
        given = self.k.get_json()
        self.assertEqual(given["generation"], self.generation)
        self.assertGreater(given["expires_in"], 3500)
        status = self.k.status()
        self.assertEqual((status["state"], status["last_error"], status["escalation"],
                          status["time_quality"]), ("ready", "none", "0", "server"))
        self.assertAlmostEqual(int(status["clock_behind"]), seconds, delta=60)
        self.assertTrue(status["time"].startswith(time.strftime("%Y-%m-%dT", time.gmtime())))
        self.assertEqual(self.k.get_json()["generation"], self.generation)
        self.assertEqual(sum("EVT clock_behind" in line for line in self.k.out.all), 1)
        self.assertEqual(self.k.command("check")["clock"].split()[0], "clock_behind")

    def test_at_a_start(self) -> None:
        for seconds in BEHIND_S:
            with self.subTest(seconds):
                self.set_back(seconds)
                self.restart()
                self.assert_renewed_then_served(seconds)

    def test_while_it_runs(self) -> None:
        for seconds in BEHIND_S:
            with self.subTest(seconds):
                self.set_back(0)
                self.restart()
                self.assertEqual(self.k.get_json()["generation"], self.generation)
                self.set_back(seconds)
                self.assert_renewed_then_served(seconds)


class Saved(GatewayCase):
    """A clock that was saved at the stop, as fake-hwclock does: the machine was off, and its clock
    says that it was not."""

    keeper_options = {"start": False}

    def provision(self, clock: str) -> dict:
        self.k = self.keeper(clock=clock)
        self.k.provision()
        return self.k.get_json()

    def was_off(self, seconds: float) -> None:
        self.k.kill()
        self.b24.set(clock_offset_s=seconds)
        self.k.start()

    def heads(self) -> int:
        return sum(entry.get("method") == "HEAD" for entry in self.b24.log())

    def test_no_dead_token_is_served(self) -> None:
        for clock in ("unsynchronized", "forbidden"):
            for seconds in (400, 3 * HOUR, 30 * DAY):
                with self.subTest(clock=clock, seconds=seconds):
                    self.b24.reset()
                    self.provision(clock)
                    self.was_off(seconds)
                    self.assertEqual(self.k.status()["expires_in"], "unknown")
                    given = self.k.get_json()
                    self.assertEqual(given["generation"], 2)
                    self.assertGreater(given["expires_in"], 3500)
                    status = self.k.status()
                    self.assertEqual((status["state"], status["last_error"], status["escalation"],
                                      status["time_quality"]), ("ready", "none", "0", "server"))
                    self.assertAlmostEqual(int(status["clock_behind"]), seconds, delta=60)
                    self.k.event("clock_behind")
                    self.assertEqual(sum("EVT clock_behind" in line for line in self.k.out.all), 1)

    def test_the_date_of_the_server_spares_a_refresh(self) -> None:
        first = self.provision("unsynchronized")
        for starts in (1, 2):
            self.was_off(0)
            self.assertEqual(self.k.get_json()["access_token"], first["access_token"])
            self.assertEqual(self.k.status()["time_quality"], "system")
            self.assertEqual((self.heads(), len(self.requests("refresh"))), (starts, 0))

    def test_a_synchronized_clock_is_believed_at_once(self) -> None:
        first = self.provision("synchronized")
        self.was_off(0)
        self.assertEqual(self.k.get_json()["access_token"], first["access_token"])
        self.assertEqual(self.heads(), 0)

    def test_while_no_server_answers_nothing_is_served(self) -> None:
        self.provision("unsynchronized")
        self.b24.fault("oauth", "refuse", count=-1)
        self.was_off(3 * HOUR)
        refused = self.k.get("--timeout", "3")
        self.assertEqual((refused.returncode, refused.stdout), (6, ""))
        status = self.k.status()
        self.assertEqual((status["expires_in"], status["time_quality"]), ("unknown", "unsynced"))
        self.assertIn(status["reason"], ("connection_lost", "connect_failed"))
        self.b24.clear_faults()
        self.assertEqual(self.k.get_json()["generation"], 2)


if __name__ == "__main__":
    unittest.main()
