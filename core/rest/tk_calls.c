/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calls.h"

#include "tk_assert.h"
#include "tk_call_answer.h"
#include "tk_call_body.h"
#include "tk_container.h"
#include "tk_portal.h"
#include "tk_rest_verify.h"
#include "tk_token_serve.h"

#include <string.h>

#define FIRST_BYTE_MS 65000 /* the portal works on a request for 60 s at most */
#define KEEPALIVE_MS  15000
#define TRY_MS        1000 /* before the first repeat; doubled for each further one */
#define LIMIT_MS      1500 /* the same, after QUERY_LIMIT_EXCEEDED; half as much again for each */
#define LIMIT_MOST_MS 60000
#define SENDING_MAX   (TK_CONNECTIONS > 1 ? TK_CONNECTIONS - 1 : 1)

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
    r->once = !tk_call_may_repeat(call);
    return TK_OK;
}

static void begin_answer(struct tk_call *call)
{
    call->is_sending = true;
    call->answer = TK_ANSWER_UNDECIDED;
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
        int64_t left_s = (int64_t)tk_call_reset_at(http) - tk_time_or_0(&a->rt->time);

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
    if (http != NULL && tk_call_is_limit(err, http->status, code)) {
        wait_for_limit(call, a, http, code, now_ms);
        return true;
    }
    call->err = (uint16_t)err;
    call->not_before_ms += tk_backoff_ms(TRY_MS, call->tries++, FIRST_BYTE_MS);
    return true;
}

static void call_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_call *call = of_request(r);
    struct tk_account *a = account_of(call->all, call);
    struct tk_call_result result = {.err = TK_OK};
    struct tk_server_error e;
    int status = http == NULL ? 0 : http->status;
    bool is_passed = call->answer == TK_ANSWER_PASSED_ON;

    call->is_sending = false;
    if (a == NULL) { /* deleted meanwhile */
        give_up(call->all, call, TK_E_NO_SUCH_REF, 0, 0);
        return;
    }
    if (err == TK_OK && tk_rest_follow(a, r, http, &call->redirects, &err)) {
        begin_answer(call);
        return;
    }
    err = tk_call_read_answer(http, err, &e);
    if (err == TK_OK && call->redirects > 0)
        (void)tk_portal_move(a, &r->host);
    enum tk_call_verdict verdict = tk_call_judge(call, err, status, e.code);

    if (!is_passed && tk_call_repeats(call, verdict, tk_call_is_limit(err, status, e.code)) &&
        retry(call, a, err, http, e.code, &result)) {
        call->is_unknown |= verdict == TK_CALL_AMBIGUOUS;
        return;
    }
    if (http != NULL)
        tk_call_read_result(&result, a, http, e.code);
    result.outcome = tk_call_outcome_of(call, err, verdict, e.code);
    if (verdict == TK_CALL_AMBIGUOUS && !is_passed && !tk_call_may_repeat(call))
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
    call->rt = all->accounts->rt;
    tk_call_begin_fields(call);
    call->request.fields = &call->fields;
    call->request.write = write_call;
    call->request.on_body = tk_call_on_body;
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
    enum tk_err err = tk_call_check_body(call);

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
    call->request.deadline_ms = tk_runtime_now(all->accounts->rt) + TK_CALL_NEXT_BYTE_MS;
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
        if (!tk_call_may_repeat(call))
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
