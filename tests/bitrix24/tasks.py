# SPDX-License-Identifier: Apache-2.0
"""Tasks of a portal: the old tasks.task.*, which filters by ID and returns id, and the oldest
methods, whose parameters stand in order. REST 3.0 has the same tasks (rest3.py)."""

from __future__ import annotations

import re
from typing import Any, Callable

import php
import rows
from crm import item_name
from oauth import Pair, Refused, iso
from rows import PAGE, Column, Page, Table

Method = Callable[[Pair, php.Params], Any]

BORN = 1_790_000_000


def _constant(kind: str, value: Any) -> Column:
    return Column(kind, lambda row: value)


TASK = {"id": Column("number", lambda row: row), "title": Column("text", lambda row: f"Task {row}"),
        "description": _constant("text", ""), "creatorId": _constant("number", 1),
        "responsibleId": Column("number", lambda row: 1 + row % 5),
        "deadline": _constant("date", None), "status": _constant("text", "pending"),
        "priority": _constant("text", "average"), "needsControl": _constant("flag", False),
        "created": Column("date", lambda row: iso(BORN + 600 * row)),
        "changed": Column("date", lambda row: iso(BORN + 600 * row)),
        "closed": _constant("date", None), "checklist": _constant("text", [])}


class Tasks:
    def __init__(self) -> None:
        self.table = Table(TASK, lambda: 120)
        self.reset()

    def reset(self) -> None:
        self.table.reset()
        self._comments = 0

    def methods(self) -> dict[str, Method]:
        return {"tasks.task.list": self._list, "tasks.task.get": self._get,
                "tasks.task.add": self._add, "task.commentitem.add": self._comment}

    def _list(self, pair: Pair, params: php.Params) -> Page:
        start = rows.start_of(params)
        ids = rows.select(self.table, rows.conditions(params.get("filter"), _column))
        ids = rows.order(self.table, ids, params.get("order"), _column)
        first = max(start, 0)
        page = Page(result={"tasks": [self._shown(row, params) for row in ids[first:first + PAGE]]})
        if 0 <= start < len(ids) - PAGE:
            page["next"] = start + PAGE
        page["total"] = 0 if start < 0 else len(ids)
        return page

    def _get(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        row = str(params.get("taskId", params.get("id", "")))
        if not row.isdecimal() or not self.table.has(int(row)):
            raise Refused("ERROR_ARGUMENT", "Task not found")
        return {"task": self._shown(int(row), params)}

    def _add(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        fields = params.get("fields")
        if not isinstance(fields, dict) or not fields.get("TITLE"):
            raise Refused("ERROR_ARGUMENT", "TITLE is empty")
        values = {column: value for name, value in fields.items() if (column := _column(name))}
        return {"task": self._shown(self.table.add(values), {})}

    def _shown(self, row: int, params: php.Params) -> dict[str, Any]:
        """Numbers are text, as in the old CRM."""
        given = params.get("select")
        wanted = [_column(name) for name in given] if isinstance(given, list) and given else TASK
        values = self.table.row(row, filter(None, wanted))
        return {name: str(value) if type(value) is int else value for name, value in values.items()}

    def _comment(self, pair: Pair, params: php.Params) -> int:
        """Reads its parameters by their place: one more, and nothing is where it belongs."""
        values = list(params.values())
        if len(values) != 2 or not re.fullmatch(r"\d{1,9}", str(values[0])) \
                or not isinstance(values[1], dict):
            raise Refused("WRONG_ARGUMENTS", "Param #0 (taskId) for method ctaskcommentitem::add() "
                          "expected to be of type \"integer\", but given something else.")
        self._comments += 1
        return self._comments


def _column(name: Any) -> str | None:
    """The column of an upper-case name; None: unknown, ignored."""
    found = item_name(str(name)) if str(name).isupper() else str(name)
    return found if found in TASK else None
