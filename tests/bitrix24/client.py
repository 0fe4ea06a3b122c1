# SPDX-License-Identifier: Apache-2.0
"""A client for the tests of this directory: HTTP with ask(), raw bytes with talk()."""

from __future__ import annotations

import atexit
import http.client
import json
import shutil
import socket
import ssl
import tempfile
import unittest
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from bitrix24 import Bitrix24
from patience import PATIENT_S

STALLED_S = 0.3  # a server that sends nothing for this long has stalled

_made: list[str] = []


def directory() -> str:
    """One directory of certificates for all tests: generating keys takes a second."""
    if not _made:
        _made.append(tempfile.mkdtemp(prefix="bitrix24-tests-"))
        atexit.register(shutil.rmtree, _made[0], ignore_errors=True)
    return _made[0]


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        return self.json().get("error")


def trusting(b24: Bitrix24) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=b24.ca)
    # Several tests need to see an end without close_notify, which some builds of Python hide.
    context.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return context


def connect(b24: Bitrix24, address: str, timeout: float = PATIENT_S,
            context: ssl.SSLContext | None = None,
            session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    host, port = address.rsplit(":", 1)
    raw = socket.create_connection((host, int(port)), timeout=timeout)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)   # head and body are sent separately
    try:
        return (context or trusting(b24)).wrap_socket(raw, server_hostname=host, session=session,
                                                      suppress_ragged_eofs=False)
    except BaseException:
        raw.close()
        raise


def ask(b24: Bitrix24, address: str, path: str, form: dict[str, Any] | None = None,
        method: str | None = None, headers: dict[str, str] | None = None,
        body: Any = None, timeout: float = PATIENT_S, sock: ssl.SSLSocket | None = None) -> Reply:
    """One request; a POST where there is a form or a JSON body. A given socket stays open."""
    headers, data = dict(headers or {}), None
    if form is not None:
        data, headers["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
    elif body is not None:
        data, headers["Content-Type"] = json.dumps(body), "application/json"
    connection = http.client.HTTPConnection(address, timeout=timeout)
    connection.sock = sock or connect(b24, address, timeout)
    try:
        connection.request(method or ("GET" if data is None else "POST"), path, data, headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        if sock is None:
            connection.close()


def token(b24: Bitrix24, grant: str, get: bool = False, **changes: Any) -> Reply:
    """A request to /oauth/token/ without the parameters that are None."""
    form = {"grant_type": grant, "client_id": b24.client_id, "client_secret": b24.client_secret,
            **changes}
    form = {name: value for name, value in form.items() if value is not None}
    if get:
        return ask(b24, b24.oauth, "/oauth/token/?" + urlencode(form))
    return ask(b24, b24.oauth, "/oauth/token/", form)


def exchange(b24: Bitrix24, code: str | None = None, **changes: Any) -> Reply:
    return token(b24, "authorization_code", code=code or b24.code()["code"], **changes)


def refresh(b24: Bitrix24, refresh_token: str, **changes: Any) -> Reply:
    return token(b24, "refresh_token", refresh_token=refresh_token, **changes)


def _must_be_end(error: ssl.SSLError) -> None:
    """Python of Debian bookworm does not raise SSLEOFError for every end without close_notify."""
    if not isinstance(error, ssl.SSLEOFError) and error.reason != "UNEXPECTED_EOF_WHILE_READING":
        raise error


def talk(b24: Bitrix24, address: str, path: str = "/rest/scope", limit: int = 1 << 22,
         method: str = "GET", stalls_at: int | None = None) -> tuple[bytes, str]:
    """The bytes of the response, and how it ended: notify, fin, reset, timeout or more.

    timeout: after `stalls_at` bytes the server sent nothing for STALLED_S. more: `limit` bytes have
    been received.
    """
    data = b""
    try:
        with connect(b24, address) as sock:
            try:
                sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                while len(data) < limit:
                    if stalls_at is not None and len(data) >= stalls_at:
                        sock.settimeout(STALLED_S)
                    piece = sock.recv(65536)
                    if not piece:
                        return data, "notify"
                    data += piece
                return data, "more"
            except ssl.SSLError as error:
                _must_be_end(error)
                # Python's ssl raises the same for a reset, after which there is no peer.
                try:
                    sock.getpeername()
                    return data, "fin"
                except OSError:
                    return data, "reset"
    except TimeoutError:
        return data, "timeout"
    except ssl.SSLError as error:
        _must_be_end(error)
        return data, "fin"
    except (ConnectionResetError, BrokenPipeError):
        return data, "reset"


class Served(unittest.TestCase):
    """Tests with a Bitrix24 per class, reset before each test."""
    b24: Bitrix24

    @classmethod
    def setUpClass(cls) -> None:
        cls.b24 = Bitrix24(directory()).start()
        cls.addClassCleanup(cls.b24.stop)

    def setUp(self) -> None:
        self.b24.reset()

    def pair(self) -> dict[str, Any]:
        reply = exchange(self.b24)
        self.assertEqual(reply.status, 200, reply.body)
        return dict(reply.json())

    def assertRefused(self, reply: Any, error: str, status: int) -> None:
        self.assertEqual((reply.error, reply.status), (error, status))

    def rest(self, method: str, access_token: str | None = None, **more: Any) -> Any:
        path = f"/rest/{method}"
        if access_token:
            more.setdefault("form", {"auth": access_token})
        return ask(self.b24, self.b24.portal, path, **more)
