/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_AUTH_H
#define TK_AUTH_H

/*
 * Authorization (RFC 6749 section 4.1): this is where an authorization code becomes a pair. A user
 * opens the authorization URL in a browser, the portal redirects with a code that lives 30 s, the
 * operator pastes the code or the whole redirect URL (tk_auth_code), and the code is exchanged at
 * the token endpoint.
 *
 * To save the handshake, the connection to the authorization host is opened when the URL is issued,
 * and kept open (preconnect).
 *
 * A code is sent once: sending it again may make the server revoke the pair it was exchanged for. A
 * failed exchange leaves the account's pair as it was.
 *
 * An account is bound to the portal (member_id) and the user (user_id) of its first pair. A code of
 * another user is exchanged, but its pair is dropped. If the response does not name the user, the
 * portal is asked.
 */

#include "tk_account.h"

#define TK_CODE_TIME_MS 25000 /* deadline of an exchange, from tk_auth_code on */

/* Call it once for each slot, after tk_account_init. */
void tk_auth_init(struct tk_account *a);

/* Generates a new state and opens the connection for 10 minutes. The state ends with the next code
 * that is exchanged, after 15 minutes, and when portal or client_id change. other_user: the code
 * that is exchanged before it ends may be another user's, to whom the account is then bound.
 * TK_E_NO_CLIENT, TK_E_NOT_SEEDED. */
enum tk_err tk_auth_begin(struct tk_account *a, bool other_user);

/* The state of the last tk_auth_begin, "" if it has ended; and the authorization URL with it. */
const char *tk_auth_state(const struct tk_account *a);
void tk_auth_url(const struct tk_account *a, struct tk_text *t);

/* True if a connection to the authorization host is ready for a code. */
bool tk_auth_is_connected(const struct tk_account *a);

/* True while it is being opened. *err is the result of the last attempt. */
bool tk_auth_is_connecting(const struct tk_account *a, enum tk_err *err);

/* Starts the exchange of a code, bare or in its redirect URL, which must carry the state. TK_OK: it
 * is in progress, see tk_auth_is_exchanging. TK_E_NO_CLIENT, TK_E_NO_CODE, TK_E_CODE_USED,
 * TK_E_WRONG_STATE, TK_E_WRONG_DOMAIN; TK_E_BUSY: another exchange is in progress. */
enum tk_err tk_auth_code(struct tk_account *a, const char *pasted);

/* True while an exchange is in progress. *result is how the last one ended, TK_E_OTHER_USER
 * included: the account's detail has both users; *sent: its code was sent and cannot be used again.
 */
bool tk_auth_is_exchanging(const struct tk_account *a, enum tk_err *result, bool *sent);

/* True if the last exchange was one that could bind the account to another user. */
bool tk_auth_is_rebound(const struct tk_account *a);

/* After TK_E_CODE_EXPIRED: why the code could not be sent in time. */
enum tk_err tk_auth_send_error(const struct tk_account *a);

/* Cancels the exchange unless its code was sent: the response may bring a pair. */
void tk_auth_cancel_unsent(struct tk_account *a);

/* Cancels the exchange, and stops keeping the connection open. */
void tk_auth_cancel(struct tk_account *a);

/* Deletes the pair and cancels all requests. TK_E_STORAGE_*: nothing changed. */
enum tk_err tk_auth_forget(struct tk_account *a);

#endif
