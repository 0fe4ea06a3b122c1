# SPDX-License-Identifier: Apache-2.0
"""A client of boards/host/PROTOCOL.md, for what the program itself does not send."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from patience import PATIENT_S

GREETING = {"tokenkeeper": 2}


class Client:
    """A connection; greets at once unless told otherwise."""

    def __init__(self, path: Path, greet: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENT_S)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rb")
        self.greeting = {}
        if greet:
            self.send(GREETING)
            self.greeting = json.loads(self.file.readline() or b"{}")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self.file.close()
        self.socket.close()

    def send(self, request: dict | bytes) -> None:
        self.socket.sendall(request if isinstance(request, bytes)
                            else json.dumps(request).encode() + b"\n")

    def pieces(self) -> list[bytes]:
        """The pieces of one answer."""
        found = []
        while (length := int(self.file.readline())) > 0:
            found.append(self.file.read(length))
        return found

    def answer(self) -> dict:
        return json.loads(b"".join(self.pieces()))

    def ask(self, request: dict | bytes) -> dict:
        self.send(request)
        return self.answer()

    def start_call(self, method: str, body: dict, **members) -> None:
        """Sends a REST call."""
        data = json.dumps(body).encode()
        line = {"op": "call", "method": method, "length": len(data)} | members
        self.send(json.dumps(line).encode() + b"\n" + data)

    def answer_of_call(self) -> tuple[bytes, dict]:
        """What the portal answered, and how the call ended."""
        return b"".join(self.pieces()), self.answer()

    def call(self, method: str, body: dict, **members) -> tuple[bytes, dict]:
        self.start_call(method, body, **members)
        return self.answer_of_call()

    def ended(self) -> bool:
        """Whether the service closes the connection without another byte."""
        try:
            return self.file.read(1) == b""
        except ConnectionError:
            return True
