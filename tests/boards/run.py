#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the firmware of the boards in QEMU, end to end, against the simulated Bitrix24.

    python3 tests/boards/run.py [--board BOARD]... [--kills N] [-j N] [--write] [NAME...]
    python3 tests/boards/run.py --list

builds the firmware with the roots of the test certificates added, boots the image that would be
flashed, and drives it over its serial line. NAME is a class, a pattern of classes (Kill*) or
Class.test_method; default: all. A table that is stale is a failure, and so is an image
over budget: the sizes in each board's README, and, when all boards were run, the figures in
boards/README.md of the classes that were run. --write brings both up to date.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "boards/firmware"), str(HERE.parent / "e2e")]
import figures  # noqa: E402
import sizes  # noqa: E402
from emulator import BOARDS, Board  # noqa: E402
import certs  # noqa: E402
import leaks  # noqa: E402
import runner  # noqa: E402
from patience import patient  # noqa: E402

WORK = ROOT / "build/boards"
LONGEST_S = patient(1800)  # of a class
KILL_S = patient(30)  # per kill: a start follows
SLOW = ("Idle", "Silence")  # started first; on qemu-rv32 only by name


def build(board: str, roots: list[Path], minimal: bool = False) -> Path:
    """Builds the image of a board that also trusts these roots."""
    folder = WORK / (f"{board}-minimal" if minimal else board)
    also = ";".join(str(path) for path in roots)
    for command in (["cmake", "--preset", folder.name, "-B", str(folder), f"-DTK_ROOTS={also}"],
                    ["cmake", "--build", str(folder)]):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return folder / "tokenkeeper.bin"


def sizes_are_good(board: Board, shipped: dict[str, list[tuple[str, int, int]]],
                   write: bool) -> bool:
    """Whether the shipped image has the sizes in its README and is within its budget. Adds its
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
    if board.minimal_budget:
        size = build(board.name, [], minimal=True).stat().st_size
        print(f"{board.name}-minimal: {size} bytes of flash")
        if size > board.minimal_budget:
            print(f"FAILED {board.name}-minimal: over {board.minimal_budget}")
            good = False
    return good


def jobs_of(board: str, image: Path, names: list[str], env: dict[str, str]) -> list[runner.Job]:
    """The classes to run on a board."""
    known = runner.classes(HERE)
    kills = max(0, int(env["TK_KILLS"]) - 24)
    return [runner.Job(name, f"{board} {runner.class_of(name)}",
                       env | {"TK_BOARD": board, "TK_IMAGE": str(image)},
                       LONGEST_S + KILL_S * kills)
            for name in runner.choose(known, names)
            if names or board != "qemu-rv32" or runner.class_of(name) not in SLOW]


def main() -> int:
    """Runs the classes on the boards, then searches their output for secrets."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", action="append", metavar="NAME")
    parser.add_argument("--kills", type=int, default=24, metavar="N")
    parser.add_argument("-j", type=int, default=2, metavar="N")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the names of the classes")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(map(runner.class_of, runner.classes(HERE))))
        return 0
    runner.choose(runner.classes(HERE), arguments.names)  # exits for a wrong name
    records = Path(tempfile.mkdtemp(prefix="tk-boards-"))
    roots = certs.generate(WORK / "certs", rsa4096=True)
    jobs, good_sizes, shipped = [], True, {}
    try:
        for board in arguments.board or BOARDS:
            good_sizes = sizes_are_good(BOARDS[board], shipped, arguments.write) and good_sizes
            image = build(board, [roots])
            env = runner.environment(
                TK_E2E_DIR=str(records), TK_CERTS=str(WORK / "certs"),
                TK_KILLS=str(arguments.kills),
                TK_FIGURES=str(records / f"{board}.figures"))
            jobs += jobs_of(board, image, arguments.names, env)
        jobs.sort(key=lambda job: runner.class_of(job.name) not in SLOW)
        results = runner.Runner(HERE, arguments.j, notes=True).run(jobs)
        good = [result.passed for result in results]
        if set(shipped) == set(BOARDS):
            old = figures.problems(ROOT / "boards/README.md", {board: figures.Board(
                table, figures.noted(records / f"{board}.figures"))
                for board, table in shipped.items()}, arguments.write)
            print("".join(f"FAILED {what}\n" for what in old), end="")
            good_sizes = good_sizes and not old
        found = leaks.search(records)
        print(f"{len(good)} classes, {good.count(False)} failed; "
              f"searched for {len(leaks.secrets_of(records))} secrets: {len(found)} leaks")
        print("\n".join(found))
        return 0 if good and all(good) and not found and good_sizes else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
