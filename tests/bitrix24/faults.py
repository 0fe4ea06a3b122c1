# SPDX-License-Identifier: Apache-2.0
"""Fault injection: the faults that can occur between a client and these servers.

A fault is armed with POST /fault or Bitrix24.fault(), fires on the next requests (or connections)
that match it, and is removed after `count` of them. KINDS is the one table of names, arguments and
descriptions; --help, GET /fault and the checks of arguments are derived from it.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass, field
from typing import Any, Callable, Protocol

import catalogue
import message
import oddities
import wire
from wire import Framing, Request, Response

LISTENERS = ("oauth", "portal", "webhook")


class Link(Protocol):
    """A connection, for a fault. Each method raises OSError when the client has closed it."""
    def send(self, data: bytes) -> None: ...
    def wait(self, seconds: float | None) -> None: ...
    def hold(self) -> None: ...     # until POST /release
    def finish(self, notify: bool = True) -> None: ...
    def reset(self) -> None: ...


@dataclass
class Answer:
    listener: str
    response: Response
    framing: Framing
    request: Request
    odd: message.Message | None = None

    def bytes(self) -> bytes:
        return wire.frame(self.response, self.framing)


Args = dict[str, Any]

# An argument has the same meaning and type in every fault.
ARGS: dict[str, tuple[type, str]] = {
    "byte": (int, "offset in the response"),
    "bytes": (int, "number of bytes"),
    "seconds": (float, "duration, null: forever"),
    "every": (float, "seconds between two pieces"),
    "size": (int, "bytes per piece"),
    "mb": (float, "megabytes of body"),
    "by": (int, "Content-Length minus the real length"),
    "line": (str, "the line in place of a chunk size"),
    "code": (str, "an error code of GET /errors"),
    "name": (str, "an oddity of GET /oddities"),
    "status": (int, "HTTP status"),
    "description": (str, "error_description"),
    "body": (str, "html, empty, json, or the body itself"),
    "headers": (dict, "additional headers, {name: value}"),
    "location": (str, "target of the redirect"),
    "http": (bool, "false: the bytes are not HTTP"),
    "notify": (bool, "false: no TLS close_notify before the FIN"),
    "reset": (bool, "true: RST instead of FIN"),
    "tcp": (bool, "true: before the TLS handshake"),
}
REQUIRED = object()


@dataclass(frozen=True)
class Kind:
    help: str
    args: Args = field(default_factory=dict)        # and their defaults
    processes: bool = True      # the request is processed (codes spent, tokens rotated) first
    reshape: Callable[[Answer, Args], None] | None = None       # changes the response
    play: Callable[[Link, Answer, Args], bool] | None = None    # sends it; returns: stays open
    connects: bool = False      # fires on a connection, before any request is read
    reads: bool = False         # fires while a request is read


def _error(answer: Answer, args: Args) -> None:
    where = catalogue.OAUTH if answer.listener == "oauth" else catalogue.REST
    row = catalogue.find(args["code"], where)
    body = row.body(args["description"])
    answer.response = wire.json_response(body, args["status"] or row.status, False,
                                         outcome=row.code)


def _status(answer: Answer, args: Args) -> None:
    status, body = args["status"], args["body"]
    if body == "html":
        answer.response = wire.html_response(status, f"{status} fault")
    elif body == "json":
        answer.response = wire.json_response({"message": "fault"}, status)
    else:
        text = "" if body == "empty" else body
        is_json = text[:1] in "{["
        answer.response = Response(status, text.encode(), wire.JSON if is_json else wire.HTML)
    answer.response.headers = [(name, str(value)) for name, value in args["headers"].items()]


def _odd(answer: Answer, args: Args) -> None:
    answer.odd = message.compose(answer.response, answer.framing, answer.request)
    for edit in oddities.find(args["name"]).edits:
        edit(answer.odd)


def _play_odd(link: Link, answer: Answer, args: Args) -> bool:
    assert answer.odd
    return answer.odd.play(link)


def _redirect(answer: Answer, args: Args) -> None:
    answer.response = wire.html_response(args["status"], f"{args['status']} Moved")
    answer.response.headers.append(("Location", args["location"]))


def _truncate(answer: Answer, args: Args) -> None:
    body = answer.response.body
    answer.response.body = body[:len(body) // 2 if args["byte"] is None else args["byte"]]


def _garbage(answer: Answer, args: Args) -> None:
    answer.response = Response(200, os.urandom(args["bytes"]))


def _play_garbage(link: Link, answer: Answer, args: Args) -> bool:
    if args["http"]:
        return _send(link, answer)
    link.send(answer.response.body)
    link.finish()
    return False


def _send(link: Link, answer: Answer) -> bool:
    link.send(answer.bytes())
    return not answer.framing.closes


def _delay(link: Link, answer: Answer, args: Args) -> bool:
    link.wait(args["seconds"])
    return _send(link, answer)


def _hold(link: Link, answer: Answer, args: Args) -> bool:
    data = answer.bytes()
    link.send(data[:args["byte"]])
    link.hold()
    link.send(data[args["byte"]:])
    return not answer.framing.closes


def _drip(link: Link, answer: Answer, args: Args) -> bool:
    data, size = answer.bytes(), max(1, args["size"])
    for at in range(0, len(data), size):
        link.send(data[at:at + size])
        link.wait(args["every"])
    return not answer.framing.closes


def _stall_at(link: Link, answer: Answer, args: Args) -> bool:
    data = answer.bytes()
    link.send(data[:args["byte"]])
    link.wait(args["seconds"])
    link.send(data[args["byte"]:])
    return not answer.framing.closes


def _close_at(link: Link, answer: Answer, args: Args) -> bool:
    link.send(answer.bytes()[:args["byte"]])
    link.finish(args["notify"])
    return False


def _reset_at(link: Link, answer: Answer, args: Args) -> bool:
    link.send(answer.bytes()[:args["byte"]])
    link.reset()
    return False


def _lost_answer(link: Link, answer: Answer, args: Args) -> bool:
    link.reset() if args["reset"] else link.finish()
    return False


def _wrong_length(link: Link, answer: Answer, args: Args) -> bool:
    framing = answer.framing
    framing.chunked = framing.close_delimited = False
    framing.length = max(0, len(answer.response.body) + args["by"])
    link.send(answer.bytes())
    # Too short: the remaining bytes may be taken for the next response.
    return args["by"] <= 0 and not framing.closes


def _chunked_head(answer: Answer) -> bytes:
    answer.framing.chunked, answer.framing.close_delimited = True, False
    return wire.head(answer.response, answer.framing, None)


def _bad_chunk(link: Link, answer: Answer, args: Args) -> bool:
    link.send(_chunked_head(answer) + args["line"].encode() + b"\r\n" + answer.response.body
              + b"\r\n0\r\n\r\n")
    return False


def _endless(link: Link, first: bytes, piece: bytes, every: float) -> bool:
    link.send(first)
    while True:
        link.send(piece)
        link.wait(every)


def _endless_chunks(link: Link, answer: Answer, args: Args) -> bool:
    size = max(1, args["size"])
    return _endless(link, _chunked_head(answer), b"%x\r\n%s\r\n" % (size, b" " * size),
                    args["every"])


def _endless_headers(link: Link, answer: Answer, args: Args) -> bool:
    line = b"X-Endless: " + b"x" * max(1, args["size"]) + b"\r\n"
    return _endless(link, wire.status_line(answer.response.status), line, args["every"])


def _endless_body(link: Link, answer: Answer, args: Args) -> bool:
    answer.framing.close_delimited = True
    return _endless(link, wire.head(answer.response, answer.framing, None),
                    b" " * max(1, args["size"]), args["every"])


def _big(link: Link, answer: Answer, args: Args) -> bool:
    first, last = b'{"padding":"', b'"}'
    left = max(0, int(args["mb"] * 1024 * 1024) - len(first) - len(last))
    link.send(wire.head(answer.response, answer.framing, left + len(first) + len(last)) + first)
    while left:
        piece = min(left, 65536)
        link.send(b"x" * piece)
        left -= piece
    link.send(last)
    return not answer.framing.closes


def _blank(answer: Answer, args: Args) -> None:
    answer.response = Response()


_PIECES: Args = {"size": 1000, "every": 0.0}
KINDS: dict[str, Kind] = {
    "error": Kind("an error of the catalogue",
                  {"code": REQUIRED, "status": None, "description": None}, False, _error),
    "status": Kind("any status and body", {"status": 503, "body": "html", "headers": {}}, False,
                   _status),
    "redirect": Kind("a redirect", {"location": REQUIRED, "status": 302}, False, _redirect),
    "delay": Kind("a late response", {"seconds": 1.0}, play=_delay),
    "odd": Kind("an odd response; whether the request is processed depends on the oddity",
                {"name": REQUIRED}, reshape=_odd, play=_play_odd),
    "hold": Kind("sends that many bytes, and the rest after POST /release", {"byte": 0},
                 play=_hold),
    "drip": Kind("a response in small pieces", {"size": 1, "every": 0.0}, play=_drip),
    "stall_at": Kind("sends that many bytes, pauses, then sends the rest",
                     {"byte": 0, "seconds": None}, play=_stall_at),
    "close_at": Kind("sends that many bytes, then closes cleanly", {"byte": 0, "notify": True},
                     play=_close_at),
    "reset_at": Kind("sends that many bytes, then resets the connection", {"byte": 0},
                     play=_reset_at),
    "lost_answer": Kind("processes the request, then closes without a response",
                        {"reset": False}, play=_lost_answer),
    "truncate": Kind("a truncated body (null: half of it) with a matching Content-Length",
                     {"byte": None}, reshape=_truncate),
    "wrong_length": Kind("a wrong Content-Length; if too long, closes after the body",
                         {"by": 10}, play=_wrong_length),
    "bad_chunk": Kind("a chunked response with an invalid size line", {"line": "zz"},
                      play=_bad_chunk),
    "garbage": Kind("random bytes", {"bytes": 200, "http": True}, False, _garbage, _play_garbage),
    "big": Kind("a huge JSON body with the right Content-Length", {"mb": 1.0}, False, _blank,
                _big),
    "endless_headers": Kind("endless headers", _PIECES, False, _blank, _endless_headers),
    "endless_chunks": Kind("endless chunks", _PIECES, False, _blank, _endless_chunks),
    "endless_body": Kind("an endless close-delimited body", _PIECES, False, _blank,
                         _endless_body),
    "cut_request": Kind("reads that many bytes of a request, pauses, and closes",
                        {"byte": 0, "seconds": 0.0, "reset": False}, False, reads=True),
    "refuse": Kind("closes before reading a request", {"tcp": False, "reset": False}, False,
                   connects=True),
    "stall_handshake": Kind("accepts, and responds to the ClientHello late or never",
                            {"seconds": None}, False, connects=True),
}


@dataclass
class Fault:
    kind: str
    listener: str
    path: str
    count: int
    skip: int
    process: bool
    args: Args
    fired: int = 0

    def reshape(self, answer: Answer) -> None:
        reshape = KINDS[self.kind].reshape
        if reshape:
            reshape(answer, self.args)

    def play(self, link: Link, answer: Answer) -> bool:
        play = KINDS[self.kind].play
        return play(link, answer, self.args) if play else _send(link, answer)

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "listener": self.listener, "path": self.path,
                "count": self.count, "skip": self.skip, "process": self.process,
                "fired": self.fired, **self.args}


class FaultBox:
    """The armed faults. The first one that matches fires."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._released = 0
        self._holds: dict[threading.Thread, int] = {}  # how many releases end that of a thread

    def add(self, listener: str, kind: str, path: str = "", count: int = 1, skip: int = 0,
            process: bool | None = None, **args: Any) -> Fault:
        """Arms a fault; raises ValueError for invalid arguments."""
        if listener not in LISTENERS:
            raise ValueError(f"listener is one of {', '.join(LISTENERS)}, not {listener!r}")
        if kind not in KINDS:
            raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
        if type(count) is not int or count < -1 or count == 0:
            raise ValueError("count is at least 1, or -1: until cleared")
        if type(skip) is not int or skip < 0:
            raise ValueError("skip is the number of requests that pass first, at least 0")
        if path and (type(path) is not str or KINDS[kind].connects):
            raise ValueError("path is a prefix of a request's path; a connection has none")
        if process is not None and (type(process) is not bool or KINDS[kind].connects
                                    or KINDS[kind].reads):
            raise ValueError("process is true or false, for faults of requests")
        checked = _checked(kind, args)
        if process is None:
            process = (oddities.find(checked["name"]).processed if kind == "odd"
                       else KINDS[kind].processes)
        fault = Fault(kind, listener, path, count, skip, process, checked)
        if kind == "error":
            catalogue.find(fault.args["code"], listener)
        with self._lock:
            self._faults.append(fault)
        return fault

    def take(self, listener: str, path: str | None = None, reads: bool = False) -> Fault | None:
        """The fault for a request (reads: one that begins to arrive) or, without a path, for a
        connection; None if there is none."""
        with self._lock:
            for fault in self._faults:
                if (fault.listener == listener and KINDS[fault.kind].connects == (path is None)
                        and KINDS[fault.kind].reads == reads
                        and (path or "").startswith(fault.path)):
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.fired += 1
                    if fault.kind == "hold":
                        self._holds[threading.current_thread()] = self._released + 1
                    if fault.count > 0:
                        fault.count -= 1
                    if fault.count == 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def hold(self, wait: Callable[[float], None]) -> None:
        """Returns after the next release() from take() on; `wait` waits some seconds, and raises at
        the end."""
        thread = threading.current_thread()
        try:
            while self._released < self._holds[thread]:
                wait(0.005)
        finally:
            with self._lock:
                del self._holds[thread]

    def release(self) -> int:
        """Ends all holds, also those of requests that are not answered yet; returns their number."""
        with self._lock:
            self._released += 1
            return sum(until == self._released and thread.is_alive()
                       for thread, until in self._holds.items())

    def clear(self, listener: str | None = None) -> int:
        with self._lock:
            kept = [f for f in self._faults if listener and f.listener != listener]
            cleared = len(self._faults) - len(kept)
            self._faults = kept
            return cleared

    def list(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults]


