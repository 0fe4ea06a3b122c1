/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INJECTOR_H
#define INJECTOR_H

/* Fault injection: episodes of faults with pauses between them, all drawn from one seed. */

#include "invariants.h"

enum injection {
    INJECT_NETWORK, /* the way to one or all hosts */
    INJECT_SERVER,  /* what the hosts answer */
    INJECT_PORTAL,  /* not paid, not installed, another secret */
    INJECT_FLASH,   /* writes or erases fail */
    INJECT_CLOCK,   /* unknown or wrong */
    INJECT_STOP,    /* the program ends cleanly, at any moment, with the answer up to 5 s late */
    INJECT_POWER,   /* fails: in a write, between calls of the network, or at any time */
    INJECT_REVOKED, /* the application is removed: the operator must authorize again */
    INJECTIONS
};

struct injector {
    struct gateway *g;
    struct invariants *v;
    uint64_t random;
    uint64_t pause_min_ms, pause_max_ms, episode_max_ms;
    bool active;         /* in an episode */
    bool webhook_faulty; /* faults of the webhook may last into the pause */
    enum injection kind;
    uint64_t next_ms; /* the end of the episode or pause */
    uint64_t episodes[INJECTIONS];
    unsigned cuts; /* power failures still to come in this episode */
};

void injector_init(struct injector *j, struct gateway *g, struct invariants *v, uint64_t seed);

/* At next_ms: ends the episode or pause, and begins what follows. */
void injector_turn(struct injector *j);

extern const char *const injection_names[INJECTIONS];

#endif
