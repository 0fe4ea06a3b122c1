# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 on the wire: strict parsing of requests, framing of responses as configured."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Callable
from urllib.parse import parse_qsl

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=UTF-8"
MAX_HEAD, MAX_BODY = 64 * 1024, 4 * 1024 * 1024


class BadRequest(Exception):
    """The request is not valid HTTP/1.1."""


class Gone(Exception):
    """The client has closed its side within a request."""


@dataclass
class Request:
    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def query(self) -> dict[str, Any]:
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON, or None."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def form(self) -> dict[str, Any]:
        """The fields of the body: of JSON, by its Content-Type, or else of a form."""
        if "json" in self.headers.get("content-type", ""):
            value = self.json()
            return value if isinstance(value, dict) else {}
        return dict(parse_qsl(self.body.decode("latin-1"), keep_blank_values=True))

    def params(self) -> dict[str, Any]:
        """Query and body together, as PHP's $_REQUEST; the body wins."""
        return {**self.query(), **self.form()}

    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def wants_close(self) -> bool:
        options = self.headers.get("connection", "").lower()
        return "close" in options or (self.version == "HTTP/1.0" and "keep-alive" not in options)


class Reader:
    """Requests from a byte stream; `receive` returns b"" at its end."""

    def __init__(self, receive: Callable[[int], bytes]) -> None:
        self._receive = receive
        self._buffer = bytearray()

    def request(self, go_on: Callable[[], None]) -> Request | None:
        """The next request, None at a clean end; go_on responds to `Expect: 100-continue`."""
        head = self._until(b"\r\n\r\n", MAX_HEAD, at_start=True)
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3 or words[2] not in ("HTTP/1.0", "HTTP/1.1") or words[1][:1] != "/":
            raise BadRequest(f"request line {len(first)} bytes")
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequest("header line")
            name = name.lower()
            if name in headers and name in ("content-length", "host"):
                raise BadRequest(f"two {name} headers")
            headers[name] = value.strip()
        if words[2] == "HTTP/1.1" and "host" not in headers:
            raise BadRequest("no Host header")
        if headers.get("expect", "").lower() == "100-continue":
            go_on()
        return Request(words[0], words[1], words[2], headers, self._body(headers))

    def _body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            if headers["transfer-encoding"].lower() != "chunked" or "content-length" in headers:
                raise BadRequest("transfer coding")
            return self._chunks()
        length = headers.get("content-length", "0")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > MAX_BODY:
            raise BadRequest("content length")
        return self._exactly(int(length))

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self._until(b"\r\n", 1024) or b""
            digits = re.match(rb"[0-9a-fA-F]{1,6}(?=;|$)", line)
            if not digits or len(body) > MAX_BODY:
                raise BadRequest("chunk size")
            size = int(digits[0], 16)
            if size == 0:
                while self._until(b"\r\n", 1024):    # trailers
                    pass
                return bytes(body)
            body += self._exactly(size)
            if self._exactly(2) != b"\r\n":
                raise BadRequest("end of chunk")

    def _fill(self) -> None:
        data = self._receive(65536)
        if not data:
            raise Gone
        self._buffer += data

    def _until(self, mark: bytes, limit: int, at_start: bool = False) -> bytes | None:
        while mark not in self._buffer:
            if len(self._buffer) > limit:
                raise BadRequest("too long")
            try:
                self._fill()
            except Gone:
                if at_start and not self._buffer:
                    return None
                raise
        return self._take(self._buffer.index(mark), len(mark))

    def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._fill()
        return self._take(size)

    def _take(self, size: int, skip: int = 0) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size + skip]
        return data


@dataclass
class Response:
    status: int = 200
    body: bytes = b""
    type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)
    outcome: str = "ok"         # "ok" or the error code, for the journal


def json_response(value: Any, status: int = 200, plain_slashes: bool = True, **more: Any
                  ) -> Response:
    """JSON as PHP encodes it: no spaces, ASCII only, slashes escaped unless plain_slashes."""
    text = json.dumps(value, separators=(",", ":"))
    return Response(status, (text if plain_slashes else text.replace("/", "\\/")).encode(),
                    **more)


def html_response(status: int, words: str, **more: Any) -> Response:
    page = (f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1>"
            "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")
    return Response(status, page.encode(), HTML, **more)


@dataclass
class Framing:
    """The framing of a response."""
    close: bool = False
    chunked: bool = False
    close_delimited: bool = False
    interim: int = 0
    extra_headers: int = 0
    date: float = 0.0
    body_allowed: bool = True           # false: HEAD
    length: int | None = None           # overrides Content-Length (faults)

    @property
    def closes(self) -> bool:
        return self.close or self.close_delimited


def status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


def head(response: Response, framing: Framing, length: int | None) -> bytes:
    """Status line and headers; length None means chunked or close-delimited."""
    lines = [("Server", "nginx"), ("Date", formatdate(framing.date, usegmt=True)),
             ("Content-Type", response.type)]
    if length is not None:
        lines.append(("Content-Length", str(length)))
    elif framing.chunked:
        lines.append(("Transfer-Encoding", "chunked"))
    lines.append(("Connection", "close" if framing.closes else "keep-alive"))
    lines += response.headers
    for number in range(framing.extra_headers):
        lines.append(("Set-Cookie", f"qmb{number}={'0123456789abcdef' * 4}; path=/; HttpOnly"))
    text = "".join(f"{name}: {value}\r\n" for name, value in lines) + "\r\n"
    return status_line(response.status) + text.encode("latin-1")


def frame(response: Response, framing: Framing) -> bytes:
    """The whole response as bytes."""
    body = response.body if framing.body_allowed else b""
    interim = status_line(framing.interim) + b"\r\n" if framing.interim else b""
    if framing.close_delimited:
        return interim + head(response, framing, None) + body
    if framing.chunked and framing.length is None:
        return interim + head(response, framing, None) + (chunk(body) if framing.body_allowed
                                                          else b"")
    length = len(response.body) if framing.length is None else framing.length
    return interim + head(response, framing, length) + body


def chunk(body: bytes, size: int = 40) -> bytes:
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
