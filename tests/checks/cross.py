# SPDX-License-Identifier: Apache-2.0
"""Core on the smallest board, a Cortex-M3 with 64 KB of RAM: it compiles, within its budgets."""

from __future__ import annotations

import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import source

CC = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m3", "-mthumb", "-Os", "-ffunction-sections", "-fdata-sections", "-std=c99",
         "-Wall", "-Wextra", "-Werror", "-fstack-usage", "-DTK_ACCOUNTS=1", "-DTK_CONNECTIONS=1",
         "-DTK_CONSOLES=1", "-DTK_TOKEN_MAX=256", "-DTK_SESSION_SIZE=512", "-DTK_SESSIONS=1",
         "-DTK_CONSOLE_OUT=1152", "-DTK_CONSOLE_ASYNC=384", "-DTK_HOST_MAX=71", "-DTK_HISTORY=12",
         "-DTK_SOCK_IPV6=0", "-DTK_ATTEMPTS=2",
         '-DMBEDTLS_CONFIG_FILE="tk_mbedtls_small.h"']
ROOMS = ["base", "store", "https", "runtime", "oauth", "rest", "escalate", "console"]
CORE = ["core", *(f"core/{room}" for room in ROOMS)]
OURS = [*CORE, "platform", "platform/conformance", "port/mbedtls"]
JSMN = Path("/usr/include/jsmn.h")  # libjsmn-dev
WORDS = "core/words.py"  # packs the user-facing strings
TABLES = ["core/base/tk_errors.h", "core/console/tk_commands.h", "core/console/tk_settings.h",
          "core/console/tk_hints.h", "core/oauth/tk_server_errors.h",
          "core/console/tk_status_rows.h", "core/console/tk_check_lines.h"]

PROTOCOL = ["tk_http", "tk_json", "tk_oauth"]
PROTOCOL_BYTES = 9216  # 9 KB
KEEPER_BYTES = 11776  # of the 64 KB of RAM
FRAME_BYTES = 1100  # 1 KB of it: 64 tokens of JSON

STRUCTS = ["tk_keeper", "tk_https", "tk_connection", "tk_tls_session"]


@dataclass(frozen=True)
class Size:
    """Size of a module in bytes: flash (text: code and constants) and RAM."""

    text: int
    data: int
    bss: int


@dataclass
class Built:
    """The sizes of core, compiled."""

    sizes: dict[str, Size] = field(default_factory=dict)
    frames: dict[str, int] = field(default_factory=dict)  # "file:line: function" to bytes
    errors: list[str] = field(default_factory=list)
    structs: dict[str, int] = field(default_factory=dict)  # sizeof of each of STRUCTS
    rooms: dict[str, str] = field(default_factory=dict)  # the room of each module

    def room(self, room: str) -> int:
        """Flash of a room."""
        return self.text([name for name in self.sizes if self.rooms[name] == room])

    def text(self, modules: list[str] | None = None) -> int:
        """Flash of these modules; default: all."""
        return sum(self.sizes[name].text for name in modules or self.sizes if name in self.sizes)

    @property
    def keeper(self) -> int:
        """sizeof(struct tk_keeper); 0 if that does not compile."""
        return self.structs.get("tk_keeper", 0)

    def largest_frame(self, folder: str = "core/") -> tuple[str, int]:
        """The function with the largest stack frame, and its size."""
        frames = [item for item in self.frames.items() if item[0].startswith(folder)]
        return max(frames, key=lambda item: item[1], default=("", 0))


def mbedtls_include(build: Path) -> Path:
    """The mbedTLS headers of the host build."""
    named = dict.fromkeys(re.findall(r"-isystem (\S+)", (build / "build.ninja").read_text()))
    found = [Path(name) for name in named if (Path(name) / "mbedtls/ssl.h").is_file()]
    if not found:
        raise RuntimeError(f"{build}/build.ninja names no mbedTLS: build the preset host first")
    return found[0]


def _compile(tree: Path, name: str, mbedtls: Path, work: Path) -> list[str]:
    """Compiles a file into work; returns the errors."""
    target = work / (Path(name).stem + ".o")
    ours = [word for folder in OURS for word in ("-I", tree / folder)]
    done = source.run(CC, *FLAGS, *ours, "-I", work, "-isystem", mbedtls, "-isystem",
                      work / "jsmn", "-c",
                      tree / name, "-o", target)
    if done.returncode == 0:
        return []
    lines = [line.replace(f"{tree}/", "") for line in done.stderr.splitlines() if "error:" in line]
    return lines[:3] or [f"{name}:1: {CC} fails: {done.stderr.strip()[:200]}"]


