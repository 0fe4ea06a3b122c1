# SPDX-License-Identifier: Apache-2.0
"""The table of boards/README.md: sizes of the images, and figures that tests measure.

A test notes its figures; run.py collects them and compares the table with them, or with --write
updates it. Rows of classes that were not run are kept.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- generated: boards -->\n", "<!-- end -->"
NO_LAYERS = ("stack", "heap of mbedTLS", "all", "left over")  # rows of the table of sizes.py


def note(name: str, value: float) -> None:
    """Called by a test."""
    if path := os.environ.get("TK_FIGURES"):
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{name} {value}\n")


def noted(path: Path) -> dict[str, float]:
    """The figures that the tests of a board have noted; the largest of each name."""
    found: dict[str, float] = {}
    for line in path.read_text(encoding="ascii").splitlines() if path.exists() else []:
        name, value = line.split()
        found[name] = max(float(value), found.get(name, 0))
    return found


@dataclass(frozen=True)
class Row:
    """A measured figure, and its tolerance: relative to the table, and absolute."""

    title: str
    name: str
    digits: int
    share: float
    apart: float

    def text(self, value: float | None) -> str:
        return "" if value is None else f"{value:.{self.digits}f}"

    def is_stale(self, old: str, value: float) -> bool:
        return not old or abs(float(old) - value) > self.share * float(old) + self.apart


MEASURED = (
    Row("stack, never used", "stack_left", 0, 0.05, 16),
    Row("heap at its peak, ECDSA P-256", "heap_ec", 0, 0.02, 64),
    Row("heap at its peak, ECDSA P-384", "heap_p384", 0, 0.02, 64),
    Row("heap at its peak, RSA-2048", "heap_rsa", 0, 0.02, 64),
    Row("heap at its peak, RSA-2048 under a root of RSA-4096", "heap_rsa4096root", 0, 0.02, 64),
    Row("heap at its peak, RSA-4096", "heap_rsa4096", 0, 0.02, 64),
    Row("TLS alone, ECDSA P-256, new certificates, M instructions", "tls_ec_new", 1, 0.03, 0.1),
    Row("TLS alone, ECDSA P-256, M instructions", "tls_ec", 1, 0.03, 0.1),
    Row("TLS alone, RSA-2048, new certificates, M instructions", "tls_rsa_new", 1, 0.03, 0.1),
    Row("TLS alone, RSA-2048, M instructions", "tls_rsa", 1, 0.03, 0.1),
    Row("TLS alone, ECDSA and ECDHE P-384, new, M instructions", "tls_p384_new", 1, 0.03, 0.1),
    Row("its longest step, M instructions", "tls_step", 1, 0.03, 0.1),
    Row("TLS alone, resumed, M instructions", "tls_resumed", 2, 0.03, 0.01),
    Row("a whole refresh, resumed, M instructions", "refresh", 2, 0.5, 0.05),
    Row("interrupts masked at the longest, instructions", "masked", 0, 0.1, 30),
    Row("wake-ups a minute, idle with a lease", "wakes", 0, 0.3, 3),
)


@dataclass
class Board:
    """A board: the table of sizes.py, and the measured figures."""

    sizes: list[tuple[str, int, int]]
    measured: dict[str, float]

    def flash(self, row: str) -> int:
        return sum(flash for name, flash, _ in self.sizes if name == row)

    def ram(self, row: str) -> int:
        return sum(ram for name, _, ram in self.sizes if name == row)

    def variables(self) -> int:
        return sum(ram for name, _, ram in self.sizes if name not in NO_LAYERS)


def _image_rows(boards: dict[str, Board]) -> dict[str, list[str]]:
    """The rows of the images."""
    def row(value: Callable[[Board], int]) -> list[str]:
        return [str(value(board) or "") for board in boards.values()]

    layers = dict.fromkeys(name for board in boards.values() for name, flash, _ in board.sizes
                           if flash and name not in NO_LAYERS)
    rows = {f"flash: {layer}": row(lambda board, layer=layer: board.flash(layer))
            for layer in layers}
    rows["**flash**"] = row(lambda board: board.flash("all"))
    rows["RAM: variables"] = row(lambda board: board.variables())
    for title in ("stack", "heap of mbedTLS", "left over"):
        rows[f"RAM: {title}"] = row(lambda board, title=title: board.ram(title))
    return rows


def _parse(table: str) -> dict[tuple[str, str], str]:
    """The cells by (title, board)."""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    names = lines[0][1:] if lines else []
    return {(cells[0], name): cell for cells in lines[2:] for name, cell in zip(names, cells[1:])}


def _render(rows: dict[str, list[str]], names: list[str]) -> str:
    lines = ["| bytes, or as it says | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    return "\n".join(lines + [f"| {title} | " + " | ".join(cells) + " |"
                              for title, cells in rows.items()]) + "\n"


def problems(readme: Path, boards: dict[str, Board], write: bool) -> list[str]:
    """The stale rows, or, with write, none after an update. boards: all of them."""
    before, _, rest = readme.read_text().partition(BEGIN)
    old_text, _, after = rest.partition(END)
    old = _parse(old_text)
    rows = _image_rows(boards)
    stale = [title for title, cells in rows.items()
             if cells != [old.get((title, name)) for name in boards]]
    for row in MEASURED:
        rows[row.title] = []
        for name, board in boards.items():
            kept, value = old.get((row.title, name), ""), board.measured.get(row.name)
            renew = value is not None and row.is_stale(kept, value)
            rows[row.title].append(row.text(value) if renew else kept)
            stale += [f"{row.title} of {name}: {row.text(value)}"] if renew else []
    if write and stale:
        readme.write_text(before + BEGIN + _render(rows, list(boards)) + END + after)
        stale = []
    return [f"boards/README.md is stale: run.py --write: {what}" for what in stale]
