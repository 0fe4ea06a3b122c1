# SPDX-License-Identifier: Apache-2.0
"""`--target emulate` of a board, followed by the commands in its README."""

import os
import pty
import re
import secrets
import signal
import subprocess
import sys
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
        for memory in ("eeprom.bin", "nor.bin", "flash1.bin"):
            (self.folder / memory).unlink(missing_ok=True)
        self.ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.process = subprocess.Popen(
            ["cmake", "--build", self.folder, "--target", "emulate"], cwd=ROOT, stdin=theirs,
            stdout=theirs, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(theirs)
        self.out = Lines(os.dup(self.ours), RECORDS / f"{self.board}-emulate.console")
        self.addCleanup(self.end)
        signal.signal(signal.SIGTERM, self.terminated)

    def terminated(self, *_: object) -> None:
        """Ends the emulator too, which is a child of cmake."""
        self.end()
        sys.exit(1)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        os.close(self.ours)
        self.out.close()

    def type(self, line: str) -> str:
        """Types a line; returns the last line of the answer."""
        start = len(self.out.all)
        for byte in line.encode() + b"\r":
            os.write(self.ours, bytes([byte]))
        return self.out.all[self.out.wait(r"(@1 )?(OK\b|ERR )", start)]

    def test_commands_of_the_readme(self) -> None:
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
