#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the flash and RAM of a firmware image, by layer.

    python3 boards/firmware/sizes.py tokenkeeper.elf tokenkeeper.map

With link-time optimization the linker's map lists only the C library by object; other symbols are
assigned by debug information. Bytes without a symbol, mostly strings, are a row of their own.
readme() keeps the same table in a board's README.
"""

import re
import subprocess
import sys
from bisect import bisect_right
from pathlib import Path

# The layer of a source or object: the first pattern that its path matches.
LAYERS = (("core", r"/core/(?:\w+/)?tk_"), ("conformance suite", r"/platform/conformance/"),
          ("ports", r"/port/\w+/"), ("roots of trust", r"roots\.c"), ("lwIP", r"/lwip[^/]*/src/"),
          ("mbedTLS", r"/library/"), ("board", r"/boards/"),
          ("C library", r"/lib(c|g|m|gcc)(_nano)?\.a"))
UNNAMED = "strings, padding"
ROW = re.compile(r"^ \.(?:text|s?rodata|s?data|s?bss)\S*\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)\s+(\S+\.a)\(", re.M)
SECTION = re.compile(r"^ +\[ *\d+\] (\S+) +(PROGBITS|NOBITS|ARM_EXIDX|INIT_ARRAY) +"
                     r"([0-9a-f]+) [0-9a-f]+ ([0-9a-f]+) [0-9a-f]+ +\w*A", re.MULTILINE)
ENTRY = re.compile(r"^ <\w+><(\w+)>.*\((DW_TAG_(?:compile_unit|subprogram|variable))\)\n"
                   r"((?:    <.*\n)+)", re.MULTILINE)
NAME = re.compile(r"DW_AT_name .*?: (?:\(.*?\): |\(\w+\) )*(\S+)$", re.MULTILINE)
ORIGIN = re.compile(r"DW_AT_(?:abstract_origin|specification).*<0x(\w+)>")
ADDRESS = re.compile(r"DW_AT_low_pc .*0x(\w+)|DW_AT_location .*block: 3 .*\(DW_OP_addr: (\w+)\)$",
                     re.MULTILINE)


def output(*command: str) -> str:
    """The output of a command."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def layer(path: str) -> str:
    """The layer of a source or an object."""
    return next((layer for layer, pattern in LAYERS if re.search(pattern, path)), UNNAMED)


def sources(elf: Path) -> dict[int, str]:
    """The layers of functions and variables by address, from debug information."""
    units: list[tuple[int, str]] = []
    found: list[tuple[int, int]] = []
    for at, tag, text in ENTRY.findall(output("readelf", "-W", "--debug-dump=info", str(elf))):
        if tag == "DW_TAG_compile_unit":
            name = NAME.search(text)
            units.append((int(at, 16), layer(name[1]) if name else UNNAMED))
        elif address := ADDRESS.search(text):
            origin = ORIGIN.search(text)
            found.append((int(address[1] or address[2], 16), int(origin[1] if origin else at, 16)))
    starts = [start for start, _ in units]
    return {address: units[bisect_right(starts, entry) - 1][1] for address, entry in found}


def symbols(elf: Path) -> dict[str, tuple[int, int]]:
    """(address, size) of each symbol."""
    words = [line.split() for line in output("nm", "-S", str(elf)).splitlines()]
    return {word[-1]: (int(word[0], 16), int(word[1], 16) if len(word) == 4 else 0)
            for word in words if len(word) >= 3}


def pieces(elf: Path, map_file: Path) -> dict[int, tuple[int, str]]:
    """(size, layer) of each symbol, by address."""
    known = sources(elf)
    found = {at & ~1 if at & ~1 in known else at: (size, known.get(at & ~1, known.get(at, UNNAMED)))
             for at, size in symbols(elf).values() if size}
    text = map_file.read_text()
    text = text[text.index("Linker script and memory map"):]
    for at, size, archive in ROW.findall(re.sub(r"^( \.\S+)\n +0x", r"\1 0x", text, flags=re.M)):
        if layer(archive) == "C library":
            found[int(at, 16)] = (int(size, 16), "C library")
    return found


def by_layer(found: dict[int, tuple[int, str]], start: int, size: int) -> dict[str, int]:
    """Bytes of each layer in a range; overlapping symbols are counted once."""
    sums: dict[str, int] = {UNNAMED: size}
    end = start
    for at in sorted(found):
        length, name = found[at]
        if start <= at < start + size and at >= end and name != UNNAMED:
            sums[name] = sums.get(name, 0) + length
            sums[UNNAMED] -= length
            end = at + length
    return sums


def table(elf: Path, map_file: Path) -> list[tuple[str, int, int]]:
    """Rows (layer, flash, RAM); the last but one is the sum, the last the unused RAM."""
    found, named = pieces(elf, map_file), symbols(elf)
    flash: dict[str, int] = {}
    ram: dict[str, int] = {}
    for name, kind, start, size in SECTION.findall(output("readelf", "-SW", str(elf))):
        if name in (".stack", ".arena"):
            continue
        sums = by_layer(found, int(start, 16), int(size, 16))
        kinds = ([flash] if kind != "NOBITS" else []) + \
                ([ram] if kind == "NOBITS" or name.startswith((".data", ".sdata")) else [])
        for memory in kinds:
            for what, count in sums.items():
                memory[what] = memory.get(what, 0) + count
    at = {name: address for name, (address, _) in named.items()}
    lines = [(name, flash.get(name, 0), ram.get(name, 0))
             for name in [*(name for name, _ in LAYERS), UNNAMED]]
    lines = [line for line in lines if line[1] + line[2] > 0]
    lines.append(("stack", 0, at["tk_stack_top"] - at["tk_stack_bottom"]))
    lines.append(("heap of mbedTLS", 0, at["tk_arena_end"] - at["tk_arena_start"]))
    lines.append(("all", sum(line[1] for line in lines), sum(line[2] for line in lines)))
    return [*lines, ("left over", 0, at["tk_ram_left"])]


BEGIN, END = "<!-- generated: sizes -->\n", "<!-- end -->"


def readme(path: Path, elf: Path, map_file: Path, write: bool) -> bool:
    """Whether the table in a README is up to date; write updates it."""
    text = "| bytes | flash | RAM |\n|---|---:|---:|\n"
    for name, flash, ram in table(elf, map_file):
        text += f"| {name} | {flash or ''} | {ram or ''} |\n"
    before, _, rest = path.read_text().partition(BEGIN)
    old, _, after = rest.partition(END)
    if write:
        path.write_text(before + BEGIN + text + END + after)
    return write or old == text


def main() -> int:
    """Prints the table."""
    print(f"{'':20}{'flash':>8}{'RAM':>8}")
    for name, flash, ram in table(Path(sys.argv[1]), Path(sys.argv[2])):
        print(f"{name:20}{flash or '':8}{ram or '':8}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
