# SPDX-License-Identifier: Apache-2.0
"""The tracked tree: which files there are, and C without its comments."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_COMMENT_OR_TEXT = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Runs a tool; its output is text, its status is for the caller to judge."""
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True,
                          text=True, errors="replace", check=False)


def output(*command: str | Path, cwd: Path | None = None) -> str:
    """What a tool prints; that it fails is an error of this machine, not of the tree."""
    done = run(*command, cwd=cwd)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))}...: {done.stderr.strip()}")
    return done.stdout


def tracked(tree: Path) -> list[str]:
    """Every file of a git work tree that git knows, or of a copy every file."""
    if (tree / ".git").exists():
        names = output("git", "-C", tree, "ls-files", "-z").split("\0")
        return sorted(name for name in names if name and (tree / name).is_file())
    return sorted(str((Path(folder) / name).relative_to(tree))
                  for folder, _, names in os.walk(tree) for name in names)


def c_files(tree: Path) -> list[str]:
    """The tracked C sources and headers."""
    return [name for name in tracked(tree) if name.endswith((".c", ".h"))]


def text(tree: Path, name: str) -> str:
    """A tracked file as text."""
    return (tree / name).read_text(encoding="utf-8", errors="replace")


def _blank(match: re.Match) -> str:
    found = match.group()
    return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found


def without_comments(c: str) -> str:
    """C with every comment blanked; lines keep their numbers."""
    return _COMMENT_OR_TEXT.sub(_blank, c)


def directives(c: str) -> list[tuple[int, str]]:
    """The preprocessor lines of C, continued ones joined, as (line, words behind the #)."""
    found = []
    lines = without_comments(c).split("\n")
    number = 0
    while number < len(lines):
        first, whole = number, lines[number]
        while whole.endswith("\\") and number + 1 < len(lines):
            number += 1
            whole = whole[:-1] + " " + lines[number]
        if whole.lstrip().startswith("#"):
            found.append((first + 1, whole.lstrip()[1:].strip()))
        number += 1
    return found
