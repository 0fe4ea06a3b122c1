/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_alert_post.h"

#include "tk_account_load.h"
#include "tk_alert_record.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_message.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

#define TIMEOUT_MS 20000
#define BACKOFF_MS 2000
#define BUSY_MS    1000 /* the request is that of a token task */
#define CAP_MS     (15 * 60000)
#define HOLDOFF_MS (10 * 60000) /* from a RAISED to that of the next fault */

enum { REF_SIZE = TK_DEVICE_ID_MAX + TK_NAME_MAX + 24 }; /* <device>-<account>-<since> */

static struct tk_alert *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_alert, request);
}

static uint64_t now_of(const struct tk_alert *alert)
{
    return tk_runtime_now(alert->all->rt);
}

static int64_t unix_now(const struct tk_alert *alert)
{
    return tk_time_or_0(&alert->all->rt->time);
}

/* --- when to post --- */

static bool wants_post(const struct tk_alert *alert)
{
    const struct tk_alert_record *r = &alert->record;

    if (tk_webhook_ready(&alert->all->webhook) != TK_OK)
        return false;
    if (r->clear_pending)
        return true;
    if (r->level == 0 || r->level < alert->all->webhook.level)
        return false;
    return r->delivered == 0 ||
           (r->level == TK_ALERT_LEVEL_MAX && r->delivered < TK_ALERT_LEVEL_MAX);
}

static void schedule(struct tk_alert *alert, uint64_t due_ms)
{
    if (!wants_post(alert))
        due_ms = TK_NEVER;
    else if (!alert->record.clear_pending && due_ms < alert->not_before_ms)
        due_ms = alert->not_before_ms;
    if (due_ms < alert->retry_at_ms)
        due_ms = alert->retry_at_ms;
    tk_timer_start(&alert->all->rt->timers, &alert->post_timer, due_ms);
}

static bool is_posting(const struct tk_alert *alert)
{
    return !alert->task.busy && tk_https_active(&alert->request);
}

void tk_alert_post_changed(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    if (!alert->testing && is_posting(alert) && !alert->request.sent)
        tk_https_cancel(&alert->all->rt->https, &alert->request);
    schedule(alert, now_of(alert));
}

void tk_alert_post_cancel(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    if (is_posting(alert))
        tk_https_cancel(&alert->all->rt->https, &alert->request);
    tk_timer_stop(&alert->all->rt->timers, &alert->post_timer);
    if (alert->testing)
        alert->test_result = TK_E_CANCELLED;
    alert->testing = false;
    alert->test_status = 0;
}

/* --- contents --- */

/* Unix time of the next refresh: now if one is in progress, 0 if none is scheduled or the time is
 * unknown. */
static int64_t next_try(const struct tk_alert *alert)
{
    int64_t now_unix = unix_now(alert);
    uint32_t seconds;

    if (tk_account_refreshing(alert->account))
        return now_unix;
    if (now_unix == 0 || !tk_token_refresh_due_in(alert->account, now_of(alert), &seconds))
        return 0;
    return now_unix + seconds;
}

static void add_ref(const struct tk_alert *alert, struct tk_text *t)
{
    int64_t since = alert->event == TK_ALERT_TEST ? unix_now(alert) : alert->record.since;

    tk_text_print(t, "%s-%s-", tk_device_id(alert->all->rt->config->port), alert->account->name);
    tk_text_int(t, since);
}

static const char *event_name(const struct tk_alert *alert)
{
    static const char *const names[] = {"test", "raised", "cleared"};

    return names[alert->event];
}

/* A stored template that this build rejects, say after a downgrade, is replaced by the default. */
static void write_message(const struct tk_alert *alert, struct tk_text *t,
                          const struct tk_message *m)
{
    char template[TK_URL_MAX + 1];
    size_t start = t->len;

    tk_webhook_get(&alert->all->webhook, &alert->all->rt->storage, TK_WEBHOOK_TEMPLATE, template);
    if (tk_message_write(t, template, m) != TK_OK) {
        t->len = start;
        (void)tk_message_write(t, "", m);
    }
    tk_wipe(template, sizeof template);
}

