/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_H
#define TK_TOKEN_H

/*
 * The life of a pair: renewed in time, one request at a time.
 *
 * Rotation is the dangerous moment: the server may retire the old pair before the new one is
 * stored here. An intent is stored before a refresh is sent, and the commit of the new pair closes
 * it. After a lost answer the current pair is tried until the server gives a definitive answer; if
 * it is refused, the previous pair is tried the same way.
 */

#include "tk_account.h"

void tk_token_init(struct tk_account *a);

/* Plans the next refresh again: the account was loaded or configured, or the time became known. */
void tk_token_schedule(struct tk_account *a);

/* Starts a refresh now. TK_OK: it is in progress; TK_E_NO_CLIENT, TK_E_NEEDS_CODE, TK_E_TOO_SOON.
 */
enum tk_err tk_refresh_start(struct tk_account *a);

/* Whether a refresh would follow the last successful one too closely. */
bool tk_token_too_soon(const struct tk_account *a);

/* The server answered with a new pair, to a code or a refresh token sent at tick sent_ms: stores
 * it, then publishes it. */
void tk_token_accept(struct tk_account *a, const struct tk_token_response *grant, uint64_t sent_ms);

/* Cancels its requests and deletes the pair. TK_E_STORAGE_*: nothing changed. */
enum tk_err tk_token_forget(struct tk_account *a);

/* Seconds until the next refresh is due; false when none is planned. */
bool tk_token_refresh_due_in(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

/* How its refreshes go. */
struct tk_token_health {
    uint32_t failures;      /* in a row */
    enum tk_err error;      /* of the last of them; TK_OK where there are none */
    enum tk_err blocked_by; /* what an operator must change; TK_OK where nothing is */
    bool intent;            /* a refresh may have been sent without an answer */
    bool unstored;          /* the newest pair is only in RAM */
};

void tk_token_health(const struct tk_account *a, struct tk_token_health *health);

#endif
