# SPDX-License-Identifier: Apache-2.0
"""The OAuth server of Bitrix24: issues, redeems, rotates and rejects codes and tokens."""

from __future__ import annotations

import base64
import re
import secrets
import string
import struct
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import catalogue
import wire
from journal import digest, secrets_of
from server import Shared
from wire import Request, Response

DEFAULT_SCOPE = "crm,im,task,user"
DEFAULT_HANDLER = "http://localhost:7000"
ZONE = timezone(timedelta(hours=3))     # of the servers


class Refused(Exception):
    """An error response of the catalogue."""

    def __init__(self, code: str, description: str | None = None, status: int | None = None
                 ) -> None:
        super().__init__(code)
        self.code, self._description, self._status = code, description, status

    def body(self, where: str) -> dict[str, Any]:
        return catalogue.find(self.code, where).body(self._description)

    def status(self, where: str) -> int:
        return self._status or catalogue.find(self.code, where).status


@dataclass
class Client:
    """An application registered on the portal."""
    client_id: str
    client_secret: str
    scope: str = DEFAULT_SCOPE
    handler: str = DEFAULT_HANDLER


@dataclass
class Pair:
    """The two tokens of one response."""
    access: str
    refresh: str
    access_until: float
    refresh_until: float
    generation: int
    chain: Chain
    replaced_at: float | None = None


@dataclass
class Chain:
    """The pairs issued from one code, each in place of the one before. The last one is valid."""
    client: Client
    user_id: int
    scope: str
    pairs: list[Pair] = field(default_factory=list)
    revoked: bool = False


@dataclass
class Code:
    value: str
    client: Client
    user_id: int
    scope: str
    until: float
    chain: Chain | None = None      # set when the code has been exchanged


@dataclass
class Names:
    """host[:port] of the two servers, known once they listen."""
    oauth: str = ""
    portal: str = ""


def new_client_id() -> str:
    return f"local.{secrets.token_hex(7)}.{secrets.randbelow(10 ** 8):08}"


def new_client_secret() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(50))


