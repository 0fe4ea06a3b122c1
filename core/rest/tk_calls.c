/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calls.h"

#include "tk_account_response.h"
#include "tk_assert.h"
#include "tk_container.h"
#include "tk_portal.h"
#include "tk_rest_verify.h"
#include "tk_token_serve.h"

#include <string.h>

#define FIRST_BYTE_MS 65000 /* the portal works on a request for 60 s at most */
#define NEXT_BYTE_MS  15000
#define KEEPALIVE_MS  15000
#define TRIES_MAX     3
#define TRY_MS        1000 /* before the first repeat; doubled for each further one */
#define LIMIT_MS      1500 /* the same, after QUERY_LIMIT_EXCEEDED; half as much again for each */
#define LIMIT_MOST_MS 60000
#define SENDING_MAX   (TK_CONNECTIONS > 1 ? TK_CONNECTIONS - 1 : 1)

/* What becomes of an answer. */
enum { UNDECIDED, PASSED_ON, DROPPED };

/* What an answer, or the lack of one, means for the call. */
enum verdict {
    FINAL,
    BEFORE,   /* the portal refused it before the method ran, or it was not sent */
    AMBIGUOUS /* the method may have run */
};

static struct tk_call *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_call, request);
}

static struct tk_account *account_of(const struct tk_calls *all, const struct tk_call *call)
{
    return tk_accounts_find(all->accounts, call->ref);
}

static struct tk_bucket *bucket_of(const struct tk_calls *all, const struct tk_account *a)
{
    size_t i = 0;

    while (!tk_host_same(&all->accounts->of[i].client.portal, &a->client.portal))
        i++;
    return (struct tk_bucket *)&all->buckets[i];
}

static bool may_repeat(const struct tk_call *call)
{
    return call->only_reads || tk_method_reads(call->method);
}

/* --- the list --- */

static void enqueue(struct tk_calls *all, struct tk_call *call)
{
    struct tk_call **at = &all->first;

    call->turn = all->turn;
    for (const struct tk_call *c = all->first; c != NULL; c = c->next) {
        if (c->user == call->user && c->turn >= call->turn)
            call->turn = c->turn + 1;
    }
    while (*at != NULL && (*at)->turn <= call->turn)
        at = &(*at)->next;
    call->next = *at;
    *at = call;
    call->is_active = true;
}

static void dequeue(struct tk_calls *all, struct tk_call *call)
{
    struct tk_call **at = &all->first;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    call->is_active = false;
}

static void finish(struct tk_calls *all, struct tk_call *call, struct tk_call_result *result,
                   enum tk_err err)
{
    dequeue(all, call);
    result->err = err;
    call->done(call, result);
}

/* Ends a call that is not answered. */
static void give_up(struct tk_calls *all, struct tk_call *call, enum tk_err err, uint64_t at_ms,
                    uint64_t now_ms)
{
    struct tk_call_result result = {.outcome =
                                        call->is_unknown ? TK_CALL_UNKNOWN : TK_CALL_NOT_SENT};

    if (at_ms > now_ms)
        result.retry_in_s = tk_seconds_until(at_ms, now_ms);
    finish(all, call, &result, err);
}

/* --- the body --- */

/* The members that are ours to set. */
static const struct tk_json_field reserved[] = {
    {"auth", 0}, {"access_token", 0}, {"Authorization", 0}};

enum { RESERVED = sizeof reserved / sizeof reserved[0] };

static const struct tk_json_fields reserved_fields = {
    .of = reserved, .count = RESERVED, .any_case = true};

static bool is_allowed(const struct tk_json_pick *p)
{
    bool is_allowed = tk_json_pick_is_whole(p);

    for (unsigned i = 0; i < RESERVED; i++)
        is_allowed &= !tk_json_pick_has(p, i);
    return is_allowed;
}

/* Reads the whole body once, before anything is sent. */
static enum tk_err check_body(struct tk_call *call)
{
    char memory[64], piece[64];
    struct tk_json_pick p;
    unsigned field;

