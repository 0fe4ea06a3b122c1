#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Mutation testing of port/mbedtls/pubkey: changes one thing in a copy and expects that a test fails.

    python3 tests/pubkey/mutants.py build/host [--seconds N] [NAME...]

Each mutant is a mistake that a programmer could make and that most inputs do not show: a carry, a bound,
a special case. --seconds N starts no further one after N seconds; a NAME is part of the name of a
mutated file. Needs the tests of the build that is named. Exit status 1: a mutant survived, or does not
fit the source any more.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
HERE = TREE / "tests/pubkey"
PUBKEY = TREE / "port/mbedtls/pubkey"
SECONDS = 60  # a mutant may loop forever; on a busy machine

VECTORS = ["ecdh_secp256r1_ecpoint", "ecdsa_secp256r1_sha256", "ecdsa_secp256r1_sha512",
           "ecdsa_secp384r1_sha384", "rsa_signature_2048_sha256"]
MEMO_WRAPS = [f"-Wl,--wrap=mbedtls_{name}"
              for name in ("pk_verify_ext", "sha256_starts", "sha256_update", "sha256_finish")]


@dataclass(frozen=True)
class Program:
    """A test: its sources in this folder, those of pubkey/, and a library of the build for the rest."""

    sources: list[str]
    ours: list[str]
    library: str
    arguments: list[str]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suite:
    """How sources are compiled, and the tests that may find a mutant, the quick ones first."""

    definitions: list[str]
    programs: list[Program]

    def sources(self) -> list[str]:
        """All that are compiled."""
        return sorted({name for it in self.programs for name in it.sources + it.ours})


ALONE = ["tk_modulus.c", "tk_field.c", "tk_curve.c", "tk_p256.c", "tk_p384.c", "tk_ecdsa.c",
         "tk_ecdh.c", "tk_rsa.c"]
DIFFERENTIAL = ["differential.c", "differential_curve.c", "differential_numbers.c", "reference.c",
                "edge.c"]
FILES = [str(HERE / f"vectors/{name}.txt") for name in VECTORS]
CONFIG = '-DMBEDTLS_CONFIG_FILE="tk_mbedtls_{}.h"'
NARROW = ['-DMBEDTLS_USER_CONFIG_FILE="limbs_32.h"', "-DTK_LIMB_BITS=32", "-DTK_ECC_OWN"]
CMOCKA = ("-lcmocka",)


def alone(bits: int) -> Suite:
    """The arithmetic, and the encodings of signatures."""
    return Suite([f"-DTK_LIMB_BITS={bits}", CONFIG.format("host")], [
        Program(["test_limbs.c"], ALONE, "reference", [], CMOCKA),
        Program(["test_ecc.c"], ALONE, "reference", [], CMOCKA),
        Program(["test_signature.c"], ["tk_signature.c", *ALONE], "reference", [], CMOCKA),
        Program(["vectors_octets.c", "vectors.c"], ["tk_signature.c", *ALONE], "reference", FILES),
        Program(DIFFERENTIAL, ALONE, "reference", ["--edges", "--cases", "2000"])])


SUITES = {
    "64": alone(64),
    "32": alone(32),
    "host": Suite([CONFIG.format("host"), *NARROW], [
        Program(["test_memo.c", "pk_support.c"], ["tk_memo.c", "tk_pk_host.c"], "host_32", [],
                (*CMOCKA, *MEMO_WRAPS)),
        Program(["test_pk_host.c", "pk_support.c"], ["tk_pk_host.c"], "host_32", [], CMOCKA)]),
    "small": Suite([CONFIG.format("small"), *NARROW, "-DPK_SMALL"], [
        Program(["test_memo.c", "pk_support.c"], ["tk_memo.c", "tk_pk_small.c"], "small_32", [],
                (*CMOCKA, *MEMO_WRAPS)),
        Program(["test_pk_small.c", "pk_support.c"], ["tk_pk_small.c"], "small_32", [], CMOCKA)]),
}


@dataclass(frozen=True)
class Mutant:
    """One change."""

    suite: str
    file: str
    old: str
    new: str


