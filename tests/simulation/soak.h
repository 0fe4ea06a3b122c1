/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOAK_H
#define SOAK_H

/* A soak run: one gateway for many days, with its consumers, its operator and injected faults. */

#include "injector.h"

enum soak_kind {
    SOAK_CALM,  /* renewed every 25 minutes; no faults, no consumer */
    SOAK_DENSE, /* renewed on demand; a fault about every week, consumers around it */
    SOAK_WEEKS, /* renewed every 25 minutes; a fault every half day */
    SOAK_IDLE,  /* renewed on demand; no consumer, refresh tokens that live 28 days */
    SOAK_KINDS
};

struct soak {
    enum soak_kind kind;
    uint64_t seed;
    uint64_t days;
    struct gateway gateway;
    struct invariants invariants;
    struct injector injector;
    uint64_t random;
    uint64_t demand_ms;   /* the next consumer comes */
    uint64_t operator_ms; /* the operator comes; UINT64_MAX: is not needed */
    bool trace;
    bool watchdog; /* the gateway has one: passes that only feed it come between the others */
};

/* Runs it from blank flash. False: an invariant is violated, see invariants. */
bool soak_run(struct soak *soak);

/* After soak_run. */
void soak_free(struct soak *soak);

extern const char *const soak_names[SOAK_KINDS];

#endif
