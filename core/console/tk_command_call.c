/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_command.h"

#include "tk_calls.h"
#include "tk_container.h"
#include "tk_params.h"
#include "tk_words.h"

#include <string.h>

#define TIMEOUT_MS 60000
#define PIECE      74 /* bytes of a body= line: 80 columns; 4 times as many as \xHH */

static struct tk_console *console_of(struct tk_call *call)
{
    return TK_CONTAINER_OF(call, struct tk_console, job.u.call);
}

static size_t produce(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    size_t left = call->body_len - offset, n = left < size ? left : size;

    memcpy(out, call->method + strlen(call->method) + 1 + offset, n);
    return n;
}

static size_t on_body(struct tk_call *call, const char *data, size_t len)
{
    struct tk_console *c = console_of(call);
    char piece[PIECE + 1];
    size_t n = len < PIECE ? len : PIECE;

    tk_output_flush(&c->out); /* no event follows for what the port accepts now */
    c->job.paused = !tk_output_has_room(&c->out);
    if (c->job.paused)
        return 0;
    memcpy(piece, data, n);
    piece[n] = '\0';
    tk_console_data(c, "body", piece);
    tk_output_flush(&c->out);
    return n;
}

static void add_number(struct tk_text *t, const char *key, uint64_t number)
{
    if (number == 0)
        return;
    tk_command_key(t, key);
    tk_text_int(t, (int64_t)number);
}

static void done(struct tk_call *call, const struct tk_call_result *result)
{
    struct tk_console *c = console_of(call);
    char buf[TK_PAIRS_SIZE];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    add_number(&t, "status", result->status);
    if (result->err == TK_OK) {
        add_number(&t, "next", result->next);
        add_number(&t, "total", result->total);
        add_number(&t, "last_id", result->last_id);
        add_number(&t, "operating_ms", result->operating_ms);
        tk_console_ok(c, &t);
        return;
    }
    add_number(&t, "retry_in", result->retry_in_s);
    if (result->error[0] != '\0')
        tk_command_pair(&t, "error", result->error);
    if (t.len > 0)
        tk_text_char(&t, ' ');
    tk_words_add(&t, result->err);
    tk_console_err_text(c, result->err, buf);
}

static void step(struct tk_console *c)
{
    if (c->job.paused)
        tk_calls_resume(&c->job.u.call);
    c->job.paused = false;
}

static void cancel(struct tk_console *c, enum tk_err why)
{
    struct tk_call *call = &c->job.u.call;
    bool is_unknown = tk_call_was_sent(call) && !tk_call_only_reads(call);

    tk_calls_cancel(call);
    tk_console_err(c, is_unknown ? TK_E_UNKNOWN_OUTCOME : why);
}

/* Writes the method, a NUL and the body to the end of the line's buffer, where they stay until the
 * command has answered. */
static bool keep(struct tk_console *c, const char *method, char *args)
{
    char *from = c->line.typed + c->line.len + 1;
    struct tk_text t;

    tk_text_init(&t, from, sizeof c->line.typed - c->line.len - 1);
    tk_text_add(&t, method);
    tk_text_char(&t, ' ');
    size_t body = t.len;

    if (*args == '{')
        tk_text_add(&t, args);
    else if (!tk_params_json(&t, args))
        return false;
    c->job.u.call.body_len = (uint32_t)(t.len - body);
    from[body - 1] = '\0';
    c->job.u.call.method = tk_line_keep(&c->line, from, t.len + 1);
    return tk_text_ok(&t);
}

void tk_command_call(struct tk_console *c, char *args)
{
    struct tk_call *call = &c->job.u.call;
    char *method = tk_command_word(&args);

    tk_console_continue(c, step);
    c->job.waiting = true;
    c->job.preemptible = true;
    c->job.deadline_ms = UINT64_MAX;
    c->job.cancel = cancel;
    call->ref = c->job.account->name;
    call->timeout_ms = TIMEOUT_MS;
    call->produce = produce;
    call->on_body = on_body;
    call->done = done;
    enum tk_err err = keep(c, method, args) ? tk_calls_start(c->env->calls, call) : TK_E_BAD_VALUE;

    if (err != TK_OK)
        tk_console_err(c, err);
}
