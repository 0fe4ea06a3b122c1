/* SPDX-License-Identifier: Apache-2.0 */
#ifndef GATEWAY_H
#define GATEWAY_H

/*
 * A simulated gateway: the real core on the simulated port, with its servers at the other end of
 * the network. Its power may fail at any moment, also in the middle of a write to flash or between
 * two calls of the network.
 */

#include "server.h"

#include "tk_sim_flash.h"
#include "tokenkeeper.h"

#define GATEWAY_UNIX 1795000000 /* true time at tick 0: after the build date */

enum { HOST_OAUTH_WEST, HOST_OAUTH_EAST, HOST_PORTAL, HOST_WEBHOOK };

/* For server_set_fault. */
#define OAUTH_HOSTS   (1u << HOST_OAUTH_WEST | 1u << HOST_OAUTH_EAST)
#define WEBHOOK_HOSTS (1u << HOST_WEBHOOK)

struct gateway {
    struct tk_port port; /* first: the port's pointer is the gateway's */
    struct tk_sim_flash flash;
    struct tk_config config;
    struct tk_keeper keeper;
    struct server server;

    bool off;           /* the power has failed: nothing has an effect any more */
    uint64_t net_calls; /* of the network, so far */
    uint64_t cut_call;  /* the power fails at this one; 0: at none */
    uint64_t boots, passes;
    uint64_t spun_ms;      /* the tick of the last pass ... */
    unsigned spins;        /* ... and how many passes it has had */
    uint64_t oversleep_ms; /* a sleep may last longer than planned, by up to this */

    bool trace;

    /* Callbacks; each may be NULL. */
    void (*passed)(struct gateway *g); /* after each pass that the power survived */
    void (*booted)(struct gateway *g);
    void (*stopped)(struct gateway *g, uint64_t took_ms); /* by gateway_stop */
    void *ctx;
};

/* Blank flash, power on, the time known. */
void gateway_init(struct gateway *g, uint64_t seed);
void gateway_free(struct gateway *g);

/* Prints what the gateway logs from now on. */
void gateway_trace(struct gateway *g);

/* Sets portal, client_id and client_secret, and exchanges a code: generation 1. */
void gateway_provision(struct gateway *g);

/* The operator authorizes again and enters the code. */
void gateway_authorize(struct gateway *g);

/* Runs until that tick. A planned power failure is followed by a boot. */
void gateway_run_until(struct gateway *g, uint64_t end_ms);

/* The tick of the next pass that is needed. */
uint64_t gateway_next(const struct gateway *g);

/* One pass, and the sleep after it, at most until end_ms. */
void gateway_step(struct gateway *g, uint64_t end_ms);

/* The power fails now, for ms. */
void gateway_restart(struct gateway *g, uint64_t ms);

/* Ends the program cleanly, which a power failure may prevent, and starts it again after ms. */
void gateway_stop(struct gateway *g, uint64_t ms);

/* The first account. */
static inline struct tk_account *gateway_account(struct gateway *g)
{
    return &g->keeper.accounts.of[0];
}

static inline struct tk_alert *gateway_alert(struct gateway *g)
{
    return &g->keeper.alerts.of[0];
}

enum tk_state gateway_state(const struct gateway *g);

int64_t gateway_unix(const struct gateway *g); /* true time */

#endif
