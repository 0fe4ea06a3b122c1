/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_token_task.h"

#include "tk_alert_level.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_state.h"
#include "tk_template.h"
#include "tk_token.h"

#include <stddef.h>
#include <string.h>

#define TIMEOUT_MS   20000
#define KEEPALIVE_MS 2000 /* a write follows "show" at once */
#define BUSY_MS      1000

/* In front of conv on flash: the task is to be blanked, then conv is deleted. */
#define ENDING '-'

enum { SHOW, CREATE, MODIFY };

/* Bits of tk_corezoid_seen.equal: device and account; access_token, too. */
enum { OURS = 3, CURRENT = 7 };

static enum tk_err write_op(struct tk_request *r, struct tk_text *out);
static void op_done(struct tk_request *r, enum tk_err err, struct tk_http *response);

static struct tk_alert *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_alert, request);
}

static struct tk_timers *timers_of(const struct tk_alert *alert)
{
    return &alert->all->rt->timers;
}

/* --- settings --- */

static uint16_t key_of(const struct tk_alert *alert, enum tk_task_setting which)
{
    return tk_account_key(alert->account->index, TK_KEY_TASK_LOGIN + (unsigned)which);
}

static enum tk_webhook_setting same(enum tk_task_setting which)
{
    static const uint8_t settings[] = {TK_WEBHOOK_LOGIN, TK_WEBHOOK_KEY, TK_WEBHOOK_CONV,
                                       TK_WEBHOOK_LOGIN, TK_WEBHOOK_URL};

    return (enum tk_webhook_setting)settings[which];
}

/* True if it is set. */
static bool read_setting(const struct tk_alert *alert, enum tk_task_setting which,
                         char out[TK_URL_MAX + 1])
{
    if (tk_storage_text(&alert->all->rt->storage, key_of(alert, which), out, TK_URL_MAX + 1,
                        tk_webhook_valid[same(which)]))
        return true;
    if (which >= TK_TASK_REF)
        (void)tk_copy(out, TK_URL_MAX + 1,
                      which == TK_TASK_REF ? alert->account->name : TK_COREZOID_URL);
    return false;
}

void tk_token_task_get(const struct tk_alert *alert, enum tk_task_setting which,
                       char out[TK_URL_MAX + 1])
{
    (void)read_setting(alert, which, out);
    if (which == TK_TASK_CONV && out[0] == ENDING)
        out[0] = '\0';
}

static void load(struct tk_alert *alert)
{
    struct tk_token_task *task = &alert->task;
    char text[TK_URL_MAX + 1];

    task->complete = read_setting(alert, TK_TASK_LOGIN, text) &&
                     read_setting(alert, TK_TASK_KEY, text) &&
                     read_setting(alert, TK_TASK_CONV, text);
    task->ending = task->complete && text[0] == ENDING;
    tk_wipe(text, sizeof text);
}

/* --- what is due --- */

/* The generation whose token the task is to hold; 0: none. */
static uint32_t wanted(const struct tk_alert *alert)
{
    const struct tk_account *a = alert->account;
    bool has_token = tk_account_has_pair(a) && tk_runtime_now(alert->all->rt) < a->expires_ms;

    return has_token && !alert->task.ending ? a->pair.generation : 0;
}

static bool is_settled(const struct tk_alert *alert)
{
    return alert->task.known && wanted(alert) == alert->task.held;
}

/* While it is not known when the token expires, nothing is due. */
void tk_token_task_update(struct tk_alert *alert)
{
    const struct tk_account *a = alert->account;
    bool is_possible =
        alert->task.complete && !alert->task.busy && (!tk_account_has_pair(a) || a->times_known);
    uint64_t due_ms = TK_NEVER;

    if (!TK_REPORT)
        return;
    if (alert->task.waiting)
        return;
    if (is_possible && !is_settled(alert))
        due_ms = 0;
    else if (is_possible && alert->task.held != 0)
        due_ms = a->expires_ms;
    tk_timer_start(timers_of(alert), &alert->task.timer, due_ms);
}

/* Whether the task can be blanked and is to be. */
static bool is_ours(const struct tk_token_task *task)
{
    return task->complete && !task->ending && !task->taken;
}

/* Reports whose the task is. A consumer that reads it cannot ask for a token: it is renewed ahead
 * of its end. */
static void apply(struct tk_alert *alert)
{
    bool exported = is_ours(&alert->task);

    tk_alert_level_update(alert);
    if (alert->account->exported == exported)
        return;
    alert->account->exported = exported;
    tk_token_schedule(alert->account);
}

/* --- a request --- */

