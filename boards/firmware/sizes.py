#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a firmware takes of flash and RAM, by layer, from its linker map.

    python3 boards/firmware/sizes.py tokenkeeper.elf tokenkeeper.map

readme() keeps the same table in a board's README.
"""

import re
import subprocess
import sys
from pathlib import Path

# The first pattern that an object's path matches names its layer.
LAYERS = (("core", r"libtk_core"), ("conformance suite", r"libtk_conformance"),
          ("ports", r"libtk_port"), ("roots of trust", r"roots\.c"), ("lwIP", r"lwip"),
          ("mbedTLS", r"libmbedtls"), ("board", r"/boards/|^boards/|CMakeFiles/tokenkeeper"),
          ("C library", r"lib(c|g|m|gcc)[_\w]*\.a"))
FLASH = re.compile(r"\.(text|s?rodata|vectors|s?data|ARM)")
RAM = re.compile(r"\.(s?data|s?bss|noinit)|COMMON")
ROW = re.compile(r"^ (\.\S+|COMMON)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S.*)$")


def rows(text: str) -> list[tuple[str, int, str]]:
    """(section, size, object) of what was linked."""
    body = text[text.index("Linker script and memory map"):]
    body = re.sub(r"^( \.\S+)\n +0x", r"\1 0x", body, flags=re.MULTILINE)
    found = [ROW.match(line) for line in body.splitlines()]
    return [(row[1], int(row[3], 16), row[4]) for row in found if row]


def layer(name: str) -> str:
    """The layer of an object."""
    return next((layer for layer, pattern in LAYERS if re.search(pattern, name)), "other")


def by_layer(found: list[tuple[str, int, str]], kind: re.Pattern) -> dict[str, int]:
    """Bytes of each layer."""
    sums: dict[str, int] = {}
    for section, size, name in found:
        if kind.match(section):
            sums[layer(name)] = sums.get(layer(name), 0) + size
    return sums


def symbols(elf: Path) -> dict[str, int]:
    """The linker script's own symbols."""
    lines = subprocess.run(["nm", str(elf)], check=True, capture_output=True,
                           text=True).stdout.split("\n")
    words = [line.split() for line in lines]
    return {word[2]: int(word[0], 16) for word in words if len(word) == 3}


def table(elf: Path, map_file: Path) -> list[tuple[str, int, int]]:
    """(what, flash, RAM), the last but one their sum, the last the RAM that is left over."""
    found = rows(map_file.read_text())
    flash, ram, at = by_layer(found, FLASH), by_layer(found, RAM), symbols(elf)
    lines = [(name, flash.get(name, 0), ram.get(name, 0))
             for name in [*(name for name, _ in LAYERS), "other"]]
    lines = [line for line in lines if line[1] + line[2] > 0]
    lines.append(("stack", 0, at["tk_stack_top"] - at["tk_stack_bottom"]))
    lines.append(("heap of mbedTLS", 0, at["tk_arena_end"] - at["tk_arena_start"]))
    lines.append(("all", sum(line[1] for line in lines), sum(line[2] for line in lines)))
    return [*lines, ("left over", 0, at["tk_ram_left"])]


BEGIN, END = "<!-- generated: sizes -->\n", "<!-- end -->"


def readme(path: Path, elf: Path, map_file: Path, write: bool) -> bool:
    """Whether the table in a README is today's; write makes it so. The roots of trust are the
    builder's choice, and not in it."""
    lines = table(elf, map_file)
    roots = sum(flash for name, flash, _ in lines if name == "roots of trust")
    text = "| bytes | flash | RAM |\n|---|---:|---:|\n"
    for name, flash, ram in lines:
        if name != "roots of trust":
            text += f"| {name} | {(flash - (roots if name == 'all' else 0)) or ''} | {ram or ''} |\n"
    before, _, rest = path.read_text().partition(BEGIN)
    old, _, after = rest.partition(END)
    if write:
        path.write_text(before + BEGIN + text + END + after)
    return write or old == text


def main() -> int:
    """The table."""
    print(f"{'':20}{'flash':>8}{'RAM':>8}")
    for name, flash, ram in table(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{name:20}{flash or '':8}{ram or '':8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
