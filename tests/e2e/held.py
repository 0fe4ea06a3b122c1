# SPDX-License-Identifier: Apache-2.0
"""Held time: the clocks of a keeper and of its Bitrix24 jump when a test says so.

libfaketime adds a number of seconds to all clocks of the program. It goes on sleeping until
something wakes it, such as the next command.
"""

from __future__ import annotations

import glob
import os
import tempfile
from pathlib import Path

from keeper import Bitrix24


class Held:
    """Time that is `ahead` seconds of the real one."""

    def __init__(self, b24: Bitrix24, place: Path) -> None:
        self._b24, self._file = b24, place / "held"
        self.ahead = 0
        self.skip(0)

    def env(self) -> dict[str, str]:
        """Environment of a keeper."""
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")[0]
        return {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(self._file),
                "FAKETIME_NO_CACHE": "1", "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def skip(self, seconds: int) -> None:
        """Lets time pass at once."""
        self.ahead += seconds
        handle, name = tempfile.mkstemp(dir=self._file.parent)
        os.write(handle, f"+{self.ahead}s\n".encode())
        os.close(handle)
        os.rename(name, self._file)
        self._b24.set(clock_offset_s=float(self.ahead))
