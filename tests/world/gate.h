/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATE_H
#define GATE_H

/*
 * A gateway in a box: the real core on the simulated machine, with the cloud at its cable. Its
 * power may go at any moment, in the middle of a write to flash or of a word to the network.
 */

#include "cloud.h"

#include "tk_sim_flash.h"
#include "tokenkeeper.h"

#define GATE_UNIX 1795000000 /* when worlds begin: after the build */

struct gate {
    struct tk_port port; /* first: tls_clear.c finds its gateway by it */
    struct tk_sim_flash flash;
    struct tk_config config;
    struct tk_keeper keeper;
    struct cloud cloud;

    bool off;           /* the power is gone: nothing it does any more has an effect */
    uint64_t touches;   /* of the network, so far */
    uint64_t cut_touch; /* the power goes at this one; 0: at none */
    bool quiet_sleep;   /* passes that would only feed the watchdog are left out */
    uint64_t boots, passes;
    uint64_t spun_ms;      /* the tick of the last pass ... */
    unsigned spins;        /* and how many there were in it */
    uint64_t oversleep_ms; /* a sleep may last longer than planned, by up to this */

    bool trace;

    /* After each pass that the power survived, and when it is gone; NULL: nobody looks. */
    void (*look)(struct gate *g);
    void (*cut)(struct gate *g);
    void (*booted)(struct gate *g);
    void (*escalated)(struct gate *g, int level);
    void *ctx;
};

/* Blank, on 8 sectors of 4 KB, powered, with the right time. */
void gate_init(struct gate *g, uint64_t seed);
void gate_free(struct gate *g);

/* Prints what it tells from now on. */
void gate_trace(struct gate *g);

/* portal, client_id, client_secret, and a code that is exchanged: generation 1. */
void gate_provision(struct gate *g);

/* A person comes with a new code. */
void gate_authorize(struct gate *g);

/* Lives until that tick. A loss of power that was planned is followed by a boot. */
void gate_run_until(struct gate *g, uint64_t end_ms);

/* Until then it needs no pass, if nobody does anything to it. */
uint64_t gate_next(const struct gate *g);

/* One pass, and the sleep behind it, at most until end_ms. */
void gate_step(struct gate *g, uint64_t end_ms);

/* The power goes now, and comes back after so long. */
void gate_restart(struct gate *g, uint64_t ms);

/* The first account. */
static inline struct tk_account *gate_account(struct gate *g)
{
    return &g->keeper.accounts.of[0];
}

static inline struct tk_escalation *gate_escalation(struct gate *g)
{
    return &g->keeper.escalator.of[0];
}

enum tk_state gate_state(const struct gate *g);

int64_t gate_unix(const struct gate *g); /* the true time */

#endif
