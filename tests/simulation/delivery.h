/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVERY_H
#define DELIVERY_H

/*
 * Invariant (h): the messages that the webhook's receiver has about an account's faults agree with
 * the faults. The receiver gets one RAISED for a fault, and one CLEARED for its end.
 *
 *  - Each fault of at least escalate_level is raised within DELIVERY_MS + DELIVERY_APART_MS.
 *  - Each fault that was raised is cleared, within DELIVERY_MS of its end and before the next fault
 *    is raised.
 *  - Both are delivered once. A fault is raised again only at level 4: where its level was lower or
 *    another action is needed now, or where it came back after it was cleared.
 *  - A fault that cannot have been raised is not cleared.
 *  - Both name the account's own level and start, and have the same `ref`.
 *
 * Duplicates and levels are not checked while the gateway cannot know what was delivered: a POST of
 * this fault ended without an answer that says so, or the power failed in one. After a power
 * failure the gateway may also take a POST that was refused for one that may have been delivered,
 * and it forgets what it could not write to flash.
 */

#include "gateway.h"

/* The longest backoff, a POST that was under way, the one that arrives, and a minute. */
#define DELIVERY_MS       (15 * 60000 + 2 * 20000 + 60000)
#define DELIVERY_FLASH_MS (2 * 60000)  /* a write to flash that failed is repeated each minute */
#define DELIVERY_APART_MS (10 * 60000) /* holdoff of a new fault after the one before */

struct delivery {
    /* The receiver's view of the newest fault. */
    char ref[64];
    char cause[24];
    int level;
    bool up;       /* raised, and not cleared yet */
    bool in_doubt; /* the gateway cannot know this */
    unsigned raised, cleared;

    /* The gateway's view, as of the last check. */
    struct tk_alert_record now;
    uint64_t changed_ms; /* the tick at which level or cause changed */
    uint64_t rose_ms;    /* the tick at which the fault began */
    bool news;           /* since the last RAISED: the fault came back, or has another cause */
    bool posting;        /* a POST is under way */
    bool refused;        /* a RAISED was refused, which flash may not say */
    bool unwritten;      /* flash failed when it changed: for DELIVERY_FLASH_MS it may be stale */
    uint64_t flash_ms;   /* the tick of the last check at which flash failed */
};

/* A POST to the webhook has ended, see server.post. Returns what is violated, or NULL. */
const char *delivery_post_ended(struct delivery *d, struct gateway *g);

/* After each pass. time_good: the wall clock is right. Returns what is violated, or NULL. */
const char *delivery_check(struct delivery *d, struct gateway *g, bool time_good);

/* The gateway starts after a power failure. */
void delivery_booted(struct delivery *d, const struct gateway *g);

#endif
