#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Coverage of core and of the public-key arithmetic by their unit tests.

    python3 tests/coverage/run.py build/host-coverage [--all] [-jN] [--counted] [FILE...]

runs the unit tests of a build of the preset host-coverage and prints the lines and branches of each file
with the uncovered ones. FILE is part of the name of a file to print; --all prints also those that are
covered; --counted takes the counts of the last run. Exit status 1: a test fails, coverage is below
LINES or BRANCHES, or a line of `exceptions` is wrong. See README.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
LIST = TREE / "tests/coverage/exceptions"
FOLDERS = [*(f"tests/unit/{name}" for name in ("base", "store", "https", "runtime", "oauth", "rest",
                                               "escalate", "console", "keeper")), "tests/pubkey"]
TESTS = "^(test_|pubkey_test_|chains_as_curl_host)"
SOURCES = ("core/", "port/mbedtls/pubkey/")

# In percent, exceptions counted as covered: raised whenever more is.
LINES, BRANCHES = 100.0, 99.0
EXCEPTED = 1.0  # of the lines, at most
# Files that may have no excepted lines: HTTP, JSON, OAuth, tokens, store, time, arithmetic.
WHOLE = ("core/base/tk_json", "core/base/tk_time", "core/base/tk_calendar", "core/base/tk_timer",
         "core/base/tk_duration", "core/https/tk_http", "core/oauth/", "core/store/",
         "port/mbedtls/pubkey/")


@dataclass
class Line:
    """A line of code: how often it ran, and each of its branches."""

    text: str
    count: int = 0
    branches: list[int] = field(default_factory=list)

    def missed(self) -> int:
        """Branches never taken. By rule, those of TK_ASSERT are covered where their line is."""
        if self.count and self.text.startswith("TK_ASSERT("):
            return 0
        return self.branches.count(0)


@dataclass
class Exception_:
    """A row of `exceptions`: lines, or branches of lines, of a file that have this text."""

    number: int
    file: str
    kind: str
    count: int
    text: str
    reason: str


Files = dict[str, dict[int, Line]]


def run_tests(build: Path, jobs: int) -> bool:
    """Counts anew; whether all tests pass."""
    for path in build.rglob("*.gcda"):
        path.unlink()
    good = True
    for folder in FOLDERS:
        done = subprocess.run(
            ["ctest", "--test-dir", str(build / folder), "-R", TESTS, "-LE", "exhaustive",
             "--no-tests=error", "--output-on-failure", f"-j{jobs}", "-Q", "-O", str(build / "coverage.log")],
            check=False)
        if done.returncode != 0:
            print((build / "coverage.log").read_text(encoding="utf-8", errors="replace"))
            good = False
    return good


def add(line: Line, found: dict) -> None:
    """Adds what another object counted of a line; a header is compiled into several."""
    line.count += found["count"]
    branches = [it["count"] for it in found["branches"]]
    if len(line.branches) == len(branches):
        line.branches = [a + b for a, b in zip(line.branches, branches)]
    elif len(line.branches) < len(branches):  # compiled out in the other
        line.branches = branches


def counted(build: Path) -> Files:
    """What gcov says of our sources, by file and line."""
    notes = [str(path) for path in build.rglob("*.gcno")]
    output = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", *notes],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=build, check=True).stdout
    files: Files = {}
    for document in output.splitlines():
        for it in json.loads(document)["files"]:
            path = (TREE / it["file"]).resolve()
            name = str(path.relative_to(TREE)) if path.is_relative_to(TREE) else ""
            if not name.startswith(SOURCES):
                continue
            text = path.read_text("ascii").splitlines()
            lines = files.setdefault(name, {})
            for found in it["lines"]:
                number = found["line_number"]
                add(lines.setdefault(number, Line(text[number - 1].strip())), found)
    return files


def exceptions() -> list[Exception_]:
    """The rows of the list."""
    rows = [line.split(" | ", 5) for line in LIST.read_text("ascii").splitlines()
            if line and not line.startswith("#")]
    return [Exception_(int(row[0]), row[1], row[2], int(row[3]), row[4].strip(), row[5].strip())
            for row in rows]


