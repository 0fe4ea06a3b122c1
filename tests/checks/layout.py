# SPDX-License-Identifier: Apache-2.0
"""C is formatted by .clang-format."""

from __future__ import annotations

import re
from pathlib import Path

import source


def problems(tree: Path, only: list[str] | None = None) -> list[str]:
    """The first place in each file that clang-format would change."""
    names = only or source.c_files(tree)
    done = source.run("clang-format", "--dry-run", "-Werror", *names, cwd=tree)
    places = re.findall(r"^(\S+?):(\d+):\d+: error: code should be clang-formatted", done.stderr,
                        re.MULTILINE)
    first: dict[str, str] = {}
    for name, line in places:
        first.setdefault(name, line)
    if done.returncode != 0 and not first:
        return [f".clang-format:1: clang-format fails: {done.stderr.strip()[:200]}"]
    return [f"{name}:{line}: not formatted: run clang-format -i" for name, line in first.items()]
