/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalate.h"

#include "tk_account_store.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_escalate_post.h"
#include "tk_keeper.h"
#include "tk_words.h"

#include <string.h>

#define SHORT_LEFT_S  300
#define MANY_FAILURES 3
#define TOLD_LEVEL    2 /* from there on the history knows of it */

static struct tk_account *of_level_timer(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, escalation.level_timer);
}

/* --- what is told here --- */

static void show_highest(struct tk_keeper *k)
{
    int highest = 0;

    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (k->accounts[i].used && k->accounts[i].escalation.record.level > highest)
            highest = k->accounts[i].escalation.record.level;
    }
    tk_device_indicate(k->config->port, highest);
}

static void tell(struct tk_account *a, const char *event, int level)
{
    const struct tk_config *config = a->keeper->config;
    enum tk_err cause = (enum tk_err)a->escalation.record.cause;
    char buf[320];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "escalation ref=");
    tk_text_add(&t, a->name);
    tk_text_add(&t, " event=");
    tk_text_add(&t, event);
    tk_text_add(&t, " level=");
    tk_text_int(&t, level);
    tk_text_add(&t, " cause=");
    tk_text_add(&t, tk_err_code(cause));
    if (level > 0) {
        tk_text_add(&t, " action=");
        tk_words_add(&t, cause);
    }
    tk_keeper_event(a->keeper, &t);
    show_highest(a->keeper);
    if (config->on_escalation != NULL)
        config->on_escalation(config->ctx, a->name, level, cause);
}

/* --- the ladder --- */

/* A fault begins, or returns before its end was told: then it is the same one still. It is told
 * again where its end may have arrived, and where a person must act again. */
static void begin_fault(struct tk_account *a)
{
    struct tk_escalation_record *r = &a->escalation.record;

    if (!r->cleared)
        *r = (struct tk_escalation_record){.since = tk_time_or_0(&a->keeper->time)};
    a->escalation.kept = r->delivered < TK_LEVEL_MAX ? r->delivered : TK_LEVEL_MAX - 1;
    r->delivered = a->escalation.end_unsent ? a->escalation.kept : 0;
    r->returns += r->cleared;
    r->cleared = 0;
    a->escalation.not_before_ms = a->escalation.holdoff_until_ms;
}

static void raise_to(struct tk_account *a, uint8_t level, enum tk_err cause)
{
    struct tk_escalation_record *r = &a->escalation.record;
    bool another = level == TK_LEVEL_MAX && r->level == level && r->cause != (uint8_t)cause;

    if (level <= r->level && !another)
        return;
    if (r->level == 0)
        begin_fault(a);
    if (another && r->delivered == level)
        r->delivered = level - 1; /* another thing to be done: told once more */
    r->level = level;
    r->cause = (uint8_t)cause;
    if (level >= TOLD_LEVEL)
        tk_history_add(a->keeper, TK_EVENT_RAISED, a->index, level, cause);
    tk_account_store_escalation(a);
    tell(a, "raised", level);
    tk_escalate_post_changed(a);
}

static uint8_t level_of_failures(const struct tk_account *a, uint64_t now_ms)
{
    uint32_t left = UINT32_MAX;

    if (a->refresh.failures == 0)
        return 0;
    (void)tk_account_left(a, now_ms, &left);
    if (left == 0)
        return 3;
    return left < SHORT_LEFT_S || a->refresh.failures >= MANY_FAILURES ? 2 : 1;
}

/* While refreshes fail, time alone brings the next step. */
static void plan_ladder(struct tk_account *a, uint64_t now_ms)
{
    uint64_t due_ms = TK_NEVER;
    uint32_t left;

    if (a->refresh.failures > 0 && tk_account_left(a, now_ms, &left) && left > 0)
        due_ms = left >= SHORT_LEFT_S ? a->expires_ms - SHORT_LEFT_S * 1000 + 1 : a->expires_ms;
    tk_timer_start(&a->keeper->timers, &a->escalation.level_timer, due_ms);
}

void tk_escalate_look(struct tk_account *a, uint64_t now_ms)
{
    uint8_t level = level_of_failures(a, now_ms);

    plan_ladder(a, now_ms);
    if (a->refresh.blocked_by != TK_OK)
        raise_to(a, 4, a->refresh.blocked_by);
    else if (a->ended != TK_NOT_ENDED)
        raise_to(a, 4, TK_E_INVALID_GRANT);
    else if (a->refresh.unstored && level < 2)
        raise_to(a, 2, TK_E_STORAGE_FAILED);
    else
        raise_to(a, level, a->refresh.error);
}

static void ladder_due(struct tk_timer *timer, uint64_t now_ms)
{
    tk_escalate_look(of_level_timer(timer), now_ms);
}

void tk_escalate_clear(struct tk_account *a)
{
    struct tk_escalation_record *r = &a->escalation.record;

    tk_timer_stop(&a->keeper->timers, &a->escalation.level_timer);
    if (r->level == 0)
        return;
    if (r->level >= TOLD_LEVEL)
        tk_history_add(a->keeper, TK_EVENT_CLEARED, a->index, 0, (enum tk_err)r->cause);
    r->level = 0;
    r->cleared = r->delivered > 0 || r->sent > 0;
    a->escalation.end_unsent = true;
    tell(a, "cleared", 0);
    if (!r->cleared)
        memset(r, 0, sizeof *r);
    tk_account_store_escalation(a);
    a->escalation.failures = 0;
    tk_escalate_post_changed(a);
}

void tk_escalate_resume(struct tk_account *a, bool another)
{
    struct tk_escalation_record *r = &a->escalation.record;

    if (another) {
        tk_escalate_post_cancel(a);
        r->delivered = r->sent = 0;
        if (r->cleared)
            memset(r, 0, sizeof *r);
        tk_account_store_escalation(a);
        a->escalation.failures = 0;
        a->escalation.holdoff_until_ms = a->escalation.not_before_ms = 0;
    }
    show_highest(a->keeper);
    tk_escalate_post_changed(a);
}

void tk_escalate_init(struct tk_account *a)
{
    tk_timer_init(&a->escalation.level_timer, ladder_due);
    tk_escalate_post_init(a);
}
