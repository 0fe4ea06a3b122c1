/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STATE_H
#define TK_STATE_H

/* The state of an account, as `status` prints it. It is derived, never stored; states.md has the
 * table. */

#include "tk_account.h"

enum tk_state {
    TK_NO_CLIENT,  /* portal, client_id or client_secret is missing */
    TK_NEEDS_CODE, /* a person must authorize */
    TK_EXCHANGING, /* a code's request is open */
    TK_REFRESHING, /* a refresh's request is open */
    TK_READY,      /* a pair that will be renewed in time */
    TK_RETRYING,   /* a refresh failed and is tried again */
    TK_BLOCKED     /* a stored pair, but configuration, payment or permission forbids */
};

enum tk_state tk_account_state(const struct tk_account *a);
const char *tk_state_name(enum tk_state state);

/* The word behind `reason=`, "none" where there is no reason. A constant. */
const char *tk_account_reason(const struct tk_account *a);

#endif
