/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sched.h"

#include <stddef.h>

void tk_sched_init(struct tk_sched *s)
{
    s->first = NULL;
    s->pass = 0;
}

void tk_task_init(struct tk_task *task, void (*run)(struct tk_task *task, uint64_t now_ms))
{
    *task = (struct tk_task){.due_ms = TK_NEVER, .run = run};
}

static void unlink_task(struct tk_sched *s, struct tk_task *task)
{
    struct tk_task **at = &s->first;

    while (*at != NULL && *at != task)
        at = &(*at)->next;
    if (*at != NULL)
        *at = task->next;
    task->due_ms = TK_NEVER;
}

void tk_sched_at(struct tk_sched *s, struct tk_task *task, uint64_t due_ms)
{
    struct tk_task **at = &s->first;

    if (task->due_ms != TK_NEVER)
        unlink_task(s, task);
    if (due_ms == TK_NEVER)
        return;
    while (*at != NULL && (*at)->due_ms <= due_ms)
        at = &(*at)->next;
    task->due_ms = due_ms;
    task->armed_in = s->pass;
    task->next = *at;
    *at = task;
}

static struct tk_task *next_due(const struct tk_sched *s, uint64_t now_ms)
{
    for (struct tk_task *t = s->first; t != NULL && t->due_ms <= now_ms; t = t->next) {
        if (t->armed_in != s->pass)
            return t;
    }
    return NULL;
}

uint64_t tk_sched_run(struct tk_sched *s, uint64_t now_ms)
{
    struct tk_task *task;

    s->pass++;
    while ((task = next_due(s, now_ms)) != NULL) {
        unlink_task(s, task);
        task->run(task, now_ms);
    }
    return s->first == NULL ? TK_NEVER : s->first->due_ms;
}

uint64_t tk_sched_next(uint64_t due_ms, uint64_t period_ms, uint64_t now_ms)
{
    return now_ms - due_ms < period_ms ? due_ms + period_ms : now_ms + period_ms;
}

uint64_t tk_sched_backoff(uint64_t first_ms, uint32_t doublings, uint64_t most_ms)
{
    while (doublings-- > 0 && first_ms < most_ms)
        first_ms *= 2;
    return first_ms < most_ms ? first_ms : most_ms;
}
