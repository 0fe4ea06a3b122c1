/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_device.h"
#include "tk_duration.h"
#include "tk_keeper.h"
#include "tk_words.h"

#include <string.h>

/* Each line of `status` and `show` is a row: a key, and a function that writes its value. */
struct row {
    const char *key;
    void (*value)(struct tk_account *a, struct tk_text *t);
};

static void print_row(struct tk_console *c, const struct row *row)
{
    char buf[400];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    row->value(tk_console_account(c), &t);
    tk_console_data(c, row->key, buf);
}

static void add_seconds(struct tk_text *t, bool known, uint32_t seconds, const char *otherwise)
{
    if (known)
        tk_text_int(t, seconds);
    else
        tk_text_add(t, otherwise);
}

/* --- status --- */

static void add_ref(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->name);
}

static void add_state(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, tk_state_name(tk_account_state(a)));
}

static void add_reason(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, tk_account_reason(a));
}

static void add_portal(struct tk_account *a, struct tk_text *t)
{
    tk_text_host(t, &a->client.portal);
}

static void add_endpoint(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->facts.client_endpoint);
}

static void add_user(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->facts.user_id);
}

static void add_member(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->facts.member_id);
}

static void add_scope(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->client.scope);
}

static void add_scope_granted(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->facts.scope);
}

static void add_expires_in(struct tk_account *a, struct tk_text *t)
{
    uint32_t left = 0;
    bool known = tk_account_left(a, tk_keeper_now(a->keeper), &left);

    add_seconds(t, known, left, tk_account_has_pair(a) ? "unknown" : "none");
}

static void add_expires_at(struct tk_account *a, struct tk_text *t)
{
    if (tk_account_has_pair(a))
        tk_text_time(t, a->pair.expires_unix);
    else
        tk_text_add(t, "none");
}

static void add_generation(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, a->pair.generation);
}

static void add_next_refresh(struct tk_account *a, struct tk_text *t)
{
    uint32_t seconds = 0;
    bool known = tk_token_next_in(a, tk_keeper_now(a->keeper), &seconds);

    if (tk_https_active(&a->refresh.request))
        tk_text_add(t, "now");
    else
        add_seconds(t, known, seconds, "none");
}

static void add_renew(struct tk_account *a, struct tk_text *t)
{
    if (a->renew_s == TK_RENEW_ON_DEMAND)
        tk_text_add(t, "on-demand");
    else
        tk_text_duration(t, a->renew_s);
}

static void add_rest(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, tk_rest_status_name(a->rest.status));
}

static void add_escalation(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, a->escalation.record.level);
}

static void add_last_error(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->last_error == TK_OK ? "none" : tk_err_code(a->last_error));
}

static void add_time(struct tk_account *a, struct tk_text *t)
{
    int64_t now;

    if (tk_time_known(&a->keeper->time, &now))
        tk_text_time(t, now);
    else
        tk_text_add(t, "unknown");
}

static void add_time_quality(struct tk_account *a, struct tk_text *t)
{
    int64_t now;

    tk_text_add(t, tk_time_quality_name(tk_time_now(&a->keeper->time, &now)));
}

/* --- status --all --- */

static void add_action(struct tk_account *a, struct tk_text *t)
{
    if (a->escalation.record.level > 0)
        tk_words_add(t, a->escalation.record.cause);
    else
        tk_words_add(t, a->last_error);
}

static void add_said(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->server_error);
}

static void add_failures(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, a->refresh.failures);
}

static void add_intent(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->refresh.intent ? "open" : "none");
}

static void add_auth_host(struct tk_account *a, struct tk_text *t)
{
    struct tk_host host = {.port = 0};

    if (a->auth_host[0] != '\0' || a->client.portal.name[0] != '\0')
        tk_account_auth_host(a, &host);
    tk_text_host(t, &host);
}

static void add_store(struct tk_account *a, struct tk_text *t)
{
    enum tk_err err = a->keeper->store_error;

    if (err == TK_OK && a->refresh.unstored)
        err = TK_E_STORAGE_FAILED;
    tk_text_add(t, err != TK_OK ? tk_err_code(err) : tk_store_health(&a->keeper->store));
}

