# SPDX-License-Identifier: Apache-2.0
"""The rooms of core: calls between them follow the arrows, and none is too large.

includes.py checks the includes.
"""

from __future__ import annotations

from pathlib import Path

import modules
import source

KEEPER = "core"
# From top to bottom; rooms of the same row do not use each other.
ROWS = [[KEEPER], ["core/console"], ["core/escalate"], ["core/rest"], ["core/oauth"], ["core/runtime"],
        ["core/https", "core/store"], ["core/base"]]
LARGEST_SHARE = 0.25  # of core's lines

_ROW = {room: number for number, row in enumerate(ROWS) for room in row}


def may_use(user: str, used: str) -> bool:
    """Whether a room may use another one."""
    return user in _ROW and used in _ROW and (user == used or _ROW[user] < _ROW[used])


def lines(tree: Path) -> dict[str, int]:
    """Lines of C of each room."""
    found: dict[str, int] = {}
    for name in source.c_files(tree):
        if name.startswith("core/"):
            room = str(Path(name).parent)
            found[room] = found.get(room, 0) + source.text(tree, name).count("\n")
    return found


def largest(tree: Path) -> tuple[str, float]:
    """The room with the most lines, and its share."""
    found = lines(tree)
    room = max(found, key=lambda name: found[name])
    return room, found[room] / sum(found.values())


def summary(tree: Path) -> str:
    """The largest room, in a line."""
    room, share = largest(tree)
    return f"largest {room} with {100 * share:.1f} % of core's lines"


def problems(tree: Path, calls: modules.Arrows) -> list[str]:
    """Unknown rooms, calls against the arrows, and a room that is too large."""
    homes = modules.homes(tree)
    found = [f"{room}:1: a room that tests/checks/rooms.py does not know"
             for room in lines(tree) if room not in _ROW]
    for user, used, symbol in sorted(calls):
        if user not in homes or used not in homes:
            return [f"core:1: the build is older than the tree: {user} needs {used}"]
        if not may_use(homes[user].room, homes[used].room):
            found.append(f"{homes[user].file}:1: uses {symbol} of {homes[used].room}")
    room, share = largest(tree)
    if share > LARGEST_SHARE:
        found.append(f"{room}:1: has {100 * share:.1f} % of core's lines, over "
                     f"{100 * LARGEST_SHARE:.0f} %")
    return found
