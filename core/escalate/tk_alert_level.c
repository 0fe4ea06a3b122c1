/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_alert_level.h"

#include "tk_alert_post.h"
#include "tk_alert_record.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

#define SHORT_LEFT_S   300
#define MANY_FAILURES  3
#define RECORDED_LEVEL TK_ALERT_FAILING /* the lowest level that is recorded in the history */

static uint64_t now_of(const struct tk_alert *alert)
{
    return tk_runtime_now(alert->all->rt);
}

/* --- reports on the device --- */

static void indicate_highest(const struct tk_alerts *all)
{
    int highest = 0;

    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (all->of[i].account->used && all->of[i].record.level > highest)
            highest = all->of[i].record.level;
    }
    tk_device_indicate(all->rt->config->port, highest);
}

static void print_event(struct tk_alert *alert, const char *event, int level, enum tk_err cause)
{
    char buf[320], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "escalation ref=%s event=%s level=%u cause=%s", alert->account->name, event,
                  (unsigned)level, tk_words_code(cause, code));
    if (level > 0) {
        tk_text_add(&t, " action=");
        tk_words_add(&t, cause);
    }
    tk_runtime_event(alert->all->rt, &t);
}

/* level: 0 if cleared. */
static void report(struct tk_alert *alert, const char *event, int level)
{
    const struct tk_config *config = alert->all->rt->config;
    enum tk_err cause = (enum tk_err)alert->record.cause;

    print_event(alert, event, level, cause);
    indicate_highest(alert->all);
    if (config->on_escalation != NULL)
        config->on_escalation(config->ctx, alert->account->name, level, cause);
}

/* Call it before tk_alert_record_store, whose commit includes the history. */
static void record_event(struct tk_alert *alert, enum tk_event_type type, uint8_t level)
{
    tk_history_add(&alert->all->rt->history, type, alert->account->index, level,
                   (enum tk_err)alert->record.cause);
}

/* --- levels --- */

/* A new fault, or the same one again if its CLEARED was not delivered. The latter is posted again
 * if its CLEARED may have been delivered, and at level 4. */
static void begin_fault(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    if (!r->clear_pending)
        *r = (struct tk_alert_record){.since = tk_time_or_0(&alert->all->rt->time)};
    alert->delivered_before =
        r->delivered < TK_ALERT_LEVEL_MAX ? r->delivered : TK_ALERT_LEVEL_MAX - 1;
    r->delivered = alert->clear_unsent ? alert->delivered_before : 0;
    r->recurrences += r->clear_pending;
    r->clear_pending = 0;
    alert->not_before_ms = alert->holdoff_until_ms;
}

static void raise_to(struct tk_alert *alert, uint8_t level, enum tk_err cause)
{
    struct tk_alert_record *r = &alert->record;
    bool other_action =
        level == TK_ALERT_LEVEL_MAX && r->level == level && r->cause != (uint8_t)cause;

    if (level <= r->level && !other_action)
        return;
    if (r->level == 0)
        begin_fault(alert);
    if (other_action && r->delivered == level)
        r->delivered = level - 1; /* post level 4 again */
    r->level = level;
    r->cause = (uint8_t)cause;
    if (level >= RECORDED_LEVEL)
        record_event(alert, TK_EVENT_RAISED, level);
    tk_alert_record_store(alert);
    report(alert, "raised", level);
    tk_alert_post_changed(alert);
}

static uint8_t level_of_failures(const struct tk_alert *alert, uint32_t failures)
{
    uint32_t left = UINT32_MAX;

    if (failures == 0)
        return TK_ALERT_NONE;
    (void)tk_account_seconds_left(alert->account, now_of(alert), &left);
    if (left == 0)
        return TK_ALERT_EXPIRED;
    return left < SHORT_LEFT_S || failures >= MANY_FAILURES ? TK_ALERT_FAILING : TK_ALERT_FAILED;
}

/* While refreshes fail, the remaining token life raises the level. */
static void schedule_level(struct tk_alert *alert, uint32_t failures)
{
    const struct tk_account *a = alert->account;
    uint64_t due_ms = TK_NEVER;
    uint32_t left;

    if (failures > 0 && tk_account_seconds_left(a, now_of(alert), &left) && left > 0)
        due_ms = left >= SHORT_LEFT_S ? a->expires_ms - SHORT_LEFT_S * 1000 + 1 : a->expires_ms;
    tk_timer_start(&alert->all->rt->timers, &alert->level_timer, due_ms);
}