static void start(struct tk_alert *alert, uint8_t op)
{
    struct tk_request *r = &alert->request;
    char url[TK_URL_MAX + 1];

    alert->task.op = op;
    alert->task.busy = true;
    alert->account->pins++; /* to the end of the request */
    (void)read_setting(alert, TK_TASK_URL, url);
    (void)tk_host_parse(&r->host, url, NULL);
    r->write = write_op;
    r->done = op_done;
    r->keepalive_ms = KEEPALIVE_MS;
    tk_https_start(&alert->all->rt->https, r, TK_PRIORITY_ESCALATION, TIMEOUT_MS);
}

/* The alert's POST ends first; and a refresh, which makes a new pair. */
static void task_due(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_alert *alert = TK_CONTAINER_OF(timer, struct tk_alert, task.timer);

    alert->task.waiting = false;
    if (tk_https_active(&alert->request) || tk_account_refreshing(alert->account))
        tk_timer_start(timers_of(alert), timer, now_ms + BUSY_MS);
    else
        start(alert, SHOW);
}

static void begin_request(const struct tk_alert *alert, struct tk_corezoid_post *p)
{
    static const char types[][8] = {"show", "create", "modify"};
    char text[TK_URL_MAX + 1];
    struct tk_host host;
    const char *base;

    (void)read_setting(alert, TK_TASK_URL, text);
    (void)tk_host_parse(&host, text, &base);
    tk_corezoid_begin(p, &host, base);
    (void)read_setting(alert, TK_TASK_REF, text);
    tk_corezoid_op(p, types[alert->task.op], text);
}

/* What other processes may read. */
struct data {
    const char *access_token, *portal, *client_endpoint, *member_id, *device, *account, *state;
    int64_t expires_at; /* Unix time; 0: there is no token */
};

#define AT(member) offsetof(struct data, member)

static const struct tk_word words[] = {{"access_token", AT(access_token), TK_WORD_TEXT},
                                       {"expires_at", AT(expires_at), TK_WORD_NUMBER},
                                       {"portal", AT(portal), TK_WORD_TEXT},
                                       {"client_endpoint", AT(client_endpoint), TK_WORD_TEXT},
                                       {"member_id", AT(member_id), TK_WORD_TEXT},
                                       {"device", AT(device), TK_WORD_TEXT},
                                       {"account", AT(account), TK_WORD_TEXT},
                                       {"state", AT(state), TK_WORD_TEXT}};

static const char *token_of(const struct tk_alert *alert)
{
    return wanted(alert) == 0 ? "" : alert->account->pair.access;
}

static void add_data(const struct tk_alert *alert, struct tk_text *out)
{
    const struct tk_account *a = alert->account;
    char portal[TK_HOST_TEXT];
    struct tk_text t;

    tk_text_init(&t, portal, sizeof portal);
    tk_text_host(&t, &a->client.portal);
    struct data data = {.access_token = token_of(alert),
                        .portal = portal,
                        .client_endpoint = a->info.client_endpoint,
                        .member_id = a->info.member_id,
                        .device = tk_device_id(alert->all->rt->config->port),
                        .account = a->name,
                        .state = tk_state_name(tk_account_state(a)),
                        .expires_at = wanted(alert) == 0 ? 0 : a->pair.expires_unix};

    tk_template_write_all(out, words, sizeof words / sizeof words[0], &data);
}

static enum tk_err write_op(struct tk_request *r, struct tk_text *out)
{
    struct tk_alert *alert = of_request(r);
    struct tk_runtime *rt = alert->all->rt;
    struct tk_corezoid_post p = {
        .out = out, .storage = &rt->storage, .keys = key_of(alert, TK_TASK_LOGIN)};

    alert->task.sent = wanted(alert);
    (void)tk_time_now(&rt->time, &p.unix_s);
    begin_request(alert, &p);
    if (alert->task.op != SHOW)
        add_data(alert, out);
    tk_corezoid_end(&p);
    return TK_OK;
}

/* --- its outcome --- */

/* The task holds the token that was wanted; or is another's. */
static void settle(struct tk_alert *alert, bool taken)
{
    struct tk_token_task *task = &alert->task;

    task->known = true;
    task->held = task->sent;
    task->takeover = false;
    task->failures = 0;
    task->err = TK_OK;
    task->taken = taken;
    if (task->ending) {
        (void)tk_storage_put(&alert->all->rt->storage, key_of(alert, TK_TASK_CONV), NULL, 0);
        load(alert);
    }
    apply(alert);
}

static void fail(struct tk_alert *alert, enum tk_err err, uint64_t retry_at_ms)
{
    struct tk_token_task *task = &alert->task;
    uint64_t due_ms =
        tk_runtime_now(alert->all->rt) + tk_token_backoff_ms(alert->account, task->failures);

    task->waiting = true;
    tk_timer_start(timers_of(alert), &task->timer, retry_at_ms < due_ms ? due_ms : retry_at_ms);
    if (task->failures < UINT8_MAX)
        task->failures++;
    task->err = (uint8_t)err;
}

