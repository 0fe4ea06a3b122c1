/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TIMER_H
#define TK_TIMER_H

/*
 * A tick-based, cooperative scheduler: timers with a deadline, run to completion. Tasks belong to
 * the caller and may be part of a larger struct; the scheduler only links them, sorted by
 * deadline (those of equal deadline in the order they were armed).
 *
 * Time is the 64-bit tick of tk_clock.h, which does not wrap in 584 million years; one `now` is
 * taken a pass, so a timer that arms itself for now runs in the next pass and starves nobody.
 */

#include <stdbool.h>
#include <stdint.h>

#define TK_NEVER UINT64_MAX

struct tk_timer {
    struct tk_timer *next; /* the scheduler's */
    uint64_t due_ms;       /* tick; TK_NEVER when not armed */
    uint32_t armed_in;     /* the pass in which it was armed */
    void (*run)(struct tk_timer *timer, uint64_t now_ms);
};

struct tk_timers {
    struct tk_timer *first;
    uint32_t pass;
};

void tk_timers_init(struct tk_timers *s);

/* A timer that is not armed yet. Call it once, before the others. */
void tk_timer_init(struct tk_timer *timer, void (*run)(struct tk_timer *timer, uint64_t now_ms));

/* Arms the timer for a tick, also when it was armed for another; TK_NEVER disarms it. */
void tk_timer_start(struct tk_timers *s, struct tk_timer *timer, uint64_t due_ms);
void tk_timer_stop(struct tk_timers *s, struct tk_timer *timer);

/* Runs each timer that is due at now_ms, once, with itself disarmed before it runs. Answers the
 * deadline of the next one, or TK_NEVER. */
uint64_t tk_timers_run(struct tk_timers *s, uint64_t now_ms);

/* The next deadline of something that happens every period_ms: counted from the one that was due,
 * so that lateness does not add up; after a gap of more than a period, from now. */
uint64_t tk_timer_next(uint64_t due_ms, uint64_t period_ms, uint64_t now_ms);

/* How long to leave something alone that failed: first_ms, doubled so many times, at most most_ms.
 */
uint64_t tk_backoff_ms(uint64_t first_ms, uint32_t doublings, uint64_t most_ms);

#endif
