/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_AUTH_H
#define TK_AUTH_H

/*
 * A person authorizes: a link is opened in a browser, the portal redirects with a code that lives
 * 30 seconds, the person pastes it, and it is exchanged for a pair. The connection to the
 * authorization server is opened with the link and kept warm, so that the exchange costs one
 * round trip.
 *
 * A code is sent once. Whatever goes wrong, the pair that the account has stays.
 */

#include "tk_account.h"

#define TK_CODE_TIME_MS 25000 /* from the arrival of the line to its answer */

void tk_auth_init(struct tk_account *a);

/* A new state for the link, and 10 minutes of warm connection. TK_E_NO_CLIENT, TK_E_NOT_SEEDED. */
enum tk_err tk_auth_begin(struct tk_account *a);

/* The `state` of the newest tk_auth_begin, and the link for it. */
const char *tk_auth_state(const struct tk_account *a);
void tk_auth_url(const struct tk_account *a, struct tk_text *t);

/* Whether the connection stands, ready for a code. */
bool tk_auth_is_connected(const struct tk_account *a);

/* Whether it is being opened; if not, *err is how the last attempt ended. */
bool tk_auth_is_connecting(const struct tk_account *a, enum tk_err *err);

/* Begins the exchange of what was pasted: TK_OK, then tk_auth_is_exchanging until it ended; or why
 * not: TK_E_NO_CLIENT, TK_E_NO_CODE, TK_E_CODE_USED, TK_E_WRONG_STATE, TK_E_WRONG_DOMAIN,
 * TK_E_BUSY. */
enum tk_err tk_auth_code(struct tk_account *a, const char *pasted);

/* What kept a code from being sent: the cause behind TK_E_CODE_EXPIRED. */
enum tk_err tk_auth_send_error(const struct tk_account *a);

/* Whether an exchange is open; if not, *result is how the last one ended, and *spent whether its
 * code was sent. */
bool tk_auth_is_exchanging(const struct tk_account *a, enum tk_err *result, bool *spent);

/* Gives a code up that has not left yet; one that has is spent, and its answer may be a pair. */
void tk_auth_cancel_unsent(struct tk_account *a);

/* Ends an exchange that is open, and the warm connection. */
void tk_auth_cancel(struct tk_account *a);

/* Deletes the pair and ends all that is in progress with it. TK_E_STORAGE_*: nothing changed. */
enum tk_err tk_auth_forget(struct tk_account *a);

#endif
