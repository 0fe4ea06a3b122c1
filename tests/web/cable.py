# SPDX-License-Identifier: Apache-2.0
"""A serial line between the browser and a gateway: what passes can be seen, changed and cut."""

from __future__ import annotations

import os
import pty
import re
import select
import threading
import tty
from pathlib import Path

COMMAND = re.compile(rb"@(\d+) ([^\r]*)\r")


class Cable:
    """A terminal at `link`, joined to another terminal; `link` is remade by plug()."""

    def __init__(self, link: Path, gateway: str) -> None:
        self.link = link
        self.commands: list[str] = []    # that passed, without their numbers
        self.errors: dict[str, str] = {}  # a command that begins so gets this instead, once
        self.before: dict[str, bytes] = {}  # ... and these bytes come before its answer
        self.cut_at = ""                 # the line is cut when a command begins so
        self.silent = ""                 # a command that begins so is lost
        self._gateway = os.open(gateway, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._gateway)
        self._wake_read, self._wake = os.pipe()
        self._ours, self._rest = -1, b""
        self.plug()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def plug(self) -> None:
        """Puts the cable in (again)."""
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(theirs))
        self._theirs = theirs  # kept open: a terminal without a user is hung up
        self._ours, self._rest = ours, b""
        os.write(self._wake, b"!")

    def cut(self) -> None:
        """Pulls the cable out."""
        ours, theirs = self._ours, self._theirs
        self._ours = -1
        os.close(theirs)
        os.write(self._wake, b"!")  # select() keeps what it waits for open
        os.close(ours)  # last: once the browser has noticed, plug() may come

    def type(self, data: bytes) -> None:
        """To the gateway, as another program at this port might."""
        os.write(self._gateway, data)

    def show(self, data: bytes) -> None:
        """To the browser."""
        os.write(self._ours, data)

    def close(self) -> None:
        os.write(self._wake, b"q")
        self._thread.join()
        if self._ours >= 0:
            self.cut()
        for fd in (self._gateway, self._wake, self._wake_read):
            os.close(fd)
        self.link.unlink(missing_ok=True)

    def _run(self) -> None:
        while True:
            ours = self._ours
            watched = [self._gateway, self._wake_read] + ([ours] if ours >= 0 else [])
            ready = select.select(watched, [], [])[0]
            if self._wake_read in ready and b"q" in os.read(self._wake_read, 16):
                return
            if self._gateway in ready:
                data = os.read(self._gateway, 4096)
                if self._ours >= 0:
                    os.write(self._ours, data)
            if ours in ready:
                self._from_browser(ours)

    def _from_browser(self, ours: int) -> None:
        try:
            self._rest += os.read(ours, 4096)
        except OSError:  # closed by the browser
            return
        while found := COMMAND.search(self._rest):
            os.write(self._gateway, self._rest[:found.start()])
            self._rest = self._rest[found.end():]
            self._command(found[0], found[1].decode(), found[2].decode())
            if self._ours < 0:
                return
        at = self._rest.find(b"@")  # what is no command passes at once
        at = len(self._rest) if at < 0 else at
        os.write(self._gateway, self._rest[:at])
        self._rest = self._rest[at:]

    def _command(self, line: bytes, number: str, command: str) -> None:
        self.commands.append(command)
        if self.cut_at and command.startswith(self.cut_at):
            self.cut_at = ""
            self.cut()
            return
        for start in [one for one in self.before if command.startswith(one)]:
            self.show(self.before.pop(start))
        for start in [one for one in self.errors if command.startswith(one)]:
            self.show(f"@{number} {self.errors.pop(start)}\r\n".encode())
            return
        if not (self.silent and command.startswith(self.silent)):
            os.write(self._gateway, line)
