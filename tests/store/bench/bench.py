#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the store and prints the result beside the floor and seven other stores.

    python3 tests/store/bench/bench.py build/host            prints all rows and columns
    python3 tests/store/bench/bench.py build/host --write    updates the tables in core/store/README.md
    python3 tests/store/bench/bench.py build/host --check    fails if they are stale

Bytes, operations and erases are means per commit, over 20,000 commits after the first 200. "x 276"
and "x 0.0674" are multiples of the floor: 268 bytes of values with 8 of header and CRC, written
once. The other stores, at the versions named, were measured on 23 November 2026 with the same load
on the same simulated flash (4 KB sectors, write unit 1); their code and stack with
arm-none-eabi-gcc 12.2 -Os for a Cortex-M3.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[3]
FOLDERS = ["core/store", "core/base", "platform"]
SOURCES = sorted(TREE.glob("core/store/tk_store*.c"))
PUBLIC = ["tk_store_open", "tk_store_get", "tk_store_previous",
          "tk_store_commit", "tk_store_prepare", "tk_store_wipe"]

STACK_BYTES, STATIC_BYTES = 720, 64  # budgets; the stack is to come down to 464

HEAD = """| store | shape | unit | bytes | x 276 | operations | erases | x 0.0674 | worst commit: bytes / \
operations / erases | worst commit reads | mount reads: mean / most | all nine values | wear spread |
|---|---|---|---|---|---|---|---|---|---|---|---|---|"""

FLOOR = "| the floor | any | 1 | 276 | 1.00 | 1.0 | 0.0674 | 1.00 | 276 / 1 / 1 | 0 | - | 488 | 1 |"

# store and version, sectors, bytes, operations, erases, worst commit, its reads, mount, values, spread
OTHERS = """
littlefs adad0fbb, one file | 2 | 321 | 1.1 | 0.0833 | 644 / 2 / 1 | 16600 | 2852 / 4592 | 24331 | 0
littlefs adad0fbb, one file | 4 | 321 | 1.1 | 0.0833 | 720 / 3 / 2 | 26108 | 3217 / 5112 | 24331 | 8252
littlefs adad0fbb, one file | 8 | 321 | 1.1 | 0.0833 | 720 / 3 / 2 | 26108 | 3217 / 5112 | 24331 | 3758
Zephyr NVS 3.0.99, one blob | 2 | 322 | 4.2 | 0.0833 | 828 / 28 / 1 | 6176 | 7760 / 10724 | 1814 | 1
Zephyr NVS 3.0.99, one blob | 4 | 284 | 2.5 | 0.0732 | 552 / 18 / 1 | 7116 | 8119 / 11772 | 2479 | 1
Zephyr NVS 3.0.99, one blob | 8 | 280 | 2.3 | 0.0722 | 552 / 18 / 1 | 9676 | 8189 / 11836 | 3693 | 1
Zephyr NVS with data CRC, one blob | 2 | 328 | 5.3 | 0.0833 | 856 / 31 / 1 | 6200 | 7658 / 10664 | 1850 | 1
Zephyr NVS with data CRC, one blob | 4 | 288 | 3.5 | 0.0732 | 576 / 21 / 1 | 7136 | 8045 / 11760 | 2515 | 1
Zephyr NVS with data CRC, one blob | 8 | 284 | 3.3 | 0.0722 | 576 / 21 / 1 | 9696 | 8121 / 11824 | 3729 | 1
FlashDB 6ac8fde6, one blob | 2 | 358 | 11.8 | 0.0909 | 988 / 60 / 1 | 10407 | 4720 / 4758 | 3478 | 0
FlashDB 6ac8fde6, one blob | 4 | 306 | 8.2 | 0.0788 | 692 / 45 / 1 | 19047 | 13785 / 13830 | 3478 | 483
FlashDB 6ac8fde6, one blob | 8 | 301 | 7.7 | 0.0775 | 692 / 45 / 1 | 37469 | 31918 / 31950 | 3478 | 1
EasyFlash 45d22e23, four keys | 2 | 504 | 37.2 | 0.1250 | 1228 / 102 / 1 | 8889 | 5703 / 6199 | 14315 | 1
EasyFlash 45d22e23, four keys | 4 | 428 | 31.2 | 0.1052 | 917 / 86 / 2 | 15012 | 8906 / 12353 | 30120 | 11052
EasyFlash 45d22e23, four keys | 8 | 414 | 29.5 | 0.1014 | 1149 / 103 / 6 | 41262 | 20795 / 36657 | 116793 | 3559
ESP-IDF NVS 10212290, one blob | 2 | 523 | 18.9 | 0.1250 | 1532 / 75 / 1 | 1632 | 7140 / 7140 | 2304 | 1
ESP-IDF NVS 10212290, one blob | 4 | 384 | 11.3 | 0.0908 | 420 / 14 / 1 | 640 | 6916 / 6916 | 2304 | 6363
ESP-IDF NVS 10212290, one blob | 8 | 384 | 11.3 | 0.0906 | 420 / 14 / 1 | 640 | 7172 / 7172 | 2304 | 2727
TF-M ITS b23e6633, one file | 2 | 1000 | 7.0 | 1.0000 | 1000 / 7 / 1 | 1516 | 1512 / 1512 | 6116 | 0
TF-M ITS b23e6633, one file | 4 | 1024 | 8.0 | 2.0000 | 1024 / 8 / 2 | 1564 | 1560 / 1560 | 6116 | 210000
TF-M ITS b23e6633, one file | 8 | 1120 | 8.0 | 2.0000 | 1120 / 8 / 2 | 1756 | 1752 / 1752 | 6116 | 210000
"""

