# SPDX-License-Identifier: Apache-2.0
"""The code in a Markdown text: its blocks line by line, and what stands in backticks."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Snippet:
    """A piece of code and where it stands."""

    line: int
    text: str
    is_block: bool
    file: str = "README.md"


def _block_lines(lines: list[str]) -> set[int]:
    """Indices of the lines inside fences or indented by four behind an empty line."""
    found = set()
    in_fence = False
    for at, line in enumerate(lines):
        if line.lstrip().startswith("```"):
            in_fence = not in_fence
            found.add(at)
        elif in_fence:
            found.add(at)
        elif line.startswith("    ") and at and (not lines[at - 1].strip() or at - 1 in found):
            found.add(at)
    return found


def of(markdown: str, file: str = "README.md") -> list[Snippet]:
    """All code of a text."""
    lines = markdown.split("\n")
    blocks = _block_lines(lines)
    found = [Snippet(at + 1, lines[at].strip(), True, file) for at in sorted(blocks)
             if "```" not in lines[at] and lines[at].strip()]
    prose = "\n".join("" if at in blocks else line for at, line in enumerate(lines))
    for match in re.finditer(r"`([^`]+)`", prose):
        line = prose.count("\n", 0, match.start()) + 1
        found.append(Snippet(line, " ".join(match.group(1).split()), False, file))
    return found
