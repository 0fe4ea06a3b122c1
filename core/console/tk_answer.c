/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_answer.h"

#include "tk_assert.h"
#include "tk_words.h"

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

static void put_err(struct tk_console *c, const char *prefix, enum tk_err err, const char *text)
{
    char code[TK_ERR_CODE_MAX + 1];

    tk_output_new_line(&c->out);
    tk_output_text(&c->out, prefix);
    tk_output_text(&c->out, "ERR ");
    tk_output_text(&c->out, tk_words_code(err, code));
    tk_output_text(&c->out, " ");
    tk_output_text(&c->out, text);
}

void tk_answer_err(struct tk_console *c, const char *prefix, enum tk_err err, unsigned string)
{
    char text[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, text, sizeof text);
    tk_words_add(&t, string);
    put_err(c, prefix, err, text);
}

void tk_console_err_string(struct tk_console *c, enum tk_err err, unsigned string)
{
    tk_answer_err(c, c->prefix, err, string);
    tk_console_answered(c);
}

void tk_console_err(struct tk_console *c, enum tk_err err)
{
    tk_console_err_string(c, err, err);
}

void tk_console_err_text(struct tk_console *c, enum tk_err err, const char *text)
{
    put_err(c, c->prefix, err, text);
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

    tk_answer_err(c, c->prefix, TK_E_UNKNOWN_COMMAND, TK_E_UNKNOWN_COMMAND);
    for (size_t i = 0; i < c->env->table->count; i++, command++) {
        if (!tk_dispatch_is_near(words, command->name))
            continue;
        tk_output_text(&c->out, ", or ");
        tk_output_text(&c->out, command->name);
    }
    tk_console_answered(c);
}