MUTANTS = [Mutant(*row) for row in (
    # limbs and moduli
    ("64", "tk_limbs.h", "(borrow & (carry ^ 1))", "borrow"),
    ("64", "tk_limbs.h", "sum[2] = tk_limb_add(sum[2], 0, &carry);", ""),
    ("32", "tk_limbs.h", "(tk_wide)a + b + *carry;", "(tk_wide)(a + b) + *carry;"),
    ("32", "tk_limbs.h", "(tk_limb)(difference >> TK_LIMB_BITS) & 1;", "a < b;"),
    ("64", "tk_limbs.h", "i < len && i < n * sizeof *r", "i < len && i < n * sizeof *r - 1"),
    ("64", "tk_modulus.h", "qm = (tk_wide)top +", "qm = (tk_wide)0 +"),
    ("64", "tk_modulus.h", "top = (tk_limb)(qm >> TK_LIMB_BITS);", ""),
    ("32", "tk_modulus.h", "tk_limbs_settle(r, top, t, m->m, n);",
     "tk_limbs_settle(r, 0, t, m->m, n);"),
    ("64", "tk_modulus.c", "(borrow & (carry ^ 1))", "borrow"),
    ("64", "tk_modulus.c", "bits < TK_LIMB_BITS; bits", "bits < TK_LIMB_BITS / 2; bits"),
    ("64", "tk_modulus.c", "TK_LIMB_BITS - (top - 1) +", "TK_LIMB_BITS - top +"),
    ("32", "tk_modulus.c", "if ((r_bits >> squarings & 1) != 0)", "if (r_bits == 0)"),
    # fields
    ("32", "tk_p256.c", "tk_limbs_settle(r, (tk_limb)sum,", "tk_limbs_settle(r, 0,"),
    ("32", "tk_p256.c", "if (k >= 8)", "if (k > 8)"),
    ("64", "tk_p256.c", "(tk_limb)(high >> 64) + carry, &c)", "(tk_limb)(high >> 64), &c)"),
    ("64", "tk_p256.c", "tk_limbs_settle(r, carry, t + N", "tk_limbs_settle(r, 0, t + N"),
    ("64", "tk_p256.c", "TK_LIMBS(6376551f, 18ef332c)", "TK_LIMBS(6376551f, 18ef332d)"),
    ("32", "tk_p384.c", "tk_limbs_settle(r, (tk_limb)sum,", "tk_limbs_settle(r, 0,"),
    ("64", "tk_p384.c", "0x6ed46089e88fdc45", "0x7ed46089e88fdc45"),
    ("64", "tk_field.c", "tk_limbs_settle(r, carry, sum", "tk_limbs_settle(r, 0, sum"),
    ("64", "tk_field.c", "bit != 1 &&", ""),
    # points
    ("64", "tk_curve.c", "tk_limbs_select(r, twice, same, 3 * n);", "(void)same;"),
    ("64", "tk_curve.c", "!tk_limbs_are_less(X(r), f->p.m, n) || ", ""),
    ("64", "tk_curve.c", " || !tk_limbs_are_less(Y(r), f->p.m, n)", ""),
    ("64", "tk_curve.c", "return is_on_curve(c, r);", "return true;"),
    ("64", "tk_curve.c", "for (int i = 0; i < 3; i++)", "for (int i = 0; i < 2; i++)"),
    # ECDH
    ("64", "tk_ecdh.c", "~tk_limbs_are_zero(k, n) & ", ""),
    ("64", "tk_ecdh.c", " & tk_limbs_are_less(k, c->order.m, n)", ""),
    ("64", "tk_ecdh.c", "if (i > 0)\n            tk_point_add", "if (i + 1 > 0)\n            tk_point_add"),
    ("64", "tk_ecdh.c", "infinite &= none;", "infinite = none;"),
    ("64", "tk_ecdh.c", "i == last ? window | 8 : window", "window"),
    ("64", "tk_ecdh.c", "negate(c, sum, negative);", "(void)negative;"),
    ("64", "tk_ecdh.c", "&& tk_point_load(c, point, q);", "&& (tk_point_load(c, point, q), true);"),
    ("64", "tk_ecdh.c", "wipe(&it, sizeof it);\n    return true;", "return true;"),
    # ECDSA
    ("64", "tk_ecdsa.c", "!is_scalar(c, er) || ", ""),
    ("64", "tk_ecdsa.c", "!is_scalar(c, es) || ", "tk_limbs_are_zero(es, n) || "),
    ("64", "tk_ecdsa.c", "!tk_limbs_are_zero(a, n) && ", "n > 0 && "),
    ("64", "tk_ecdsa.c", "c->order.m, n) != 0 ||", "c->order.m, n) == 0 ||"),
    ("64", "tk_ecdsa.c", " || !tk_limbs_are_less(r, f->p.m, n)", ""),
    ("64", "tk_ecdsa.c", "tk_point_double(c, t, sum);\n    memcpy", "memset(t, 0, sizeof t);\n    memcpy"),
    ("64", "tk_ecdsa.c", "len < c->octets ? len : c->octets", "len"),
    ("32", "tk_ecdsa.c", "if (tk_limbs_sub(x, x, y, m->n) != 0)", "if (!tk_limbs_sub(x, x, y, m->n))"),
    ("64", "tk_ecdsa.c", "(x[0] & 1) != 0 ? tk_limbs_add(x, x, m->m, m->n) : 0",
     "(x[0] & 1) != 0 ? (tk_limbs_add(x, x, m->m, m->n), 0) : 0"),
    # RSA and what is signed
    ("64", "tk_rsa.c", "if (!tk_limbs_are_less(x, m->m, m->n))", "if (m->n == 0)"),
    ("32", "tk_rsa.c", "unsigned bit = 63;", "unsigned bit = 31;"),
    ("64", "tk_signature.c", "(value[0] & 0x80) != 0 ||", ""),
    ("64", "tk_signature.c", "(size == 1 || (value[1] & 0x80) == 0)", "size == 1"),
    ("64", "tk_signature.c", "der[1] != len - 2", "der[1] > len - 2"),
    ("64", "tk_signature.c", "== len - first &&", "> 0 &&"),
    ("64", "tk_signature.c", "size > zero + octets", "size > 1 + octets"),
    ("64", "tk_signature.c", "len < info_len + 11", "len < info_len + 10"),
    ("64", "tk_signature.c", "encoded[end] == 0", "true"),
    ("64", "tk_signature.c", "i = 2; i < end", "i = 3; i < end"),
    # the memo, and mbedTLS's functions
    ("host", "tk_memo.c", "if (ret == 0 && hashed)", "if (hashed)"),
    ("host", "tk_memo.c", "use(digest, at);", ""),
    ("host", "tk_memo.c", "int ret = mbedtls_sha256_update(sha, (const uint8_t *)&size, sizeof size);",
     "int ret = size > UINT32_MAX;"),
    ("host", "tk_memo.c", "algorithm[4] = (uint32_t)pss->expected_salt_len;", ""),
    ("host", "tk_memo.c", "i < 2 && ret == 0", "i < 1 && ret == 0"),
    ("host", "tk_pk_host.c", "mbedtls_mpi_cmp_mpi(a, n) >= 0 || ", ""),
    ("host", "tk_pk_host.c", "mbedtls_mpi_bitlen(e) > TK_RSA_MAX_E_BITS || ", ""),
    ("host", "tk_pk_host.c", "mbedtls_mpi_cmp_int(&point->MBEDTLS_PRIVATE(Z), 1) == 0 &&", ""),
    ("small", "tk_pk_small.c", "len != 1 + 2 * curve->octets || ", ""),
    ("small", "tk_pk_small.c", " || octets[0] != 4", ""),
    ("small", "tk_pk_small.c", "end - p < 4 + p[3]", "end - p < 3 + p[3]"),
    ("small", "tk_pk_small.c", "if (len != (key->bits + 7) / 8)", "if (len != (key->bits + 8) / 8)"),
    ("small", "tk_pk_small.c", "if (ret == 0 && p != end)", "if (ret == 0 && p > end)"),
    ("small", "tk_pk_small.c", "e_bits < 2 ||", "e_bits < 1 ||"),
    ("small", "tk_pk_small.c", "(e[e_len - 1] & 1) == 0", "false"),
    ("small", "tk_pk_small.c", "tries < 30", "tries < 3"),
    ("small", "tk_pk_small.c", ", sizeof rsa->e}", ", 0}"),
    ("host", "tk_pk_host.c", "add_piece(key, 1, &ec->MBEDTLS_PRIVATE(Q).MBEDTLS_PRIVATE(Y));", ""),
)]