/* The counters stand behind the rows, one a line. */
static const struct {
    const char *key;
    size_t at; /* in struct tk_counters */
} counters[] = {{"refreshes_ok", offsetof(struct tk_counters, ok)},
                {"failed_retry", offsetof(struct tk_counters, failed[TK_ACTION_RETRY])},
                {"failed_wait", offsetof(struct tk_counters, failed[TK_ACTION_WAIT])},
                {"failed_block", offsetof(struct tk_counters, failed[TK_ACTION_BLOCK])},
                {"failed_reauth", offsetof(struct tk_counters, failed[TK_ACTION_REAUTH])},
                {"retries", offsetof(struct tk_counters, retries)},
                {"recovered", offsetof(struct tk_counters, recovered)},
                {"refresh_ms", offsetof(struct tk_counters, last_ms)},
                {"refresh_ms_max", offsetof(struct tk_counters, longest_ms)},
                {"posts_taken", offsetof(struct tk_counters, posts_taken)},
                {"posts_failed", offsetof(struct tk_counters, posts_failed)}};

static void print_counter(struct tk_console *c, unsigned i)
{
    const char *all = (const char *)&tk_console_account(c)->counters;
    uint32_t value;

    memcpy(&value, all + counters[i].at, sizeof value);
    tk_console_data_int(c, counters[i].key, value);
}

static void add_boots(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, tk_history_boots(&a->keeper->history));
}

static void add_uptime(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, (int64_t)((tk_keeper_now(a->keeper) - a->keeper->started_ms) / 1000));
}

static void add_device(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, tk_device_id(a->keeper->config->port));
}

static const struct row status_rows[] = {{"ref", add_ref},
                                         {"state", add_state},
                                         {"reason", add_reason},
                                         {"portal", add_portal},
                                         {"client_endpoint", add_endpoint},
                                         {"user_id", add_user},
                                         {"member_id", add_member},
                                         {"scope", add_scope},
                                         {"scope_granted", add_scope_granted},
                                         {"expires_in", add_expires_in},
                                         {"expires_at", add_expires_at},
                                         {"generation", add_generation},
                                         {"next_refresh_in", add_next_refresh},
                                         {"renew", add_renew},
                                         {"rest", add_rest},
                                         {"escalation", add_escalation},
                                         {"last_error", add_last_error},
                                         {"time", add_time},
                                         {"time_quality", add_time_quality},
                                         {"action", add_action},
                                         {"said", add_said},
                                         {"failures", add_failures},
                                         {"intent", add_intent},
                                         {"auth_host", add_auth_host},
                                         {"store", add_store},
                                         {"boots", add_boots},
                                         {"uptime", add_uptime},
                                         {"device", add_device}};

#define ALL_ROWS    (sizeof status_rows / sizeof status_rows[0])
#define EXTRA_ROWS  8
#define STATUS_ROWS (ALL_ROWS - EXTRA_ROWS)
#define COUNTERS    (sizeof counters / sizeof counters[0])

/* What the platform tells stands behind the last row. */
static void step_figures(struct tk_console *c)
{
    uint32_t value = 0;
    unsigned index = c->job.item++ - (unsigned)(ALL_ROWS + COUNTERS);
    const char *name = tk_device_metric(c->keeper->config->port, index, &value);

    if (name == NULL)
        tk_console_ok(c, NULL);
    else
        tk_console_data_int(c, name, value);
}

static void step_status(struct tk_console *c)
{
    if (c->job.item >= ALL_ROWS + COUNTERS)
        step_figures(c);
    else if (c->job.item == c->job.number)
        tk_console_ok(c, NULL);
    else if (c->job.item >= ALL_ROWS)
        print_counter(c, c->job.item++ - (unsigned)ALL_ROWS);
    else
        print_row(c, &status_rows[c->job.item++]);
}

void tk_command_status(struct tk_console *c, char *args)
{
    if (*args != '\0' && strcmp(args, "--all") != 0) {
        tk_command_err_usage(c);
        return;
    }
    c->job.number = *args == '\0' ? STATUS_ROWS : ALL_ROWS + COUNTERS + 1; /* to the end */
    tk_console_continue(c, step_status);
}

/* --- history --- */

static void step_history(struct tk_console *c)
{
    char number[12], buf[160];
    struct tk_text key, t;

    tk_text_init(&t, buf, sizeof buf);
    if (c->job.item >= c->keeper->history.count) {
        tk_command_key(&t, "events");
        tk_text_int(&t, c->keeper->history.count);
        tk_command_key(&t, "boot");
        tk_text_int(&t, tk_history_boots(&c->keeper->history));
        tk_console_ok(c, &t);
        return;
    }
    tk_text_init(&key, number, sizeof number);
    tk_text_int(&key, c->job.item + 1);
    tk_history_text(c->keeper, c->job.item++, &t);
    tk_console_data(c, number, buf);
}

