/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_alerts.h"

#include "tk_alert_level.h"
#include "tk_alert_post.h"
#include "tk_alert_record.h"
#include "tk_assert.h"
#include "tk_token.h"
#include "tk_token_task.h"

#include <string.h>

static void init_alert(struct tk_alerts *all, struct tk_account *a)
{
    struct tk_alert *alert = &all->of[a->index];

    memset(alert, 0, sizeof *alert);
    alert->all = all;
    alert->account = a;
    tk_alert_level_init(alert);
    tk_alert_post_init(alert);
    tk_alert_record_load(alert);
    tk_token_task_init(alert);
}

void tk_alerts_init(struct tk_alerts *all, struct tk_runtime *rt, struct tk_accounts *accounts)
{
    all->rt = rt;
    tk_webhook_load(&all->webhook, rt);
    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        init_alert(all, &accounts->of[i]);
}

static void resume(struct tk_alerts *all, bool new_target)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (all->of[i].account->used)
            tk_alert_level_resume(&all->of[i], new_target);
    }
}

void tk_alerts_resume(struct tk_alerts *all)
{
    resume(all, false);
}

static void drop(struct tk_alerts *all, struct tk_account *a)
{
    tk_alert_post_cancel(&all->of[a->index]);
    tk_token_task_stop(&all->of[a->index]);
    tk_alert_record_cancel(&all->of[a->index]);
    init_alert(all, a);
}

static bool is_well(const struct tk_account *a)
{
    struct tk_token_health health;

    tk_token_health(a, &health);
    return tk_account_is_renewable(a) && health.failures == 0 && health.blocked_by == TK_OK &&
           !health.unstored;
}

void tk_alerts_on_account(struct tk_alerts *all, struct tk_account *a, enum tk_account_event event)
{
    struct tk_alert *alert = &all->of[a->index];

    tk_token_task_update(alert);
    switch (event) {
    case TK_ACCOUNT_CLOCK_SET:
        if (alert->record.cause == TK_E_CLOCK_UNKNOWN)
            tk_alert_level_clear(alert);
        break;
    case TK_ACCOUNT_CHANGED:
    case TK_ACCOUNT_FAILED:
        tk_alert_level_update(alert);
        break;
    case TK_ACCOUNT_RENEWED:
    case TK_ACCOUNT_STORED:
    case TK_ACCOUNT_PORTAL:
    case TK_ACCOUNT_MOVED:
        if (is_well(a) && !tk_alert_level_lasts(alert))
            tk_alert_level_clear(alert);
        tk_alert_level_update(alert);
        break;
    case TK_ACCOUNT_FORGOTTEN:
    case TK_ACCOUNT_DELETING:
        tk_alert_level_clear(alert);
        break;
    case TK_ACCOUNT_DELETED:
        drop(all, a);
        break;
    default:
        break;
    }
}

enum tk_err tk_alerts_set(struct tk_alerts *all, enum tk_webhook_setting which, const char *value)
{
    bool new_target = false;
    enum tk_err err = tk_webhook_set(&all->webhook, all->rt, which, value, &new_target);

    if (err == TK_OK)
        resume(all, new_target);
    return err;
}

const struct tk_alert *tk_alerts_of(const struct tk_alerts *all, const struct tk_account *a)
{
    TK_ASSERT(all->of[a->index].account == a);
    return &all->of[a->index];
}

enum tk_err tk_alerts_test(struct tk_alerts *all, const struct tk_account *a)
{
    TK_ASSERT(all->of[a->index].account == a);
    return tk_alert_post_test(&all->of[a->index]);
}

bool tk_alerts_testing(const struct tk_alerts *all, const struct tk_account *a, enum tk_err *result,
                       int *status)
{
    const struct tk_alert *alert = tk_alerts_of(all, a);

    *result = alert->test_result;
    *status = alert->test_status;
    return alert->testing;
}
