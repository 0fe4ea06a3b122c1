# SPDX-License-Identifier: Apache-2.0
"""A portal of Bitrix24: the authorization page and a few REST methods.

And the webhook that an application reports to; below /api/ it is Corezoid.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import datetime, timezone
from typing import Any, Callable
from urllib.parse import quote

import catalogue
import wire
from corezoid import Corezoid
from journal import Journal
from oauth import Code, OAuth, Pair, Refused
from server import Shared
from wire import Request, Response

PAGE = 50       # entries per response of a list method
Method = Callable[[Pair, dict[str, Any]], Any]


class Portal:
    def __init__(self, shared: Shared, oauth: OAuth) -> None:
        self.shared, self.settings, self.oauth = shared, shared.settings, oauth
        self._lock = threading.Lock()
        self.reset()
        # Method -> required scope ("": none) and handler.
        self.methods: dict[str, tuple[str, Method]] = {
            "app.info": ("", self._app_info), "profile": ("", self._profile),
            "server.time": ("", lambda pair, params: iso(self.shared.now())),
            "scope": ("", lambda pair, params: pair.chain.scope.split(",")),
            "methods": ("", lambda pair, params: sorted(self.methods)),
            "user.current": ("user", self._user), "crm.lead.add": ("crm", self._lead_add),
            "crm.lead.list": ("crm", self._lead_list)}

    def reset(self) -> None:
        with self._lock:
            self._leads: list[dict[str, Any]] = []

    def kind(self, request: Request) -> str:
        if request.path.startswith("/oauth/authorize"):
            return "authorize"
        method = self._method(request)
        return f"rest.{method}" if method in self.methods else "portal"

    def handle(self, request: Request) -> Response:
        if request.path in ("/oauth/authorize/", "/oauth/authorize"):
            return self._authorize(request)
        if not request.path.startswith("/rest/"):
            return wire.html_response(404, "404 Not Found", outcome="not_found")
        if request.method not in ("GET", "POST"):
            return wire.html_response(405, "405 Not Allowed", outcome="method")
        try:
            return self._rest(request)
        except Refused as refused:
            return refused.response(catalogue.REST, self.settings.plain_slashes)

    # The authorization page

    def _authorize(self, request: Request) -> Response:
        """Redirects as if the user had agreed. Errors are shown on the page of the portal."""
        asked = request.query()
        client = self.oauth.clients.get(asked.get("client_id", ""))
        if client is None or not self.settings.installed:
            return wire.html_response(400, "Application not found or not installed",
                                      outcome="unknown_client")
        if asked.get("response_type", "code") != "code":
            return wire.html_response(400, "Invalid response_type", outcome="response_type")
        code = self.oauth.new_code(client.client_id)
        return wire.html_response(302, "302 Found", headers=[
            ("Location", self.redirect(code, asked.get("state", "")))])

    def redirect(self, code: Code, state: str) -> str:
        names = self.oauth.names
        params = {"code": code.value, "state": state,
                  "domain": self.settings.portal_domain or names.portal,
                  "member_id": self.oauth.member_id, "scope": code.scope,
                  "server_domain": self.settings.oauth_domain or names.oauth}
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())
        return code.client.handler + ("&" if "?" in code.client.handler else "?") + query

    # REST

    def _method(self, request: Request) -> str:
        return request.path.removeprefix("/rest/").lower().removesuffix(".json")

    def _rest(self, request: Request) -> Response:
        start = time.time()
        name = self._method(request)
        if name not in self.methods:
            raise Refused("ERROR_METHOD_NOT_FOUND")
        scope, answer = self.methods[name]
        pair = self.oauth.check(request)
        if not self.settings.paid_plan:
            raise Refused("ACCESS_DENIED")
        if scope and scope not in pair.chain.scope.split(","):
            raise Refused("insufficient_scope")
        result = answer(pair, request.params())
        more = result if isinstance(result, _Page) else {"result": result}
        return wire.json_response({**more, "time": self._time(start)},
                                  plain_slashes=self.settings.plain_slashes)

    def _time(self, start: float) -> dict[str, Any]:
        offset, finish = self.settings.clock_offset_s, time.time()
        return {"start": start + offset, "finish": finish + offset, "duration": finish - start,
                "processing": finish - start, "date_start": iso(start + offset),
                "date_finish": iso(finish + offset),
                "operating_reset_at": int(finish + offset) + 600, "operating": 0}

    def _app_info(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"ID": 5, "CODE": pair.chain.client.client_id, "VERSION": 1,
                "STATUS": self.settings.status, "INSTALLED": True, "PAYMENT_EXPIRED": "N",
                "DAYS": None, "LANGUAGE_ID": "en", "LICENSE": "en_basic",
                "LICENSE_TYPE": "basic", "LICENSE_FAMILY": "basic"}

    def _profile(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"ID": str(pair.chain.user_id), "ADMIN": True, "NAME": "Test", "LAST_NAME": "User",
                "PERSONAL_GENDER": "", "PERSONAL_PHOTO": None, "TIME_ZONE": "",
                "TIME_ZONE_OFFSET": 0}

    def _user(self, pair: Pair, params: dict[str, Any]) -> dict[str, Any]:
        return {"ID": str(pair.chain.user_id), "ACTIVE": True, "NAME": "Test",
                "LAST_NAME": "User", "EMAIL": "user@portal.example",
                "IS_ONLINE": "Y", "USER_TYPE": "employee", "UF_DEPARTMENT": [1]}

    def _lead_add(self, pair: Pair, params: dict[str, Any]) -> int:
        """Accepts fields as JSON, or as fields[NAME]=value of a form."""
        fields = params.get("fields")
        if not isinstance(fields, dict):
            fields = {key[7:-1]: value for key, value in params.items()
                      if key.startswith("fields[") and key.endswith("]")}
        with self._lock:
            lead_id = len(self._leads) + 1
            self._leads.append({"ID": str(lead_id), **fields})
        return lead_id

    def _lead_list(self, pair: Pair, params: dict[str, Any]) -> _Page:
        start = str(params.get("start", 0))
        first = int(start) if start.isdecimal() and len(start) < 10 else 0
        with self._lock:
            leads, total = self._leads[first:first + PAGE], len(self._leads)
        page = _Page(result=leads)
        if first + PAGE < total:
            page["next"] = first + PAGE
        page["total"] = total
        return page


class _Page(dict[str, Any]):
    """The response of a list method, which has keys beside `result`."""


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), timezone.utc).isoformat()


class Webhook:
    """Accepts and records any POST. /api/... responds as Corezoid."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.corezoid = Corezoid()
        journal.plant("corezoid_key", self.corezoid.key)

    def kind(self, request: Request) -> str:
        return "webhook"

    def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return wire.html_response(405, "405 Not Allowed", outcome="method")
        value = request.json()
        self._journal.post({"path": request.path, "json": value,
                            "content_type": request.headers.get("content-type"),
                            "text": None if value is not None
                            else request.body.decode("utf-8", "replace")})
        if request.path.startswith("/api/"):
            return wire.json_response(self.corezoid.answer(request))
        return wire.json_response({})
