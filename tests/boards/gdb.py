# SPDX-License-Identifier: Apache-2.0
"""The part of the GDB remote protocol that tests of an emulated processor need."""

from __future__ import annotations

import re
import socket
from pathlib import Path

REGISTERS = {"qemu-system-arm": {"sp": 13, "ra": 14, "pc": 15},
             "qemu-system-riscv32": {"ra": 1, "sp": 2, "a0": 10, "pc": 32}}


class Gdb:
    """A processor that is stopped during a with statement."""

    def __init__(self, path: Path, qemu: str, patient_s: float) -> None:
        self._registers = REGISTERS[qemu]
        self._line = socket.socket(socket.AF_UNIX)
        self._line.settimeout(patient_s)
        self._line.connect(str(path))
        self._got = b""
        self._line.sendall(b"\x03")
        while not self._packet().startswith(b"T"):
            pass
        # QEMU accepts single registers only after their description has been read.
        self._ask("qXfer:features:read:target.xml:0,ffb", b"l")

    def __enter__(self) -> Gdb:
        return self

    def __exit__(self, *_) -> None:
        try:
            self._ask("D", b"OK")  # detach: continues
        finally:
            self._line.close()

    # --- packets ---

    def _packet(self) -> bytes:
        """The next packet."""
        while not (found := re.search(rb"\$([^#]*)#[0-9a-f]{2}", self._got)):
            data = self._line.recv(4096)
            if not data:
                raise AssertionError("the GDB stub has closed")
            self._got += data
        self._got = self._got[found.end():]
        return found[1]

    def _ask(self, packet: str, wanted: bytes) -> None:
        self._line.sendall(b"+$%s#%02x" % (packet.encode(), sum(packet.encode()) % 256))
        answer = self._packet()
        if not answer.startswith(wanted):
            raise AssertionError(f"the GDB stub returns {answer!r} for {packet}")

    # --- the processor ---

    def set(self, name: str, value: int) -> None:
        self._ask(f"P{self._registers[name]:x}={value.to_bytes(4, 'little').hex()}", b"OK")
