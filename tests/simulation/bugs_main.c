/* SPDX-License-Identifier: Apache-2.0 */

/* simulation_bugs: injects bugs into core, one at a time; the simulation must find each. */

#include "bugs.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 200 }; /* runs for one bug, at most */

static struct soak soak;

static bool is_found(const struct bug *bug)
{
    char violated = 0;

    for (uint64_t seed = 1; seed <= SEEDS && violated != bug->violates; seed++) {
        memset(&soak, 0, sizeof soak);
        soak.kind = bug->kind;
        soak.seed = seed;
        soak.days = bug->days;
        bug_inject(bug, &soak.gateway);
        (void)soak_run(&soak);
        violated = soak.invariants.violated;
        if (violated == bug->violates)
            printf("found (%c) %s: %s [%s %llu]\n", violated, bug->name, soak.invariants.detail,
                   soak_names[bug->kind], (unsigned long long)seed);
        soak_free(&soak);
        bug_inject(NULL, NULL);
    }
    if (violated != bug->violates)
        printf("NOT FOUND (%c) %s\n", bug->violates, bug->name);
    return violated == bug->violates;
}

int main(void)
{
    bool all = true;

    for (size_t i = 0; i < bug_count; i++)
        all = is_found(&bugs[i]) && all;
    return all ? 0 : 1;
}
