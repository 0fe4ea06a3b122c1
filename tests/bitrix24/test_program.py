# SPDX-License-Identifier: Apache-2.0
"""The program: start, end, --help and README."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Any

import control
import faults
import server
import settings
from bitrix24 import Bitrix24
from client import connect, directory, talk
from patience import PATIENT_S

HERE = Path(__file__).parent


class Program(unittest.TestCase):
    def launch(self, *args: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
        program = subprocess.Popen(
            [sys.executable, str(HERE / "bitrix24.py"), "--dir", directory(), *args],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(program.communicate)
        self.addCleanup(program.kill)
        assert program.stdout
        return program, json.loads(program.stdout.readline())

    def armed(self, faults_at: str) -> int:
        with urllib.request.urlopen(faults_at) as answer:
            return len(json.load(answer))

    def test_terminates_during_stalls_without_output(self) -> None:
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write("given-secret\n")
            secret.flush()
            program, ready = self.launch("--client-secret-file", secret.name, "--client-id", "me",
                                         "--set", "user_id=7")
        self.assertEqual(set(ready), {"oauth", "portal", "webhook", "control", "ca", "client_id",
                                      "client_secret", "corezoid_token_url",
                                      "corezoid_token_login", "corezoid_token_key",
                                      "corezoid_token_conv"})
        self.assertEqual((ready["client_id"], ready["client_secret"]), ("me", "given-secret"))
        b24: Any = type("Remote", (), ready)
        faults_at = f"http://{ready['control']}/fault"
        for kind in ("stall_at", "endless_body"):
            urllib.request.urlopen(faults_at, json.dumps(
                {"listener": "portal", "kind": kind}).encode()).close()
        sock = connect(b24, b24.portal)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        self.addCleanup(sock.close)
        while self.armed(faults_at) > 1:    # until the stall has begun
            time.sleep(0.01)
        talk(b24, b24.portal, limit=100_000)        # closes within an endless body
        connect(b24, b24.portal).close()
        program.send_signal(signal.SIGTERM)     # before its timeout of a handshake
        output, errors = program.communicate(timeout=server.HANDSHAKE_S / 2)
        self.assertEqual((program.returncode, output, errors), (0, "", ""))

    def test_ends_with_its_parent(self) -> None:
        program, _ = self.launch("--with-parent")
        self.assertEqual(program.communicate(timeout=PATIENT_S)[1], "")
        self.assertEqual(program.returncode, 0)

    def test_an_invalid_argument_is_reported_in_one_line(self) -> None:
        done = subprocess.run([sys.executable, str(HERE / "bitrix24.py"), "--set", "nope=1"],
                              capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr.count("\n")), (1, "", 1))

    def test_its_private_directory_is_removed(self) -> None:
        with Bitrix24() as b24:
            home = os.path.dirname(b24.ca)
            self.assertEqual(os.stat(home).st_mode & 0o777, 0o700)
        self.assertFalse(os.path.exists(home))

    def test_listens_on_loopback_only(self) -> None:
        for host in ("0.0.0.0", "::", "192.0.2.1"):
            with self.assertRaises(ValueError):
                server.bind_loopback(host, 0)

    def test_help_and_readme_are_complete(self) -> None:
        shown = subprocess.run([sys.executable, str(HERE / "bitrix24.py"), "--help"], check=True,
                               capture_output=True, text=True).stdout
        readme = (HERE / "README.md").read_text()
        names = [route.path for route in control.ROUTES] + list(faults.KINDS)
        for name in [*names, *(name for name, _, _ in settings.describe())]:
            self.assertIn(name, shown)
        for name in names:
            self.assertIn(f"{name}`" if name[0] != "/" else name, readme)


if __name__ == "__main__":
    unittest.main()
