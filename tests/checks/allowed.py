# SPDX-License-Identifier: Apache-2.0
"""Known problems: checks do not report the problems in allowed.txt.

A line is "CHECK FILE: TEXT" and matches the problems of that file that begin with TEXT. The list
only shrinks: a line that matches no problem is a problem itself.
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
    text: str

    def covers(self, problem: str) -> bool:
        """Whether this line matches a problem, apart from its line number."""
        return re.sub(r"^(\S+?):\d+: ", r"\1: ", problem).startswith(self.text)


def entries(tree: Path) -> list[Entry]:
    """The lines of the list."""
    found = []
    for number, line in enumerate(source.text(tree, LIST).splitlines(), 1):
        if line and not line.startswith("#"):
            check, _, text = line.partition(" ")
            found.append(Entry(number, check, text))
    return found


def apply(tree: Path, check: str, problems: list[str]) -> list[str]:
    """The problems that no line matches, and the stale lines."""
    mine = [entry for entry in entries(tree) if entry.check == check]
    left = [problem for problem in problems if not any(entry.covers(problem) for entry in mine)]
    return left + [f"{LIST}:{entry.line}: stale: run.py --write"
                   for entry in mine if not any(map(entry.covers, problems))]


def prune(tree: Path, problems: dict[str, list[str]]) -> int:
    """Removes the stale lines of these checks; returns their number."""
    stale = {entry.line for entry in entries(tree) if entry.check in problems
                and not any(map(entry.covers, problems[entry.check]))}
    lines = source.text(tree, LIST).splitlines(keepends=True)
    (tree / LIST).write_text("".join(line for number, line in enumerate(lines, 1)
                                     if number not in stale), encoding="utf-8")
    return len(stale)
