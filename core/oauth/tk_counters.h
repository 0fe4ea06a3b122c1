/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COUNTERS_H
#define TK_COUNTERS_H

/* How an account's refreshes went since the start, for `status --all`. Pure functions. */

#include "tk_err.h"

#include <stdbool.h>
#include <stdint.h>

struct tk_counters {
    uint32_t ok;
    uint32_t failed[TK_ACTION_REAUTH + 1]; /* by the error's action */
    uint32_t retries;                      /* refreshes that followed a failed one */
    uint32_t recovered;                    /* pairs that came after a lost answer */
    uint32_t last_ms, longest_ms;          /* from request to answer, of those that succeeded */
};

/* A refresh ended with err, took_ms after it was sent. retried: the one before it failed;
 * recovered: an earlier answer was lost. */
void tk_counters_refreshed(struct tk_counters *c, enum tk_err err, uint32_t took_ms, bool retried,
                           bool recovered);

#endif
