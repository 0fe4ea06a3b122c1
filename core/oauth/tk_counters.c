/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_counters.h"

#include "tk_keeper.h"

static void count_success(struct tk_account *a)
{
    struct tk_counters *c = &a->counters;

    c->ok++;
    c->last_ms = (uint32_t)(tk_keeper_now(a->keeper) - a->refresh.sent_ms);
    if (c->longest_ms < c->last_ms)
        c->longest_ms = c->last_ms;
    if (!a->refresh.in_doubt)
        return;
    c->recovered++;
    if (a->refresh.try_previous)
        tk_history_add(a->keeper, TK_EVENT_RECOVERED, a->index, 0, TK_OK);
}

void tk_counters_refreshed(struct tk_account *a, enum tk_err err)
{
    enum tk_action action = tk_err_action(err);

    if (a->refresh.failures > 0)
        a->counters.retries++;
    if (err == TK_OK)
        count_success(a);
    else
        a->counters.failed[action <= TK_ACTION_REAUTH ? action : TK_ACTION_NONE]++;
}
