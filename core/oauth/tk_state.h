/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STATE_H
#define TK_STATE_H

/* The state of an account, as `status` prints it. It is derived, never stored; states.md has the
 * table. Pure functions. */

#include "tk_account.h"

enum tk_state {
    TK_NO_CLIENT,  /* portal, client_id or client_secret is not set */
    TK_NEEDS_CODE, /* an operator must authorize: auth begin */
    TK_EXCHANGING, /* a code is being exchanged for a pair */
    TK_REFRESHING, /* a refresh is in progress */
    TK_READY,      /* it has a pair and will refresh it in time */
    TK_RETRYING,   /* a refresh failed and will be retried */
    TK_BLOCKED     /* it has a pair, but configuration, payment or permission must change */
};

enum tk_state tk_account_state(const struct tk_account *a);

/* "no_client" to "blocked"; a constant. */
const char *tk_state_name(enum tk_state state);

/* The value of `reason=`, "none" if there is none; a constant, or in code. */
const char *tk_account_reason(const struct tk_account *a, char code[TK_ERR_CODE_MAX + 1]);

#endif
