# SPDX-License-Identifier: Apache-2.0
"""How long an emulated processor delays interrupts, by a trace of every instruction.

QEMU writes a line for every executed instruction and for the start and end of every interrupt; the
instructions that mask and unmask them are found by disassembly of the image."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from patience import PATIENT_S

MONITOR = ("-monitor", "unix:{home}/monitor,server=on,wait=off")
LINE = re.compile(rb"Trace 0: \S+ \[\w+/(\w+)/|(cpu_io_recompile|Stopped execution of TB chain)|"
                  rb"(Taking exception 5 |riscv_cpu_do_interrupt: hart:0, async:1)|"
                  rb"(\.\.\.successful exception return)")


@dataclass
class Code:
    """Addresses of instructions."""

    masks: set[int]
    unmasks: set[int]
    returns: set[int]  # from an interrupt, where QEMU writes no line

    @classmethod
    def of(cls, elf: Path, tools: str) -> Code:
        text = subprocess.run([f"{tools}objdump", "-d", str(elf)], check=True, capture_output=True,
                              text=True).stdout

        def places(pattern: str) -> set[int]:
            return {int(at, 16) for at in re.findall(rf"^ *([0-9a-f]+):.*\t(?:{pattern})", text,
                                                     re.MULTILINE)}
        found = cls(places(r"cpsid\ti|csrrci?\t\w+,mstatus,8"),
                    places(r"msr\tPRIMASK|csrs\tmstatus"), places("mret"))
        if not found.masks or not found.unmasks:
            raise AssertionError("found no instruction that masks interrupts")
        return found


@dataclass
class Longest:
    """The longest stretch of a kind."""

    instructions: int = 0
    start: int = 0  # address of its first one
    count: int = 0


@dataclass
class Stretches:
    """The stretches of a trace."""

    code: Code
    instructions: int = 0
    by_mask: Longest = field(default_factory=Longest)
    by_interrupt: Longest = field(default_factory=Longest)
    _depth: int = 0
    _taken: bool = False  # within an interrupt
    _now: int = 0
    _from: int = 0
    _next: int = -1       # an instruction that may not have been executed yet

    def take(self, line: re.Match) -> None:
        """An instruction counts unless the next line revokes it; QEMU then writes it again."""
        if line[2]:
            self._next = -1
            return
        if self._next >= 0:
            self._execute(self._next)
        self._next = int(line[1], 16) if line[1] else -1
        if line[3]:
            self._taken, self._now = True, 0  # pending interrupts are taken here
        elif line[4]:
            self._taken, self._now = False, 0  # ... and here; the next instruction may mask them

    def _execute(self, at: int) -> None:
        self.instructions += 1
        if at in self.code.masks:
            self._depth += 1
        elif at in self.code.unmasks:
            self._depth = max(0, self._depth - 1)
        elif at in self.code.returns:
            self._taken = False
        self._count(at)

    def _count(self, at: int) -> None:
        if self._depth == 0 and not self._taken:
            self._now = 0
            return
        longest = self.by_interrupt if self._taken else self.by_mask
        if self._now == 0:
            self._from = at
            longest.count += 1
        self._now += 1
        if self._now > longest.instructions:
            longest.instructions, longest.start = self._now, self._from


@dataclass
class Tracer:
    """Traces a board that was started with MONITOR, during a with statement."""

    home: Path
    code: Code
    found: Stretches = field(init=False)

    def __enter__(self) -> Stretches:
        self.found = Stretches(self.code)
        self._fifo = self.home / "trace"
        os.mkfifo(self._fifo)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self._monitor = socket.socket(socket.AF_UNIX)
        self._monitor.settimeout(PATIENT_S)
        self._monitor.connect(str(self.home / "monitor"))
        self._wait_prompt()
        for command in ("singlestep on", f"logfile {self._fifo}", "log exec,nochain,int"):
            self._command(command)
        return self.found

    def __exit__(self, *_) -> None:
        for command in ("log none", "singlestep off", "logfile /dev/null"):
            self._command(command)
        self._monitor.close()
        self._reader.join(PATIENT_S)
        self._fifo.unlink()

    def _wait_prompt(self) -> None:
        got = b""
        while not got.endswith(b"(qemu) "):
            got += self._monitor.recv(4096)

    def _command(self, command: str) -> None:
        self._monitor.sendall(command.encode() + b"\n")
        self._wait_prompt()

    def _read(self) -> None:
        with self._fifo.open("rb") as lines:
            for line in lines:
                if match := LINE.match(line):
                    self.found.take(match)
