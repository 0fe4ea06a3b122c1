# SPDX-License-Identifier: Apache-2.0
"""Members of struct tk_account that are private to core/oauth."""

from __future__ import annotations

import re
from pathlib import Path

import source

HOME = "core/oauth/"
ELSEWHERE = ("core/", "boards/", "port/")
HEADER = "core/oauth/tk_account.h"
PARTS = {"auth": "tk_auth", "refresh": "tk_refresh", "rest": "tk_rest"}


def members(tree: Path) -> dict[str, list[str]]:
    """The members of these parts of struct tk_account."""
    code = source.without_comments(source.text(tree, HEADER))
    found = {}
    for part, struct in PARTS.items():
        body = re.search(rf"struct {struct} {{(.*?)\n}};", code, re.DOTALL)
        found[part] = re.findall(r"(\w+)(?:\[\w+\])?;", body.group(1)) if body else []
    return found


def problems(tree: Path) -> list[str]:
    """Uses of these members, or of the address of a part, outside core/oauth."""
    known = members(tree)
    empty = [part for part, names in known.items() if not names]
    if empty:
        return [f"{HEADER}:1: tests/checks/accounts.py finds no members of {part}"
                for part in empty]
    inside = "|".join(rf"{part}\.(?:{'|'.join(names)})" for part, names in known.items())
    uses = re.compile(rf"(?:->|\.)(?:{inside})\b|&\w+->(?:{'|'.join(known)})\b")
    found = []
    for name in source.c_files(tree):
        if name.startswith(HOME) or not name.startswith(ELSEWHERE):
            continue
        code = source.without_comments(source.text(tree, name)).split("\n")
        found += [f"{name}:{number}: private to core/oauth: {match.group()}"
                  for number, line in enumerate(code, 1) for match in uses.finditer(line)]
    return found
