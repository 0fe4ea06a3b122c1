# SPDX-License-Identifier: Apache-2.0
"""REST 3.0 of a portal at /rest/api/: JSON alone, one form of results and errors, and the header
Idempotency-Key. Tasks and the event log stand for its modules."""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass, replace
from typing import Any, Callable, Iterable

import catalogue
import php
import rows
from oauth import Pair, Refused, iso
from rest import Rest, without_token
from rows import Column, Table
from tasks import BORN
from wire import Request, Response

PREFIX = "/rest/api/"
KEEP_S = 24 * 3600          # of the response to a request with an Idempotency-Key
BATCH, LARGEST = 50, 1000   # commands, rows of a page
OPERATORS = ("=", "!=", ">", ">=", "<", "<=", "in", "between")

Method = Callable[[Pair, dict[str, Any]], dict[str, Any]]


class Refused3(Exception):
    """An error of REST 3.0; code: as in the catalogue, without what all have in common."""

    def __init__(self, code: str, message: str | None = None, status: int | None = None,
                 field: str | None = None) -> None:
        super().__init__(code)
        self.row = catalogue.find(f"{catalogue.V3}{code}EXCEPTION", catalogue.REST3)
        self.status = status or self.row.status
        self.error: dict[str, Any] = {"code": self.row.code,
                                      "message": message or self.row.description}
        if field is not None:
            self.error = {"code": self.row.code, "message": self.row.description,
                          "validation": [{"message": message, "field": field}]}


def _constant(kind: str, value: Any) -> Column:
    return Column(kind, lambda row: value)


