#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the host program against authorization servers that are not ours: see README.md.

    python3 tests/servers/run.py [-j N] [CLASS...]

Installs the packages of package.json into build/servers with npm, once. Without npm, or with a
Node.js before 20, there is nothing to run; in CI that is a failure.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PLACE = ROOT / "build/servers"
NODE = 20  # the first major version that runs the packages

sys.path.insert(0, str(HERE.parent / "e2e"))
import keeper  # noqa: E402
import leaks  # noqa: E402
import runner  # noqa: E402
from patience import patient  # noqa: E402

LONGEST_S = patient(300)  # of a class, and of the installation


def missing() -> str:
    """What this machine lacks, or nothing."""
    if not shutil.which("npm") or not shutil.which("node"):
        return "npm is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True)
    major = int(re.match(r"v(\d+)", version.stdout).group(1))
    return f"Node.js is {version.stdout.strip()}, before {NODE}" if major < NODE else ""


def install() -> None:
    """The packages, unless those of this package.json are there, and our scripts beside them."""
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted, installed = HERE / "package.json", PLACE / "installed.json"
    if not installed.exists() or installed.read_bytes() != wanted.read_bytes():
        shutil.copy(wanted, PLACE)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--no-package-lock",
                        "--no-update-notifier", "--loglevel=error"], cwd=PLACE, check=True,
                       timeout=LONGEST_S, stdin=subprocess.DEVNULL)
        shutil.copy(wanted, installed)
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, PLACE)


def main() -> int:
    """Installs, runs the classes and searches their output for secrets."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("names", nargs="*", metavar="CLASS")
    arguments = parser.parse_args()
    lacks = missing()
    if lacks:
        print(f"not run: {lacks}")
        return 1 if os.environ.get("CI") else 0
    install()
    records = Path(tempfile.mkdtemp(prefix="tk-servers-"))
    env = runner.environment(TK_E2E_DIR=str(records), TOKENKEEPER=keeper.PROGRAM,
                             PYTHONPATH=str(HERE.parent / "e2e"))
    try:
        chosen = runner.choose(runner.classes(HERE), arguments.names)
        results = runner.Runner(HERE, arguments.j).run(
            [runner.Job(name, name, env, LONGEST_S) for name in chosen])
        found = leaks.search(records)
        print("\n".join([f"{runner.tests_run(results)} tests; {len(found)} leaks", *found]))
        passed = runner.tests_run(results) > 0 and all(one.passed for one in results)
        return 0 if passed and not found else 1
    finally:
        shutil.rmtree(records, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
