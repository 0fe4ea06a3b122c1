/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console.h"

#include "tk_assert.h"
#include "tk_console_io.h"
#include "tk_container.h"
#include "tk_words.h"

#include <string.h>

#define QUESTION_MS 60000
#define UNLOCKED_MS 300000

static enum tk_line_hides hides(const struct tk_line *l)
{
    const struct tk_console *c = TK_CONTAINER_OF(l, struct tk_console, line);

    return tk_dispatch_hides(c->env->table, l->typed);
}

void tk_console_init(struct tk_console *c, const struct tk_console_env *env, unsigned number)
{
    TK_ASSERT(number < TK_CONSOLES && env->table != NULL);
    *c = (struct tk_console){.env = env};
    tk_output_init(&c->out, env->rt->config->port, number);
    tk_line_init(&c->line, hides);
}

bool tk_console_is_program(const struct tk_console *c)
{
    return c->prefix[0] != '\0';
}

void tk_console_emit(struct tk_console *c, const char *line)
{
    if (c->attached)
        tk_output_async(&c->out, line);
}

/* --- a command in progress --- */

struct tk_account *tk_console_account(struct tk_console *c)
{
    struct tk_account *selected = &c->env->accounts->of[c->ref];

    if (c->job.account != NULL)
        return c->job.account;
    return selected->used ? selected : tk_accounts_find(c->env->accounts, NULL);
}

bool tk_console_is_busy(const struct tk_console *c)
{
    return c->job.step != NULL || c->job.on_value != NULL;
}

/* With what was typed while a command was in progress. */
void tk_console_prompt(struct tk_console *c)
{
    if (tk_console_is_busy(c))
        return;
    tk_output_prompt(&c->out);
    c->line.is_quiet = false;
    c->line.is_stale = tk_line_is_shown(&c->line);
}

/* The command keeps its account until it answers. */
static void pin_account(struct tk_console *c)
{
    if (c->job.account != NULL)
        return;
    c->job.account = tk_console_account(c);
    c->job.account->pins++;
}

void tk_console_end_job(struct tk_console *c)
{
    if (c->job.account != NULL) {
        TK_ASSERT(c->job.account->pins > 0);
        c->job.account->pins--;
    }
    memset(&c->job, 0, sizeof c->job);
    c->line.no_echo = false;
    c->line.kept = 0;
}

void tk_console_continue(struct tk_console *c, tk_console_step step)
{
    TK_ASSERT(c->answer_due && step != NULL && c->job.on_value == NULL);
    pin_account(c);
    c->job.step = step;
}

void tk_console_ask(struct tk_console *c, const char *question,
                    void (*on_value)(struct tk_console *c, char *value))
{
    TK_ASSERT(c->answer_due && on_value != NULL && c->job.step == NULL);
    pin_account(c);
    c->job.on_value = on_value;
    c->job.deadline_ms = tk_runtime_now(c->env->rt) + QUESTION_MS;
    c->line.no_echo = true;
    tk_output_new_line(&c->out);
    tk_output_text(&c->out, question);
    tk_output_text(&c->out, ": ");
}

void tk_console_cancel(struct tk_console *c, enum tk_err why)
{
    if (c->job.cancel != NULL)
        c->job.cancel(c, why);
    else if (tk_console_is_busy(c))
        tk_console_err(c, why);
}

void tk_console_answered(struct tk_console *c)
{
    TK_ASSERT(c->answer_due);
    tk_output_text(&c->out, "\r\n");
    c->answer_due = false;
    tk_console_end_job(c);
    if (!tk_console_is_program(c))
        tk_console_prompt(c);
}

/* --- answers --- */

static void begin_answer_line(struct tk_console *c)
{
    TK_ASSERT(c->answer_due);
    tk_output_new_line(&c->out);
    tk_output_text(&c->out, c->prefix);
}

void tk_console_visible(struct tk_console *c, const char *value)
{
    char one[2] = "", buf[sizeof "\\xHH"];
    struct tk_text t;

    for (; *value != '\0'; value++) {
        one[0] = *value;
        tk_text_init(&t, buf, sizeof buf);
        tk_text_visible(&t, one);
        tk_output_put(&c->out, buf, t.len);
    }
}

void tk_console_data(struct tk_console *c, const char *key, const char *value)
{
    begin_answer_line(c);
    tk_output_text(&c->out, key);
    tk_output_text(&c->out, "=");
    tk_console_visible(c, value);
    tk_output_text(&c->out, "\r\n");
}

