/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalator.h"

#include "tk_escalate.h"
#include "tk_escalate_post.h"
#include "tk_escalate_record.h"

#include <string.h>

static void init_one(struct tk_escalator *e, struct tk_account *a)
{
    struct tk_escalation *one = &e->of[a->index];

    memset(one, 0, sizeof *one);
    one->all = e;
    one->account = a;
    tk_escalate_init(one);
    tk_escalate_post_init(one);
    tk_escalate_record_load(one);
}

void tk_escalator_init(struct tk_escalator *e, struct tk_runtime *rt, struct tk_accounts *accounts)
{
    e->rt = rt;
    tk_webhook_load(&e->webhook, &rt->storage);
    for (size_t i = 0; i < TK_ACCOUNTS; i++)
        init_one(e, &accounts->of[i]);
}

static void resume(struct tk_escalator *e, bool new_target)
{
    for (size_t i = 0; i < TK_ACCOUNTS; i++) {
        if (e->of[i].account->used)
            tk_escalate_resume(&e->of[i], new_target);
    }
}

void tk_escalator_resume(struct tk_escalator *e)
{
    resume(e, false);
}

static void drop(struct tk_escalator *e, struct tk_account *a)
{
    tk_escalate_post_cancel(&e->of[a->index]);
    tk_escalate_record_cancel(&e->of[a->index]);
    init_one(e, a);
}

void tk_escalator_on(struct tk_escalator *e, struct tk_account *a, enum tk_account_event event,
                     enum tk_err err)
{
    struct tk_escalation *one = &e->of[a->index];

    switch (event) {
    case TK_ACCOUNT_CLOCK_SET:
        if (one->record.cause == TK_E_CLOCK_UNKNOWN)
            tk_escalate_clear(one);
        break;
    case TK_ACCOUNT_CHANGED:
    case TK_ACCOUNT_FAILED:
        tk_escalate_look(one);
        break;
    case TK_ACCOUNT_RENEWED:
        if (err == TK_OK)
            tk_escalate_clear(one);
        else
            tk_escalate_look(one);
        break;
    case TK_ACCOUNT_STORED:
    case TK_ACCOUNT_FORGOTTEN:
    case TK_ACCOUNT_DELETING:
        tk_escalate_clear(one);
        break;
    case TK_ACCOUNT_DELETED:
        drop(e, a);
        break;
    default:
        break;
    }
}

enum tk_err tk_escalator_set(struct tk_escalator *e, enum tk_webhook_setting which,
                             const char *value)
{
    bool new_target = false;
    enum tk_err err = tk_webhook_set(&e->webhook, e->rt, which, value, &new_target);

    if (err == TK_OK)
        resume(e, new_target);
    return err;
}

const struct tk_escalation *tk_escalator_of(const struct tk_escalator *e,
                                            const struct tk_account *a)
{
    return &e->of[a->index];
}

enum tk_err tk_escalator_test(struct tk_escalator *e, const struct tk_account *a)
{
    return tk_escalate_post_test(&e->of[a->index]);
}

bool tk_escalator_testing(const struct tk_escalator *e, const struct tk_account *a,
                          enum tk_err *result, int *status)
{
    const struct tk_escalation *one = &e->of[a->index];

    *result = one->test_result;
    *status = one->test_status;
    return one->testing;
}
