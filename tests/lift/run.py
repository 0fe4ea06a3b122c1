#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lifts rooms out of the tree: builds and runs each README's example from the files it names alone.

    python3 tests/lift/run.py [build/host]

A README has four fenced blocks:

    ```files     the files to copy, one path a line, relative to the top of the tree
    ```c         the example, which becomes example.c
    ```sh        the commands that compile and run it, with the flags in FLAGS
    ```output    what they print

The files are copied with their paths into an empty folder, where the commands run. $MBEDTLS is a
folder with include/ and lib/ of the host build's mbedTLS, as a project of one's own would have.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
NAMED = ["core/store/README.md", "core/https/README.md", "platform/conformance/README.md"]  # and any other that has files to copy
FLAGS = "gcc -std=c99 -Wall -Wextra -Werror"
SECONDS = 120  # of one build and run


class Problem(Exception):
    """What is wrong with a README, in words."""


@dataclass(frozen=True)
class Lift:
    """The four blocks of a README."""

    files: list[str]
    example: str
    commands: str
    output: str


def read(readme: str) -> Lift:
    """The blocks of a README."""
    if not (TREE / readme).is_file():
        raise Problem("there is none")
    text = (TREE / readme).read_text(encoding="utf-8")
    blocks = {}
    for kind in ("files", "c", "sh", "output"):
        found = re.findall(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        if len(found) != 1:
            raise Problem(f"{len(found)} blocks ```{kind} instead of one")
        blocks[kind] = found[0]
    if FLAGS not in blocks["sh"]:
        raise Problem(f"the commands do not compile with {FLAGS}")
    return Lift(blocks["files"].split(), blocks["c"], blocks["sh"], blocks["output"])


def mbedtls(build: Path, prefix: Path) -> None:
    """Makes prefix/include and prefix/lib of the mbedTLS that a build uses, with its configuration."""
    ninja = (build / "build.ninja").read_text(encoding="utf-8")
    headers = [Path(name) for name in re.findall(r"-isystem (\S+)", ninja)
               if (Path(name) / "mbedtls/ssl.h").is_file()]
    library = re.search(r"/\S+/libmbedtls\.a", ninja)
    config = re.search(r'MBEDTLS_CONFIG_FILE=\W*(\w+\.h)', ninja)
    if not headers or not library or not config:
        raise Problem(f"{build} names no mbedTLS: build the preset host first")
    shutil.copytree(headers[0], prefix / "include")
    (prefix / "include/mbedtls/mbedtls_config.h").write_text(
        f'#include "{TREE}/port/mbedtls/{config.group(1)}"\n', encoding="utf-8")
    (prefix / "lib").mkdir()
    for name in ("mbedtls", "mbedx509", "mbedcrypto"):
        (prefix / f"lib/lib{name}.a").symlink_to(library.group(0))


def build_and_run(lift: Lift, files: list[str], prefix: Path) -> subprocess.CompletedProcess[str]:
    """Runs the commands in a folder with just these files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(TREE / file, folder / file)
        (folder / "example.c").write_text(lift.example, encoding="utf-8")
        with subprocess.Popen(["sh", "-eu"], cwd=folder, text=True, start_new_session=True,
                              env={"PATH": "/usr/local/bin:/usr/bin:/bin", "MBEDTLS": str(prefix)},
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as shell:
            try:
                output, errors = shell.communicate(lift.commands, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)  # its session, with all that it started
                raise Problem(f"takes more than {SECONDS} s") from None
        return subprocess.CompletedProcess(shell.args, shell.returncode, output, errors)


def check(readme: str, prefix: Path) -> None:
    """Raises a Problem unless the example builds, prints what it should, and needs its files."""
    lift = read(readme)
    missing = [file for file in lift.files if not (TREE / file).is_file()]
    if missing:
        raise Problem(f"there is no {missing[0]}")
    done = build_and_run(lift, lift.files, prefix)
    if done.returncode != 0:
        raise Problem(f"exit status {done.returncode}:\n{done.stdout}{done.stderr}")
    if done.stdout != lift.output:
        raise Problem(f"prints\n{done.stdout}instead of\n{lift.output}")
    for kind in (".h", ".c"):  # a file that is left out must be missed
        left_out = [file for file in lift.files if file.endswith(kind)][-1]
        files = [file for file in lift.files if file != left_out]
        if build_and_run(lift, files, prefix).returncode == 0:
            raise Problem(f"builds without {left_out} too")


def readmes() -> list[str]:
    """Those that must name files to copy, and those that do."""
    found = [str(path.relative_to(TREE)) for path in sorted(TREE.glob("core/**/*.md"))
             if "\n```files\n" in path.read_text(encoding="utf-8")]
    return list(dict.fromkeys(NAMED + found))


def main() -> int:
    """Checks each README; 1 if one has a problem."""
    build = TREE / (sys.argv[1] if len(sys.argv) > 1 else "build/host")
    failed = False
    with tempfile.TemporaryDirectory() as prefix:
        mbedtls(build, Path(prefix))
        for readme in readmes():
            try:
                check(readme, Path(prefix))
                print(f"ok {readme}")
            except Problem as problem:
                failed = True
                print(f"FAILED {readme}: {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