    TK_ASSERT(tk_json_pick_size(&reserved_fields) <= sizeof memory);
    tk_json_pick_begin(&p, &reserved_fields, memory);
    call->skip = 0;
    for (uint32_t offset = 0; offset < call->body_len;) {
        uint32_t left = call->body_len - offset;
        size_t n = call->produce(call, offset, piece, left < sizeof piece ? left : sizeof piece);
        const char *brace = memchr(piece, '{', n);

        if (n == 0)
            return TK_E_CANCELLED;
        if (call->skip == 0 && brace != NULL)
            call->skip = offset + (uint32_t)(brace - piece) + 1;
        tk_json_pick_feed(&p, piece, n);
        offset += (uint32_t)n;
    }
    call->is_empty = !tk_json_pick_first(&p, &field);
    return call->body_len == 0 || is_allowed(&p) ? TK_OK : TK_E_BAD_BODY;
}

static size_t produce(struct tk_request *r, uint32_t offset, char *out, size_t size)
{
    struct tk_call *call = of_request(r);

    return call->produce(call, call->skip + offset, out, size);
}

/* --- the request --- */

static enum tk_err write_call(struct tk_request *r, struct tk_text *out)
{
    struct tk_call *call = of_request(r);
    const struct tk_account *a = account_of(call->all, call);
    char buf[TK_REST_PATH_SIZE];
    struct tk_text path;
    struct tk_host endpoint; /* r->host differs from it after a redirect */

    if (a == NULL || !tk_account_has_pair(a))
        return TK_E_NEEDS_CODE;
    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, call->method, &endpoint, &path))
        return TK_E_REST_INSECURE;
    size_t body_start = tk_http_request(out, "POST", &r->host, path.buf, "application/json");

    tk_text_add(out, "{\"auth\":");
    tk_text_json(out, a->pair.access);
    tk_text_add(out, call->body_len == 0 ? "}" : call->is_empty ? "" : ",");
    tk_http_request_end(out, body_start, r->body_len);
    call->generation = a->pair.generation;
    r->once = !may_repeat(call);
    return TK_OK;
}

static void begin_answer(struct tk_call *call)
{
    call->is_sending = true;
    call->answer = UNDECIDED;
    call->held_len = 0;
    call->request.once = false;
}

static void send(struct tk_calls *all, struct tk_call *call, struct tk_account *a, uint64_t now_ms)
{
    struct tk_request *r = &call->request;
    uint64_t left_ms = call->deadline_ms - now_ms;
    char buf[TK_REST_PATH_SIZE];
    struct tk_text path;

    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, call->method, &r->host, &path)) {
        give_up(all, call, TK_E_REST_INSECURE, 0, now_ms);
        return;
    }
    tk_bucket_take(bucket_of(all, a), now_ms);
    all->turn = call->turn;
    call->redirects = 0;
    begin_answer(call);
    tk_https_start(&a->rt->https, r, TK_PRIORITY_CALL,
                   left_ms < FIRST_BYTE_MS ? (uint32_t)left_ms : FIRST_BYTE_MS);
}

/* --- the answer --- */

/* After what tk_oauth_read_rest_response reads. */
enum { NEXT = TK_REST_FIELDS, TOTAL, TIME, OPERATING, RESET_AT, FIELDS };

static const struct tk_json_field fields[FIELDS] = {
    TK_REST_FIELD_LIST, {"next", 10},       {"total", 10},
    {"time", 0},        {".operating", 20}, {".operating_reset_at", 12}};

static enum verdict judge(const struct tk_call *call, enum tk_err err, int status, const char *code)
{
    bool is_transient = tk_err_action(err) == TK_ACTION_RETRY;

    if (err == TK_E_TOKEN_REFUSED)
        return call->is_refused ? FINAL : BEFORE;
    if (!is_transient)
        return FINAL;
    if (!call->request.sent || status == 401 || status == 429 ||
        (err == TK_E_SERVER_BUSY && *code != '\0'))
        return BEFORE;
    return status / 100 == 3 || (status / 100 == 4 && status != 408) ? FINAL : AMBIGUOUS;
}

static bool is_limit(enum tk_err err, int status, const char *code)
{
    return err == TK_E_SERVER_BUSY && (status == 429 || *code != '\0');
}

/* The verdict on a call of which nothing was passed on. */
static bool repeats(const struct tk_call *call, enum verdict verdict, bool is_limit)
{
    if (verdict == FINAL || (verdict == AMBIGUOUS && !may_repeat(call)))
        return false;
    return is_limit || call->tries < TRIES_MAX;
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
        call->answer = DROPPED;
    } else if (call->held_len == sizeof call->held) {
        call->answer = PASSED_ON;
    } else if (code != NULL) {
        err = tk_oauth_rest_error(code, http->status);
        call->answer =
            repeats(call, judge(call, err, http->status, code), is_limit(err, http->status, code))
                ? DROPPED
                : PASSED_ON;
    }
}

