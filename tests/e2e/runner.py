# SPDX-License-Identifier: Apache-2.0
"""Runs test classes, a process per class, for the end-to-end and the board tests.

Each process has a temporary directory, which is removed at its end, and is terminated by its
process ID when it exceeds its time limit or when the run is ended. Programs that a test starts end
with the process of the test (keeper.WITH_US).
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

TERMINATE_S = 10  # from SIGTERM to SIGKILL


def classes(folder: Path) -> list[str]:
    """Every test class below a folder, as module.Class."""
    found = {f"{type(test).__module__}.{type(test).__name__}"
             for suite in unittest.defaultTestLoader.discover(str(folder))
             for group in suite for test in group}
    failed = [name for name in found if "_FailedTest" in name]
    if failed:
        sys.exit(f"{folder}: a test module cannot be imported: {', '.join(failed)}")
    return sorted(found)


def class_of(name: str) -> str:
    """The class in module.Class or module.Class.test_method."""
    return name.split(".")[1]


def choose(known: list[str], names: list[str]) -> list[str]:
    """The classes and methods that names stand for: Class, Cla* or Class.test_method; default: all.

    Exits when a name matches no class.
    """
    chosen: list[str] = []
    for name in names:
        pattern, dot, method = name.partition(".")
        matching = [item for item in known if fnmatch.fnmatchcase(class_of(item), pattern)]
        if not matching:
            sys.exit(f"no test class {pattern}; --list shows them")
        chosen += [item + dot + method for item in matching]
    return list(dict.fromkeys(chosen)) if names else known


@dataclass
class Job:
    """A class to run: its name, its title in the output, its environment and its time limit."""

    name: str
    title: str
    env: dict[str, str]
    limit_s: float


@dataclass
class Result:
    """The outcome of a job."""

    job: Job
    passed: bool
    output: str
    seconds: float


@dataclass
class Runner:
    """Runs jobs of a folder, several at a time, and prints a line for each."""

    folder: Path
    at_a_time: int
    notes: bool = False  # also print lines of the output that begin with "= "
    _running: set[subprocess.Popen[str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: bool = False

    def run(self, jobs: list[Job]) -> list[Result]:
        """Runs all jobs; SIGTERM, SIGINT and SIGHUP end the running ones and the program."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._end)
        with tempfile.TemporaryDirectory(prefix="tk-run-") as work, \
                ThreadPoolExecutor(self.at_a_time) as pool:
            self._work = Path(work)
            self._work.chmod(0o755)  # a test runs as another user
            return list(pool.map(self._one, jobs))

    def _end(self, number: int, _frame: object) -> None:
        with self._lock:
            self._ended = True
            running = list(self._running)
        for process in running:
            process.terminate()
        sys.exit(128 + number)

    def _start(self, job: Job, folder: str) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._ended:
                return None
            process = subprocess.Popen(
                [sys.executable, "-m", "unittest", "-v", job.name], cwd=self.folder, text=True,
                env=job.env | {"TMPDIR": folder}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT)
            self._running.add(process)
            return process

    def _one(self, job: Job) -> Result:
        began = time.monotonic()
        folder = tempfile.mkdtemp(dir=self._work)
        os.chmod(folder, 0o755)
        process = self._start(job, folder)
        if process is None:
            return Result(job, False, "", 0)
        output = self._output(process, job.limit_s)
        with self._lock:
            self._running.discard(process)
        shutil.rmtree(folder, ignore_errors=True)
        result = Result(job, process.returncode == 0, output, time.monotonic() - began)
        if not self._ended:
            self._print(result)
        return result

    def _output(self, process: subprocess.Popen[str], limit_s: float) -> str:
        try:
            return process.communicate(timeout=limit_s)[0]
        except subprocess.TimeoutExpired:
            process.terminate()
        try:
            output = process.communicate(timeout=TERMINATE_S)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0]
        return output + f"\nterminated after {limit_s:.0f} s"

    def _print(self, result: Result) -> None:
        lines = [f"{'ok    ' if result.passed else 'FAILED'} {result.job.title:40} "
                 f"{result.seconds:5.1f} s"]
        if not result.passed:
            lines.append(result.output)
        elif self.notes:
            lines += [line[2:] for line in result.output.splitlines() if line.startswith("= ")]
        print("\n".join(lines), flush=True)


def tests_run(results: list[Result]) -> int:
    """Number of tests in all of these classes."""
    return sum(int(count) for result in results
               for count in re.findall(r"Ran (\d+) test", result.output))


def environment(**more: str) -> dict[str, str]:
    """Environment of a job: that of this process, and these variables."""
    return dict(os.environ) | more
