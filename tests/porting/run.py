#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows port/template/README.md, in a copy of the tree.

Its commands are run as they stand there. Then what it says comes first is written (the console,
then what the first red line names), and `selftest` is asked on an emulated chip what is red now.
Before that, the template is looked over: all of the contract is there, and each FIXME says where
to read what it must do.

    python3 tests/porting/run.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "bitrix24"))
from patience import PATIENT_S  # noqa: E402

COPY = ROOT / "build/porting"
GUIDE = ROOT / "port/template/README.md"
TEMPLATES = ("port/template", "boards/template")
LONGEST_GUIDE = 66  # lines: a page


class Wrong(Exception):
    """The guide or the template does not keep its word."""


def check(good: bool, what: str) -> None:
    """Says what is wrong."""
    if not good:
        raise Wrong(what)


# --- the template as it stands ---

def fixmes(text: str) -> list[str]:
    """Each FIXME with the words up to the end of its comment or paragraph."""
    return re.findall(r"FIXME\b(.*?)(?:\*/|\n\n|\nset|$)", text, re.DOTALL)


def look_over() -> None:
    """Every function of the contract stands in the template, and every FIXME names a header."""
    headers = {path.name for path in ROOT.rglob("*.h") if "build" not in path.parts}
    headers |= {path.name for path in (ROOT / "port/baremetal").glob("*.ld")}
    count = 0
    for folder in TEMPLATES:
        for path in sorted((ROOT / folder).glob("*.[chl]*")):
            for words in fixmes(path.read_text()):
                named = re.match(r"(?:core/)?(\w+\.(?:h|ld))\b", words.lstrip(": "))
                check(bool(named) and named[1] in headers,
                      f"{path.name}: FIXME {words[:40]!r} names no header to read")
                count += 1
    written = "".join(path.read_text() for path in (ROOT / "port/template").glob("*.c"))
    for header in sorted((ROOT / "platform").glob("*.h")):
        code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        for name in re.findall(r"^\w[\w ]*[ *](tk_\w+)\(", code, re.MULTILINE):
            # port/mbedtls has one for every port.
            check(re.search(rf"\b{name}\([^;]*?\)\n{{", written) is not None
                  or name == "tk_device_alloc_failed", f"the template has no {name}")
            count += 1
    check(count > 60, "the template was not found")


# --- the guide ---

def commands() -> list[str]:
    """The indented lines."""
    text = GUIDE.read_text()
    check(len(text.splitlines()) <= LONGEST_GUIDE, "the guide is longer than a page")
    return re.findall(r"^    (\S.*)$", text, re.MULTILINE)


def copy_tree() -> None:
    """The tracked files, and the cache of nothing."""
    shutil.rmtree(COPY, ignore_errors=True)
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True,
                           text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (COPY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, COPY / name)


def shell(command: str) -> None:
    """A command of the guide, in the copy."""
    done = subprocess.run(["sh", "-ec", command], cwd=COPY, capture_output=True, text=True,
                          check=False)
    check(done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def write(name: str) -> None:
    """Somebody has written that file of the port; the program is built anew."""
    shutil.copy(HERE / name, COPY / "port/myboard" / name)
    shell("cmake --build build/myboard")


def selftest() -> list[str]:
    """What `selftest` says on the emulated chip, line by line."""
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "qemu-system-arm", "-M", "lm3s6965evb", "-display", "none",
         "-monitor", "none", "-serial", "stdio", "-nic", "none", "-kernel", str(COPY / "build/myboard/tokenkeeper.elf")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    patience = threading.Timer(PATIENT_S, process.kill)
    patience.start()
    try:
        process.stdin.write(b"selftest\r")
        process.stdin.flush()
        said = []
        for line in process.stdout:
            said.append(line.decode(errors="replace").strip())
            if re.match(r"(OK|ERR)\b", said[-1]):
                return said
        raise Wrong(f"no answer to selftest; it said {said}")
    finally:
        patience.cancel()
        process.kill()
        process.wait()


def first_red(said: list[str]) -> str:
    """The name of the first check that failed."""
    red = [line for line in said if "=failed" in line]
    check(bool(red) and said[-1].startswith("ERR selftest_failed"), f"nothing is red: {said}")
    return red[0].partition("=")[0]


def follow() -> None:
    """Step by step."""
    table = re.findall(r"^\| `([\w.]+)`", GUIDE.read_text(), re.MULTILINE)
    tried = (ROOT / "tests/unit/port/test_template.c").read_text().partition(" steps[] = ")[2]
    tried = re.findall(r'"(\w+[.]\w+)", "tk_', tried.partition("};")[0])
    check(table == tried, f"the guide lists {table}; test_template.c tries {tried}")
    copy_tree()
    for command in commands():
        shell(command)
    check((COPY / "build/myboard/tokenkeeper.elf").is_file(), "the guide's commands made no program")
    write("tk_port_console.c")
    for number, mended in enumerate((None, "tk_port_clock.c")):
        if mended:
            write(mended)
        red = first_red(selftest())
        check(red == table[number], f"{red} is red first, and the guide says {table[number]}")
        print(f"first red line {red}, as the guide says")


def main() -> int:
    """0 when all is as the guide says."""
    try:
        look_over()
        follow()
    except Wrong as wrong:
        print(f"FAILED {wrong}")
        return 1
    shutil.rmtree(COPY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
