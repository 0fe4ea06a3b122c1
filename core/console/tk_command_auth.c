/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_auth.h"
#include "tk_portal.h"
#include "tk_refresh.h"
#include "tk_rest_verify.h"
#include "tk_state.h"
#include "tk_token.h"
#include "tk_words.h"

#include <string.h>

#define CONNECT_MS 8000 /* auth begin waits that long for the connection */

/* state=ready generation=3 expires_in=3600 */
static void add_pair(const struct tk_account *a, struct tk_text *t)
{
    uint32_t left = 0;

    tk_text_print(t, "state=%s generation=%u", tk_state_name(tk_account_state(a)),
                  (unsigned)a->pair.generation);
    if (tk_account_seconds_left(a, tk_runtime_now(a->rt), &left))
        tk_text_print(t, " expires_in=%u", (unsigned)left);
}

/* --- auth begin --- */

static void print_hint(struct tk_console *c, unsigned string)
{
    char buf[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_words_add(&t, string);
    tk_output_line(&c->out, buf);
}

/* For an operator alone on its line, between what to do with it and what comes then. */
static void print_link(struct tk_console *c)
{
    unsigned hint = tk_words_of(TK_WORDS_HINTS, TK_HINT_OPEN_LINK);
    char url[TK_HOST_TEXT + 3 * TK_CLIENT_ID_MAX + 160];
    struct tk_text t;

    tk_text_init(&t, url, sizeof url);
    tk_auth_url(c->job.account, &t);
    if (tk_console_is_program(c)) {
        tk_console_data(c, "url", url);
        tk_console_data(c, "state", tk_auth_state(c->job.account));
        return;
    }
    print_hint(c, hint);
    tk_output_line(&c->out, url);
    while (hint < tk_words_of(TK_WORDS_HINTS, TK_HINT_LINK_CUT))
        print_hint(c, ++hint);
}

/* The link is good whether or not the connection is: OK either way. */
static void answer_begin(struct tk_console *c, enum tk_err why)
{
    enum tk_err err;
    bool is_warm = tk_auth_is_connected(c->job.account);
    bool has_failed = !tk_auth_is_connecting(c->job.account, &err) && !is_warm && err != TK_OK;

    (void)why;
    if (tk_console_is_program(c))
        tk_console_data(c, "warm", is_warm ? "yes" : "no");
    else if (has_failed)
        print_hint(c, err);
    tk_console_ok(c, NULL);
}

static void step_begin(struct tk_console *c)
{
    enum tk_err err;

    if (!c->job.waiting) {
        print_link(c);
        c->job.waiting = true;
    } else if (tk_auth_is_connected(c->job.account) ||
               !tk_auth_is_connecting(c->job.account, &err) || tk_command_is_late(c)) {
        answer_begin(c, TK_OK);
    }
}

void tk_command_auth_begin(struct tk_console *c, char *args)
{
    bool other_user = strcmp(args, "other_user") == 0;
    enum tk_err err;

    if (*args != '\0' && !other_user) {
        tk_console_err_usage(c);
        return;
    }
    err = tk_auth_begin(tk_console_account(c), other_user);
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_wait(c, step_begin, CONNECT_MS);
    c->job.waiting = false; /* until the link is printed */
    c->job.preemptible = true;
    c->job.cancel = answer_begin;
}

/* --- auth code --- */

/* What the server said, or how its answer looked: as in `status --all`. */
static void print_server_error(struct tk_console *c, const struct tk_account *a)
{
    if (a->server_error[0] != '\0')
        tk_console_data(c, "said", a->server_error);
    if (a->detail[0] != '\0')
        tk_console_data(c, a->is_answer ? "answer" : "description", a->detail);
}

/* ERR other_user was=67 now=992 ... */
static void fail_other_user(struct tk_console *c)
{
    char text[TK_DETAIL_MAX + TK_WORDS_MAX + 2];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_text_print(&t, "%s ", c->job.account->detail);
    tk_words_add(&t, TK_E_OTHER_USER);
    tk_console_err_text(c, TK_E_OTHER_USER, text);
}

/* spent: the code was sent and cannot be used again, which the hint of most errors does not say. */
static void fail_code(struct tk_console *c, enum tk_err err, bool spent)
{
    char text[TK_WORDS_MAX + 64], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    if (err == TK_E_CODE_EXPIRED)
        tk_console_data(c, "cause", tk_words_code(tk_auth_send_error(c->job.account), code));
    if (err == TK_E_OTHER_USER) {
        tk_command_report(c, TK_SECURITY_OTHER_USER, c->job.account, NULL);
        fail_other_user(c);
        return;
    }
    if (spent)
        print_server_error(c, c->job.account);
    if (!spent || tk_err_action(err) == TK_ACTION_NONE) {
        tk_console_err(c, err);
        return;
    }
    tk_text_init(&t, text, sizeof text);
    tk_words_add(&t, err);
    tk_words_add(&t, tk_words_of(TK_WORDS_HINTS, TK_HINT_CODE_SPENT));
    tk_console_err_text(c, err, text);
}

static void answer_code(struct tk_console *c, const struct tk_account *a)
{
    enum tk_rest_status rest = tk_rest_verify_status(a);
    char buf[160], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    add_pair(a, &t);
    tk_text_print(&t, " rest=%s", tk_rest_status_name(rest));
    if (rest > TK_REST_OK)
        tk_text_print(&t, " rest_error=%s", tk_words_code(tk_rest_verify_error(a), code));
    tk_command_report(c, tk_auth_is_rebound(a) ? TK_SECURITY_REBOUND : TK_SECURITY_AUTHORIZED, a,
                      NULL);
    tk_console_ok(c, &t);
}

static void step_code(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    enum tk_err err;
    bool spent;

    if (tk_auth_is_exchanging(a, &err, &spent))
        return;
    if (err != TK_OK)
        fail_code(c, err, spent);
    else if (!tk_rest_verifying(a) || tk_command_is_late(c))
        answer_code(c, a);
}

static void cancel_code(struct tk_console *c, enum tk_err why)
{
    tk_auth_cancel_unsent(c->job.account);
    tk_console_err(c, why);
}

/* Takes what was copied along with an address or a code out of it: what is not ASCII, spaces,
 * quotes and brackets, the punctuation behind it, and the `amp;` of HTML. */
static void clean(char *pasted)
{
    char *to = pasted;

    for (const char *s = pasted; *s != '\0'; s++) {
        if ((*s & 0x80) != 0 || strchr(" \"'`<>", *s) != NULL)
            continue;
        *to++ = *s;
        if (strncmp(s, "&amp;", 5) == 0)
            s += 4;
    }
    while (to > pasted && strchr(",.;)", to[-1]) != NULL)
        to--;
    *to = '\0';
}

/* The portal reports an error in the redirect (RFC 6749 4.1.2.1). */
static void fail_no_code(struct tk_console *c, const char *pasted)
{
    char said[TK_SERVER_ERROR_MAX + 1];
    enum tk_hint hint = TK_HINT_NO_ANSWER;

    if (tk_query_value(pasted, "error", said, sizeof said)) {
        tk_console_data(c, "said", said);
        hint = TK_HINT_REFUSED;
    } else if (strstr(pasted, "/oauth/authorize") != NULL) {
        hint = TK_HINT_LINK;
    } else if (strchr(pasted, '/') == NULL) {
        tk_console_err(c, TK_E_NO_CODE);
        return;
    }
    tk_console_err_string(c, TK_E_NO_CODE, tk_words_of(TK_WORDS_HINTS, hint));
}

void tk_command_auth_code(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err;

    clean(args);
    err = tk_auth_code(a, args);
    if (err == TK_E_WRONG_STATE)
        tk_command_report(c, TK_SECURITY_WRONG_STATE, a, NULL);
    if (err == TK_E_NO_CODE) {
        fail_no_code(c, args);
        return;
    }
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_wait(c, step_code, TK_CODE_TIME_MS);
    c->job.cancel = cancel_code;
}

/* --- auth refresh, auth forget --- */

static void step_refresh(struct tk_console *c)
{
    struct tk_account *a = c->job.account;
    struct tk_token_health health;
    char buf[120];
    struct tk_text t;

    if (tk_account_refreshing(a)) {
        if (tk_command_is_late(c))
            tk_console_err(c, TK_E_TIMEOUT);
        return;
    }
    if (a->pair.generation == c->job.u.refresh.generation) {
        print_server_error(c, a);
        tk_token_health(a, &health);
        tk_console_err(c, health.error == TK_OK ? TK_E_TRY_LATER : health.error);
        return;
    }
    tk_text_init(&t, buf, sizeof buf);
    add_pair(a, &t);
    tk_console_ok(c, &t);
}

void tk_command_auth_refresh(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_refresh_start(a);

    (void)args;
    if (err == TK_E_TOO_SOON) {
        tk_console_err_retry(c, TK_E_TOO_SOON, tk_seconds_until(tk_token_wait_ms(a) + 999, 0));
        return;
    }
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_wait(c, step_refresh, TK_COMMAND_WAIT_MS);
    c->job.u.refresh.generation = a->pair.generation;
}

void tk_command_auth_forget(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_auth_forget(a);
    char buf[24];
    struct tk_text t;

    (void)args;
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_command_report(c, TK_SECURITY_FORGOTTEN, a, NULL);
    tk_text_init(&t, buf, sizeof buf);
    tk_command_scrub(c, &t);
    tk_console_ok(c, &t);
}

/* --- portal accept --- */

void tk_command_portal_accept(struct tk_console *c, char *args)
{
    struct tk_account *a = tk_console_account(c);
    enum tk_err err = tk_portal_accept(a);
    char host[TK_HOST_TEXT];
    struct tk_text t;

    (void)args;
    if (err != TK_OK) {
        tk_console_err(c, err);
        return;
    }
    tk_rest_verify(a);
    tk_command_report(c, TK_SECURITY_PORTAL_ACCEPTED, a, NULL);
    tk_text_init(&t, host, sizeof host);
    tk_text_host(&t, &a->client.portal);
    tk_command_ok(c, "portal", host);
}
