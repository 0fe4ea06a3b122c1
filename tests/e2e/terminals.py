# SPDX-License-Identifier: Apache-2.0
"""Programs at a terminal of their own, and serial devices whose other end is a test."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import termios
import threading
import time
import tty
from collections.abc import Callable

from keeper import PROGRAM, WITH_US
from patience import PATIENT_S


class Terminal:
    """`tokenkeeper`, or another command, with a controlling terminal: what it prints there, and what
    is typed."""

    def __init__(self, *arguments: str, env: dict[str, str], command: tuple[str, ...] = ()) -> None:
        self._fd, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [*WITH_US, *(command or (PROGRAM, *arguments))], env=env, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))  # pylint: disable=W1509
        os.close(theirs)
        self.seen = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._fd)

    def type(self, text: str) -> None:
        os.write(self._fd, text.encode())

    def wait(self, text: str, start: int = 0) -> int:
        """Waits until text was printed at or behind `start`; returns where what follows begins."""
        end = time.monotonic() + PATIENT_S
        while (at := self.seen.find(text, start)) < 0:
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"no {text!r} in {self.seen[start:]!r}")
        return at + len(text)

    def wait_end(self) -> int:
        end = time.monotonic() + PATIENT_S
        while self._read(end - time.monotonic()):
            pass
        return self.process.wait(PATIENT_S)

    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self._fd)[3] & termios.ECHO)

    def stops(self) -> bool:
        """Whether Ctrl-Z and Ctrl-\\ stop the program."""
        keys = termios.tcgetattr(self._fd)[6]
        return keys[termios.VSUSP] != b"\0" and keys[termios.VQUIT] != b"\0"

    def _read(self, seconds: float) -> bool:
        if seconds <= 0 or not select.select([self._fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # EIO: it has ended
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


class Peer:
    """A serial device at which `answer` speaks: it gets each line and returns the bytes to send;
    None hangs up."""

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        self._fd, theirs = pty.openpty()
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        self._kept, self._answer = theirs, answer
        self.lines: list[str] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_) -> None:
        self._hang_up()
        self._thread.join(PATIENT_S)

    def _hang_up(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(self._kept)
            os.close(fd)

    def _run(self) -> None:
        rest = b""
        while (fd := self._fd) >= 0:
            if not select.select([fd], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(fd, 4096)
            except OSError:
                return
            *whole, rest = (rest + data).split(b"\r")
            for line in whole:
                self.lines.append(line.decode())
                reply = self._answer(self.lines[-1])
                if reply is None:
                    self._hang_up()
                    return
                os.write(fd, reply)