/* Passes on what was held back. False: not all was taken. */
static bool pass_held(struct tk_call *call, size_t *taken)
{
    *taken = call->held_len > 0 ? call->on_body(call, call->held, call->held_len) : 0;
    if (*taken >= call->held_len) {
        call->held_len = 0;
        return true;
    }
    call->held_len = (uint8_t)(call->held_len - *taken);
    memmove(call->held, call->held + *taken, call->held_len);
    return false;
}

static size_t on_body(struct tk_request *r, const struct tk_http *http, const char *data,
                      size_t len)
{
    struct tk_call *call = of_request(r);
    size_t taken;

    r->deadline_ms = tk_runtime_now(call->all->accounts->rt) + NEXT_BYTE_MS;
    if (call->answer == UNDECIDED)
        decide(call, http);
    if (call->answer == UNDECIDED) { /* byte by byte, so that none is held back for long */
        call->held[call->held_len++] = *data;
        return 1;
    }
    if (call->answer == DROPPED || call->on_body == NULL)
        return len;
    r->once = true;
    if (!pass_held(call, &taken))
        return 0;
    return taken == TK_TAKE_NONE ? taken : call->on_body(call, data, len);
}

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

static void read_result(struct tk_call_result *result, const struct tk_account *a,
                        const struct tk_http *http, const char *code)
{
    result->status = (uint16_t)http->status;
    tk_copy(result->error, sizeof result->error, tk_account_shown_code(a, code));
    result->has_next = tk_json_pick_has(&http->pick, NEXT);
    result->next = number(http, NEXT, 1);
    result->total = number(http, TOTAL, 1);
    result->operating_ms = number(http, OPERATING, 1000);
    result->last_id = tk_json_pick_row(&http->pick);
}

/* --- what follows --- */

static uint32_t hash_of(const struct tk_calls *all, const struct tk_call *call)
{
    uint32_t hash = (uint32_t)(bucket_of(all, account_of(all, call)) - all->buckets) + 1;

    for (const char *s = call->method; *s != '\0'; s++)
        hash = 31 * hash + (unsigned char)tk_lower(*s);
    return hash;
}

/* Waits for the portal's limit, of requests or of this method's operating time. */
static void wait_for_limit(struct tk_call *call, struct tk_account *a, const struct tk_http *http,
                           const char *code, uint64_t now_ms)
{
    struct tk_calls *all = call->all;
    uint32_t wait_ms = LIMIT_MS;

    call->err = TK_E_REST_LIMIT;
    if (tk_same_nocase(code, "OPERATION_TIME_LIMIT")) {
        int64_t left_s = (int64_t)number(http, RESET_AT, 1) - tk_time_or_0(&a->rt->time);

        all->limited = hash_of(all, call);
        all->limited_ms = now_ms + 1000 * (left_s < 1 || left_s > 600 ? 60 : (uint64_t)left_s);
        return;
    }
    for (unsigned i = 0; i < call->limits && wait_ms < LIMIT_MOST_MS; i++)
        wait_ms += wait_ms / 2;
    call->limits++;
    tk_bucket_empty(bucket_of(all, a), now_ms, wait_ms);
}

/* The call waits for another try. False: there is none. */
static bool retry(struct tk_call *call, struct tk_account *a, enum tk_err err,
                  const struct tk_http *http, const char *code, struct tk_call_result *result)
{
    uint64_t now_ms = tk_runtime_now(a->rt);

    call->not_before_ms = now_ms;
    if (err == TK_E_TOKEN_REFUSED) {
        result->retry_in_s =
            tk_token_serve_rejected(call->all->accounts, call->ref, call->generation);
        call->is_refused = true;
        return result->retry_in_s == 0;
    }
    if (http != NULL && is_limit(err, http->status, code)) {
        wait_for_limit(call, a, http, code, now_ms);
        return true;
    }
    call->err = (uint16_t)err;
    call->not_before_ms += tk_backoff_ms(TRY_MS, call->tries++, FIRST_BYTE_MS);
    return true;
}

/* What the end of a request says. */
static enum tk_err read_answer(const struct tk_http *http, enum tk_err err,
                               struct tk_server_error *server_error)
{
    enum tk_err said = tk_oauth_read_rest_response(http, err, server_error);
    unsigned first;

