# SPDX-License-Identifier: Apache-2.0
"""The little of GDB's remote protocol that tests need of an emulated processor."""

from __future__ import annotations

import re
import socket
from pathlib import Path

REGISTERS = {"qemu-system-arm": {"sp": 13, "ra": 14, "pc": 15},
             "qemu-system-riscv32": {"ra": 1, "sp": 2, "a0": 10, "pc": 32}}


class Gdb:
    """A stopped processor, from stop() or wait_stop() to resume(). It goes on at the end of the
    with statement."""

    def __init__(self, path: Path, qemu: str, patient_s: float) -> None:
        self._registers = REGISTERS[qemu]
        self._line = socket.socket(socket.AF_UNIX)
        self._line.settimeout(patient_s)
        self._line.connect(str(path))
        self._got = b""
        self._breaks: set[int] = set()
        self.stop()
        # QEMU takes single registers only from who has asked for their description.
        self._ask("qXfer:features:read:target.xml:0,ffb", b"l")

    def __enter__(self) -> Gdb:
        return self

    def __exit__(self, *_) -> None:
        try:
            for address in list(self._breaks):
                self.unbreak(address)
            self._ask("D", b"OK")
        finally:
            self._line.close()

    # --- packets ---

    def _send(self, packet: str) -> None:
        self._line.sendall(b"+$%s#%02x" % (packet.encode(), sum(packet.encode()) % 256))

    def _packet(self) -> bytes:
        """The next one."""
        while not (found := re.search(rb"\$([^#]*)#[0-9a-f]{2}", self._got)):
            data = self._line.recv(4096)
            if not data:
                raise AssertionError("GDB's stub has left")
            self._got += data
        self._got = self._got[found.end():]
        return found[1]

    def _ask(self, packet: str, wanted: bytes = b"") -> bytes:
        self._send(packet)
        answer = self._packet()
        if not answer.startswith(wanted):
            raise AssertionError(f"GDB's stub answers {answer!r} to {packet}")
        return answer

    # --- the processor ---

    def stop(self) -> None:
        """From running."""
        self._line.sendall(b"\x03")
        while not self._packet().startswith(b"T"):
            pass

    def resume(self) -> None:
        """wait_stop() is to be called then, or stop()."""
        self._send("c")

    def wait_stop(self, seconds: float) -> bool:
        """Whether it comes to a breakpoint so soon."""
        patient_s = self._line.gettimeout()
        self._line.settimeout(seconds)
        try:
            return self._packet().startswith(b"T")
        except TimeoutError:
            return False
        finally:
            self._line.settimeout(patient_s)

    def set(self, name: str, value: int) -> None:
        self._ask(f"P{self._registers[name]:x}={value.to_bytes(4, 'little').hex()}", b"OK")

    def get(self, name: str) -> int:
        return int.from_bytes(bytes.fromhex(self._ask(f"p{self._registers[name]:x}").decode()),
                              "little")

    def word(self, address: int) -> int:
        """Of memory, or a device's register."""
        return int.from_bytes(bytes.fromhex(self._ask(f"m{address:x},4").decode()), "little")

    def breakpoint(self, address: int) -> None:
        self._ask(f"Z0,{address:x},2", b"OK")
        self._breaks.add(address)

    def unbreak(self, address: int) -> None:
        self._ask(f"z0,{address:x},2", b"OK")
        self._breaks.discard(address)
