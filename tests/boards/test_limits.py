# SPDX-License-Identifier: Apache-2.0
"""Limits in instructions: how long interrupts are masked, and the cost of TLS alone. And input
while the processor is busy."""

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
# At 50 MHz and a cycle each: a hundredth of a millisecond, and a tenth, in which an interrupt
# empties a UART of 16 bytes.
LONGEST_MASK, LONGEST_INTERRUPT = 500, 5000
LONG_LINE = "ca add " + "QUJD" * 100
ASK_AGAIN_S = 5
PIECE = 12  # bytes that a UART may hold; QEMU would pass on thousands at once


def symbols() -> dict[str, int]:
    """Functions of the image, without the suffixes that the compiler appends to clones."""
    text = subprocess.run([f"{TOOLS[BOARD.qemu[0]]}nm", str(ELF)], check=True, capture_output=True,
                          text=True).stdout
    words = [line.split() for line in text.splitlines()]
    return {word[2].partition(".")[0]: int(word[0], 16) for word in words
            if len(word) == 3 and word[1] in "tT"}


def name_of(address: int) -> str:
    """The function at an address."""
    return max(((at, name) for name, at in symbols().items() if at <= address), default=(0, "?"))[1]


def returns_from(function: str) -> list[int]:
    """Return addresses of its calls."""
    text = subprocess.run([f"{TOOLS[BOARD.qemu[0]]}objdump", "-d", str(ELF)], check=True,
                          capture_output=True, text=True).stdout
    places = re.findall(rf"(?:bl|jal)\t.*<{function}(?:[.]\w+)*>\n *(\w+):", text)
    return [int(at, 16) for at in places]


class TlsAlone(BoardCase):
    """Instructions of a handshake, from ClientHello to Finished: without DNS, TCP and console, but
    with the interrupts in the meantime."""

    function = "mbedtls_ssl_handshake_step"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        folder = Path(tempfile.mkdtemp(prefix="tk-steps-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        cls.out, plugin = folder / "steps", folder / "steps.so"
        subprocess.run(["gcc", "-std=gnu99", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
                        "-fPIC", "-o", str(plugin), str(Path(__file__).with_name("steps.c"))],
                       check=True)
        leaves = "".join(f",leave={at:#x}" for at in returns_from(cls.function))
        cls.extra = ("-plugin", f"{plugin},out={cls.out},enter={symbols()[cls.function]:#x}{leaves}")

    def steps(self) -> list[int]:
        """Instructions of each step so far."""
        sums = [0, *(int(line.split()[1]) for line in self.out.read_text().splitlines())]
        return [after - before for before, after in zip(sums, sums[1:])]

    def steps_of_check(self) -> list[int]:
        """Those of its two handshakes, with two hosts that have the same certificates."""
        before = len(self.steps())
        self.k.must("check")
        return self.steps()[before:]

    def test_handshakes(self) -> None:
        self.ready()
        for cert, most_new, most, most_of_a_step in BOARD.tls_budget:
            self.b24.set(oauth_cert=cert, portal_cert=cert)
            self.b24.forget_sessions()
            both = self.steps_of_check()
            resumed = sum(self.steps_of_check()) / 2e6
            self.b24.forget_sessions()
            again = sum(self.steps_of_check()) / 2e6
            new, longest = sum(both) / 1e6 - again, max(both) / 1e6
            print(f"\n= TLS alone, M instructions: {cert}: new certificates {new:.1f}, repeated "
                  f"{again:.1f}, resumed {resumed:.3f}; longest step {longest:.1f}")
            note(f"tls_{cert}_new", new)
            note(f"tls_{cert}", again)
            note("tls_resumed", resumed)
            note("tls_step", longest)
            self.assertLess(new, most_new)
            self.assertLess(again, most)
            self.assertLess(longest, most_of_a_step)
            self.assertLess(resumed, BOARD.tls_resumed_budget)
            self.assertGreater(again, 2)  # plausible
            self.assertGreater(resumed, 0.1)


class Overrun(BoardCase):
    """The emulated UART is flow-controlled: the ring buffer overflows while the processor is busy
    with a handshake."""

    def overruns(self) -> int:
        """Repeats the command until it is answered: it is lost while the ring buffer is full."""
        while True:
            asked = self.k.ask("status --all", while_busy=True)
            with contextlib.suppress(AssertionError):
                answer = self.k.answered(asked, ASK_AGAIN_S)
                if answer.ok:
                    return int(answer["rx_overruns"])
            self.assertLess(time.monotonic(), self.give_up, "no answer")

    def test_is_counted_and_reported(self) -> None:
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
    """Interrupts are never delayed by 1 ms, neither by a mask nor by another interrupt."""

    extra = ("-icount", "shift=0", *MONITOR)

    def type_slowly(self, line: str) -> None:
        """Like an operator, who sees the echo before typing on."""
        for at in range(0, len(line), PIECE):
            piece, start = line[at:at + PIECE].encode(), len(self.k.out.raw)
            self.k.type(piece)
            self.k.wait_for(lambda: piece in self.k.out.raw[start:])
        self.k.type(b"\r")

    def test_counting(self) -> None:
        """A mask right after an interrupt is not part of it."""
        step = "Trace 0: 0x0 [0/%x/0]\n"
        trace = (step % 1 + "Taking exception 5 \n" + step % 2 * 50 +
                 "...successful exception return\n" + step % 3 + step % 2 * 5 + step % 4 * 2)
        found = Stretches(Code({3}, {4}, set()))
        for line in LINE.finditer(trace.encode()):
            found.take(line)
        self.assertEqual((found.by_mask.instructions, found.by_interrupt.instructions), (6, 50))

    def test_longest(self) -> None:
        """During input, output, resumed sessions, a refresh, writes to flash and sleep. A full
        handshake is too long for a trace and masks nothing itself."""
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
            print(f"\n= {what} delayed interrupts {longest.count} times in {found.instructions} "
                  f"instructions, {longest.instructions} at the longest, "
                  f"from {name_of(longest.start)}")
            self.assertGreater(longest.count, 30)
        note("masked", found.by_mask.instructions)
        self.assertGreater(found.instructions, 100000)
        self.assertLess(found.by_mask.instructions, LONGEST_MASK)
        self.assertLess(found.by_interrupt.instructions, LONGEST_INTERRUPT)
