/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_PRIVATE_H
#define TK_SIM_PRIVATE_H

/* What the files of this port need of each other. */

#include "tk_sim.h"

/* malloc that ends the test when there is no memory: no test is about that. */
void *tk_sim_alloc(size_t size);
void tk_sim_append(struct tk_sim_bytes *bytes, const void *data, size_t len);
size_t tk_sim_take(struct tk_sim_bytes *bytes, void *buf, size_t size);

/* What tk_wait finds: something that ends it, or something passed over. */
struct tk_sim_waking {
    bool now;
    bool nap;
};

void tk_sim_set_wanted(struct tk_sim_interest *interest, bool wanted);
void tk_sim_check(struct tk_sim_waking *waking, struct tk_sim_interest *interest, bool there);

/* Each part of the machine: what happens because time moved; the tick it next does something by
 * itself; whether it can go on where it said "not now". */
void tk_sim_net_settle(struct tk_port *port);
uint64_t tk_sim_net_next(const struct tk_port *port);
void tk_sim_net_wakes(struct tk_port *port, struct tk_sim_waking *waking);
void tk_sim_console_wakes(struct tk_port *port, struct tk_sim_waking *waking);

void tk_sim_net_free(struct tk_port *port);

#endif
