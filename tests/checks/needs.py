# SPDX-License-Identifier: Apache-2.0
"""Core does not compile with an mbedTLS that lacks an option of core/https/tk_tls_needs.h."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import cross
import source

NEEDS = "core/https/tk_tls_needs.h"
USER = "core/https/tk_tls_config.c"
CONFIG = "tk_mbedtls_host.h"


def _errors(tree: Path, mbedtls: Path, without: str) -> str:
    """What the compiler says of USER when the option is not defined."""
    ours = [word for folder in cross.OURS for word in ("-I", tree / folder)]
    with tempfile.TemporaryDirectory() as folder:
        undef = f"#undef {without}\n" if without else ""
        (Path(folder) / "needs_config.h").write_text(f'#include "{CONFIG}"\n{undef}')
        done = source.run("gcc", "-std=c99", "-fsyntax-only", "-I", folder, *ours,
                          "-isystem", mbedtls, '-DMBEDTLS_CONFIG_FILE="needs_config.h"',
                          tree / USER)
    return done.stderr if done.returncode != 0 else ""


def problems(tree: Path, mbedtls: Path) -> list[str]:
    """Options that can be left out unnoticed."""
    options = re.findall(r"!defined\((\w+)\)", source.text(tree, NEEDS))
    found = [] if options else [f"{NEEDS}:1: names no option"]
    if errors := _errors(tree, mbedtls, ""):
        found.append(f"{USER}:1: does not compile: {errors[:200]}")
    return found + [f"{NEEDS}:1: core compiles without {option}" for option in options
                    if f"define {option}" not in _errors(tree, mbedtls, option)]
