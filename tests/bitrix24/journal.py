# SPDX-License-Identifier: Apache-2.0
"""The log of the servers. Secrets are recorded apart from everything that is shown."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections import Counter, deque
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from wire import Request

SECRET_KEYS = ("code", "client_secret", "refresh_token", "access_token", "auth")
MEMORY = 10_000     # entries kept, so that a soak test of days stays within memory


def digest(secret: str) -> str:
    """Identifies a secret where it may not be shown."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()[:8]


def secrets_of(request: Request) -> dict[str, str]:
    """The secrets in a request, in any part of it."""
    params = request.params()
    found = {key: params[key] for key in SECRET_KEYS
             if isinstance(params.get(key), str) and params[key]}
    if request.bearer():
        found["bearer"] = request.bearer()
    return found


def _names(params: dict[str, Any]) -> list[str]:
    """Names that may be shown; anything else could be data sent in place of a name."""
    return sorted(name if re.fullmatch(r"[\w.\[\]-]{1,64}", name) else "?" for name in params)


class Journal:
    """Requests, recorded POSTs, counters and secrets. Every method is thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._planted: dict[str, str] = {}      # value -> kind; survives clear()
        self._connections = 0
        self.clear()

    def clear(self) -> None:
        with self._lock:
            self._log: deque[dict[str, Any]] = deque(maxlen=MEMORY)
            self._posts: deque[dict[str, Any]] = deque(maxlen=MEMORY)
            self._calls: deque[dict[str, Any]] = deque(maxlen=MEMORY)
            self._counters: Counter[str] = Counter()
            self._entries = 0

    def plant(self, kind: str, value: str) -> None:
        with self._lock:
            self._planted.setdefault(value, kind)

    def planted(self) -> list[dict[str, str]]:
        with self._lock:
            return [{"kind": kind, "value": value} for value, kind in self._planted.items()]

    def count(self, *names: str) -> None:
        with self._lock:
            self._counters.update(names)

    def counters(self) -> dict[str, int]:
        with self._lock:
            return dict(sorted(self._counters.items()))

    def next_connection(self) -> int:
        with self._lock:
            self._connections += 1
            return self._connections

    def event(self, connection: dict[str, Any], event: str, **more: Any) -> None:
        """Logs an event of a connection."""
        with self._lock:
            self._entries += 1
            self._log.append({"n": self._entries, "time": round(time.time(), 6), "event": event,
                              **connection, **more})

    def request(self, connection: dict[str, Any], request: Request, **more: Any) -> None:
        secrets = secrets_of(request)
        for kind, value in secrets.items():
            self.plant(kind, value)
        params = request.params()
        grant = params.get("grant_type")
        self.event(connection, "request", method=request.method, path=request.path,
                   grant_type=grant if isinstance(grant, str) else None,
                   query_keys=_names(request.query()), form_keys=_names(request.form()),
                   secrets={kind: digest(value) for kind, value in secrets.items()},
                   user_agent=request.headers.get("user-agent"), **more)

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        with self._lock:
            return [entry for entry in self._log if entry["n"] > since]

    def post(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._posts.append({"time": round(time.time(), 6), **entry})

    def posts(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._posts)

    def call(self, **entry: Any) -> dict[str, Any]:
        """Records a call of a REST method; the caller completes the entry."""
        with self._lock:
            self._entries += 1
            shown = {"n": self._entries, "time": round(time.time(), 6), "method": "", "api": "",
                     "batch": None, "encoding": "", "params": {}, "user_id": None,
                     "generation": None, "executed": False, "outcome": None, **entry}
            self._calls.append(shown)
            return shown

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(entry) for entry in self._calls if entry["n"] > since]
