#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what a firmware takes of flash and RAM, by layer, from its linker map.

    python3 boards/firmware/sizes.py tokenkeeper.elf tokenkeeper.map
"""

import re
import subprocess
import sys
from pathlib import Path

# The first pattern that an object's path matches names its layer.
LAYERS = (("core", r"libtk_core"), ("conformance suite", r"libtk_conformance"),
          ("ports", r"libtk_port_"), ("roots of trust", r"roots\.c"), ("lwIP", r"lwip"),
          ("mbedTLS", r"libmbedtls"), ("board", r"/boards/|^boards/|CMakeFiles/tokenkeeper"),
          ("C library", r"lib(c|g|m|gcc)[_\w]*\.a"))
FLASH = re.compile(r"\.(text|rodata|vectors|data|ARM)")
RAM = re.compile(r"\.(data|bss|noinit)|COMMON")
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
    lines = subprocess.run(["arm-none-eabi-nm", str(elf)], check=True, capture_output=True,
                           text=True).stdout.split("\n")
    words = [line.split() for line in lines]
    return {word[2]: int(word[0], 16) for word in words if len(word) == 3}


def main() -> int:
    """The table."""
    elf, map_file = Path(sys.argv[1]), Path(sys.argv[2])
    found = rows(map_file.read_text())
    flash, ram, at = by_layer(found, FLASH), by_layer(found, RAM), symbols(elf)
    print(f"{'':20}{'flash':>8}{'RAM':>8}")
    for name in [*(name for name, _ in LAYERS), "other"]:
        if flash.get(name, 0) + ram.get(name, 0) > 0:
            print(f"{name:20}{flash.get(name, 0):8}{ram.get(name, 0):8}")
    stack = at["tk_stack_top"] - at["tk_stack_bottom"]
    arena = at["tk_arena_end"] - at["tk_arena_start"]
    print(f"{'stack':20}{'':8}{stack:8}\n{'heap of mbedTLS':20}{'':8}{arena:8}")
    print(f"{'all':20}{sum(flash.values()):8}{sum(ram.values()) + stack + arena:8}")
    print(f"{'left over':20}{'':8}{at['tk_ram_left']:8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
