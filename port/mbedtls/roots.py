#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes roots of trust as C: struct tk_trust tk_roots.

    python3 port/mbedtls/roots.py OUT.c --list roots.txt --bundle ca-certificates.crt [--also PEM...]

The list picks from the bundle, by SHA-256; every certificate of the PEM files is added. Of each is
kept what a chain is verified against: subject, dates, key and constraints. Its serial number, its
issuer, which it is itself, and its signature by itself prove nothing, and are half of it.
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


# Extensions (RFC 5280 4.2.1) that say what a root may sign. One that is critical is kept as well.
KEPT = {bytes.fromhex(oid) for oid in ("0603551d0f",  # keyUsage
                                       "0603551d13",  # basicConstraints
                                       "0603551d25")}  # extKeyUsage
CRITICAL = b"\x01\x01\xff"
SERIAL = bytes.fromhex("020101")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
NOBODY = bytes.fromhex("300b3109300706035504030c00")  # a common name of no letters
NO_SIGNATURE = bytes.fromhex("030100")


def certificates(path: Path) -> list[bytes]:
    """The certificates of a PEM file, in DER."""
    return [base64.b64decode(text) for text in PEM.findall(path.read_text("ascii", "ignore"))]


def elements(content: bytes) -> list[tuple[int, bytes, bytes]]:
    """(tag, all of it, content) of each element of DER."""
    found = []
    while content:
        size, head = content[1], 2
        if size & 0x80:
            head += size & 0x7f
            size = int.from_bytes(content[2:head], "big")
        found.append((content[0], content[:head + size], content[head:head + size]))
        content = content[head + size:]
    return found


def element(tag: int, content: bytes) -> bytes:
    """DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def extensions(whole: bytes) -> bytes:
    """The [3] of a certificate with what is kept of it."""
    kept = b""
    for _, extension, content in elements(elements(elements(whole)[0][2])[0][2]):
        parts = [part for _, part, _ in elements(content)]
        if parts[0] in KEPT or CRITICAL in parts:
            kept += extension
    return element(0xa3, element(0x30, kept)) if kept else b""


def anchor(der: bytes) -> bytes:
    """What is kept of a certificate, as one that mbedTLS reads."""
    fields = elements(elements(elements(der)[0][2])[0][2])
    version = fields.pop(0)[1] if fields[0][0] == 0xa0 else b""
    validity, subject, key = (field for _, field, _ in fields[3:6])
    constraints = b"".join(extensions(field) for tag, field, _ in fields[6:] if tag == 0xa3)
    body = version + SERIAL + ECDSA_SHA256 + NOBODY + validity + subject + key + constraints
    return element(0x30, element(0x30, body) + ECDSA_SHA256 + NO_SIGNATURE)


def wanted(path: Path) -> dict[str, str]:
    """The list: SHA-256 to name."""
    lines = [line.split(None, 1) for line in path.read_text().splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2 and words[0] != "#"}


def pick(names: dict[str, str], bundle: Path) -> list[tuple[str, bytes]]:
    """Those certificates of the bundle that are named."""
    found = {hashlib.sha256(der).hexdigest(): der for der in certificates(bundle)}
    for digest in sorted(names.keys() - found.keys()):
        print(f"roots.py: {bundle} no longer has {names[digest]}", file=sys.stderr)
    return [(names[digest], found[digest]) for digest in names if digest in found]


def as_c(roots: list[tuple[str, bytes]]) -> str:
    """The file."""
    lines = ["/* Made by port/mbedtls/roots.py. */", '#include "tk_trust.h"', "",
             "extern const struct tk_trust tk_roots;", ""]
    for number, (name, der) in enumerate(roots):
        der = anchor(der)
        lines.append(f"/* {name} */")
        lines.append(f"static const unsigned char root_{number}[] = {{")
        for start in range(0, len(der), 20):
            lines.append("    " + "".join(f"{byte}," for byte in der[start:start + 20]))
        lines.append("};")
    lines += ["", "static const struct tk_root roots[] = {"]
    lines += [f"    {{root_{number}, sizeof root_{number}}}," for number in range(len(roots))]
    lines += ["};", "", f"const struct tk_trust tk_roots = {{roots, {len(roots)}}};", ""]
    return "\n".join(lines)


def main() -> int:
    """1 when no root is left."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--also", type=Path, nargs="*", default=[], metavar="PEM")
    args = parser.parse_args()
    roots = pick(wanted(args.list), args.bundle)
    roots += [(f"of {path.name}", der) for path in args.also for der in certificates(path)]
    if not roots:
        print("roots.py: there is no root to trust", file=sys.stderr)
        return 1
    args.out.write_text(as_c(roots))
    return 0


if __name__ == "__main__":
    sys.exit(main())
