/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_escalate_post.h"

#include "tk_container.h"
#include "tk_device.h"
#include "tk_escalate_record.h"
#include "tk_message.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

#define TIMEOUT_MS 20000
#define BACKOFF_MS 2000
#define CAP_MS     (15 * 60000)
#define APART_MS   (10 * 60000) /* a new fault is told that long after the last one */

enum { REF_SIZE = 32 + TK_NAME_MAX + 24 }; /* <device>-<account>-<since> */

static struct tk_escalation *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_escalation, request);
}

static uint64_t now_of(const struct tk_escalation *e)
{
    return tk_runtime_now(e->all->rt);
}

static int64_t unix_now(const struct tk_escalation *e)
{
    return tk_time_or_0(&e->all->rt->time);
}

/* --- when --- */

static bool wants_post(const struct tk_escalation *e)
{
    const struct tk_escalation_record *r = &e->record;

    if (tk_webhook_ready(&e->all->webhook) != TK_OK)
        return false;
    if (r->cleared)
        return true;
    if (r->level == 0 || r->level < e->all->webhook.level)
        return false;
    return r->delivered == 0 || (r->level == TK_LEVEL_MAX && r->delivered < TK_LEVEL_MAX);
}

static void plan(struct tk_escalation *e, uint64_t due_ms)
{
    if (!wants_post(e))
        due_ms = TK_NEVER;
    else if (!e->record.cleared && due_ms < e->not_before_ms)
        due_ms = e->not_before_ms;
    tk_timer_start(&e->all->rt->timers, &e->post_timer, due_ms);
}

void tk_escalate_post_changed(struct tk_escalation *e)
{
    if (!e->testing && tk_https_active(&e->request) && !e->request.sent)
        tk_https_cancel(&e->all->rt->https, &e->request);
    plan(e, now_of(e));
}

void tk_escalate_post_cancel(struct tk_escalation *e)
{
    tk_https_cancel(&e->all->rt->https, &e->request);
    tk_timer_stop(&e->all->rt->timers, &e->post_timer);
    if (e->testing)
        e->test_result = TK_E_CANCELLED;
    e->testing = false;
    e->test_status = 0;
}

/* --- what --- */

/* Now, while one is under way; 0 where none will come by itself, or the time is unknown. */
static int64_t next_try(const struct tk_escalation *e)
{
    int64_t now_unix = unix_now(e);
    uint32_t seconds;

    if (tk_account_refreshing(e->account))
        return now_unix;
    if (now_unix == 0 || !tk_token_refresh_due_in(e->account, now_of(e), &seconds))
        return 0;
    return now_unix + seconds;
}

static void add_ref(const struct tk_escalation *e, struct tk_text *t)
{
    int64_t since = e->posting == TK_POST_TEST ? unix_now(e) : e->record.since;

    tk_text_add(t, tk_device_id(e->all->rt->config->port));
    tk_text_char(t, '-');
    tk_text_add(t, e->account->name);
    tk_text_char(t, '-');
    tk_text_int(t, since);
}

static const char *event_name(const struct tk_escalation *e)
{
    static const char *const names[] = {"test", "raised", "cleared"};

    return names[e->posting];
}

/* A template that this build does not understand must not keep it from being told. */
static void add_message(const struct tk_escalation *e, struct tk_text *t)
{
    char template[TK_URL_MAX + 1], host[TK_HOST_TEXT], ref[REF_SIZE];
    char action[TK_WORDS_MAX + 1];
    struct tk_text portal, ref_text, action_text;
    struct tk_token_health health;

    tk_token_health(e->account, &health);
    struct tk_message m = {.event = event_name(e),
                           .account = e->account->name,
                           .device = tk_device_id(e->all->rt->config->port),
                           .portal = host,
                           .ref = ref,
                           .cause = tk_err_code((enum tk_err)e->record.cause),
                           .action = action,
                           .server_error = e->account->server_error,
                           .level = e->posted_level,
                           .since = e->record.since,
                           .next_try = next_try(e),
                           .attempts = health.failures};

    tk_text_init(&portal, host, sizeof host);
    tk_text_host(&portal, &e->account->client.portal);
    tk_text_init(&ref_text, ref, sizeof ref);
    add_ref(e, &ref_text);
    tk_text_init(&action_text, action, sizeof action);
    if (e->posting != TK_POST_CLEARED)
        tk_words_add(&action_text, e->record.cause);
    tk_webhook_get(&e->all->webhook, &e->all->rt->storage, TK_WEBHOOK_TEMPLATE, template);
    size_t body_start = t->len;

    if (tk_message_write(t, template, &m) == TK_OK)
        return;
    t->len = body_start;
    (void)tk_message_write(t, "", &m);
}

