# SPDX-License-Identifier: Apache-2.0
"""Control of the servers: operations as methods, and the same as JSON over HTTP."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import catalogue
import certs
import oddities
import wire
from faults import LISTENERS
from oauth import Client, DEFAULT_HANDLER, DEFAULT_SCOPE, OAuth, new_client_id, new_client_secret
from portal import Portal
from server import Listener, Shared
from wire import Request, Response


@dataclass(frozen=True)
class Route:
    method: str
    path: str
    operation: str      # the method of Control
    help: str


ROUTES = (
    Route("GET", "/state", "state", "clients, codes, pairs, settings, counters; secrets as the "
          "first 8 hex digits of their SHA-256"),
    Route("POST", "/settings", "set", "{name: value, ...} changes settings"),
    Route("POST", "/code", "code", "{client_id?, state?, user_id?, scope?}: authorizes as a "
          "user; returns {code, redirect}"),
    Route("POST", "/client", "add_client", "{client_id?, client_secret?, scope?, handler?}: "
          "registers one more application; returns {client_id, client_secret}"),
    Route("POST", "/secret", "renew_secret", "{client_id?, client_secret?}: the administrator "
          "renews the secret; returns {client_id, client_secret}"),
    Route("GET", "/fault", "faults", "the armed faults"),
    Route("POST", "/fault", "fault", "{listener, kind, path?, count?, skip?, process?, ...}: arms "
          "a fault"),
    Route("DELETE", "/fault", "clear_faults", "?listener= clears the faults of one, else all"),
    Route("POST", "/release", "release", "sends the responses that the fault `hold` holds back; "
          "returns {released}"),
    Route("GET", "/errors", "errors", "the catalogue of errors"),
    Route("GET", "/oddities", "oddities", "the oddities that the fault `odd` can send"),
    Route("GET", "/log", "log", "?since=N: requests and other events after entry N"),
    Route("GET", "/calls", "calls", "?since=N: calls of REST methods after entry N, with the "
          "values that arrived"),
    Route("POST", "/bill", "bill", "{method, seconds, client_id?}: operating time of a method"),
    Route("GET", "/webhook", "posts", "POSTs that the webhook received"),
    Route("GET", "/planted", "planted", "every secret issued or received, in full, for leak "
          "tests"),
    Route("POST", "/expire", "expire", "expires all access tokens"),
    Route("POST", "/revoke", "revoke", "revokes all pairs"),
    Route("POST", "/drop", "drop", "{listener?}: closes all connections and waits for their end"),
    Route("POST", "/forget", "forget_sessions", "discards the TLS sessions: none can be resumed"),
    Route("POST", "/reset", "reset", "restores the initial state; keeps the list of secrets"),
)


class Control:
    """The operations. Each raises ValueError for an invalid argument."""

    def __init__(self, directory: Path, shared: Shared, oauth: OAuth, portal: Portal) -> None:
        self._directory, self._shared = directory, shared
        self._oauth, self._portal = oauth, portal
        self._listeners: dict[str, Listener] = {}
        self._at_start = shared.settings.as_dict()

    def state(self) -> dict[str, Any]:
        return {**self._oauth.state(), "settings": self._shared.settings.as_dict(),
                "counters": self._shared.journal.counters()}

    def set(self, **settings: Any) -> dict[str, Any]:
        for name, value in settings.items():
            stem = certs.CHOICES.get(value) if isinstance(value, str) else None
            if name.endswith("_cert") and stem and not (self._directory / f"{stem}.pem").is_file():
                raise ValueError(f"no certificate {value}; start with --{value}")
        self._shared.settings.update(settings)
        return self._shared.settings.as_dict()

    def code(self, client_id: str | None = None, state: str = "", user_id: int | None = None,
             scope: str | None = None) -> dict[str, str]:
        _typed(str, client_id=client_id, state=state, scope=scope)
        _typed(int, user_id=user_id)
        if client_id is not None and client_id not in self._oauth.clients:
            raise ValueError("no such client_id")
        code = self._oauth.new_code(client_id, user_id, scope)
        return {"code": code.value, "redirect": self._portal.redirect(code, state)}

    def add_client(self, client_id: str | None = None, client_secret: str | None = None,
                   scope: str = DEFAULT_SCOPE, handler: str = DEFAULT_HANDLER) -> dict[str, str]:
        _typed(str, client_id=client_id, client_secret=client_secret, scope=scope, handler=handler)
        client = self._oauth.add_client(Client(client_id or new_client_id(), client_secret
                                               or new_client_secret(), scope, handler))
        return {"client_id": client.client_id, "client_secret": client.client_secret}

    def renew_secret(self, client_id: str | None = None,
                     client_secret: str | None = None) -> dict[str, str]:
        _typed(str, client_id=client_id, client_secret=client_secret)
        if client_id is not None and client_id not in self._oauth.clients:
            raise ValueError("no such client_id")
        client = self._oauth.renew_secret(client_id, client_secret or new_client_secret())
        return {"client_id": client.client_id, "client_secret": client.client_secret}

    def fault(self, listener: str, kind: str, path: str = "", count: int = 1, skip: int = 0,
              process: bool | None = None, **args: Any) -> dict[str, Any]:
        return self._shared.faults.add(listener, kind, path, count, skip, process,
                                       **args).as_dict()

    def faults(self) -> list[dict[str, Any]]:
        return self._shared.faults.list()

    def clear_faults(self, listener: str | None = None) -> dict[str, int]:
        if listener is not None and listener not in LISTENERS:
            raise ValueError(f"listener is one of {', '.join(LISTENERS)}, not {listener!r}")
        return {"cleared": self._shared.faults.clear(listener)}

    def release(self) -> dict[str, int]:
        return {"released": self._shared.faults.release()}

    def errors(self) -> list[dict[str, Any]]:
        return [{"server": row.where, "code": row.code, "status": row.status,
                 "description": row.description} for row in catalogue.TABLE]

    def oddities(self) -> list[dict[str, str]]:
        return [{"name": row.name, "help": row.help} for row in oddities.TABLE]

    def log(self, since: int | str = 0) -> list[dict[str, Any]]:
        return self._shared.journal.log(int(since))

    def calls(self, since: int | str = 0) -> list[dict[str, Any]]:
        return self._shared.journal.calls(int(since))

    def bill(self, method: str, seconds: float, client_id: str | None = None) -> dict[str, Any]:
        _typed(str, method=method, client_id=client_id)
        client = self._oauth.first if client_id is None else client_id
        self._portal.rest.operating.book(client, method, float(seconds))
        return {"operating": self._portal.rest.operating.used(client, method)[0]}

    def posts(self) -> list[dict[str, Any]]:
        return self._shared.journal.posts()

    def planted(self) -> list[dict[str, str]]:
        return self._shared.journal.planted()

    def expire(self) -> dict[str, int]:
        return {"expired": self._oauth.expire()}

    def revoke(self) -> dict[str, int]:
        return {"revoked": self._oauth.revoke()}

    def drop(self, listener: str | None = None) -> dict[str, int]:
        if listener is not None and listener not in LISTENERS:
            raise ValueError(f"listener is one of {', '.join(LISTENERS)}, not {listener!r}")
        return {"dropped": sum(self._listeners[name].drop() for name in LISTENERS
                               if listener in (None, name))}

    def forget_sessions(self) -> dict[str, Any]:
        self._shared.tls.forget_sessions()
        return {}

    def reset(self) -> dict[str, Any]:
        self._shared.settings.update(self._at_start)
        self._shared.faults.clear()
        self._oauth.reset()
        self._portal.reset()
        self._shared.journal.clear()
        return {}


class Service:
    """The control port."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def kind(self, request: Request) -> str:
        return "control"

    def handle(self, request: Request) -> Response:
        if "origin" in request.headers:     # a web page in the browser of a developer
            return _error_response("not available to browsers", 403)
        at_path = [route for route in ROUTES if route.path == request.path]
        for route in at_path:
            if route.method == request.method:
                return self._call(route, request)
        if at_path:
            methods = ", ".join(route.method for route in at_path)
            return _error_response(f"{request.path} supports {methods}", 405)
        routes = ", ".join(f"{route.method} {route.path}" for route in ROUTES)
        return _error_response(f"not found; supported: {routes}", 404)

    def _call(self, route: Route, request: Request) -> Response:
        body = request.json() if request.body else {}
        if not isinstance(body, dict):
            return _error_response("the body is not a JSON object")
        operation = getattr(self._control, route.operation)
        args = {**request.query(), **body}
        try:
            inspect.signature(operation).bind(**args)
        except TypeError as error:
            return _error_response(str(error))
        try:
            return wire.json_response(operation(**args))
        except ValueError as error:
            return _error_response(str(error))


def _error_response(words: str, status: int = 400) -> Response:
    return wire.json_response({"error": words}, status)


def _typed(wanted: type, **values: Any) -> None:
    for name, value in values.items():
        if value is not None and type(value) is not wanted:
            raise ValueError(f"{name} must be {wanted.__name__}, not {value!r}")
