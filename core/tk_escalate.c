/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalate.h"

#include "tk_account_store.h"
#include "tk_device.h"
#include "tk_json.h"
#include "tk_keeper.h"

#include <string.h>

#define SHORT_LEFT_S    300
#define MANY_FAILURES   3
#define POST_TIMEOUT_MS 20000
#define POST_BACKOFF_MS 2000
#define POST_CAP_MS     (15 * 60000)

static struct tk_account *of_task(struct tk_task *task)
{
    return (struct tk_account *)((char *)task - offsetof(struct tk_account, escalation.task));
}

static struct tk_account *of_ladder_task(struct tk_task *task)
{
    return (struct tk_account *)((char *)task -
                                 offsetof(struct tk_account, escalation.ladder_task));
}

static struct tk_account *of_request(struct tk_request *r)
{
    return (struct tk_account *)((char *)r - offsetof(struct tk_account, escalation.request));
}

const char *tk_escalate_action(const struct tk_account *a)
{
    return tk_err_words((enum tk_err)a->escalation.record.cause);
}

/* --- the POST --- */

static const char *event_name(const struct tk_escalation *e)
{
    static const char *const names[] = {"test", "raised", "cleared"};

    return names[e->posting];
}

static void add_string(struct tk_text *t, const char *name, const char *value)
{
    tk_text_json(t, name);
    tk_text_char(t, ':');
    tk_text_json(t, value);
    tk_text_char(t, ',');
}

static void add_number(struct tk_text *t, const char *name, int64_t value)
{
    tk_text_json(t, name);
    tk_text_char(t, ':');
    tk_text_int(t, value);
    tk_text_char(t, ',');
}

/* Now, while one is under way; 0 where none will come by itself, or the time is unknown. */
static int64_t next_try(const struct tk_account *a)
{
    int64_t now_unix = tk_time_or_0(&a->keeper->time);
    uint32_t seconds;

    if (tk_net_active(&a->refresh.request))
        return now_unix;
    if (now_unix == 0 || !tk_token_next_in(a, tk_keeper_now(a->keeper), &seconds))
        return 0;
    return now_unix + seconds;
}

/* What a raising and its clearing have in common: <device>-<account>-<raised>. */
static void add_ref(const struct tk_account *a, struct tk_text *t)
{
    char buf[96];
    struct tk_text ref;

    tk_text_init(&ref, buf, sizeof buf);
    tk_text_add(&ref, tk_device_id(a->keeper->config->port));
    tk_text_char(&ref, '-');
    tk_text_add(&ref, a->name);
    tk_text_char(&ref, '-');
    tk_text_int(&ref, a->escalation.record.since);
    add_string(t, "ref", buf);
}

static void add_body(const struct tk_account *a, struct tk_text *t)
{
    const struct tk_escalation *e = &a->escalation;
    struct tk_text portal;
    char host[TK_HOST_TEXT];

    tk_text_init(&portal, host, sizeof host);
    tk_text_host(&portal, &a->client.portal);
    tk_text_char(t, '{');
    add_string(t, "event", event_name(e));
    add_string(t, "account", a->name);
    add_string(t, "device", tk_device_id(a->keeper->config->port));
    add_string(t, "portal", host);
    add_ref(a, t);
    add_number(t, "level", e->posted_level);
    add_number(t, "since", e->record.since);
    add_string(t, "cause", tk_err_code((enum tk_err)e->record.cause));
    add_string(t, "action", e->posting == TK_POST_CLEARED ? "" : tk_escalate_action(a));
    add_number(t, "next_try", next_try(a));
    add_number(t, "attempts", a->refresh.failures);
    t->len--; /* the last comma */
    tk_text_char(t, '}');
}

static enum tk_err write_post(struct tk_request *r, struct tk_text *out)
{
    struct tk_account *a = of_request(r);
    struct tk_escalation *e = &a->escalation;
    struct tk_host host;
    const char *path;

