/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TOLD_H
#define TOLD_H

/*
 * What somebody far away was told of an account's faults, and whether that is so: invariant (h).
 * The sink hears of a fault that it is raised, and that it is cleared; both are of the fault that
 * the account has, or had.
 *
 *  - What was heard as raised is heard as cleared, TOLD_MS after its end at the latest, and before
 *    the next fault is heard of. What reaches escalate_level is heard as raised, TOLD_MS and
 *    TOLD_APART_MS after that.
 *  - Each is heard once: raised a second time only with level 4, where it was less or something
 *    else must be done now, or where the fault came back after its end was heard.
 *  - Nobody hears of the end of a fault that nobody can have heard of.
 *  - Both name the account's own level and beginning, and the same `ref`.
 *
 * Neither a second hearing nor a level is looked at while the gateway cannot know what was heard: a
 * POST of this fault ended without an answer that says so, or the power went in one. A power cut
 * also lets it take a POST that was refused for one that may have been heard, and forget what it
 * wrote while its flash failed.
 */

#include "gate.h"

/* The longest backoff, a POST that was under way, the one that arrives, and a minute. */
#define TOLD_MS       (15 * 60000 + 2 * 20000 + 60000)
#define TOLD_FLASH_MS (2 * 60000)  /* what flash did not take is tried again each minute */
#define TOLD_APART_MS (10 * 60000) /* a new fault waits so long after the last */

struct told {
    /* the sink's side: the fault that was heard of last */
    char ref[64];
    char cause[24];
    int level;
    bool up;       /* raised; not cleared yet */
    bool in_doubt; /* the gateway cannot know this */
    unsigned raised, cleared;

    /* the gateway's side, as it was in the last look */
    struct tk_escalation_record now;
    uint64_t changed_ms; /* the tick at which its level or cause became so */
    uint64_t rose_ms;    /* the tick at which the fault came */
    bool news;    /* since something was heard as raised: it came back, or has another cause */
    bool posting; /* a POST is under way ... */
    bool refused; /* one of a raising was refused, and flash may not say so ... */
    bool
        unwritten; /* flash failed when it changed: it may hold what was before, TOLD_FLASH_MS on */
    uint64_t flash_ms; /* the tick of the last look at which flash failed */
};

/* A POST to the sink has ended; see cloud.post. What is wrong, or NULL. */
const char *told_heard(struct told *t, struct gate *g);

/* After each pass. time_good: the wall clock is right. What is wrong, or NULL. */
const char *told_look(struct told *t, struct gate *g, bool time_good);

/* The power was gone, and it starts. */
void told_booted(struct told *t, const struct gate *g);

#endif
