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


if __name__ == "__main__":
    unittest.main()
