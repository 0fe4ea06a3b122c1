#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that the checks find violations of the rules.

Injects violations into a copy of the tracked tree, one at a time: its check must report that one
and no other; and no check may report a problem of the clean tree or a look-alike.

    python3 tests/checks/selftest.py [--build build/host]
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
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
import planted
import readme
import rooms
import source
import suite
import symbols
import words
from planted import Plant

TREE = Path(__file__).resolve().parents[2]
HOST_FLAGS = ["-std=c99", "-g", "-O1", "-w", "-fPIE"]


class Bench:
    """A copy of the tree, and the checks that run on it."""

    def __init__(self, tree: Path, build: Path) -> None:
        self.tree = tree
        self.mbedtls = cross.mbedtls_include(build)
        self.help = source.output(build / "tokenkeeper", "--help")
        self.built = cross.compile_core(tree, self.mbedtls)
        self.core = sorted(build.glob("core/libtk_*.a"))
        self.objects = modules.symbols(self.core)
        self.checks = {
            "includes": lambda file: includes.problems(tree),
            "rooms": lambda file: rooms.problems(tree, self._calls(file)),
            "circles": lambda file: modules.circle_problems(tree, self._calls(file)),
            "accounts": lambda file: accounts.problems(tree),
            "keys": lambda file: keys.problems(tree),
            "words": lambda file: words.problems(tree),
            "allowed": lambda file: allowed.apply(tree, "layout", []),
            "symbols": self._symbols,
            "limits": lambda file: limits.problems(tree),
            "layout": lambda file: layout.problems(tree, [file]),
            "hygiene": lambda file: hygiene.problems(tree),
            "cross": self._cross,
            "cplusplus": lambda file: cplusplus.problems(tree, self.mbedtls),
            "needs": lambda file: needs.problems(tree, self.mbedtls),
            "suite": lambda file: suite.problems(tree),
            "commands": lambda file: commands.problems(tree),
            "readme": lambda file: readme.problems(tree, self.help, self.built),
        }

    @contextmanager
    def _object(self, file: str):
        """This file, compiled for this machine."""
        with tempfile.TemporaryDirectory() as folder:
            item = Path(folder) / f"{Path(file).stem}.o"
            ours = [word for part in cross.OURS for word in ("-I", self.tree / part)]
            source.output("gcc", *HOST_FLAGS, *ours, "-isystem", self.mbedtls, "-c",
                          self.tree / file, "-o", item)
            yield item

    def _symbols(self, file: str) -> list[str]:
        with self._object(file) as item:
            return symbols.problems([item], [item])

    def _calls(self, file: str) -> modules.Arrows:
        """The calls of core as built, with this file compiled anew."""
        if not file.endswith(".c") or not (self.tree / file).exists():
            return modules.calls(self.objects)
        with self._object(file) as item:
            return modules.calls(self.objects | modules.symbols([item]))

    def _cross(self, file: str) -> list[str]:
        """Compiles the modules with a common budget."""
        only = [name for name in source.tracked(self.tree) if Path(name).stem in cross.PROTOCOL]
        return cross.problems(self.tree, cross.compile_core(self.tree, self.mbedtls, only))

    def clean_problems(self, build: Path) -> list[str]:
        """The problems of the unchanged tree."""
        archives = sorted([*build.glob("libtk_*.a"), *build.glob("core/libtk_*.a")])
        found = {
            "symbols": symbols.problems(archives, self.core),
            "layout": layout.problems(self.tree),
            "cross": cross.problems(self.tree, self.built),
        }
        for name in ("includes", "rooms", "circles", "accounts", "keys", "limits", "hygiene",
                     "words", "cplusplus", "needs", "readme", "suite", "commands"):
            found[name] = self.checks[name]("")
        return [f"the clean tree: {name}: {problem}" for name, problems in found.items()
                for problem in allowed.apply(self.tree, name, problems)]


def copy(tree: Path, to: Path) -> None:
    """Copies the tracked files of a tree."""
    for name in source.tracked(tree):
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, to / name)


@contextmanager
def standing(tree: Path, plant: Plant):
    """Injects a violation for the duration of a with statement."""
    path = tree / plant.file
    before = path.read_bytes() if path.exists() else None
    old = before.decode() if before is not None else ""
    if plant.instead_of:
        new, count = re.subn(plant.instead_of, lambda match: plant.text, old, count=1)
        if count != 1:
            raise RuntimeError(f"{plant.title}: {plant.file} has no {plant.instead_of}")
    else:
        new = old + plant.text
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(new, encoding="utf-8")
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_bytes(before)


def _shape(problem: str) -> str:
    """A problem without its numbers, which another violation may change."""
    return re.sub(r"\d+", "9", problem)


def judge(plant: Plant, before: list[str], after: list[str]) -> str | None:
    """What is wrong with the problems that a check reports for a violation."""
    new = [problem for problem in after if problem not in before]
    if plant.expect is None:
        return f"{plant.check}: reports {plant.title}: {new[0]}" if new else None
    if not new:
        return f"{plant.check}: does not report {plant.title}"
    known = {_shape(problem) for problem in before}
    right = [problem for problem in new if re.search(plant.expect, problem)]
    strange = [problem for problem in new if problem not in right and _shape(problem) not in known]
    if right and not strange:
        return None
    return f"{plant.check}: reports for {plant.title}: {(strange or new)[0]}"


def failures(bench: Bench) -> list[str]:
    """The violations that were not reported correctly."""
    found = []
    clean: dict[tuple[str, str], list[str]] = {}
    for plant in planted.ALL:
        check = bench.checks[plant.check]
        key = (plant.check, plant.file)
        if key not in clean:
            clean[key] = check(plant.file)
        with standing(bench.tree, plant):
            wrong = judge(plant, clean[key], check(plant.file))
        found += [wrong] if wrong else []
    return found


def main() -> int:
    """1 if a check misses a violation or the tree is not clean."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=TREE / "build/host", metavar="DIR")
    build = parser.parse_args().build.resolve()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy(TREE, tree)
        bench = Bench(tree, build)
        found = bench.clean_problems(build)
        readme.write(tree, bench.built)  # a stale table must not hide an injected one
        found += failures(bench)
    violations = sum(1 for plant in planted.ALL if plant.expect)
    for problem in found:
        print(problem)
    print(f"{'FAILED' if found else 'ok'} selftest {time.monotonic() - began:.1f} s: {violations} "
          f"violations, {len(planted.ALL) - violations} look-alikes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
