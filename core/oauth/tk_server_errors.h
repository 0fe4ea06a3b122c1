/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of error codes in responses, an X-macro: TK_SERVER_ERROR(code, oauth, portal), see
 * tk_oauth.c. code: the value of "error", in any case. oauth, portal: what it means (enum tk_err
 * without TK_E_) if the authorization server or the portal sends it; our reaction is in errors.md.
 */

/* the request or the client */
TK_SERVER_ERROR("invalid_request", INVALID_REQUEST, REST_ERROR)
TK_SERVER_ERROR("no_auth_found", INVALID_REQUEST, REST_ERROR)
TK_SERVER_ERROR("invalid_client", INVALID_CLIENT, REST_ERROR)
TK_SERVER_ERROR("wrong_client", WRONG_CLIENT, REST_ERROR)
TK_SERVER_ERROR("unauthorized_client", UNAUTHORIZED_CLIENT, REST_ERROR)
TK_SERVER_ERROR("unsupported_grant_type", UNSUPPORTED_GRANT, REST_ERROR)
TK_SERVER_ERROR("invalid_scope", INVALID_SCOPE, INVALID_SCOPE)
TK_SERVER_ERROR("insufficient_scope", INVALID_SCOPE, INVALID_SCOPE)
TK_SERVER_ERROR("not_installed", NOT_INSTALLED, NOT_INSTALLED)
TK_SERVER_ERROR("error_oauth", NOT_INSTALLED, NOT_INSTALLED)
TK_SERVER_ERROR("application_not_found", NOT_INSTALLED, NOT_INSTALLED)

/* authorization code, pair, access token, user */
TK_SERVER_ERROR("invalid_grant", INVALID_GRANT, REST_ERROR)
TK_SERVER_ERROR("bad_verification_code", INVALID_GRANT, REST_ERROR)
TK_SERVER_ERROR("expired_token", EXPIRED_TOKEN, TOKEN_REFUSED)
TK_SERVER_ERROR("invalid_token", OAUTH_ERROR, TOKEN_REFUSED)
TK_SERVER_ERROR("authorization_error", USER_REFUSED, USER_REFUSED)

/* payment and permission */
TK_SERVER_ERROR("payment_required", PAYMENT_REQUIRED, PAYMENT_REQUIRED)
TK_SERVER_ERROR("access_denied", ACCESS_DENIED, ACCESS_DENIED)
TK_SERVER_ERROR("user_access_error", ACCESS_DENIED, ACCESS_DENIED)
TK_SERVER_ERROR("portal_deleted", PORTAL_CLOSED, PORTAL_CLOSED)
/* from the portal: Bitrix24's staff blocked it */
TK_SERVER_ERROR("overload_limit", SERVER_BUSY, PORTAL_CLOSED)

/* transient */
TK_SERVER_ERROR("query_limit_exceeded", SERVER_BUSY, SERVER_BUSY)
TK_SERVER_ERROR("operation_time_limit", SERVER_BUSY, SERVER_BUSY)
TK_SERVER_ERROR("temporarily_unavailable", SERVER_BUSY, SERVER_BUSY)
TK_SERVER_ERROR("server_error", SERVER_ERROR, SERVER_ERROR)
TK_SERVER_ERROR("connection_error", SERVER_ERROR, SERVER_ERROR)
TK_SERVER_ERROR("internal_server_error", SERVER_ERROR, SERVER_ERROR)
TK_SERVER_ERROR("error_unexpected_answer", SERVER_ERROR, SERVER_ERROR)