/* No two tasks that Corezoid has at a time may have the same: a fault's first is its ref, the
 * others name what they are for; what is told of it once more has a number. */
static void begin_task(const struct tk_escalation *e, struct tk_text *t)
{
    char conv[TK_URL_MAX + 1], ref[REF_SIZE + 32];
    struct tk_text text;

    tk_text_init(&text, ref, sizeof ref);
    add_ref(e, &text);
    if (e->posting != TK_POST_RAISED || e->record.delivered > 0) {
        tk_text_char(&text, '-');
        tk_text_add(&text, e->posting != TK_POST_RAISED
                               ? event_name(e)
                               : tk_err_code((enum tk_err)e->record.cause));
    }
    if (e->record.returns > 0) {
        tk_text_char(&text, '-');
        tk_text_int(&text, e->record.returns);
    }
    tk_webhook_get(&e->all->webhook, &e->all->rt->storage, TK_WEBHOOK_CONV, conv);
    tk_corezoid_begin(t, conv, ref);
}

/* The path with room for a signature; its length. */
static size_t head_of_task(const struct tk_escalation *e, struct tk_text *out,
                           const struct tk_host *host, const char *base, int64_t now_unix)
{
    char login[TK_URL_MAX + 1], path[TK_URL_MAX + TK_COREZOID_LOGIN_MAX + 80];
    struct tk_text t;
    size_t len = strlen(base);

    tk_webhook_get(&e->all->webhook, &e->all->rt->storage, TK_WEBHOOK_LOGIN, login);
    tk_text_init(&t, path, sizeof path);
    tk_text_addn(&t, base, len > 0 && base[len - 1] == '/' ? len - 1 : len);
    tk_corezoid_path(&t, login, now_unix);
    (void)tk_http_request(out, "POST", host, path, "application/json; charset=utf8");
    return t.len;
}

static void sign(const struct tk_escalation *e, struct tk_text *out, size_t path_len,
                 size_t body_start, int64_t now_unix)
{
    char key[TK_URL_MAX + 1];
    char *end_of_path = out->buf + strlen("POST ") + path_len;

    tk_webhook_get(&e->all->webhook, &e->all->rt->storage, TK_WEBHOOK_KEY, key);
    tk_corezoid_sign(end_of_path - TK_COREZOID_SIGNATURE, key, now_unix, out->buf + body_start,
                     out->len - body_start);
    tk_wipe(key, sizeof key);
}

static enum tk_err write_task(const struct tk_escalation *e, struct tk_text *out,
                              const struct tk_host *host, const char *base)
{
    int64_t now_unix = unix_now(e);
    size_t path_len = head_of_task(e, out, host, base, now_unix);
    size_t body_start = out->len;

    begin_task(e, out);
    add_message(e, out);
    tk_corezoid_end(out);
    if (!tk_text_ok(out))
        return TK_E_NO_MEMORY;
    sign(e, out, path_len, body_start, now_unix);
    tk_http_request_end(out, body_start);
    return TK_OK;
}

static enum tk_err write_plain(const struct tk_escalation *e, struct tk_text *out,
                               const struct tk_host *host, const char *path)
{
    size_t body_start =
        tk_http_request(out, "POST", host, path[0] == '\0' ? "/" : path, "application/json");

    add_message(e, out);
    tk_http_request_end(out, body_start);
    return TK_OK;
}

/* From now on it may have arrived, though no answer does. */
static void note_sent(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    e->posted_level = r->level;
    e->posted_cause = r->cause;
    if (e->posting == TK_POST_CLEARED) {
        e->before = e->end_unsent;
        e->end_unsent = false;
        e->posted_level = r->delivered > r->sent ? r->delivered : r->sent;
    }
    if (e->posting != TK_POST_RAISED)
        return;
    e->holdoff_until_ms = now_of(e) + APART_MS;
    if (r->since == 0)
        r->since = unix_now(e);
    e->before = r->sent;
    r->sent = r->level;
    tk_escalate_record_store(e);
}

static enum tk_err write_post(struct tk_request *r, struct tk_text *out)
{
    struct tk_escalation *e = of_request(r);
    const struct tk_webhook *sink = &e->all->webhook;
    struct tk_host host;
    const char *path;

