#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes vectors/*.txt from the JSON files of Project Wycheproof, and reads them.

    python3 tests/pubkey/vectors.py FOLDER            writes them from FOLDER/*.json
    python3 tests/pubkey/vectors.py --check FOLDER    fails where they differ from FOLDER/*.json
    python3 tests/pubkey/vectors.py --corpus FOLDER   writes seeds for fuzz.c into FOLDER
    python3 tests/pubkey/vectors.py --signatures FILE writes constants for operations.c

Every test of every file is kept, except its comment: field by field, octets in base64, "-" for none.

    vectors ecdsa|ecdh|rsa COUNT  the first line that is not a comment
    group CURVE|BITS HASH KEY     the point (ecdsa) or RSAPublicKey (rsa) of the tests that follow
    ID RESULT FLAGS MESSAGE SIGNATURE             ecdsa, rsa
    ID RESULT FLAGS PUBLIC PRIVATE SHARED         ecdh
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "vectors"
TEST = re.compile(r"^\d", re.MULTILINE)  # a line that is a test
PART_BYTES = 190_000  # hygiene allows 200 KB a file

HEAD = """# SPDX-License-Identifier: Apache-2.0
# From {name} of Project Wycheproof (github.com/C2SP/wycheproof), version
# {version}, Apache License 2.0. Changed in form by tests/pubkey/vectors.py, which describes it.{part}
vectors {kind} {count}
"""

KINDS = {"EcdsaVerify": "ecdsa", "EcdhEcpointTest": "ecdh", "RsassaPkcs1Verify": "rsa"}
FIELDS = {"ecdsa": ["msg", "sig"], "rsa": ["msg", "sig"], "ecdh": ["public", "private", "shared"]}
KEYS = {"ecdsa": lambda group: group["publicKey"]["uncompressed"],
        "rsa": lambda group: group["publicKeyAsn"], "ecdh": lambda group: ""}


def packed(octets: str) -> str:
    """Hexadecimal to base64."""
    return base64.b64encode(bytes.fromhex(octets)).decode("ascii") or "-"


def group_line(kind: str, group: dict) -> str:
    """What a group's tests have in common."""
    curve = group.get("curve") or group["publicKey"].get("curve") or str(group["keySize"])
    return f"group {curve} {group.get('sha', '-').replace('-', '') or '-'} {packed(KEYS[kind](group))}\n"


def test_line(kind: str, test: dict) -> str:
    """One test."""
    fields = [str(test["tcId"]), test["result"], ",".join(test["flags"]) or "-"]
    return " ".join(fields + [packed(test[name]) for name in FIELDS[kind]]) + "\n"


def parts(kind: str, groups: list[dict]) -> list[str]:
    """The lines of a file, cut into parts that are small enough."""
    found = [""]
    for group in groups:
        head = group_line(kind, group)
        found[-1] += head
        for test in group["tests"]:
            line = test_line(kind, test)
            if len(found[-1]) + len(line) > PART_BYTES:
                found.append(head)
            found[-1] += line
    return found


def convert(path: Path) -> dict[str, str]:
    """The text of each file that a JSON file becomes."""
    data = json.loads(path.read_text(encoding="utf-8"))
    source = data["testGroups"][0]
    kind = KINDS[source["type"]]
    texts = parts(kind, data["testGroups"])
    stem = path.stem.removesuffix("_test")
    found = {}
    for number, text in enumerate(texts, 1):
        part = "" if len(texts) == 1 else f" Part {number} of {len(texts)}."
        name = f"{stem}.txt" if len(texts) == 1 else f"{stem}_{number}.txt"
        found[name] = HEAD.format(name=path.name, version=source["source"]["version"], part=part,
                                  kind=kind, count=len(TEST.findall(text))) + text
    return found


def converted(folder: Path) -> dict[str, str]:
    """All of them."""
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*_test.json")):
        found |= convert(path)
    if not found:
        sys.exit(f"there is no *_test.json in {folder}")
    return found


# --- reading ---


@dataclass(frozen=True)
class Vector:
    """One test, with what its group has in common."""

    file: str
    kind: str
    curve: str
    digest: str
    key: bytes
    number: int
    result: str
    flags: list[str]
    fields: list[bytes]


def unpacked(text: str) -> bytes:
    """Base64 to octets."""
    return b"" if text == "-" else base64.b64decode(text)


def read(path: Path) -> Iterator[Vector]:
    """The tests of a file."""
    kind, group = "", ["", "", "-"]
    for line in path.read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == "vectors":
            kind = words[1]
        elif words[0] == "group":
            group = words[1:]
        elif words[0] != "#":
            yield Vector(path.name, kind, group[0], group[1], unpacked(group[2]), int(words[0]),
                         words[1], [] if words[2] == "-" else words[2].split(","),
                         [unpacked(word) for word in words[3:]])


# --- seeds for fuzz.c, which describes their form ---

DIGESTS = ["SHA256", "SHA384", "SHA512"]
SPKI = {"secp256r1": bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107"),
        "secp384r1": bytes.fromhex("301006072a8648ce3d020106052b81040022"),
        "": bytes.fromhex("300d06092a864886f70d0101010500")}


def tlv(tag: int, value: bytes) -> bytes:
    """DER, but with a length of two octets always."""
    return bytes([tag, 0x82]) + len(value).to_bytes(2, "big") + value


def der_integers(der: bytes) -> list[int]:
    """The numbers in a SEQUENCE of INTEGERs."""
    def length(at: int) -> tuple[int, int]:
        if der[at] < 0x80:
            return der[at], at + 1
        end = at + 1 + (der[at] & 0x7f)
        return int.from_bytes(der[at + 1:end], "big"), end

    _, at = length(1)
    found = []
    while at < len(der):
        size, at = length(at + 1)
        found.append(int.from_bytes(der[at:at + size], "big"))
        at += size
    return found


def key_seed(v: Vector) -> bytes:
    """Key and signature as mbedTLS is given them."""
    key = tlv(0x30, SPKI.get(v.curve, SPKI[""]) + tlv(0x03, b"\0" + v.key))
    hashed = hashlib.new(v.digest, v.fields[0]).digest().ljust(64, b"\0")
    return (bytes([2, DIGESTS.index(v.digest)]) + len(key).to_bytes(2, "big") + key + hashed
            + v.fields[1])


def seeds(v: Vector) -> list[bytes]:
    """What a vector gives."""
    if v.kind == "ecdh":
        return [bytes([3, 3, 0, 23 if v.curve == "secp256r1" else 24, len(v.fields[0])]) + v.fields[0]]
    hashed = hashlib.new(v.digest, v.fields[0]).digest()
    if v.kind == "ecdsa":
        choice = (v.curve == "secp384r1") | len(hashed) << 1
        return [bytes([0, choice]) + v.key[1:] + hashed + v.fields[1], key_seed(v)]
    n, e = der_integers(v.key)
    size = (n.bit_length() + 7) // 8
    return [bytes([1, DIGESTS.index(v.digest)]) + (size - 16).to_bytes(2, "big")
            + hashed.ljust(64, b"\0") + e.to_bytes(8, "big") + n.to_bytes(size, "big")
            + v.fields[1], key_seed(v)]


def write_corpus(folder: Path) -> None:
    """A vector of each set of flags, of each file but those of large RSA keys, which are slow."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(HERE.glob("*.txt")):
        if re.search("_(3072|4096)_", path.name):
            continue
        seen = set()
        for v in read(path):
            if (v.result, *v.flags) not in seen:
                seen.add((v.result, *v.flags))
                for number, seed in enumerate(seeds(v)):
                    (folder / f"{path.stem}-{v.number}-{number}").write_bytes(seed)


# --- constants for operations.c ---


def array(name: str, octets: bytes) -> str:
    """As C."""
    return f"static const unsigned char {name}[] = {{{', '.join(map(str, octets))}}};\n"


def first_valid(file: str) -> Vector:
    """The first good signature of a file."""
    return next(v for v in read(HERE / file) if v.result == "valid")


def signatures() -> str:
    """signatures.h: one of each kind that run_verifications() has."""
    text = ""
    for name, file, size in (("p256", "ecdsa_secp256r1_sha256.txt", 32),
                             ("p384", "ecdsa_secp384r1_sha384.txt", 48)):
        v = first_valid(file)
        r, s = der_integers(v.fields[1])
        text += array(f"{name}_key", v.key[1:])
        text += array(f"{name}_hash", hashlib.new(v.digest, v.fields[0]).digest())
        text += array(f"{name}_r", r.to_bytes(size, "big")) + array(f"{name}_s", s.to_bytes(size, "big"))
    for name, file in (("rsa2048", "rsa_signature_2048_sha256.txt"),
                       ("rsa4096", "rsa_signature_4096_sha256.txt")):
        v = first_valid(file)
        n, e = der_integers(v.key)
        assert e == 65537
        text += array(f"{name}_n", n.to_bytes(len(v.fields[1]), "big"))
        text += array(f"{name}_signature", v.fields[1])
        text += array(f"{name}_hash", hashlib.new(v.digest, v.fields[0]).digest())
    return text


def main() -> int:
    """Command line."""
    arguments = sys.argv[1:]
    if len(arguments) == 2 and arguments[0] == "--check":
        found = converted(Path(arguments[1]))
        stale = [name for name in sorted(found.keys() | {path.name for path in HERE.glob("*.txt")})
                 if not (HERE / name).exists() or found.get(name) != (HERE / name).read_text("ascii")]
        for name in stale:
            print(f"tests/pubkey/vectors/{name} is not what the JSON files give")
        return 1 if stale else 0
    if len(arguments) == 2 and arguments[0] == "--corpus":
        write_corpus(Path(arguments[1]))
        return 0
    if len(arguments) == 2 and arguments[0] == "--signatures":
        Path(arguments[1]).write_text(signatures(), encoding="ascii")
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.exit(__doc__)
    for path in HERE.glob("*.txt"):
        path.unlink()
    for name, text in converted(Path(arguments[0])).items():
        (HERE / name).write_text(text, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
