# SPDX-License-Identifier: Apache-2.0
"""TLS and HTTP listeners on loopback, a thread per connection; any side may close at any time."""

from __future__ import annotations

import errno
import ipaddress
import os
import select
import socket
import ssl
import struct
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import certs
import wire
from faults import Answer, Fault, FaultBox
from journal import Journal
from patience import PATIENT_S, patient
from settings import Settings
from wire import Framing, Request, Response

HANDSHAKE_S = patient(60)
LINGER_S = 1.0
FOR_EVER_S = 1e6        # within the range of the system's timeouts
POLLRDHUP = getattr(select, "POLLRDHUP", 0)     # Linux reports at once that the client has closed


class Service(Protocol):
    """Serves the requests of a listener."""
    def kind(self, request: Request) -> str: ...        # kind of request, for the journal
    def handle(self, request: Request) -> Response: ...


def readable(descriptors: list[int], seconds: float | None = None) -> list[int]:
    """The readable ones; by poll(), because a test may have thousands of connections."""
    poll = select.poll()
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [fd for fd, _ in poll.poll(None if seconds is None else seconds * 1000)]


def sleep(sock: socket.socket, seconds: float | None) -> bool:
    """True when the time has passed, False as soon as the connection is closed by either side."""
    poll = select.poll()
    poll.register(sock.fileno(), POLLRDHUP)
    return not poll.poll(None if seconds is None else min(seconds, FOR_EVER_S) * 1000)


def drain(sock: socket.socket, seconds: float) -> None:
    """Reads and discards data until the other side closes."""
    give_up = time.monotonic() + seconds
    while (left := give_up - time.monotonic()) > 0 and readable([sock.fileno()], left):
        if not os.read(sock.fileno(), 65536):
            break


