/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TIMER_H
#define TK_TIMER_H

/*
 * One-shot software timers for a cooperative main loop. A timer belongs to its owner, usually as a
 * member of a larger struct (TK_CONTAINER_OF); struct tk_timers only links those that run, sorted
 * by expiry, then by when they were started. Call all of it from the main loop.
 *
 * Time is the 64-bit tick of tk_clock.h, in milliseconds; it does not wrap. Each pass of the main
 * loop reads it once. A timer that a callback starts expires in the next pass at the earliest, so a
 * callback that restarts its own timer at once cannot keep the others from running.
 */

#include <stdbool.h>
#include <stdint.h>

#define TK_NEVER UINT64_MAX

struct tk_timer {
    struct tk_timer *next; /* private */
    uint64_t due_ms;       /* tick at which it expires; TK_NEVER while stopped */
    uint32_t started_in;   /* private: the pass */
    void (*run)(struct tk_timer *timer, uint64_t now_ms);
};

struct tk_timers {
    struct tk_timer *first;
    uint32_t pass;
};

void tk_timers_init(struct tk_timers *timers);

/* Sets up a stopped timer. Call it before any other function on the timer, and never on one that
 * runs. run may start and stop any timer, and may free its own. */
void tk_timer_init(struct tk_timer *timer, void (*run)(struct tk_timer *timer, uint64_t now_ms));

/* Starts the timer, or restarts it if it runs. A due_ms in the past expires in the next pass;
 * TK_NEVER stops the timer. */
void tk_timer_start(struct tk_timers *timers, struct tk_timer *timer, uint64_t due_ms);

/* Stops the timer; no effect on a stopped one. */
void tk_timer_stop(struct tk_timers *timers, struct tk_timer *timer);

/* One pass: stops each timer that expired at now_ms and calls its run, once. Returns the expiry of
 * the next timer, or TK_NEVER. */
uint64_t tk_timers_run(struct tk_timers *timers, uint64_t now_ms);

/* Exponential backoff: first_ms doubled `doublings` times, at most most_ms, which is below 2^31. */
uint32_t tk_backoff_ms(uint32_t first_ms, uint32_t doublings, uint32_t most_ms);

/* Whole seconds from one tick to a later one; 0 if it is not later. */
uint32_t tk_seconds_until(uint64_t until_ms, uint64_t from_ms);

#endif
