#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Follows port/template/README.md, in a copy of the tree.

Its commands are run as they stand there, and its list for another build system is compiled and
linked. Then the console is written and what the first failure names is fixed, and `selftest` on an
emulated chip must report the failures in the order of the guide. Before that, the template is
checked: it implements the whole contract, and each FIXME names the header to read.

    python3 tests/porting/run.py
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "bitrix24"))
from patience import PATIENT_S  # noqa: E402

COPY = ROOT / "build/porting"
GUIDE = ROOT / "port/template/README.md"
TEMPLATES = ("port/template", "boards/template")
LONGEST_GUIDE = 66  # lines: a page
GCC = ["arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-Os", "-std=c99"]
STARTUP = ["boards/myboard/vectors.c", "port/baremetal/tk_cortex_m.c",
           "port/baremetal/tk_bare_fault.c"]  # another build system brings its own


class Wrong(Exception):
    """The guide or the template is wrong."""


def check(good: bool, what: str) -> None:
    """Raises what is wrong."""
    if not good:
        raise Wrong(what)


# --- the template as it stands ---

def fixmes(text: str) -> list[str]:
    """Each FIXME with the words up to the end of its comment or paragraph."""
    return re.findall(r"FIXME\b(.*?)(?:\*/|\n\n|\nset|$)", text, re.DOTALL)


def check_template() -> None:
    """The template implements every function of the contract, and every FIXME names a header."""
    headers = {path.name for path in ROOT.rglob("*.h") if "build" not in path.parts}
    headers |= {path.name for path in (ROOT / "port/baremetal").glob("*.ld")}
    count = 0
    for folder in TEMPLATES:
        for path in sorted((ROOT / folder).glob("*.[chl]*")):
            for words in fixmes(path.read_text()):
                named = re.match(r"(?:core/\w+/)?(\w+\.(?:h|ld))\b", words.lstrip(": "))
                check(bool(named) and named[1] in headers,
                      f"{path.name}: FIXME {words[:40]!r} names no header to read")
                count += 1
    written = "".join(path.read_text() for path in (ROOT / "port/template").glob("*.c"))
    for header in sorted((ROOT / "platform").glob("*.h")):
        code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
        for name in re.findall(r"^(?!static inline)\w[\w ]*[ *](tk_\w+)\(", code, re.MULTILINE):
            # port/mbedtls implements this one for every port.
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
    """Copies the tracked files."""
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


def own_build() -> None:
    """Compiles and links what the guide lists for another build system."""
    rows = dict(re.findall(r"^\| (sources|include paths|definitions) \| (.*) \|$", GUIDE.read_text(),
                           re.MULTILINE))
    lists = {row: re.findall(r"`([^`]+)`", text) for row, text in rows.items()}
    check(len(lists) == 3 and "core/*/*.c" in lists["sources"], "the guide lists no sources")
    ninja = (COPY / "build/myboard/build.ninja").read_text()
    library = re.search(r"\S+/libmbedtls\.a", ninja)[0]
    system = set(re.findall(r"-isystem (\S+/(?:mbedtls-\S+/include|jsmn))\b", ninja))
    include = [f"-I{folder}" for pattern in [*lists["include paths"], "port/baremetal"]
               if "." not in pattern
               for folder in COPY.glob(pattern.rstrip("/")) if folder.is_dir()]
    limits = re.search(r"board_limits ([^)]*)\)", (COPY / "boards/myboard/board.cmake").read_text())
    define = [f"-D{name.replace('<seconds>', '1')}"
              for name in [*lists["definitions"], *limits[1].split()] if "=" in name]
    sources = [path for pattern in lists["sources"] + STARTUP for path in sorted(COPY.glob(pattern))]
    objects = COPY / "build/own"
    objects.mkdir(exist_ok=True)

    def compile_one(path: Path) -> str:
        out = str(objects / f"{path.stem}.o")
        done = subprocess.run([*GCC, *include, *define, *(f"-isystem{folder}" for folder in system),
                               "-c", str(path), "-o", out], capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"{path}:\n{done.stderr[-2000:]}")
        return out

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(compile_one, sources))
    done = subprocess.run([*GCC, "--specs=nano.specs", "--specs=nosys.specs", "-nostartfiles",
                           "-Wl,--gc-sections", "-T", str(COPY / "boards/myboard/board.ld"),
                           f"-L{COPY / 'port/baremetal'}", *made, library, "-o",
                           str(objects / "own.elf")], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"the guide's sources do not link:\n{done.stderr[-2000:]}")
    print(f"{len(made)} files of the guide's list compile and link")


def write(name: str) -> None:
    """Takes a file that is written for the emulated chip into the port, and builds."""
    shutil.copy(HERE / name, COPY / "port/myboard" / name)
    shell("cmake --build build/myboard")


def selftest() -> list[str]:
    """The lines that `selftest` prints on the emulated chip."""
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "qemu-system-arm", "-M", "lm3s6965evb", "-display", "none",
         "-monitor", "none", "-serial", "stdio", "-nic", "none", "-kernel", str(COPY / "build/myboard/tokenkeeper.elf")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    timeout = threading.Timer(PATIENT_S, process.kill)
    timeout.start()
    try:
        process.stdin.write(b"selftest\r")
        process.stdin.flush()
        lines = []
        for line in process.stdout:
            lines.append(line.decode(errors="replace").strip())
            if re.match(r"(OK|ERR)\b", lines[-1]):
                return lines
        raise Wrong(f"selftest did not end: {lines}")
    finally:
        timeout.cancel()
        process.kill()
        process.wait()


def first_failure(lines: list[str]) -> str:
    """The name of the first check that failed."""
    failed = [line for line in lines if "=failed" in line]
    check(bool(failed) and lines[-1].startswith("ERR selftest_failed"), f"nothing failed: {lines}")
    return failed[0].partition("=")[0]


def follow() -> None:
    """Runs the guide step by step."""
    table = re.findall(r"^\| `([\w.]+)`", GUIDE.read_text(), re.MULTILINE)
    tried = (ROOT / "tests/unit/port/test_template.c").read_text().partition(" steps[] = ")[2]
    tried = re.findall(r'"(\w+[.]\w+)", "tk_', tried.partition("};")[0])
    check(table == tried, f"the guide lists {table}; test_template.c tries {tried}")
    copy_tree()
    for command in commands():
        shell(command)
    check((COPY / "build/myboard/tokenkeeper.elf").is_file(), "the guide's commands built no program")
    own_build()
    write("tk_port_console.c")
    for number, fixed in enumerate((None, "tk_port_clock.c")):
        if fixed:
            write(fixed)
        failed = first_failure(selftest())
        check(failed == table[number], f"{failed} fails first, and the guide says {table[number]}")
        print(f"first failure {failed}, as the guide says")


def main() -> int:
    """0 if all is as the guide says."""
    try:
        check_template()
        follow()
    except Wrong as wrong:
        print(f"FAILED {wrong}")
        return 1
    shutil.rmtree(COPY)
    return 0


if __name__ == "__main__":
    sys.exit(main())
