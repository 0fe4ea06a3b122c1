# SPDX-License-Identifier: Apache-2.0
"""Unused ports."""

from __future__ import annotations

import socket


def free_ports(count: int) -> list[int]:
    """Distinct unused ports of 127.0.0.1: all are bound before the first is released."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports
