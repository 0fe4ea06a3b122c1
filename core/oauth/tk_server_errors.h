/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of error codes in responses, an X-macro: TK_SERVER_ERROR(oauth, portal, code), see
 * tk_oauth_response.c. oauth, portal: what it means (enum tk_err without TK_E_) if the
 * authorization server or the portal sends it; our reaction is in errors.md. code: the value of
 * "error", in any case.
 */

/* the request or the client */
TK_SERVER_ERROR(INVALID_REQUEST, REST_ERROR, "invalid_request")
TK_SERVER_ERROR(INVALID_REQUEST, REST_ERROR, "no_auth_found")
TK_SERVER_ERROR(INVALID_CLIENT, REST_ERROR, "invalid_client")
TK_SERVER_ERROR(WRONG_CLIENT, REST_ERROR, "wrong_client")
TK_SERVER_ERROR(UNAUTHORIZED_CLIENT, REST_ERROR, "unauthorized_client")
TK_SERVER_ERROR(UNSUPPORTED_GRANT, REST_ERROR, "unsupported_grant_type")
TK_SERVER_ERROR(INVALID_SCOPE, INVALID_SCOPE, "invalid_scope")
TK_SERVER_ERROR(INVALID_SCOPE, INVALID_SCOPE, "insufficient_scope")
TK_SERVER_ERROR(NOT_INSTALLED, NOT_INSTALLED, "not_installed")
TK_SERVER_ERROR(NOT_INSTALLED, NOT_INSTALLED, "error_oauth")
TK_SERVER_ERROR(NOT_INSTALLED, NOT_INSTALLED, "application_not_found")

/* authorization code, pair, access token, user */
TK_SERVER_ERROR(INVALID_GRANT, REST_ERROR, "invalid_grant")
TK_SERVER_ERROR(INVALID_GRANT, REST_ERROR, "bad_verification_code")
TK_SERVER_ERROR(EXPIRED_TOKEN, TOKEN_REFUSED, "expired_token")
TK_SERVER_ERROR(OAUTH_ERROR, TOKEN_REFUSED, "invalid_token")
TK_SERVER_ERROR(USER_REFUSED, USER_REFUSED, "authorization_error")

/* payment and permission */
TK_SERVER_ERROR(PAYMENT_REQUIRED, PAYMENT_REQUIRED, "payment_required")
TK_SERVER_ERROR(ACCESS_DENIED, ACCESS_DENIED, "access_denied")
TK_SERVER_ERROR(ACCESS_DENIED, ACCESS_DENIED, "user_access_error")
TK_SERVER_ERROR(PORTAL_CLOSED, PORTAL_CLOSED, "portal_deleted")
/* from the portal: Bitrix24's staff blocked it */
TK_SERVER_ERROR(SERVER_BUSY, PORTAL_CLOSED, "overload_limit")

/* transient */
TK_SERVER_ERROR(SERVER_BUSY, SERVER_BUSY, "query_limit_exceeded")
TK_SERVER_ERROR(SERVER_BUSY, SERVER_BUSY, "operation_time_limit")
TK_SERVER_ERROR(SERVER_BUSY, SERVER_BUSY, "temporarily_unavailable")
TK_SERVER_ERROR(SERVER_ERROR, SERVER_ERROR, "server_error")
TK_SERVER_ERROR(SERVER_ERROR, SERVER_ERROR, "connection_error")
TK_SERVER_ERROR(SERVER_ERROR, SERVER_ERROR, "internal_server_error")
TK_SERVER_ERROR(SERVER_ERROR, SERVER_ERROR, "error_unexpected_answer")
