/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of errors, an X-macro: TK_ERROR(id, code, action, hint), see tk_err.h. A code never
 * changes; a hint tells the operator the next step.
 */

/* console input */
TK_ERROR(UNKNOWN_COMMAND, "unknown_command", NONE, "type help for the list")
TK_ERROR(LINE_TOO_LONG, "line_too_long", NONE,
         "a line holds at most 1023 characters; nothing was done")
TK_ERROR(BAD_BYTE, "bad_byte", NONE,
         "the line held a control byte; nothing was done; send it again")
TK_ERROR(RX_OVERRUN, "rx_overrun", NONE,
         "characters were lost on the line; nothing was done; send it again")
TK_ERROR(USAGE, "usage", NONE, "type help and the command for its form")
TK_ERROR(BAD_PREFIX, "bad_prefix", NONE, "a program's line is @<1 to 10 digits> <command>")
TK_ERROR(NEED_VALUE, "need_value", NONE, "give the value on the same line")
TK_ERROR(BAD_VALUE, "bad_value", NONE, "invalid value")
TK_ERROR(BUSY, "busy", NONE, "a command is still at work; wait for its answer, or Ctrl-C")
TK_ERROR(CANCELLED, "cancelled", NONE, "ended early; what was sent before goes on, see status")
TK_ERROR(UNKNOWN_KEY, "unknown_key", NONE, "type help set for the list")
TK_ERROR(NO_SUCH_REF, "no_such_ref", NONE, "type ref for the list, ref add <name> to make one")
TK_ERROR(REF_EXISTS, "ref_exists", NONE, "there is one of that name; ref <name> selects it")
TK_ERROR(REF_LIMIT, "ref_limit", NONE, "this build holds no more accounts; ref del <name> first")
TK_ERROR(IN_USE, "in_use", NONE, "auth forget first")
TK_ERROR(NO_CLIENT, "no_client", NONE, "set portal, client_id and client_secret first")
TK_ERROR(NEEDS_CODE, "needs_code", NONE, "a person must authorize: auth begin")
TK_ERROR(TOO_SOON, "too_soon", NONE, "the pair is younger than 10 s; try again in a moment")
TK_ERROR(TRY_LATER, "try_later", NONE, "no valid token now; it is being tried, see status")
TK_ERROR(WRONG_ID, "wrong_id", NONE, "give the last 4 characters of the id that version prints")
TK_ERROR(SELFTEST_FAILED, "selftest_failed", NONE,
         "the port breaks the contract in the lines above")

/* this device */
TK_ERROR(CLOCK_UNKNOWN, "clock_unknown", RETRY, "type: time <unix>")
TK_ERROR(CLOCK_SYSTEM, "clock_system", NONE, "the operating system keeps the time; set it there")
TK_ERROR(IP_SYSTEM, "ip_system", NONE, "the operating system keeps the address; set it there")
TK_ERROR(TIME_RANGE, "time_range", NONE, "before this build was made, or more than 20 years after")
TK_ERROR(NOT_SEEDED, "not_seeded", RETRY,
         "this device has no random numbers yet; type: seed <64 hex digits drawn at random>")
TK_ERROR(SEED_OWN, "seed_own", NONE, "this device has a random source of its own; it needs no seed")
TK_ERROR(STORAGE_FAILED, "storage_failed", NONE,
         "flash does not keep what is written; the device works from RAM until power goes")
TK_ERROR(STORAGE_SEALED, "storage_sealed", NONE,
         "what is stored was sealed with another key, or without one; start with that key, or "
         "factory-reset")
TK_ERROR(STORAGE_FULL, "storage_full", NONE, "storage full; unset a setting or delete an account")
TK_ERROR(NO_MEMORY, "no_memory", RETRY,
         "the request does not fit this build's buffer; use shorter values")

/* reaching the server */
TK_ERROR(NAME_UNKNOWN, "name_unknown", RETRY,
         "the host name does not resolve; check DNS and the spelling")
