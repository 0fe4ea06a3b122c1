/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_out.h"

#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_keeper.h"
#include "tk_words.h"

#include <string.h>

#define PROMPT   "tk> "
#define DRAIN_MS 2000

/* --- bytes and lines --- */

size_t tk_console_room(const struct tk_console *c)
{
    return sizeof c->out - c->out_len;
}

void tk_console_put(struct tk_console *c, const char *s, size_t len)
{
    if (len == 0 || len > tk_console_room(c))
        return;
    c->lines += s[len - 1] == '\n';
    memcpy(c->out + c->out_len, s, len);
    c->out_len += len;
    c->at_column_0 = s[len - 1] == '\n';
    c->prompted = false;
}

void tk_console_put_text(struct tk_console *c, const char *s)
{
    tk_console_put(c, s, strlen(s));
}

int tk_console_flush(struct tk_console *c)
{
    struct tk_port *port = c->keeper->config->port;

    while (c->out_len > 0) {
        int n = tk_console_write(port, c->line, c->out, c->out_len);

        if (n <= 0)
            return n;
        c->out_len -= (size_t)n;
        memmove(c->out, c->out + n, c->out_len);
    }
    return 0;
}

void tk_console_new_line(struct tk_console *c)
{
    if (!c->at_column_0)
        tk_console_put_text(c, "\r\n");
}

void tk_console_prompt(struct tk_console *c)
{
    if (c->prompted || c->job.step != NULL || c->asking != NULL)
        return;
    tk_console_new_line(c);
    tk_console_put_text(c, PROMPT);
    c->prompted = true;
}

void tk_console_put_line(struct tk_console *c, const char *s)
{
    tk_console_new_line(c);
    tk_console_put_text(c, s);
    tk_console_put_text(c, "\r\n");
}

void tk_console_drain(struct tk_console *c)
{
    struct tk_port *port = c->keeper->config->port;
    uint64_t deadline_ms = tk_clock_now_ms(port) + DRAIN_MS;

    tk_console_flush(c);
    while (c->out_len > 0 && tk_clock_now_ms(port) < deadline_ms) {
        tk_device_feed_watchdog(port);
        tk_wait(port, deadline_ms);
        tk_console_flush(c);
    }
}

bool tk_console_is_drained(const struct tk_console *c)
{
    return !c->attached || c->out_len == 0;
}

/* --- lines that come by themselves --- */

void tk_console_tell(struct tk_console *c, const char *line)
{
    size_t size = strlen(line) + 1;

    if (!c->attached)
        return;
    if (size > sizeof c->async - c->async_len) {
        c->async_lost++;
        return;
    }
    memcpy(c->async + c->async_len, line, size);
    c->async_len += size;
}

static void put_lost(struct tk_console *c)
{
    char buf[40];
    struct tk_text t;

    if (c->async_lost == 0)
        return;
    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "LOG lines_lost=");
    tk_text_int(&t, c->async_lost);
    tk_console_put_line(c, buf);
    c->async_lost = 0;
}

void tk_console_put_async(struct tk_console *c)
{
    bool again = c->prompted;

    if (c->job.step != NULL || c->asking != NULL || c->async_len == 0)
        return;
    tk_console_flush(c); /* nothing wakes a line that could go out now */
    while (c->async_len > 0 && tk_console_room(c) > TK_ANSWER_MAX) {
        size_t size = strlen(c->async) + 1;

        tk_console_put_line(c, c->async);
        c->async_len -= size;
        memmove(c->async, c->async + size, c->async_len);
        if (c->async_len == 0)
            put_lost(c);
        tk_console_flush(c);
    }
    if (again)
        tk_console_prompt(c);
}

/* --- an answer --- */

static void begin_answer_line(struct tk_console *c)
{
    tk_console_new_line(c);
    tk_console_put_text(c, c->prefix);
}

void tk_console_data(struct tk_console *c, const char *key, const char *value)
{
    char one[2] = "", buf[sizeof "\\xHH"];
    struct tk_text t;

    begin_answer_line(c);
    tk_console_put_text(c, key);
    tk_console_put_text(c, "=");
    for (; *value != '\0'; value++) {
        one[0] = *value;
        tk_text_init(&t, buf, sizeof buf);
        tk_text_visible(&t, one);
        tk_console_put(c, buf, t.len);
    }
    tk_console_put_text(c, "\r\n");
}

void tk_console_data_int(struct tk_console *c, const char *key, int64_t value)
{
    char digits[24];
    struct tk_text t;

    tk_text_init(&t, digits, sizeof digits);
    tk_text_int(&t, value);
    tk_console_data(c, key, digits);
}

static void end_answer(struct tk_console *c)
{
    tk_console_put_text(c, "\r\n");
    c->job = (struct tk_job){.step = NULL};
    if (!tk_console_is_program(c))
        tk_console_prompt(c);
}

void tk_console_ok(struct tk_console *c, const struct tk_text *pairs)
{
    begin_answer_line(c);
    tk_console_put_text(c, "OK");
    if (pairs != NULL && pairs->len > 0) {
        tk_console_put_text(c, " ");
        tk_console_put(c, pairs->buf, pairs->len);
    }
    end_answer(c);
}

static void begin_err(struct tk_console *c, const char *prefix, enum tk_err err)
{
    tk_console_new_line(c);
    tk_console_put_text(c, prefix);
    tk_console_put_text(c, "ERR ");
    tk_console_put_text(c, tk_err_code(err));
    tk_console_put_text(c, " ");
}

void tk_console_put_err(struct tk_console *c, const char *prefix, enum tk_err err,
                        unsigned sentence)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, words, sizeof words);
    tk_words_add(&t, sentence);
    begin_err(c, prefix, err);
    tk_console_put(c, t.buf, t.len);
}

void tk_console_err_sentence(struct tk_console *c, enum tk_err err, unsigned sentence)
{
    tk_console_put_err(c, c->prefix, err, sentence);
    end_answer(c);
}

void tk_console_err(struct tk_console *c, enum tk_err err)
{
    tk_console_err_sentence(c, err, err);
}

void tk_console_err_words(struct tk_console *c, enum tk_err err, const char *words)
{
    begin_err(c, c->prefix, err);
    tk_console_put_text(c, words);
    end_answer(c);
}
