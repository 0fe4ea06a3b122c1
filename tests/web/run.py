#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the tests of the page in Chromium, a process per class, and searches for secrets.

    python3 tests/web/run.py [-j N] [NAME...]
    python3 tests/web/run.py --list

NAME is a class, a pattern of classes (Log*) or Class.test_method; default: all. $TOKENKEEPER is the
program (default: build/host/tokenkeeper), $TK_CHROMIUM the browser (default: /usr/bin/chromium).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
import keeper  # noqa: E402
import leaks  # noqa: E402
import runner  # noqa: E402
import certs  # noqa: E402  (keeper has extended sys.path)
from patience import patient  # noqa: E402

LONGEST_S = patient(600)  # of a class
BOARD = "lm3s6965evb"


def board_image() -> dict[str, str]:
    """Builds the firmware that tests/boards boots; the environment of its class."""
    sys.path.insert(0, str(HERE.parent / "boards"))
    spec = importlib.util.spec_from_file_location("boards_run", HERE.parent / "boards/run.py")
    boards = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(boards)
    roots = certs.generate(boards.WORK / "certs", rsa4096=True)
    return {"TK_IMAGE": str(boards.build(BOARD, [roots])), "TK_CERTS": str(boards.WORK / "certs")}


def main() -> int:
    """Runs the chosen classes and the search for secrets."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=2, metavar="N")
    parser.add_argument("--list", action="store_true", help="print the names of the classes")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    known = runner.classes(HERE)
    if arguments.list:
        print("\n".join(map(runner.class_of, known)))
        return 0
    chosen = runner.choose(known, arguments.names)
    records = Path(tempfile.mkdtemp(prefix="tk-web-"))
    env = runner.environment(TK_E2E_DIR=str(records), TOKENKEEPER=keeper.PROGRAM)
    if any(runner.class_of(name) == "Board" for name in chosen):
        env |= board_image()
    try:
        results = runner.Runner(HERE, arguments.j, notes=True).run(
            [runner.Job(name, name, env, LONGEST_S) for name in chosen])
        found = leaks.search(records)
        print(f"{runner.tests_run(results)} tests; "
              f"{len(leaks.secrets_of(records))} secrets searched for: {len(found)} leaks")
        print("\n".join(found))
        return 0 if results and not found and all(one.passed for one in results) else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
