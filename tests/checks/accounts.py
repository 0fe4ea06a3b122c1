# SPDX-License-Identifier: Apache-2.0
"""What an account holds for core/oauth alone: no other room and no board looks into it."""

from __future__ import annotations

import re
from pathlib import Path

import source

HOME = "core/oauth/"
ELSEWHERE = ("core/", "boards/", "port/")
HEADER = "core/oauth/tk_account.h"
PARTS = {"auth": "tk_auth", "refresh": "tk_refresh", "rest": "tk_rest"}


def members(tree: Path) -> dict[str, list[str]]:
    """The members of each of these parts of struct tk_account."""
    code = source.without_comments(source.text(tree, HEADER))
    found = {}
    for part, struct in PARTS.items():
        body = re.search(rf"struct {struct} {{(.*?)\n}};", code, re.DOTALL)
        found[part] = re.findall(r"(\w+)(?:\[\w+\])?;", body.group(1)) if body else []
    return found


def problems(tree: Path) -> list[str]:
    """Uses of these members elsewhere, and of their addresses."""
    known = members(tree)
    empty = [part for part, names in known.items() if not names]
    if empty:
        return [f"{HEADER}:1: tests/checks/accounts.py does not find what {part} holds"
                for part in empty]
    inside = "|".join(rf"{part}\.(?:{'|'.join(names)})" for part, names in known.items())
    uses = re.compile(rf"(?:->|\.)(?:{inside})\b|&\w+->(?:{'|'.join(known)})\b")
    found = []
    for name in source.c_files(tree):
        if name.startswith(HOME) or not name.startswith(ELSEWHERE):
            continue
        code = source.without_comments(source.text(tree, name)).split("\n")
        found += [f"{name}:{number}: looks into an account: {match.group()}"
                  for number, line in enumerate(code, 1) for match in uses.finditer(line)]
    return found
