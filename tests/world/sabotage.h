/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SABOTAGE_H
#define SABOTAGE_H

/*
 * Planted bugs: each stands in front of one function of core (the linker's --wrap) and breaks one
 * invariant of the oracle, which must find it.
 */

#include "life.h"

struct sabotage {
    const char *name;    /* what the bug does, in words */
    char breaks;         /* the invariant */
    enum life_kind kind; /* where it is looked for */
    uint64_t days;
};

extern const struct sabotage sabotages[];
extern const size_t sabotage_count;

/* NULL: none. */
void sabotage_plant(const struct sabotage *s, struct gate *g);

#endif