TK_ERROR(CONNECT_FAILED, "connect_failed", RETRY,
         "no address of the host took the connection; check cable, firewall and port")
TK_ERROR(TIMEOUT, "timeout", RETRY, "the server did not answer in time")
TK_ERROR(CONN_LOST, "connection_lost", RETRY, "the connection broke before the answer was whole")
TK_ERROR(TLS_UNTRUSTED, "tls_untrusted", RETRY,
         "no trusted root signed the server's certificate; add its root, or somebody is "
         "listening in")
TK_ERROR(TLS_SELF_SIGNED, "tls_self_signed", RETRY,
         "the server signed its certificate itself; add it as a root, or somebody is "
         "listening in")
TK_ERROR(TLS_NAME, "tls_wrong_name", RETRY,
         "the server's certificate is for another name; check the host")
TK_ERROR(TLS_EXPIRED, "tls_expired", RETRY,
         "the server's certificate is past its date, or this clock runs ahead; type time, and "
         "compare")
TK_ERROR(TLS_NOT_YET, "tls_not_yet_valid", RETRY,
         "the server's certificate is not valid yet, or this clock runs behind; type time, "
         "and compare")
TK_ERROR(TLS_WEAK, "tls_weak", RETRY,
         "the server's certificate uses a key or hash too weak to trust")
TK_ERROR(TLS_ALERT, "tls_alert", RETRY, "the server refused the TLS handshake")
TK_ERROR(TLS_FAILED, "tls_failed", RETRY, "the TLS handshake or a record was broken")
TK_ERROR(TLS_NO_MEMORY, "tls_no_memory", RETRY,
         "TLS ran out of memory; the server's certificates may be too large for this build")
TK_ERROR(HTTP_MALFORMED, "http_malformed", RETRY,
         "the answer is not HTTP/1.1; is it the right host and port?")
TK_ERROR(HTTP_TOO_LARGE, "http_too_large", RETRY, "response too large")
TK_ERROR(HTTP_REDIRECT, "http_redirect", RETRY, "unexpected redirect (not followed)")
TK_ERROR(HTTP_STATUS, "http_status", RETRY, "the server answered a status without a reason in it")
TK_ERROR(SERVER_ERROR, "server_error", RETRY, "the server has a fault of its own")
TK_ERROR(SERVER_BUSY, "server_busy", RETRY, "the server is rate-limiting or overloaded; will retry")
TK_ERROR(BAD_ANSWER, "bad_answer", RETRY,
         "the answer is not what this server gives; is it the right host?")

/* errors of the authorization server (RFC 6749 5.2, and Bitrix24's own) */
TK_ERROR(INVALID_CLIENT, "invalid_client", BLOCK,
         "the server refuses client_secret for this application, or it is not installed; set "
         "client_secret")
TK_ERROR(WRONG_CLIENT, "wrong_client", BLOCK,
         "the server does not know client_id; auth forget, set client_id")
TK_ERROR(INVALID_REQUEST, "invalid_request", BLOCK, "the server misses a parameter; see show")
TK_ERROR(INVALID_SCOPE, "invalid_scope", BLOCK,
         "the application's card does not allow this scope; change the card in the portal")
TK_ERROR(PAYMENT_REQUIRED, "payment_required", BLOCK,
         "the portal's plan or the application is not paid; pay it in the portal")
TK_ERROR(NOT_INSTALLED, "not_installed", BLOCK,
         "the application is not installed on the portal; install it there")
TK_ERROR(ACCESS_DENIED, "access_denied", BLOCK,
         "the portal has no plan with REST, or forbids it to this application")
TK_ERROR(OAUTH_ERROR, "oauth_error", WAIT,
         "the server gave a reason that this version does not know; see said in status --all")
TK_ERROR(INVALID_GRANT, "invalid_grant", REAUTH,
         "the server does not honour this pair any more; auth begin")
