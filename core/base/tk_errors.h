/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The table of errors, an X-macro: TK_ERROR(id, code, action, hint), see tk_err.h. A code never
 * changes; a hint says what is wrong, if the code does not, and the operator's next step.
 */

/* console input */
TK_ERROR(UNKNOWN_COMMAND, "unknown_command", NONE, "type help for the list")
TK_ERROR(LINE_TOO_LONG, "line_too_long", NONE,
         "line ignored: it is longer than 1023 characters; type a shorter one, see help")
TK_ERROR(BAD_BYTE, "bad_byte", NONE, "type it again in ASCII, a host in its xn-- form")
TK_ERROR(RX_OVERRUN, "rx_overrun", NONE, "line ignored: characters were lost; type it again")
TK_ERROR(USAGE, "usage", NONE, "type help <command> for its syntax")
TK_ERROR(BAD_PREFIX, "bad_prefix", NONE,
         "a program's line is @<1 to 10 digits> <command>; type help for the commands")
TK_ERROR(NEED_VALUE, "need_value", NONE, "type the value on the same line")
TK_ERROR(BAD_VALUE, "bad_value", NONE, "invalid value; type help set for the settings")
TK_ERROR(BUSY, "busy", NONE,
         "another command or request is in progress; wait until it ends, or press Ctrl-C")
TK_ERROR(CANCELLED, "cancelled", NONE, "a request that was already sent continues; see status")
TK_ERROR(UNKNOWN_KEY, "unknown_key", NONE, "type show for the list")
TK_ERROR(NO_SUCH_REF, "no_such_ref", NONE, "type ref for the list, or ref add <name>")
TK_ERROR(REF_EXISTS, "ref_exists", NONE, "the account exists; select it with ref <name>")
TK_ERROR(REF_LIMIT, "ref_limit", NONE, "no room for another account; type ref del <name> first")
TK_ERROR(IN_USE, "in_use", NONE, "the account has a token; type auth forget first")
TK_ERROR(NO_CLIENT, "no_client", NONE, "set portal, client_id and client_secret first")
TK_ERROR(NEEDS_CODE, "needs_code", NONE, "authorization required; type auth begin")
TK_ERROR(PIN_NEEDED, "pin_needed", NONE, "type pin <console_pin>, then this command again")
TK_ERROR(WRONG_PIN, "wrong_pin", NONE,
         "each failure doubles the wait; a forgotten console_pin ends with factory-reset")
TK_ERROR(TOO_SOON, "too_soon", NONE,
         "the token is less than 10 s old, or the budget of rejected= is used up; type token again "
         "later")
TK_ERROR(TRY_LATER, "try_later", NONE, "not available yet; try again in a moment, see status")
TK_ERROR(WRONG_ID, "wrong_id", NONE, "type the last 4 characters of the id that version prints")
TK_ERROR(SELFTEST_FAILED, "selftest_failed", NONE,
         "the port failed a check above; mend it, then type selftest")

/* this device */
TK_ERROR(CLOCK_UNKNOWN, "clock_unknown", RETRY,
         "set the clock: type time 2026-11-29T12:00:00Z, or set ntp <host>")
TK_ERROR(CLOCK_BEHIND, "clock_behind", NONE,
         "this clock is behind; the time of the servers stands in for it; set it with time")
TK_ERROR(NTP_UNANSWERED, "ntp_unanswered", NONE,
         "the time server does not answer, or its time cannot be right; set ntp, or type time")
TK_ERROR(CLOCK_SYSTEM, "clock_system", NONE,
         "the operating system keeps the time; set it there, then type time")
TK_ERROR(IP_SYSTEM, "ip_system", NONE,
         "the operating system keeps the address; set it there, then type check")
TK_ERROR(TIME_RANGE, "time_range", NONE,
         "give a time between the build date that version prints and 20 years later")
TK_ERROR(
    NOT_SEEDED, "not_seeded", RETRY,
    "this device has no random numbers yet, or its source repeats itself; type seed <64 random "
    "hex digits>, or replace it if it has a source of its own")
TK_ERROR(SEED_OWN, "seed_own", NONE, "this device has its own random source; type check")
TK_ERROR(STORAGE_FAILED, "storage_failed", NONE,
         "flash failed: changes are only in RAM and lost at power-off; see store in status --all")