/* none: Corezoid answered that there is no such task, or none that can be modified any more. After
 * a duplicate, which an earlier attempt or another device created, "show" tells whose it is. */
static void proceed(struct tk_alert *alert, enum tk_err err, const struct tk_corezoid_seen *seen,
                    uint64_t retry_at_ms)
{
    const struct tk_token_task *task = &alert->task;
    bool none = err == TK_E_ESCALATE_REFUSED && seen->is_answer && task->op != CREATE;

    if (none && task->sent != 0)
        start(alert, CREATE);
    else if (seen->is_duplicate || (err != TK_OK && !none))
        fail(alert, err == TK_OK ? TK_E_ESCALATE_REFUSED : err, retry_at_ms);
    else if (none || task->op != SHOW || seen->equal == CURRENT)
        settle(alert, false);
    else if (seen->equal < OURS && !task->takeover)
        settle(alert, true);
    else
        start(alert, MODIFY);
}

static void op_done(struct tk_request *r, enum tk_err err, struct tk_http *response)
{
    struct tk_alert *alert = of_request(r);
    struct tk_account *a = alert->account;
    const char *const values[] = {tk_device_id(alert->all->rt->config->port), a->name,
                                  token_of(alert)};
    struct tk_corezoid_seen seen = {.values = values};

    a->pins--;
    alert->task.busy = false;
    if (response != NULL)
        err = tk_corezoid_result(err, response, &seen);
    proceed(alert, err, &seen, tk_token_retry_after(a, response));
    tk_token_task_update(alert);
}

/* --- for the other rooms --- */

void tk_token_task_init(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    tk_timer_init(&alert->task.timer, task_due);
    if (!alert->account->used)
        return;
    load(alert);
    alert->account->exported = is_ours(&alert->task);
}

void tk_token_task_stop(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    if (alert->task.busy) {
        tk_https_cancel(&alert->all->rt->https, &alert->request);
        alert->account->pins--;
    }
    tk_timer_stop(timers_of(alert), &alert->task.timer);
}

/* With other settings. */
static void restart(struct tk_alert *alert)
{
    struct tk_token_task *task = &alert->task;

    tk_token_task_stop(alert);
    memset(&task->held, 0, sizeof *task - offsetof(struct tk_token_task, held));
    load(alert);
    apply(alert);
    tk_token_task_update(alert);
}

/* The task that holds the token must stay in reach until it is blanked. */
static bool is_in_use(const struct tk_token_task *task, enum tk_task_setting which,
                      const char *value)
{
    bool is_target = which != TK_TASK_LOGIN && which != TK_TASK_KEY;

    return task->ending || (is_ours(task) && task->held != 0 && (is_target || value[0] == '\0'));
}

enum tk_err tk_token_task_set(struct tk_alert *alert, enum tk_task_setting which, const char *value)
{
    struct tk_runtime *rt = alert->all->rt;
    char stored[TK_URL_MAX + 2];
    bool unsets = which == TK_TASK_CONV && value[0] == '\0';
    enum tk_err err = tk_webhook_check(&rt->https, same(which), value);

    stored[0] = ENDING;
    (void)read_setting(alert, which, stored + 1);
    bool changes = err == TK_OK && strcmp(stored + 1, value) != 0;

    if (unsets && is_ours(&alert->task))
        value = stored;
    else if (changes && !unsets && is_in_use(&alert->task, which, value))
        err = TK_E_TASK_IN_USE;
    if (changes && err == TK_OK) {
        err = tk_storage_put(&rt->storage, key_of(alert, which), value, strlen(value));
        if (err == TK_OK)
            restart(alert);
    }
    tk_wipe(stored, sizeof stored);
    return err;
}

enum tk_err tk_token_task_takeover(struct tk_alert *alert)
{
    if (!alert->task.complete)
        return TK_E_COREZOID_PARTLY;
    alert->task.takeover = true;
    alert->task.known = false;
    alert->task.waiting = false;
    tk_token_task_update(alert);
    return TK_OK;
}

void tk_token_task_end(struct tk_alert *alert)
{
    if (!TK_REPORT)
        return;
    if (!is_ours(&alert->task))
        return;
    alert->task.ending = true;
    alert->task.waiting = false;
    tk_token_task_update(alert);
}

const char *tk_token_task_state(const struct tk_alert *alert)
{
    const struct tk_token_task *task = &alert->task;

    if (!task->complete)
        return "off";
    if (task->ending)
        return "ending";
    if (task->taken)
        return "taken";
    return is_settled(alert) ? "ok" : "behind";
}
