# SPDX-License-Identifier: Apache-2.0
"""No file has the phrases and names of words.txt."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import allowed
import source

LIST = "tests/checks/words.txt"
# These quote former wording.
QUOTING = (LIST, allowed.LIST, "CHANGELOG.md", ".github/CONTRIBUTING.md")
# Between words: white space, line ends, comment and quotation marks, and a string's line break.
GAP = r'(?:[\s*#>\\]|//|"\s*")+'


@dataclass(frozen=True)
class Rule:
    """A line of words.txt."""

    folders: tuple[str, ...]  # none: everywhere
    words: str
    instead: str

    def applies(self, name: str) -> bool:
        """Whether the rule applies to a file."""
        return not self.folders or any(name.startswith(f"{folder}/") for folder in self.folders)


def rules(tree: Path) -> list[Rule]:
    """The rules of words.txt."""
    found = []
    for line in source.text(tree, LIST).splitlines():
        if line and not line.startswith("#"):
            where, words, instead = line.split(" | ")
            found.append(Rule(() if where == "*" else tuple(where.split()), words, instead))
    return found


def _occurrences(name: str, text: str, rule: Rule) -> list[str]:
    """The problems of a text that matches."""
    found = []
    for match in re.finditer(rule.words.replace(" ", GAP), text, re.IGNORECASE):
        line = text.count("\n", 0, match.start()) + 1
        words = re.sub(GAP, " ", match.group())
        found.append(f"{name}:{line}: '{words}': write {rule.instead}")
    return found


@functools.cache
def _file_problems(name: str, text: str, known: tuple[Rule, ...]) -> list[str]:
    """The occurrences in a file."""
    flat = re.sub(GAP, " ", text.lower())  # fast to search; has no line numbers
    return [problem for rule in known if rule.applies(name) and re.search(rule.words.lower(), flat)
            for problem in _occurrences(name, text, rule)]


def problems(tree: Path) -> list[str]:
    """All occurrences."""
    known = tuple(rules(tree))
    return [problem for name in source.tracked(tree) if name not in QUOTING
            for problem in _file_problems(name, source.text(tree, name), known)]
