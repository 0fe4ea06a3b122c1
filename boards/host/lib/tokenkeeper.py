# SPDX-License-Identifier: Apache-2.0
"""Access tokens and REST calls from the tokenkeeper service of this machine.

    import tokenkeeper

    with tokenkeeper.Client() as client:
        token = client.get()
        deal = client.call("crm.deal.get", {"id": 7})
        for row in client.call_all("crm.deal.list", {"select": ["ID", "TITLE"]}):
            ...

The standard library alone, Python 3.9 and later. Each request has a connection of its own, so a
client may be used by several threads, and after a fork. The protocol is in boards/host/PROTOCOL.md.
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Iterator, Mapping, Optional

__all__ = ["Answer", "Client", "Error", "NoService", "NoSuchRef", "OperatorRequired",
           "OutcomeUnknown", "Refused", "Token", "TryLater", "call", "call_all", "get"]

_GREETING = b'{"tokenkeeper":2}\n'
_GRACE_S = 2.0  # added to a timeout: the service keeps it, too
_GAP_S = 120.0  # between two bytes of an answer to a call
_AGAIN_S = 0.01  # before another attempt to connect
_PIECE_MAX = 1024
_PAGE = 50


class Error(Exception):
    """What failed.

    code: does not change between versions. words: what to do. exit: the exit status of
    `tokenkeeper get` and `call`. outcome: of a call, `not_sent`, `unknown` or `done`. retry_in:
    seconds, where it is known. answer: of a call, what the portal answered.
    """

    exit = 70

    def __init__(self, code: str, words: str, *, exit: Optional[int] = None,
                 outcome: str = "not_sent", retry_in: Optional[float] = None,
                 answer: bytes = b"") -> None:
        super().__init__(code, words)
        self.code, self.words, self.outcome = code, words, outcome
        self.retry_in, self.answer = retry_in, answer
        if exit is not None:
            self.exit = exit

    def __str__(self) -> str:
        return f"{self.code}: {self.words}"


class NoService(Error):
    """None runs, or this user may not connect."""

    exit = 3


class NoSuchRef(Error):
    """No account has this name."""

    exit = 4


class OperatorRequired(Error):
    """An operator must act; or this is not allowed."""

    exit = 5


class TryLater(Error):
    """It may succeed after a while: retry_in."""

    exit = 6


class Refused(Error):
    """The portal answered with an error of its own: code."""

    exit = 7


class OutcomeUnknown(Error):
    """The call may have been carried out: look at the portal before you repeat it."""

    exit = 8


_KINDS = {kind.exit: kind for kind in (NoService, NoSuchRef, OperatorRequired, TryLater, Refused,
                                       OutcomeUnknown)}


def _error(code: str, words: str, exit: int, **more: Any) -> Error:
    return _KINDS.get(exit, Error)(code, words, exit=exit, **more)


def _bad_reply(**more: Any) -> Error:
    return Error("bad_reply", "invalid reply from the service", **more)


@dataclass(frozen=True)
class Token:
    """An access token. Get it for each use: a renewal replaces it."""

    access_token: str = field(repr=False)
    expires_in: int
    expires_at: int
    generation: int
    client_endpoint: str
    portal: str
    user_id: str
    member_id: str
    scope: str
    short: bool
    ref: str


@dataclass(frozen=True)
class Answer:
    """The portal's answer to a call; members that it lacks are None."""

    result: Any
    next: Optional[int]
    total: Optional[int]
    last_id: Optional[str]
    operating: Optional[float]
    status: int
    body: bytes = field(repr=False)


def _default_socket() -> str:
    env = os.environ.get
    if env("TOKENKEEPER_SOCKET"):
        return os.environ["TOKENKEEPER_SOCKET"]
    if os.geteuid() == 0:
        return "/run/tokenkeeper/socket"
    state = env("XDG_RUNTIME_DIR") or env("XDG_STATE_HOME") or f"{env('HOME', '')}/.local/state"
    return f"{state}/tokenkeeper/socket"