def apply(files: Files, row: Exception_) -> int:
    """How many uncovered lines or branches a row excepts; they count as covered from then on."""
    found = 0
    for line in files.get(row.file, {}).values():
        if line.text != row.text:
            continue
        if row.kind == "lines" and line.count == 0:
            found += 1
            line.count = 1
        found += line.missed() if row.kind == "branches" else 0
        line.branches = [max(1, it) for it in line.branches]
    return found


def excepted(files: Files) -> tuple[list[str], int]:
    """Applies the list: its problems, and how many lines it excepts."""
    problems, lines = [], 0
    total = sum(map(len, files.values()))
    rows = exceptions()
    for place, row in enumerate(rows):
        where = f"exceptions: {row.number}"
        if row.number != place + 1:
            problems.append(f"{where}: rows are numbered from 1; this is {place + 1}")
        if row.kind not in ("lines", "branches"):
            problems.append(f"{where}: neither lines nor branches")
        found = apply(files, row)
        if found != row.count:
            problems.append(f"{where}: stale: {found} uncovered {row.kind} of {row.file}, not {row.count}")
        if row.kind == "lines":
            lines += found
            if row.file.startswith(WHOLE):
                problems.append(f"{where}: {row.file} may have no exceptions")
    if 100 * lines > EXCEPTED * total:
        problems.append(f"exceptions: {lines} of {total} lines, more than {EXCEPTED} %")
    return problems, lines


def percent(part: int, whole: int) -> float:
    """Rounded down, so that 100 is all."""
    return 100.0 if part == whole else int(10000 * part / whole) / 100


def report(files: Files, names: list[str], everything: bool) -> Counter:
    """Prints files and their uncovered lines and branches; the sums."""
    total: Counter = Counter()
    for name, lines in sorted(files.items()):
        sums = Counter(lines=len(lines), ran=sum(it.count > 0 for it in lines.values()),
                       branches=sum(len(it.branches) for it in lines.values()),
                       missed=sum(it.missed() for it in lines.values()))
        total += sums
        is_whole = sums["lines"] == sums["ran"] and not sums["missed"]
        if (names and not any(it in name for it in names)) or (is_whole and not everything):
            continue
        print(f"{name}: {sums['ran']} of {sums['lines']} lines, "
              f"{sums['branches'] - sums['missed']} of {sums['branches']} branches")
        for number, it in sorted(lines.items()):
            if it.count == 0 or it.missed():
                missing = "never runs" if it.count == 0 else \
                    "never " + ", ".join(str(i) for i, n in enumerate(it.branches) if n == 0)
                print(f"{name}:{number}: {missing}: {it.text}")
    return total


def judged(total: Counter, lines_excepted: int) -> list[str]:
    """Prints the sums; what is below its threshold."""
    lines = percent(total["ran"], total["lines"])
    branches = percent(total["branches"] - total["missed"], total["branches"])
    print(f"{lines} % of {total['lines']} lines ({lines_excepted} excepted), "
          f"{branches} % of {total['branches']} branches")
    return [f"{what}: {reached} %, below {least} %" for what, reached, least in
            (("lines", lines, LINES), ("branches", branches, BRANCHES)) if reached < least]


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--counted", action="store_true")
    parser.add_argument("-j", type=int, default=2, metavar="N")
    parser.add_argument("names", nargs="*", metavar="FILE")
    args = parser.parse_intermixed_args()
    build = args.build.resolve()
    passed = args.counted or run_tests(build, args.j)
    files = counted(build)
    if not files:  # as where a compiler's cache keeps them
        sys.exit("nothing was counted")
    problems, lines = excepted(files)
    problems += judged(report(files, args.names, args.all), lines)
    for problem in problems:
        print(problem)
    return 0 if passed and not problems else 1


if __name__ == "__main__":
    sys.exit(main())
