/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COUNTERS_H
#define TK_COUNTERS_H

/* How an account's refreshes and escalations went since the start, for `status --all`. */

#include "tk_err.h"

#include <stdint.h>

struct tk_account;

struct tk_counters {
    uint32_t ok;
    uint32_t failed[TK_ACTION_REAUTH + 1]; /* by what a failure leads to */
    uint32_t retries;                      /* refreshes that followed a failed one */
    uint32_t recovered;                    /* pairs that came after an answer was lost */
    uint32_t last_ms, longest_ms;          /* from a request to its answer, of those that were ok */
    uint32_t posts_taken, posts_failed;    /* of escalations; tests do not count */
};

/* One ended. To be called before the account knows of it. */
void tk_counters_refreshed(struct tk_account *a, enum tk_err err);

#endif