TK_ERROR(STORAGE_SEALED, "storage_sealed", NONE,
         "flash is sealed with another key or with none; start with that key, or factory-reset")
TK_ERROR(STORAGE_FOREIGN, "storage_foreign", NONE,
         "flash holds something else; use factory-reset to erase it")
TK_ERROR(STORAGE_SHAPE, "storage_shape", NONE,
         "flash is of another build; start with that build, or factory-reset")
TK_ERROR(STORAGE_FORMAT, "storage_format", NONE,
         "flash is of a newer version; start with that version, or factory-reset")
TK_ERROR(STORAGE_WORN, "storage_worn", NONE,
         "half of the flash no longer erases; replace it, see store in status --all")
TK_ERROR(STORAGE_FULL, "storage_full", NONE, "storage full; unset a setting or delete an account")
TK_ERROR(OTHER_DEVICE, "other_device", NONE,
         "the token is another device's; authorize again with auth begin")
TK_ERROR(NO_MEMORY, "no_memory", RETRY,
         "the request does not fit this build's buffer; type it again with shorter values")

/* reaching the server */
TK_ERROR(NAME_UNKNOWN, "name_unknown", RETRY,
         "the host name does not resolve; correct it or DNS, then type check")
TK_ERROR(CONNECT_FAILED, "connect_failed", RETRY,
         "cannot connect to the host; look at cable, firewall and port, then type check")
TK_ERROR(TIMEOUT, "timeout", RETRY, "the server did not answer in time; type check")
TK_ERROR(CONN_LOST, "connection_lost", RETRY,
         "the connection closed before the response was complete; type check")
TK_ERROR(TLS_UNTRUSTED, "tls_untrusted", RETRY,
         "no trusted root signed the server's certificate; have the server send its intermediates, "
         "or add its root (help ca), or suspect interception")
TK_ERROR(TLS_SELF_SIGNED, "tls_self_signed", RETRY,
         "the server's certificate is self-signed; add it as a root (help ca), or suspect "
         "interception")
TK_ERROR(TLS_NAME, "tls_wrong_name", RETRY,
         "the server's certificate is for another host name; correct the host, then type check")
TK_ERROR(TLS_EXPIRED, "tls_expired", RETRY,
         "the server's certificate has expired, or this clock is fast; check it with time")
TK_ERROR(TLS_NOT_YET, "tls_not_yet_valid", RETRY,
         "the server's certificate is not valid yet, or this clock is slow; check it with time")
TK_ERROR(TLS_PURPOSE, "tls_purpose", RETRY,
         "a certificate of the server is not for this use (key usage, CA or path length); have it "
         "replaced, then type check")
TK_ERROR(TLS_CONSTRAINT, "tls_constraint", RETRY,
         "the server's CA may not certify one of its names (name constraints); have it replaced, "
         "then type check")
TK_ERROR(TLS_EXTENSION, "tls_extension", RETRY,
         "a certificate of the server has an unknown critical extension; have it replaced, then "
         "type check")
TK_ERROR(TLS_CURVE, "tls_curve", RETRY,
         "a certificate of the server is not on P-256 or P-384; have it replaced, then type check")
TK_ERROR(TLS_ALGORITHM, "tls_algorithm", RETRY,
         "a certificate of the server has an unsupported key or signature; have it replaced, then "
         "type check")
TK_ERROR(
    TLS_BAD_CERTIFICATE, "tls_bad_certificate", RETRY,
    "the server's certificates are malformed, or more than 8; have them replaced, then type check")
TK_ERROR(TLS_WEAK, "tls_weak", RETRY,
         "the server's certificate has a key or hash that is too weak to trust; have it replaced, "
         "then type check")
TK_ERROR(TLS_NO_COMMON, "tls_no_common", RETRY,
         "no TLS version, cipher, curve or signature in common with the server; change its "
         "settings, then type check")
TK_ERROR(TLS_ALERT, "tls_alert", RETRY, "the server rejected the TLS handshake; type check")
TK_ERROR(TLS_FAILED, "tls_failed", RETRY,
         "TLS protocol error in the handshake or a record; type check")
TK_ERROR(
    TLS_NO_MEMORY, "tls_no_memory", RETRY,
    "TLS ran out of memory; the server's certificates may be too large for this build; type check")
TK_ERROR(HTTP_MALFORMED, "http_malformed", RETRY,
         "the response is not HTTP/1.1; correct host and port, then type check")
