#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads the same documents with Python's json and with tk_json.c: by RFC 8259, and by both alike.

    python3 tests/unit/base/json/judge.py build/host/tests/unit/base/read_documents [SEED]

Documents are of the grammar, clause by clause, and the same with random bytes changed.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import Any, NoReturn

COUNT = 20000
SECONDS = 120
NAMES = ("a", "b", "c", "")
BYTES = b'{}[]":,\\/abu0123456789-+.eE \t\r\n\0\x1f\x7f\xc3\xa9\xff'
SEEDS = [  # what is changed
    b'{"a":"x","b":12,"c":[1,{"a":"y"},null,true],"":""}',
    b' \t\r\n{ "a" : "\\u0041\\n\\/" , "b" : -0.5e+3 }\n',
    b'{"\\u0061":"\\ud83d\\ude00","b":"\xc3\xa9\xd0\x90"}',
    b'{"a":1,"a":"2","a":[]}', b'{"c":{"a":1},"b":{},"a":[]}', b'[1,"a",{}]', b'"a"', b"-1.5", b"true",
    b"null", b"false", b"0", b"", b" ", b"\xef\xbb\xbf{}", b'\xef\xbb\xbf{"a":"x"}', b'"\\ud800\\u0041"',
    b'{"a":"\\ud800"}', b'{"a":"\\udc00x","b":"\\ud800\\ud83d\\ude00"}', b'{"a":"\\u0000"}',
    b'{"a":1e5,"b":1E-5,"c":0.0}', b'{"a":9007199254740993,"b":123456789012345678901234567890}',
    b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", b'{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t"}',
    b'{"access_token":"t","expires":1,"expires_in":3600,"scope":"crm","b":"\\u20ac"}',
]


class Number(str):
    """A number as it is written."""


def reject(word: str) -> NoReturn:
    """NaN and Infinity are Python's own."""
    raise ValueError(word)


def shown(value: Any) -> str:
    """A member as read_documents prints it."""
    if not isinstance(value, str) or "\0" in value:
        return "-"
    return replace_unpaired(value).hex()


def replace_unpaired(text: str) -> bytes:
    """UTF-8 with U+FFFD for unpaired surrogates. Raw bytes that are no UTF-8 stand as U+DC80 to
    U+DCFF; documents with such escapes are left out."""
    return b"".join(c.encode("utf-8", "surrogateescape") if not "\ud800" <= c <= "\udfff"
                    or "\udc80" <= c <= "\udcff" else b"\xef\xbf\xbd" for c in text)


def read_by_python(document: bytes) -> str:
    """What Python makes of a document, in the words of read_documents."""
    text = document.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    try:
        value = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=reject)
    except ValueError:
        return "no"
    root = value if isinstance(value, dict) else {}
    return "ok " + " ".join(shown(root.get(name)) for name in NAMES)


def changed(document: bytes, chance: random.Random) -> bytes:
    """The document with up to three bytes replaced, inserted or removed."""
    text = bytearray(document)
    for _ in range(chance.randint(0, 3)):
        at = chance.randint(0, len(text))
        how = chance.randint(0, 2)
        text[at:at + (how != 1)] = bytes([chance.choice(BYTES)]) if how < 2 else b""
    return bytes(text)


def is_comparable(document: bytes) -> bool:
    """Not where Python's representation is ambiguous."""
    return b"\\udc" not in document.lower() or document.isascii() and b"\\udc00" in document


def main() -> int:
    """Compares; prints the first differences."""
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    chance = random.Random(seed)
    documents = SEEDS + [changed(chance.choice(SEEDS), chance) for _ in range(COUNT)]
    documents = list(filter(is_comparable, documents))
    sent = b"".join(len(one).to_bytes(4, "little") + one for one in documents)
    ran = subprocess.run([sys.argv[1]], input=sent, capture_output=True, timeout=SECONDS,
                         check=True)
    ours = ran.stdout.decode().splitlines()
    theirs = list(map(read_by_python, documents))
    assert len(ours) == len(theirs)
    different = [(one, mine, other) for one, mine, other in zip(documents, ours, theirs)
                 if mine.rstrip() != other.rstrip()]
    for one, mine, other in different[:10]:
        print(f"{one!r}\n  ours:   {mine}\n  Python: {other}")
    read = sum(one != "no" for one in theirs)
    print(f"{len(documents)} documents, {read} of them JSON, seed {seed}: {len(different)} differences")
    return 0 if not different and read > len(documents) // 10 else 1


if __name__ == "__main__":
    sys.exit(main())
