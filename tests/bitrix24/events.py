# SPDX-License-Identifier: Apache-2.0
"""Offline events of a portal: event.bind, event.offline.* and feature.get."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any, Callable

import php
import rows
from oauth import Pair, Refused, iso
from rows import PAGE, Condition
from server import Shared

Method = Callable[[Pair, php.Params], Any]

KINDS = {"ID": "number", "TIMESTAMP_X": "date", "EVENT_NAME": "text", "MESSAGE_ID": "text",
         "PROCESS_ID": "text", "ERROR": "number"}
FEATURES = ("rest_offline_extended", "rest_auth_connector")


@dataclass
class Event:
    """The last state of an object: a later event of the same object takes its place."""
    client_id: str
    connector: str
    number: int
    name: str
    row: int
    happened: float
    message_id: str
    process_id: str = ""
    error: int = 0

    def shown(self) -> dict[str, Any]:
        return {"ID": str(self.number), "TIMESTAMP_X": iso(self.happened), "EVENT_NAME": self.name,
                "EVENT_DATA": {"FIELDS": {"ID": self.row}}, "EVENT_ADDITIONAL": False,
                "MESSAGE_ID": self.message_id}

    def listed(self) -> dict[str, Any]:
        return {**self.shown(), "PROCESS_ID": self.process_id, "ERROR": str(self.error)}


class Events:
    def __init__(self, shared: Shared) -> None:
        self._shared, self._settings = shared, shared.settings
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._bound: set[tuple[str, str, str]] = set()  # application, event, auth_connector
            self._queue: list[Event] = []
            self._last = 0

    def methods(self) -> dict[str, Method]:
        return {"event.bind": self._bind, "event.unbind": self._unbind, "event.get": self._get,
                "event.offline.get": self._take, "event.offline.clear": self._clear,
                "event.offline.list": self._list, "event.offline.error": self._error,
                "feature.get": self._feature}

    def happened(self, name: str, row: int) -> None:
        """Queues an event for each application that is bound to it."""
        with self._lock:
            for client_id, bound, connector in sorted(self._bound):
                if bound == name:
                    self._add(client_id, connector, name, row)

    def _add(self, client_id: str, connector: str, name: str, row: int) -> None:
        same = (client_id, connector, name, row)
        self._queue = [event for event in self._queue if event.process_id or event.error
                       or (event.client_id, event.connector, event.name, event.row) != same]
        self._last += 1
        self._queue.append(Event(client_id, connector, self._last, name, row, self._shared.now(),
                                 secrets.token_hex(16)))

    def _bind(self, pair: Pair, params: php.Params) -> bool:
        key = self._key(pair, params)
        with self._lock:
            self._bound.add(key)
        return True

    def _unbind(self, pair: Pair, params: php.Params) -> dict[str, int]:
        key = self._key(pair, params)
        with self._lock:
            count = int(key in self._bound)
            self._bound.discard(key)
        return {"count": count}

    def _key(self, pair: Pair, params: php.Params) -> tuple[str, str, str]:
        event = str(params.get("event", "")).upper()
        if not event.startswith("ONCRM"):
            raise Refused("ERROR_EVENT_NOT_FOUND")
        if str(params.get("event_type", "online")) != "offline":
            raise Refused("ERROR_ARGUMENT", "Only offline events are simulated")
        return pair.chain.client.client_id, event, str(params.get("auth_connector", ""))

    def _get(self, pair: Pair, params: php.Params) -> list[dict[str, Any]]:
        with self._lock:
            bound = [one for one in sorted(self._bound) if one[0] == pair.chain.client.client_id]
        return [{"event": event, "auth_type": "0", "offline": 1, "connector_id": connector}
                for _, event, connector in bound]

    def _mine(self, pair: Pair, params: php.Params) -> list[Event]:
        own = (pair.chain.client.client_id, str(params.get("auth_connector", "")))
        wanted = rows.conditions(params.get("filter"), lambda name: name if name in KINDS else None)
        found = [event for event in self._queue if (event.client_id, event.connector) == own
                 and all(_fulfils(event, condition) for condition in wanted)]
        for name, direction in reversed(rows.array(params.get("order"), "order").items()):
            if name in KINDS:
                found.sort(key=lambda event: (float(event.number) if name == "ID"
                                              else str(event.listed()[name])),
                           reverse=str(direction).upper() == "DESC")
        return found

    def _take(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        """Deletes what it returns (clear=1), or reserves it for a process."""
        clear = php.is_true(params.get("clear", 1))
        given = str(params.get("limit", PAGE))
        limit = int(given) if given.isdecimal() else PAGE
        process, failed = str(params.get("process_id") or ""), php.is_true(params.get("error", 0))
        if not clear:
            self._must_be_extended()
        with self._lock:
            found = [event for event in self._mine(pair, params)
                     if event.process_id == process and (failed or not event.error)][:limit]
            process = process or ("" if clear else secrets.token_hex(16))
            for event in found:
                event.process_id = process
            if clear:
                self._queue = [event for event in self._queue if event not in found]
        return {"process_id": None if clear else process,
                "events": [event.shown() for event in found]}

    def _clear(self, pair: Pair, params: php.Params) -> bool:
        self._must_be_extended()
        with self._lock:
            cleared = self._processed(pair, params)
            self._queue = [event for event in self._queue if event not in cleared]
        return True

    def _error(self, pair: Pair, params: php.Params) -> bool:
        self._must_be_extended()
        with self._lock:
            for event in self._processed(pair, params):
                event.error, event.process_id = 1, ""
        return True

    def _processed(self, pair: Pair, params: php.Params) -> list[Event]:
        """The events of a process, or those of them that are named."""
        process = str(params.get("process_id") or "")
        if not process:
            raise Refused("ERROR_ARGUMENT", "The value of an argument 'process_id' is empty")
        ids, messages = (_texts(params.get(name)) for name in ("id", "message_id"))
        return [event for event in self._queue if event.process_id == process
                and event.client_id == pair.chain.client.client_id
                and (str(event.number) in ids if ids is not None
                     else messages is None or event.message_id in messages)]

    def _list(self, pair: Pair, params: php.Params) -> Any:
        start = max(0, rows.start_of(params))
        with self._lock:
            found = self._mine(pair, params)
        return rows.Page(result=[event.listed() for event in found[start:start + PAGE]],
                         total=len(found),
                         **{"next": start + PAGE} if start + PAGE < len(found) else {})

    def _must_be_extended(self) -> None:
        if not self._settings.offline_extended:
            raise Refused("ACCESS_DENIED", "Access denied!", 403)

    def _feature(self, pair: Pair, params: php.Params) -> dict[str, str]:
        code = str(params.get("CODE") or "")
        if not code:
            raise Refused("CODE_EMPTY")
        return {"value": "Y" if code in FEATURES and self._settings.offline_extended else "N"}


def _texts(value: Any) -> list[str] | None:
    if isinstance(value, dict):
        value = list(value.values())
    return [str(item) for item in value] if isinstance(value, list) and value else None


def _fulfils(event: Event, condition: Condition) -> bool:
    test = rows.matcher(KINDS[condition.name], condition.operator, condition.value)
    return test(event.listed()[condition.name])
