/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_auth.h"
#include "tk_keeper.h"
#include "tk_rest_verify.h"
#include "tk_words.h"

#include <string.h>

#define ANSWER_MS 25000 /* a command that waits answers by then */
#define WARM_MS   8000  /* auth begin looks that long whether the connection comes up */

static void begin_waiting(struct tk_console *c, tk_console_step step, uint32_t wait_ms)
{
    c->job.account = tk_console_account(c);
    c->job.waiting = true;
    c->job.deadline_ms = tk_keeper_now(c->keeper) + wait_ms;
    tk_console_continue(c, step);
}

static bool gave_up(const struct tk_console *c)
{
    return tk_keeper_now(c->keeper) >= c->job.deadline_ms;
}

/* state=ready generation=3 expires_in=3600 */
static void add_pair_facts(const struct tk_account *a, struct tk_text *t)
{
    uint32_t left = 0;

    tk_command_key(t, "state");
    tk_text_add(t, tk_state_name(tk_account_state(a)));
    tk_command_key(t, "generation");
    tk_text_int(t, a->pair.generation);
    if (tk_account_left(a, tk_keeper_now(a->keeper), &left)) {
        tk_command_key(t, "expires_in");
        tk_text_int(t, left);
    }
}

/* --- auth begin --- */

static void print_link(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    char url[TK_HOST_TEXT + 3 * TK_CLIENT_ID_MAX + 160];
    struct tk_text t;

    tk_text_init(&t, url, sizeof url);
    tk_auth_link(a, &t);
    tk_console_data(c, "url", url);
}

static void answer_begin(struct tk_console *c, enum tk_err why)
{
    enum tk_err err;
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;
    bool warm = tk_auth_is_warm(c->job.account);

    (void)why;
    if (!tk_auth_is_warming(c->job.account, &err) && !warm && err != TK_OK) {
        tk_console_data(c, "warm_error", tk_err_code(err));
        tk_text_init(&t, words, sizeof words);
        tk_words_add(&t, err);
        tk_console_data(c, "warm_action", words);
    }
    tk_console_data(c, "warm", warm ? "yes" : "no");
    tk_console_ok(c, NULL);
}

static void step_begin(struct tk_console *c)
{
    enum tk_err err;

    switch (c->job.item++) {
    case 0:
        print_link(c);
        break;
    case 1:
        tk_console_data(c, "state", c->job.account->auth.state);
        c->job.waiting = true;
        break;
    default:
        if (tk_auth_is_warm(c->job.account) || !tk_auth_is_warming(c->job.account, &err) ||
            gave_up(c))
            answer_begin(c, TK_OK);
    }
}

void tk_command_auth_begin(struct tk_console *c, char *args)
{
    enum tk_err err = tk_auth_begin(tk_console_account(c));

    (void)args;
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    begin_waiting(c, step_begin, WARM_MS);
    c->job.waiting = false; /* the first lines come at once */
    c->job.yields = true;
    c->job.end = answer_begin;
}

/* --- auth code --- */

/* The server's own word, where it had one. */
static void print_said(struct tk_console *c, const struct tk_account *a)
{
    if (a->server_error[0] != '\0')
        tk_console_data(c, "said", a->server_error);
}

/* An error after the code has left: what to do, and that this code is of no more use. */
static void err_of_code(struct tk_console *c, enum tk_err err, bool spent)
{
    char words[256];
    struct tk_text t;

    if (err == TK_E_CODE_EXPIRED)
        tk_console_data(c, "cause", tk_err_code(c->job.account->auth.cause));
    if (spent)
        print_said(c, c->job.account);
    if (!spent || tk_err_action(err) == TK_ACTION_NONE) {
        tk_console_err(c, err);
        return;
    }
    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, err);
    tk_text_add(&t, ", then auth begin: this code is spent");
    tk_console_err_words(c, err, words);
}

static void ok_of_code(struct tk_console *c, const struct tk_account *a)
{
    char buf[160];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    add_pair_facts(a, &t);
    tk_command_key(&t, "rest");
    tk_text_add(&t, tk_rest_status_name(a->rest.status));
    tk_console_ok(c, &t);
}

static void step_code(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    enum tk_err err;
    bool spent;

    if (tk_auth_under_way(a, &err, &spent))
        return;
    if (err != TK_OK)
        err_of_code(c, err, spent);
    else if (!tk_rest_verifying(a) || gave_up(c))
        ok_of_code(c, a);
}

