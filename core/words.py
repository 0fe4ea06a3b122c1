#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the user-facing strings for core/base/tk_words.c.

    python3 core/words.py OUT.h ERRORS.h [COMMANDS.h SETTINGS.h]

The strings are the last column of each table's rows, packed by byte pairs (Gage, 1994): the most
frequent pair of neighbours becomes one new byte, until no byte value is left.
"""

import re
import sys
from collections import Counter
from pathlib import Path

TABLES = ("errors", "commands", "settings")
LAST_STRING = re.compile(r'((?:"[^"\\\n]*"\s*)+)\)$', re.MULTILINE)
FIRST_CHARACTER = 0x20
FIRST_PAIR = 0x60  # characters are 0x01 to 0x5f, 0x00 ends a sentence
Pair = tuple[int, int]


def sentences(table: Path) -> list[str]:
    """The last string of every row."""
    return ["".join(re.findall(r'"(.*?)"', strings))
            for strings in LAST_STRING.findall(table.read_text("ascii"))]


def most_frequent(texts: list[list[int]]) -> Pair:
    """The pair that stands most often without overlapping itself; of equals the first by number."""
    count: Counter[Pair] = Counter()
    for text in texts:
        before = None
        for pair in zip(text, text[1:]):
            before = pair if pair != before else None  # of aaa only the first aa counts
            count[pair] += before is not None
    return min(count, key=lambda pair: (-count[pair], pair))


def replaced(text: list[int], pair: Pair, new: int) -> list[int]:
    """The text with one byte for each of these pairs."""
    found, at = [], 0
    while at < len(text):
        same = tuple(text[at:at + 2]) == pair
        found.append(new if same else text[at])
        at += 2 if same else 1
    return found


def packed(strings: list[str]) -> tuple[list[list[int]], list[Pair]]:
    """The sentences in packed bytes, and what each byte from FIRST_PAIR on stands for."""
    texts = [[ord(c) - FIRST_CHARACTER + 1 for c in string] for string in strings]
    pairs: list[Pair] = []
    for new in range(FIRST_PAIR, 0x100):
        pair = most_frequent(texts)
        texts = [replaced(text, pair, new) for text in texts]
        pairs.append(pair)
    return texts, pairs


def depth(byte: int, pairs: list[Pair]) -> int:
    """How many pairs lie in each other at the most."""
    if byte < FIRST_PAIR:
        return 0
    return 1 + max(depth(part, pairs) for part in pairs[byte - FIRST_PAIR])


def first_rows(tables: list[list[str]]) -> list[str]:
    """Where each table's strings begin; that of TK_OK stands before all."""
    starts = [1 + sum(map(len, tables[:i])) for i in range(len(TABLES))]
    return [f"#define FIRST_OF_{name.upper()} {start}" for name, start in zip(TABLES, starts)]


def main() -> int:
    """Command line."""
    tables = [sentences(Path(table)) for table in sys.argv[2:]]
    strings = ["", *(s for table in tables for s in table)]
    texts, pairs = packed(strings)
    lines = ["/* Made by core/words.py. */", f"#define FIRST_CHARACTER {FIRST_CHARACTER:#x}",
             f"#define FIRST_PAIR {FIRST_PAIR:#x}",
             f"#define DEEPEST {max(depth(b, pairs) for text in texts for b in text)}",
             f"#define LONGEST {max(map(len, strings))}", *first_rows(tables), "",
             "static const uint8_t pairs[][2] = {",
             *(f"    {{{first}, {second}}}," for first, second in pairs), "};", "",
             "static const uint8_t sentences[] = {",
             *("    " + "".join(f"{byte}, " for byte in text) + f"0, /* {string} */"
               for text, string in zip(texts, strings)), "};"]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n", "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
