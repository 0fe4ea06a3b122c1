# SPDX-License-Identifier: Apache-2.0
"""A program in C++ compiles with the public headers, and its calls have the names of C."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import cross
import source

DOOR = "core/tokenkeeper.h"
PUBLIC = [DOOR, "core/tk_mailbox.h", "core/tk_mailbox_call.h", "port/mbedtls/tk_mbedtls.h",
          "port/mbedtls/tk_trust.h"]
ALSO = ["tk_text_add", "tk_err_code", "tk_words_add", "tk_wipe", "tk_wait"]  # of rooms
COMPILE = ["clang++", "-std=c++11", "-nostdinc++", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
_FUNCTION = re.compile(r"^[a-z][\w ]*?[ *](tk_\w+)\(", re.MULTILINE)


def public(tree: Path) -> list[str]:
    """The headers for programs: those of the contract too."""
    return PUBLIC + [name for name in source.c_files(tree)
                     if name.startswith("platform/tk_") and name.endswith(".h")]


def functions(tree: Path, headers: list[str]) -> list[str]:
    """The functions that these headers declare, without those that are inline."""
    found = []
    for name in headers:
        code = source.without_comments(source.text(tree, name))
        found += _FUNCTION.findall(re.sub(r"\bstatic inline.*?\n}", "", code, flags=re.DOTALL))
    return sorted(set(found))


def program(tree: Path, header: str, names: list[str]) -> str:
    """C++ that includes a header and refers to functions."""
    uses = "".join(f"    (void (*)())&{name},\n" for name in names)
    return (f'#include "{Path(header).name}"\n\nextern void (*const uses[])();\n'
            f"void (*const uses[])() = {{\n{uses}}};\n")


def problems(tree: Path, mbedtls: Path) -> list[str]:
    """Headers that do not compile as C++, and functions with the linkage of C++."""
    found = []
    folders = [word for part in cross.OURS for word in ("-I", tree / part)]
    for header in public(tree):
        names = functions(tree, [header]) + ALSO * (header == DOOR)
        if not names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "program.cpp").write_text(program(tree, header, names))
            done = source.run(*COMPILE, *folders, "-isystem", mbedtls,
                              '-DMBEDTLS_CONFIG_FILE="tk_mbedtls_host.h"', "-c",
                              f"{folder}/program.cpp", "-o", f"{folder}/program.o")
            if done.returncode != 0:
                found.append(f"{header}:1: does not compile as C++: {done.stderr.strip()[:200]}")
                continue
            symbols = source.output("nm", "-u", f"{folder}/program.o").split()
        found += [f"{header}:1: {name} has no extern \"C\"" for name in names
                  if name not in symbols]
    return found