class _Connection:
    """One request and its answer."""

    def __init__(self, path: str, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._path, self._read = path, b""
        self._socket: Optional[socket.socket] = None
        self.greeted = False

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def extend(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        return left

    def _connect(self) -> socket.socket:
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.settimeout(self._left())
                connection.connect(self._path)
                return connection
            except BlockingIOError:  # the service has too many clients
                connection.close()
                time.sleep(min(_AGAIN_S, self._left()))
            except BaseException:
                connection.close()
                raise

    def begin(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Sends the request; again where the service closes the connection before it reads it.

        Returns its greeting, or the error in its place.
        """
        line = json.dumps(request).encode() + b"\n"
        while True:
            self._socket, self._read = self._connect(), b""
            try:
                self._send(_GREETING + line)
                greeting = json.loads(self.line())
                self.greeted = "tokenkeeper" in greeting
                return greeting
            except ConnectionError:
                self.close()
                time.sleep(min(_AGAIN_S, self._left()))

    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._left())
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have said why before it closed

    def send_body(self, body: bytes) -> None:
        """An answer that comes before its end is an error: the rest is not sent."""
        assert self._socket is not None
        while body and not self._read:
            self._socket.settimeout(0)
            try:
                body = body[self._socket.send(body):]
                continue
            except (BlockingIOError, InterruptedError):
                pass
            except (BrokenPipeError, ConnectionResetError):
                return
            self._wait_for_either()

    def _wait_for_either(self) -> None:
        assert self._socket is not None
        poll = select.poll()
        poll.register(self._socket, select.POLLIN | select.POLLOUT)
        if any(got & select.POLLIN for _, got in poll.poll(1000 * self._left())):
            self._fill()

    def _fill(self) -> None:
        assert self._socket is not None
        self._socket.settimeout(self._left())
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError
        self._read += data

    def line(self) -> bytes:
        while b"\n" not in self._read:
            if len(self._read) > 1024:
                raise ConnectionResetError
            self._fill()
        line, _, self._read = self._read.partition(b"\n")
        return line

    def pieces(self, gap: float = 0) -> Iterator[bytes]:
        """The pieces up to a length of 0; gap: the deadline after each one, 0: as it was."""
        while True:
            line = self.line()
            if not line.isdigit() or int(line) > _PIECE_MAX:
                raise ConnectionResetError
            length = int(line)
            if length == 0:
                return
            if gap > 0:
                self.extend(gap)
            while len(self._read) < length:
                self._fill()
            piece, self._read = self._read[:length], self._read[length:]
            yield piece


class Client:
    """An account of the service.

    socket: its path; default: $TOKENKEEPER_SOCKET, else where `tokenkeeper get` looks. ref: the
    account's name; default: the first one.
    """

    def __init__(self, socket: Optional[str] = None, ref: Optional[str] = None) -> None:
        self.socket = socket if socket is not None else _default_socket()
        self.ref = ref

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open between two requests."""

    def _request(self, op: str, **members: Any) -> dict[str, Any]:
        request = {"op": op, **{name: value for name, value in members.items()
                                if value is not None}}
        if self.ref is not None:
            request["ref"] = self.ref
        return request

    def _no_service(self, why: OSError) -> NoService:
        what = ("this user may not connect to the service" if isinstance(why, PermissionError)
                else "no service")
        return NoService("no_service", f"{what} at {self.socket}: {why.strerror or why}")

    # --- tokens ---

    def get(self, min_valid: int = 60, *, rejected: Optional[int] = None,
            timeout: int = 30) -> Token:
        """A token that is valid for so many seconds; it is renewed first if need be.

        rejected: the generation of a token to which the portal answered 401.
        """
        connection = _Connection(self.socket, timeout + _GRACE_S)
        try:
            answer = connection.begin(self._request("get", min_valid=min_valid, rejected=rejected,
                                                    timeout=timeout))
            if connection.greeted:
                answer = json.loads(b"".join(connection.pieces()))
        except (socket.timeout, ConnectionResetError):
            raise TryLater("no_answer", "the service did not answer in time; try again") from None
        except OSError as why:
            raise self._no_service(why) from None
        except ValueError:
            raise _bad_reply() from None
        finally:
            connection.close()
        self._check(answer)
        return Token(**{name: answer[name] for name in Token.__dataclass_fields__})

    @staticmethod
    def _check(answer: Mapping[str, Any], outcome: str = "not_sent", body: bytes = b"") -> None:
        if not isinstance(answer, dict) or not (answer.get("ok") is True or answer.get("exit")):
            raise _bad_reply(outcome=outcome, answer=body)
        if answer.get("ok") is True:
            return
        retry_in, words = answer.get("retry_in"), answer.get("words", "")
        if retry_in is None and words.startswith("retry_in="):
            retry_in = int(words[len("retry_in="):].split()[0])
        raise _error(answer.get("error", "bad_reply"), words, answer.get("exit", 70),
                     retry_in=retry_in, outcome=answer.get("outcome", outcome), answer=body)

    # --- calls ---

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *,
             reads: bool = False, wait: Optional[int] = None, timeout: int = 75) -> Any:
        """Calls the portal; returns `result` of its answer. Arguments as of answer()."""
        return self.answer(method, params, reads=reads, wait=wait, timeout=timeout).result

    def answer(self, method: str, params: Optional[Mapping[str, Any]] = None, *,
               reads: bool = False, wait: Optional[int] = None, timeout: int = 75) -> Answer:
        """Calls the portal; returns all of its answer.

        reads: the method changes nothing, whatever its name says, and may be repeated. wait: at
        most so many seconds for the portal's limit of requests. timeout: seconds until the answer
        begins. A call that may have changed something and whose outcome is unknown is never
        repeated.
        """
        body = json.dumps(params if params is not None else {}).encode()
        request = self._request("call", method=method, length=len(body), wait=wait,
                                timeout=timeout, reads=1 if reads else None)
        first, end = self._exchange(request, body, timeout + _GRACE_S)
        self._check(end, body=first)
        try:
            parsed = json.loads(first)
        except ValueError:
            raise _bad_reply(outcome="done", answer=first) from None
        return Answer(result=parsed.get("result"), next=end.get("next"), total=end.get("total"),
                      last_id=end.get("last_id"), operating=end.get("operating"),
                      status=end.get("status", 0), body=first)

    def _exchange(self, request: Mapping[str, Any], body: bytes,
                  seconds: float) -> tuple[bytes, dict[str, Any]]:
        """Both parts of the answer."""
        connection = _Connection(self.socket, seconds)
        try:
            end = connection.begin(request)
            if not connection.greeted:
                return b"", end
            connection.send_body(body)
            first = b"".join(connection.pieces(_GAP_S))
            return first, json.loads(b"".join(connection.pieces()))
        except (socket.timeout, ConnectionError) as why:
            if connection.greeted:
                raise OutcomeUnknown(
                    "unknown_outcome", "no answer came; the call may have been carried out: look "
                    "at the portal before you repeat it", outcome="unknown") from None
            if isinstance(why, ConnectionRefusedError):
                raise self._no_service(why) from None
            raise TryLater("no_answer", "the service did not answer in time; try again") from None
        except OSError as why:
            raise self._no_service(why) from None
        except ValueError:
            raise _bad_reply(outcome="unknown") from None
        finally:
            connection.close()

    # --- all rows of a list ---

    def call_all(self, method: str, params: Optional[Mapping[str, Any]] = None, *,
                 id_key: Optional[str] = None, items_key: Optional[str] = None,
                 after: int = 0, limit: Optional[int] = None, **options: Any) -> Iterator[Any]:
        """The rows of a list, in the order of their IDs, a page at a time; nothing is counted.

        id_key: the ID as filter, order and select name it. items_key: the member of the result
        that has the rows, if it is not the first list. after: the ID to begin behind. limit: of
        rows. options: as of call().
        """
        key = id_key or _id_key(method)
        count = 0
        while limit is None or count < limit:
            page = self.answer(method, _page(params or {}, key, after), **options)
            rows = _rows(page.result, items_key)
            ids = [_id_of(row, key) for row in rows]
            if any(one is not None and one <= after for one in ids):
                raise Error("not_sorted", "the method does not filter by ID, so that call_all "
                            "would never end", exit=2, outcome="done")
            for row in rows[:None if limit is None else limit - count]:
                count += 1
                yield row
            if count == limit or not rows or (len(rows) < _PAGE and page.next is None):
                return  # some methods have shorter pages, and say that more follow
            if not _is_sorted(ids):
                raise Error("not_sorted", "the rows are not sorted by a numeric ID; name it with "
                            "id_key, or use call()", exit=2, outcome="done")
            after = int(ids[-1] or 0)


def _id_key(method: str) -> str:
    """Modules that were made later name their fields in camel case."""
    return "id" if method.lower().startswith(("crm.item.", "catalog.", "sale.")) else "ID"


def _page(params: Mapping[str, Any], key: str, after: int) -> dict[str, Any]:
    names = {name.lower(): name for name in params}
    if "order" in names or "start" in names:
        raise Error("bad_value", "call_all goes by ID: leave out order and start", exit=2)
    body = dict(params)
    select = body.get(names.get("select", "select"))
    if select and not any(name == "*" or name.lower() == key.lower() for name in select):
        body[names["select"]] = [*select, key]
    filters = dict(body.pop(names.get("filter", "filter"), None) or {})
    if any(name.lower() == f">{key}".lower() for name in filters):
        raise Error("bad_value", "call_all filters by ID itself: use after", exit=2)
    return {**body, "filter": {**filters, f">{key}": after}, "order": {key: "ASC"}, "start": -1}


def _rows(result: Any, items_key: Optional[str]) -> list[Any]:
    if isinstance(result, dict):
        found = (result.get(items_key) if items_key is not None
                 else next((value for value in result.values() if isinstance(value, list)), None))
    else:
        found = [] if result in (None, False) else result
    if not isinstance(found, list):
        raise Error("no_list", "there is no list in the result; name it with items_key, or use "
                    "call()", exit=2, outcome="done")
    return found


def _id_of(row: Any, key: str) -> Optional[int]:
    for name, value in row.items() if isinstance(row, dict) else ():
        if name.lower() == key.lower():
            text = str(value)
            return int(text) if text.isascii() and text.isdigit() else None
    return None


def _is_sorted(ids: list[Optional[int]]) -> bool:
    known = [one for one in ids if one is not None]
    return len(known) == len(ids) and known == sorted(set(known))


def get(min_valid: int = 60, *, ref: Optional[str] = None, **options: Any) -> Token:
    """As Client.get."""
    return Client(ref=ref).get(min_valid, **options)


def call(method: str, params: Optional[Mapping[str, Any]] = None, *, ref: Optional[str] = None,
         **options: Any) -> Any:
    """As Client.call."""
    return Client(ref=ref).call(method, params, **options)


def call_all(method: str, params: Optional[Mapping[str, Any]] = None, *,
             ref: Optional[str] = None, **options: Any) -> Iterator[Any]:
    """As Client.call_all."""
    return Client(ref=ref).call_all(method, params, **options)