def new_token(expiry: float, user_id: int, digits: int = 70) -> str:
    """Hex of: expiry, little-endian, in bytes 0-3; user id, big-endian, in 12-15; else random."""
    raw = bytearray(secrets.token_bytes(digits // 2))
    struct.pack_into("<I", raw, 0, int(expiry) & 0xFFFFFFFF)
    struct.pack_into(">I", raw, 12, user_id & 0xFFFFFFFF)
    return raw.hex()


def as_text(token: str, characters: str) -> str:
    """The token in the characters of JSON Web Tokens, or in all visible ones (RFC 6749 A.12)."""
    if characters == "hex":
        return token
    text = base64.b64encode(bytes.fromhex(token), b"-_").decode().rstrip("=")
    if characters == "jwt":
        return "eyJ." + text[3:-8] + "." + text[-8:]
    return text[:-8] + "".join(map(chr, range(0x21, 0x7f))) + text[-8:]


class OAuth:
    """Clients, codes and pairs; serves /oauth/token/ and /rest/app.info."""

    def __init__(self, shared: Shared, names: Names, client: Client) -> None:
        self.shared, self.settings, self.names = shared, shared.settings, names
        self.member_id = secrets.token_hex(16)
        self._lock = threading.RLock()
        self._first = client
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self.clients: dict[str, Client] = {}
            self._codes: dict[str, Code] = {}
            self._chains: list[Chain] = []
            self._access: dict[str, Pair] = {}
            self._refresh: dict[str, Pair] = {}
            self.add_client(replace(self._first))

    # Operations of the control port

    @property
    def first(self) -> str:
        return self._first.client_id

    def add_client(self, client: Client) -> Client:
        with self._lock:
            self.clients[client.client_id] = client
        self.shared.journal.plant("client_secret", client.client_secret)
        return client

    def renew_secret(self, client_id: str | None, secret: str) -> Client:
        with self._lock:
            client = self.clients[client_id or self._first.client_id]
            client.client_secret = secret
        self.shared.journal.plant("client_secret", secret)
        return client

    def new_code(self, client_id: str | None = None, user_id: int | None = None,
                 scope: str | None = None) -> Code:
        with self._lock:
            client = self.clients[client_id or self._first.client_id]
            user = self.settings.user_id if user_id is None else user_id
            until = self.shared.now() + self.settings.code_life_s
            code = Code(new_token(until, user, self.settings.token_digits), client, user,
                        client.scope if scope is None else scope, until)
            self._codes[code.value] = code
        self.shared.journal.plant("code", code.value)
        return code

    def revoke(self) -> int:
        """Revokes all pairs, as when the application is removed from the portal."""
        with self._lock:
            alive = [chain for chain in self._chains if not chain.revoked]
            for chain in alive:
                chain.revoked = True
            return len(alive)

    def expire(self) -> int:
        """Expires all access tokens."""
        with self._lock:
            chains = [chain for chain in self._chains if not chain.revoked]
            for pair in [pair for chain in chains for pair in chain.pairs]:
                pair.access_until = min(pair.access_until, self.shared.now())
            return len(chains)

    def state(self) -> dict[str, Any]:
        now = self.shared.now()
        with self._lock:
            return {
                "clients": [{"client_id": c.client_id, "client_secret": digest(c.client_secret),
                             "scope": c.scope, "handler": c.handler}
                            for c in self.clients.values()],
                "codes": [{"code": digest(c.value), "used": c.chain is not None,
                           "expires_in": round(c.until - now, 1)} for c in self._codes.values()],
                "pairs": [{"client_id": chain.client.client_id, "user_id": chain.user_id,
                           "scope": chain.scope, "revoked": chain.revoked,
                           "generation": pair.generation,
                           "access_token": digest(pair.access),
                           "refresh_token": digest(pair.refresh),
                           "expires_in": round(pair.access_until - now, 1),
                           "refresh_expires_in": round(pair.refresh_until - now, 1)}
                          for chain in self._chains for pair in chain.pairs[-1:]]}

    # Requests of clients

    def kind(self, request: Request) -> str:
        if request.path.startswith("/oauth/token"):
            return {"authorization_code": "exchange", "refresh_token": "refresh"}.get(
                str(request.params().get("grant_type")), "token")
        return "oauth"

    def handle(self, request: Request) -> Response:
        pages: dict[str, Callable[[Request], Any]] = {
            "/oauth/token/": self._token, "/rest/app.info": self._app_info,
            "/rest/app.info.json": self._app_info}
        if request.path == "/oauth/token":
            return wire.html_response(301, "301 Moved Permanently", outcome="moved", headers=[
                ("Location", f"https://{self.names.oauth}/oauth/token/")])
        path = re.sub("/+", "/", request.path)
        if path.startswith("/rest/"):
            path = path.removesuffix("/")
        if path not in pages:
            return wire.html_response(404, "404 Not Found", outcome="not_found")
        if request.method not in ("GET", "POST"):
            return wire.html_response(405, "405 Not Allowed", outcome="method")
        try:
            return wire.json_response(pages[path](request),
                                      plain_slashes=self.settings.plain_slashes)
        except Refused as refused:
            return wire.json_response(
                refused.body(catalogue.OAUTH), refused.status(catalogue.OAUTH),
                self.settings.plain_slashes, outcome=refused.code)

    def _token(self, request: Request) -> dict[str, Any]:
        params = request.params()

        def need(name: str) -> str:
            value = params.get(name)
            if not isinstance(value, str) or not value:
                raise Refused("invalid_request", f'No "{name}" parameter found')
            return value

        grant = need("grant_type")
        spends = {"authorization_code": "code", "refresh_token": "refresh_token"}.get(grant)
        if spends is None:
            raise Refused("invalid_request", 'Invalid "grant_type" parameter')
        with self._lock:
            client = self.clients.get(need("client_id"))
            if client is None:
                raise Refused("wrong_client")
            if not secrets.compare_digest(need("client_secret").encode("utf-8", "replace"),
                                          client.client_secret.encode()):
                raise Refused("invalid_client")
            self._check_application()
            value = need(spends)
            pair = self._exchange(client, value) if spends == "code" else self._renew(client, value)
            self.shared.journal.plant("access_token", pair.access)
            self.shared.journal.plant("refresh_token", pair.refresh)
            return self._answer(pair)

    def _check_application(self) -> None:
        if not self.settings.installed:
            raise Refused("NOT_INSTALLED")
        if not self.settings.app_paid:
            raise Refused("PAYMENT_REQUIRED")

    def _exchange(self, client: Client, value: str) -> Pair:
        code = self._codes.get(value)
        if code is None or code.client is not client:
            raise Refused("invalid_grant")
        if code.chain:
            if self.settings.code_reuse_revokes:        # RFC 6749, 4.1.2
                code.chain.revoked = True
            raise Refused("invalid_grant")
        if self.shared.now() >= code.until:
            raise Refused("expired_token")
        code.chain = Chain(client, code.user_id, code.scope)
        self._chains.append(code.chain)
        return self._issue(code.chain)

    def _renew(self, client: Client, value: str) -> Pair:
        pair, now = self._refresh.get(value), self.shared.now()
        if pair is None or pair.chain.client is not client or pair.chain.revoked:
            raise Refused("invalid_grant")
        if now >= pair.refresh_until:
            raise Refused(self.settings.expired_refresh_error)
        if pair.replaced_at is not None and (now >= pair.replaced_at
                                             + self.settings.old_refresh_grace_s):
            pair.chain.revoked = self.settings.refresh_reuse_revokes
            raise Refused("invalid_grant")
        # Also during the grace period only the newest pair is valid: chains do not branch.
        pair.chain.pairs[-1].replaced_at = now
        return self._issue(pair.chain)

    def _issue(self, chain: Chain) -> Pair:
        now, digits = self.shared.now(), self.settings.token_digits
        until, refresh_until = now + self.settings.access_life_s, now + self.settings.refresh_life_s
        access, refresh = (as_text(new_token(end, chain.user_id, digits), self.settings.token_text)
                           for end in (until, refresh_until))
        if chain.pairs and not self.settings.rotates:
            refresh, refresh_until = chain.pairs[-1].refresh, chain.pairs[-1].refresh_until
        pair = Pair(access, refresh, until, refresh_until, len(chain.pairs) + 1, chain)
        chain.pairs.append(pair)
        self._access[pair.access] = self._refresh[pair.refresh] = pair
        return pair

    def _answer(self, pair: Pair) -> dict[str, Any]:
        """The body of a successful response, keys in the order of the real server."""
        settings = self.settings
        oauth = settings.oauth_domain or self.names.oauth
        portal = settings.portal_domain or self.names.portal
        as_number = str if settings.numbers_as_strings else int
        body: dict[str, Any] = {
            "access_token": pair.access, "expires": as_number(int(pair.access_until)),
            "expires_in": as_number(settings.access_life_s),
            "scope": "app" if settings.scope_is_app else pair.chain.scope, "domain": oauth,
            "server_endpoint": f"https://{oauth}/rest/", "status": settings.status,
            "client_endpoint": f"https://{portal}/rest/", "member_id": self.member_id,
            "user_id": as_number(pair.chain.user_id), "refresh_token": pair.refresh}
        if settings.omit_expires:
            del body["expires"]
        if settings.omit_user_id:
            del body["user_id"]
        if settings.extra_fields:
            body = {"token_type": "bearer", "meta": {"access_token": "not this one", "expires": []},
                    **body, "note": "\u041f\u0440\u0438\u0432\u0435\u0442 \"\\ \u20ac \U0001f600",
                    "list": [1, -2.5e3, True, None, {"a": [[]]}]}
        return body

    # Checks of access tokens, for the portal

    def check(self, request: Request) -> Pair:
        """The pair of the access token in a request; raises Refused."""
        found = secrets_of(request)
        token = found.get("bearer") or found.get("auth") or found.get("access_token")
        if not token:
            raise Refused("NO_AUTH_FOUND")
        with self._lock:
            pair, now = self._access.get(token), self.shared.now()
            if pair is None:
                raise Refused("invalid_token")
            if not self.settings.installed:
                raise Refused("ERROR_OAUTH")
            if not self.settings.app_paid:
                raise Refused("PAYMENT_REQUIRED")
            if pair.chain.revoked or (pair.replaced_at is not None and now >= pair.replaced_at
                                      + self.settings.old_access_grace_s):
                raise Refused(self.settings.dead_access_error)
            if now >= pair.access_until:
                raise Refused("expired_token")
            return pair

    def _app_info(self, request: Request) -> dict[str, Any]:
        """The authoritative check of a token, by the OAuth server itself; as the official Python SDK
        reads it."""
        pair, now = self.check(request), self.shared.now()
        portal = self.settings.portal_domain or self.names.portal
        install = {"installed": True, "version": "1", "status": self.settings.status,
                   "scope": pair.chain.scope, "domain": portal, "uri": f"https://{portal}",
                   "client_endpoint": f"https://{portal}/rest/", "member_id": self.member_id,
                   "member_type": "client"}
        return {"result": {"client_id": pair.chain.client.client_id, "scope": pair.chain.scope,
                           "expires": iso(pair.access_until), "install": install,
                           "user_id": str(pair.chain.user_id)},
                "time": {"start": now, "finish": now, "duration": 0.0, "processing": 0.0,
                         "date_start": iso(now), "date_finish": iso(now)}}


def iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), ZONE).isoformat()
