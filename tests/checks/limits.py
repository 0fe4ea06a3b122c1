# SPDX-License-Identifier: Apache-2.0
"""Limits of the length of files and functions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import source

FILE_LINES = 500
TEST_FILE_LINES = 1000  # a test program is a list of independent tests
FUNCTION_LINES = 40
MEDIAN_LINES, P95_LINES = 10, 20  # of functions


@dataclass(frozen=True)
class Function:
    """A function and its lines of code."""

    file: str
    line: int
    name: str
    lines: int


def code_lines(lines: list[str]) -> int:
    """Number of lines that are not blank; of C without comments."""
    return sum(1 for line in lines if line.strip())


def functions(tree: Path) -> list[Function]:
    """All functions, except those of tests."""
    names = [name for name in source.c_files(tree) if not name.startswith("tests/")]
    tags = source.output("ctags", "--sort=no", "--fields=+ne", "--languages=C,C++",
                         "--kinds-C=f", "--kinds-C++=f", "-f", "-", *names, cwd=tree)
    code = {name: source.without_comments(source.text(tree, name)).split("\n") for name in names}
    found = []
    for tag in tags.splitlines():
        name, file, rest = tag.split("\t", 2)
        ends = re.search(r"\tend:(\d+)", rest)
        first = int(re.search(r"\tline:(\d+)", rest).group(1))
        if ends:
            body = code[file][first - 1:int(ends.group(1))]
            found.append(Function(file, first, name, code_lines(body)))
    return found


def percentile(values: list[int], share: float) -> int:
    """A percentile: this share of the values does not exceed it."""
    return sorted(values)[max(0, round(share * len(values)) - 1)] if values else 0


def summary(tree: Path) -> str:
    """Median, 95th percentile and maximum, in a line."""
    found = functions(tree)
    lines = [function.lines for function in found]
    longest = max(found, key=lambda function: function.lines)
    return (f"{len(found)} functions, code lines: median {percentile(lines, 0.5)}, 95th percentile "
            f"{percentile(lines, 0.95)}, longest {longest.lines} ({longest.name})")


def spread_problems(lines: list[int]) -> list[str]:
    """Median and 95th percentile over their limits."""
    return [f"tests/checks/limits.py:1: the {title} of all functions is {percentile(lines, share)} "
            f"code lines, over {limit}"
            for title, share, limit in (("median", 0.5, MEDIAN_LINES),
                                        ("95th percentile", 0.95, P95_LINES))
            if percentile(lines, share) > limit]


def problems(tree: Path) -> list[str]:
    """Files and functions over their limit."""
    found = []
    for name in source.c_files(tree):
        lines = code_lines(source.without_comments(source.text(tree, name)).split("\n"))
        limit = TEST_FILE_LINES if name.startswith("tests/") else FILE_LINES
        if lines > limit:
            found.append(f"{name}:1: {lines} code lines, over {limit}")
    known = functions(tree)
    return found + spread_problems([it.lines for it in known]) + [
        f"{it.file}:{it.line}: {it.name} has {it.lines} code lines, over {FUNCTION_LINES}"
        for it in known if it.lines > FUNCTION_LINES]
