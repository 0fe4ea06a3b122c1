#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A browser for `tokenkeeper provision`: opens a link, logs in to the tests' Bitrix24 and follows
its redirect back.

    scripted_browser.py URL

$BROWSER_CA is trusted. $BROWSER_DOES: login, twice, deny, forge or nothing. $BROWSER_HOSTS is where
hosts are: acme.bitrix24.com=127.0.0.1:8443
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_):
        return None


def resolve() -> None:
    """Connects to the hosts of $BROWSER_HOSTS where it says."""
    places = dict(place.split("=") for place in os.environ.get("BROWSER_HOSTS", "").split())
    connect = socket.create_connection

    def connect_there(address, *arguments, **options):
        host, _, port = places.get(address[0], "").partition(":")
        return connect((host, int(port)) if host else address, *arguments, **options)

    socket.create_connection = connect_there


def get(url: str, *, follow: bool = True) -> tuple[int, str, str]:
    """Status, Location and text of the page that a link leads to."""
    context = ssl.create_default_context(cafile=os.environ.get("BROWSER_CA") or None)
    handlers = [urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)]
    opener = urllib.request.build_opener(*handlers, *([] if follow else [Stay()]))
    try:
        with opener.open(url, timeout=30) as page:
            return page.status, "", page.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", ""), error.read().decode()


def answer(start: str, **query: str) -> tuple[int, str, str]:
    """What the listener says to a redirect that a portal might send."""
    link = get(start, follow=False)[1]
    state = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(link).query))["state"]
    home = start.split("/start/")[0]
    return get(f"{home}/?" + urllib.parse.urlencode({"state": state} | query))


def main() -> int:
    """Does what $BROWSER_DOES says."""
    resolve()
    does, start = os.environ.get("BROWSER_DOES", "login"), sys.argv[1]
    if does == "twice":
        get(start, follow=False)
        get(start)
    elif does == "deny":
        answer(start, error="access_denied")
    elif does == "forge":
        answer(start, state="0" * 32, code="0" * 70)
    elif does == "login":
        get(start)
    return 0


if __name__ == "__main__":
    sys.exit(main())
