#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What public-key operations cost, in the tables of port/mbedtls/pubkey/README.md.

    python3 tests/pubkey/figures.py build/host            prints them
    python3 tests/pubkey/figures.py build/host --write    brings the README up to date
    python3 tests/pubkey/figures.py build/host --check    fails where it differs by more than 2 %

Bytes: of each file on a Cortex-M3, gcc -Os, one by one; in a firmware, which is optimised as a whole,
they are fewer. Instructions: on a Cortex-M3 in QEMU as cortex_m3.py counts them, and here in limbs of
64 bits, by valgrind.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import cortex_m3

TREE = Path(__file__).resolve().parents[2]
FOLDER = TREE / "port/mbedtls/pubkey"
README = FOLDER / "README.md"
BEGIN, END = "<!-- generated: {} -->\n", "<!-- end -->"
SHARE = 0.02

FILES = {
    "tk_modulus.c": "Montgomery arithmetic for any odd modulus",
    "tk_field.c": "sums and inverses in a field",
    "tk_p256.c": "P-256: constants, comb, multiplication",
    "tk_p384.c": "P-384: constants, multiplication",
    "tk_curve.c": "points",
    "tk_ecdh.c": "ECDH: public keys, shared secrets",
    "tk_ecdsa.c": "ECDSA: verification",
    "tk_rsa.c": "RSA: the public operation",
    "tk_signature.c": "encodings: DER, PKCS #1 1.5",
    "tk_memo.c": "memo of verified signatures",
    "tk_pk_small.c": "mbedTLS's functions on boards",
    "tk_pk_host.c": "mbedTLS's functions on the host",
}
NOT_ON_A_BOARD = ("tk_pk_host.c",)


def code_bytes(build: Path) -> dict[str, int]:
    """Flash of each file on a Cortex-M3."""
    mbedtls = next(Path(name) for name in re.findall(r"-isystem (\S+)", (build / "build.ninja").read_text())
                   if (Path(name) / "mbedtls/ssl.h").is_file())
    found = {}
    with tempfile.TemporaryDirectory() as work:
        for name in FILES:
            if name in NOT_ON_A_BOARD:
                continue
            target = Path(work) / "object.o"
            subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-Os", "-w", "-DNDEBUG",
                            '-DMBEDTLS_CONFIG_FILE="tk_mbedtls_small.h"', f"-I{FOLDER}",
                            f"-I{FOLDER.parent}", f"-I{mbedtls}", f"-I{mbedtls.parent}/library", "-c",
                            str(FOLDER / name), "-o", str(target)], check=True)
            line = subprocess.run(["arm-none-eabi-size", str(target)], check=True, capture_output=True,
                                  text=True).stdout.splitlines()[1].split()
            found[name] = int(line[0]) + int(line[1])
    return found


def host_instructions(build: Path) -> list[int]:
    """Of each operation, by valgrind."""
    with tempfile.TemporaryDirectory() as work:
        out = Path(work) / "out"
        subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}",
                        str(build / "tests/pubkey/operations_host")], check=True, capture_output=True)
        found = []
        for number in range(1, 1 + len(list(Path(work).glob("out.*")))):
            text = Path(f"{out}.{number}").read_text()
            found.append(int(re.search(r"^totals: (\d+)", text, re.MULTILINE).group(1)))
    return found


def code_table(build: Path) -> str:
    """Files and their bytes."""
    sizes = code_bytes(build)
    rows = ["| file | | bytes |", "|---|---|---:|"]
    rows += [f"| `{name}` | {what} | {sizes.get(name, '')} |" for name, what in FILES.items()]
    rows.append(f"| **all on a board** | | **{sum(sizes.values())}** |")
    return "\n".join(rows) + "\n"


def operations_table(build: Path) -> str:
    """Operations and their instructions."""
    counts, problems = cortex_m3.measure(2)
    if problems:
        sys.exit("\n".join(problems))
    here = host_instructions(build)
    if len(here) != len(counts):
        sys.exit(f"{len(here)} counts by valgrind")
    rows = ["| thousands of instructions | Cortex-M3 | x86-64 |", "|---|---:|---:|"]
    rows += [f"| {name} | {round(count / 1000)} | {round(other / 1000)} |"
             for (name, count), other in zip(counts.items(), here)]
    return "\n".join(rows) + "\n"


TABLES = {"files": code_table, "operations": operations_table}


def differs(old: str, new: str) -> bool:
    """Whether anything but a number is other, or a number by more than SHARE."""
    old_numbers, new_numbers = (list(map(int, re.findall(r"\b\d+(?= \||\*\* \|)", text)))
                                for text in (old, new))
    same = re.sub(r"\d+(?= \||\*\* \|)", "", old) == re.sub(r"\d+(?= \||\*\* \|)", "", new)
    return not same or any(abs(a - b) > SHARE * a for a, b in zip(old_numbers, new_numbers))


def main() -> int:
    """Command line."""
    build, option = Path(sys.argv[1]).resolve(), "".join(sys.argv[2:])
    stale = False
    for name, table in TABLES.items():
        new = table(build)
        if option not in ("--write", "--check"):
            print(new)
            continue
        before, begin, rest = README.read_text("utf-8").partition(BEGIN.format(name))
        old, end, behind = rest.partition(END)
        if not end:
            sys.exit(f"{README} has no {BEGIN.format(name).strip()} ... {END}")
        if option == "--write":
            README.write_text(before + begin + new + end + behind, encoding="utf-8")
        elif differs(old, new):
            print(f"port/mbedtls/pubkey/README.md is stale: figures.py --write\n{old}{new}")
            stale = True
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
