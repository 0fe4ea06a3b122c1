# SPDX-License-Identifier: Apache-2.0
"""Includes run along the arrows: boards -> core, boards -> port -> platform <- core, and inside core
from room to room:

    keeper -> console -> escalate -> oauth -> runtime -> https, store -> base

A room may use every room below it. Boards use the one public header and base.
"""

from __future__ import annotations

import re
from pathlib import Path

import rooms
import source

# Freestanding C99, and string.h: no allocation, no files, no clock, no locale.
PORTABLE = {"float.h", "iso646.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h",
            "string.h"}
MADE = {"tk_words_packed.h": ["core/base"]}  # while building, and where it belongs
CORE_ALSO = re.compile(r"(mbedtls|psa)/\w+\.h|jsmn\.h")
ASKED_IN_PORTABLE_CODE = re.compile(r"(TK|MBEDTLS|JSMN)_\w+|TOKENKEEPER_H|defined|__cplusplus|__STDC_VERSION__")

_INCLUDE = re.compile(r'include\s*(?:<([^>]+)>|"([^"]+)")$')
_CONDITION = re.compile(r"(?:el)?if(?:n?def)?\b(.*)")
_NAME = re.compile(r"\b[A-Za-z_]\w*")


def zone(name: str) -> str:
    """The part of the tree that a file belongs to: core (the keeper), core/<room>, platform,
    port/<one>, boards/<one>, tests."""
    parts = name.split("/")
    if parts[0] == "core":
        return "/".join(parts[:-1])
    return "/".join(parts[:2]) if parts[0] in ("port", "boards") else parts[0]


def may_use(user: str, used: str) -> bool:
    """Whether an arrow leads from one zone to another."""
    if user == used or user == "tests":
        return True
    if user.startswith("boards/"):
        return used in ("core", "core/base", "platform") or used.startswith("port/")
    if user.startswith("port/"):
        return used in ("platform", "port/mbedtls")
    return is_core(user) and (used == "platform" or rooms.may_use(user, used))


def is_core(part: str) -> bool:
    """Whether this is the keeper or a room."""
    return part.partition("/")[0] == "core"


def may_use_outside(user: str, header: str) -> bool:
    """Whether a zone may include a header that is not ours."""
    if is_core(user):
        return header in PORTABLE or bool(CORE_ALSO.fullmatch(header))
    return user != "platform" or header in PORTABLE


def _homes(name: str, header: str, headers: dict[str, list[str]]) -> list[str]:
    """The zones that a header of this name may be found in, the including file's own first."""
    homes = headers.get(Path(header).name, [])
    own = [home for home in homes if home == zone(name)]
    return own or homes


def _include_problem(name: str, words: str, headers: dict[str, list[str]]) -> str | None:
    match = _INCLUDE.match(words)
    if not match:
        return "an include that is computed" if words.startswith("include") else None
    header = match.group(1) or match.group(2)
    homes = _homes(name, header, headers)
    if homes:
        wrong = [home for home in homes if not may_use(zone(name), home)]
        return f"{zone(name)} may not include {header} of {wrong[0]}" if wrong else None
    if match.group(2):
        return f'"{header}" is not in the tree'
    if not may_use_outside(zone(name), header):
        return f"{zone(name)} may not include <{header}>"
    return None


def _condition_problem(name: str, words: str) -> str | None:
    match = _CONDITION.match(words)
    if not match or not (is_core(zone(name)) or zone(name) == "platform"):
        return None
    strange = [word for word in _NAME.findall(match.group(1))
               if not ASKED_IN_PORTABLE_CODE.fullmatch(word)]
    return f"{zone(name)} may not depend on {strange[0]}" if strange else None


def problems(tree: Path) -> list[str]:
    """Includes against the arrows, and conditions on a system in portable code."""
    names = [name for name in source.c_files(tree) if zone(name) != "tests"]
    headers: dict[str, list[str]] = dict(MADE)
    for name in source.c_files(tree):
        headers.setdefault(Path(name).name, []).append(zone(name))
    found = []
    for name in names:
        for line, words in source.directives(source.text(tree, name)):
            what = _include_problem(name, words, headers) or _condition_problem(name, words)
            if what:
                found.append(f"{name}:{line}: {what}")
    return found
