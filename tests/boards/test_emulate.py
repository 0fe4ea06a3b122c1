# SPDX-License-Identifier: Apache-2.0
"""A board's README, followed by hand: `--target emulate`, then what it says to type."""

import os
import pty
import re
import secrets
import subprocess
import time
import tty
import unittest
from pathlib import Path

from emulator import PATIENT_S, RECORDS, ROOT, Lines

QUIT = b"\x01x"  # Ctrl-A X


class Emulate(unittest.TestCase):

    def setUp(self) -> None:
        self.board = os.environ["TK_BOARD"]
        self.folder = Path(os.environ["TK_IMAGE"]).parent
        for left in ("eeprom.bin", "nor.bin", "flash1.bin"):
            (self.folder / left).unlink(missing_ok=True)
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.process = subprocess.Popen(
            ["cmake", "--build", self.folder, "--target", "emulate"], cwd=ROOT, stdin=theirs,
            stdout=theirs, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs)
        self.out = Lines(os.dup(self.ours), RECORDS / f"{self.board}-emulate.console")
        self.addCleanup(self.end)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.ours)
        self.out.close()

    def type(self, line: str) -> str:
        """The last line of the answer."""
        start = len(self.out.all)
        for byte in line.encode() + b"\r":
            os.write(self.ours, bytes([byte]))
        return self.out.all[self.out.wait(r"(@1 )?(OK\b|ERR )", start)]

    def test_what_the_readme_says(self) -> None:
        readme = (ROOT / f"boards/{self.board}/README.md").read_text()
        self.assertIn(f"cmake --build --preset {self.board} --target emulate", readme)
        self.out.wait("EVT hello")
        values = {"seed": secrets.token_hex(32), "time": str(int(time.time()))}
        shown = re.findall(r"^    (seed|time) <", readme, re.M)
        self.assertIn("time", shown)
        for command in shown:
            self.assertIn("OK", self.type(f"{command} {values[command]}"))
        self.assertIn(f"board={self.board}", self.type("version"))
        os.write(self.ours, QUIT)
        self.process.wait(PATIENT_S)


if __name__ == "__main__":
    unittest.main()