static void add_message(const struct tk_alert *alert, struct tk_text *t)
{
    char host[TK_HOST_TEXT], moved_to[TK_HOST_TEXT], ref[REF_SIZE], action[TK_WORDS_MAX + 1];
    char code[TK_ERR_CODE_MAX + 1];
    struct tk_text portal, ref_text, action_text;
    struct tk_token_health health;

    tk_token_health(alert->account, &health);
    tk_text_init(&portal, host, sizeof host);
    tk_text_host(&portal, &alert->account->client.portal);
    tk_text_init(&ref_text, ref, sizeof ref);
    add_ref(alert, &ref_text);
    tk_text_init(&action_text, action, sizeof action);
    if (alert->event != TK_ALERT_CLEARED)
        tk_words_add(&action_text, alert->record.cause);
    bool has_moved = alert->record.cause == TK_E_PORTAL_MOVED;

    tk_account_moved_to(alert->account, moved_to);
    struct tk_message m = {.event = event_name(alert),
                           .account = alert->account->name,
                           .device = tk_device_id(alert->all->rt->config->port),
                           .portal = host,
                           .ref = ref,
                           .cause = tk_words_code((enum tk_err)alert->record.cause, code),
                           .action = action,
                           .server_error = has_moved ? moved_to : alert->account->server_error,
                           .level = alert->posted_level,
                           .since = alert->record.since,
                           .next_try = next_try(alert),
                           .attempts = health.failures};

    write_message(alert, t, &m);
}

/* Corezoid rejects a task whose ref is that of an active one. The first task of a fault has the ref
 * of the alert; others append event or cause, and the number of recurrences. */
static void begin_task(const struct tk_alert *alert, struct tk_corezoid_post *p)
{
    char ref[REF_SIZE + 32], code[TK_ERR_CODE_MAX + 1];
    struct tk_text text;

    tk_text_init(&text, ref, sizeof ref);
    add_ref(alert, &text);
    if (alert->event != TK_ALERT_RAISED || alert->record.delivered > 0) {
        tk_text_print(&text, "-%s",
                      alert->event != TK_ALERT_RAISED
                          ? event_name(alert)
                          : tk_words_code((enum tk_err)alert->record.cause, code));
    }
    if (alert->record.recurrences > 0)
        tk_text_print(&text, "-%u", (unsigned)alert->record.recurrences);
    tk_corezoid_op(p, "create", ref);
}

static void write_task(const struct tk_alert *alert, struct tk_text *out,
                       const struct tk_host *host, const char *base)
{
    struct tk_corezoid_post p = {
        .out = out, .storage = &alert->all->rt->storage, .keys = TK_KEY_COREZOID_LOGIN};

    (void)tk_time_now(&alert->all->rt->time, &p.unix_s);
    tk_corezoid_begin(&p, host, base);
    begin_task(alert, &p);
    add_message(alert, out);
    tk_corezoid_end(&p);
}

static size_t begin_plain(const struct tk_alert *alert, struct tk_text *out,
                          const struct tk_host *host, const char *path)
{
    static const char type[] = "application/json\r\n";
    char fields[sizeof type + TK_URL_MAX];
    char *header = fields + sizeof type - 1;

    memcpy(fields, type, sizeof type);
    tk_webhook_get(&alert->all->webhook, &alert->all->rt->storage, TK_WEBHOOK_HEADER, header);
    if (header[0] == '\0')
        header[-2] = '\0';
    size_t body_start = tk_http_request(out, "POST", host, path, fields);

    tk_wipe(fields, sizeof fields);
    return body_start;
}

static void write_plain(const struct tk_alert *alert, struct tk_text *out,
                        const struct tk_host *host, const char *path)
{
    size_t body_start = begin_plain(alert, out, host, path);

    add_message(alert, out);
    tk_http_request_end(out, body_start, 0);
}

/* From now on the POST may be delivered, even if no response arrives. */
static void note_sent(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    alert->posted_level = r->level;
    alert->posted_cause = r->cause;
    if (alert->event == TK_ALERT_CLEARED) {
        alert->clear_unsent_before = alert->clear_unsent;
        alert->clear_unsent = false;
        alert->posted_level = r->delivered > r->sent ? r->delivered : r->sent;
    }
    if (alert->event != TK_ALERT_RAISED)
        return;
    alert->holdoff_until_ms = now_of(alert) + HOLDOFF_MS;
    if (r->since == 0) /* as well as it is known: ref must not change */
        (void)tk_time_now(&alert->all->rt->time, &r->since);
    alert->sent_before = r->sent;
    r->sent = r->level;
    tk_alert_record_store(alert);
}

static enum tk_err write_post(struct tk_request *r, struct tk_text *out)
{
    struct tk_alert *alert = of_request(r);
    const struct tk_webhook *webhook = &alert->all->webhook;
    struct tk_host host;
    const char *path;

    (void)tk_host_parse(&host, tk_webhook_url(webhook), &path); /* tk_webhook_ready */
    if (alert->testing)
        alert->event = TK_ALERT_TEST;
    else
        alert->event = alert->record.clear_pending ? TK_ALERT_CLEARED : TK_ALERT_RAISED;
    note_sent(alert);
    if (tk_webhook_is_corezoid(webhook))
        write_task(alert, out, &host, path);
    else
        write_plain(alert, out, &host, path);
    return TK_OK;
}