TK_ERROR(HTTP_TOO_LARGE, "http_too_large", RETRY, "response too large; see answer in status --all")
TK_ERROR(HTTP_CODED, "http_coded", RETRY,
         "the response is compressed, which the request ruled out; turn that off at the server or "
         "its proxy, then type check")
TK_ERROR(HTTP_REDIRECT, "http_redirect", RETRY,
         "unexpected redirect (not followed); see answer in status --all")
TK_ERROR(HTTP_STATUS, "http_status", RETRY,
         "unexpected status, and no error code in the response; see answer in status --all")
TK_ERROR(SERVER_ERROR, "server_error", RETRY,
         "internal error of the server; will retry, see status")
TK_ERROR(SERVER_BUSY, "server_busy", RETRY,
         "the server is rate-limiting or overloaded; will retry, see status")
TK_ERROR(BAD_ANSWER, "bad_answer", RETRY,
         "unexpected response; see answer in status --all, and the hosts in show")

/* errors of the authorization server (RFC 6749 5.2, and Bitrix24's own) */
TK_ERROR(
    INVALID_CLIENT, "invalid_client", BLOCK,
    "the server rejects client_id or client_secret, or the application is not installed; check "
    "client_id, set client_secret")
TK_ERROR(WRONG_CLIENT, "wrong_client", BLOCK,
         "the server does not know client_id; type auth forget, then set client_id")
TK_ERROR(
    TOKEN_TOO_LONG, "token_too_long", BLOCK,
    "the server's tokens are longer than TK_TOKEN_MAX of this build; see answer in status --all")
TK_ERROR(UNAUTHORIZED_CLIENT, "unauthorized_client", BLOCK,
         "the application may not use authorization codes or refresh tokens; correct its type in "
         "the portal, or set client_id")
TK_ERROR(UNSUPPORTED_GRANT, "unsupported_grant_type", BLOCK,
         "the server does not know authorization codes or refresh tokens; set auth_host auto")
TK_ERROR(INVALID_REQUEST, "invalid_request", BLOCK,
         "the server reports a missing parameter; check the settings with show")
TK_ERROR(INVALID_SCOPE, "invalid_scope", BLOCK,
         "the application does not have this scope; set scope, or grant it in the portal")
TK_ERROR(PAYMENT_REQUIRED, "payment_required", BLOCK,
         "the portal's plan or the application is not paid for; pay in the portal, then type auth "
         "refresh")
TK_ERROR(NOT_INSTALLED, "not_installed", BLOCK,
         "the application is not installed on the portal; install it there, then type auth refresh")
TK_ERROR(ACCESS_DENIED, "access_denied", BLOCK,
         "the portal's plan has no REST, or the application may not use it; ask the portal's "
         "administrator, then type check")
TK_ERROR(OAUTH_ERROR, "oauth_error", WAIT,
         "the server sent an unknown error code; see said in status --all")
TK_ERROR(INVALID_GRANT, "invalid_grant", REAUTH,
         "the server rejects the refresh token; authorize again with auth begin")
TK_ERROR(GRANT_IN_DOUBT, "grant_in_doubt", NONE,
         "the server rejects the newest refresh token; the one before it is tried next, see status")
TK_ERROR(EXPIRED_TOKEN, "expired_token", REAUTH,
         "the refresh token has expired; authorize again with auth begin")

/* authorization codes */
TK_ERROR(CODE_EXPIRED, "code_expired", NONE,
         "the code could not be sent within 25 s; type auth begin for a new one")
TK_ERROR(CODE_USED, "code_used", NONE, "the code was sent before; type auth begin for a new one")
TK_ERROR(CODE_STALE, "code_stale", NONE,
         "the code is older than 30 s; type auth begin for a new one")
TK_ERROR(CODE_REJECTED, "code_rejected", NONE,
         "the code was used, has expired, or is from another portal or application; type auth "
         "begin for a new one")
TK_ERROR(CODE_UNANSWERED, "code_unanswered", NONE,
         "the code was sent, but not answered, and is used up; type auth begin for a new one")
TK_ERROR(NO_CODE, "no_code", NONE, "no code= found; type auth code, a space, and the whole address")
TK_ERROR(
    WRONG_STATE, "wrong_state", NONE,
    "the address is not of the last auth begin, or that has ended (one use, 15 min); type auth "
    "begin, then open the newest link")