static void end_code(struct tk_console *c, enum tk_err why)
{
    tk_auth_withdraw(c->job.account);
    tk_console_err(c, why);
}

void tk_command_auth_code(struct tk_console *c, char *args)
{
    enum tk_err err = tk_auth_code(tk_console_account(c), args);

    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    begin_waiting(c, step_code, TK_CODE_TIME_MS);
    c->job.end = end_code;
}

/* --- auth refresh, auth forget --- */

static void step_refresh(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    char buf[120];
    struct tk_text t;

    if (tk_https_active(&a->refresh.request)) {
        if (gave_up(c))
            tk_console_err(c, TK_E_TIMEOUT);
        return;
    }
    if (a->pair.generation == c->job.number) {
        print_said(c, a);
        tk_console_err(c, a->refresh.error == TK_OK ? TK_E_TRY_LATER : a->refresh.error);
        return;
    }
    tk_text_init(&t, buf, sizeof buf);
    add_pair_facts(a, &t);
    tk_console_ok(c, &t);
}

void tk_command_auth_refresh(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_token_refresh(a);

    (void)args;
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    begin_waiting(c, step_refresh, ANSWER_MS);
    c->job.number = a->pair.generation;
}

void tk_command_auth_forget(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);

    enum tk_err err = tk_token_forget(a);

    (void)args;
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_auth_cancel(a);
    tk_console_ok(c, NULL);
}

/* --- token --- */

static void ok_of_token(struct tk_console *c, const char *token, const struct tk_token_info *info)
{
    char buf[TK_TOKEN_MAX + 100];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_command_key(&t, "access_token");
    tk_text_add(&t, token);
    tk_command_key(&t, "expires_in");
    tk_text_int(&t, info->expires_in);
    tk_command_key(&t, "generation");
    tk_text_int(&t, info->generation);
    if (info->is_short) {
        tk_command_key(&t, "short");
        tk_text_int(&t, 1);
    }
    tk_console_ok(c, &t);
    tk_wipe(buf, sizeof buf);
}

static void step_token(struct tk_console *c)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    bool last = gave_up(c);

    switch ((last ? tk_token_get_last : tk_token_get)(c->keeper, c->job.account->name,
                                                      c->job.number, token, sizeof token, &info)) {
    case TK_TOKEN_VALUE:
        ok_of_token(c, token, &info);
        break;
    case TK_TOKEN_REFUSED:
        tk_console_err(c, info.err);
        break;
    default:
        c->job.waiting = true;
        if (last)
            tk_console_err(c, info.err == TK_OK ? TK_E_TRY_LATER : info.err);
    }
    tk_wipe(token, sizeof token);
}

static bool parse_number(const char *s, uint32_t *out)
{
    uint64_t value;

    if (!tk_parse_u64(s, strlen(s), UINT32_MAX, &value))
        return false;
    *out = (uint32_t)value;
    return true;
}

void tk_command_token(struct tk_console *c, char *args)
{
    static const char key[] = "rejected=";
    uint32_t min_valid_s = TK_MIN_VALID_DEFAULT, rejected = 0;
    bool good = true;

    while (*args != '\0' && good) {
        char *word = tk_command_word(&args);

        if (strncmp(word, key, strlen(key)) == 0)
            good = parse_number(word + strlen(key), &rejected);
        else
            good = parse_number(word, &min_valid_s);
    }
    if (!good) {
        tk_command_err_usage(c);
        return;
    }
    begin_waiting(c, step_token, ANSWER_MS);
    c->job.waiting = false; /* it may be there already */
    c->job.number = min_valid_s;
    if (rejected > 0)
        tk_token_rejected(c->keeper, c->job.account->name, rejected);
}

/* --- escalate test --- */

static void step_test(struct tk_console *c)
{
    enum tk_err err;
    struct tk_text t;
    char buf[32];
    int status;

    if (tk_escalate_testing(c->job.account, &err, &status))
        return;
    if (status > 0)
        tk_console_data_int(c, "http", status);
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_text_init(&t, buf, sizeof buf);
    tk_command_key(&t, "delivered");
    tk_text_add(&t, "yes");
    tk_console_ok(c, &t);
}

void tk_command_escalate_test(struct tk_console *c, char *args)
{
    enum tk_err err = tk_escalate_test(tk_console_account(c));

    (void)args;
    if (err != TK_OK)
        tk_console_err(c, err);
    else
        begin_waiting(c, step_test, ANSWER_MS);
}
