/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_call_answer.h"

#include "tk_account_response.h"
#include "tk_container.h"

#include <string.h>

#define TRIES_MAX 3

/* After what tk_oauth_read_rest_response reads. */
enum { NEXT = TK_REST_FIELDS, TOTAL, TIME, OPERATING, RESET_AT, FIELDS };

static const struct tk_json_field fields[FIELDS] = {
    TK_REST_FIELD_LIST, {"next", 10},       {"total", 10},
    {"time", 0},        {".operating", 20}, {".operating_reset_at", 12}};

void tk_call_begin_fields(struct tk_call *call)
{
    call->fields = (struct tk_json_fields){.of = fields,
                                           .count = FIELDS,
                                           .row_id = call->id_key == NULL ? "id" : call->id_key,
                                           .rows = TK_FIELD_RESULT};
}

bool tk_call_may_repeat(const struct tk_call *call)
{
    return tk_call_only_reads(call) || tk_method_is_v3(call->method);
}

enum tk_call_verdict tk_call_judge(const struct tk_call *call, enum tk_err err, int status,
                                   const char *code)
{
    bool is_transient = tk_err_action(err) == TK_ACTION_RETRY || err == TK_E_TRUNCATED;

    if (err == TK_E_TOKEN_REFUSED)
        return call->is_refused ? TK_CALL_FINAL : TK_CALL_BEFORE;
    if (!is_transient)
        return TK_CALL_FINAL;
    if (err == TK_E_SERVER_BUSY && (status == 429 || *code != '\0'))
        return TK_CALL_LIMIT;
    if (!call->request.sent || status == 401 || status == 429)
        return TK_CALL_BEFORE;
    return status / 100 == 3 || (status / 100 == 4 && status != 408) ? TK_CALL_FINAL
                                                                     : TK_CALL_AMBIGUOUS;
}

bool tk_call_repeats(const struct tk_call *call, enum tk_call_verdict verdict)
{
    if (verdict == TK_CALL_FINAL || (verdict == TK_CALL_AMBIGUOUS && !tk_call_may_repeat(call)))
        return false;
    return verdict == TK_CALL_LIMIT || call->tries < TRIES_MAX;
}

/* The error code so far; NULL: it is not certain yet. */
static const char *code_so_far(const struct tk_json_pick *p)
{
    uint32_t len;
    unsigned first;
    const char *code;

    if (!tk_json_pick_first(p, &first))
        return NULL;
    if (first != TK_FIELD_ERROR)
        return "";
    code = tk_json_pick_text(p, TK_FIELD_ERROR, &len);
    if (code == NULL)
        code = tk_json_pick_text(p, TK_FIELD_CODE, &len);
    return code == NULL && tk_json_pick_has(p, TK_FIELD_ERROR) ? "" : code;
}

/* What becomes of the answer, once its beginning says so. */
static void decide(struct tk_call *call, const struct tk_http *http)
{
    const char *code = code_so_far(&http->pick);
    enum tk_err err;

    if (!tk_json_pick_is_clean(&http->pick) || http->status / 100 == 3) {
        call->answer = TK_ANSWER_DROPPED;
    } else if (call->held_len == sizeof call->held) {
        call->answer = TK_ANSWER_PASSED_ON;
    } else if (code != NULL) {
        err = tk_oauth_rest_error(code, http->status);
        call->answer = tk_call_repeats(call, tk_call_judge(call, err, http->status, code))
                           ? TK_ANSWER_DROPPED
                           : TK_ANSWER_PASSED_ON;
    }
}

static size_t pass_on(struct tk_call *call, const struct tk_http *http, const char *data,
                      size_t len)
{
    size_t taken;

    if (call->answer == TK_ANSWER_UNDECIDED)
        decide(call, http);
    if (call->answer == TK_ANSWER_UNDECIDED) { /* byte by byte, so that none is held back longer */
        call->held[call->held_len++] = *data;
        return 1;
    }
    if (call->answer == TK_ANSWER_DROPPED || call->on_body == NULL)
        return len;
    call->request.once = true;
    while (call->held_len > 0) {
        taken = call->on_body(call, call->held, call->held_len);
        if (taken == 0 || taken > call->held_len)
            return taken;
        call->held_len = (uint8_t)(call->held_len - taken);
        memmove(call->held, call->held + taken, call->held_len);
    }
    return call->on_body(call, data, len);
}

size_t tk_call_on_body(struct tk_request *r, const struct tk_http *http, const char *data,
                       size_t len)
{
    struct tk_call *call = TK_CONTAINER_OF(r, struct tk_call, request);
    size_t taken = pass_on(call, http, data, len);

    r->deadline_ms =
        tk_runtime_now(call->account->rt) + (taken == 0 ? TK_CALL_PAUSE_MS : TK_CALL_NEXT_BYTE_MS);
    return taken;
}

/* A decimal number, times scale: 1 or a power of 10. 0: there is none. */
static uint32_t number(const struct tk_http *http, unsigned field, uint32_t scale)
{
    uint32_t len, value = 0;
    const char *s = tk_json_pick_text(&http->pick, field, &len);

    if (s == NULL)
        return 0;
    s = tk_read_u32(s, &value);
    value *= scale;
    for (s += *s == '.'; scale > 1 && tk_is_digit(*s); s++) {
        scale /= 10;
        value += scale * (uint32_t)(*s - '0');
    }
    return value;
}

void tk_call_read_result(struct tk_call_result *result, const struct tk_account *a,
                         const struct tk_http *http, const char *code)
{
    tk_copy(result->error, sizeof result->error, tk_account_shown_code(a, code));
    result->has_next = tk_json_pick_has(&http->pick, NEXT);
    result->next = number(http, NEXT, 1);
    result->total = number(http, TOTAL, 1);
    result->operating_ms = number(http, OPERATING, 1000);
    result->last_id = tk_json_pick_row(&http->pick);
}

uint32_t tk_call_reset_at(const struct tk_http *http)
{
    return number(http, RESET_AT, 1);
}

enum tk_err tk_call_read_answer(const struct tk_http *http, enum tk_err err,
                                struct tk_server_error *server_error)
{
    enum tk_err said = tk_oauth_read_rest_response(http, err, server_error);

    if (http == NULL || http->status / 100 != 2 || *server_error->code != '\0' ||
        err == TK_E_CANCELLED)
        return said;
    if (err == TK_OK && tk_json_pick_is_whole(&http->pick))
        return said;
    if (!tk_json_pick_is_clean(&http->pick))
        return TK_E_BAD_ANSWER;
    return err != TK_OK || http->length > 0 ? TK_E_TRUNCATED : said;
}

enum tk_call_outcome tk_call_outcome_of(const struct tk_call *call, enum tk_err err,
                                        enum tk_call_verdict verdict, const char *code)
{
    bool has_error = *code != '\0' || err == TK_E_HTTP_STATUS; /* it may have an empty code */

    if (err == TK_OK || (verdict == TK_CALL_FINAL && has_error))
        return TK_CALL_DONE;
    if (verdict == TK_CALL_AMBIGUOUS || call->is_unknown ||
        (err == TK_E_CANCELLED && call->request.sent))
        return TK_CALL_UNKNOWN;
    return TK_CALL_NOT_SENT;
}