TK_ERROR(OTHER_USER, "other_user", NONE,
         "the token in use stays; log in as its user, or type auth begin other_user")
TK_ERROR(WRONG_DOMAIN, "wrong_domain", NONE,
         "the code is from another portal; log in to the portal in show, or set portal")
TK_ERROR(WRONG_PORTAL, "wrong_portal", NONE,
         "the token is for another portal than the one in show; set portal, then auth begin: this "
         "code is used up")

/* the portal */
TK_ERROR(BAD_BODY, "bad_body", NONE,
         "not one JSON object, or it has auth, access_token or Authorization; leave these out, see "
         "help call")
TK_ERROR(REST_LIMIT, "rest_limit", NONE,
         "the portal's limit of requests is reached; call again later")
TK_ERROR(TRUNCATED, "truncated", NONE, "the answer ended early; call again")
TK_ERROR(UNKNOWN_OUTCOME, "unknown_outcome", NONE,
         "the call was sent and not answered; look in the portal before the next call")
TK_ERROR(REST_ERROR, "rest_error", NONE,
         "the portal refused it: see its answer, or said in status --all")
TK_ERROR(TOKEN_REFUSED, "token_refused", REFRESH,
         "the portal rejects this token; after one refresh see rest in status")
TK_ERROR(USER_REFUSED, "user_refused", BLOCK,
         "the user who authorized was dismissed or blocked; type auth begin other_user and log in "
         "as another user")
TK_ERROR(PORTAL_CLOSED, "portal_closed", BLOCK,
         "the portal is deleted, closed or blocked; ask Bitrix24, then type check")
TK_ERROR(PORTAL_MOVED, "portal_moved", BLOCK,
         "the portal moved to a host that is not Bitrix24's; if moved_to in status is right, type "
         "portal accept")
TK_ERROR(NOT_MOVED, "not_moved", NONE, "no move waits to be accepted; see moved_to in status")
TK_ERROR(REST_INSECURE, "rest_insecure", NONE,
         "the portal's REST address is not https; the token is not sent there")
TK_ERROR(ESCALATE_REFUSED, "escalate_refused", NONE,
         "the webhook rejected the request; http= is its status, a 2xx has the error in its body")
TK_ERROR(NO_ESCALATE_URL, "no_escalate_url", NONE,
         "set escalate_url first, or corezoid_login, corezoid_key and corezoid_conv")
TK_ERROR(COREZOID_PARTLY, "corezoid_partly", NONE,
         "set all of corezoid_login, _key and _conv, or of corezoid_token_, or unset all")
TK_ERROR(COREZOID_TAKEN, "corezoid_taken", NONE,
         "the task is another gateway's; set corezoid_token_ref, or type corezoid_token takeover")
TK_ERROR(TASK_IN_USE, "task_in_use", NONE,
         "the task holds the token; type unset corezoid_token_conv first")
TK_ERROR(
    TEMPLATE_WORD, "template_word", NONE,
    "the words in braces are event, account, device, portal, ref, level, since, since_utc, cause, "
    "action, said, next_try, next_try_utc and attempts")
TK_ERROR(TEMPLATE_JSON, "template_json", NONE,
         "not a JSON object of at most 64 values once the words in braces are replaced; see help "
         "set escalate_template")

/* roots of trust */
TK_ERROR(CA_NOT_BEGUN, "ca_not_begun", NONE, "type ca add begin first")
TK_ERROR(CA_TOO_LARGE, "ca_too_large", NONE,
         "a root has at most 2047 bytes; type ca add begin to start over")
TK_ERROR(CA_INVALID, "ca_invalid", NONE, "not a CA certificate; type ca add begin to start over")
TK_ERROR(CA_UNSUPPORTED, "ca_unsupported", NONE,
         "this build cannot read its key, curve, signature or critical extension; type ca add "
         "begin, with another root")
TK_ERROR(CA_EXPIRED, "ca_expired", NONE,
         "the certificate has expired, or this clock is fast; check it with time")
TK_ERROR(CA_LIMIT, "ca_limit", NONE,
         "no room for another root; type ca del <sha256>, then ca add end")
TK_ERROR(NO_SUCH_CA, "no_such_ca", NONE, "type ca list for the added roots")

/* the network of this device */
TK_ERROR(NO_NETWORK, "no_network", NONE, "no IP address; check cable and DHCP, or set ip")
