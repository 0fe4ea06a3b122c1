# SPDX-License-Identifier: Apache-2.0
"""The search for secrets finds a program that prints one."""

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path

import keeper
import leaks

TALKER = """#!/bin/sh
echo 'EVT hello'
read line
echo "@1 $line"
echo '@1 OK'
read line
"""


class Leaks(unittest.TestCase):

    def setUp(self) -> None:
        self.dir = Path(tempfile.mkdtemp(prefix="tk-leak-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self._replace("RECORDS", self.dir)
        (self.dir / "b24.planted").write_text(json.dumps(["s3cret0s3cret0s3cret0s3cret"]))

    def _replace(self, name: str, value) -> None:
        self.addCleanup(setattr, keeper, name, getattr(keeper, name))
        setattr(keeper, name, value)

    def talk(self, command: str) -> list[str]:
        program = self.dir / "talker.planted"  # .planted: this file is not searched
        program.write_text(TALKER)
        os.chmod(program, 0o755)
        self._replace("PROGRAM", str(program))
        real = leaks.secrets_of
        self.addCleanup(setattr, leaks, "secrets_of", real)
        leaks.secrets_of = lambda _: {"s3cret0s3cret0s3cret0s3cret"}
        k = keeper.Keeper(None)
        k.command(command)
        k.close()
        return leaks.search(self.dir)

    def test_a_printed_secret_is_found(self) -> None:
        found = self.talk("status s3cret0s3cret0s3cret0s3cret")
        self.assertEqual(len(found), 1)
        self.assertNotIn("s3cret", found[0])

    def test_no_secret_no_leak(self) -> None:
        self.assertEqual(self.talk("status"), [])

    def test_half_a_secret_is_found(self) -> None:
        (self.dir / "x.console").write_text("s3cret0s3cret0\n")
        self.assertEqual(len(leaks.search(self.dir)), 1)

    def test_only_the_token_that_was_asked_for_is_masked(self) -> None:
        line = "@1 OK access_token=" + "ab" * 35
        self.assertNotIn("ab" * 35, keeper.GIVEN.sub(r"\1(given)", line))
        self.assertIn("ab" * 35, keeper.GIVEN.sub(r"\1(given)", line.replace("access", "refresh")))


if __name__ == "__main__":
    unittest.main()
