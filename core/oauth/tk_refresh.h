/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_REFRESH_H
#define TK_REFRESH_H

/*
 * The refresh request (RFC 6749 section 6): sends the refresh token, at most one request at a time,
 * and reacts to the outcome. errors.md has all outcomes.
 *
 * A refresh rotates both tokens, and the server may retire the old pair before the new one is
 * stored here. If the response is lost, by a timeout, a reset or a power cut:
 *
 *   1. An intent was stored before the request was sent (write_refresh), so a restart knows.
 *   2. The current pair is tried until the server gives a definite answer: a new pair, or
 *      invalid_grant or expired_token. Timeouts, 5xx and garbage are none.
 *   3. If it is refused, the previous pair is tried the same way (pair_refused).
 *   4. If that is refused too, the grant is lost: state needs_code, reason rotation_lost.
 *
 * The commit of a new pair closes the intent (tk_token_accept).
 *
 * Whether a pair that was loaded from flash is still valid cannot be told by a clock that nothing
 * has confirmed (tk_time.h). Rather than rotate it, the server is asked for its Date first: once a
 * start, by a HEAD request on the connection that a refresh would use.
 */

#include "tk_account.h"

/* Call it once for each slot, after tk_account_init. */
void tk_refresh_init(struct tk_account *a);

/* Starts a refresh, unless one is in progress. TK_OK: it is in progress, its end is notified as
 * TK_ACCOUNT_RENEWED or TK_ACCOUNT_FAILED. TK_E_NO_CLIENT, TK_E_NEEDS_CODE, TK_E_TOO_SOON. */
enum tk_err tk_refresh_start(struct tk_account *a);

/* The same for a consumer; asks for the time first if that may be enough. Then it has ended once
 * tk_account_refreshing is false. */
void tk_refresh_demand(struct tk_account *a);

#endif