    if (!tk_host_parse(&host, a->keeper->escalate_url, &path))
        return TK_E_NO_ESCALATE_URL;
    if (e->testing)
        e->posting = TK_POST_TEST;
    else
        e->posting = e->record.cleared ? TK_POST_CLEARED : TK_POST_RAISED;
    e->posted_level = e->posting == TK_POST_RAISED ? e->record.level : e->record.delivered;
    size_t mark =
        tk_http_request(out, "POST", &host, *path == '\0' ? "/" : path, "application/json");

    add_body(a, out);
    tk_http_request_end(out, mark);
    return TK_OK;
}

/* Corezoid answers 200 with its verdict inside: the package's, and each operation's. */
static bool corezoid_agrees(struct tk_http *answer)
{
    jsmntok_t tokens[TK_JSON_TOKENS];
    struct tk_json j;

    if (!tk_json_parse(&j, answer->body, answer->body_len, tokens, TK_JSON_TOKENS))
        return true; /* another kind of endpoint */
    const char *verdict = tk_json_text(&j, tk_json_member(&j, 0, "request_proc"));

    if (verdict == NULL)
        return true;
    bool ok = strcmp(verdict, "ok") == 0;
    int ops = tk_json_member(&j, 0, "ops"), op;

    for (int i = 0; (op = tk_json_element(&j, ops, i)) != TK_JSON_NONE; i++) {
        verdict = tk_json_text(&j, tk_json_member(&j, op, "proc"));
        ok = ok && verdict != NULL && strcmp(verdict, "ok") == 0;
    }
    return ok;
}

static bool wants_post(const struct tk_account *a)
{
    const struct tk_escalation_record *r = &a->escalation.record;

    if (a->keeper->escalate_url[0] == '\0')
        return false;
    if (r->cleared)
        return true;
    if (r->level == 0 || (r->level < a->keeper->escalate_level && r->level < 3))
        return false;
    return r->delivered == 0 || (r->level == TK_LEVEL_MAX && r->delivered < TK_LEVEL_MAX);
}

static void plan_post(struct tk_account *a, uint64_t due_ms)
{
    tk_sched_at(&a->keeper->sched, &a->escalation.task, wants_post(a) ? due_ms : TK_NEVER);
}

static void submit_post(struct tk_account *a)
{
    struct tk_request *r = &a->escalation.request;

    if (!tk_host_parse(&r->host, a->keeper->escalate_url, NULL))
        return;
    r->priority = TK_PRIORITY_ESCALATION;
    r->give_up_ms = tk_keeper_now(a->keeper) + POST_TIMEOUT_MS;
    r->keep_ms = 0;
    tk_net_submit(&a->keeper->net, r);
}

static void delivered(struct tk_account *a)
{
    struct tk_escalation *e = &a->escalation;

    e->failures = 0;
    if (e->posting == TK_POST_CLEARED && e->record.cleared)
        memset(&e->record, 0, sizeof e->record);
    else if (e->posting == TK_POST_RAISED && e->record.level > 0)
        e->record.delivered = e->posted_level;
    (void)tk_account_store_escalation(a); /* else it is told once more after a restart */
    plan_post(a, tk_keeper_now(a->keeper));
}

static void log_undelivered(struct tk_account *a, enum tk_err err, int status)
{
    char buf[120];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "escalation ref=");
    tk_text_add(&t, a->name);
    tk_text_add(&t, " undelivered=");
    tk_text_add(&t, tk_err_code(err));
    if (status > 0) {
        tk_text_add(&t, " http=");
        tk_text_int(&t, status);
    }
    tk_keeper_log(a->keeper, TK_LOG_ERROR, &t);
}

static void undelivered(struct tk_account *a, enum tk_err err, int status)
{
    struct tk_escalation *e = &a->escalation;
    uint64_t most = e->failures > 12 ? POST_CAP_MS : (uint64_t)POST_BACKOFF_MS << e->failures;

    e->failures++;
    log_undelivered(a, err, status);
    plan_post(a, tk_keeper_now(a->keeper) + POST_BACKOFF_MS / 2 +
                     tk_keeper_random(a->keeper, most < POST_CAP_MS ? most : POST_CAP_MS));
}

