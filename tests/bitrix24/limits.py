# SPDX-License-Identifier: Apache-2.0
"""The limits of a portal: requests per second, and operating time per method.

Both follow the servers' clock: the setting clock_offset_s moves it, so that no test needs to wait.
"""

from __future__ import annotations

import threading
from collections import defaultdict

from oauth import Refused
from server import Shared

WINDOW_MIN = 10     # operating time is kept by the minute, for ten minutes
SHORTEST_S = 0.1    # shorter calls are not booked


class Bucket:
    """A leaky bucket: all requests to the portal share it."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self._settings = shared, shared.settings
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._level, self._at = 0.0, self._shared.now()

    def take(self) -> None:
        """Counts a request; raises Refused when the bucket has overflowed."""
        if not self._settings.limit_rate:
            return
        with self._lock:
            now = self._shared.now()
            leaked = max(0.0, now - self._at) * self._settings.limit_rate
            self._level, self._at = max(0.0, self._level - leaked), now
            if self._level > self._settings.limit_bucket:
                raise Refused("QUERY_LIMIT_EXCEEDED")
            self._level += 1


class Operating:
    """Operating time of an application's methods."""

    def __init__(self, shared: Shared) -> None:
        self._shared, self._settings = shared, shared.settings
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._minutes: dict[tuple[str, str], dict[int, float]] = defaultdict(dict)

    def book(self, client_id: str, method: str, seconds: float) -> None:
        if seconds <= SHORTEST_S:
            return
        minute = int(self._shared.now()) // 60
        with self._lock:
            used = self._minutes[client_id, method]
            used[minute] = used.get(minute, 0.0) + seconds

    def used(self, client_id: str, method: str) -> tuple[float, int]:
        """Seconds in the window, and when the oldest of them leave it."""
        now = self._shared.now()
        first = int(now) // 60 - WINDOW_MIN + 1
        with self._lock:
            kept = {minute: seconds for minute, seconds
                    in self._minutes.get((client_id, method), {}).items() if minute >= first}
        oldest = min(kept, default=None)
        return (sum(kept.values()), int(now) + WINDOW_MIN * 60 if oldest is None
                else (oldest + WINDOW_MIN) * 60)

    def check(self, client_id: str, method: str) -> None:
        """Raises Refused while a method has used up its time."""
        limit = self._settings.operating_limit_s
        if limit and self.used(client_id, method)[0] >= limit:
            raise Refused("OPERATION_TIME_LIMIT")
