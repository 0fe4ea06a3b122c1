/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TOKEN_H
#define TK_TOKEN_H

/*
 * The life of a pair: renewed in time, one request at a time, served to whoever asks.
 *
 * Rotation is the dangerous moment: the server may retire the old pair before the new one is
 * stored here. An intent is stored before a refresh is sent, and the commit of the new pair closes
 * it. After an answer that was lost, the current pair is tried until the server says something
 * definite about it; refused then, the pair before it is tried the same way.
 */

#include "tk_account.h"

enum tk_token_answer {
    TK_TOKEN_VALUE,  /* there it is */
    TK_TOKEN_WAIT,   /* being worked on: ask again after the next pass of the main loop */
    TK_TOKEN_REFUSED /* not before a person acts, or something else changes; info.err says why */
};

struct tk_token_info {
    enum tk_err err;     /* REFUSED: why; WAIT: what it waits for, or TK_OK */
    uint32_t generation; /* of the pair that the token is from */
    uint32_t expires_in; /* seconds it is still valid */
    bool is_short;       /* fewer than were asked for: more is not to be had now */
};

#define TK_MIN_VALID_DEFAULT 60 /* s */

/*
 * A valid access token of the account `ref` (NULL: the first), NUL-terminated in buf. With less
 * than min_valid_s left it is renewed first, at most once. Never blocks. buf should have
 * TK_TOKEN_MAX + 1 bytes; what does not fit is refused with TK_E_NO_MEMORY.
 */
enum tk_token_answer tk_token_get(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                  char *buf, size_t size, struct tk_token_info *info);

/* The same for a consumer that waits no longer: a valid token that lives shorter is better than
 * none. */
enum tk_token_answer tk_token_get_last(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                       char *buf, size_t size, struct tk_token_info *info);

/* A consumer met a 401 with a token of this generation. Only if that is still the current one a
 * refresh follows, and tk_token_get waits for it. */
void tk_token_rejected(struct tk_keeper *k, const char *ref, uint32_t generation);

void tk_token_init(struct tk_account *a);

/* The account was loaded, its configuration changed, or the time became known: plans its next
 * refresh anew. */
void tk_token_plan(struct tk_account *a);

/* Refreshes at once. TK_E_NO_CLIENT, TK_E_NEEDS_CODE, TK_E_TOO_SOON, or TK_OK: under way. */
enum tk_err tk_token_refresh(struct tk_account *a);

/* Whether a refresh would follow the last successful one too closely. */
bool tk_token_too_soon(const struct tk_account *a);

/* The server gave a new pair, for a code or for a refresh token: stores it, then publishes it. */
void tk_token_accept(struct tk_account *a, const struct tk_grant *grant, uint64_t sent_ms);

/* Ends what is under way and forgets the pair. */
enum tk_err tk_token_forget(struct tk_account *a);

/* Seconds until the next refresh is due; false when none is planned. */
bool tk_token_next_in(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds);

#endif
