# SPDX-License-Identifier: Apache-2.0
"""A response in parts, and edits that make it odd."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from email.utils import formatdate
from time import gmtime, strftime
from typing import Any, Callable, Protocol

import wire
from wire import Framing, Request, Response

PADDING = b"<!-- a padding to disable the friendly error pages of browsers -->\r\n"


class Link(Protocol):
    """As in faults.py."""
    def send(self, data: bytes) -> None: ...
    def finish(self, notify: bool = True) -> None: ...
    def reset(self) -> None: ...


@dataclass
class Message:
    """A response, the parts of which can be changed one by one. `{length}` in a field stands for
    the length of the body."""
    response: Response
    now: float                  # of the server
    asked: dict[str, str]       # fields of the request
    status: str                 # the line
    fields: list[str]
    body: bytes
    before: bytes = b""         # the status line
    after: bytes = b""          # the body
    eol: str = "\r\n"
    encode: Callable[[bytes], bytes] = bytes    # of the body, to chunks
    record: int = 0             # bytes per TLS record, 0: any number
    cut: float = 1.0            # the part of the response that is sent
    close: str = ""             # afterwards: notify, fin (without close_notify) or reset

    def set(self, name: str, *values: str) -> None:
        """Puts a field for each value in place of those of that name."""
        others = [line for line in self.fields if not line.lower().startswith(name.lower() + ":")]
        self.fields = [f"{name}: {value}" for value in values] + others

    def bytes(self) -> bytes:
        body = self.encode(self.body)
        fields = [line.replace("{length}", str(len(body))) for line in self.fields]
        head = "".join(line + self.eol for line in [self.status, *fields, ""])
        data = self.before + head.encode("latin-1") + body + self.after
        return data[:round(len(data) * self.cut)]

    def play(self, link: Link) -> bool:
        """Sends it; returns whether the connection stays open."""
        data = self.bytes()
        size = self.record or len(data) or 1
        for at in range(0, len(data), size):
            link.send(data[at:at + size])
        if self.close == "reset":
            link.reset()
        elif self.close:
            link.finish(self.close == "notify")
        return not self.close


def compose(response: Response, framing: Framing, request: Request) -> Message:
    """The response as it is sent without an oddity."""
    status, *fields = wire.head(response, framing, 0).decode("latin-1").split("\r\n")[:-2]
    made = Message(response, framing.date, request.headers, status, fields, response.body,
                   close="notify" if framing.closes else "")
    made.set("Content-Length", "{length}")
    return made


Edit = Callable[[Message], None]


def parts(**values: Any) -> Edit:
    """Sets attributes of the message."""
    return lambda m: m.__dict__.update(values)


# --- fields ---

def adds(*lines: str) -> Edit:
    return lambda m: m.fields.extend(lines)


def first(line: str) -> Edit:
    return lambda m: m.fields.insert(0, line)


def sets(name: str, *values: str) -> Edit:
    return lambda m: m.set(name, *values)


def each(change: Callable[[str, str], str]) -> Edit:
    """Changes every field, given its name and its value."""
    def edit(m: Message) -> None:
        m.fields = [change(*line.split(": ", 1)) for line in m.fields]
    return edit


def date(form: str, offset_s: int = 0) -> Edit:
    return lambda m: m.set("Date", strftime(form, gmtime(m.now + offset_s)))


def ends(how: str = "notify", announced: bool = True) -> Edit:
    """Closes after the response."""
    def edit(m: Message) -> None:
        m.close = how
        m.set("Connection", "close" if announced else "keep-alive")
    return edit


# --- framing ---

def interim(status: int, *fields: str, times: int = 1) -> Edit:
    lines = "".join(f"{field}\r\n" for field in fields)
    return parts(before=(wire.status_line(status) + lines.encode() + b"\r\n") * times)


def chunks(size: int = 40, line: str = "{0:x}", eol: bytes = b"\r\n",
           last: bytes = b"0\r\n\r\n") -> Edit:
    """Chunks of that size. line: the one before a chunk, given its size."""
    def encode(data: bytes) -> bytes:
        pieces = [data[at:at + size] for at in range(0, len(data), size)]
        return b"".join(line.format(len(piece)).encode() + eol + piece + eol
                        for piece in pieces) + last

    def edit(m: Message) -> None:
        m.encode = encode
        m.set("Content-Length")
        m.set("Transfer-Encoding", "chunked")
    return edit


def wrong_length(by: int) -> Edit:
    return lambda m: m.set("Content-Length", str(max(0, len(m.body) + by)))


# --- the body ---

def body(change: Callable[[bytes], bytes]) -> Edit:
    def edit(m: Message) -> None:
        m.body = change(m.body)
    return edit


def around(before: bytes = b"", after: bytes = b"") -> Edit:
    return body(lambda data: before + data + after)


def utf16(data: bytes) -> bytes:
    return b"\xff\xfe" + data.decode().encode("utf-16-le")


MISSING: Any = object()


def members(**changes: Any) -> Edit:
    """Changes members of the JSON object, adds them, or removes those that are MISSING."""
    def edit(m: Message) -> None:
        value = {**json.loads(m.body), **changes}
        value = {name: item for name, item in value.items() if item is not MISSING}
        m.body = wire.json_response(value, plain_slashes=False).body
    return edit


def written(name: str, text: str | bytes) -> Edit:
    """A member with a value as it is written here; {expires}: the end of an hour."""
    def edit(m: Message) -> None:
        members(**{name: "@"})(m)
        raw = text if isinstance(text, bytes) else text.encode()
        raw = raw.replace(b"{expires}", str(int(m.now) + 3600).encode())
        m.body = m.body.replace(b'"@"', raw)
    return edit


def members_first(**more: Any) -> Edit:
    """Adds members before the others."""
    return body(lambda data: json.dumps({**more, **json.loads(data)}).encode())


def coded(coding: str, label: str | None = None) -> Edit:
    """Compresses the body: gzip or deflate."""
    def edit(m: Message) -> None:
        packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
        m.body = packer.compress(m.body) + packer.flush()
        m.set("Content-Encoding", label or coding)
        m.fields.append("Vary: Accept-Encoding")
    return edit


def unless_refused(edit: Edit) -> Edit:
    """As a server codes that was not asked to leave it."""
    return lambda m: None if "accept-encoding" in m.asked else edit(m)


# --- errors ---

def _set_status(m: Message, status: int) -> None:
    m.response.status, m.status = status, wire.status_line(status).decode().strip()


def page(status: int, kilobytes: float, *fields: str) -> Edit:
    """An error page in place of the response. {soon} in a field: the date in 40 s."""
    def edit(m: Message) -> None:
        _set_status(m, status)
        m.body = wire.html_response(status, f"{status} odd").body
        m.body += PADDING * round(kilobytes * 1024 / len(PADDING))
        m.set("Content-Type", wire.HTML)
        m.fields += [field.format(soon=formatdate(m.now + 40, usegmt=True)) for field in fields]
    return edit


def error(status: int, code: str, description: str) -> Edit:
    def edit(m: Message) -> None:
        _set_status(m, status)
        m.body = wire.json_response({"error": code, "error_description": description}).body
    return edit
