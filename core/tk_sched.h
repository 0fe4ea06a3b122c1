/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SCHED_H
#define TK_SCHED_H

/*
 * A tick-based, cooperative scheduler: tasks with a deadline, run to completion. Tasks belong to
 * the caller and may be part of a larger struct; the scheduler only links them, sorted by
 * deadline (those of equal deadline in the order they were armed).
 *
 * Time is the 64-bit tick of tk_clock.h, which does not wrap in 584 million years; one `now` is
 * taken a pass, so a task that arms itself for now runs in the next pass and starves nobody.
 */

#include <stdbool.h>
#include <stdint.h>

#define TK_NEVER UINT64_MAX

struct tk_task {
    struct tk_task *next; /* the scheduler's */
    uint64_t due_ms;      /* tick; TK_NEVER when not armed */
    uint32_t armed_in;    /* the pass in which it was armed */
    void (*run)(struct tk_task *task, uint64_t now_ms);
};

struct tk_sched {
    struct tk_task *first;
    uint32_t pass;
};

void tk_sched_init(struct tk_sched *s);

/* A task that is not armed yet. Call it once, before the others. */
void tk_task_init(struct tk_task *task, void (*run)(struct tk_task *task, uint64_t now_ms));

/* Arms the task for a tick, also when it was armed for another; TK_NEVER disarms it. */
void tk_sched_at(struct tk_sched *s, struct tk_task *task, uint64_t due_ms);

/* Runs each task that is due at now_ms, once, with itself disarmed before it runs. Answers the
 * deadline of the next one, or TK_NEVER. */
uint64_t tk_sched_run(struct tk_sched *s, uint64_t now_ms);

/* The next deadline of something that happens every period_ms: counted from the one that was due,
 * so that lateness does not add up; after a gap of more than a period, from now. */
uint64_t tk_sched_next(uint64_t due_ms, uint64_t period_ms, uint64_t now_ms);

/* How long to leave something alone that failed: first_ms, doubled so many times, at most most_ms.
 */
uint64_t tk_sched_backoff(uint64_t first_ms, uint32_t doublings, uint64_t most_ms);

#endif
