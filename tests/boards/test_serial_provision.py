# SPDX-License-Identifier: Apache-2.0
"""`tokenkeeper provision` at the serial port of a board that knows nothing."""

import os
import re
import subprocess
import unittest

from emulator import AUTH_HOST, PORTAL, RECORDS, WITH_US, Emulator
from keeper import HERE as E2E
from keeper import PATIENT_S, PROGRAM, PYTHON
from bitrix24 import Bitrix24
from test_boards import BOARD, CERTS, IMAGE, BoardCase
from test_provision_command import free_port


class AtAPort(Emulator):
    """Its serial line is a pseudoterminal, `path`."""

    def start(self, hello: bool = True) -> None:
        memory = [word.format(file=self.memory, image=self.image)
                  for word in self.board.program + self.board.memory]
        with (RECORDS / f"{self.home.name}.stderr").open("a") as errors:
            self.process = subprocess.Popen(
                [*WITH_US, *self.board.qemu, "-display", "none", "-monitor", "none",
                 "-serial", "pty", *self._network(), *memory],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True)
        self.path = re.search(r"/dev/pts/\d+", self.process.stdout.readline())[0]

    def wait_end(self) -> int:
        self.process.stdout.close()
        return super().wait_end()


@unittest.skipUnless(BOARD.name == "lm3s6965evb", "the boards do not differ in this")
class ProvisionAtAPort(BoardCase):

    @classmethod
    def setUpClass(cls) -> None:
        cls.port = free_port()
        cls.b24 = Bitrix24(CERTS, oauth_domain=AUTH_HOST, portal_domain=PORTAL, tls="1.2",
                           handler=f"http://localhost:{cls.port}/").start()
        cls.addClassCleanup(cls._stop)

    def setUp(self) -> None:
        self.b24.reset()
        self.k = AtAPort(BOARD, IMAGE, self.b24)
        self.addCleanup(self.k.close)

    def provision(self, *options: str) -> str:
        secret = self.k.home / "secret"
        secret.write_text(self.b24.client_secret)
        secret.chmod(0o600)
        done = subprocess.run(
            [*WITH_US, PROGRAM, "provision", "--serial", self.k.path, "--portal", "acme",
             "--client-id", self.b24.client_id, "--secret-file", str(secret), "--port",
             str(self.port), *options],
            env={"PATH": os.environ["PATH"], "BROWSER": f"{PYTHON} {E2E / 'scripted_browser.py'}",
                 "BROWSER_CA": self.b24.ca, "BROWSER_HOSTS": f"{PORTAL}={self.b24.portal}"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=3 * PATIENT_S,
            check=False)
        (RECORDS / f"{self.k.home.name}.provision").write_text(done.stdout + done.stderr)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stderr

    def test_from_nothing_to_ready(self) -> None:
        steps = self.provision()
        self.assertIn("set (256 bits from this machine)", steps)
        self.assertIn("UTC, set from this machine", steps)
        self.assertEqual(len(self.requests("exchange")), 1)
        self.assertIn("nothing was changed", self.provision())
        self.assertEqual(len(self.requests("exchange")), 1)
