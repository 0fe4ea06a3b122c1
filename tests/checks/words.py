# SPDX-License-Identifier: Apache-2.0
"""No file has the phrases and names of words.txt."""

from __future__ import annotations

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

    folders: list[str]  # empty: everywhere
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
            found.append(Rule([] if where == "*" else where.split(), words, instead))
    return found


def _occurrences(name: str, text: str, rule: Rule) -> list[str]:
    """The problems of a text that matches."""
    found = []
    for match in re.finditer(rule.words.replace(" ", GAP), text, re.IGNORECASE):
        line = text.count("\n", 0, match.start()) + 1
        words = re.sub(GAP, " ", match.group())
        found.append(f"{name}:{line}: '{words}': write {rule.instead}")
    return found


def problems(tree: Path) -> list[str]:
    """All occurrences."""
    known = [(rule, re.compile(rule.words.lower())) for rule in rules(tree)]
    found = []
    for name in source.tracked(tree):
        if name in QUOTING:
            continue
        text = source.text(tree, name)
        flat = re.sub(GAP, " ", text.lower())  # fast to search; has no line numbers
        for rule, pattern in known:
            if rule.applies(name) and pattern.search(flat):
                found += _occurrences(name, text, rule)
    return found
