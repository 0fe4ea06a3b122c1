# SPDX-License-Identifier: Apache-2.0
"""How long a test waits for what must come.

These limits end a test that hangs. No test passes or fails because a machine is slow: what it
waits for is a condition, and the limit is far above what that takes. $TK_PATIENCE multiplies all of
them, for a machine that is slower still (valgrind, an emulated one).
"""

from __future__ import annotations

import os

FACTOR = float(os.environ.get("TK_PATIENCE", "1"))


def patient(seconds: float) -> float:
    """A limit for this machine."""
    return seconds * FACTOR


PATIENT_S = patient(180)
