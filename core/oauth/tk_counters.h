/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_COUNTERS_H
#define TK_COUNTERS_H

/* Counters of an account's refreshes since the start, for `status --all`. Pure functions. */

#include "tk_err.h"

#include <stdbool.h>
#include <stdint.h>

struct tk_counters {
    uint32_t ok;
    uint32_t failed[TK_ACTION_REAUTH + 1]; /* by the action of the error */
    uint32_t retries;                      /* refreshes that followed a failed one */
    uint32_t recovered;                    /* new pairs after a lost response */
    uint32_t last_ms, longest_ms;          /* from request to response, if successful */
};

/* Counts a refresh that ended with err, took_ms after its request was sent. is_retry: the one
 * before it failed; is_recovery: a response had been lost before. */
void tk_counters_refreshed(struct tk_counters *c, enum tk_err err, uint32_t took_ms, bool is_retry,
                           bool is_recovery);

#endif
