# SPDX-License-Identifier: Apache-2.0
"""Limits of time, in instructions: how long interrupts are kept out, what TLS alone costs. And
bytes that come while the processor is busy."""

import os
import subprocess
import time
from pathlib import Path

from emulator import GDB, TOOLS
from gdb import Gdb
from keeper import PATIENT_S
from test_boards import BOARD, IMAGE, BoardCase
from trace import MONITOR, Code, Tracer

ELF = IMAGE.with_suffix(".elf")
# A fiftieth of a millisecond at 50 MHz, if each took a cycle.
LONGEST_MASKED = 1000
LONG_LINE = "ca add " + "QUJD" * 250


def symbols() -> dict[str, int]:
    """Functions of the image."""
    text = subprocess.run([f"{TOOLS[BOARD.qemu[0]]}nm", str(ELF)], check=True, capture_output=True,
                          text=True).stdout
    words = [line.split() for line in text.splitlines()]
    return {word[2]: int(word[0], 16) for word in words if len(word) == 3 and word[1] in "tT"}


def name_of(address: int) -> str:
    """The function that an address lies in."""
    return max(((at, name) for name, at in symbols().items() if at <= address), default=(0, "?"))[1]


class Masked(BoardCase):
    """Interrupts are never kept out for 1 ms: neither by a mask nor by another interrupt."""

    extra = ("-icount", "shift=0", *MONITOR)

    def test_longest(self) -> None:
        """While it reads lines, prints, resumes sessions, refreshes, stores and sleeps. A full
        handshake is too long to be traced, and masks nothing itself."""
        self.ready()
        self.k.must(f"auth code {self.k.redirect()}")
        code = Code.of(ELF, TOOLS[BOARD.qemu[0]])
        self.k.must("ca add begin")
        time.sleep(10)  # the product does not refresh sooner
        with Tracer(self.k.home, code) as found:
            self.k.must(LONG_LINE)
            self.k.must("status --all")
            self.k.must("auth refresh")
            time.sleep(1)  # it sleeps, and wakes
            self.k.must("version")
        print(f"\n= interrupts were kept out {found.stretches} times in {found.instructions} "
              f"instructions, {found.longest} at the longest, from {name_of(found.longest_from)}")
        self.assertGreater(found.instructions, 100000)
        self.assertGreater(found.stretches, 100)
        self.assertLess(found.longest, LONGEST_MASKED)