# code, static RAM, worst stack
OTHER_SIZES = """
Zephyr NVS 3.0.99, one blob | 3392 | 44 | 1096
Zephyr NVS with data CRC, one blob | 3628 | 44 | 1136
TF-M ITS, one file | 4704 | 52 | 1532
EasyFlash, four keys | 6136 | 264 | 792
FlashDB, one blob | 7248 | 936 | 1584
littlefs, one file | 13580 | 1860 | 1692
"""


def rows(text: str) -> list[list[str]]:
    """The cells of a table with one row per line."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().split("\n")]


def other_rows() -> list[str]:
    """The other stores' rows, in the same columns as ours."""
    found = []
    for name, sectors, size, operations, erases, worst, reads, mount, values, spread in rows(OTHERS):
        found.append(f"| {name} | {sectors} x 4096 | 1 | {size} | {int(size) / 276:.2f} | {operations} "
                     f"| {erases} | {float(erases) / 0.0674:.2f} | {worst} | {reads} | {mount} | "
                     f"{values} | {spread} |")
    return found


def compile_for_cortex(work: Path, sealing: bool) -> list[Path]:
    """The store's objects, with the call graph of each beside it."""
    objects = []
    for source in SOURCES:
        if source.stem == "tk_store_sealed" and not sealing:
            continue  # not called then, so no linker takes it out of the archive
        target = work / f"{source.stem}.o"
        subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-Os", "-std=c99",
                        f"-DTK_STORE_SEALING={int(sealing)}", "-fcallgraph-info=su",
                        *(word for folder in FOLDERS for word in ("-I", TREE / folder)), "-c",
                        source, "-o", target], check=True, cwd=work)
        objects.append(target)
    return objects


def call_graph(work: Path) -> tuple[dict[str, int], dict[str, set[str]]]:
    """Stack frames in bytes and callees, by function, of all objects together."""
    frames: dict[str, int] = {}
    calls: dict[str, set[str]] = {}
    for graph in work.glob("*.ci"):
        text = graph.read_text()
        for title, size in re.findall(r'node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes', text):
            frames[title] = int(size)
        for source, target in re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text):
            calls.setdefault(source, set()).add(target)
    return frames, calls


def deepest(name: str, frames: dict[str, int], calls: dict[str, set[str]],
            path: tuple[str, ...] = ()) -> tuple[int, list[str]]:
    """The worst stack from a function on, and its call chain. Calls into a port count 0."""
    if name in path:
        raise RuntimeError(f"{name} is recursive")
    below = [deepest(called, frames, calls, path + (name,)) for called in calls.get(name, ())]
    size, way = max(below, default=(0, []))
    return size + frames.get(name, 0), [name] + way


def static_bytes(work: Path) -> int:
    """sizeof(struct tk_store) on the target."""
    probe = work / "probe.c"
    probe.write_text('#include "tk_store.h"\nchar probe[sizeof(struct tk_store)];\n')
    subprocess.run(["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-std=c99",
                    *(word for folder in FOLDERS for word in ("-I", TREE / folder)),
                    "-c", probe, "-o", work / "probe.o"], check=True)
    out = subprocess.run(["arm-none-eabi-nm", "-S", work / "probe.o"], check=True,
                         capture_output=True, text=True).stdout
    return int(out.split()[1], 16)


