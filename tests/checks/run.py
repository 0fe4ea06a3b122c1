#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the tree to its rules, one line a check.

    python3 tests/checks/run.py --build build/host      all checks
    python3 tests/checks/run.py --build build/host --write    also brings the sizes in core/README.md up to date
    python3 tests/checks/run.py --build build/host --sizes    prints the size of every module
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import commands
import cross
import hygiene
import includes
import layout
import limits
import readme
import source
import symbols

TREE = Path(__file__).resolve().parents[2]


def report(name: str, check: Callable[[], list[str]], summary: Callable[[], str] = str) -> bool:
    """Runs one check and prints its line; whether it passed."""
    began = time.monotonic()
    found = check()
    took = time.monotonic() - began
    words = summary()
    print(f"{'FAILED' if found else 'ok'} {name} {took:.1f} s{': ' if words else ''}{words}")
    for problem in found:
        print(f"  {problem}")
    sys.stdout.flush()
    return not found


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=TREE / "build/host", metavar="DIR")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sizes", action="store_true")
    return parser.parse_args()


def main() -> int:
    """All checks; 1 when one found something."""
    args = arguments()
    build = args.build.resolve()
    archives = sorted([*build.glob("libtk_*.a"), *build.glob("core/libtk_*.a")])
    help_text = source.output(build / "tokenkeeper", "--help")
    built = cross.Built()

    def cross_problems() -> list[str]:
        nonlocal built
        built = cross.compile_core(TREE, cross.mbedtls_include(build))
        return cross.problems(TREE, built)

    def readme_problems() -> list[str]:
        if args.write and readme.write(TREE, built):
            print("core/README.md has new sizes")
        return readme.problems(TREE, help_text, built)

    passed = [
        report("includes", lambda: includes.problems(TREE)),
        report("symbols", lambda: symbols.problems(archives, sorted(build.glob("core/libtk_*.a")))),
        report("limits", lambda: limits.problems(TREE), lambda: limits.summary(TREE)),
        report("layout", lambda: layout.problems(TREE)),
        report("hygiene", lambda: hygiene.problems(TREE)),
        report("cross", cross_problems, lambda: cross.summary(built)),
        report("readme", readme_problems),
        report("commands", lambda: commands.problems(TREE)),
    ]
    if args.sizes:
        print(cross.table(built))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
