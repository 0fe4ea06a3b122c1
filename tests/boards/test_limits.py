# SPDX-License-Identifier: Apache-2.0
"""Limits of time, in instructions: how long interrupts are kept out, what TLS alone costs. And
bytes that come while the processor is busy."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from emulator import TOOLS
from figures import note
from keeper import PATIENT_S
from test_boards import BOARD, IMAGE, BoardCase
from tracer import LINE, MONITOR, Code, Stretches, Tracer

ELF = IMAGE.with_suffix(".elf")
# Of a millisecond at 50 MHz, if each took a cycle: a hundredth, and a tenth, in which a UART is
# emptied that held 16 bytes.
LONGEST_MASK, LONGEST_INTERRUPT = 500, 5000
LONG_LINE = "ca add " + "QUJD" * 100
ASK_AGAIN_S = 5
PIECE = 12  # bytes: what a UART may hold, where QEMU would hand on thousands at once


def symbols() -> dict[str, int]:
    """Functions of the image; a compiler that made one its own has appended to its name."""
    text = subprocess.run([f"{TOOLS[BOARD.qemu[0]]}nm", str(ELF)], check=True, capture_output=True,
                          text=True).stdout
    words = [line.split() for line in text.splitlines()]
    return {word[2].partition(".")[0]: int(word[0], 16) for word in words
            if len(word) == 3 and word[1] in "tT"}


def name_of(address: int) -> str:
    """The function that an address lies in."""
    return max(((at, name) for name, at in symbols().items() if at <= address), default=(0, "?"))[1]


def returns_from(function: str) -> list[int]:
    """Where its callers go on."""
    text = subprocess.run([f"{TOOLS[BOARD.qemu[0]]}objdump", "-d", str(ELF)], check=True,
                          capture_output=True, text=True).stdout
    places = re.findall(rf"(?:bl|jal)\t.*<{function}(?:[.]\w+)*>\n *(\w+):", text)
    return [int(at, 16) for at in places]


class TlsAlone(BoardCase):
    """Instructions of a handshake's steps, from ClientHello to Finished: without names, TCP and
    console, but with the interrupts that come meanwhile."""

    function = "mbedtls_ssl_handshake_step"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = Path(tempfile.mkdtemp(prefix="tk-steps-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.out, plugin = folder / "steps", folder / "steps.so"
        subprocess.run(["gcc", "-std=gnu99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC",
                        "-o", str(plugin), str(Path(__file__).with_name("steps.c"))], check=True)
        leaves = "".join(f",leave={at:#x}" for at in returns_from(cls.function))
        cls.extra = ("-plugin", f"{plugin},out={cls.out},enter={symbols()[cls.function]:#x}{leaves}")

    def spent(self) -> int:
        """Instructions so far."""
        lines = self.out.read_text().splitlines()
        return int(lines[-1].split()[1]) if lines else 0

    def cost_of(self, command: str) -> float:
        """Millions of instructions of all handshakes of a command."""
        before = self.spent()
        self.k.must(command)
        return (self.spent() - before) / 1e6

    def test_handshakes(self) -> None:
        self.ready()
        told = []
        for cert, budget in zip(("ec", "rsa"), BOARD.tls_budget):
            self.b24.set(oauth_cert=cert, portal_cert=cert)
            self.b24.forget_sessions()
            full, resumed = (self.cost_of("check") / 2 for _ in range(2))  # of two hosts
            told.append(f"{cert} {full:.1f} M, resumed {resumed:.3f} M")
            note(f"tls_{cert}", full)
            note("tls_resumed", resumed)
            self.assertLess(full, budget)
            self.assertLess(resumed, BOARD.tls_budget[2])
            self.assertGreater(full, 5)  # something was measured
            self.assertGreater(resumed, 0.1)
        print(f"\n= TLS alone, instructions: {'; '.join(told)}")


class Overrun(BoardCase):
    """The emulated UART waits for the receiver: the ring overflows while the processor is busy with
    a handshake."""

    def overruns(self) -> int:
        """Asked until it is answered: a command is lost itself while the ring is full."""
        while True:
            asked = self.k.ask("status --all", while_busy=True)
            with contextlib.suppress(AssertionError):
                answer = self.k.answered(asked, ASK_AGAIN_S)
                if answer.ok:
                    return int(answer["rx_overruns"])
            self.assertLess(time.monotonic(), self.give_up, "no answer any more")

    def test_is_counted_and_told(self) -> None:
        self.ready()
        self.give_up = time.monotonic() + 3 * PATIENT_S
        self.assertEqual(self.overruns(), 0)
        while self.overruns() == 0:
            self.b24.forget_sessions()
            asked = self.k.ask("check")
            self.k.type(b"version\n" * 1500)
            self.k.answered(asked)
            self.assertLess(time.monotonic(), self.give_up, "no overrun")
        self.assertIn("ERR rx_overrun", "\n".join(self.k.out.all))
        self.assertTrue(self.k.must("check").ok)


class Masked(BoardCase):
    """Interrupts are never kept out for 1 ms: neither by a mask nor by another interrupt."""

    extra = ("-icount", "shift=0", *MONITOR)

    def type_slowly(self, line: str) -> None:
        """As a person does, who sees what he has typed before he goes on."""
        for at in range(0, len(line), PIECE):
            piece, start = line[at:at + PIECE].encode(), len(self.k.out.raw)
            self.k.type(piece)
            self.k.wait_for(lambda: piece in self.k.out.raw[start:])
        self.k.type(b"\r")

    def test_what_counts(self) -> None:
        """A mask right behind the end of an interrupt is no part of it."""
        step = "Trace 0: 0x0 [0/%x/0]\n"
        trace = (step % 1 + "Taking exception 5 \n" + step % 2 * 50 +
                 "...successful exception return\n" + step % 3 + step % 2 * 5 + step % 4 * 2)
        found = Stretches(Code({3}, {4}, set()))
        for line in LINE.finditer(trace.encode()):
            found.take(line)
        self.assertEqual((found.by_mask.instructions, found.by_interrupt.instructions), (6, 50))

    def test_longest(self) -> None:
        """While it reads lines, prints, resumes sessions, refreshes, stores and sleeps. A full
        handshake is too long to be traced, and masks nothing itself."""
        self.ready()
        self.k.must(f"auth code {self.k.redirect()}")
        code = Code.of(ELF, TOOLS[BOARD.qemu[0]])
        self.k.must("ca add begin")
        with Tracer(self.k.home, code) as found:
            self.type_slowly(LONG_LINE)
            self.k.must("status --all")
            refreshed = self.k.refresh(poll_s=2)  # each command is traced
            self.k.must("version")
        self.assertTrue(refreshed.ok, repr(refreshed))
        for what, longest in (("a mask", found.by_mask), ("an interrupt", found.by_interrupt)):
            print(f"\n= {what} kept interrupts out {longest.count} times in {found.instructions} "
                  f"instructions, {longest.instructions} at the longest, "
                  f"from {name_of(longest.start)}")
            self.assertGreater(longest.count, 30)
        note("masked", found.by_mask.instructions)
        self.assertGreater(found.instructions, 100000)
        self.assertLess(found.by_mask.instructions, LONGEST_MASK)
        self.assertLess(found.by_interrupt.instructions, LONGEST_INTERRUPT)
