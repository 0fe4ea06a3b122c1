# SPDX-License-Identifier: Apache-2.0
"""Keys of the store are named in core/runtime/tk_keys.h, each number once, and used by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import source

TABLE = "core/runtime/tk_keys.h"
STORE = "core/store/"
ACCOUNTS = ("core/oauth/tk_account_load.c", "core/oauth/tk_account_store.c")
LAST = 31  # of the device, and of an account

_ENUM = re.compile(r"enum \{(.*?)\};", re.DOTALL)
_NUMBER = re.compile(r"\b(TK_KEY_\w+) = (\d+)")
_DEFINITION = re.compile(r"\bTK_KEY_\w+\s*=(?!=)|#\s*define\s+TK_KEY_\w+")
# What the key of a value may be: a name of the table, or made from one in a place that is checked.
_NAMED = re.compile(r"TK_KEY_\w+|tk_account_key\(|(?:tk_account_)?key_of\(|keys?\b|items?\b"
                    r"|\w+ (?:key|item)\b")
_CALL = re.compile(r"\btk_(?:storage_(?:put|get|text)|store_(?:get|previous))\(\s*[^,;{}]+,\s*")
_VALUE = re.compile(r"\btk_store_value(?:\)| \w+(?:\[\w*\])?)(?: = |\s*)\{+\s*")
_WRAPPER = re.compile(r"\b(?:load_bytes|load_text|load_number|reject|add|add_text|add_pieces"
                      r"|store_bytes)\(\s*[^,;{}]+,\s*")
_VARIABLE = re.compile(r"\buint(?:8|16)_t (?:key|keys\[\w*\]|item|items\[\w*\]) = ")
_FUNCTION = re.compile(r"\b(?:tk_account_)?key_of\([^;{]*\)\s*\{(.*?)\n\}", re.DOTALL)


def _table_problems(tree: Path) -> Iterator[str]:
    """Numbers that are out of range or stand for two keys."""
    tables = _ENUM.findall(source.without_comments(source.text(tree, TABLE)))
    if len(tables) != 2 or not all(map(_NUMBER.search, tables)):
        yield f"{TABLE}:1: tests/checks/keys.py finds no two tables of keys"
    for table in tables:
        names: dict[int, str] = {}
        for name, digits in _NUMBER.findall(table):
            number = int(digits)
            if number in names:
                yield f"{TABLE}:1: {name} has the number of {names[number]}"
            if name != "TK_KEYS_PER_ACCOUNT" and not 1 <= number <= LAST:
                yield f"{TABLE}:1: {name} is not from 1 to {LAST}"
            names[number] = name


def _places(name: str, code: str) -> Iterator[tuple[int, str]]:
    """The places with a key that has no name, and what is wrong."""
    yield from ((match.start(), f"defines a key outside {TABLE}")
                for match in _DEFINITION.finditer(code))
    uses = [_CALL, _VALUE, _VARIABLE] + [_WRAPPER] * (name in ACCOUNTS)
    for use in uses:
        for match in use.finditer(code):
            if not use_is_named(code[match.end():]):
                yield match.start(), f"a key that is not of {TABLE}"
    for match in _FUNCTION.finditer(code):
        if not re.search(r"TK_KEY_\w+|tk_account_key\(", match.group(1)):
            yield match.start(), f"key_of uses no key of {TABLE}"


def use_is_named(rest: str) -> bool:
    """Whether the text begins with a key of the table."""
    return bool(_NAMED.match(re.sub(r"^(?:\(uint(?:8|16)_t\)|\(|\[\w+\] = |\{\s*)+", "", rest)))


def problems(tree: Path) -> list[str]:
    """Keys that are numbers, keys defined elsewhere, and numbers of two keys."""
    found = list(_table_problems(tree))
    for name in source.c_files(tree):
        if not name.startswith("core/") or name.startswith(STORE) or name == TABLE:
            continue
        code = source.without_comments(source.text(tree, name))
        found += [f"{name}:{code.count(chr(10), 0, at) + 1}: {what}"
                  for at, what in sorted(_places(name, code))]
    return found
