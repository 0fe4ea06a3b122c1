# SPDX-License-Identifier: Apache-2.0
"""The error responses of Bitrix24: one table of codes, HTTP statuses and descriptions.

The fault `error` returns any row; the rules in oauth.py and portal.py use the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

OAUTH, REST, REST3 = "oauth", "rest", "rest3"


@dataclass(frozen=True)
class Row:
    where: str          # the server: oauth, rest, or rest3 for the format of REST 3.0
    code: str
    status: int
    description: str    # empty: the real response has no error_description

    def body(self, description: str | None = None) -> dict[str, Any]:
        words = self.description if description is None else description
        if self.where == REST3:
            return {"error": {"code": self.code, "message": words}}
        return {"error": self.code, "error_description": words} if words else {"error": self.code}


V3 = "BITRIX_REST_V3_EXCEPTION_"

# The status of PAYMENT_REQUIRED and expired_token at the OAuth server has never been observed:
# these two are assumptions, and a client must not depend on them.
TABLE = (
    Row(OAUTH, "invalid_request", 400, 'No "grant_type" parameter found'),
    Row(OAUTH, "invalid_client", 400, ""),
    Row(OAUTH, "wrong_client", 200, ""),
    Row(OAUTH, "invalid_grant", 400, ""),
    Row(OAUTH, "bad_verification_code", 400, ""),
    Row(OAUTH, "expired_token", 400, "The authorization token provided has expired."),
    Row(OAUTH, "invalid_scope", 403, ""),
    Row(OAUTH, "insufficient_scope", 403, ""),
    Row(OAUTH, "PAYMENT_REQUIRED", 401, "Payment required"),
    Row(OAUTH, "NOT_INSTALLED", 401, "Application not installed"),
    Row(OAUTH, "ERROR_OAUTH", 401, "Application not installed"),
    Row(OAUTH, "NO_AUTH_FOUND", 401, "Wrong authorization data"),
    Row(OAUTH, "verification_needed", 401, ""),

    Row(REST, "expired_token", 401, "The access token provided has expired"),
    Row(REST, "invalid_token", 401, "Unable to get application by token"),
    Row(REST, "NO_AUTH_FOUND", 401, "Wrong authorization data"),
    Row(REST, "CONNECTION_ERROR", 401, "Error connecting to authorization server"),
    Row(REST, "APPLICATION_NOT_FOUND", 401, "Application not found"),
    Row(REST, "ERROR_OAUTH", 401, "Application not installed"),
    Row(REST, "authorization_error", 401, "Unable to authorize user"),
    Row(REST, "user_access_error", 401, "The user does not have access to the application."),
    Row(REST, "insufficient_scope", 401,
        "The request requires higher privileges than provided by the access token"),
    Row(REST, "INVALID_CREDENTIALS", 401, "Invalid request credentials"),
    Row(REST, "PAYMENT_REQUIRED", 401, "Subscription has been ended"),
    Row(REST, "ACCESS_DENIED", 401, "REST is available only on commercial plans."),
    Row(REST, "METHOD_CONFIRM_WAITING", 401, "Waiting for confirmation"),
    Row(REST, "METHOD_CONFIRM_DENIED", 403, "Method call denied"),
    Row(REST, "WRONG_AUTH_TYPE", 403, "Current authorization type is denied for this method"),
    Row(REST, "ALLOWED_ONLY_INTRANET_USER", 403, "Allowed only for intranet users"),
    Row(REST, "ACCESS_ERROR", 403, "Access error"),
    Row(REST, "INVALID_REQUEST", 400, "Https required"),
    Row(REST, "INVALID_ARG_VALUE", 400, "Invalid value of an argument"),
    Row(REST, "ERROR_ARGUMENT", 400, "The value of an argument is invalid"),
    Row(REST, "ERROR_CORE", 400, "Internal error"),
    Row(REST, "ERROR_METHOD_NOT_FOUND", 404, "Method not found!"),
    Row(REST, "NOT_FOUND", 404, "Not found"),
    Row(REST, "ERROR_NOT_FOUND", 400, "Not found"),
    Row(REST, "ERROR_MANIFEST_IS_NOT_AVAILABLE", 404, "Manifest is not available"),
    Row(REST, "ERROR_BATCH_METHOD_NOT_ALLOWED", 405, "Method is not allowed for batch usage"),
    Row(REST, "ERROR_BATCH_LENGTH_EXCEEDED", 400, "Max batch length exceeded"),
    Row(REST, "QUERY_LIMIT_EXCEEDED", 503, "Too many requests"),
    Row(REST, "OPERATION_TIME_LIMIT", 429, "Method is blocked due to operation time limit."),
    Row(REST, "OVERLOAD_LIMIT", 503, "REST API is blocked due to overload"),
    Row(REST, "INTERNAL_SERVER_ERROR", 500, "Internal server error"),
    Row(REST, "ERROR_UNEXPECTED_ANSWER", 500, "Server returned an unexpected response"),
    Row(REST, "PORTAL_DELETED", 403, "Portal was deleted"),

    # 401 for every failure of a token; rights to an object are 403.
    Row(REST3, V3 + "ACCESSDENIEDEXCEPTION", 403, "Access denied"),
    Row(REST3, V3 + "INSUFFICIENTSCOPEEXCEPTION", 403, "Insufficient scope"),
    Row(REST3, V3 + "VALIDATION_REQUESTVALIDATIONEXCEPTION", 400, "Request validation failed"),
    Row(REST3, V3 + "INVALIDJSONEXCEPTION", 400, "Invalid JSON"),
    Row(REST3, V3 + "UNKNOWNDTOPROPERTYEXCEPTION", 400, "Unknown property"),
    Row(REST3, V3 + "UNKNOWNFILTEROPERATOREXCEPTION", 400, "Unknown filter operator"),
    Row(REST3, V3 + "ENTITYNOTFOUNDEXCEPTION", 400, "Entity not found"),
    Row(REST3, V3 + "INVALIDFILTEREXCEPTION", 400, "Invalid filter"),
    Row(REST3, V3 + "INVALIDPAGINATIONEXCEPTION", 400, "Invalid pagination"),
    Row(REST3, V3 + "INVALIDORDEREXCEPTION", 400, "Invalid order"),
    Row(REST3, V3 + "INVALIDSELECTEXCEPTION", 400, "Invalid select"),
    Row(REST3, V3 + "INVALIDIDEMPOTENCYKEYEXCEPTION", 400, "Invalid idempotency key"),
    Row(REST3, V3 + "METHODNOTFOUNDEXCEPTION", 404, "Method not found"),
    Row(REST3, V3 + "IDEMPOTENCYKEYREUSEDEXCEPTION", 422,
        "Idempotency key was used for another request"),
    Row(REST3, V3 + "RATELIMITEXCEPTION", 429, "Too many requests"),
)

# Errors of single methods, which a client only passes on.
METHODS = (
    Row(REST, "", 400, "Not found"),
    Row(REST, "USER_ID_EMPTY", 400, "User ID can't be empty"),
    Row(REST, "MESSAGE_EMPTY", 400, "Message can't be empty"),
    Row(REST, "WRONG_ARGUMENTS", 400, "Wrong arguments"),
    Row(REST, "CODE_EMPTY", 400, "CODE can't be empty"),
    Row(REST, "ERROR_EVENT_NOT_FOUND", 400, "Event not found"),
)


def find(code: str, where: str) -> Row:
    """The row of a server, or that of another server where it has none with this code."""
    rows = [row for row in (*TABLE, *METHODS) if row.code == code]
    for row in rows:
        if row.where == where:
            return row
    if not rows:
        raise ValueError(f"no error {code!r} in the catalogue, see GET /errors")
    return rows[0]
