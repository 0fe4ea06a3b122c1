#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes roots of trust as C: struct tk_trust tk_roots.

    python3 port/mbedtls/roots.py OUT.c --list roots.txt --bundle ca-certificates.crt [--also PEM...]

The list selects certificates of the bundle by SHA-256; all certificates of the PEM files are added.
Only the parts that a chain is verified against are kept: subject, dates, key and constraints.
Serial number, issuer and signature of a self-signed root prove nothing and are half of its size.
A root that only says that it is an authority becomes a certificate of version 1: as a trust anchor
that is one as well (RFC 5280 6.1.1).
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


# Extensions (RFC 5280 4.2.1) that limit what a root may sign. Critical ones are kept as well.
KEY_USAGE = bytes.fromhex("0603551d0f")
BASIC_CONSTRAINTS = bytes.fromhex("0603551d13")
KEPT = {KEY_USAGE, BASIC_CONSTRAINTS, bytes.fromhex("0603551d1e"),  # nameConstraints
        bytes.fromhex("0603551d25")}  # extKeyUsage
CRITICAL = b"\x01\x01\xff"
IS_AUTHORITY = bytes.fromhex("30030101ff")  # basicConstraints without a length of path
KEY_CERT_SIGN = 0x04  # in the first octet of keyUsage, which follows the number of unused bits
# Further ones that may be critical (tk_x509.c): subjectAltName, cRLDistributionPoints, policies.
READABLE = KEPT | {bytes.fromhex(f"0603551d{last:02x}") for last in (17, 31, 32, 33, 36, 54)}
RSA = bytes.fromhex("06092a864886f70d010101")
RSA_BITS = 4096
UNCOMPRESSED = 4  # the first octet of such a point (SEC 1 2.3.3)
CURVES = {bytes.fromhex("06072a8648ce3d0201" + curve)
          for curve in ("06082a8648ce3d030107", "06052b81040022")}  # P-256, P-384
SERIAL = bytes.fromhex("020101")
ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
NO_NAME = bytes.fromhex("300b3109300706035504030c00")  # an empty common name
NO_SIGNATURE = bytes.fromhex("030100")


def certificates(path: Path) -> list[bytes]:
    """The certificates of a PEM file, in DER."""
    return [base64.b64decode(text) for text in PEM.findall(path.read_text("ascii", "ignore"))]


def elements(content: bytes) -> list[tuple[int, bytes, bytes]]:
    """(tag, element, content) of each element of DER."""
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
    """An element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def extensions(whole: bytes) -> list[tuple[bytes, list[bytes]]]:
    """Each extension of a certificate's field [3], and its parts."""
    return [(extension, [part for _, part, _ in elements(content)])
            for _, extension, content in elements(elements(elements(whole)[0][2])[0][2])]


def limits_nothing(parts: list[bytes]) -> bool:
    """Whether an extension leaves a root an authority for all chains."""
    oid, value = parts[0], elements(parts[-1])[0][2]
    if oid == BASIC_CONSTRAINTS:
        return value == IS_AUTHORITY
    return oid == KEY_USAGE and any(octet & KEY_CERT_SIGN for octet in elements(value)[0][2][1:2])


def version_and_extensions(version: bytes, whole: bytes) -> tuple[bytes, bytes]:
    """A certificate's version, and its extensions that are kept as its field [3]."""
    kept = [(extension, parts) for extension, parts in extensions(whole)
            if parts[0] in KEPT or CRITICAL in parts]
    if not kept:
        return version, b""
    if any(parts[0] == BASIC_CONSTRAINTS for _, parts in kept) and \
            all(limits_nothing(parts) for _, parts in kept):
        return b"", b""
    return version, element(0xa3, element(0x30, b"".join(extension for extension, _ in kept)))


def fields_of(der: bytes) -> list[tuple[int, bytes, bytes]]:
    """The fields of a certificate from its serial number on."""
    fields = elements(elements(elements(der)[0][2])[0][2])
    return fields[1:] if fields[0][0] == 0xa0 else fields


def unreadable(der: bytes) -> str:
    """Why no profile can use this root; empty if one can."""
    fields = fields_of(der)
    (_, _, algorithm), (_, _, key) = elements(fields[5][2])
    if algorithm.startswith(RSA):
        _, modulus, _ = elements(elements(key[1:])[0][2])[0]
        if (len(modulus) - 6) * 8 > RSA_BITS:
            return f"its RSA key has more than {RSA_BITS} bits"
    elif algorithm not in CURVES:
        return "its key is neither RSA nor on P-256 or P-384"
    elif key[1] != UNCOMPRESSED:
        return "its key is a compressed point"
    if any(CRITICAL in parts and parts[0] not in READABLE
           for tag, field, _ in fields[6:] if tag == 0xa3 for _, parts in extensions(field)):
        return "it has an unknown critical extension"
    return ""


def anchor(der: bytes) -> bytes:
    """The parts of a certificate that are kept, as a certificate that mbedTLS can parse."""
    fields = elements(elements(elements(der)[0][2])[0][2])
    version = fields.pop(0)[1] if fields[0][0] == 0xa0 else b""
    validity, subject, key = (field for _, field, _ in fields[3:6])
    constraints = b""
    for field in (field for tag, field, _ in fields[6:] if tag == 0xa3):
        version, constraints = version_and_extensions(version, field)
    body = version + SERIAL + ECDSA_SHA256 + NO_NAME + validity + subject + key + constraints
    return element(0x30, element(0x30, body) + ECDSA_SHA256 + NO_SIGNATURE)


def wanted(path: Path) -> dict[str, str]:
    """The list: SHA-256 to name."""
    lines = [line.split(None, 1) for line in path.read_text().splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2 and words[0] != "#"}


def pick(names: dict[str, str], bundle: Path) -> list[tuple[str, bytes]]:
    """The certificates of the bundle that the list names."""
    found = {hashlib.sha256(der).hexdigest(): der for der in certificates(bundle)}
    for digest in sorted(names.keys() - found.keys()):
        print(f"roots.py: {names[digest]} is not in {bundle}", file=sys.stderr)
    return [(names[digest], found[digest]) for digest in names if digest in found]


def as_c(roots: list[tuple[str, bytes]]) -> str:
    """The C source."""
    lines = ["/* Generated by port/mbedtls/roots.py. */", '#include "tk_trust.h"', "",
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
    """Returns 1 if there is no root that a board can use."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--list", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--also", type=Path, nargs="*", default=[], metavar="PEM")
    args = parser.parse_args()
    roots = pick(wanted(args.list), args.bundle)
    roots += [(f"from {path.name}", der) for path in args.also for der in certificates(path)]
    for name, der in roots:
        if why := unreadable(der):
            digest = hashlib.sha256(der).hexdigest()
            print(f"roots.py: {name} is left out, sha256 {digest}: {why}", file=sys.stderr)
    roots = [(name, der) for name, der in roots if not unreadable(der)]
    if not roots:
        print("roots.py: no roots of trust found", file=sys.stderr)
        return 1
    args.out.write_text(as_c(roots))
    return 0


if __name__ == "__main__":
    sys.exit(main())
