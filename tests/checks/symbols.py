# SPDX-License-Identifier: Apache-2.0
"""Symbols of our objects: exported names begin with tk_, core uses no heap and has no globals."""

from __future__ import annotations

import re
from pathlib import Path

import source

# Names that mbedTLS calls.
HOOKS = {"mbedtls_ms_time", "mbedtls_platform_gmtime_r", "mbedtls_psa_external_get_random"}
FROM_STRING_H = {f"mem{word}" for word in ("chr", "cmp", "cpy", "move", "set")} | {
    f"str{word}" for word in ("cat", "chr", "cmp", "cpy", "cspn", "len", "ncat", "ncmp", "ncpy",
                              "pbrk", "rchr", "spn", "str")}
FROM_COMPILER = re.compile(
    r"_GLOBAL_OFFSET_TABLE_|__stack_chk_\w+|__(mem|str)\w+_chk|__(aeabi|gnu)_\w+|__[au]\w*di\w\d")
FROM_MBEDTLS = re.compile(r"(mbedtls|psa)_\w+")
HEAP = re.compile(r"mbedtls_(calloc|free|platform_set_calloc_free)")

# .data.rel.ro is written only by the loader, in position-independent programs.
_WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(?!\.rel\.ro)|\*COM\*|COMMON")


def _by_object(tool_output: str) -> list[tuple[str, str]]:
    """Output of nm -A as (object, symbol)."""
    lines = re.findall(r"^(.+?):[0-9a-f ]* [A-Za-z] (\S+)$", tool_output, re.MULTILINE)
    return [(re.split("[/:]", where)[-1], name) for where, name in lines]


def exported_problems(files: list[Path]) -> list[str]:
    """Global symbols of archives or objects without our prefix."""
    found = []
    for item, name in _by_object(source.output("nm", "-A", "-g", "--defined-only", *files)):
        if not name.startswith("tk_") and name not in HOOKS:
            found.append(f"{item}:0: exports {name}, which does not begin with tk_")
    return found


def is_allowed_in_core(name: str) -> bool:
    """Whether core may need this symbol."""
    if name.startswith("tk_") or name in FROM_STRING_H or FROM_COMPILER.fullmatch(name):
        return True
    return bool(FROM_MBEDTLS.fullmatch(name)) and not HEAP.fullmatch(name)


def needed_problems(core: list[Path]) -> list[str]:
    """Symbols that core must not use: heap, files, the system."""
    found = []
    for item, name in _by_object(source.output("nm", "-A", "-u", *core)):
        if not is_allowed_in_core(name):
            found.append(f"{item}:0: core may not use {name}")
    return found


def _symbols_by_section(objdump: str) -> dict[tuple[str, str], list[str]]:
    """The symbols by (object, section), from objdump -t."""
    found: dict[tuple[str, str], list[str]] = {}
    item = ""
    for line in objdump.splitlines():
        if ":     file format" in line:
            item = Path(line.split(":")[0]).name
        match = re.match(r"[0-9a-f]+ .{7} (\S+)\t([0-9a-f]+) (?:\.hidden )?(\S+)", line)
        if match and int(match.group(2), 16) > 0:
            found.setdefault((item, match.group(1)), []).append(match.group(3))
    return found


def _sections(objdump: str) -> list[tuple[str, str, int]]:
    """(object, section, size), from objdump -h."""
    found = []
    item = ""
    for line in objdump.splitlines():
        if ":     file format" in line:
            item = Path(line.split(":")[0]).name
        match = re.match(r" *\d+ (\S+) +([0-9a-f]{8}) ", line)
        if match:
            found.append((item, match.group(1), int(match.group(2), 16)))
    return found


def writable_problems(core: list[Path]) -> list[str]:
    """Writable data of core."""
    names = _symbols_by_section(source.output("objdump", "-t", *core))
    sections = _sections(source.output("objdump", "-h", *core))
    wanted = {(item, section) for item, section, size in sections if size > 0} | set(names)
    return [f"{item}:0: {section} holds writable data: {', '.join(names.get((item, section), []))}"
            for item, section in sorted(wanted) if _WRITABLE.match(section)]


def problems(archives: list[Path], core: list[Path]) -> list[str]:
    """All problems of archives or objects; core: those with the stricter rules."""
    return exported_problems(archives) + needed_problems(core) + writable_problems(core)
