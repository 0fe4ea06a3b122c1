# SPDX-License-Identifier: Apache-2.0
"""A portal of Bitrix24: the authorization page, and REST (rest.py, rest3.py).

And the webhook that an application reports to; below /api/ it is Corezoid.
"""

from __future__ import annotations

from urllib.parse import quote

import wire
from corezoid import Corezoid
from journal import Journal
from oauth import Code, OAuth
from rest import Rest
from rest3 import Rest3, is_rest3
from server import Shared
from wire import Request, Response


class Portal:
    def __init__(self, shared: Shared, oauth: OAuth) -> None:
        self.settings, self.oauth = shared.settings, oauth
        self.rest = Rest(shared, oauth)
        self.rest3 = Rest3(self.rest)

    def reset(self) -> None:
        self.rest.reset()
        self.rest3.reset()

    def kind(self, request: Request) -> str:
        if request.path.startswith("/oauth/authorize"):
            return "authorize"
        return self._version(request).kind(request)

    def handle(self, request: Request) -> Response:
        if request.path in ("/oauth/authorize/", "/oauth/authorize"):
            return self._authorize(request)
        if not request.path.startswith("/rest/"):
            return wire.html_response(404, "404 Not Found", outcome="not_found")
        if request.method not in ("GET", "POST"):
            return wire.html_response(405, "405 Not Allowed", outcome="method")
        return self._version(request).handle(request)

    def _version(self, request: Request) -> Rest | Rest3:
        return self.rest3 if is_rest3(request.path) else self.rest

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


class Webhook:
    """Accepts and records any POST. /api/... responds as Corezoid."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.corezoid = Corezoid()
        journal.plant("corezoid_key", self.corezoid.key)
        journal.plant("corezoid_token_key", self.corezoid.token_key)

    def kind(self, request: Request) -> str:
        return "webhook"

    def handle(self, request: Request) -> Response:
        if request.method != "POST":
            return wire.html_response(405, "405 Not Allowed", outcome="method")
        value = request.json()
        self._journal.post({"path": request.path, "json": value,
                            "content_type": request.headers.get("content-type"),
                            "authorization": request.headers.get("authorization"),
                            "text": None if value is not None
                            else request.body.decode("utf-8", "replace")})
        if request.path.startswith("/api/"):
            return wire.json_response(self.corezoid.answer(request))
        return wire.json_response({})