def _checked(kind: str, given: Args) -> Args:
    defaults = KINDS[kind].args
    for name in given:
        if name not in defaults:
            raise ValueError(f"{kind} takes {', '.join(defaults) or 'no arguments'}, not {name!r}")
    args: Args = {name: given.get(name, default) for name, default in defaults.items()}
    for name, value in args.items():
        wanted = ARGS[name][0]
        if value is REQUIRED:
            raise ValueError(f"{kind} needs {name}")
        if value is None and defaults[name] is None:
            continue
        if wanted is float and type(value) is int:
            args[name] = value = float(value)
        if type(value) is not wanted:
            raise ValueError(f"{name} must be {wanted.__name__}, not {value!r}")
        if isinstance(value, (int, float)) and name != "by" and not value >= 0:
            raise ValueError(f"{name} is not negative")
        if name == "status" and not 200 <= value <= 999:
            raise ValueError("status is 200 to 999")
    return args


def describe() -> list[tuple[str, str, str]]:
    """Name, arguments with defaults, and help of every fault."""
    def shown(name: str, default: Any) -> str:
        return name if default is REQUIRED else f"{name}={json.dumps(default)}"
    return [(name, " ".join(shown(*item) for item in kind.args.items()), kind.help)
            for name, kind in KINDS.items()]
