# SPDX-License-Identifier: Apache-2.0
"""REST of a portal at /rest/: methods, batch, limits. REST 3.0 is in rest3.py."""

from __future__ import annotations

import re
import time
from typing import Any, Callable

import catalogue
import php
from basics import Basics, scope_of
from crm import Crm
from events import Events
from limits import Bucket, Operating
from oauth import OAuth, Pair, Refused, iso
from rows import Page
from server import Shared
from tasks import Tasks
from wire import Request, Response

Method = Callable[[Pair, php.Params], Any]

BATCH = 50                              # commands of a batch
SECRET = ("auth", "access_token")       # parameters that no method sees
REFERENCE = r"\$result((?:\[[^\]]*\])+)"


class Rest:
    def __init__(self, shared: Shared, oauth: OAuth) -> None:
        self.shared, self.settings, self.oauth = shared, shared.settings, oauth
        self.bucket, self.operating = Bucket(shared), Operating(shared)
        events = Events(shared)
        self.tasks = Tasks()
        self._parts = (Basics(shared, self), Crm(shared, events.happened), events, self.tasks)
        self.methods: dict[str, Method] = {}
        for part in self._parts:
            self.methods |= part.methods()
        self.reset()

    def reset(self) -> None:
        self.bucket.reset()
        self.operating.reset()
        for part in self._parts:
            part.reset()

    def kind(self, request: Request) -> str:
        name = method_name(request.path)
        return f"rest.{name}" if name in self.methods or name == "batch" else "portal"

    def handle(self, request: Request) -> Response:
        name = method_name(request.path)
        encoding, params = php.params(request)
        entry = self.shared.journal.call(method=name, api="v2", encoding=encoding,
                                         params=without_token(params))
        try:
            response = self._answer(request, name, without_token(params), entry)
        except Refused as refused:
            response = self.refusal(refused)
        entry["outcome"] = response.outcome
        return response

    def encode(self, value: Any) -> bytes:
        return php.encode(value, self.settings.plain_slashes)

    def refusal(self, refused: Refused) -> Response:
        return Response(refused.status(catalogue.REST), self.encode(refused.body(catalogue.REST)),
                        outcome=refused.code)

    def _answer(self, request: Request, name: str, params: php.Params, entry: dict[str, Any]
                ) -> Response:
        start = time.time()
        self.bucket.take()
        if name not in self.methods and name != "batch":
            raise Refused("ERROR_METHOD_NOT_FOUND")
        pair = self.oauth.check(request)
        entry |= {"user_id": pair.chain.user_id, "generation": pair.generation}
        if not self.settings.paid_plan:
            raise Refused("ACCESS_DENIED")
        if name == "batch":
            page = Page(result=self._batch(pair, params))
            if self.settings.batch_is_billed:
                self.bill(pair, "batch", start)
        else:
            page = self.run(pair, name, params)
            entry["executed"] = True
        body = {**page, "time": self.time(pair, name, start)}
        return Response(200, self.encode(body), headers=[
            ("X-Bitrix-Rest-Application", pair.chain.client.client_id),
            ("X-Bitrix-Rest-Time", f"{time.time() - start:.10f}")])

    def run(self, pair: Pair, name: str, params: php.Params, billed: bool = True) -> Page:
        """Carries out a method; raises Refused."""
        start = time.time()
        if scope_of(name) not in ("", *pair.chain.scope.split(",")):
            raise Refused("insufficient_scope")
        self.operating.check(pair.chain.client.client_id, name)
        result = self.methods[name](pair, params)
        self.shared.journal.count(f"executed.{name}")
        if billed:
            self.bill(pair, name, start)
        return result if isinstance(result, Page) else Page(result=result)

    def bill(self, pair: Pair, name: str, start: float) -> None:
        spent = time.time() - start + self.settings.operating_s
        self.operating.book(pair.chain.client.client_id, name, spent)

    def time(self, pair: Pair, name: str, start: float) -> dict[str, Any]:
        offset, finish = self.settings.clock_offset_s, time.time()
        shown: dict[str, Any] = {
            "start": start + offset, "finish": finish + offset, "duration": finish - start,
            "processing": finish - start, "date_start": iso(start + offset),
            "date_finish": iso(finish + offset)}
        if self.settings.operating_reported:
            used, reset_at = self.operating.used(pair.chain.client.client_id, name)
            shown |= {"operating_reset_at": reset_at, "operating": used}
        return shown

    # batch

    def _batch(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        commands = params.get("cmd")
        if isinstance(commands, list):
            commands = {str(at): command for at, command in enumerate(commands)}
        parts: dict[str, dict[str, Any]] = {f"result{part}": {} for part in
                                            ("", "_error", "_total", "_next", "_time")}
        for at, (key, command) in enumerate(commands.items() if isinstance(commands, dict) else ()):
            start = time.time()
            try:
                if at >= BATCH:
                    raise Refused("ERROR_BATCH_LENGTH_EXCEEDED")
                page, name = self._command(pair, key, str(command), parts["result"])
            except Refused as refused:
                parts["result_error"][key] = {"error_description": "",
                                              **refused.body(catalogue.REST)}
                if php.is_true(params.get("halt")):
                    break
                continue
            parts["result"][key] = page["result"]
            for part in ("total", "next"):
                if part in page:
                    parts[f"result_{part}"][key] = page[part]
            parts["result_time"][key] = self.time(pair, name, start)
        return parts

    def _command(self, pair: Pair, key: str, command: str, results: dict[str, Any]
                 ) -> tuple[Page, str]:
        """One command: a method and, after a question mark, its parameters as of a query."""
        path, _, query = command.partition("?")
        name = method_name("/rest/" + path)
        params = _resolved(without_token(php.parse(query)), results)
        entry = self.shared.journal.call(method=name, api="v2", encoding="query", batch=key,
                                         params=params, user_id=pair.chain.user_id,
                                         generation=pair.generation)
        try:
            if name == "batch":
                raise Refused("ERROR_BATCH_METHOD_NOT_ALLOWED")
            if name not in self.methods:
                raise Refused("ERROR_METHOD_NOT_FOUND")
            page = self.run(pair, name, params, not self.settings.batch_is_billed)
        except Refused as refused:
            entry["outcome"] = refused.code
            raise
        entry |= {"outcome": "ok", "executed": True}
        return page, name


def method_name(path: str) -> str:
    """Of /rest/<method>[.json]; slashes are merged, and case does not matter."""
    merged = re.sub("/+", "/", path)
    return merged.removeprefix("/rest/").strip("/").lower().removesuffix(".json")


def without_token(params: php.Params) -> php.Params:
    return {name: value for name, value in params.items() if name not in SECRET}


def _resolved(value: Any, results: dict[str, Any]) -> Any:
    """References to results of earlier commands: one that is the whole value keeps its type."""
    if isinstance(value, dict):
        return {key: _resolved(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolved(item, results) for item in value]
    whole = re.fullmatch(REFERENCE, value)
    if whole:
        return _found(whole[1], results)

    def shown(part: re.Match[str]) -> str:
        found = _found(part[1], results)
        return "" if found is None or isinstance(found, (list, dict)) else str(found)
    return re.sub(REFERENCE, shown, value)


def _found(path: str, results: Any) -> Any:
    node = results
    for key in re.findall(r"\[([^\]]*)\]", path):
        if isinstance(node, dict) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return None
    return node
