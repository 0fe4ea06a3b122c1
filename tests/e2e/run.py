#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests, a process per class, and searches their output for secrets.

    python3 tests/e2e/run.py [-j N] [--quick] [NAME...]
    python3 tests/e2e/run.py --list

NAME is a class, a pattern of classes (Escal*) or Class.test_method; default: all.
$TOKENKEEPER is the program (default: build/host/tokenkeeper). --quick skips the classes named Slow.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import keeper
import leaks
import runner
from patience import patient  # keeper has extended sys.path

HERE = Path(__file__).resolve().parent
LONGEST_S = patient(900)  # of a class
SLOW = "Slow"  # prefix of classes that take half a minute or more; they are started first


def main() -> int:
    """Runs the chosen classes and the search for secrets."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--list", action="store_true", help="print the names of the classes")
    parser.add_argument("names", nargs="*", metavar="NAME")
    arguments = parser.parse_args()
    known = runner.classes(HERE)
    if arguments.list:
        print("\n".join(map(runner.class_of, known)))
        return 0
    chosen = [name for name in runner.choose(known, arguments.names)
              if not (arguments.quick and runner.class_of(name).startswith(SLOW))]
    chosen.sort(key=lambda name: not runner.class_of(name).startswith(SLOW))
    if not os.access(keeper.PROGRAM, os.X_OK):
        sys.exit(f"{keeper.PROGRAM} is not built")
    records = Path(tempfile.mkdtemp(prefix="tk-e2e-"))
    env = runner.environment(TK_E2E_DIR=str(records), TOKENKEEPER=keeper.PROGRAM)
    try:
        results = runner.Runner(HERE, arguments.j).run(
            [runner.Job(name, name, env, LONGEST_S) for name in chosen])
        found = leaks.search(records)
        tests = runner.tests_run(results)
        print(f"{tests} tests; {len(list(records.iterdir()))} files searched for "
              f"{len(leaks.secrets_of(records))} secrets: {len(found)} leaks")
        print("\n".join(found))
        return 0 if tests > 0 and not found and all(one.passed for one in results) else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
