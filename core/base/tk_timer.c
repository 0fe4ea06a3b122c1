/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_timer.h"

#include "tk_assert.h"

#include <stddef.h>

void tk_timers_init(struct tk_timers *timers)
{
    timers->first = NULL;
    timers->pass = 0;
}

void tk_timer_init(struct tk_timer *timer, void (*run)(struct tk_timer *timer, uint64_t now_ms))
{
    TK_ASSERT(run != NULL);
    *timer = (struct tk_timer){.due_ms = TK_NEVER, .run = run};
}

static void unlink_timer(struct tk_timers *timers, struct tk_timer *timer)
{
    struct tk_timer **at = &timers->first;

    while (*at != timer) {
        TK_ASSERT(*at != NULL); /* it was started in this list */
        at = &(*at)->next;
    }
    *at = timer->next;
    timer->due_ms = TK_NEVER;
}

void tk_timer_start(struct tk_timers *timers, struct tk_timer *timer, uint64_t due_ms)
{
    struct tk_timer **at = &timers->first;

    TK_ASSERT(timer->run != NULL); /* tk_timer_init was called */
    if (timer->due_ms != TK_NEVER)
        unlink_timer(timers, timer);
    if (due_ms == TK_NEVER)
        return;
    while (*at != NULL && (*at)->due_ms <= due_ms)
        at = &(*at)->next;
    timer->due_ms = due_ms;
    timer->started_in = timers->pass;
    timer->next = *at;
    *at = timer;
}

void tk_timer_stop(struct tk_timers *timers, struct tk_timer *timer)
{
    tk_timer_start(timers, timer, TK_NEVER);
}

/* The first expired timer that was not started in this pass. */
static struct tk_timer *next_due(const struct tk_timers *timers, uint64_t now_ms)
{
    for (struct tk_timer *t = timers->first; t != NULL && t->due_ms <= now_ms; t = t->next) {
        if (t->started_in != timers->pass)
            return t;
    }
    return NULL;
}

uint64_t tk_timers_run(struct tk_timers *timers, uint64_t now_ms)
{
    struct tk_timer *timer;

    timers->pass++;
    while ((timer = next_due(timers, now_ms)) != NULL) {
        unlink_timer(timers, timer);
        timer->run(timer, now_ms);
    }
    return timers->first == NULL ? TK_NEVER : timers->first->due_ms;
}

uint32_t tk_backoff_ms(uint32_t first_ms, uint32_t doublings, uint32_t most_ms)
{
    while (doublings-- > 0 && first_ms < most_ms)
        first_ms *= 2;
    return first_ms < most_ms ? first_ms : most_ms;
}

uint32_t tk_seconds_until(uint64_t until_ms, uint64_t from_ms)
{
    return until_ms > from_ms ? (uint32_t)((until_ms - from_ms) / 1000) : 0;
}
