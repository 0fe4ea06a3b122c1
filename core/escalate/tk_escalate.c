/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalate.h"

#include "tk_container.h"
#include "tk_device.h"
#include "tk_escalate_post.h"
#include "tk_escalate_record.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

#define SHORT_LEFT_S   300
#define MANY_FAILURES  3
#define RECORDED_LEVEL 2 /* from here on the history has it */

static uint64_t now_of(const struct tk_escalation *e)
{
    return tk_runtime_now(e->all->rt);
}

/* --- reports on the device --- */

static void indicate_highest(const struct tk_escalator *all)
{
    int highest = 0;

    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (all->of[i].account->used && all->of[i].record.level > highest)
            highest = all->of[i].record.level;
    }
    tk_device_indicate(all->rt->config->port, highest);
}

static void report(struct tk_escalation *e, const char *event, int level)
{
    const struct tk_config *config = e->all->rt->config;
    enum tk_err cause = (enum tk_err)e->record.cause;
    char buf[320];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "escalation ref=");
    tk_text_add(&t, e->account->name);
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
    tk_runtime_event(e->all->rt, &t);
    indicate_highest(e->all);
    if (config->on_escalation != NULL)
        config->on_escalation(config->ctx, e->account->name, level, cause);
}

/* Rides in the commit of the record that follows. */
static void record_event(struct tk_escalation *e, enum tk_event_type type, uint8_t level)
{
    tk_history_add(&e->all->rt->history, type, e->account->index, level,
                   (enum tk_err)e->record.cause);
}

/* --- levels --- */

/* A new fault, or one that returns before its CLEARED was delivered, which is still the same. That
 * is posted again where its CLEARED may have arrived, and where an operator must act again. */
static void begin_fault(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    if (!r->cleared)
        *r = (struct tk_escalation_record){.since = tk_time_or_0(&e->all->rt->time)};
    e->kept = r->delivered < TK_LEVEL_MAX ? r->delivered : TK_LEVEL_MAX - 1;
    r->delivered = e->end_unsent ? e->kept : 0;
    r->returns += r->cleared;
    r->cleared = 0;
    e->not_before_ms = e->holdoff_until_ms;
}

static void raise_to(struct tk_escalation *e, uint8_t level, enum tk_err cause)
{
    struct tk_escalation_record *r = &e->record;
    bool other_action = level == TK_LEVEL_MAX && r->level == level && r->cause != (uint8_t)cause;

    if (level <= r->level && !other_action)
        return;
    if (r->level == 0)
        begin_fault(e);
    if (other_action && r->delivered == level)
        r->delivered = level - 1; /* posts once more */
    r->level = level;
    r->cause = (uint8_t)cause;
    if (level >= RECORDED_LEVEL)
        record_event(e, TK_EVENT_RAISED, level);
    tk_escalate_record_store(e);
    report(e, "raised", level);
    tk_escalate_post_changed(e);
}

static uint8_t level_of_failures(const struct tk_escalation *e, uint32_t failures)
{
    uint32_t left = UINT32_MAX;

    if (failures == 0)
        return 0;
    (void)tk_account_seconds_left(e->account, now_of(e), &left);
    if (left == 0)
        return 3;
    return left < SHORT_LEFT_S || failures >= MANY_FAILURES ? 2 : 1;
}

/* While refreshes fail, time alone raises the level. */
static void plan_level(struct tk_escalation *e, uint32_t failures)
{
    const struct tk_account *a = e->account;
    uint64_t due_ms = TK_NEVER;
    uint32_t left;

    if (failures > 0 && tk_account_seconds_left(a, now_of(e), &left) && left > 0)
        due_ms = left >= SHORT_LEFT_S ? a->expires_ms - SHORT_LEFT_S * 1000 + 1 : a->expires_ms;
    tk_timer_start(&e->all->rt->timers, &e->level_timer, due_ms);
}

void tk_escalate_look(struct tk_escalation *e)
{
    struct tk_token_health health;

    tk_token_health(e->account, &health);
    uint8_t level = level_of_failures(e, health.failures);

    plan_level(e, health.failures);
    if (health.blocked_by != TK_OK)
        raise_to(e, 4, health.blocked_by);
    else if (e->account->revocation != TK_NOT_REVOKED)
        raise_to(e, 4, TK_E_INVALID_GRANT);
    else if (health.unstored && level < 2)
        raise_to(e, 2, TK_E_STORAGE_FAILED);
    else
        raise_to(e, level, health.error);
}

static void level_due(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    tk_escalate_look(TK_CONTAINER_OF(timer, struct tk_escalation, level_timer));
}

void tk_escalate_clear(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    tk_timer_stop(&e->all->rt->timers, &e->level_timer);
    if (r->level == 0)
        return;
    if (r->level >= RECORDED_LEVEL)
        record_event(e, TK_EVENT_CLEARED, 0);
    r->level = 0;
    r->cleared = r->delivered > 0 || r->sent > 0;
    e->end_unsent = true;
    report(e, "cleared", 0);
    if (!r->cleared)
        memset(r, 0, sizeof *r);
    tk_escalate_record_store(e);
    e->failures = 0;
    tk_escalate_post_changed(e);
}

static void begin_again(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    tk_escalate_post_cancel(e);
    r->delivered = r->sent = 0;
    if (r->cleared)
        memset(r, 0, sizeof *r);
    tk_escalate_record_store(e);
    e->failures = 0;
    e->holdoff_until_ms = e->not_before_ms = 0;
}

void tk_escalate_resume(struct tk_escalation *e, bool new_target)
{
    if (new_target)
        begin_again(e);
    indicate_highest(e->all);
    tk_escalate_post_changed(e);
}

void tk_escalate_init(struct tk_escalation *e)
{
    tk_timer_init(&e->level_timer, level_due);
}
