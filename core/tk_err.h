/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ERR_H
#define TK_ERR_H

/*
 * Every way in which something does not work: one table of a code that programs compare, and the
 * words that tell a person the next step. The codes are stable: they stand after `ERR` on the
 * console, in `last_error`, and in what is escalated.
 *
 * The action says what a refresh that ended so leads to (see tk_token.h):
 *   RETRY   try again by backoff; the server said nothing about the pair
 *   WAIT    the same, but the server did answer: it has not rotated the pair
 *   BLOCK   a person must change configuration, payment or permission; probed slowly
 *   REAUTH  the server does not honour this pair (any more)
 *   NONE    never the outcome of a refresh
 */

enum tk_action {
    TK_ACTION_NONE,
    TK_ACTION_RETRY,
    TK_ACTION_WAIT,
    TK_ACTION_BLOCK,
    TK_ACTION_REAUTH
};

#define TK_ERRORS(X)                                                                               \
    /* what was typed */                                                                           \
    X(UNKNOWN_COMMAND, "unknown_command", NONE, "type help for the list")                          \
    X(LINE_TOO_LONG, "line_too_long", NONE,                                                        \
      "a line holds at most 1023 characters; nothing was "                                         \
      "done")                                                                                      \
    X(BAD_BYTE, "bad_byte", NONE, "the line held a control byte; nothing was done; send it again") \
    X(RX_OVERRUN, "rx_overrun", NONE,                                                              \
      "characters were lost on the line; nothing was done; send "                                  \
      "it again")                                                                                  \
    X(USAGE, "usage", NONE, "type help and the command for its form")                              \
    X(NEED_VALUE, "need_value", NONE, "give the value on the same line")                           \
    X(BAD_VALUE, "bad_value", NONE, "that value cannot be")                                        \
    X(BUSY, "busy", NONE, "a command is still at work; wait for its answer, or Ctrl-C")            \
    X(CANCELLED, "cancelled", NONE, "ended early")                                                 \
    X(UNKNOWN_KEY, "unknown_key", NONE, "type help set for the list")                              \
    X(NO_SUCH_REF, "no_such_ref", NONE, "type ref for the list, ref add <name> to make one")       \
    X(REF_EXISTS, "ref_exists", NONE, "there is one of that name; ref <name> selects it")          \
    X(REF_LIMIT, "ref_limit", NONE, "this build holds no more accounts; ref del <name> first")     \
    X(IN_USE, "in_use", NONE, "auth forget first")                                                 \
    X(NO_CLIENT, "no_client", NONE, "set portal, client_id and client_secret first")               \
    X(NEEDS_CODE, "needs_code", NONE, "a person must authorize: auth begin")                       \
    X(TOO_SOON, "too_soon", NONE, "the pair is younger than 10 s; try again in a moment")          \
    X(TRY_LATER, "try_later", NONE, "no valid token now; it is being tried, see status")           \
    X(WRONG_ID, "wrong_id", NONE, "give the last 4 characters of the id that version prints")      \
    X(SELFTEST_FAILED, "selftest_failed", NONE, "the port breaks the contract in the lines above") \
    /* this device */                                                                              \
    X(CLOCK_UNKNOWN, "clock_unknown", RETRY, "type: time <unix>")                                  \
    X(CLOCK_SYSTEM, "clock_system", NONE, "the operating system keeps the time; set it there")     \
    X(TIME_RANGE, "time_range", NONE, "before this build was made, or more than 20 years after")   \
    X(NOT_SEEDED, "not_seeded", RETRY, "this device has no random numbers yet")                    \
    X(STORAGE_FAILED, "storage_failed", NONE,                                                      \
      "flash does not keep what is written; the device "                                           \
      "works from RAM until power goes")                                                           \
    X(STORAGE_FULL, "storage_full", NONE, "flash has no room for that; unset or delete something") \
    X(NO_MEMORY, "no_memory", RETRY,                                                               \
      "the request does not fit this build's buffer; use shorter "                                 \
      "values")                                                                                    \
    /* the way to the server */                                                                    \
    X(NAME_UNKNOWN, "name_unknown", RETRY,                                                         \
      "the host name does not resolve; check DNS and the "                                         \
      "spelling")                                                                                  \
    X(CONNECT_FAILED, "connect_failed", RETRY,                                                     \
      "no address of the host took the connection; "                                               \
      "check cable, firewall and port")                                                            \
    X(TIMEOUT, "timeout", RETRY, "the server did not answer in time")                              \
    X(CONN_LOST, "connection_lost", RETRY, "the connection broke before the answer was whole")     \
    X(TLS_UNTRUSTED, "tls_untrusted", RETRY,                                                       \
      "no trusted root signed the server's certificate; "                                          \
      "add its root, or somebody is listening in")                                                 \
    X(TLS_SELF_SIGNED, "tls_self_signed", RETRY,                                                   \
      "the server signed its certificate itself; add "                                             \
      "it as a root, or somebody is listening in")                                                 \
    X(TLS_NAME, "tls_wrong_name", RETRY,                                                           \
      "the server's certificate is for another name; check "                                       \
      "the host")                                                                                  \
    X(TLS_EXPIRED, "tls_expired", RETRY,                                                           \
      "the server's certificate is past its date, or this "                                        \
      "clock runs ahead; see status time")                                                         \
    X(TLS_NOT_YET, "tls_not_yet_valid", RETRY,                                                     \
      "the server's certificate is not valid yet, or "                                             \
      "this clock runs behind; see status time")                                                   \
    X(TLS_WEAK, "tls_weak", RETRY,                                                                 \
      "the server's certificate uses a key or hash too weak to "                                   \
      "trust")                                                                                     \
    X(TLS_ALERT, "tls_alert", RETRY, "the server refused the TLS handshake")                       \
    X(TLS_FAILED, "tls_failed", RETRY, "the TLS handshake or a record was broken")                 \
    X(TLS_NO_MEMORY, "tls_no_memory", RETRY,                                                       \
      "TLS ran out of memory; the server's certificates "                                          \
      "may be too large for this build")                                                           \
    X(HTTP_MALFORMED, "http_malformed", RETRY,                                                     \
      "the answer is not HTTP/1.1; is it the right "                                               \
      "host and port?")                                                                            \
    X(HTTP_TOO_LARGE, "http_too_large", RETRY, "the answer is larger than any of this kind")       \
    X(HTTP_REDIRECT, "http_redirect", RETRY, "the server sent a redirect; it is not followed")     \
    X(HTTP_STATUS, "http_status", RETRY, "the server answered a status without a reason in it")    \
    X(SERVER_ERROR, "server_error", RETRY, "the server has a fault of its own")                    \
    X(SERVER_BUSY, "server_busy", RETRY, "the server asks to be left alone for a while")           \
    X(BAD_ANSWER, "bad_answer", RETRY,                                                             \
      "the answer is not what this server gives; is it the "                                       \
      "right host?")                                                                               \
    /* what the authorization server says (facts: RFC 6749 5.2 and Bitrix24's own) */              \
    X(INVALID_CLIENT, "invalid_client", BLOCK,                                                     \
      "the server refuses client_secret for this "                                                 \
      "application, or it is not installed; set client_secret")                                    \
    X(WRONG_CLIENT, "wrong_client", BLOCK,                                                         \
      "the server does not know client_id; auth forget, "                                          \
      "set client_id")                                                                             \
    X(INVALID_REQUEST, "invalid_request", BLOCK, "the server misses a parameter; see show")        \
    X(INVALID_SCOPE, "invalid_scope", BLOCK,                                                       \
      "the application's card does not allow this scope; "                                         \
      "change the card in the portal")                                                             \
    X(PAYMENT_REQUIRED, "payment_required", BLOCK,                                                 \
      "the portal's plan or the application is not "                                               \
      "paid; pay it in the portal")                                                                \
    X(NOT_INSTALLED, "not_installed", BLOCK,                                                       \
      "the application is not installed on the portal; "                                           \
      "install it there")                                                                          \
    X(ACCESS_DENIED, "access_denied", BLOCK,                                                       \
      "the portal has no plan with REST, or forbids it "                                           \
      "to this application")                                                                       \
    X(OAUTH_ERROR, "oauth_error", WAIT,                                                            \
      "the server gave a reason that this version does not "                                       \
      "know; see status")                                                                          \
    X(INVALID_GRANT, "invalid_grant", REAUTH,                                                      \
      "the server does not honour this pair any more; "                                            \
      "auth begin")                                                                                \
    X(EXPIRED_TOKEN, "expired_token", REAUTH, "the refresh token is past its life; auth begin")    \
    /* a code */                                                                                   \
    X(CODE_EXPIRED, "code_expired", NONE,                                                          \
      "25 s passed before the code could be sent; auth begin "                                     \
      "for a new one")                                                                             \
    X(CODE_USED, "code_used", NONE, "this code was sent before; auth begin for a new one")         \
    X(CODE_STALE, "code_stale", NONE,                                                              \
      "the server says that the code is older than 30 s; auth "                                    \
      "begin for a new one")                                                                       \
    X(CODE_REJECTED, "code_rejected", NONE,                                                        \
      "the server says that the code is spent, old, or of "                                        \
      "another portal or application; auth begin for a new one")                                   \
    X(CODE_UNANSWERED, "code_unanswered", NONE,                                                    \
      "the code was sent and no answer came; it is "                                               \
      "spent: auth begin for a new one")                                                           \
    X(NO_CODE, "no_code", NONE, "there is no code= in that; paste the code or the whole address")  \
    X(WRONG_STATE, "wrong_state", NONE,                                                            \
      "that address belongs to another auth begin; open the "                                      \
      "newest url=")                                                                               \
    X(WRONG_DOMAIN, "wrong_domain", NONE,                                                          \
      "that code is of another portal; log in to the one "                                         \
      "that show names, or set portal")                                                            \
    X(WRONG_PORTAL, "wrong_portal", NONE,                                                          \
      "the server answered for another portal than the one "                                       \
      "that show names; set portal, then auth begin: this code is spent")                          \
    /* the portal */                                                                               \
    X(REST_ERROR, "rest_error", NONE, "the portal refused the call")                               \
    X(REST_INSECURE, "rest_insecure", NONE,                                                        \
      "the portal offers REST without TLS; the token does "                                        \
      "not go there")                                                                              \
    X(ESCALATE_REFUSED, "escalate_refused", NONE, "escalate_url did not take it; see the status")  \
    X(NO_ESCALATE_URL, "no_escalate_url", NONE, "set escalate_url first")

enum tk_err {
    TK_OK = 0,
#define TK_ERR_ENUM(id, code, action, words) TK_E_##id,
    TK_ERRORS(TK_ERR_ENUM)
#undef TK_ERR_ENUM
        TK_E_COUNT
};

/* The stable word, "ok" for TK_OK. A constant. */
const char *tk_err_code(enum tk_err err);

/* What to do next. A constant, "" for TK_OK. */
const char *tk_err_words(enum tk_err err);

enum tk_action tk_err_action(enum tk_err err);

/* The error of a stable word (numbers may change from build to build); TK_OK for any other. */
enum tk_err tk_err_from_code(const char *code);

#endif
