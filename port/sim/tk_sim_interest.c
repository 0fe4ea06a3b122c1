/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

void tk_sim_set_wanted(struct tk_sim_interest *interest, bool wanted)
{
    interest->wanted = wanted;
    interest->reported = false;
}

void tk_sim_check(struct tk_sim_wake *wake, struct tk_sim_interest *interest, bool there)
{
    bool wanted = interest->wanted && there;

    wake->skipped = wake->skipped || (wanted && interest->reported);
    interest->reported = wanted && !interest->reported;
    wake->met = wake->met || interest->reported;
}
