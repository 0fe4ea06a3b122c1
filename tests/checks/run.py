#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the rules of the tree, a line per check.

    python3 tests/checks/run.py --build build/host      all checks
    python3 tests/checks/run.py --build build/host --write    also updates the tables of sizes and
                                                              removes stale lines of allowed.txt
    python3 tests/checks/run.py --build build/host --sizes    also prints the size of every module
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import accounts
import allowed
import commands
import cplusplus
import cross
import hygiene
import includes
import keys
import layout
import limits
import modules
import needs
import readme
import rooms
import source
import suite
import symbols
import words

TREE = Path(__file__).resolve().parents[2]


class Report:
    """Runs checks and prints a line for each."""

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}
        self.passed = True

    def add(self, name: str, check: Callable[[], list[str]],
            summary: Callable[[], str] = str) -> None:
        """Runs a check and reports its problems, except those in allowed.txt."""
        began = time.monotonic()
        self.found[name] = check()
        left = allowed.apply(TREE, name, self.found[name])
        took = time.monotonic() - began
        figures = summary()
        print(f"{'FAILED' if left else 'ok'} {name} {took:.1f} s{': ' if figures else ''}{figures}")
        for problem in left:
            print(f"  {problem}")
        sys.stdout.flush()
        self.passed = self.passed and not left


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=TREE / "build/host", metavar="DIR")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--sizes", action="store_true")
    return parser.parse_args()


def main() -> int:
    """Runs all checks; 1 if one of them found a problem."""
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
        for name in readme.write(TREE, built) if args.write else []:
            print(f"{name} has new sizes")
        return readme.problems(TREE, help_text, built)

    core = sorted(build.glob("core/libtk_*.a"))
    calls = modules.calls(modules.symbols(core))
    report = Report()
    report.add("includes", lambda: includes.problems(TREE))
    report.add("rooms", lambda: rooms.problems(TREE, calls), lambda: rooms.summary(TREE))
    report.add("circles", lambda: modules.circle_problems(TREE, calls))
    report.add("accounts", lambda: accounts.problems(TREE))
    report.add("keys", lambda: keys.problems(TREE))
    report.add("symbols", lambda: symbols.problems(archives, core))
    report.add("limits", lambda: limits.problems(TREE), lambda: limits.summary(TREE))
    report.add("layout", lambda: layout.problems(TREE))
    report.add("hygiene", lambda: hygiene.problems(TREE))
    report.add("words", lambda: words.problems(TREE))
    report.add("cross", cross_problems, lambda: cross.summary(built))
    report.add("cplusplus", lambda: cplusplus.problems(TREE, cross.mbedtls_include(build)))
    report.add("needs", lambda: needs.problems(TREE, cross.mbedtls_include(build)))
    report.add("readme", readme_problems)
    report.add("suite", lambda: suite.problems(TREE))
    report.add("commands", lambda: commands.problems(TREE))
    if args.write and (count := allowed.prune(TREE, report.found)):
        print(f"{allowed.LIST}: removed {count} stale lines")
    if args.sizes:
        print(cross.table(built))
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
