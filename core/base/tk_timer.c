/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_timer.h"

#include <stddef.h>

void tk_timers_init(struct tk_timers *s)
{
    s->first = NULL;
    s->pass = 0;
}

void tk_timer_init(struct tk_timer *timer, void (*run)(struct tk_timer *timer, uint64_t now_ms))
{
    *timer = (struct tk_timer){.due_ms = TK_NEVER, .run = run};
}

static void unlink_timer(struct tk_timers *s, struct tk_timer *timer)
{
    struct tk_timer **at = &s->first;

    while (*at != NULL && *at != timer)
        at = &(*at)->next;
    if (*at != NULL)
        *at = timer->next;
    timer->due_ms = TK_NEVER;
}

void tk_timer_start(struct tk_timers *s, struct tk_timer *timer, uint64_t due_ms)
{
    struct tk_timer **at = &s->first;

    if (timer->due_ms != TK_NEVER)
        unlink_timer(s, timer);
    if (due_ms == TK_NEVER)
        return;
    while (*at != NULL && (*at)->due_ms <= due_ms)
        at = &(*at)->next;
    timer->due_ms = due_ms;
    timer->armed_in = s->pass;
    timer->next = *at;
    *at = timer;
}

void tk_timer_stop(struct tk_timers *s, struct tk_timer *timer)
{
    tk_timer_start(s, timer, TK_NEVER);
}

static struct tk_timer *next_due(const struct tk_timers *s, uint64_t now_ms)
{
    for (struct tk_timer *t = s->first; t != NULL && t->due_ms <= now_ms; t = t->next) {
        if (t->armed_in != s->pass)
            return t;
    }
    return NULL;
}

uint64_t tk_timers_run(struct tk_timers *s, uint64_t now_ms)
{
    struct tk_timer *timer;

    s->pass++;
    while ((timer = next_due(s, now_ms)) != NULL) {
        unlink_timer(s, timer);
        timer->run(timer, now_ms);
    }
    return s->first == NULL ? TK_NEVER : s->first->due_ms;
}

uint64_t tk_timer_next(uint64_t due_ms, uint64_t period_ms, uint64_t now_ms)
{
    return now_ms - due_ms < period_ms ? due_ms + period_ms : now_ms + period_ms;
}

uint64_t tk_backoff_ms(uint64_t first_ms, uint32_t doublings, uint64_t most_ms)
{
    while (doublings-- > 0 && first_ms < most_ms)
        first_ms *= 2;
    return first_ms < most_ms ? first_ms : most_ms;
}
