#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests, a process for each class, then looks for leaks in all that came out.

    python3 tests/e2e/run.py [-j N] [--quick] [WORD...]     only classes whose name has a WORD

$TOKENKEEPER names the program (build/host/tokenkeeper). --quick leaves out what waits a minute.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keeper
import leaks

HERE = Path(__file__).resolve().parent
LONGEST_S = 300


def classes(words: list[str], quick: bool) -> list[str]:
    """The longest first: Slow... in front."""
    found = set()
    for suite in unittest.defaultTestLoader.discover(str(HERE)):
        for group in suite:
            for test in group:
                found.add(re.sub(r"\.[^.]+$", "", test.id()))
    chosen = [name for name in found if not words or any(word in name for word in words)]
    slow = [name for name in chosen if ".Slow" in name]
    return ([] if quick else sorted(slow)) + sorted(set(chosen) - set(slow))


def run(name: str, records: Path) -> tuple[bool, str]:
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "unittest", "-v", name], cwd=HERE, text=True,
        env=os.environ | {"TK_E2E_DIR": str(records), "TOKENKEEPER": keeper.PROGRAM}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT)
    try:
        output, _ = process.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output = process.communicate()[0] + f"\nended after {LONGEST_S} s"
    good = process.returncode == 0
    print(f"{'ok    ' if good else 'FAILED'} {name:40} {time.monotonic() - began:5.1f} s  "
          f"{'' if good else chr(10) + output}", flush=True)
    return good, output


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("words", nargs="*", metavar="WORD")
    arguments = parser.parse_args()
    if not os.access(keeper.PROGRAM, os.X_OK):
        print(f"{keeper.PROGRAM} is not built")
        return 1
    records = Path(tempfile.mkdtemp(prefix="tk-e2e-"))
    try:
        with ThreadPoolExecutor(arguments.j) as pool:
            results = list(pool.map(lambda name: run(name, records),
                                    classes(arguments.words, arguments.quick)))
        found = leaks.search(records)
        tests = sum(int(n) for _, output in results for n in re.findall(r"Ran (\d+) test", output))
        print(f"{tests} tests; {len(leaks.secrets_of(records))} secrets looked for in "
              f"{len(list(records.iterdir()))} files: {len(found)} leaks")
        print("\n".join(found))
        return 0 if tests > 0 and not found and all(good for good, _ in results) else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
