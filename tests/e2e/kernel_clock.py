# SPDX-License-Identifier: Apache-2.0
"""What the kernel knows of its clock, for a program that a test starts."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path


@functools.cache
def _library() -> str:
    place = tempfile.mkdtemp(prefix="tk-clock-")
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    library = f"{place}/adjtimex.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("adjtimex.c")], check=True)
    return library


def environment(clock: str) -> dict[str, str]:
    """Variables with which the kernel's clock is synchronized, unsynchronized or forbidden."""
    return {"LD_PRELOAD": _library(), "TK_CLOCK": clock,
            "ASAN_OPTIONS": "verify_asan_link_order=0"}
