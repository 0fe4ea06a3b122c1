# SPDX-License-Identifier: Apache-2.0
"""A service of boards/host/PROTOCOL.md that answers as a test says."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Callable

from patience import PATIENT_S

GREETING = b'{"tokenkeeper":2,"version":"0","role":"get"}\n'
PIECE = 1024


class Connection:
    """A client's: its request, and what is sent to it."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(PATIENT_S)
        self.socket, self.file = connection, connection.makefile("rb")

    def greet(self) -> dict:
        """Takes the greeting, answers it, and returns the request."""
        self.file.readline()
        self.send(GREETING)
        return json.loads(self.file.readline())

    def body(self, request: dict) -> bytes:
        return self.file.read(request.get("length", 0))

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send_part(self, data: bytes | dict, piece: int = PIECE) -> None:
        if isinstance(data, dict):
            data = json.dumps(data, ensure_ascii=False).encode()
        for at in range(0, len(data), piece):
            some = data[at:at + piece]
            self.send(b"%d\n%s" % (len(some), some))
        self.send(b"0\n")

    def answer(self, first: bytes | dict, **members: object) -> None:
        """Both parts of the answer to a call."""
        self.send_part(first)
        self.send_part({"ok": True, "outcome": "done", "status": 200} | members)


class Service:
    """Listens at path; each connection is handled by the next of the functions, or by the last."""

    def __init__(self, path: Path, *handlers: Callable[[Connection], None]) -> None:
        self.requests: list[tuple[dict, bytes]] = []
        self._handlers = list(handlers)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            handler = self._handlers.pop(0) if len(self._handlers) > 1 else self._handlers[0]
            try:
                handler(Connection(connection))
            except (ConnectionError, ValueError):
                pass  # the client has left
            finally:
                connection.close()

    def take(self, connection: Connection) -> dict:
        """The request, which is kept with its body."""
        request = connection.greet()
        self.requests.append((request, connection.body(request)))
        return request

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(PATIENT_S)
