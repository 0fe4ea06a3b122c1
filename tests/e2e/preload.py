# SPDX-License-Identifier: Apache-2.0
"""Libraries of ours that stand between a program and the C library: a C file each, beside this."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent


@functools.cache
def _folder() -> Path:
    place = Path(tempfile.mkdtemp(prefix="tk-e2e-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@functools.cache
def _library(name: str) -> str:
    library = _folder() / f"{name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, HERE / f"{name}.c"], check=True)
    return str(library)


def environment(name: str, **variables: str) -> dict[str, str]:
    """The variables of a program that is started with the library of name.c, and these."""
    return {"LD_PRELOAD": _library(name), "ASAN_OPTIONS": "verify_asan_link_order=0", **variables}