TK_ERROR(EXPIRED_TOKEN, "expired_token", REAUTH, "the refresh token is past its life; auth begin")

/* authorization codes */
TK_ERROR(CODE_EXPIRED, "code_expired", NONE,
         "25 s passed before the code could be sent; auth begin for a new one")
TK_ERROR(CODE_USED, "code_used", NONE, "this code was sent before; auth begin for a new one")
TK_ERROR(CODE_STALE, "code_stale", NONE,
         "the server says that the code is older than 30 s; auth begin for a new one")
TK_ERROR(CODE_REJECTED, "code_rejected", NONE,
         "the server says that the code is spent, old, or of another portal or application; "
         "auth begin for a new one")
TK_ERROR(CODE_UNANSWERED, "code_unanswered", NONE,
         "the code was sent and no answer came; it is spent: auth begin for a new one")
TK_ERROR(NO_CODE, "no_code", NONE, "there is no code= in that; paste the code or the whole address")
TK_ERROR(WRONG_STATE, "wrong_state", NONE,
         "that address belongs to another auth begin; open the newest url=")
TK_ERROR(WRONG_DOMAIN, "wrong_domain", NONE,
         "that code is of another portal; log in to the one that show names, or set portal")
TK_ERROR(WRONG_PORTAL, "wrong_portal", NONE,
         "the server answered for another portal than the one that show names; set portal, "
         "then auth begin: this code is spent")

/* the portal */
TK_ERROR(REST_ERROR, "rest_error", NONE, "the portal refused the call; see said in status --all")
TK_ERROR(TOKEN_REFUSED, "token_refused", REFRESH,
         "the portal refuses this token; another one is fetched")
TK_ERROR(USER_REFUSED, "user_refused", NONE,
         "the portal does not let the user in who authorized; auth begin as another one")
TK_ERROR(PORTAL_CLOSED, "portal_closed", BLOCK,
         "the portal is deleted, closed, or blocked by Bitrix24; ask there")
TK_ERROR(REST_INSECURE, "rest_insecure", NONE,
         "the portal offers REST without TLS; the token does not go there")
TK_ERROR(ESCALATE_REFUSED, "escalate_refused", NONE,
         "escalate_url took it and refused; http= is its status, a 2xx says no in its body")
TK_ERROR(NO_ESCALATE_URL, "no_escalate_url", NONE,
         "set escalate_url first, or corezoid_login, corezoid_key and corezoid_conv")
TK_ERROR(COREZOID_PARTLY, "corezoid_partly", NONE,
         "corezoid_login, corezoid_key and corezoid_conv go together: set all, or unset all")
TK_ERROR(TEMPLATE_WORD, "template_word", NONE,
         "a word in braces is event, account, device, portal, ref, level, since, cause, action, "
         "said, next_try or attempts")
TK_ERROR(TEMPLATE_JSON, "template_json", NONE,
         "with values in it that is no JSON object of at most 64 values")

/* roots of trust */
TK_ERROR(CA_NOT_BEGUN, "ca_not_begun", NONE, "ca add begin first")
TK_ERROR(CA_TOO_LARGE, "ca_too_large", NONE,
         "a root holds at most 2047 bytes; ca add begin drops what was collected")
TK_ERROR(CA_INVALID, "ca_invalid", NONE,
         "the pieces are no certificate of an authority that this build can read; ca add begin "
         "starts over")
TK_ERROR(CA_EXPIRED, "ca_expired", NONE,
         "the certificate is past its date, or this clock runs ahead; type time, and compare")
TK_ERROR(CA_LIMIT, "ca_limit", NONE, "this build holds no more; ca del <sha256>, then ca add end")
TK_ERROR(NO_SUCH_CA, "no_such_ca", NONE, "type ca list for those that were added")

/* the network of this device */
TK_ERROR(NO_NETWORK, "no_network", NONE,
         "this device has no address; check the cable or DHCP, or set ip")
