/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SIM_PRIVATE_H
#define TK_SIM_PRIVATE_H

/* Shared by the files of this port. */

#include "tk_sim.h"

/* malloc; aborts if there is no memory. */
void *tk_sim_alloc(size_t size);
void tk_sim_append(struct tk_sim_bytes *bytes, const void *data, size_t len);
size_t tk_sim_take(struct tk_sim_bytes *bytes, void *buf, size_t size);

/* What tk_wait finds. */
struct tk_sim_wake {
    bool met;     /* a condition ends it */
    bool skipped; /* a condition was skipped: sleep for a short time only */
};

void tk_sim_set_wanted(struct tk_sim_interest *interest, bool wanted);
void tk_sim_check(struct tk_sim_wake *wake, struct tk_sim_interest *interest, bool there);

/* For each part of the machine: processes events that are due; the tick of its next event; checks
 * the conditions that end tk_wait. */
void tk_sim_net_settle(struct tk_port *port);
uint64_t tk_sim_net_next(const struct tk_port *port);
void tk_sim_net_check(struct tk_port *port, struct tk_sim_wake *wake);
void tk_sim_console_check(struct tk_port *port, struct tk_sim_wake *wake);

void tk_sim_net_free(struct tk_port *port);

#endif
