/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_account_load.h"
#include "tk_action.h"
#include "tk_device.h"
#include "tk_rest_verify.h"
#include "tk_setting_table.h"
#include "tk_state.h"
#include "tk_token.h"
#include "tk_token_task.h"
#include "tk_words.h"

#include <string.h>

static struct tk_token_health health_of(struct tk_console *c)
{
    struct tk_token_health health;

    tk_token_health(c->job.account, &health);
    return health;
}

static void add_seconds(struct tk_console *c, struct tk_text *t, bool known, uint32_t seconds,
                        const char *unknown)
{
    if (known)
        tk_text_int(t, seconds);
    tk_text_add(t, !known ? unknown : tk_console_is_program(c) ? "" : " s");
}

/* --- status --- */

static void add_ref(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->name);
}

static void add_state(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, tk_state_name(tk_account_state(c->job.account)));
}

static void add_reason(struct tk_console *c, struct tk_text *t)
{
    char code[TK_ERR_CODE_MAX + 1];

    tk_text_add(t, tk_account_reason(c->job.account, code));
}

static void add_moved_to(struct tk_console *c, struct tk_text *t)
{
    char host[TK_HOST_TEXT];

    tk_account_moved_to(c->job.account, host);
    tk_text_add(t, host);
}

static void add_endpoint(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->info.client_endpoint);
}

static void add_user(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->info.user_id);
}

static void add_member(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->info.member_id);
}

static void add_scope_granted(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->info.scope);
}

static void add_expires_in(struct tk_console *c, struct tk_text *t)
{
    uint32_t left = 0;
    bool known = tk_account_seconds_left(c->job.account, tk_runtime_now(c->env->rt), &left);

    add_seconds(c, t, known, left, tk_account_has_pair(c->job.account) ? "unknown" : "none");
}

static void add_expires_at(struct tk_console *c, struct tk_text *t)
{
    if (tk_account_has_pair(c->job.account))
        tk_text_time(t, c->job.account->pair.expires_unix);
    else
        tk_text_add(t, "none");
}

static void add_generation(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, c->job.account->pair.generation);
}

static void add_next_refresh(struct tk_console *c, struct tk_text *t)
{
    uint32_t seconds = 0;
    bool known = tk_token_refresh_due_in(c->job.account, tk_runtime_now(c->env->rt), &seconds);

    if (tk_account_refreshing(c->job.account))
        tk_text_add(t, "now");
    else
        add_seconds(c, t, known, seconds, "none");
}

static void add_rest(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, tk_rest_status_name(tk_rest_verify_status(c->job.account)));
}

static void add_error(struct tk_text *t, enum tk_err err)
{
    char code[TK_ERR_CODE_MAX + 1];

    tk_text_add(t, err == TK_OK ? "none" : tk_words_code(err, code));
}

static void add_rest_error(struct tk_console *c, struct tk_text *t)
{
    bool failed = tk_rest_verify_status(c->job.account) > TK_REST_OK;

    add_error(t, failed ? tk_rest_verify_error(c->job.account) : TK_OK);
}

static void add_token_task(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, tk_token_task_state(tk_alerts_of(c->env->alerts, c->job.account)));
}

static void add_token_task_error(struct tk_console *c, struct tk_text *t)
{
    add_error(t, (enum tk_err)tk_alerts_of(c->env->alerts, c->job.account)->task.err);
}

static void add_escalation(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, tk_alerts_of(c->env->alerts, c->job.account)->record.level);
}

static void add_last_error(struct tk_console *c, struct tk_text *t)
{
    add_error(t, c->job.account->last_error);
}

static void add_time(struct tk_console *c, struct tk_text *t)
{
    int64_t now;

    if (tk_time_can_verify(&c->env->rt->time, &now))
        tk_text_time(t, now);
    else
        tk_text_add(t, "unknown");
}

static void add_time_quality(struct tk_console *c, struct tk_text *t)
{
    int64_t now;

    tk_text_add(t, tk_time_quality_name(tk_time_now(&c->env->rt->time, &now)));
}

static void add_clock_behind(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, tk_time_behind(&c->env->rt->time));
}

/* --- status --all --- */

static void add_said(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->server_error);
}

static void add_description(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->is_answer ? "" : c->job.account->detail);
}

static void add_answer(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, c->job.account->is_answer ? c->job.account->detail : "");
}

static void add_moved_from(struct tk_console *c, struct tk_text *t)
{
    char host[TK_HOST_TEXT];

    tk_account_former_portal(c->job.account, host);
    tk_text_add(t, host);
}

static void add_failures(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, health_of(c).failures);
}

static void add_intent(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, health_of(c).intent ? "open" : "none");
}

static void add_store(struct tk_console *c, struct tk_text *t)
{
    enum tk_err err = c->env->rt->storage.err;
    char code[TK_ERR_CODE_MAX + 1];

    if (err == TK_OK && health_of(c).unstored)
        err = TK_E_STORAGE_FAILED;
    tk_text_add(t,
                err != TK_OK ? tk_words_code(err, code) : tk_storage_health(&c->env->rt->storage));
    tk_command_worn(c, t, " sectors=");
    if (c->env->rt->storage.corrupt_key != 0)
        tk_text_print(t, " key=%u", (unsigned)c->env->rt->storage.corrupt_key);
}

