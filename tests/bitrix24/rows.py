# SPDX-License-Identifier: Apache-2.0
"""Tables of a portal, and how list methods of the old CRM select from them."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable, Iterable

import php
from oauth import ZONE, Refused

PAGE = 50                               # rows per response of a list method
OPERATORS = ("", "=", ">", "<", ">=", "<=", "@", "%", "=%", "%=",
             "!", "!=", "!@", "!%", "!=%", "!%=")


class Page(dict[str, Any]):
    """The response of a list method, which has keys beside `result`."""


@dataclass(frozen=True)
class Column:
    """kind: number, date, flag (Y or N) or text. value: of the row with this ID."""
    kind: str
    value: Callable[[int], Any]


class Table:
    """Rows by their ID. The first `generated` ones, with odd IDs, are computed when they are read;
    values that were set are kept."""

    def __init__(self, columns: dict[str, Column], generated: Callable[[], int]) -> None:
        self.columns, self._generated = columns, generated
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._set: dict[int, dict[str, Any]] = {}
            self._added: list[int] = []
            self._deleted: set[int] = set()
            self._last = max(0, 2 * self._generated() - 1)

    def ids(self) -> list[int]:
        with self._lock:
            ids = [*range(1, 2 * self._generated(), 2), *self._added]
            return [row for row in ids if row not in self._deleted] if self._deleted else ids

    def add(self, values: dict[str, Any]) -> int:
        with self._lock:
            self._last += 1
            self._added.append(self._last)
            self._set[self._last] = values
            return self._last

    def update(self, row: int, values: dict[str, Any]) -> None:
        with self._lock:
            self._set[row] = {**self._set.get(row, {}), **values}

    def delete(self, row: int) -> None:
        with self._lock:
            self._deleted.add(row)

    def has(self, row: int) -> bool:
        with self._lock:
            return row not in self._deleted and (row in self._set or row % 2 == 1
                                                 and 0 < row < 2 * self._generated())

    def value(self, row: int, name: str) -> Any:
        kept = self._set.get(row)
        if kept and name in kept:
            return kept[name]
        return self.columns[name].value(row) if name in self.columns else None

    def row(self, row: int, names: Iterable[str]) -> dict[str, Any]:
        return {name: self.value(row, name) for name in names}


@dataclass(frozen=True)
class Condition:
    operator: str
    name: str
    value: Any


def conditions(given: Any, known: Callable[[str], str | None]) -> list[Condition]:
    """A filter of the old REST: the operator stands before the name. known: the column, or None for
    a name that is ignored."""
    found = []
    for key, value in array(given, "filter").items():
        parts = re.fullmatch(r"(\W*)(\w+)", key)
        if not parts or parts[1] not in OPERATORS:
            raise Refused("ERROR_ARGUMENT", f"Invalid filter: {key}")
        name = known(parts[2])
        if name:
            found.append(Condition(parts[1], name, value))
    return found


def array(given: Any, name: str) -> dict[str, Any]:
    """A parameter that is a map, which PHP does not tell from a list; raises Refused."""
    if given in (None, [], ""):
        return {}
    if not isinstance(given, (dict, list)):
        raise Refused("", f"Parameter '{name}' must be array.")
    return given if isinstance(given, dict) else {str(at): item for at, item in enumerate(given)}


def select(table: Table, wanted: list[Condition]) -> list[int]:
    """The IDs of the rows that fulfil all conditions, ascending."""
    ids = table.ids()
    for condition in sorted(wanted, key=lambda one: one.name != "ID"):
        test = matcher(table.columns[condition.name].kind, condition.operator, condition.value)
        ids = [row for row in ids if test(_cell(table, row, condition.name))]
    return ids


def order(table: Table, ids: list[int], given: Any, known: Callable[[str], str | None]
          ) -> list[int]:
    """Sorted as `order` says; at last by the ID."""
    for key, direction in reversed(array(given, "order").items()):
        name = known(key)
        if name:
            compare = _comparable(table.columns[name].kind)
            ids = sorted(ids, key=lambda row: compare(_cell(table, row, name)),
                         reverse=str(direction).upper() == "DESC")
    return ids


def _cell(table: Table, row: int, name: str) -> Any:
    """A value to compare; the ID as a number, because nearly every list is selected by it."""
    return row if name == "ID" else table.value(row, name)


def matcher(kind: str, operator: str, value: Any) -> Callable[[Any], bool]:
    """Whether a value of a row fulfils a condition; texts are compared as MySQL does, without
    regard to case."""
    if operator.startswith("!"):
        opposite = matcher(kind, operator[1:], value)
        return lambda cell: not opposite(cell)
    compare = _comparable(kind)
    if operator in ("=%", "%="):
        like = re.compile(".*".join(map(re.escape, _text(value).casefold().split("%"))), re.DOTALL)
        return lambda cell: bool(like.fullmatch(_text(cell).casefold()))
    if operator in ("", "=", "@"):
        values = value.values() if isinstance(value, dict) else value
        wanted = {compare(one) for one in (values if isinstance(value, (list, dict)) else [value])}
        return lambda cell: compare(cell) in wanted
    if operator == "%":
        part = _text(value).casefold()
        return lambda cell: part in _text(cell).casefold()
    wanted_one = compare(value)
    tests: dict[str, Callable[[Any], bool]] = {
        ">": lambda cell: compare(cell) > wanted_one, "<": lambda cell: compare(cell) < wanted_one,
        ">=": lambda cell: compare(cell) >= wanted_one,
        "<=": lambda cell: compare(cell) <= wanted_one}
    return tests[operator]


def _comparable(kind: str) -> Callable[[Any], Any]:
    return {"number": _number, "date": _date}.get(kind, lambda value: _text(value).casefold())


def _text(value: Any) -> str:
    """As PHP converts to text."""
    if value is None or value is False or isinstance(value, (list, dict)):
        return ""
    return "1" if value is True else str(value)


def _number(value: Any) -> float:
    if type(value) is int:
        return value
    found = re.match(r"\s*[-+]?\d+(?:\.\d+)?", _text(value))
    return float(found[0]) if found else 0.0


def _date(value: Any) -> float:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).timestamp()


def start_of(params: php.Params) -> int:
    """The offset of a page; -1: the rows are not counted."""
    text = str(params.get("start", 0))
    return int(text) if re.fullmatch(r"-1|\d{1,9}", text) else 0
