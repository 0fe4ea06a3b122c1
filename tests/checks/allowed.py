# SPDX-License-Identifier: Apache-2.0
"""What is left to mend: allowed.txt names problems that a check does not report yet.

A line is "CHECK FILE: WORDS" and stands for the problems of that file which begin with these words.
It shrinks only: a line that no problem needs any more is a problem itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import source

LIST = "tests/checks/allowed.txt"


@dataclass(frozen=True)
class Entry:
    """A line of the list."""

    line: int
    check: str
    words: str

    def covers(self, problem: str) -> bool:
        """Whether this stands for that problem; line numbers do not count."""
        return re.sub(r"^(\S+?):\d+: ", r"\1: ", problem).startswith(self.words)


def entries(tree: Path) -> list[Entry]:
    """All lines that are not comments."""
    found = []
    for number, line in enumerate(source.text(tree, LIST).splitlines(), 1):
        if line and not line.startswith("#"):
            check, _, words = line.partition(" ")
            found.append(Entry(number, check, words))
    return found


def apply(tree: Path, check: str, problems: list[str]) -> list[str]:
    """The problems that are not allowed, and the lines that are not needed."""
    mine = [entry for entry in entries(tree) if entry.check == check]
    left = [problem for problem in problems if not any(entry.covers(problem) for entry in mine)]
    return left + [f"{LIST}:{entry.line}: not needed any more: run.py --write"
                   for entry in mine if not any(map(entry.covers, problems))]


def prune(tree: Path, problems: dict[str, list[str]]) -> int:
    """Removes the lines that are not needed, of these checks; how many there were."""
    unneeded = {entry.line for entry in entries(tree) if entry.check in problems
                and not any(map(entry.covers, problems[entry.check]))}
    lines = source.text(tree, LIST).splitlines(keepends=True)
    (tree / LIST).write_text("".join(line for number, line in enumerate(lines, 1)
                                     if number not in unneeded), encoding="utf-8")
    return len(unneeded)
