# SPDX-License-Identifier: Apache-2.0
"""Retry-After: the next refresh follows after it, and without it never within a second."""

import unittest
from email.utils import formatdate

from keeper import GatewayCase

WAIT_S = 2


class RetryAfter(GatewayCase):

    def retried_after(self, *headers: str) -> float:
        """Seconds from a refresh that the server turns away to the next one."""
        self.k.end()
        self.k.start()
        before = len(self.requests("refresh"))
        named = {"Retry-After": value for value in headers}
        self.b24.fault("oauth", "status", status=429, headers=named, path="/oauth/token")
        self.k.command("auth refresh")
        self.k.wait_for(lambda: len(self.requests("refresh")) > before + 1)
        first, second = (entry["time"] for entry in self.requests("refresh")[before:before + 2])
        return second - first

    def test_seconds_and_dates(self) -> None:
        self.k.provision()
        self.assertGreaterEqual(self.retried_after(), 1)
        self.assertGreaterEqual(self.retried_after(str(WAIT_S)), WAIT_S)
        self.b24.set(clock_offset_s=-7200.0)  # a date counts from the server's own
        at = self.b24.log()[-1]["time"] - 7200 + WAIT_S + 2
        self.assertGreaterEqual(self.retried_after(formatdate(at, usegmt=True)), WAIT_S - 1)
        self.assertEqual(self.k.wait_status(state="ready")["generation"], "4")


if __name__ == "__main__":
    unittest.main()