static void post_done(struct tk_request *r, enum tk_err err, struct tk_http *response);

static void submit(struct tk_alert *alert)
{
    struct tk_request *r = &alert->request;

    (void)tk_host_parse(&r->host, tk_webhook_url(&alert->all->webhook), NULL);
    r->write = write_post;
    r->done = post_done;
    r->keepalive_ms = 0;
    tk_https_start(&alert->all->rt->https, r, TK_PRIORITY_ESCALATION, TIMEOUT_MS);
}

/* --- delivery --- */

static void delivered(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    alert->post_failures = 0;
    alert->posts_taken++;
    if (alert->event == TK_ALERT_RAISED)
        r->delivered = alert->posted_level;
    else if (r->clear_pending)
        memset(r, 0, sizeof *r);
    else
        r->sent = 0; /* the fault is back and not posted again yet */
    if (r->delivered == TK_ALERT_LEVEL_MAX && r->cause != alert->posted_cause)
        r->delivered--; /* the cause changed meanwhile: post again */
    tk_alert_record_store(alert);
    schedule(alert, now_of(alert));
}

static void log_undelivered(struct tk_alert *alert, enum tk_err err, int status)
{
    char buf[120], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "escalation ref=%s undelivered=%s", alert->account->name,
                  tk_words_code(err, code));
    if (status > 0)
        tk_text_print(&t, " http=%u", (unsigned)status);
    tk_runtime_log(alert->all->rt, TK_LOG_ERROR, &t);
}

/* The webhook rejected the POST, so it was not delivered. If no other was, and the fault is over
 * meanwhile, no CLEARED is due. Else flash may keep `sent`: the next attempt sets it anyway. */
static void rejected(struct tk_alert *alert)
{
    struct tk_alert_record *r = &alert->record;

    if (alert->event != TK_ALERT_CLEARED)
        r->sent = alert->sent_before;
    else if (!r->clear_pending && alert->clear_unsent_before &&
             alert->delivered_before > r->delivered)
        r->delivered = alert->delivered_before; /* the fault is back, its CLEARED not delivered */
    else
        alert->clear_unsent = alert->clear_unsent_before;
    if (!r->clear_pending || r->delivered > 0 || r->sent > 0)
        return;
    memset(r, 0, sizeof *r);
    tk_alert_record_store(alert);
}

static void undelivered(struct tk_alert *alert, enum tk_err err, int status)
{
    uint32_t most = tk_backoff_ms(BACKOFF_MS, alert->post_failures, CAP_MS);

    alert->post_failures++;
    alert->posts_failed++;
    log_undelivered(alert, err, status);
    if (err == TK_E_ESCALATE_REFUSED && status < 500)
        rejected(alert);
    schedule(alert, now_of(alert) + BACKOFF_MS / 2 + tk_runtime_random(alert->all->rt, most));
}

/* A webhook accepts by the status alone, whatever becomes of the body, unless it responds as
 * Corezoid does. Corezoid itself always does: a proxy may have responded in its place. */
static enum tk_err read_response(const struct tk_alert *alert, enum tk_err err,
                                 struct tk_http *response)
{
    struct tk_corezoid_seen seen = {.equal = 0};
    enum tk_err result = tk_corezoid_result(err, response, &seen);

    if (result != TK_E_ESCALATE_REFUSED && !tk_webhook_is_corezoid(&alert->all->webhook))
        return TK_OK;
    return result;
}

static void post_done(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    struct tk_alert *alert = of_request(r);
    int status = response == NULL ? 0 : response->status;

    if (response != NULL)
        err = read_response(alert, err, response);
    alert->retry_at_ms = err == TK_OK ? 0 : tk_token_retry_after(alert->account, response);
    if (alert->testing) {
        alert->testing = false;
        alert->test_result = err;
        alert->test_status = (uint16_t)status;
        schedule(alert, now_of(alert));
    } else if (err == TK_OK)
        delivered(alert);
    else
        undelivered(alert, err, status);
}

static void post_due(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_alert *alert = TK_CONTAINER_OF(timer, struct tk_alert, post_timer);

    if (!tk_https_active(&alert->request))
        submit(alert);
    else
        tk_timer_start(&alert->all->rt->timers, timer, now_ms + BUSY_MS);
}

void tk_alert_post_init(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    tk_timer_init(&alert->post_timer, post_due);
}

enum tk_err tk_alert_post_test(struct tk_alert *alert)
{
    enum tk_err err = tk_webhook_ready(&alert->all->webhook);

    if (err != TK_OK)
        return err;
    if (tk_https_active(&alert->request))
        return TK_E_BUSY;
    alert->testing = true;
    submit(alert);
    return TK_OK;
}