static bool is_worn(const struct tk_alert *alert)
{
    uint32_t worn, sectors;

    for (const struct tk_alert *first = alert->all->of; first < alert; first++) {
        if (first->account->used)
            return false;
    }
    return tk_storage_worn(&alert->all->rt->storage, &worn, &sectors) && worn >= sectors / 2;
}

/* After a start the task is only known once it was looked at. */
static bool is_task_released(const struct tk_alert *alert)
{
    const struct tk_token_task *task = &alert->task;

    return !task->taken && (task->known || !task->complete);
}

bool tk_alert_level_lasts(const struct tk_alert *alert)
{
    return (alert->record.cause == TK_E_STORAGE_WORN && is_worn(alert)) ||
           (alert->record.cause == TK_E_COREZOID_TAKEN && !is_task_released(alert));
}

/* The flash is back where its pair came from. */
static bool is_at_home_again(const struct tk_alert *alert)
{
    return alert->record.level > 0 && alert->record.cause == TK_E_OTHER_DEVICE &&
           tk_account_has_pair(alert->account);
}

void tk_alert_level_update(struct tk_alert *alert)
{
    struct tk_token_health health;

    if (is_at_home_again(alert) ||
        (alert->record.cause == TK_E_COREZOID_TAKEN && is_task_released(alert)))
        tk_alert_level_clear(alert);

    tk_token_health(alert->account, &health);
    uint8_t level = level_of_failures(alert, health.failures);

    schedule_level(alert, health.failures);
    if (alert->account->foreign_pair && !tk_account_has_pair(alert->account))
        raise_to(alert, TK_ALERT_OPERATOR, TK_E_OTHER_DEVICE);
    else if (health.blocked_by != TK_OK)
        raise_to(alert, TK_ALERT_OPERATOR, health.blocked_by);
    else if (alert->account->revocation != TK_NOT_REVOKED)
        raise_to(alert, TK_ALERT_OPERATOR,
                 alert->account->revocation == TK_SUCCESSOR_LONG ? TK_E_TOKEN_TOO_LONG
                                                                 : TK_E_INVALID_GRANT);
    else if (health.unstored && level < TK_ALERT_FAILING)
        raise_to(alert, TK_ALERT_FAILING, TK_E_STORAGE_FAILED);
    else if (level < TK_ALERT_FAILING && is_worn(alert))
        raise_to(alert, TK_ALERT_FAILING, TK_E_STORAGE_WORN);
    else if (level < TK_ALERT_FAILING && alert->task.taken)
        raise_to(alert, TK_ALERT_FAILING, TK_E_COREZOID_TAKEN);
    else
        raise_to(alert, level, health.error);
}

static void level_due(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    tk_alert_level_update(TK_CONTAINER_OF(timer, struct tk_alert, level_timer));
}

void tk_alert_level_clear(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    tk_timer_stop(&alert->all->rt->timers, &alert->level_timer);
    if (r->level == 0)
        return;
    if (r->level >= RECORDED_LEVEL)
        record_event(alert, TK_EVENT_CLEARED, 0);
    r->level = 0;
    r->clear_pending = r->delivered > 0 || r->sent > 0;
    alert->clear_unsent = true;
    report(alert, "cleared", 0);
    if (!r->clear_pending)
        memset(r, 0, sizeof *r);
    tk_alert_record_store(alert);
    alert->post_failures = 0;
    tk_alert_post_changed(alert);
}

/* The new target knows of no fault. */
static void restart_delivery(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    tk_alert_post_cancel(alert);
    r->delivered = r->sent = 0;
    if (r->clear_pending)
        memset(r, 0, sizeof *r);
    tk_alert_record_store(alert);
    alert->post_failures = 0;
    alert->holdoff_until_ms = alert->not_before_ms = alert->retry_at_ms = 0;
}

void tk_alert_level_resume(struct tk_alert *alert, bool new_target)
{
    if (new_target)
        restart_delivery(alert);
    indicate_highest(alert->all);
    tk_alert_post_changed(alert);
}

void tk_alert_level_init(struct tk_alert *alert)
{
    tk_timer_init(&alert->level_timer, level_due);
}
