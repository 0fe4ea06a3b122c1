# SPDX-License-Identifier: Apache-2.0
"""The settings, which can be changed at run time: a field each, with its help text."""

from __future__ import annotations

import math
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any

from certs import CHOICES


def _setting(default: Any, help: str, choices: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": help, "choices": choices})


def _cert(listener: str) -> Any:
    return _setting("ec", f"certificate of the {listener} listener", tuple(CHOICES))


@dataclass
class Settings:
    # Codes and tokens
    code_life_s: float = _setting(30.0, "life of a code")
    access_life_s: int = _setting(3600, "life of an access token, and `expires_in`")
    refresh_life_s: int = _setting(180 * 86400, "life of a refresh token")
    old_refresh_grace_s: float = _setting(0.0, "validity of a refresh token after its use")
    old_access_grace_s: float = _setting(1e9, "... and the access token of a replaced pair, within "
                                         "its life")
    code_reuse_revokes: bool = _setting(True, "a reused code revokes the pair issued from it")
    refresh_reuse_revokes: bool = _setting(False, "a reused refresh token revokes the valid pair")
    expired_refresh_error: str = _setting("expired_token", "response to an expired refresh token",
                                          ("expired_token", "invalid_grant"))
    dead_access_error: str = _setting("invalid_token", "REST response to a replaced access token",
                                      ("invalid_token", "expired_token", "NO_AUTH_FOUND"))
    token_digits: int = _setting(70, "hex digits of codes and tokens, even, 32 to 4096")
    token_text: str = _setting("hex", "characters of tokens", ("hex", "jwt", "visible"))
    rotates: bool = _setting(True, "false: a refresh leaves the refresh token as it is")
    clock_offset_s: float = _setting(0.0, "the servers' clock is ahead by this; Date included")
    # The application on its portal
    installed: bool = _setting(True, "false: NOT_INSTALLED, ERROR_OAUTH, no authorization")
    app_paid: bool = _setting(True, "false: PAYMENT_REQUIRED from both servers")
    paid_plan: bool = _setting(True, "false: REST returns ACCESS_DENIED, tokens are issued")
    user_id: int = _setting(1, "the user who authorizes")
    status: str = _setting("L", "`status` of the application", ("L", "F", "D", "T", "P", "S"))
    oauth_domain: str = _setting("", "host[:port] of the OAuth server in responses; empty: real")
    portal_domain: str = _setting("", "host[:port] of the portal in responses; empty: real")
    # REST
    limit_rate: float = _setting(2.0, "requests per second that the portal's limit lets pass, "
                                 "0: no limit")
    limit_bucket: int = _setting(50, "... and how many at once")
    operating_limit_s: float = _setting(480.0, "operating time of a method in 10 minutes, 0: no "
                                        "limit")
    operating_s: float = _setting(0.0, "operating time that each call is billed in addition")
    operating_reported: bool = _setting(True, "false: no `operating` in `time`, as self-hosted")
    batch_is_billed: bool = _setting(False, "operating time is billed to `batch`, not its commands")
    offline_extended: bool = _setting(True, "the plan has clear=0 of event.offline.get")
    deals: int = _setting(10_000, "number of generated deals")
    # Quirks of token responses
    omit_expires: bool = _setting(False, "no `expires`")
    omit_user_id: bool = _setting(False, "no `user_id`")
    numbers_as_strings: bool = _setting(False, "expires, expires_in and user_id as strings")
    scope_is_app: bool = _setting(False, "`scope` is \"app\"")
    extra_fields: bool = _setting(False, "additional fields, some of them nested")
    plain_slashes: bool = _setting(False, "/ instead of \\/ in JSON")
    # Quirks of HTTP
    chunked: bool = _setting(False, "Transfer-Encoding: chunked, in small pieces")
    close_delimited: bool = _setting(False, "no Content-Length: the body ends with the connection")
    interim: int = _setting(0, "status of a 1xx response before each response, 0: none")
    keep_alive: bool = _setting(True, "false: Connection: close after each response")
    keep_alive_s: float = _setting(75.0, "idle timeout of connections")
    extra_headers: int = _setting(0, "number of additional headers (Set-Cookie)")
    date_offset_s: float = _setting(0.0, "error of the Date header")
    # TLS of new connections
    tls: str = _setting("any", "versions offered", ("any", "1.2", "1.3"))
    resume: bool = _setting(True, "sessions and tickets can be resumed")
    oauth_cert: str = _cert("oauth")
    portal_cert: str = _cert("portal")
    webhook_cert: str = _cert("webhook")

    def update(self, changes: dict[str, Any]) -> None:
        """Changes all or none of them; raises ValueError."""
        known = {item.name: item for item in fields(self)}
        checked = {}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"no setting {name!r}, see GET /state")
            checked[name] = self._check(name, value, known[name].metadata["choices"])
        for name, value in checked.items():
            setattr(self, name, value)

    def _check(self, name: str, value: Any, choices: tuple[str, ...]) -> Any:
        wanted = type(getattr(self, name))
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise ValueError(f"{name} must be {wanted.__name__}, not {value!r}")
        if wanted is float and not math.isfinite(value):
            raise ValueError(f"{name} must be finite")
        if choices and value not in choices:
            raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}")
        if wanted in (int, float) and value < 0 and not name.endswith("_offset_s"):
            raise ValueError(f"{name} is not negative")
        if name == "token_digits" and (value % 2 or not 32 <= value <= 4096):
            raise ValueError("token_digits is even and 32 to 4096")
        if name == "interim" and value and (not 100 <= value <= 199 or value == 101):
            raise ValueError("interim is 0 or 100 to 199, but not 101")
        return value

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def describe() -> list[tuple[str, Any, str]]:
    """Name, default and help of every setting."""
    def choices(item: Field[Any]) -> str:
        if item.name.endswith("_cert"):
            return ", as --cert"
        return f" ({'|'.join(item.metadata['choices'])})" if item.metadata["choices"] else ""
    return [(item.name, item.default, item.metadata["help"] + choices(item))
            for item in fields(Settings)]
