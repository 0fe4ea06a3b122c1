# SPDX-License-Identifier: Apache-2.0
"""The CRM of a portal: leads and deals, as crm.lead.* and crm.deal.* (upper-case names, all values
as text) and as crm.item.* (camelCase names, numbers)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Callable

import php
import rows
from oauth import ZONE, Pair, Refused
from rows import PAGE, Column, Page, Table
from server import Shared

Method = Callable[[Pair, php.Params], Any]
Happened = Callable[[str, int], None]       # name of an event, ID of the row

BORN = datetime(2026, 1, 12, 9, 0, tzinfo=ZONE)
STAGES = ("NEW", "PREPARATION", "PREPAYMENT_INVOICE", "EXECUTING", "WON", "LOSE")
CITIES = ("Riga", "\u041c\u0438\u043d\u0441\u043a", "Krak\u00f3w", "Almaty")
TYPES = {1: "lead", 2: "deal"}              # entityTypeId
MULTIPLE = ("PHONE", "EMAIL", "WEB", "IM")


def _text(value: Any = None) -> Column:
    return Column("text", value if callable(value) else lambda row: value)


def _number(value: Any = None) -> Column:
    return Column("number", value if callable(value) else lambda row: value)


def _date(value: Callable[[int], datetime | None]) -> Column:
    def shown(row: int) -> str | None:
        moment = value(row)
        return moment.isoformat() if moment else None
    return Column("date", shown)


def _flag(value: Callable[[int], bool]) -> Column:
    return Column("flag", lambda row: "Y" if value(row) else "N")


def _stage(row: int) -> str:
    return STAGES[row // 2 % len(STAGES)]


def _born(row: int) -> datetime:
    return BORN + timedelta(minutes=7 * row)


def _semantics(row: int) -> str:
    return {"WON": "S", "LOSE": "F"}.get(_stage(row), "P")


COMMON = {
    "ID": _number(lambda row: str(row)),
    "CURRENCY_ID": _text("EUR"),
    "OPPORTUNITY": _number(lambda row: f"{row * 137 % 1999901 / 100:.2f}"),
    "IS_MANUAL_OPPORTUNITY": _flag(lambda row: row % 3 == 0), "COMPANY_ID": _number(None),
    "CONTACT_ID": _number(None), "ASSIGNED_BY_ID": _number(lambda row: str(1 + row % 5)),
    "CREATED_BY_ID": _number("1"), "MODIFY_BY_ID": _number("1"), "MOVED_BY_ID": _number("1"),
    "DATE_CREATE": _date(_born), "DATE_MODIFY": _date(lambda row: _born(row) + timedelta(hours=5)),
    "MOVED_TIME": _date(_born), "LAST_ACTIVITY_TIME": _date(_born),
    "LAST_ACTIVITY_BY": _number("1"), "OPENED": _flag(lambda row: True),
    "IS_RETURN_CUSTOMER": _flag(lambda row: False), "COMMENTS": _text(), "SOURCE_ID": _text("CALL"),
    "SOURCE_DESCRIPTION": _text(), "ORIGINATOR_ID": _text(), "ORIGIN_ID": _text(),
    "UTM_SOURCE": _text(), "UTM_MEDIUM": _text(), "UTM_CAMPAIGN": _text(), "UTM_CONTENT": _text(),
    "UTM_TERM": _text()}

LEAD = {**COMMON, "TITLE": _text(lambda row: f"Lead #{row}"), "NAME": _text(), "LAST_NAME": _text(),
        "STATUS_ID": _text("NEW"), "STATUS_SEMANTIC_ID": _text("P"),
        "HAS_PHONE": _flag(lambda row: False), "HAS_EMAIL": _flag(lambda row: False)}

DEAL = {**COMMON, "TITLE": _text(lambda row: f"Deal #{row} <{CITIES[row // 2 % 4]} & Co>"),
        "TYPE_ID": _text("SALE"), "STAGE_ID": _text(_stage), "PROBABILITY": _number(None),
        "TAX_VALUE": _number(None), "LEAD_ID": _number(None), "QUOTE_ID": _number(None),
        "BEGINDATE": _date(_born), "CLOSEDATE": _date(lambda row: _born(row) + timedelta(days=7)),
        "CLOSED": _flag(lambda row: _semantics(row) != "P"), "ADDITIONAL_INFO": _text(),
        "LOCATION_ID": _text(), "CATEGORY_ID": _number("0"), "STAGE_SEMANTIC_ID": _text(_semantics),
        "IS_NEW": _flag(lambda row: _stage(row) == "NEW"), "IS_RECURRING": _flag(lambda row: False),
        "IS_REPEATED_APPROACH": _flag(lambda row: False)}

# Names of crm.item.* that do not follow from those of crm.deal.*.
ITEM_NAMES = {"DATE_CREATE": "createdTime", "DATE_MODIFY": "updatedTime",
              "CREATED_BY_ID": "createdBy", "MODIFY_BY_ID": "updatedBy", "MOVED_BY_ID": "movedBy"}


def item_name(name: str) -> str:
    first, *others = name.lower().split("_")
    return ITEM_NAMES.get(name, first + "".join(word.capitalize() for word in others))


class Crm:
    def __init__(self, shared: Shared, happened: Happened) -> None:
        self._happened = happened
        self.tables = {"lead": Table(LEAD, lambda: 0),
                       "deal": Table(DEAL, lambda: shared.settings.deals)}

    def reset(self) -> None:
        for table in self.tables.values():
            table.reset()

    def methods(self) -> dict[str, Method]:
        found: dict[str, Method] = {}
        for entity in self.tables:
            old = Old(self, entity)
            for name in ("add", "get", "list", "update", "delete", "fields"):
                found[f"crm.{entity}.{name}"] = getattr(old, name)
        for name in ("add", "get", "list", "update", "delete"):
            found[f"crm.item.{name}"] = self._item(name)
        return found

    def _item(self, name: str) -> Method:
        def run(pair: Pair, params: php.Params) -> Any:
            entity = TYPES.get(int(_id(params, "entityTypeId")))
            if entity is None:
                raise Refused("NOT_FOUND", "SPA not found", 400)
            return getattr(Items(self, entity), name)(pair, params)
        return run

    def add(self, entity: str, values: dict[str, Any]) -> int:
        row = self.tables[entity].add(values)
        self._happened(f"ONCRM{entity.upper()}ADD", row)
        return row

    def update(self, entity: str, row: int, values: dict[str, Any]) -> None:
        self.tables[entity].update(row, values)
        self._happened(f"ONCRM{entity.upper()}UPDATE", row)

    def delete(self, entity: str, row: int) -> None:
        self.tables[entity].delete(row)
        self._happened(f"ONCRM{entity.upper()}DELETE", row)


def _id(params: php.Params, name: str) -> int:
    value = str(next((params[key] for key in params if key.lower() == name.lower()), ""))
    return int(value) if re.fullmatch(r"\d{1,9}", value) else 0


def _lower(params: php.Params) -> php.Params:
    """The old CRM knows its parameters in any case."""
    return {name.lower(): value for name, value in params.items()}


def _page(table: Table, params: php.Params, known: Callable[[str], str | None]
          ) -> tuple[list[int], int | None, int]:
    """The IDs of a page, the start of the next one, and the number of rows (0: not counted)."""
    start = rows.start_of(params)
    ids = rows.select(table, rows.conditions(params.get("filter"), known))
    ids = rows.order(table, ids, params.get("order"), known)
    if start < 0:
        return ids[:PAGE], None, 0
    following = start + PAGE if start + PAGE < len(ids) else None
    return ids[start:start + PAGE], following, len(ids)


def _selected(params: php.Params, columns: list[str]) -> list[str]:
    given = params.get("select")
    wanted = list(given.values()) if isinstance(given, dict) else given
    if not isinstance(wanted, list) or not wanted or "*" in wanted:
        return columns
    return [name for name in columns if name in wanted]


class Old:
    """crm.lead.* and crm.deal.*."""

    def __init__(self, crm: Crm, entity: str) -> None:
        self._crm, self._entity, self._table = crm, entity, crm.tables[entity]

    def add(self, pair: Pair, params: php.Params) -> int:
        return self._crm.add(self._entity, self._values(params))

    def get(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        row = self._row(params)
        return self._table.row(row, [*self._table.columns, *self._more(row)])

    def update(self, pair: Pair, params: php.Params) -> bool:
        self._crm.update(self._entity, self._row(params), self._values(params))
        return True

    def delete(self, pair: Pair, params: php.Params) -> bool:
        self._crm.delete(self._entity, self._row(params))
        return True

    def list(self, pair: Pair, params: php.Params) -> Page:
        columns, params = self._table.columns, _lower(params)
        ids, following, total = _page(self._table, params,
                                      lambda name: name if name in columns else None)
        names = _selected(params, [*columns])
        page = Page(result=[self._table.row(row, names) for row in ids], total=total)
        return page if following is None else Page(**page, next=following)

    def fields(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        kinds = {"number": "integer", "date": "datetime", "flag": "char", "text": "string"}
        return {name: {"type": kinds[column.kind], "isRequired": False, "isReadOnly": name == "ID",
                       "isMultiple": False, "title": name}
                for name, column in self._table.columns.items()}

    def _row(self, params: php.Params) -> int:
        row = _id(params, "id")
        if not row:
            raise Refused("", "ID is not defined or invalid")
        if not self._table.has(row):
            raise Refused("", "Not found")
        return row

    def _more(self, row: int) -> list[str]:
        """Fields that list methods do not return."""
        return [name for name in MULTIPLE if self._table.value(row, name)]

    def _values(self, params: php.Params) -> dict[str, Any]:
        fields = _lower(params).get("fields")
        if fields == []:
            fields = {}
        if not isinstance(fields, dict):
            raise Refused("", "Parameter 'fields' must be array.")
        return {name: self._stored(name, value) for name, value in fields.items() if name != "ID"}

    def _stored(self, name: str, value: Any) -> Any:
        """Old methods keep and return text; an empty one is null."""
        if name in MULTIPLE and isinstance(value, (list, dict)):
            items = value if isinstance(value, list) else list(value.values())
            return [{"ID": str(at + 1), "VALUE_TYPE": "WORK", **item, "TYPE_ID": name}
                    for at, item in enumerate(items) if isinstance(item, dict)]
        column = self._table.columns.get(name)
        if isinstance(value, bool) and column and column.kind == "flag":
            return "Y" if value else "N"
        if isinstance(value, (list, dict)):
            return value
        if value is None or value is False or value == "":
            return None
        return "1" if value is True else str(value)


class Items:
    """crm.item.* of one type."""

    def __init__(self, crm: Crm, entity: str) -> None:
        self._crm, self._entity, self._table = crm, entity, crm.tables[entity]
        self._names = {item_name(name): name for name in self._table.columns}
        self._type = next(number for number, name in TYPES.items() if name == entity)

    def add(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        return self._item(self._crm.add(self._entity, self._values(params)))

    def get(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        return self._item(self._row(params))

    def update(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        row = self._row(params)
        self._crm.update(self._entity, row, self._values(params))
        return self._item(row)

    def delete(self, pair: Pair, params: php.Params) -> list[Any]:
        self._crm.delete(self._entity, self._row(params))
        return []

    def list(self, pair: Pair, params: php.Params) -> Page:
        ids, following, total = _page(self._table, params, self._known)
        names = _selected(params, [*self._names])
        page = Page(result={"items": [self._shown(row, names) for row in ids]})
        if following is not None:
            page["next"] = following
        page["total"] = total
        return page

    def _known(self, name: str) -> str:
        """Filters and orders also know the old names, which the official Python SDK begins with."""
        if name in self._table.columns:
            return name
        if name not in self._names:
            raise Refused("INVALID_ARG_VALUE",
                          f"Invalid filter: field '{name}' is not allowed in filter")
        return self._names[name]

    def _row(self, params: php.Params) -> int:
        row = _id(params, "id")
        if not self._table.has(row):
            raise Refused("NOT_FOUND", "Item not found")
        return row

    def _values(self, params: php.Params) -> dict[str, Any]:
        fields = params.get("fields")
        if not isinstance(fields, dict):
            fields = {}
        return {self._names.get(name, name): value for name, value in fields.items()
                if name != "id"}

    def _item(self, row: int) -> dict[str, Any]:
        return {"item": self._shown(row, [*self._names])}

    def _shown(self, row: int, names: list[str]) -> dict[str, Any]:
        shown = {name: self._typed(self._names[name], row) for name in names}
        return {**shown, "entityTypeId": self._type} if len(names) == len(self._names) else shown

    def _typed(self, column: str, row: int) -> Any:
        value = row if column == "ID" else self._table.value(row, column)
        if self._table.columns[column].kind != "number" or not isinstance(value, str):
            return value
        return float(value) if "." in value else int(value)
