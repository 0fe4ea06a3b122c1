# SPDX-License-Identifier: Apache-2.0
"""Names with dead addresses of either family before one that answers."""

from __future__ import annotations

import socket

import preload
from keeper import GatewayCase

LIVE = "127.0.0.1"
MOST = 8


class Addresses(GatewayCase):
    """The servers are at localhost, whose addresses the test chooses. The code is given up after
    25 s, so a code that is exchanged has found the last address."""

    def listener(self, host: str, *, full: bool = False) -> int:
        """The port of a listener that accepts and says nothing or, full, answers no SYN."""
        listening = socket.create_server(
            (host, 0), backlog=0, family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.addCleanup(listening.close)
        port = listening.getsockname()[1]
        while full:
            client = socket.socket(listening.family)
            self.addCleanup(client.close)
            client.setblocking(False)
            client.connect_ex((host, port))
            client.settimeout(0.1)
            try:
                client.getpeername()
            except OSError:  # not connected: the backlog is full
                break
        return port

    def closed_port(self) -> int:
        with socket.create_server((LIVE, 0)) as listening:
            return listening.getsockname()[1]

    def exchange(self, *addresses: str) -> None:
        gateway = self.keeper(env=preload.environment("addresses",
                                                      TK_ADDRESSES=" ".join(addresses)))
        gateway.provision()
        self.assertEqual(gateway.status()["state"], "ready")

    def test_silent_ipv6(self) -> None:
        port = self.listener("::1", full=True)
        self.exchange(*(f"2001:db8::{i}={port}" for i in range(1, MOST + 1)), LIVE)

    def test_silent_ipv4(self) -> None:
        port = self.listener(LIVE, full=True)
        self.exchange(*(f"192.0.2.{i}={port}" for i in range(1, MOST + 1)), LIVE)

    def test_connected_and_silent(self) -> None:
        port = self.listener(LIVE)
        self.exchange(*(f"192.0.2.{i}={port}" for i in range(1, MOST + 1)), LIVE)

    def test_refused_and_unreachable(self) -> None:
        port = self.closed_port()
        self.exchange(*(f"192.0.2.{i}={port}" for i in range(1, MOST + 1)),
                      *(f"2001:db8::{i}=0" for i in range(1, MOST + 1)), LIVE)