void tk_command_history(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_history);
}

/* --- show --- */

/* A secret is shown by what tells two of them apart. */
static void add_masked(struct tk_text *t, const char *secret)
{
    if (secret[0] == '\0')
        return;
    tk_text_add(t, "len=");
    tk_text_int(t, (int64_t)strlen(secret));
    tk_text_add(t, " sha256=");
    tk_command_digest(t, secret);
}

static void show_client_id(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->client.client_id);
}

static void show_client_secret(struct tk_account *a, struct tk_text *t)
{
    add_masked(t, a->client.client_secret);
}

static void show_auth_host(struct tk_account *a, struct tk_text *t)
{
    if (a->auth_host[0] != '\0') {
        tk_text_add(t, a->auth_host);
        return;
    }
    tk_text_add(t, "auto");
    if (a->client.portal.name[0] == '\0')
        return;
    tk_text_add(t, " (");
    add_auth_host(a, t);
    tk_text_add(t, ")");
}

static void show_escalate_url(struct tk_account *a, struct tk_text *t)
{
    add_masked(t, a->keeper->webhook.url);
}

static void show_escalate_level(struct tk_account *a, struct tk_text *t)
{
    tk_text_int(t, a->keeper->webhook.level);
}

static void add_masked_webhook(struct tk_account *a, struct tk_text *t,
                               enum tk_webhook_setting which)
{
    char value[TK_URL_MAX + 1];

    tk_webhook_get(a->keeper, which, value);
    add_masked(t, value);
    tk_wipe(value, sizeof value);
}

/* It may hold a key of whoever takes it. */
static void show_template(struct tk_account *a, struct tk_text *t)
{
    add_masked_webhook(a, t, TK_WEBHOOK_TEMPLATE);
}

static void show_corezoid_login(struct tk_account *a, struct tk_text *t)
{
    tk_command_webhook(a->keeper, TK_WEBHOOK_LOGIN, t);
}

static void show_corezoid_key(struct tk_account *a, struct tk_text *t)
{
    add_masked_webhook(a, t, TK_WEBHOOK_KEY);
}

static void show_corezoid_conv(struct tk_account *a, struct tk_text *t)
{
    tk_command_webhook(a->keeper, TK_WEBHOOK_CONV, t);
}

/* ip=dhcp (10.0.2.15/24,10.0.2.2,10.0.2.3) */
static void show_ip(struct tk_account *a, struct tk_text *t)
{
    struct tk_ip now;
    int ret = tk_sock_get_ip(a->keeper->config->port, &now);

    if (ret == TK_SOCK_ERR) {
        tk_text_add(t, "system");
        return;
    }
    tk_text_ip(t, &a->keeper->ip);
    if (a->keeper->ip.fixed)
        return;
    tk_text_add(t, " (");
    if (ret == TK_SOCK_OK)
        tk_text_ip(t, &now);
    else
        tk_text_add(t, "none yet");
    tk_text_char(t, ')');
}

static void show_ntp(struct tk_account *a, struct tk_text *t)
{
    tk_text_add(t, a->keeper->ntp);
}

static const struct row show_rows[] = {
    {"ref", add_ref},
    {"portal", add_portal},
    {"client_id", show_client_id},
    {"client_secret", show_client_secret},
    {"scope", add_scope},
    {"auth_host", show_auth_host},
    {"renew", add_renew},
    {"escalate_url", show_escalate_url},
    {"escalate_level", show_escalate_level},
    {"escalate_template", show_template},
    {"corezoid_login", show_corezoid_login},
    {"corezoid_key", show_corezoid_key},
    {"corezoid_conv", show_corezoid_conv},
    {"ip", show_ip},
    {"ntp", show_ntp},
};

static void step_show(struct tk_console *c)
{
    if (c->job.item == sizeof show_rows / sizeof show_rows[0])
        tk_console_ok(c, NULL);
    else
        print_row(c, &show_rows[c->job.item++]);
}

void tk_command_show(struct tk_console *c, char *args)
{
    (void)args;
    tk_console_continue(c, step_show);
}
