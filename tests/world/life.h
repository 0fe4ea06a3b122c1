/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIFE_H
#define LIFE_H

/* Stretches of a gateway's life: with its consumers, the people who come when they are called,
 * and the weather. */

#include "weather.h"

enum life_kind {
    LIFE_CALM,  /* 25 minutes, no faults, nobody asks */
    LIFE_DENSE, /* on demand, a fault about every week, consumers around it */
    LIFE_WEEKS, /* 25 minutes, weeks around faults */
    LIFE_IDLE   /* on demand, no consumer, refresh tokens that live 28 days */
};

struct life {
    enum life_kind kind;
    uint64_t seed;
    uint64_t days;
    struct gate gate;
    struct oracle oracle;
    struct weather weather;
    uint64_t random;
    uint64_t demand_ms, person_ms;
    bool trace;
    bool awake; /* it feeds its watchdog too */
};

/* Lives it, from a blank gateway on. False: an invariant is broken, see oracle. */
bool life_run(struct life *life);

/* Afterwards. */
void life_free(struct life *life);

extern const char *const life_names[4];

#endif