def _sizes(objects: list[Path]) -> dict[str, Size]:
    """The output of arm-none-eabi-size, by module."""
    found = {}
    for line in source.output("arm-none-eabi-size", *objects).splitlines()[1:]:
        text, data, bss, _, _, file = line.split()
        found[Path(file).stem] = Size(int(text), int(data), int(bss))
    return found


def _frames(work: Path, modules: list[str], errors: list[str]) -> dict[str, int]:
    """Stack frames of all functions of these modules; appends an error for a variable size."""
    found = {}
    for module in modules:
        for line in (work / f"{module}.su").read_text().splitlines():
            where, size, kind = line.split("\t")
            file, number, _, function = where.rsplit(":", 3)
            place = f"{file[file.rindex('core/'):]}:{number}: {function}"
            found[place] = int(size)
            if kind != "static":
                errors.append(f"{place} has a stack frame whose size is not fixed")
    return found


def compile_core(tree: Path, mbedtls: Path, only: list[str] | None = None) -> Built:
    """Compiles core and the other portable code, or the files in `only`, in parallel."""
    names = [name for name in source.tracked(tree) if name.endswith(".c")
             and str(Path(name).parent) in OURS and (only is None or name in only)]
    built = Built()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        work = Path(folder)
        (work / "jsmn").mkdir()
        (work / "jsmn" / "jsmn.h").symlink_to(JSMN)
        source.output("python3", tree / WORDS, work / "tk_words_packed.h",
                      *(tree / table for table in TABLES))
        for errors in pool.map(lambda name: _compile(tree, name, mbedtls, work), names):
            built.errors += errors
        core = [Path(name) for name in names if name.startswith("core/")]
        built.rooms = {name.stem: "/".join(name.parts[1:-1]) for name in core}
        objects = [work / f"{name.stem}.o" for name in core]
        objects = [item for item in objects if item.exists()]
        built.sizes = _sizes(objects) if objects else {}
        built.frames = _frames(work, [item.stem for item in objects], built.errors)
        if only is None:
            built.structs = _struct_sizes(tree, mbedtls, work)
    return built


def _struct_sizes(tree: Path, mbedtls: Path, work: Path) -> dict[str, int]:
    """sizeof of each of STRUCTS; empty if that does not compile."""
    probes = [f"char probe_{name}[sizeof(struct {name})];\n" for name in STRUCTS]
    (work / "probe.c").write_text('#include "tokenkeeper.h"\n' + "".join(probes))
    ours = [word for folder in OURS for word in ("-I", tree / folder)]
    done = source.run(CC, *FLAGS, *ours, "-isystem", mbedtls, "-c", work / "probe.c", "-o",
                      work / "probe.o")
    if done.returncode != 0:
        return {}
    symbols = source.output("arm-none-eabi-nm", "-S", work / "probe.o")
    return {name: int(size, 16) for size, name in
            re.findall(r"^\w+ (\w+) \w probe_(\w+)$", symbols, re.MULTILINE)}


def problems(tree: Path, built: Built) -> list[str]:
    """Errors of the compiler, and exceeded budgets."""
    found = list(built.errors)
    protocol = built.text(PROTOCOL)
    if protocol > PROTOCOL_BYTES:
        parts = " + ".join(f"{name[3:]} {built.text([name])}" for name in PROTOCOL)
        found.append(f"core/https/tk_http.c:1: {parts} = {protocol} bytes on Cortex-M3, "
                     f"over {PROTOCOL_BYTES}")
    if built.keeper > KEEPER_BYTES:
        found.append(f"core/tk_keeper.h:1: struct tk_keeper is {built.keeper} bytes on Cortex-M3, "
                     f"over {KEEPER_BYTES}")
    found += [f"{place} has a stack frame of {size} bytes, over {FRAME_BYTES}"
              for place, size in built.frames.items() if size > FRAME_BYTES]
    found += [f"core/{name}.c:1: {size.data + size.bss} bytes of writable data on Cortex-M3"
              for name, size in built.sizes.items() if size.data + size.bss > 0]
    return found


def table(built: Built) -> str:
    """The sizes of all modules, for a terminal."""
    rows = [f"{'module':20} {'text':>6} {'data':>5} {'bss':>5}"]
    rows += [f"{name:20} {size.text:6} {size.data:5} {size.bss:5}"
             for name, size in built.sizes.items()]
    rows.append(f"{'all':20} {built.text():6}")
    return "\n".join(rows)


def summary(built: Built) -> str:
    """The figures with a budget, in a line."""
    where, frame = built.largest_frame()
    return (f"Cortex-M3: core {built.text()} B, of it protocol {built.text(PROTOCOL)} B; "
            f"struct tk_keeper {built.keeper} B; largest frame {frame} B ({where.split()[-1]})")
