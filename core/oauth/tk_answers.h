/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every word that is known to stand behind "error" in an answer, and what it means: from the
 * authorization server, and from the portal. Read several times, each time with another
 * TK_ANSWER(word, oauth, portal); see tk_oauth.c. What follows stands in errors.md. Letter case
 * differs from server to server.
 */

/* the request or the application */
TK_ANSWER("invalid_request", INVALID_REQUEST, REST_ERROR)
TK_ANSWER("no_auth_found", INVALID_REQUEST, REST_ERROR)
TK_ANSWER("invalid_client", INVALID_CLIENT, REST_ERROR)
TK_ANSWER("wrong_client", WRONG_CLIENT, REST_ERROR)
TK_ANSWER("invalid_scope", INVALID_SCOPE, INVALID_SCOPE)
TK_ANSWER("insufficient_scope", INVALID_SCOPE, INVALID_SCOPE)
TK_ANSWER("not_installed", NOT_INSTALLED, NOT_INSTALLED)
TK_ANSWER("error_oauth", NOT_INSTALLED, NOT_INSTALLED)
TK_ANSWER("application_not_found", NOT_INSTALLED, NOT_INSTALLED)

/* the pair, the code, the token, the user */
TK_ANSWER("invalid_grant", INVALID_GRANT, REST_ERROR)
TK_ANSWER("bad_verification_code", INVALID_GRANT, REST_ERROR)
TK_ANSWER("expired_token", EXPIRED_TOKEN, TOKEN_REFUSED)
TK_ANSWER("invalid_token", OAUTH_ERROR, TOKEN_REFUSED)
TK_ANSWER("authorization_error", OAUTH_ERROR, USER_REFUSED)

/* payment and permission */
TK_ANSWER("payment_required", PAYMENT_REQUIRED, PAYMENT_REQUIRED)
TK_ANSWER("access_denied", ACCESS_DENIED, ACCESS_DENIED)
TK_ANSWER("user_access_error", ACCESS_DENIED, ACCESS_DENIED)
TK_ANSWER("portal_deleted", PORTAL_CLOSED, PORTAL_CLOSED)
TK_ANSWER("overload_limit", SERVER_BUSY, PORTAL_CLOSED) /* a block by Bitrix24's own people */

/* what passes */
TK_ANSWER("query_limit_exceeded", SERVER_BUSY, SERVER_BUSY)
TK_ANSWER("operation_time_limit", SERVER_BUSY, SERVER_BUSY)
TK_ANSWER("connection_error", SERVER_ERROR, SERVER_ERROR)
TK_ANSWER("internal_server_error", SERVER_ERROR, SERVER_ERROR)
TK_ANSWER("error_unexpected_answer", SERVER_ERROR, SERVER_ERROR)
