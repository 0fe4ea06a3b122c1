# SPDX-License-Identifier: Apache-2.0
"""The modules of core (the .c and .h of one name) and their dependencies: by the includes of their
files and by the symbols of their objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import source

Arrows = set[tuple[str, str, str]]  # module, module that it needs, header or symbol

_INCLUDE = re.compile(r'include\s*["<]([^">]+)[">]')
_SYMBOL = re.compile(r"^.*?([\w.]+)\.o:\S* +([A-Za-z]) (\S+)$")


@dataclass(frozen=True)
class Home:
    """The room of a module, and its file for messages."""

    room: str
    file: str


def homes(tree: Path) -> dict[str, Home]:
    """The room and file of every module of core."""
    return {Path(name).stem: Home(str(Path(name).parent), name)
            for name in sorted(source.c_files(tree), reverse=True)  # the .c comes last
            if name.startswith("core/")}


def includes(tree: Path) -> Arrows:
    """Dependencies by includes."""
    known = homes(tree)
    found: Arrows = set()
    for name in source.c_files(tree):
        if not name.startswith("core/"):
            continue
        for _, words in source.directives(source.text(tree, name)):
            match = _INCLUDE.match(words)
            used = Path(match.group(1)).stem if match else ""
            if used in known and used != Path(name).stem:
                found.add((Path(name).stem, used, Path(match.group(1)).name))
    return found


@dataclass
class Symbols:
    """The defined and undefined symbols of an object."""

    defined: set[str]
    needed: set[str]


def symbols(archives: list[Path]) -> dict[str, Symbols]:
    """The symbols of these archives or objects, by module."""
    found: dict[str, Symbols] = {}
    for line in source.output("nm", "-A", "-g", *archives).splitlines():
        match = _SYMBOL.match(line)
        if match:
            one = found.setdefault(match[1].removesuffix(".c"), Symbols(set(), set()))
            (one.needed if match[2] in "Uwv" else one.defined).add(match[3])
    return found


def calls(objects: dict[str, Symbols]) -> Arrows:
    """Dependencies by functions and data."""
    owner = {symbol: module for module, one in objects.items() for symbol in one.defined}
    return {(module, owner[symbol], symbol) for module, one in objects.items()
            for symbol in one.needed if owner.get(symbol, module) != module}


def circles(arrows: Arrows) -> list[list[str]]:
    """Strongly connected components of more than one module (Tarjan)."""
    uses: dict[str, set[str]] = {}
    for user, used, _ in arrows:
        uses.setdefault(user, set()).add(used)
        uses.setdefault(used, set())
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = []

    def visit(module: str) -> None:
        index[module] = low[module] = len(index)
        stack.append(module)
        for used in sorted(uses[module]):
            if used not in index:
                visit(used)
            if used in stack:
                low[module] = min(low[module], low[used])
        if low[module] == index[module]:
            group = stack[stack.index(module):]
            del stack[-len(group):]
            if len(group) > 1:
                found.append(sorted(group))

    for module in sorted(uses):
        if module not in index:
            visit(module)
    return sorted(found)


def _way_back(group: list[str], by: dict[tuple[str, str], str]) -> str:
    """A shortest circle through the first module of a group, as text."""
    ways = [[group[0]]]
    while True:
        way = ways.pop(0)
        for used in group:
            if (way[-1], used) in by and used == group[0]:
                steps = zip(way, [*way[1:], used])
                return ", ".join(f"{user} needs {by[user, it]} of {it}" for user, it in steps)
            if (way[-1], used) in by and used not in way:
                ways.append([*way, used])


def circle_problems(tree: Path, called: Arrows) -> list[str]:
    """All circles, each with an example."""
    known = homes(tree)
    arrows = {arrow for arrow in includes(tree) | called if arrow[0] in known and arrow[1] in known}
    by = {(user, used): what for user, used, what in sorted(arrows, reverse=True)}
    return [f"{known[group[0]].file}:1: a circle of {', '.join(group)}: {_way_back(group, by)}"
            for group in circles(arrows)]