static void post_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct tk_account *a = of_request(r);
    struct tk_escalation *e = &a->escalation;
    int status = err == TK_OK ? answer->status : 0;

    if (err == TK_OK && (status < 200 || status > 299 || !corezoid_agrees(answer)))
        err = TK_E_ESCALATE_REFUSED;
    if (e->testing) {
        e->testing = false;
        e->test_result = err;
        e->test_status = status;
        plan_post(a, tk_keeper_now(a->keeper));
    } else if (err == TK_OK)
        delivered(a);
    else
        undelivered(a, err, status);
}

static void post_due(struct tk_task *task, uint64_t now_ms)
{
    struct tk_account *a = of_task(task);

    (void)now_ms;
    if (wants_post(a) && !tk_net_active(&a->escalation.request))
        submit_post(a);
}

enum tk_err tk_escalate_test(struct tk_account *a)
{
    if (a->keeper->escalate_url[0] == '\0')
        return TK_E_NO_ESCALATE_URL;
    if (tk_net_active(&a->escalation.request))
        return TK_E_BUSY;
    a->escalation.testing = true;
    submit_post(a);
    return TK_OK;
}

bool tk_escalate_testing(const struct tk_account *a, enum tk_err *result, int *status)
{
    *result = a->escalation.test_result;
    *status = a->escalation.test_status;
    return a->escalation.testing;
}

/* --- the ladder --- */

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
        tk_text_add(&t, tk_err_words(cause));
    }
    tk_keeper_event(a->keeper, &t);
    show_highest(a->keeper);
    if (config->escalated != NULL)
        config->escalated(config->ctx, a->name, level, cause);
}

static void raise_to(struct tk_account *a, uint8_t level, enum tk_err cause)
{
    struct tk_escalation_record *r = &a->escalation.record;

    if (level <= r->level)
        return;
    if (r->level == 0)
        *r = (struct tk_escalation_record){.since = tk_time_or_0(&a->keeper->time)};
    r->level = level;
    r->cause = (uint8_t)cause;
    (void)tk_account_store_escalation(a);
    tell(a, "raised", level);
    plan_post(a, tk_keeper_now(a->keeper));
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
        due_ms = left > SHORT_LEFT_S ? a->expires_ms - SHORT_LEFT_S * 1000 + 1 : a->expires_ms;
    tk_sched_at(&a->keeper->sched, &a->escalation.ladder_task, due_ms);
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

static void ladder_due(struct tk_task *task, uint64_t now_ms)
{
    tk_escalate_look(of_ladder_task(task), now_ms);
}

/* The fault ends while somebody is being told of it. What has left counts as delivered, so that its
 * end is told too; what waits still is told to nobody. */
static void end_raising(struct tk_account *a)
{
    struct tk_escalation *e = &a->escalation;

    if (e->testing || !tk_net_active(&e->request))
        return;
    if (!e->request.sent)
        tk_net_cancel(&a->keeper->net, &e->request);
    else if (e->posting == TK_POST_RAISED)
        e->record.delivered = e->posted_level;
}

void tk_escalate_clear(struct tk_account *a)
{
    struct tk_escalation_record *r = &a->escalation.record;

    tk_sched_at(&a->keeper->sched, &a->escalation.ladder_task, TK_NEVER);
    if (r->level == 0)
        return;
    end_raising(a);
    r->level = 0;
    r->cleared = r->delivered > 0;
    tell(a, "cleared", 0);
    if (!r->cleared)
        memset(r, 0, sizeof *r);
    (void)tk_account_store_escalation(a);
    a->escalation.failures = 0;
    plan_post(a, tk_keeper_now(a->keeper));
}

void tk_escalate_resume(struct tk_account *a)
{
    show_highest(a->keeper);
    plan_post(a, tk_keeper_now(a->keeper));
}

void tk_escalate_init(struct tk_account *a)
{
    tk_task_init(&a->escalation.task, post_due);
    tk_task_init(&a->escalation.ladder_task, ladder_due);
    a->escalation.request.write = write_post;
    a->escalation.request.done = post_done;
}
