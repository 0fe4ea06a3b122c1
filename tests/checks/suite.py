#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of tests/README.md: every folder of tests/, what it proves, its command, its seconds.

    python3 tests/checks/suite.py --write

updates the table from build/logs of a full run of tests/run.sh. The commands are those of its steps.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

import source

README = "tests/README.md"
BEGIN, END = "<!-- generated: tests -->\n", "<!-- end -->"
LOGS = "build/logs"


@dataclass(frozen=True)
class Folder:
    """A folder of tests/: what it proves, and its step of tests/run.sh.

    ctest: a pattern of the tests of that step which are of this folder; only: options of ctest that
    run them.
    """

    name: str
    proves: str
    step: str = ""
    ctest: str = ""
    only: str = ""


FOLDERS = [
    Folder("unit", "every room of core, every port and every driver, each by itself", "unit",
           r"test_", "-LE exhaustive"),
    Folder("store", "no value is torn, lost or silently stale: power cuts, bit flips and failures at "
           "every write, compared with a model", "unit", r"store_", "-R store_"),
    Folder("pubkey", "the arithmetic of P-256, P-384 and RSA: Wycheproof's vectors, equal to OpenSSL and "
           "mbedTLS, constant time, one encoding", "unit", r"pubkey_", "-R pubkey_"),
    Folder("simulation", "invariants of whole gateways over a thousand years in virtual time, with "
           "injected faults and power cuts", "unit", r"simulation|server_rules", "-R simulation"),
    Folder("e2e", "the host program against real TLS servers: provisioning, refreshes, alerts, "
           "`get`, trust, documents; no secret in any output", "end-to-end"),
    Folder("servers", "the same program against authorization servers that are not ours: rotation, "
           "codes and refresh tokens that are used again", "servers"),
    Folder("boards", "the firmware of each board in QEMU: the same, power cuts, and its cost",
           "boards"),
    Folder("web", "the page in Chromium: from a serial line to a token, and what may go wrong", "web"),
    Folder("bitrix24", "the simulated Bitrix24 that the others use follows its rules", "bitrix24"),
    Folder("porting", "the porting guide leads to a port that works", "porting"),
    Folder("lift", "store and https work outside the tree, with the files that their READMEs name",
           "lift"),
    Folder("release", "the same bytes from any folder; the bill of materials names what is compiled in",
           "release"),
    Folder("fuzz", "parsers, flash and whole gateways under libFuzzer: no broken invariant, and "
           "nothing that the sanitizers find", "fuzz"),
    Folder("coverage", "unit tests run every line of core and 99 % of its branches", "coverage"),
    Folder("mutation", "unit tests notice inverted comparisons, moved bounds and constants, and calls left "
           "out", "mutation"),
    Folder("bench", "instructions, heap and bytes of a refresh, compared with other clients",
           "bench"),
    Folder("checks", "rules of the tree: rooms, circles, symbols, limits, words, documents",
           "checks"),
    Folder("support", "no tests: what unit tests and simulation share"),
]


def commands(tree: Path) -> dict[str, str]:
    """The command of each step of a full run."""
    rows = re.findall(r"^(?:compute|wait) *\| (\S+) *\|[^|]*\| (.*)$",
                      source.text(tree, "tests/run.sh"), re.MULTILINE)
    return dict(rows)


ALL = "| all of it, and the builds | | `tests/run.sh` | SECONDS |"


def command(folder: Folder, steps: dict[str, str]) -> str:
    """The command that runs the tests of a folder."""
    return f"{steps.get(folder.step, '')} {folder.only}".strip()


def step_seconds(tree: Path, step: str) -> int:
    """Of a step in the last full run; raises RuntimeError where that has not passed."""
    log = tree / LOGS / "seconds"
    steps = re.findall(r"^(\S+) (\d+) ok$", log.read_text() if log.is_file() else "", re.MULTILINE)
    if step not in dict(steps):
        raise RuntimeError(f"{LOGS}/seconds has no {step}: run tests/run.sh first")
    return int(dict(steps)[step])


def seconds(tree: Path, folder: Folder) -> int:
    """Of a folder in the last full run."""
    if not folder.ctest:
        return step_seconds(tree, folder.step)
    lines = (tree / LOGS / f"{folder.step}.log").read_text()
    tests = re.findall(r"Test +#\d+: (\S+) \.+ +Passed +([\d.]+) sec", lines)
    mine = [float(took) for name, took in tests if re.match(folder.ctest, name)]
    if not mine:
        raise RuntimeError(f"{LOGS}/{folder.step}.log has no tests of {folder.name}")
    return round(sum(mine))


def row(folder: Folder, steps: dict[str, str], took: str) -> str:
    """A row of the table."""
    run = command(folder, steps)
    return f"| `{folder.name}/` | {folder.proves} | {f'`{run}`' if run else ''} | {took} |"


def split(tree: Path) -> tuple[str, str, str]:
    """The README before, between and after the markers."""
    before, _, rest = source.text(tree, README).partition(BEGIN)
    between, end, after = rest.partition(END)
    if not end:
        raise RuntimeError(f"{README} has no {BEGIN.strip()} ... {END}")
    return before + BEGIN, between, END + after


def write(tree: Path) -> None:
    """Puts the table with the seconds of the last full run into the README."""
    before, _, after = split(tree)
    steps = commands(tree)
    rows = ["| folder | what it proves | command | seconds |", "|---|---|---|---:|"]
    rows += [row(folder, steps, str(seconds(tree, folder)) if folder.step else "")
             for folder in FOLDERS]
    rows.append(ALL.replace("SECONDS", str(step_seconds(tree, "all"))))
    (tree / README).write_text(before + "\n".join(rows) + "\n" + after, encoding="utf-8")


def problems(tree: Path) -> list[str]:
    """Folders without a row, and rows that are not as they would be written."""
    here = {name.split("/")[1] for name in source.tracked(tree)
            if name.startswith("tests/") and name.count("/") > 1}
    found = [f"tests/checks/suite.py:1: FOLDERS and tests/ differ in {name}"
             for name in sorted(here ^ {folder.name for folder in FOLDERS})]
    steps = commands(tree)
    found += [f"tests/checks/suite.py:1: tests/run.sh has no step {folder.step}"
              for folder in FOLDERS if folder.step and folder.step not in steps]
    rows = {folder.name: row(folder, steps, "SECONDS" if folder.step else "") for folder in FOLDERS}
    _, between, _ = split(tree)
    for name, text in (rows | {"all": ALL}).items():
        pattern = re.escape(text).replace("SECONDS", r"\d+")
        if not re.search(f"^{pattern}$", between, re.MULTILINE):
            found.append(f"{README}:1: the row of {name} is stale: run tests/run.sh, then "
                         "python3 tests/checks/suite.py --write")
    return found


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    try:
        write(Path(__file__).resolve().parents[2])
    except RuntimeError as error:
        sys.exit(str(error))