    if (!tk_host_parse(&host, tk_webhook_url(sink), &path))
        return TK_E_NO_ESCALATE_URL;
    if (e->testing)
        e->posting = TK_POST_TEST;
    else
        e->posting = e->record.cleared ? TK_POST_CLEARED : TK_POST_RAISED;
    note_sent(e);
    return tk_webhook_is_corezoid(sink) ? write_task(e, out, &host, path)
                                        : write_plain(e, out, &host, path);
}

static void submit(struct tk_escalation *e)
{
    struct tk_request *r = &e->request;

    if (!tk_host_parse(&r->host, tk_webhook_url(&e->all->webhook), NULL))
        return;
    r->priority = TK_PRIORITY_ESCALATION;
    r->deadline_ms = now_of(e) + TIMEOUT_MS;
    r->keepalive_ms = 0;
    tk_https_submit(&e->all->rt->https, r);
}

/* --- whether it arrived --- */

static void delivered(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    e->failures = 0;
    e->posts_taken++;
    if (e->posting == TK_POST_RAISED)
        r->delivered = e->posted_level;
    else if (r->cleared)
        memset(r, 0, sizeof *r);
    else
        r->sent = 0; /* the fault is back, and nothing was told of that */
    if (r->delivered == TK_LEVEL_MAX && r->cause != e->posted_cause)
        r->delivered--; /* another thing to be done meanwhile */
    tk_escalate_record_store(e);
    plan(e, now_of(e));
}

static void log_undelivered(struct tk_escalation *e, enum tk_err err, int status)
{
    char buf[120];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "escalation ref=");
    tk_text_add(&t, e->account->name);
    tk_text_add(&t, " undelivered=");
    tk_text_add(&t, tk_err_code(err));
    if (status > 0) {
        tk_text_add(&t, " http=");
        tk_text_int(&t, status);
    }
    tk_runtime_log(e->all->rt, TK_LOG_ERROR, &t);
}

/* The other side has said that it did not take this one: where nothing else was heard of a fault
 * that has ended meanwhile, nobody needs to hear of that. Else flash may go on to say that it was
 * sent: the next try will. */
static void forget_sent(struct tk_escalation *e)
{
    struct tk_escalation_record *r = &e->record;

    if (e->posting != TK_POST_CLEARED)
        r->sent = e->before;
    else if (!r->cleared && e->before != 0 && e->kept > r->delivered)
        r->delivered = e->kept; /* the fault is back, and nobody heard of its end */
    else
        e->end_unsent = e->before;
    if (!r->cleared || r->delivered > 0 || r->sent > 0)
        return;
    memset(r, 0, sizeof *r);
    tk_escalate_record_store(e);
}

static void undelivered(struct tk_escalation *e, enum tk_err err, int status)
{
    uint64_t most = tk_backoff_ms(BACKOFF_MS, e->failures, CAP_MS);

    e->failures++;
    e->posts_failed++;
    log_undelivered(e, err, status);
    if (status > 0 && status < 500)
        forget_sent(e);
    plan(e, now_of(e) + BACKOFF_MS / 2 + tk_runtime_random(e->all->rt, most));
}

static void post_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct tk_escalation *e = of_request(r);
    int status = answer == NULL ? 0 : answer->status;

    if (answer != NULL) /* or the beginning of a long one */
        err = status < 200 || status > 299 || !tk_corezoid_accepted(answer) ? TK_E_ESCALATE_REFUSED
                                                                            : TK_OK;
    if (e->testing) {
        e->testing = false;
        e->test_result = err;
        e->test_status = status;
        plan(e, now_of(e));
    } else if (err == TK_OK)
        delivered(e);
    else
        undelivered(e, err, status);
}

static void post_due(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_escalation *e = TK_CONTAINER_OF(timer, struct tk_escalation, post_timer);

    (void)now_ms;
    if (wants_post(e) && !tk_https_active(&e->request))
        submit(e);
}

void tk_escalate_post_init(struct tk_escalation *e)
{
    tk_timer_init(&e->post_timer, post_due);
    e->request.write = write_post;
    e->request.done = post_done;
}

enum tk_err tk_escalate_post_test(struct tk_escalation *e)
{
    enum tk_err err = tk_webhook_ready(&e->all->webhook);

    if (err != TK_OK)
        return err;
    if (tk_https_active(&e->request))
        return TK_E_BUSY;
    e->testing = true;
    submit(e);
    return TK_OK;
}
