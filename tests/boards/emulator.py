# SPDX-License-Identifier: Apache-2.0
"""A board in QEMU, driven like the host program: over its console, against a Bitrix24."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from keeper import PATIENT_S, RECORDS, WITH_US, Answer, Keeper, Lines  # noqa: E402
from bitrix24 import Bitrix24  # noqa: E402
from ether import Ether  # noqa: E402
from gdb import Gdb  # noqa: E402

PORTAL, AUTH_HOST, WEBHOOK = "acme.bitrix24.com", "oauth.bitrix.info", "hook.bitrix24.com"
NTP = "time.example.com"  # resolved and served by ether.py
MOVED = "moved.bitrix24.com"  # another name of the portal
ADDRESSES = {NTP: "10.0.2.2", PORTAL: "10.0.2.100", AUTH_HOST: "10.0.2.101", WEBHOOK: "10.0.2.102",
             MOVED: "10.0.2.100"}
GDB = ("-gdb", "unix:{home}/gdb,server=on,wait=off")
TOOLS = {"qemu-system-arm": "arm-none-eabi-", "qemu-system-riscv32": "riscv64-unknown-elf-"}


@dataclass(frozen=True)
class Board:
    """The differences between boards."""

    name: str
    qemu: tuple[str, ...]
    nic: str                  # QEMU's model
    memory_size: int          # of the file of its non-volatile memory
    memory: tuple[str, ...]   # options for it; {file} is its file
    seeded: bool              # it has a random source
    watchdog: str             # the boot event after a watchdog reset; "": not emulated
    stack_bottom: int         # address
    endless_loop: bytes       # a branch to itself
    push: bytes               # prologue of a function that saves many registers
    id: str                   # with its MAC address
    program: tuple[str, ...] = ("-kernel", "{image}")
    program_size: int = 0     # of its flash bank; 0: any size
    budget: tuple[float, ...] = (98, 32, 1.12)  # M instructions with ECDSA, with RSA, resumed
    program_at: int = 0       # address
    # M instructions of TLS alone: with new certificates, with repeated ones, and of a step
    tls_budget: tuple[tuple[str, float, float, float], ...] = (
        ("ec", 18, 11, 100), ("rsa", 14, 14, 100), ("p384", 100, 60, 100))
    tls_resumed_budget: float = 0.66
    unmask: bytes = b""       # csrs mstatus, a0; ret: where the watchdog raises an interrupt
    flash_budget: int = 0     # limit of the image in bytes; 0: none
    minimal_budget: int = 0   # the same, built with TK_MINIMAL
    cut: signal.Signals = signal.SIGTERM  # ends QEMU without losing what the board has programmed


BOARDS = {board.name: board for board in (
    Board("lm3s6965evb", ("qemu-system-arm", "-M", "lm3s6965evb"), "stellaris", 32768,
          ("-drive", "if=none,id=ee,format=raw,file={file}",
           "-device", "at24c-eeprom,bus=i2c,address=0x50,drive=ee,rom-size=32768"), False,
          "boot cause=unknown", 0x20000000, b"\xfe\xe7", b"\x2d\xe9\xf0\x4f", "lm3s-525400123456",
          flash_budget=171000, minimal_budget=157000),
    Board("emcraft-sf2", ("qemu-system-arm", "-M", "emcraft-sf2"), "msf2-emac", 16 << 20,
          ("-drive", "if=mtd,format=raw,file={file}"), False,
          "", 0x20000000, b"\xfe\xe7", b"\x2d\xe9\xf0\x4f", "sf2-020000000001"),
    Board("qemu-rv32", ("qemu-system-riscv32", "-M", "virt", "-m", "16M", "-bios", "none",
                        "-global", "virtio-mmio.force-legacy=false",
                        "-device", "virtio-rng-device"), "virtio-net-device", 32 << 20,
          ("-drive", "if=pflash,unit=1,format=raw,file={file}"), True,
          "boot cause=fault pc=0x{loop:08x} lr=0x00000000 status=0x80000007", 0x80000000,
          b"\x01\xa0", b"\x39\x71\x4a\xd8", "rv32-525400123456",
          ("-drive", "if=pflash,unit=0,format=raw,readonly=on,file={image}"), 32 << 20,
          (116, 39, 1.55), 0x20000000,
          (("ec", 25, 15, 100), ("rsa", 18, 13, 100), ("p384", 100, 60, 100)), 1.0,
          b"\x73\x20\x05\x30\x82\x80",
          # QEMU 7.2 writes a pflash synchronously, and hangs on a SIGTERM during such a write.
          cut=signal.SIGKILL),
)}


class Emulator(Keeper):
    """start() may follow kill(): the non-volatile memory is kept."""

    def __init__(self, board: Board, image: Path, b24: Bitrix24,
                 extra: tuple[str, ...] = ()) -> None:
        # Without Keeper.__init__, which starts the host program.
        self.b24, self.board, self.image = b24, board, image
        self.home = Path(tempfile.mkdtemp(prefix="tkb-"))
        self.record = RECORDS / f"{self.home.name}.console"
        self.memory = self.home / "memory.bin"
        self.memory.write_bytes(b"\xff" * board.memory_size)
        if board.program_size:
            self.image = shutil.copy(image, self.home / "program.bin")
            os.truncate(self.image, board.program_size)
        self.ether = Ether(self.home, dict(ADDRESSES), RECORDS / f"{self.home.name}.frames")
        self.process: subprocess.Popen | None = None
        self.out: Lines | None = None
        self._terminal, self._seq, self._in = False, 0, -1
        self.extra = extra
        self.ports = {name: at.rpartition(":")[2] for name, at in (
            (PORTAL, b24.portal), (AUTH_HOST, b24.oauth), (WEBHOOK, b24.webhook))}  # of each start
        self.start()

    def _network(self) -> list[str]:
        forwards = "".join(f",guestfwd=tcp:{ADDRESSES[name]}:443-cmd:socat - TCP:127.0.0.1:{port}"
                           for name, port in self.ports.items())
        return self.ether.options(self.board.nic, forwards)

    def start(self, hello: bool = True) -> None:
        path = self.home / "serial"
        path.unlink(missing_ok=True)
        memory = [word.format(file=self.memory, image=self.image)
                  for word in self.board.program + self.board.memory]
        with (RECORDS / f"{self.home.name}.stderr").open("a") as errors:
            self.process = subprocess.Popen(
                [*WITH_US, *self.board.qemu, "-display", "none", "-monitor", "none",
                 "-chardev", f"socket,id=s0,path={path},server=on,wait=on", "-serial", "chardev:s0",
                 *self._network(), *memory,
                 *(word.format(home=self.home) for word in self.extra)],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self.wait_for(path.exists)
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENT_S)
        self._connect(line, path)
        line.settimeout(None)
        self._in = line.detach()
        self.out, self._open = Lines(os.dup(self._in), self.record), None
        if hello:
            self.out.wait("EVT boot")

    def _connect(self, line: socket.socket, path: Path) -> None:
        def connected() -> bool:
            try:
                line.connect(str(path))
            except ConnectionRefusedError:  # bound, but not listening yet
                return False
            return True
        self.wait_for(connected)

    def kill(self) -> None:
        """A power cut: stops the processor at any instruction."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(self.board.cut)
        self.wait_end()

    def wait_end(self) -> int:
        status = self.process.wait(PATIENT_S)
        if self.out:
            self.out.close()
            self.out = None
        self.close_input()
        return status

    def gdb(self) -> Gdb:
        """A debugger, with the processor stopped; needs `extra` = GDB."""
        return Gdb(self.home / "gdb", self.board.qemu[0], PATIENT_S)

    def set_registers(self, **values: int) -> None:
        """Sets registers of the running processor, as a hardware fault might."""
        with self.gdb() as gdb:
            for name, value in values.items():
                gdb.set(name, value)

    # --- provisioning ---

    def configure(self, **changes: str) -> None:
        super().configure(**({"portal": PORTAL, "auth_host": ""} | changes))

    def wake(self, offset_s: int = 0) -> None:
        """Sets the time, which a board without a clock needs after each start."""
        self.must(f"time {int(time.time()) + offset_s}")

    def seed(self) -> None:
        if not self.board.seeded:
            self.must(f"seed {os.urandom(32).hex()}")

    def wait_address(self) -> None:
        """Waits until DHCP has assigned one."""
        self.wait_for(lambda: "none yet" not in self.must("show")["ip"])

    def token(self) -> str:
        return self.must("token 1")["access_token"]

    def close(self) -> None:
        if self.process:
            self.kill()
        self.ether.close()
        shutil.rmtree(self.home, ignore_errors=True)
