#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a board's firmware in QEMU, end to end, against our own Bitrix24.

    python3 tests/boards/run.py [--board NAME]... [--kills N] [-j N] [--write] [WORD...]

builds the firmware with the roots of our certificates among its own, boots the image that would
be flashed, and drives it over its serial line. Only classes whose name has a WORD. --write brings
the sizes in the board's README up to date, and, of all boards together, the table in the top
README, as far as classes that measure were run; stale ones are a failure, and so is an image over
budget.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "boards/firmware"))
import sizes  # noqa: E402

if TYPE_CHECKING:
    from emulator import Board

WORK = ROOT / "build/boards"
LONGEST_S = 600
SLOW = ("Idle", "Silence")  # begin first; not on qemu-rv32, if not asked for


def build(board: str, roots: list[Path]) -> Path:
    """The image of a board that trusts these roots too."""
    folder = WORK / board
    also = ";".join(str(path) for path in roots)
    for command in (["cmake", "--preset", board, "-B", str(folder), f"-DTK_ROOTS={also}"],
                    ["cmake", "--build", str(folder)]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return folder / "tokenkeeper.bin"


def sizes_are_good(board: Board, shipped: dict[str, list[tuple[str, int, int]]],
                   write: bool) -> bool:
    """Whether the image that is shipped is as large as its README says, and not too large. Adds its
    table to shipped."""
    image = build(board.name, [])
    shipped[board.name] = sizes.table(image.with_suffix(".elf"), image.with_suffix(".map"))
    readme = ROOT / f"boards/{board.name}/README.md"
    good = sizes.readme(readme, image.with_suffix(".elf"), image.with_suffix(".map"), write)
    if not good:
        print(f"FAILED {board.name}: the sizes in its README are stale: run.py --write")
    flash = {name: size for name, size, _ in shipped[board.name]}
    if board.flash_budget and flash["all"] > board.flash_budget:
        print(f"FAILED {board.name}: {flash['all']} bytes of flash, over {board.flash_budget}")
        good = False
    return good


def classes(words: list[str]) -> list[str]:
    """The names of all test classes that have one of the words."""
    found = {(type(test).__module__, type(test).__name__)
             for suite in unittest.defaultTestLoader.discover(str(HERE))
             for group in suite for test in group}
    return sorted(f"{module}.{name}" for module, name in found
                  if not words or any(word in name for word in words))


def longest_s(env: dict[str, str]) -> float:
    """What a class may take: a kill is followed by a start of some seconds."""
    return LONGEST_S + 30 * max(0, int(env["TK_KILLS"]) - 24)


def run(name: str, board: str, env: dict[str, str]) -> bool:
    """One class in a process of its own; prints its line."""
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "unittest", "-v", name], cwd=HERE, text=True,
                               env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=longest_s(env))
    except subprocess.TimeoutExpired:
        process.kill()
        output = process.communicate()[0] + f"\nended after {longest_s(env):.0f} s"
    good = process.returncode == 0
    told = "".join(line[2:] + "\n" for line in output.splitlines() if line.startswith("= "))
    print(f"{'ok    ' if good else 'FAILED'} {board} {name.partition('.')[2]:24} "
          f"{time.monotonic() - began:5.1f} s\n{told if good else output}", end="", flush=True)
    return good


def main() -> int:
    """All classes on all boards; then no secret may stand in what they left."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", action="append", metavar="NAME")
    parser.add_argument("--kills", type=int, default=24, metavar="N")
    parser.add_argument("-j", type=int, default=2, metavar="N")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("words", nargs="*", metavar="WORD")
    arguments = parser.parse_args()
    records = Path(tempfile.mkdtemp(prefix="tk-boards-"))
    os.environ["TK_E2E_DIR"] = str(records)
    from emulator import BOARDS  # after TK_E2E_DIR is set
    import certs
    import figures
    import leaks
    roots = certs.generate(WORK / "certs", rsa4096=True)
    jobs, good_sizes, shipped = [], True, {}
    try:
        for board in arguments.board or BOARDS:
            good_sizes = sizes_are_good(BOARDS[board], shipped, arguments.write) and good_sizes
            image = build(board, [roots])
            env = os.environ | {"TK_BOARD": board, "TK_IMAGE": str(image),
                                "TK_CERTS": str(WORK / "certs"), "TK_KILLS": str(arguments.kills),
                                "TK_FIGURES": str(records / f"{board}.figures")}
            jobs += [(name, board, env) for name in classes(arguments.words)
                     if arguments.words or board != "qemu-rv32" or not name.endswith(SLOW)]
        jobs.sort(key=lambda job: not job[0].endswith(SLOW))
        with ThreadPoolExecutor(arguments.j) as pool:
            good = list(pool.map(lambda job: run(*job), jobs))
        if set(shipped) == set(BOARDS):
            old = figures.problems(ROOT / "README.md", {board: figures.Board(
                table, figures.noted(records / f"{board}.figures"))
                for board, table in shipped.items()}, arguments.write)
            print("".join(f"FAILED {what}\n" for what in old), end="")
            good_sizes = good_sizes and not old
        found = leaks.search(records)
        print(f"{len(good)} classes, {good.count(False)} failed; "
              f"{len(leaks.secrets_of(records))} secrets looked for, {len(found)} leaks")
        print("\n".join(found))
        return 0 if good and all(good) and not found and good_sizes else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
