# SPDX-License-Identifier: Apache-2.0
"""A README's way from nothing to a token, typed as it stands there, at an image that is built."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from emulator import PATIENT_S, RECORDS, ROOT
from keeper import PROGRAM
from test_boards import BOARD, CERTS, IMAGE

HEADING = "## A token in the emulator\n"


class ByHand(unittest.TestCase):

    def setUp(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="tkh-"))
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        for file in (IMAGE, IMAGE.with_suffix(".elf")):
            shutil.copy(file, self.home)
        self.places = {"build/emulated": str(self.home), "build/bitrix24": CERTS,
                       "build/host/tokenkeeper": PROGRAM,
                       "build/tty.pid": str(self.home / "tty.pid"),
                       "build/tty": str(self.home / "tty"), "build/page": str(self.home / "page")}

    def commands(self) -> list[str]:
        """Those of the README, without the line that builds the image."""
        text = (ROOT / f"boards/{BOARD.name}/README.md").read_text().partition(HEADING)[2]
        lines = re.sub(r"\|\n +", "| ", re.search(r"```sh\n(.*?)\n```", text, re.S).group(1)).splitlines()
        self.assertEqual(len(lines), 5)
        self.assertIn(f"cmake --preset {BOARD.name} -B build/emulated ", lines.pop(1))
        self.inline = re.findall(r"`([^`]+)`", text.partition("\n## ")[0].rpartition("```")[2])
        return lines

    def run_line(self, line: str) -> str:
        for name, place in self.places.items():
            line = line.replace(name, place)
        done = subprocess.run(["sh", "-ec", line], cwd=ROOT, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENT_S, check=False)
        self.assertEqual(done.returncode, 0, (line, done.stdout, done.stderr))
        with (RECORDS / f"{self.home.name}.commands").open("a") as record:
            record.write(done.stdout if "bitrix24.py" not in line else "")
        return done.stdout

    def end(self, file: str) -> None:
        try:
            os.kill(int(Path(file).read_text()), signal.SIGTERM)
        except (OSError, ValueError):
            pass  # it has not begun, or has ended

    def test_from_nothing_to_a_token(self) -> None:
        self.addCleanup(self.end, f"{CERTS}/pid")
        self.addCleanup(self.end, self.home / "tty.pid")
        for line in self.commands():
            last = self.run_line(line)
        self.assertRegex(last, r"^OK state=ready generation=1 .*rest=ok")
        status, kill = self.inline
        self.assertRegex(self.run_line(status), rf"(?m)^gateway +{BOARD.id}, .*\ntoken +ready")
        self.run_line(kill)
