/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_action.h"

#include "tk_command.h"
#include "tk_device.h"
#include "tk_rest_verify.h"
#include "tk_state.h"
#include "tk_version.h"
#include "tk_words.h"

static bool is_clock_unknown(const struct tk_account *a)
{
    int64_t now;

    return !tk_time_can_verify(&a->rt->time, &now);
}

/* What else is wrong while the token is renewed. */
static enum tk_err of_surroundings(const struct tk_console *c, const struct tk_account *a)
{
    const struct tk_token_task *task = &tk_alerts_of(c->env->alerts, a)->task;

    if (is_clock_unknown(a))
        return TK_E_CLOCK_UNKNOWN;
    if (tk_rest_verify_status(a) > TK_REST_OK)
        return tk_rest_verify_error(a);
    if (task->taken)
        return TK_E_COREZOID_TAKEN;
    if (task->err != TK_OK)
        return (enum tk_err)task->err;
    if (tk_webhook_ready(&c->env->alerts->webhook) == TK_E_COREZOID_PARTLY)
        return TK_E_COREZOID_PARTLY;
    return tk_time_behind(&a->rt->time) > 0 ? TK_E_CLOCK_BEHIND : TK_OK;
}

/* The reason of the state, where that is an error. */
static enum tk_err action_of(const struct tk_console *c, const struct tk_account *a)
{
    const struct tk_alert_record *record = &tk_alerts_of(c->env->alerts, a)->record;
    enum tk_err err = record->level > 0 ? (enum tk_err)record->cause : a->last_error;
    char code[TK_ERR_CODE_MAX + 1];
    enum tk_err reason = tk_words_err(tk_account_reason(a, code));
    bool needs_code = tk_account_state(a) == TK_NEEDS_CODE;

    if (needs_code && is_clock_unknown(a)) /* a code could not be exchanged */
        return TK_E_CLOCK_UNKNOWN;
    if (reason != TK_OK)
        return reason;
    if (needs_code)
        return tk_err_action(err) == TK_ACTION_REAUTH ? err : TK_E_NEEDS_CODE;
    return err != TK_OK ? err : of_surroundings(c, a);
}

void tk_action_add(struct tk_console *c, struct tk_text *t)
{
    const struct tk_account *a = tk_console_account(c);
    enum tk_hint missing = a->client.portal.name[0] == '\0' ? TK_HINT_SET_PORTAL
                           : a->client.client_id[0] == '\0' ? TK_HINT_SET_CLIENT_ID
                                                            : TK_HINT_SET_SECRET;

    if (tk_account_state(a) == TK_NO_CLIENT)
        tk_words_add(t, tk_words_of(TK_WORDS_HINTS, missing));
    else
        tk_words_add(t, action_of(c, a));
}

void tk_action_add_meaning(struct tk_console *c, struct tk_text *t)
{
    enum tk_state state = tk_account_state(tk_console_account(c));

    tk_words_add(t, tk_words_of(TK_WORDS_HINTS, TK_HINT_NO_CLIENT + (unsigned)state));
}

void tk_action_greet(struct tk_console *c)
{
    const struct tk_config *config = c->env->rt->config;
    char buf[TK_WORDS_MAX + 80];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "tokenkeeper " TK_VERSION " on %s, device %s", config->board,
                  tk_device_id(config->port));
    tk_output_line(&c->out, buf);
    tk_text_init(&t, buf, sizeof buf);
    tk_action_add_meaning(c, &t);
    tk_text_add(&t, ". Next: ");
    size_t len = t.len;

    tk_action_add(c, &t);
    if (t.len == len)
        tk_text_add(&t, "status");
    tk_text_add(&t, " (help lists the commands)");
    tk_command_wrapped(c, buf);
}
