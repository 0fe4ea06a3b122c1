/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_counters.h"

void tk_counters_refreshed(struct tk_counters *c, enum tk_err err, uint32_t took_ms, bool is_retry,
                           bool is_recovery)
{
    enum tk_action action = tk_err_action(err);

    c->retries += is_retry;
    if (err != TK_OK) {
        c->failed[action <= TK_ACTION_REAUTH ? action : TK_ACTION_NONE]++;
        return;
    }
    c->ok++;
    c->recovered += is_recovery;
    c->last_ms = took_ms;
    if (c->longest_ms < took_ms)
        c->longest_ms = took_ms;
}