class Tls:
    """Server contexts, one per listener, certificate and versions, so that sessions survive a
    change of the certificate and back."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self._directory, self._settings = directory, settings
        self._contexts: dict[tuple[str, str, str], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def context(self, listener: str) -> ssl.SSLContext:
        chosen = (listener, getattr(self._settings, f"{listener}_cert"), self._settings.tls)
        if not self._settings.resume:
            # TLS 1.2 session IDs are stored in the context: a new one knows no sessions.
            context = self._make(*chosen)
            context.options |= ssl.OP_NO_TICKET
            context.num_tickets = 0
            return context
        with self._lock:
            if chosen not in self._contexts:
                self._contexts[chosen] = self._make(*chosen)
            return self._contexts[chosen]

    def forget_sessions(self) -> None:
        with self._lock:
            self._contexts.clear()

    def _make(self, _: str, cert: str, versions: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = (ssl.TLSVersion.TLSv1_3 if versions == "1.3"
                                   else ssl.TLSVersion.TLSv1_2)
        context.maximum_version = (ssl.TLSVersion.TLSv1_2 if versions == "1.2"
                                   else ssl.TLSVersion.TLSv1_3)
        if cert == "sha1":
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if cert == "p384":
            context.set_ecdh_curve("secp384r1")
        stem = self._directory / certs.CHOICES[cert]
        context.load_cert_chain(f"{stem}.pem", f"{stem}.key")
        context.sni_callback = _remember_name
        return context


def _remember_name(sock: Any, name: str | None, _: ssl.SSLContext) -> None:
    sock.asked_for = name


@dataclass
class Shared:
    """State shared by all listeners."""
    settings: Settings
    journal: Journal
    faults: FaultBox
    tls: Tls

    def now(self) -> float:
        return time.time() + self.settings.clock_offset_s


class Listener:
    """One port on 127.0.0.1 and, where IPv6 is available, on ::1."""

    def __init__(self, name: str, service: Service, shared: Shared, port: int = 0,
                 encrypted: bool = True) -> None:
        self.name, self.service, self.shared, self.encrypted = name, service, shared, encrypted
        self._sockets = bind_pair(port)
        self.port: int = self._sockets[0].getsockname()[1]
        self._connections: set[Connection] = set()
        self._lock = threading.Lock()
        self._wake, self._waker = os.pipe()     # readable once the other end is closed
        self._thread = threading.Thread(target=self._accept, daemon=True, name=f"{name} accept")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """May be called once; closes all connections, also those in a stall."""
        os.close(self._waker)
        if self._thread.ident:
            self._thread.join()
        os.close(self._wake)
        for listening in self._sockets:
            listening.close()
        self.drop()

    def drop(self) -> int:
        """Closes all connections, also those not accepted yet, and waits for their threads to end;
        returns their number."""
        while any(map(self._take, self._sockets)):
            pass
        with self._lock:
            cut = list(self._connections)
            for connection in cut:
                connection.cut()
        for connection in cut:
            connection.thread.join(PATIENT_S)
        return len(cut)

    def _accept(self) -> None:
        while self._wake not in (ready := readable([self._wake, *(s.fileno() for s in self._sockets)])):
            for listening in self._sockets:
                if listening.fileno() in ready and not self._take(listening):
                    time.sleep(0.01)

    def _take(self, listening: socket.socket) -> bool:
        with self._lock:
            try:
                connection = Connection(self, listening.accept()[0])
            except OSError:         # closed by the client, or out of descriptors
                return False
            self._connections.add(connection)
            connection.thread.start()
            return True

    def forget(self, connection: Connection) -> None:
        with self._lock:
            self._connections.discard(connection)
            connection.sock.close()     # locked: drop() must not see a reused descriptor


def bind_loopback(host: str, port: int) -> socket.socket:
    """A listening socket; these servers are never reachable from other machines."""
    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not a loopback address")
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(128)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def bind_pair(port: int) -> list[socket.socket]:
    for _ in range(50):
        sockets = [bind_loopback("127.0.0.1", port)]
        try:
            sockets.append(bind_loopback("::1", sockets[0].getsockname()[1]))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                sockets[0].close()
                if port:
                    raise
                continue        # the port chosen on 127.0.0.1 is in use on ::1
        return sockets
    raise OSError(errno.EADDRINUSE, "no port is free on both 127.0.0.1 and ::1")


class Connection:
    """A connection of a client; implements Link of faults.py."""

    def __init__(self, listener: Listener, sock: socket.socket) -> None:
        self.listener, self.shared, self.sock = listener, listener.shared, sock
        self.quiet = not listener.encrypted     # no log entries and no faults on the control port
        self.ended = False
        self._received = 0          # bytes of the request that is being read
        self._cutting: Fault | None = None
        self.facts: dict[str, Any] = {"listener": listener.name}
        self.thread = threading.Thread(target=self._run, daemon=True, name=listener.name)

    def send(self, data: bytes) -> None:
        self.sock.settimeout(None)
        if data:
            self.sock.sendall(data)

    def wait(self, seconds: float | None) -> None:
        if seconds != 0 and not sleep(self.sock, seconds):
            raise ConnectionAbortedError

    def hold(self) -> None:
        self.shared.faults.hold(self.wait)

    def finish(self, notify: bool = True) -> None:
        """Closes our side, then reads the rest: unread data would turn the FIN into a RST."""
        if self.ended:
            return
        self.ended = True
        self.sock.setblocking(False)
        if notify and isinstance(self.sock, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                self.sock.unwrap()
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            drain(self.sock, LINGER_S)

    def reset(self) -> None:
        """Makes the close that follows send RST instead of FIN."""
        self.ended = True
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def cut(self) -> None:
        """Called from other threads: ends every wait of this connection's thread."""
        with suppress(OSError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _run(self) -> None:
        # The client may close, and the program may end, at any line of this.
        with suppress(OSError, wire.Gone):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._open():
                self._serve()
        self.listener.forget(self)

    def _open(self) -> bool:
        if self.quiet:
            return True
        journal = self.shared.journal
        self.facts["connection"] = journal.next_connection()
        journal.count("connections")
        fault = self.shared.faults.take(self.listener.name)
        refused = fault if fault and fault.kind == "refuse" else None
        if fault:
            journal.event(self.facts, fault.kind)
        if refused and refused.args["tcp"]:
            return self._refuse(refused)
        if fault and fault.kind == "stall_handshake":
            self.wait(fault.args["seconds"])
        if not self._handshake():
            return False
        return self._refuse(refused) if refused else True

    def _refuse(self, fault: Fault) -> bool:
        self.reset() if fault.args["reset"] else self.finish()
        return False

    def _handshake(self) -> bool:
        context = self.shared.tls.context(self.listener.name)
        with self.listener._lock:       # drop() sees either the old socket or the new one
            sock = context.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            self.sock = sock
        sock.settimeout(HANDSHAKE_S)
        try:
            sock.do_handshake()
        except OSError as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            self.shared.journal.event(self.facts, "handshake_failed", reason=reason)
            self.shared.journal.count("handshakes_failed")
            return False
        cipher = sock.cipher()
        self.facts |= {"tls": sock.version(), "cipher": cipher and cipher[0],
                       "resumed": bool(sock.session_reused),
                       "sni": getattr(sock, "asked_for", None)}
        self.shared.journal.count("handshakes", *(["resumed"] if sock.session_reused else []))
        return True

    def _serve(self) -> None:
        reader = wire.Reader(self._receive)
        try:
            while True:
                self._received, self._cutting = 0, None
                idle = self.shared.settings.keep_alive_s
                self.sock.settimeout(max(0.001, min(idle, FOR_EVER_S)))
                request = reader.request(lambda: self.send(wire.status_line(100) + b"\r\n"))
                if request is None or not self._answer(request):
                    break
        except wire.BadRequest as error:
            if not self.quiet:
                self.shared.journal.event(self.facts, "bad_request", reason=str(error))
            self.send(wire.frame(wire.html_response(400, "400 Bad Request"),
                                 Framing(close=True, date=self.shared.now())))
        except TimeoutError:
            pass        # idle for too long: closes cleanly, as any server
        self.finish()

    def _receive(self, size: int) -> bytes:
        """Reads from the client, unless the fault cut_request ends that within the request."""
        data = self.sock.recv(size)
        if self.quiet or not data:
            return data
        if not self._received:
            words = data.split(b"\r\n")[0].decode("latin-1").split(" ")
            self._cutting = self.shared.faults.take(self.listener.name, words[1] if words[1:]
                                                    else "", reads=True)
        self._received += len(data)
        fault = self._cutting
        if fault and self._received > fault.args["byte"]:
            self.shared.journal.event(self.facts, fault.kind)
            self.wait(fault.args["seconds"])
            self.reset() if fault.args["reset"] else self.finish()
            raise wire.Gone
        return data

    def _answer(self, request: Request) -> bool:
        """Handles one request; returns whether the connection stays open."""
        fault = None if self.quiet else self.shared.faults.take(self.listener.name, request.target)
        processed = fault is None or fault.process
        response = self._handle(request) if processed else Response(outcome="fault")
        answer = Answer(self.listener.name, response, self._framing(request), request)
        if fault:
            fault.reshape(answer)
        if not self.quiet:
            failed = fault is not None and fault.kind == "error" and not processed
            self._log(request, answer.response.status, fault,
                      (answer.response if failed else response).outcome)
        if fault:
            return fault.play(self, answer)
        self.send(answer.bytes())
        return not answer.framing.closes

    def _handle(self, request: Request) -> Response:
        try:
            return self.listener.service.handle(request)
        except Exception:       # a bug of ours: report it and continue
            traceback.print_exc()
            return wire.html_response(500, "500 Internal Server Error", outcome="bug")

    def _framing(self, request: Request) -> Framing:
        settings = self.shared.settings
        framing = Framing(close=request.wants_close(), date=self.shared.now(),
                          body_allowed=request.method != "HEAD")
        if not self.quiet:
            framing.close |= not settings.keep_alive
            framing.chunked = settings.chunked and request.version == "HTTP/1.1"
            framing.close_delimited = settings.close_delimited
            framing.interim = settings.interim
            framing.extra_headers = settings.extra_headers
            framing.date += settings.date_offset_s
        return framing

    def _log(self, request: Request, status: int, fault: Fault | None, outcome: str) -> None:
        """Logs before the response is sent: a client that has it finds the entry in the log."""
        kind = self.listener.service.kind(request)
        lost = fault is not None and fault.kind == "lost_answer"
        self.shared.journal.request(self.facts, request, kind=kind, outcome=outcome,
                                    status=None if lost else status,
                                    fault=fault.kind if fault else None)
        self.shared.journal.count("requests", kind, f"{kind}.{outcome}")
