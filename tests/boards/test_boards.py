# SPDX-License-Identifier: Apache-2.0
"""What every board must do, from the image that would be flashed."""

import os
import random
import time
import unittest
from pathlib import Path

from emulator import ADDRESSES, AUTH_HOST, BOARDS, PATIENT_S, PORTAL, SINK, Emulator
from bitrix24 import Bitrix24
from keeper import record_secrets

BOARD = BOARDS[os.environ.get("TK_BOARD", "lm3s6965evb")]
IMAGE = Path(os.environ.get("TK_IMAGE", "tokenkeeper.bin"))
CERTS = os.environ.get("TK_CERTS")
KILLS = int(os.environ.get("TK_KILLS", "24"))
HOUR = 3600


class BoardCase(unittest.TestCase):
    """Tests with a Bitrix24 of their class, and a board of their own (self.k)."""

    settings: dict = {}

    @classmethod
    def setUpClass(cls) -> None:
        cls.b24 = Bitrix24(CERTS, oauth_domain=AUTH_HOST, portal_domain=PORTAL,
                           **({"tls": "1.2"} | cls.settings)).start()
        cls.addClassCleanup(cls._stop)

    @classmethod
    def _stop(cls) -> None:
        record_secrets(cls.b24)
        cls.b24.stop()

    def setUp(self) -> None:
        self.b24.reset()
        self.k = Emulator(BOARD, IMAGE, self.b24)
        self.addCleanup(self.k.close)

    def ready(self) -> None:
        """Seeded, the time known, and configured."""
        self.k.seed()
        self.k.wake()
        self.k.configure()

    def requests(self, kind: str) -> list[dict]:
        return [entry for entry in self.b24.log() if entry.get("kind") == kind]

    def refused(self, code: str) -> None:
        """A code does not get out: this is why."""
        answer = self.k.command(f"auth code {self.b24.code()['code']}")
        self.assertEqual(answer.code, code, repr(answer))
        self.assertEqual(self.requests("exchange"), [])


class Life(BoardCase):

    def test_code_in_fresh_token_stays(self) -> None:
        self.ready()
        answer = self.k.must(f"auth code {self.k.redirect()}")
        self.assertEqual((answer["state"], answer["generation"], answer["rest"]),
                         ("ready", "1", "ok"))
        token = self.k.token()
        time.sleep(10)  # the product does not refresh sooner, and no test may wait less
        self.k.must("auth refresh")
        self.assertNotEqual(self.k.token(), token)
        self.assertEqual([entry["tls"] for entry in self.requests("refresh")], ["TLSv1.2"])

    def test_restart_from_memory(self) -> None:
        self.ready()
        self.k.must(f"auth code {self.k.redirect()}")
        token, show = self.k.token(), self.k.must("show").values
        self.k.kill()
        self.k.start()
        status = self.k.status()
        self.assertEqual((status["state"], status["generation"], status["expires_in"]),
                         ("ready", "1", "unknown"))
        self.assertEqual(self.k.must("show").values, show)
        self.k.wake()
        self.assertEqual(self.k.token(), token)
        self.assertEqual(len(self.requests("exchange")), 1)
        self.assertTrue(self.k.must("check").ok)


if __name__ == "__main__":
    unittest.main()