    if (http == NULL || http->status / 100 != 2 || *server_error->code != '\0' ||
        err == TK_E_CANCELLED)
        return said;
    if (err == TK_OK && tk_json_pick_is_whole(&http->pick))
        return said;
    if (!tk_json_pick_is_clean(&http->pick))
        return TK_E_BAD_ANSWER;
    return err != TK_OK || tk_json_pick_first(&http->pick, &first) ? TK_E_TRUNCATED : said;
}

static enum tk_call_outcome outcome_of(const struct tk_call *call, enum tk_err err,
                                       enum verdict verdict, const char *code)
{
    if (err == TK_OK || (verdict == FINAL && *code != '\0'))
        return TK_CALL_DONE;
    if (verdict == AMBIGUOUS || call->is_unknown || (err == TK_E_CANCELLED && call->request.sent))
        return TK_CALL_UNKNOWN;
    return TK_CALL_NOT_SENT;
}

static void call_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_call *call = of_request(r);
    struct tk_account *a = account_of(call->all, call);
    struct tk_call_result result = {.err = TK_OK};
    struct tk_server_error e;
    int status = http == NULL ? 0 : http->status;
    bool is_passed = call->answer == PASSED_ON;

    call->is_sending = false;
    if (a == NULL) { /* deleted meanwhile */
        give_up(call->all, call, TK_E_NO_SUCH_REF, 0, 0);
        return;
    }
    if (err == TK_OK && tk_rest_follow(a, r, http, &call->redirects, &err)) {
        begin_answer(call);
        return;
    }
    err = read_answer(http, err, &e);
    if (err == TK_OK && call->redirects > 0)
        (void)tk_portal_move(a, &r->host);
    enum verdict verdict = judge(call, err, status, e.code);

    if (!is_passed && repeats(call, verdict, is_limit(err, status, e.code)) &&
        retry(call, a, err, http, e.code, &result)) {
        call->is_unknown |= verdict == AMBIGUOUS;
        return;
    }
    if (http != NULL)
        read_result(&result, a, http, e.code);
    result.outcome = outcome_of(call, err, verdict, e.code);
    if (verdict == AMBIGUOUS && !is_passed && !may_repeat(call))
        err = TK_E_UNKNOWN_OUTCOME;
    finish(call->all, call, &result, err);
}

/* --- start and end --- */

void tk_calls_init(struct tk_calls *all, struct tk_accounts *accounts)
{
    all->accounts = accounts;
}

static void begin(struct tk_calls *all, struct tk_call *call)
{
    memset(&call->next, 0, sizeof *call - offsetof(struct tk_call, next));
    call->all = all;
    call->fields = (struct tk_json_fields){.of = fields,
                                           .count = FIELDS,
                                           .row_id = call->id_key == NULL ? "id" : call->id_key,
                                           .rows = TK_FIELD_RESULT};
    call->request.fields = &call->fields;
    call->request.write = write_call;
    call->request.on_body = on_body;
    call->request.done = call_done;
    call->request.keepalive_ms = KEEPALIVE_MS;
}

enum tk_err tk_calls_start(struct tk_calls *all, struct tk_call *call)
{
    TK_ASSERT(!call->is_active && call->done != NULL);
    struct tk_account *a = account_of(all, call);

    if (all->stopped)
        return TK_E_TRY_LATER;
    if (a == NULL)
        return TK_E_NO_SUCH_REF;
    if (!tk_method_is_valid(call->method))
        return TK_E_BAD_VALUE;
    begin(all, call);
    enum tk_err err = check_body(call);

    if (err != TK_OK)
        return err;
    if (call->body_len > 0) {
        call->request.produce = produce;
        call->request.body_len = call->body_len - call->skip;
    }
    call->deadline_ms = tk_runtime_now(a->rt) + call->timeout_ms;
    enqueue(all, call);
    return TK_OK;
}

void tk_calls_cancel(struct tk_calls *all, struct tk_call *call)
{
    if (!call->is_active)
        return;
    tk_https_cancel(&all->accounts->rt->https, &call->request);
    dequeue(all, call);
}

void tk_calls_resume(struct tk_calls *all, struct tk_call *call)
{
    if (!call->is_active || !call->is_sending || !call->request.paused)
        return;
    call->request.deadline_ms = tk_runtime_now(all->accounts->rt) + NEXT_BYTE_MS;
    tk_https_resume(&call->request);
}

/* --- when it is sent --- */