void tk_console_data_int(struct tk_console *c, const char *key, int64_t value)
{
    char digits[24];
    struct tk_text t;

    tk_text_init(&t, digits, sizeof digits);
    tk_text_int(&t, value);
    tk_console_data(c, key, digits);
}

void tk_console_ok(struct tk_console *c, const struct tk_text *pairs)
{
    begin_answer_line(c);
    tk_output_text(&c->out, "OK");
    if (pairs != NULL && pairs->len > 0) {
        tk_output_text(&c->out, " ");
        tk_output_put(&c->out, pairs->buf, pairs->len);
    }
    tk_console_answered(c);
}

void tk_console_put_err_text(struct tk_console *c, const char *prefix, enum tk_err err,
                             const char *text)
{
    char code[TK_ERR_CODE_MAX + 1];

    tk_output_new_line(&c->out);
    tk_output_text(&c->out, prefix);
    tk_output_text(&c->out, "ERR ");
    tk_output_text(&c->out, tk_words_code(err, code));
    tk_output_text(&c->out, " ");
    tk_output_text(&c->out, text);
}

void tk_console_put_err(struct tk_console *c, const char *prefix, enum tk_err err, unsigned string)
{
    char text[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_words_add(&t, string);
    tk_console_put_err_text(c, prefix, err, text);
}

void tk_console_err_string(struct tk_console *c, enum tk_err err, unsigned string)
{
    tk_console_put_err(c, c->prefix, err, string);
    tk_console_answered(c);
}

void tk_console_err(struct tk_console *c, enum tk_err err)
{
    tk_console_err_string(c, err, err);
}

void tk_console_err_text(struct tk_console *c, enum tk_err err, const char *text)
{
    tk_console_put_err_text(c, c->prefix, err, text);
    tk_console_answered(c);
}

void tk_console_err_retry(struct tk_console *c, enum tk_err err, uint32_t wait_s)
{
    char text[TK_WORDS_MAX + 24];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_text_print(&t, "retry_in=%u ", (unsigned)wait_s);
    tk_words_add(&t, err);
    tk_console_err_text(c, err, text);
}

void tk_console_err_usage(struct tk_console *c)
{
    const char *usage = tk_command_usage(c->command);
    char text[160];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_text_print(&t, "%s%s%s", c->command->name, usage[0] == '\0' ? "" : " ", usage);
    tk_console_err_text(c, TK_E_USAGE, text);
}

void tk_console_err_unknown(struct tk_console *c, const char *words)
{
    const struct tk_command *command = c->env->table->commands;
    uint16_t last = c->line.last;

    c->line.last = 0; /* what is no command at all may be a secret: it cannot be brought back */
    tk_console_put_err(c, c->prefix, TK_E_UNKNOWN_COMMAND, TK_E_UNKNOWN_COMMAND);
    for (size_t i = 0; i < c->env->table->count; i++, command++) {
        if (!tk_dispatch_is_near(words, command->name))
            continue;
        c->line.last = last;
        tk_output_text(&c->out, ", or ");
        tk_output_text(&c->out, command->name);
    }
    tk_console_answered(c);
}

void tk_console_unanswered(struct tk_console *c)
{
    TK_ASSERT(c->answer_due);
    c->answer_due = false;
    if (c->pem < TK_PEM_INSIDE)
        tk_console_prompt(c);
}

void tk_console_end_pem(struct tk_console *c)
{
    c->pem = TK_PEM_OFF;
    c->line.no_echo = false;
}

/* --- console_pin --- */

bool tk_console_is_locked(const struct tk_console *c)
{
    const struct tk_config *config = c->env->rt->config;
    bool is_trusted = config->is_trusted != NULL && config->is_trusted(config->ctx, c->out.number);

    return !is_trusted && tk_runtime_now(c->env->rt) >= c->unlocked_until_ms &&
           tk_pin_is_set(c->env->pin, c->env->rt);
}

bool tk_console_unlock(struct tk_console *c, const char *pin)
{
    struct tk_runtime *rt = c->env->rt;
    uint32_t wait_s;
    enum tk_err err = tk_pin_check(c->env->pin, rt, pin, &wait_s);

    if (err == TK_OK) {
        c->unlocked_until_ms = tk_runtime_now(rt) + UNLOCKED_MS;
        return true;
    }
    if (err == TK_E_WRONG_PIN)
        tk_runtime_security(rt, TK_SECURITY_WRONG_PIN, TK_NO_ACCOUNT, NULL, NULL);
    tk_console_err_retry(c, err, wait_s);
    return false;
}
