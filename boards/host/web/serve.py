#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Serves the page of this folder on http://localhost:7000, for a browser on this machine.

    python3 serve.py [--port N]

Both loopback addresses, or none: a browser may try either, and the one that is left would be
another user's to take. Requests are not logged: the address of one holds a code.
"""

from __future__ import annotations

import argparse
import errno
import http.server
import re
import socket
import sys
import threading
from pathlib import Path

PAGE = Path(__file__).resolve().with_name("index.html")


def policy(page: str) -> str:
    """The page's Content-Security-Policy as a header, which can also forbid frames."""
    meta = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    return f"{meta.group(1)}; frame-ancestors 'none'" if meta else ""


class Handler(http.server.BaseHTTPRequestHandler):
    """GET / is the page; nothing else is here."""

    timeout = 5
    hosts: tuple[str, ...] = ()  # of the header Host; empty: any
    headers_more: dict[str, str] = {}

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if self.hosts and self.headers.get("Host") not in self.hosts:
            self.send_error(421)
        elif path != "/":
            self.send_error(404)
        else:
            self._page()

    def _page(self) -> None:
        page = PAGE.read_bytes()
        fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page)),
                  "Content-Security-Policy": policy(page.decode()), "Cache-Control": "no-store",
                  "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
        self.send_response(200)
        for name, value in (fields | self.headers_more).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    allow_reuse_address = sys.platform != "win32"  # there another program could share the port
    daemon_threads = True


class Server6(Server):
    address_family = socket.AF_INET6


def servers(port: int) -> list[Server]:
    """Both loopback addresses; that of IPv6 may be missing on a machine without it."""
    bound = [Server(("127.0.0.1", port), Handler)]
    try:
        bound.append(Server6(("::1", port), Handler))
    except OSError as error:
        if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise
    return bound


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7000)
    port = parser.parse_args().port
    Handler.hosts = tuple(f"{name}:{port}" for name in ("localhost", "127.0.0.1", "[::1]"))
    try:
        bound = servers(port)
    except OSError as error:
        sys.exit(f"port {port} of 127.0.0.1 and [::1] is needed: {error.strerror}. "
                 "End the program that has it.")
    print(f"Open http://localhost:{port}/ in Chrome, Edge or Firefox. Ctrl-C ends this.", flush=True)
    for server in bound:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
