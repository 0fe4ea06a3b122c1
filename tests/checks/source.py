# SPDX-License-Identifier: Apache-2.0
"""The tracked files, and C without comments."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_COMMENT_OR_TEXT = re.compile(
    r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess:
    """Runs a tool; the caller checks its status."""
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True,
                          text=True, errors="replace", check=False)


def output(*command: str | Path, cwd: Path | None = None) -> str:
    """The output of a tool; raises RuntimeError if it fails."""
    done = run(*command, cwd=cwd)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command[:3]))}...: {done.stderr.strip()}")
    return done.stdout


def tracked(tree: Path) -> list[str]:
    """The tracked files of a work tree, or all files of a copy without .git."""
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
    """C with comments replaced by spaces; line numbers stay."""
    return _COMMENT_OR_TEXT.sub(_blank, c)


def directives(c: str) -> list[tuple[int, str]]:
    """The preprocessor directives of C, continued lines joined: (line, text after the #)."""
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