def compile_sources(work: Path, suite: Suite, names: list[str], build: Path) -> None:
    """Makes objects in a folder that has a copy of pubkey/."""
    text = (build / "build.ninja").read_text()
    mbedtls = next(name for name in re.findall(r"-isystem (\S+)", text)
                   if (Path(name) / "mbedtls/ssl.h").is_file())
    folders = [work / "pubkey", HERE, PUBKEY.parent, mbedtls, Path(mbedtls).parent / "library"]
    flags = ["gcc", "-std=gnu99", "-O1", "-w", "-D_GNU_SOURCE", *suite.definitions,
             *(f"-I{folder}" for folder in folders)]

    def one(name: str) -> None:
        folder = work / "pubkey" if name.startswith("tk_") else HERE
        subprocess.run([*flags, "-c", str(folder / name), "-o", str(work / f"{name}.o")], check=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, names))


def prepare(work: Path, suite: Suite, build: Path) -> None:
    """Copies and compiles the sources as they are."""
    shutil.copytree(PUBKEY, work / "pubkey")
    compile_sources(work, suite, suite.sources(), build)


def kills(work: Path, program: Program, build: Path) -> bool:
    """Whether a test fails."""
    binary = work / program.sources[0].removesuffix(".c")
    objects = [str(work / f"{name}.o") for name in program.sources + program.ours]
    library = build / f"tests/pubkey/{program.library}/lib{program.library}.a"
    subprocess.run(["gcc", "-o", str(binary), *objects, str(library), "-lcrypto", *program.options,
                    "-Wl,--gc-sections"], check=True)
    try:
        return subprocess.run([str(binary), *program.arguments], capture_output=True, check=False,
                              timeout=SECONDS).returncode != 0
    except subprocess.TimeoutExpired:
        return True