def code_bytes(objects: list[Path]) -> int:
    """Bytes of flash that these take."""
    listing = subprocess.run(["arm-none-eabi-size", *objects], check=True, capture_output=True,
                             text=True).stdout.splitlines()[1:]
    return sum(int(line.split()[0]) for line in listing)


def measured(sealing: bool) -> tuple[int, int, dict[str, tuple[int, list[str]]]]:
    """Code, static RAM, and the worst stack of each public function with its call chain."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        code = code_bytes(compile_for_cortex(work, sealing))
        frames, calls = call_graph(work)
        stacks = {public: deepest(public, frames, calls) for public in PUBLIC}
        return code, static_bytes(work), stacks


def sizes() -> list[str]:
    """Code, RAM and stack of all stores. Fails if ours is over its budget."""
    found = ["| store, on a Cortex-M3 with -Os | code | static RAM | worst stack |", "|---|---|---|---|"]
    for words, sealing in (("tokenkeeper, sealed (without AES and SHA-256)", True), ("tokenkeeper", False)):
        code, static, stacks = measured(sealing)
        worst = max(stacks, key=lambda public: stacks[public][0])
        found.insert(2, f"| {words} | {code} | {static} | {stacks[worst][0]} |")
    if stacks[worst][0] > STACK_BYTES or static > STATIC_BYTES:
        sys.exit(f"over budget: {stacks[worst][0]} bytes of stack, {static} of static RAM")
    found += [f"| {' | '.join(cells)} |" for cells in rows(OTHER_SIZES)]
    found += ["", "Without what the flash driver, memcpy and a seal take; worst stack of each function: "
              + ", ".join(f"{public} {size}" for public, (size, _) in stacks.items()) + ".",
              "The deepest call chain: " + " > ".join(re.sub(r".*:", "", step) for step in stacks[worst][1])]
    return found


# Columns: store, shape, bytes, erases, worst commit, mount reads, all nine values, wear spread.
README = "core/store/README.md"
README_CELLS = (0, 1, 3, 6, 8, 10, 11, 12)
README_ROWS = re.compile(r"\| (the floor|tokenkeeper \| \d x 4096 \| 1 \||"
                         r"tokenkeeper, (sealed|whole refresh) \| 4 x 4096 \| 1 \||"
                         r"[^|]*, (one|four) [^|]*\| 4 x )")
README_BEGIN, README_END = "<!-- generated: store -->\n", "<!-- end -->"


def readme_part(table: list[str], sized: list[str]) -> str:
    """The rows and columns shown in README, and the sizes."""
    chosen = [HEAD.splitlines()[0]] + [row for row in table if README_ROWS.match(row)]
    lines = []
    for row in chosen:
        cells = row.strip("|").split("|")
        lines.append(f"|{'|'.join(cells[i] for i in README_CELLS)}|")
    lines.insert(1, f"|{'---|' * len(README_CELLS)}")
    end = next(i for i, line in enumerate(sized) if not line)
    return "\n".join(lines + [""] + sized[:end]) + "\n"


def update_readme(part: str, write: bool) -> int:
    """Updates README, or returns 1 if it is stale."""
    path = TREE / README
    text = path.read_text()
    begin = text.index(README_BEGIN) + len(README_BEGIN)
    fresh = text[:begin] + part + text[text.index(README_END, begin):]
    if write:
        path.write_text(fresh)
    elif fresh != text:
        print(f"{README} is stale: python3 tests/store/bench/bench.py build/host --write")
        return 1
    return 0


def main() -> int:
    """Prints both tables, or writes them to README, or checks README against them."""
    program = Path(sys.argv[1] if len(sys.argv) > 1 else "build/host") / "tests/store/bench"
    ours = subprocess.run([program / "store_bench"], check=True, capture_output=True,
                          text=True).stdout.rstrip()
    table, sized = [FLOOR, *ours.splitlines(), *other_rows()], sizes()
    if "--write" in sys.argv or "--check" in sys.argv:
        return update_readme(readme_part(table, sized), "--write" in sys.argv)
    print("\n".join([HEAD, *table, "", *sized]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