/* The tick from which the portal's limits let it be sent; call->err says why, if that is later. */
static uint64_t free_ms(const struct tk_calls *all, const struct tk_call *call,
                        const struct tk_account *a)
{
    uint64_t at_ms = tk_bucket_free_ms(bucket_of(all, a));

    if (all->limited == hash_of(all, call) && at_ms < all->limited_ms)
        at_ms = all->limited_ms;
    return at_ms;
}

uint32_t tk_calls_wait_ms(const struct tk_calls *all, const struct tk_call *call)
{
    const struct tk_account *a = account_of(all, call);

    if (!call->is_active || call->is_sending || a == NULL)
        return 0;
    uint64_t at_ms = free_ms(all, call, a), now_ms = tk_runtime_now(a->rt);

    for (const struct tk_call *c = all->first; c != call && at_ms > now_ms; c = c->next)
        at_ms += c->is_sending ? 0 : TK_BUCKET_MS;
    return at_ms > now_ms ? (uint32_t)(at_ms - now_ms) : 0;
}

/* Sends a call, unless its token is not ready. */
static enum tk_token_answer send_if_ready(struct tk_calls *all, struct tk_call *call,
                                          struct tk_account *a, uint64_t now_ms)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    enum tk_token_answer answer =
        tk_token_serve(all->accounts, call->ref, TK_MIN_VALID_DEFAULT, token, sizeof token, &info);

    tk_wipe(token, sizeof token);
    if (answer == TK_TOKEN_REFUSED)
        give_up(all, call, info.err, 0, now_ms);
    else if (answer == TK_TOKEN_WAIT)
        call->err = (uint16_t)info.err;
    else if (call->is_refused && call->generation == info.generation)
        give_up(all, call, TK_E_TOKEN_REFUSED, 0, now_ms);
    else
        send(all, call, a, now_ms);
    return answer;
}

/* One step of a call that waits. True: it was sent, or has ended. */
static bool step(struct tk_calls *all, struct tk_call *call, uint64_t now_ms, bool is_free,
                 uint64_t *next_ms)
{
    struct tk_account *a = account_of(all, call);
    uint64_t at_ms;

    if (a == NULL) {
        give_up(all, call, TK_E_NO_SUCH_REF, 0, now_ms);
        return true;
    }
    at_ms = free_ms(all, call, a);
    if (at_ms > now_ms)
        call->err = TK_E_REST_LIMIT;
    if (at_ms < call->not_before_ms)
        at_ms = call->not_before_ms;
    if (now_ms >= call->deadline_ms || at_ms >= call->deadline_ms) {
        give_up(all, call, call->err == TK_OK ? TK_E_TIMEOUT : (enum tk_err)call->err, at_ms,
                now_ms);
        return true;
    }
    if (at_ms <= now_ms && is_free && send_if_ready(all, call, a, now_ms) != TK_TOKEN_WAIT)
        return true;
    if (at_ms <= now_ms || call->deadline_ms < at_ms)
        at_ms = call->deadline_ms;
    if (at_ms < *next_ms)
        *next_ms = at_ms;
    return false;
}

/* The pair with which it was sent was deleted. */
static bool is_orphan(const struct tk_calls *all, const struct tk_call *call)
{
    const struct tk_account *a = account_of(all, call);

    return a == NULL || !tk_account_has_pair(a);
}

/* Ends a call whose request is active. */
static void end(struct tk_calls *all, struct tk_call *call, enum tk_err err)
{
    if (call->is_sending && call->request.sent) {
        call->is_unknown = true;
        if (!may_repeat(call))
            err = TK_E_UNKNOWN_OUTCOME;
    }
    tk_https_cancel(&all->accounts->rt->https, &call->request);
    give_up(all, call, err, 0, 0);
}

uint64_t tk_calls_run(struct tk_calls *all, uint64_t now_ms)
{
    uint64_t next_ms = TK_NEVER;
    unsigned sending = 0;

    for (const struct tk_call *c = all->first; c != NULL; c = c->next)
        sending += c->is_sending;
    for (struct tk_call *c = all->first; c != NULL; c = c->next) {
        if (c->is_sending && is_orphan(all, c)) {
            end(all, c, TK_E_NEEDS_CODE);
            return now_ms;
        }
        if (!c->is_sending && step(all, c, now_ms, sending < SENDING_MAX, &next_ms))
            return now_ms;
    }
    return next_ms;
}

void tk_calls_stop(struct tk_calls *all)
{
    all->stopped = true;
    while (all->first != NULL)
        end(all, all->first, TK_E_CANCELLED);
}
