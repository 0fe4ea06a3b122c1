#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Packs the user-facing strings for core/base/tk_words.c.

    python3 core/words.py OUT.h ERRORS.h [TABLE.h ...]

The strings are the codes of errors, and the last columns of each table's rows. The most frequent
pair of neighbours becomes a new symbol, again and again (Gage, 1994); then symbols get Huffman codes
in canonical order. A symbol is a character or a pair of symbols; it has the number of its code.
"""

import heapq
import re
import sys
from collections import Counter
from pathlib import Path

CODE = re.compile(r'^TK_ERROR\(\s*\w+,\s*"(\w+)"', re.MULTILINE)
LAST_STRINGS = re.compile(r'((?:"[^"\\\n]*"[\s,]*)+)\)$', re.MULTILINE)
COLUMN = re.compile(r'(?:"[^"]*"\s*)+')
SYMBOLS = 511  # at most, the end of a string included; 511 itself marks a character
RARE = 5  # a pair that occurs less often is not worth a symbol
MARK_EVERY = 16  # strings
Pair = tuple[int, int]


def last_strings(table: Path) -> list[str]:
    """The strings at the end of every row, one for each column."""
    return ["".join(re.findall(r'"(.*?)"', column))
            for columns in LAST_STRINGS.findall(table.read_text("ascii"))
            for column in COLUMN.findall(columns)]


def most_frequent(texts: list[list[int]]) -> tuple[int, Pair]:
    """The pair that occurs most often without overlapping itself; of equals the lowest."""
    count: Counter[Pair] = Counter()
    for text in texts:
        before = None
        for pair in zip(text, text[1:]):
            before = pair if pair != before else None  # aaa counts as one aa
            count[pair] += before is not None
    pair = min(count, key=lambda pair: (-count[pair], pair))
    return count[pair], pair


def replaced(text: list[int], pair: Pair, new: int) -> list[int]:
    """The text with each occurrence of the pair replaced by one symbol."""
    found, at = [], 0
    while at < len(text):
        same = tuple(text[at:at + 2]) == pair
        found.append(new if same else text[at])
        at += 2 if same else 1
    return found


def paired(strings: list[str], letters: str) -> tuple[list[list[int]], list[Pair]]:
    """The strings in symbols, and the pair that each symbol stands for, from len(letters) on."""
    texts = [[letters.index(c) for c in string] for string in strings]
    pairs: list[Pair] = []
    while len(letters) + len(pairs) + 1 < SYMBOLS:
        count, pair = most_frequent(texts)
        if count < RARE:
            break
        texts = [replaced(text, pair, len(letters) + len(pairs)) for text in texts]
        pairs.append(pair)
    return texts, pairs


def code_lengths(count: Counter[int]) -> dict[int, int]:
    """The bits of each symbol's code (Huffman, 1952)."""
    heap = [(n, symbol, [symbol]) for symbol, n in sorted(count.items())]
    heapq.heapify(heap)
    bits = dict.fromkeys(count, 0)
    while len(heap) > 1:
        (n, _, few), (m, low, more) = heapq.heappop(heap), heapq.heappop(heap)
        for symbol in few + more:
            bits[symbol] += 1
        heapq.heappush(heap, (n + m, low, few + more))
    return bits


def codes_of(order: list[int], bits: dict[int, int]) -> dict[int, str]:
    """The canonical codes: of one length in order, shorter ones first."""
    codes, code, length = {}, 0, 0
    for symbol in order:
        code <<= bits[symbol] - length
        length = bits[symbol]
        codes[symbol] = f"{code:0{length}b}"
        code += 1
    return codes


def depth(symbol: int, first: int, pairs: list[Pair]) -> int:
    """How deeply pairs are nested in this symbol."""
    if symbol < first:
        return 0
    return 1 + max(depth(part, first, pairs) for part in pairs[symbol - first])


def row(values: list[int]) -> str:
    """A line of an initializer."""
    return "    " + " ".join(f"{value}," for value in values)


def main() -> int:
    """Command line."""
    tables = [last_strings(Path(table)) for table in sys.argv[2:]]
    codes = ["ok", *CODE.findall(Path(sys.argv[2]).read_text("ascii"))]
    strings = [*codes, "", *(s for table in tables for s in table)]
    letters = "".join(sorted(set("".join(strings))))
    texts, pairs = paired(strings, letters)
    first, end = len(letters), len(letters) + len(pairs)
    bits = code_lengths(Counter(symbol for text in texts for symbol in [*text, end]))
    coded = sorted(bits, key=lambda symbol: (bits[symbol], symbol))
    order = [*coded, *(symbol for symbol in range(end) if symbol not in bits)]
    number = {symbol: i for i, symbol in enumerate(order)}
    parts = [(ord(letters[s]), SYMBOLS) if s < first else
             (SYMBOLS, SYMBOLS) if s == end else
             tuple(number[part] for part in pairs[s - first]) for s in order]
    code = codes_of(coded, bits)
    streams = ["".join(code[symbol] for symbol in [*text, end]) for text in texts]
    stream = "".join(streams)
    marks = [sum(map(len, streams[:i])) for i in range(0, len(streams), MARK_EVERY)]
    starts = [0] + [len(codes) + 1 + sum(map(len, tables[:i])) for i in range(len(tables))]
    lines = ["/* Generated by core/words.py. */", f"#define MARK_EVERY {MARK_EVERY}",
             f"#define CHARACTER {SYMBOLS}", f"#define END {number[end]}",
             f"#define DEEPEST {max(depth(s, first, pairs) for s in range(end)) + 1}",
             f"#define CODES {len(codes)}",
             f"#define STRINGS {len(strings) - len(codes)}",
             f"#define LONGEST {max(map(len, strings))}", f"#define ERRORS {len(tables[0])}", "",
             "static const uint16_t tables[] = {", row(starts), "};", "",
             "/* the bit at which every MARK_EVERYth string begins */",
             "static const uint16_t marks[] = {", row(marks), "};", "",
             "/* how many codes have 1 bit, 2 bits ... */", "static const uint8_t lengths[] = {",
             row([sum(bits[s] == n for s in coded) for n in range(1, max(bits.values()) + 1)]),
             "};", "", "static const uint8_t parts[][2] = {",
             *(f"    {{{left % 256}, {right % 256}}}," for left, right in parts), "};", "",
             "/* bit 8 of both parts, of 4 symbols a byte */", "static const uint8_t high[] = {",
             row([sum((left // 256 + right // 256 * 2) << 2 * i
                      for i, (left, right) in enumerate(parts[at:at + 4]))
                  for at in range(0, len(parts), 4)]), "};", "", "static const uint8_t packed[] = {",
             row([int(stream[at:at + 8][::-1], 2) for at in range(0, len(stream), 8)]), "};", "",
             *(f"/* {i}: {string} */" for i, string in enumerate(strings))]
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n", "ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
