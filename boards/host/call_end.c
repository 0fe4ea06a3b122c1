/* SPDX-License-Identifier: Apache-2.0 */
#include "call_end.h"

#include "host.h"
#include "reply.h"

#include <stdio.h>

/* The exit status of a client whose call ended so. */
static int exit_of(const struct tk_call_result *r, bool reads)
{
    enum tk_action action = tk_err_action(r->err);

    if (r->outcome == TK_CALL_DONE)
        return TK_EXIT_REFUSED;
    if (r->outcome == TK_CALL_UNKNOWN)
        return reads ? TK_EXIT_RETRY : TK_EXIT_UNKNOWN;
    if (r->err == TK_E_NO_SUCH_REF)
        return TK_EXIT_NO_REF;
    if (r->err == TK_E_BAD_BODY || r->err == TK_E_BAD_VALUE)
        return TK_EXIT_USAGE;
    if (r->err == TK_E_NO_MEMORY)
        return TK_EXIT_INTERNAL;
    return action == TK_ACTION_BLOCK || action == TK_ACTION_REAUTH || r->err == TK_E_NO_CLIENT ||
                   r->err == TK_E_NEEDS_CODE || r->err == TK_E_REST_INSECURE
               ? TK_EXIT_OPERATOR
               : TK_EXIT_RETRY;
}

static const char *outcome_name(enum tk_call_outcome outcome)
{
    static const char *const names[] = {
        [TK_CALL_NOT_SENT] = "not_sent", [TK_CALL_UNKNOWN] = "unknown", [TK_CALL_DONE] = "done"};

    return names[outcome];
}

static void add_id(struct tk_text *t, uint64_t id)
{
    tk_reply_name(t, "last_id");
    tk_text_char(t, '"');
    tk_text_int(t, (int64_t)id);
    tk_text_char(t, '"');
}

/* Seconds with three digits behind the point. */
static void add_operating(struct tk_text *t, uint32_t ms)
{
    char digits[8];

    (void)snprintf(digits, sizeof digits, ".%03u", (unsigned)(ms % 1000));
    tk_reply_number(t, "operating", ms / 1000);
    tk_text_add(t, digits);
}

static void add_result(struct tk_text *t, const struct tk_call_result *r)
{
    tk_reply_string(t, "outcome", outcome_name(r->outcome));
    tk_reply_number(t, "status", r->status);
    if (r->has_next)
        tk_reply_number(t, "next", r->next);
    if (r->total > 0)
        tk_reply_number(t, "total", r->total);
    if (r->last_id > 0)
        add_id(t, r->last_id);
    if (r->operating_ms > 0)
        add_operating(t, r->operating_ms);
}

static void begin_error_of(struct tk_text *t, const struct tk_call_result *r, int status)
{
    char words[TK_WORDS_MAX + 1];
    struct tk_text w;
    bool is_portals = r->outcome == TK_CALL_DONE && r->error[0] != '\0';

    tk_text_init(&w, words, sizeof words);
    tk_words_add(&w, r->err);
    tk_reply_begin_error(t, is_portals ? r->error : tk_err_code(r->err), words, status);
    if (r->retry_in_s > 0)
        tk_reply_number(t, "retry_in", r->retry_in_s);
}

static void begin_refusal(struct tk_text *t, uint32_t command)
{
    tk_reply_begin_error(t, "not_allowed", TK_CALL_NOT_ALLOWED, TK_EXIT_OPERATOR);
    tk_reply_number(t, "command", command);
}

void tk_call_end_queue(struct tk_call_queue *q, const struct tk_call_result *r, bool reads,
                       uint32_t refused)
{
    char buf[TK_CALL_END_MAX];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    if (r->err == TK_OK)
        tk_text_add(&t, "{\"ok\":true");
    else if (refused > 0)
        begin_refusal(&t, refused);
    else
        begin_error_of(&t, r, exit_of(r, reads));
    add_result(&t, r);
    tk_text_add(&t, "}\n");
    tk_call_queue_piece(q, "", 0);
    for (size_t at = 0; at < t.len; at += TK_PIECE_MAX)
        tk_call_queue_piece(q, buf + at, t.len - at < TK_PIECE_MAX ? t.len - at : TK_PIECE_MAX);
    tk_call_queue_piece(q, "", 0);
}