def killer(prepared: Path, mutant: Mutant, build: Path) -> str:
    """The test that kills a mutant; nothing if it survives."""
    suite = SUITES[mutant.suite]
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder) / "work"
        shutil.copytree(prepared, work)
        source = work / "pubkey" / mutant.file
        source.write_text(source.read_text("ascii").replace(mutant.old, mutant.new), "ascii")
        is_header = mutant.file.endswith(".h")
        compile_sources(work, suite, suite.sources() if is_header else [mutant.file], build)
        return next((it.sources[0].removesuffix(".c") for it in suite.programs
                     if (is_header or mutant.file in it.ours) and kills(work, it, build)), "")


def misfits() -> list[str]:
    """Mutants whose source has changed."""
    return [f"{it.file} has {it.old!r} not exactly once" for it in MUTANTS
            if (PUBKEY / it.file).read_text("ascii").count(it.old) != 1]


def survivors(chosen: list[Mutant], build: Path, seconds: float) -> list[str]:
    """Runs mutants, at least one, and prints a line for each."""
    began, found, done = time.monotonic(), [], 0
    with tempfile.TemporaryDirectory() as folder:
        for mutant in chosen:
            if done and time.monotonic() - began > seconds:
                break
            work = Path(folder) / mutant.suite
            if not work.exists():
                prepare(work, SUITES[mutant.suite], build)
            name = killer(work, mutant, build)
            if not name:
                found.append(f"{mutant.file}: {mutant.old!r} -> {mutant.new!r} survives")
            done += 1
            print(f"{mutant.suite:5} {mutant.file:14} {' '.join(mutant.old.split())[:60]:60} "
                  f"{name or 'SURVIVES'}", flush=True)
    print(f"{done} of {len(MUTANTS)} mutants, {len(found)} survive")
    return found


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="N")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    problems = misfits()
    if not problems:
        chosen = [it for it in MUTANTS if not args.names or any(name in it.file for name in args.names)]
        problems = survivors(chosen, args.build.resolve(), args.seconds)
    for line in problems:
        print(line)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
