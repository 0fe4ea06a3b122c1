/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEATHER_H
#define WEATHER_H

/*
 * What goes wrong with a gateway, and when: spells of trouble with calm between them, all drawn
 * from one seed.
 */

#include "oracle.h"

enum weather_kind {
    WEATHER_WAY,     /* the network to one or all hosts */
    WEATHER_SERVER,  /* what the hosts answer */
    WEATHER_PORTAL,  /* not paid, not installed, another secret */
    WEATHER_FLASH,   /* fails to write or to erase */
    WEATHER_CLOCK,   /* unknown, or wrong */
    WEATHER_POWER,   /* goes: in the middle of a write, of a word, or at any time; often again */
    WEATHER_REVOKED, /* the application was removed: a person must authorize */
    WEATHER_KINDS
};

struct weather {
    struct gate *g;
    struct oracle *o;
    uint64_t random;
    uint64_t calm_min_ms, calm_max_ms, spell_max_ms;
    bool bad, sink_bad; /* now; the sink's own trouble may last longer, in the calm */
    enum weather_kind kind;
    uint64_t next_ms; /* the end of the spell, or of the calm */
    uint64_t spells[WEATHER_KINDS];
    unsigned cuts; /* still to come in this spell */
};

void weather_init(struct weather *w, struct gate *g, struct oracle *o, uint64_t seed);

/* The spell or the calm is over: what comes next begins. */
void weather_turn(struct weather *w);

extern const char *const weather_names[WEATHER_KINDS];

#endif