EVENT = {"id": Column("number", lambda row: row),
         "timestampX": Column("date", lambda row: iso(BORN + 60 * row)),
         "severity": _constant("text", "SECURITY"), "auditTypeId": Column(
             "text", lambda row: ("USER_AUTHORIZE", "USER_LOGOUT")[row // 2 % 2]),
         "moduleId": _constant("text", "main"), "itemId": Column("text", str),
         "userId": Column("number", lambda row: 1 + row % 5), "description": Column(
             "text", lambda row: json.dumps({"userId": 1 + row % 5, "method": "rest"}))}
NEEDED = ("title", "creatorId", "responsibleId")


@dataclass
class Kept:
    """A response that is returned again to a request with the same key and body."""
    digest: str
    body: bytes
    until: float


class Rest3:
    def __init__(self, rest: Rest) -> None:
        self.rest, self.shared, self.settings = rest, rest.shared, rest.settings
        task = Entity("TaskDto", rest.tasks.table)
        log = Entity("EventLogDto", Table(EVENT, lambda: 230))
        # Method -> scope, whether it changes something, handler.
        self.methods: dict[str, tuple[str, bool, Method]] = {
            "tasks.task.get": ("task", False, task.get),
            "tasks.task.list": ("task", False, task.list),
            "tasks.task.add": ("task", True, task.add),
            "tasks.task.update": ("task", True, task.update),
            "tasks.task.delete": ("task", True, task.delete),
            "main.eventlog.get": ("", False, log.get), "main.eventlog.list": ("", False, log.list),
            "main.eventlog.tail": ("", False, log.tail), "profile": ("", False, self._profile),
            "rest.scope.list": ("", False, self._scopes),
            "rest.documentation.openapi": ("", False, self._openapi),
            "documentation": ("", False, self._openapi)}
        self._kept: dict[tuple[str, int, str, str], Kept] = {}

    def reset(self) -> None:
        self._kept.clear()

    def kind(self, request: Request) -> str:
        name = _name(request)
        return f"rest3.{name}" if name in self.methods or name == "batch" else "portal"

    def handle(self, request: Request) -> Response:
        request = replace(request, target=request.path)     # the query is not read
        encoding, content = php.body(request)
        params = content
        if isinstance(content, dict):
            params = without_token(content)
        key = request.headers.get("idempotency-key")
        entry = self.shared.journal.call(method=_name(request), api="v3", encoding=encoding,
                                         params=params, idempotency_key=key, replayed=False)
        try:
            response = self._answer(request, encoding, params, entry)
        except Refused3 as refused:
            response = Response(refused.status, self.rest.encode({"error": refused.error}),
                                outcome=refused.row.code)
        except Refused as refused:      # by what stands in front of both versions
            response = self.rest.refusal(refused)
        entry["outcome"] = response.outcome
        return response

    def _answer(self, request: Request, encoding: str, params: Any, entry: dict[str, Any]
                ) -> Response:
        start, name = time.time(), _name(request)
        self.rest.bucket.take()
        if encoding == "form" or params is None or not isinstance(params, (dict, list)):
            raise Refused3("INVALIDJSON")
        if name not in self.methods and name != "batch":
            raise Refused3("METHODNOTFOUND", f"Method `{name}` not found")
        pair = self._check(request)
        entry |= {"user_id": pair.chain.user_id, "generation": pair.generation}
        headers = [("X-Bitrix-Rest-Application", pair.chain.client.client_id)]
        kept = self._idempotent(request, pair, name, params)
        if kept:
            headers.append(("Idempotency-Key", kept[0][-1]))
            if kept[1]:
                entry["replayed"] = True
                return Response(200, kept[1], headers=[*headers, ("Idempotent-Replayed", "true")])
        if name == "batch":
            result: Any = self._batch(pair, params)
        elif isinstance(params, list):
            raise Refused3("INVALIDJSON")
        else:
            result = self._run(pair, name, params)
        entry["executed"] = name != "batch"
        body = self.rest.encode({"result": result, "time": self.rest.time(pair, name, start)})
        if kept:
            self._kept[kept[0]] = Kept(_digest(params), body, self.shared.now() + KEEP_S)
        return Response(200, body, headers=headers)

    def _check(self, request: Request) -> Pair:
        """Every failure of a token is the same error."""
        try:
            pair = self.rest.oauth.check(request)
        except Refused:
            raise Refused3("ACCESSDENIED", status=401) from None
        if not self.settings.paid_plan:
            raise Refused3("ACCESSDENIED")
        return pair

    def _run(self, pair: Pair, name: str, params: dict[str, Any]) -> dict[str, Any]:
        start = time.time()
        if name not in self.methods:
            raise Refused3("METHODNOTFOUND", f"Method `{name}` not found")
        scope, _, method = self.methods[name]
        if scope not in ("", *pair.chain.scope.split(",")):
            raise Refused3("INSUFFICIENTSCOPE")
        client_id = pair.chain.client.client_id
        try:
            self.rest.operating.check(client_id, name)
        except Refused:
            raise Refused3("RATELIMIT") from None
        result = method(pair, params)
        self.shared.journal.count(f"executed.{name}")
        self.rest.bill(pair, name, start)
        return result

    # Idempotency-Key

    def _idempotent(self, request: Request, pair: Pair, name: str, params: Any
                    ) -> tuple[tuple[str, int, str, str], bytes | None] | None:
        """Where the response to this request is kept, and that response if there is one."""
        key = request.headers.get("idempotency-key")
        if key is None or not self.methods.get(name, ("", False))[1]:
            return None
        if not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
            raise Refused3("INVALIDIDEMPOTENCYKEY")
        place = (pair.chain.client.client_id, pair.chain.user_id, name, key)
        kept = self._kept.get(place)
        if not kept or self.shared.now() >= kept.until:
            return place, None
        if kept.digest != _digest(params):
            raise Refused3("IDEMPOTENCYKEYREUSED")
        return place, kept.body

    # Methods

    def _batch(self, pair: Pair, params: Any) -> list[Any]:
        """A list of {method, query}; the first error is that of the whole."""
        if isinstance(params, dict):
            if not params or not php.is_list(params):
                raise Refused3("INVALIDSELECT")
            params = list(params.values())
        if len(params) > BATCH:
            raise Refused3("VALIDATION_REQUESTVALIDATION", "Too many commands", field="method")
        results = []
        for at, command in enumerate(params):
            if not isinstance(command, dict) or not isinstance(command.get("method"), str):
                raise Refused3("VALIDATION_REQUESTVALIDATION",
                               "Required field `method` is not specified", field="method")
            name, query = command["method"].lower(), without_token(command.get("query") or {})
            entry = self.shared.journal.call(
                method=name, api="v3", encoding="json", batch=str(at), params=query,
                user_id=pair.chain.user_id, generation=pair.generation)
            try:
                results.append(self._run(pair, name, query))
            except Refused3 as refused:
                entry["outcome"] = refused.row.code
                raise
            entry |= {"executed": True, "outcome": "ok"}
        return results

    def _profile(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"profile": {"id": pair.chain.user_id, "admin": True, "name": "Test",
                            "lastName": "User"}}

    def _scopes(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"items": [{"method": name, "scope": scope}
                          for name, (scope, _, _) in sorted(self.methods.items())]}

    def _openapi(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"openapi": "3.0.0", "info": {"title": "Bitrix24 REST V3 API", "version": "1.0.0"},
                "paths": {f"/{name}": {} for name in sorted(self.methods)}}


class Entity:
    """The methods of one kind of object."""

    def __init__(self, name: str, table: Table) -> None:
        self._name, self._table = name, table

    def get(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"item": self._table.row(self._row(params), self._selected(params))}

    def list(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        ids = self._sorted(self._filtered(params), params.get("order"))
        pages = params.get("pagination") or {}
        page, limit, offset = (self._whole(pages, name, default) for name, default in
                               (("page", 0), ("limit", rows.PAGE), ("offset", 0)))
        if not 0 < limit <= LARGEST:
            raise Refused3("INVALIDPAGINATION")
        first = (page - 1) * limit if page > 0 else offset
        return self._items(ids[first:first + limit], params)

    def tail(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        cursor = params.get("cursor") or {}
        field, order = cursor.get("field", "id"), str(cursor.get("order", "ASC")).upper()
        if any(isinstance(one, list) and one and one[0] == field
               for one in params.get("filter") or []):
            raise Refused3("INVALIDFILTER", f"Field `{field}` is that of the cursor")
        after = matching(self._column(field), ">" if order == "ASC" else "<",
                         cursor.get("value", 0))
        ids = [row for row in self._filtered(params) if after(self._value(row, field))]
        ids = self._sorted(ids, {field: order})
        return self._items(ids[:self._whole(cursor, "limit", rows.PAGE)], params)

    def add(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        fields = self._fields(params)
        for name in NEEDED:
            if not fields.get(name):
                raise Refused3("VALIDATION_REQUESTVALIDATION",
                               f"Required field `{name}` is not specified", field=name)
        return {"item": self._table.row(self._table.add(fields), self._table.columns)}

    def update(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        self._table.update(self._row(params), self._fields(params))
        return {"result": True}

    def delete(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        self._table.delete(self._row(params))
        return {"result": True}

    def _fields(self, params: dict[str, Any]) -> dict[str, Any]:
        fields = params.get("fields")
        if not isinstance(fields, dict):
            raise Refused3("VALIDATION_REQUESTVALIDATION",
                           "Required field `fields` is not specified", field="fields")
        for name in fields:
            self._column(name)
        return {name: value for name, value in fields.items() if name != "id"}

    def _row(self, params: dict[str, Any]) -> int:
        row = self._whole(params, "id", None)
        if not self._table.has(row):
            raise Refused3("ENTITYNOTFOUND", f"Entity with ID `{row}` not found")
        return row

    def _whole(self, params: Any, name: str, default: int | None) -> int:
        """A parameter that is an integer, or text of one."""
        value = params.get(name, default) if isinstance(params, dict) else default
        if value is None:
            raise Refused3("VALIDATION_REQUESTVALIDATION",
                           f"Required field `{name}` is not specified", field=name)
        if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,12}", str(value)):
            raise Refused3("VALIDATION_REQUESTVALIDATION",
                           f"Field `{name}` requires data type `int` for this request", field=name)
        return int(value)

    def _column(self, name: Any) -> Column:
        if name not in self._table.columns:
            raise Refused3("UNKNOWNDTOPROPERTY",
                           f"Unknown field `{name}` for entity `{self._name}`")
        return self._table.columns[name]

    def _value(self, row: int, name: str) -> Any:
        return row if name == "id" else self._table.value(row, name)

    def _selected(self, params: dict[str, Any]) -> list[str]:
        """Fields that the object does not have are left out."""
        given = params.get("select")
        if given is None:
            return [*self._table.columns]
        if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
            raise Refused3("INVALIDSELECT")
        return [name for name in self._table.columns if name in given]

    def _items(self, ids: Iterable[int], params: dict[str, Any]) -> dict[str, Any]:
        names = self._selected({"select": ["id"], **params} if self._name == "TaskDto" else params)
        return {"items": [self._table.row(row, names) for row in ids]}

    def _sorted(self, ids: Iterable[int], given: Any) -> list[int]:
        if given is not None and not isinstance(given, (dict, list)):
            raise Refused3("INVALIDORDER")
        for name, direction in given.items() if isinstance(given, dict) else ():
            self._column(name)
            if str(direction).upper() not in ("ASC", "DESC"):
                raise Refused3("INVALIDORDER")
        return rows.order(self._table, list(ids), given, lambda name: name)

    def _filtered(self, params: dict[str, Any]) -> Iterable[int]:
        given = params.get("filter")
        if given is None or given == []:
            return self._table.ids()
        if not isinstance(given, list):
            raise Refused3("INVALIDFILTER")
        tests = [self._test(one) for one in given]
        return [row for row in self._table.ids() if all(test(row) for test in tests)]

    def _test(self, given: Any) -> Callable[[int], bool]:
        if isinstance(given, dict):
            inner, logic = given.get("conditions"), given.get("logic", "and")
            if not isinstance(inner, list) or logic not in ("and", "or"):
                raise Refused3("INVALIDFILTER")
            tests = [self._test(one) for one in inner]
            join = any if logic == "or" else all
            return lambda row: join(test(row) for test in tests)
        if not isinstance(given, list) or len(given) not in (2, 3):
            raise Refused3("INVALIDFILTER")
        field, value = given[0], given[-1]
        operator = given[1] if len(given) == 3 else "in" if isinstance(value, list) else "="
        if operator not in OPERATORS:
            raise Refused3("UNKNOWNFILTEROPERATOR", f"Unknown filter operator `{operator}`")
        column = self._column(field)
        if column.kind == "number":
            for one in value if isinstance(value, list) else [value]:
                self._whole({field: one}, field, None)
        test = matching(column, operator, value)
        return lambda row: test(self._value(row, field))


def matching(column: Column, operator: str, value: Any) -> Callable[[Any], bool]:
    """Whether a value fulfils a condition of REST 3.0."""
    if operator == "!=":
        same = rows.matcher(column.kind, "=", value)
        return lambda cell: not same(cell)
    if operator == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise Refused3("INVALIDFILTER")
        low = rows.matcher(column.kind, ">=", value[0])
        high = rows.matcher(column.kind, "<=", value[1])
        return lambda cell: low(cell) and high(cell)
    return rows.matcher(column.kind, "@" if operator == "in" else operator, value)


def _name(request: Request) -> str:
    return re.sub("/+", "/", request.path).removeprefix(PREFIX).strip("/").lower()


def is_rest3(path: str) -> bool:
    return re.sub("/+", "/", path).startswith(PREFIX)


def _digest(params: Any) -> str:
    return hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
