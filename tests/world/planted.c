/* SPDX-License-Identifier: Apache-2.0 */

/* world_planted: planted bugs, each of which must be found. */

#include "sabotage.h"

#include <stdio.h>
#include <string.h>

enum { SEEDS = 200 }; /* in one of so many lives */

static struct life life;

static bool is_found(const struct sabotage *s)
{
    uint64_t seed = 1;
    char broken = 0;

    for (; seed <= SEEDS && broken != s->breaks; seed++) {
        memset(&life, 0, sizeof life);
        life.kind = s->kind;
        life.seed = seed;
        life.days = s->days;
        sabotage_plant(s, &life.gate);
        (void)life_run(&life);
        broken = life.oracle.broken;
        if (broken == s->breaks)
            printf("found (%c) %s: %s [%s %llu]\n", broken, s->name, life.oracle.words,
                   life_names[s->kind], (unsigned long long)seed);
        life_free(&life);
        sabotage_plant(NULL, NULL);
    }
    if (broken != s->breaks)
        printf("NOT FOUND (%c) %s\n", s->breaks, s->name);
    return broken == s->breaks;
}

int main(void)
{
    bool all = true;

    for (size_t i = 0; i < sabotage_count; i++)
        all = is_found(&sabotages[i]) && all;
    return all ? 0 : 1;
}
