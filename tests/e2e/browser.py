#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A browser for `tokenkeeper provision`: opens a link, logs in to the tests' Bitrix24 and follows
its redirect back.

    browser.py URL      with $BROWSER_CA; $BROWSER_DOES: login, twice, deny, forge or nothing
"""

from __future__ import annotations

import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect."""

    def redirect_request(self, *_):
        return None


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
