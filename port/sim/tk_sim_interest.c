/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

void tk_sim_set_wanted(struct tk_sim_interest *interest, bool wanted)
{
    interest->wanted = wanted;
    interest->reported = false;
}

void tk_sim_check(struct tk_sim_waking *waking, struct tk_sim_interest *interest, bool there)
{
    bool wanted = interest->wanted && there;

    waking->nap = waking->nap || (wanted && interest->reported);
    interest->reported = wanted && !interest->reported;
    waking->now = waking->now || interest->reported;
}
