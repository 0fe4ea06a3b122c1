/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BUGS_H
#define BUGS_H

/*
 * Injected bugs: each replaces one function of core (the linker's --wrap) and violates one
 * invariant, which the simulation must find.
 */

#include "soak.h"

struct bug {
    const char *name;
    char violates;       /* the invariant */
    enum soak_kind kind; /* of the runs that find it */
    uint64_t days;
};

extern const struct bug bugs[];
extern const size_t bug_count;

/* From now on this gateway's core has the bug; NULL: none has. */
void bug_inject(const struct bug *bug, struct gateway *g);

#endif
