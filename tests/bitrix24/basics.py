# SPDX-License-Identifier: Apache-2.0
"""The small methods that every portal has: about the application, its user and the portal."""

from __future__ import annotations

from itertools import count
from typing import Any, Callable, Protocol

import php
from oauth import Pair, Refused, iso
from rows import Page
from server import Shared

Method = Callable[[Pair, php.Params], Any]

UNSCOPED = {"profile", "server.time", "scope", "methods", "method.get", "feature.get"}
CURRENCY = {"CURRENCY": "EUR", "BASE": "Y", "FULL_NAME": "Euro"}


class Known(Protocol):
    """What REST has."""
    methods: dict[str, Method]


def scope_of(name: str) -> str:
    """The scope that a method requires; "": none."""
    module = name.partition(".")[0]
    if name in UNSCOPED or module in ("app", "event", "batch") or ".option." in name:
        return ""
    return "task" if module == "tasks" else module


class Basics:
    def __init__(self, shared: Shared, rest: Known) -> None:
        self._shared, self._settings, self._rest = shared, shared.settings, rest
        self.reset()

    def reset(self) -> None:
        self._notifications = count(1)
        self._options: dict[tuple[str, int], dict[str, Any]] = {}   # by application and user

    def methods(self) -> dict[str, Method]:
        found: dict[str, Method] = {
            "app.info": self._app_info, "profile": self._profile, "scope": self._scope,
            "server.time": lambda pair, params: iso(self._shared.now()),
            "methods": lambda pair, params: sorted(self._rest.methods),
            "method.get": self._method_get, "user.current": self._user, "im.notify": self._notify,
            "crm.currency.base.get": lambda pair, params: CURRENCY["CURRENCY"],
            "crm.currency.list": lambda pair, params: Page(result=[CURRENCY], total=1)}
        for whose in ("app", "user"):
            found[f"{whose}.option.get"] = self._option_get(whose == "user")
            found[f"{whose}.option.set"] = self._option_set(whose == "user")
        return found

    def _app_info(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        return {"ID": 5, "CODE": pair.chain.client.client_id, "VERSION": 1,
                "STATUS": self._settings.status, "INSTALLED": True, "PAYMENT_EXPIRED": "N",
                "DAYS": None, "LANGUAGE_ID": "en", "LICENSE": "en_basic",
                "LICENSE_TYPE": "basic", "LICENSE_FAMILY": "basic"}

    def _profile(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        return {"ID": str(pair.chain.user_id), "ADMIN": True, "NAME": "Test", "LAST_NAME": "User",
                "PERSONAL_GENDER": "", "PERSONAL_PHOTO": None, "TIME_ZONE": "",
                "TIME_ZONE_OFFSET": 0}

    def _scope(self, pair: Pair, params: php.Params) -> list[str]:
        if php.is_true(params.get("full")):
            return sorted({scope_of(name) for name in self._rest.methods} - {""})
        return pair.chain.scope.split(",")

    def _method_get(self, pair: Pair, params: php.Params) -> dict[str, bool]:
        name = str(params.get("name", "")).lower()
        exists = name in self._rest.methods or name == "batch"
        return {"isExisting": exists, "isAvailable": exists and scope_of(name) in
                ("", *pair.chain.scope.split(","))}

    def _user(self, pair: Pair, params: php.Params) -> dict[str, Any]:
        now = iso(self._shared.now())
        return {"ID": str(pair.chain.user_id), "XML_ID": None, "ACTIVE": True, "NAME": "Test",
                "LAST_NAME": "User", "SECOND_NAME": "", "EMAIL": "user@portal.example",
                "LAST_LOGIN": now, "DATE_REGISTER": iso(0),
                "TIME_ZONE": "", "IS_ONLINE": "Y", "TIME_ZONE_OFFSET": "0",
                "TIMESTAMP_X": now, "LAST_ACTIVITY_DATE": now,
                "PERSONAL_GENDER": "", "PERSONAL_WWW": "", "PERSONAL_BIRTHDAY": "",
                "PERSONAL_MOBILE": "", "PERSONAL_CITY": "", "WORK_PHONE": "", "WORK_POSITION": "",
                "UF_EMPLOYMENT_DATE": "", "UF_DEPARTMENT": [1], "USER_TYPE": "employee"}

    def _notify(self, pair: Pair, params: php.Params) -> int:
        names = {name.lower(): value for name, value in params.items()}
        user, message = str(names.get("user_id", names.get("to", ""))), names.get("message")
        if not user.isdecimal() or int(user) <= 0:
            raise Refused("USER_ID_EMPTY")
        if not isinstance(message, (str, int, float)) or not str(message).strip():
            raise Refused("MESSAGE_EMPTY")
        return next(self._notifications)

    def _kept(self, pair: Pair, of_user: bool) -> dict[str, Any]:
        key = pair.chain.client.client_id, pair.chain.user_id if of_user else 0
        return self._options.setdefault(key, {})

    def _option_get(self, of_user: bool) -> Method:
        def run(pair: Pair, params: php.Params) -> Any:
            name, kept = params.get("option"), self._kept(pair, of_user)
            return kept if name is None else kept.get(str(name), "")
        return run

    def _option_set(self, of_user: bool) -> Method:
        def run(pair: Pair, params: php.Params) -> bool:
            given = params.get("options")
            if not isinstance(given, dict):
                raise Refused("ERROR_ARGUMENT", "Argument 'options' is null or empty")
            self._kept(pair, of_user).update(given)
            return True
        return run
