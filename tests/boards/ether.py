# SPDX-License-Identifier: Apache-2.0
"""The Ethernet cable of an emulated board, between its controller and QEMU's user network.

    board -- hub 0 -- | this: DHCP, DNS and SNTP | -- hub 1 -- QEMU

QEMU's network is isolated (restrict=on) except for a few TCP ports that it forwards to our servers;
it therefore announces neither a router nor a DNS server. UDP requests are served here, from the
address that they were sent to; all other frames pass while the cable is plugged in.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from pathlib import Path

ETHERNET, IPV4, UDP = 14, 0x0800, 17
DHCP_SERVER, DHCP_CLIENT, DNS, NTP = 67, 68, 53, 123
NTP_ERA = 2208988800  # of 1970, in seconds since 1900
TYPE_A, NOT_FOUND = 1, 3
BOARD, ROUTER, RESOLVER, MASK = "10.0.2.15", "10.0.2.2", "10.0.2.3", "255.255.255.0"
OFFER_OF = {1: 2, 3: 5}  # DISCOVER: OFFER, REQUEST: ACK


def checksum(data: bytes) -> int:
    """Of an IPv4 header (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def question(query: bytes) -> tuple[str, int, int]:
    """Name, type and end of the one question of a DNS query (RFC 1035 4.1)."""
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack_from("!H", query, at + 1)[0], at + 5


def dhcp_options(message: bytes) -> dict[int, bytes]:
    """RFC 2132."""
    options, at = {}, 240
    while at < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        options[message[at]] = message[at + 2:at + 2 + message[at + 1]]
        at += 2 + message[at + 1]
    return options


class Ether:
    """A thread that forwards frames. names: host names and their addresses; may change."""

    def __init__(self, home: Path, names: dict[str, str], record: Path) -> None:
        self.names = names
        self.ntp_offset_s: float | None = None  # None: no NTP server
        self.plugged = True
        self.lookups: list[str] = []
        self._home = home
        self._record = record.open("wb")
        self._sockets = {side: self._bind(side) for side in ("board", "qemu")}
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _bind(self, side: str) -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        made.bind(str(self._home / f"{side}.here"))
        return made

    def options(self, model: str, user: str) -> list[str]:
        """QEMU options: the controller, the user network, and the cable between them."""
        def end(side: str, hub: int) -> list[str]:
            there = self._home / f"{side}.there"
            there.unlink(missing_ok=True)
            return ["-netdev", f"dgram,id={side},local.type=unix,local.path={there},"
                    f"remote.type=unix,remote.path={self._home / side}.here",
                    "-netdev", f"hubport,id={side}port,hubid={hub},netdev={side}"]
        if model.endswith("-device"):  # a controller that the machine does not have built in
            plug = ["-netdev", "hubport,id=plug,hubid=0", "-device", f"{model},netdev=plug"]
        else:
            plug = ["-net", f"nic,model={model}"]
        return [*plug, *end("board", 0), *end("qemu", 1),
                "-netdev", f"user,id=user,restrict=on{user}",
                "-netdev", "hubport,id=userport,hubid=1,netdev=user"]

    def close(self) -> None:
        self._ended = True
        self._thread.join()
        for made in self._sockets.values():
            made.close()
        self._record.close()

    # --- frames ---

    def _run(self) -> None:
        ways = {"board": "qemu", "qemu": "board"}
        with selectors.DefaultSelector() as ready:
            for side, made in self._sockets.items():
                ready.register(made, selectors.EVENT_READ, side)
            while not self._ended:
                for key, _ in ready.select(0.1):
                    self._take(key.data, ways[key.data], key.fileobj.recv(2000))

    def _take(self, side: str, other: str, frame: bytes) -> None:
        self._record.write(frame)
        if not self.plugged:
            return
        answer = self._answer(frame) if side == "board" else None
        if answer is None:
            self._send(other, frame)
        elif answer:
            self._send(side, answer)

    def _send(self, side: str, frame: bytes) -> None:
        try:
            self._sockets[side].sendto(frame, str(self._home / f"{side}.there"))
        except OSError:  # the emulator has ended
            pass

    def flood(self, count: int) -> None:
        """Sends broadcast frames of an unused type (0x88B5: experimental) as fast as possible."""
        frame = b"\xff" * 6 + b"\x52\x55\x0a\x00\x02\x63\x88\xb5" + bytes(1000)
        for _ in range(count):
            try:
                self._sockets["board"].sendto(frame, socket.MSG_DONTWAIT,
                                              str(self._home / "board.there"))
            except BlockingIOError:  # dropped, as on a wire
                pass

    def _answer(self, frame: bytes) -> bytes | None:
        """The response to a UDP request, b"" for none; None: not for these servers."""
        if len(frame) < 42 or struct.unpack_from("!H", frame, 12)[0] != IPV4:
            return None
        header = frame[ETHERNET:ETHERNET + 4 * (frame[ETHERNET] & 15)]
        start = ETHERNET + len(header)
        from_port, to_port, length = struct.unpack_from("!3H", frame, start)
        servers = {DNS: self._resolve, NTP: self._serve_time, DHCP_SERVER: self._lease}
        if header[9] != UDP or to_port not in servers:
            return None
        data = servers[to_port](frame[start + 8:start + length])
        if not data:
            return b""
        sender, target = header[16:20], header[12:16]
        if to_port == DHCP_SERVER:
            sender, target = socket.inet_aton(ROUTER), b"\xff" * 4
        udp = struct.pack("!4H", to_port, from_port, 8 + len(data), 0) + data
        ip = bytearray(struct.pack("!2B3H2BH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, UDP, 0,
                                   sender, target))
        struct.pack_into("!H", ip, 10, checksum(bytes(ip)))
        return frame[6:12] + b"\x52\x55\x0a\x00\x02\x02" + frame[12:14] + bytes(ip) + udp

    # --- servers; an empty result: no response ---

    def _lease(self, query: bytes) -> bytes:
        kind = OFFER_OF.get(dhcp_options(query).get(53, b"\0")[0])
        if kind is None:
            return b""
        head = b"\x02" + query[1:16] + socket.inet_aton(BOARD) + socket.inet_aton(ROUTER) \
            + query[24:44] + bytes(192) + query[236:240]
        options = [(53, bytes([kind])), (54, socket.inet_aton(ROUTER)), (51, b"\0\1\x51\x80"),
                   (1, socket.inet_aton(MASK)), (3, socket.inet_aton(ROUTER)),
                   (6, socket.inet_aton(RESOLVER))]
        return head + b"".join(bytes([code, len(value)]) + value for code, value in options) \
            + b"\xff"

    def _resolve(self, query: bytes) -> bytes:
        name, kind, end = question(query)
        self.lookups.append(name)
        address = self.names.get(name)
        found = address is not None and kind == TYPE_A
        head = query[:2] + struct.pack("!5H", 0x8180 | (0 if address else NOT_FOUND), 1,
                                       int(found), 0, 0)
        answer = struct.pack("!3HIH", 0xC00C, TYPE_A, 1, 60, 4) + socket.inet_aton(address) \
            if found else b""
        return head + query[12:end] + answer

    def _serve_time(self, query: bytes) -> bytes:
        if self.ntp_offset_s is None:
            return b""
        now = time.time() + self.ntp_offset_s + NTP_ERA
        stamp = struct.pack("!2I", int(now), int(now % 1 * 2**32))
        return struct.pack("!4B2I4s", 0x24, 2, 6, 0xEC, 0, 0, b"TEST") + stamp + query[40:48] \
            + stamp + stamp
