#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs ECDH on a Cortex-M3 in QEMU, compiled as the boards' firmware is, and counts instructions.

    python3 tests/pubkey/cortex_m3.py [--scalars N] [--leak]

With N scalars (4) on both curves: each public key and each shared secret is what Python computes, and
takes as many instructions as any other. Signatures of ECDSA and RSA are verified as well. --leak plants
a branch on the scalar and expects that the counts show it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import vectors

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "port/mbedtls/pubkey"))
import constants  # noqa: E402

OPERATIONS = ("P-256 public key", "P-256 shared secret", "P-384 public key", "P-384 shared secret")
VERIFICATIONS = ("ECDSA P-256", "ECDSA P-384", "RSA-2048", "RSA-4096")
SECONDS_A_SCALAR = 10  # on a busy machine


# --- building and running ---


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess:
    """A tool, whose failure is the end."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[:4]))}... failed:\n{done.stdout[-3000:]}"
                 f"{done.stderr[-3000:]}")
    return done


def build(work: Path, scalars: int, leak: bool) -> Path:
    """The program."""
    (work / "signatures.h").write_text(vectors.signatures(), encoding="ascii")
    run("cmake", "-S", TREE / "tests/pubkey/cortex_m3", "-B", work / "build", "-G", "Ninja",
        f"-DCMAKE_TOOLCHAIN_FILE={TREE / 'port/baremetal/cortex-m3.cmake'}",
        "-DCMAKE_BUILD_TYPE=MinSizeRel", f"-DSCALARS={scalars}", f"-DINPUTS={work}",
        f"-DLEAK={int(leak)}")
    run("cmake", "--build", work / "build")
    return work / "build/pubkey_m3"


def plugin(work: Path) -> Path:
    """The one that counts."""
    path = work / "steps.so"
    run("gcc", "-std=gnu99", "-O2", "-shared", "-fPIC", "-o", path, TREE / "tests/boards/steps.c")
    return path


def execute(work: Path, image: Path, seconds: float) -> tuple[list[int], str]:
    """The instructions from each begin() to the next end(), and what was reported."""
    symbols = dict(re.findall(r"^(\w+) T (begin|end)$", run("arm-none-eabi-nm", image).stdout,
                              re.MULTILINE))
    address = {name: int(at, 16) for at, name in symbols.items()}
    out = work / "counts"
    done = run("qemu-system-arm", "-M", "lm3s6965evb", "-display", "none", "-serial", "none",
               "-monitor", "none", "-semihosting", "-kernel", image, "-plugin",
               f"{plugin(work)},out={out},enter={address['begin']:#x},leave={address['end']:#x}",
               timeout=seconds)
    sums = [0] + [int(line.split()[1]) for line in out.read_text("ascii").splitlines()]
    return [b - a for a, b in zip(sums, sums[1:])], done.stdout + done.stderr


# --- judging ---


def multiple(curve: str, k: int, point: constants.Point) -> constants.Point:
    """k * point by doubling and adding, in Python."""
    prime, found = constants.CURVES[curve][1], None
    for bit in f"{k:b}":
        found = constants.add(prime, found, found)
        if bit == "1":
            found = constants.add(prime, found, point)
    return found


def wrong_results(text: str) -> list[str]:
    """Every public key and shared secret that is not what Python computes."""
    found = []
    peers = {name: multiple(name, 2, constants.CURVES[name][4]) for name in constants.CURVES}
    triples = re.findall(r"P-(\d+) (\w+)\npublic (\w+)\nshared (\w+)\n", text)
    for bits, scalar, public, shared in triples:
        name, k = f"p{bits}", int(scalar, 16)
        key = multiple(name, k, constants.CURVES[name][4])
        secret = multiple(name, k, peers[name])
        size = int(bits) // 4
        if public != f"{key[0]:0{size}x}{key[1]:0{size}x}" or shared != f"{secret[0]:0{size}x}":
            found.append(f"P-{bits}, scalar {scalar}: wrong")
        peers[name] = key
    if "wrong 00\n" not in text:
        found.append(f"a signature is not verified: {text[-200:]!r}")
    return found if triples else ["nothing was reported"]


def uneven(counts: list[int]) -> list[str]:
    """Operations whose instructions are not the same for all scalars."""
    found = []
    for at, name in enumerate(OPERATIONS):
        own = counts[at::len(OPERATIONS)]
        if len(set(own)) != 1:
            found.append(f"{name}: from {min(own)} to {max(own)} instructions")
    return found


def measure(scalars: int, leak: bool = False) -> tuple[dict[str, int], list[str]]:
    """The instructions of each operation, and what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        counts, text = execute(work, build(work, scalars, leak), 60 + SECONDS_A_SCALAR * scalars)
    problems = wrong_results(text) + uneven(counts[:-len(VERIFICATIONS)])
    if len(counts) != scalars * len(OPERATIONS) + len(VERIFICATIONS):
        problems.append(f"{len(counts)} counts")
    return dict(zip(OPERATIONS + VERIFICATIONS,
                    counts[:len(OPERATIONS)] + counts[-len(VERIFICATIONS):])), problems


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scalars", type=int, default=4, metavar="N")
    parser.add_argument("--leak", action="store_true")
    args = parser.parse_args()
    counts, problems = measure(args.scalars, args.leak)
    if args.leak:
        print("\n".join(problems))
        return 0 if problems and all("instructions" in line for line in problems) else 1
    for name, count in counts.items():
        print(f"{name:20} {count:>10} instructions")
    print(f"{args.scalars} scalars a curve: {'; '.join(problems) or 'results right, counts equal'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
