#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The policy of the page allows its own scripts and style, by their SHA-256.

    python3 tests/web/hashes.py [--write]
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "boards/host/web"
sys.path.insert(0, str(WEB))
import serve  # noqa: E402


def hashes(page: str, element: str) -> str:
    """The sources of a policy that allow these elements of the page."""
    return " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
        for text in re.findall(rf"<{element}>(.*?)</{element}>", page, re.DOTALL))


def with_hashes(page: str) -> str:
    """The page with the hashes that it must have."""
    for directive, element in (("script-src", "script"), ("style-src", "style")):
        page = re.sub(rf"({directive}) [^;]*",
                      lambda found, e=element: f"{found[1]} {hashes(page, e)}",
                      page, count=1)
    return page


def main() -> int:
    page = serve.PAGE.read_text()
    if "--write" in sys.argv[1:]:
        serve.PAGE.write_text(with_hashes(page))
    elif page != with_hashes(page):
        sys.exit(f"{serve.PAGE}: the policy has other hashes; write them: {sys.argv[0]} --write")
    return 0


if __name__ == "__main__":
    sys.exit(main())