static void add_boots(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, tk_history_boots(&c->env->rt->history));
}

static void add_uptime(struct tk_console *c, struct tk_text *t)
{
    tk_text_int(t, tk_seconds_until(tk_runtime_now(c->env->rt), c->env->rt->started_ms));
}

static void add_device(struct tk_console *c, struct tk_text *t)
{
    tk_text_add(t, tk_device_id(c->env->rt->config->port));
}

#define TK_STATUS(add, key)
#define TK_COUNTER(member, key)
#define TK_POST(member, key)

/* NULL: the setting of that name. */
static void (*const rows[])(struct tk_console *c, struct tk_text *t) = {
#undef TK_STATUS
#define TK_STATUS(add, key) add,
#include "tk_status_rows.h"
#undef TK_STATUS
#define TK_STATUS(add, key)
};

#define ROWS        (sizeof rows / sizeof rows[0])
#define EXTRA_ROWS  12 /* the last of them, printed with --all only */
#define STATUS_ROWS (ROWS - EXTRA_ROWS)

/* With --all, counters follow: of refreshes, of POSTs, then the platform's metrics. */
static const uint8_t counters[] = {
#undef TK_COUNTER
#define TK_COUNTER(member, key) offsetof(struct tk_counters, member),
#include "tk_status_rows.h"
#undef TK_COUNTER
#define TK_COUNTER(member, key)
};

static const uint16_t posts[] = {
#undef TK_POST
#define TK_POST(member, key) offsetof(struct tk_alert, member),
#include "tk_status_rows.h"
#undef TK_POST
};

#undef TK_STATUS
#undef TK_COUNTER

#define COUNTERS (sizeof counters / sizeof counters[0])
#define POSTS    (sizeof posts / sizeof posts[0])

static uint32_t counter(struct tk_console *c, unsigned i)
{
    const char *from = (const char *)&c->job.account->counters + counters[i < COUNTERS ? i : 0];
    uint32_t value;

    if (i >= COUNTERS)
        from = (const char *)tk_alerts_of(c->env->alerts, c->job.account) + posts[i - COUNTERS];
    memcpy(&value, from, sizeof value);
    return value;
}

/* Ends the answer after the last one. */
static void print_metric(struct tk_console *c, unsigned i)
{
    uint32_t value = 0;
    const char *name = tk_device_metric(c->env->rt->config->port, i, &value);

    if (name == NULL)
        tk_console_ok(c, NULL);
    else
        tk_console_data_int(c, name, value);
}

static void add_value(struct tk_console *c, unsigned row, const char *key, struct tk_text *t)
{
    if (row >= ROWS)
        tk_text_int(t, counter(c, row - (unsigned)ROWS));
    else if (rows[row] == NULL)
        tk_setting_print(c, key, t);
    else
        rows[row](c, t);
}

/* For an operator, rows stand in groups. */
static const char titles[] = "State       "
                             "Portal      "
                             "Token       "
                             "Use         "
                             "Clock       ";
static const uint8_t firsts[] = {0, 3, 10, 15, 20}; /* rows that begin a group */

/* "expires in 3599 s". What says nothing is left out, unless a group begins with it. */
static void print_item(struct tk_console *c, unsigned row, char *key, const char *value)
{
    const uint8_t *first = memchr(firsts, (int)row, sizeof firsts);

    if (first == NULL && (*value == '\0' || strcmp(value, "none") == 0 || strcmp(value, "0") == 0))
        return;
    for (char *at = key; (at = strchr(at, '_')) != NULL;)
        *at = ' ';
    tk_command_item(c, first == NULL ? NULL : titles + TK_ITEM_TITLE * (first - firsts), key,
                    value);
}

/* The last line of an operator's status. */
static void print_action(struct tk_console *c, const char *action)
{
    char buf[2 * TK_WORDS_MAX];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "Next        ");
    tk_action_add_meaning(c, &t);
    if (*action != '\0')
        tk_text_print(&t, ": %s", action);
    tk_command_wrapped(c, buf);
}

static void print_row(struct tk_console *c, unsigned row)
{
    char key[24], value[400];
    struct tk_text k, t;

    tk_text_init(&k, key, sizeof key);
    tk_words_add(&k, tk_words_of(TK_WORDS_STATUS, row));
    tk_text_init(&t, value, sizeof value);
    add_value(c, row, key, &t);
    if (tk_console_is_program(c) || row >= STATUS_ROWS)
        tk_console_data(c, key, value);
    else if (row == STATUS_ROWS - 1)
        print_action(c, value);
    else
        print_item(c, row, key, value);
}

static void step_status(struct tk_console *c)
{
    unsigned row = c->job.u.rows.next++;

    if (row == c->job.u.rows.end)
        tk_console_ok(c, NULL);
    else if (row < ROWS + COUNTERS + POSTS)
        print_row(c, row);
    else
        print_metric(c, row - (unsigned)(ROWS + COUNTERS + POSTS));
}

void tk_command_status(struct tk_console *c, char *args)
{
    if (*args != '\0' && strcmp(args, "--all") != 0) {
        tk_console_err_usage(c);
        return;
    }
    tk_console_continue(c, step_status);
    c->job.u.rows.end = *args == '\0' ? STATUS_ROWS : UINT_MAX; /* print_metric ends it */
}
