/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_H
#define TK_TOKEN_H

/*
 * The life of a pair: accepted from a token response, stored on flash, scheduled for its refresh,
 * forgotten. The refresh request itself is in tk_refresh.h.
 *
 * A refresh is due at min(renew interval, 80 % of expires_in) after issue, less up to 10 % jitter,
 * and at least 10 s after the last successful one.
 */

#include "tk_account.h"

/* Call it once for each slot, after tk_account_init. */
void tk_token_init(struct tk_account *a);

/* Schedules the next refresh: the account was loaded, or the time became known. Where refreshes
 * fail, the next attempt stays due. */
void tk_token_schedule(struct tk_account *a);

/* The same after a change of its configuration, which may have been what blocked it. */
void tk_token_configured(struct tk_account *a);

/* The clock was found to be behind: the token is not served before a refresh, which is due at once,
 * unless the refresh fails and the tick says that the token is valid. No effect right after one. */
void tk_token_renew_first(struct tk_account *a);

/* Schedules the next refresh for a tick; TK_NEVER: for none. */
void tk_token_refresh_at(struct tk_account *a, uint64_t due_ms);

/* Schedules it for the end of the minimum interval, unless it is due before. */
void tk_token_refresh_soon(struct tk_account *a);

/* Seconds until the next refresh is due, 0 if overdue. False if none is scheduled. */
bool tk_token_refresh_due_in(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

/* How long a refresh must wait so as not to follow the last successful one too closely; and whether
 * it must. */
uint64_t tk_token_wait_ms(const struct tk_account *a);
bool tk_token_too_soon(const struct tk_account *a);

/* A random delay in ms before a retry: 1 s, and full jitter up to 1 s doubled `failures` times; at
 * most 5 min while the access token is valid, 15 min afterwards. */
uint64_t tk_token_backoff_ms(const struct tk_account *a, uint32_t failures);

/* The tick before which a server wants no other request: that of its Retry-After field, with the
 * same cap, and a tenth of jitter; 0: any. response: NULL if there was none. */
uint64_t tk_token_retry_after(const struct tk_account *a, const struct tk_http *response);

/* A token response, with both tokens, to a code or a refresh token that was sent at tick sent_ms.
 * Stores the new pair, then publishes it and notifies TK_ACCOUNT_RENEWED. If flash fails the pair
 * is used from RAM, and the commit is retried. After a doubtful response the intent stays open. */
void tk_token_accept(struct tk_account *a, const struct tk_token_response *response,
                     uint64_t sent_ms);

/* The secret for a request: client_secret, or client_secret_next, which is read into next. */
const char *tk_token_secret(const struct tk_account *a, bool with_next,
                            char next[TK_SECRET_MAX + 1]);

/* A request ended with err; *with_next: it had client_secret_next. True if it is to be sent once
 * more, with that secret: the server refused client_secret. Updates *with_next, and reports if both
 * were refused. */
bool tk_token_tries_next_secret(struct tk_account *a, enum tk_err err, bool *with_next);

/* Before tk_token_accept: the response is to a request with client_secret_next. Makes it the secret
 * in use, to be stored with the pair. */
void tk_token_promote_secret(struct tk_account *a);

/* Deletes the pair and cancels its refresh. TK_E_STORAGE_*: nothing changed. */
enum tk_err tk_token_forget(struct tk_account *a);

/* How the refreshes of an account go. */
struct tk_token_health {
    uint32_t failures;      /* in a row */
    enum tk_err error;      /* of the last of them; TK_OK if there are none */
    enum tk_err blocked_by; /* what an operator must change; TK_OK: nothing */
    bool intent;            /* a refresh was sent and its outcome is unknown */
    bool unstored;          /* the newest pair is only in RAM */
};

void tk_token_health(const struct tk_account *a, struct tk_token_health *health);

#endif
