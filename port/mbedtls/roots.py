#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes roots of trust as C: struct tk_trust tk_roots.

    python3 port/mbedtls/roots.py OUT.c --list roots.txt --bundle ca-certificates.crt [--also PEM...]

The list picks from the bundle, by SHA-256; every certificate of the PEM files is added.
"""

import argparse
import base64
import hashlib
import re
import sys
from pathlib import Path

PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)


def certificates(path: Path) -> list[bytes]:
    """The certificates of a PEM file, in DER."""
    return [base64.b64decode(text) for text in PEM.findall(path.read_text("ascii", "ignore"))]


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
