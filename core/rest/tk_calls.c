/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calls.h"

#include "tk_assert.h"
#include "tk_call_answer.h"
#include "tk_call_body.h"
#include "tk_container.h"
#include "tk_device.h"
#include "tk_portal.h"
#include "tk_rest_verify.h"
#include "tk_token_serve.h"

#include <string.h>

#define FIRST_BYTE_MS  65000 /* the portal works on a request for 60 s at most */
#define KEEPALIVE_MS   15000
#define TRY_MS         1000 /* before the first repeat; doubled for each further one */
#define LIMIT_MS       1500 /* the same, after QUERY_LIMIT_EXCEEDED; half as much again for each */
#define LIMIT_MOST_MS  60000
#define LIMITED_S      60  /* of operating time, if the portal does not say for how long ... */
#define LIMITED_MOST_S 600 /* ... in the window of 10 minutes */

/* Calls that are sent at a time, in all, of one user at one portal, and of one portal. */
#define SENDING_MAX (TK_CONNECTIONS > 1 ? TK_CONNECTIONS - 1 : 1)
#define USER_MAX    ((SENDING_MAX + 1) / 2)
#define PORTAL_MAX  (USER_MAX < SENDING_MAX ? USER_MAX + 1 : SENDING_MAX)

static struct tk_call *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_call, request);
}

static uint64_t now_of(const struct tk_call *call)
{
    return tk_runtime_now(call->account->rt);
}

static bool is_same_portal(const struct tk_call *call, const struct tk_call *other)
{
    return tk_host_same(&call->account->client.portal, &other->account->client.portal);
}

/* That of the last account of the same portal. */
static unsigned bucket_of(const struct tk_call *call)
{
    const struct tk_host *portal = &call->account->client.portal;
    unsigned i = TK_ACCOUNTS - 1;

    while (i > 0 && !tk_host_same(&call->all->accounts->of[i].client.portal, portal))
        i--;
    return i;
}

/* --- the list --- */

static void enqueue(struct tk_call *call)
{
    struct tk_calls *all = call->all;
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
    call->account->pins++;
}

static void dequeue(struct tk_call *call)
{
    struct tk_call **at = &call->all->first;

    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    call->account->pins--;
    call->account = NULL;
}

static void finish(struct tk_call *call, struct tk_call_result *result, enum tk_err err)
{
    dequeue(call);
    result->err = err;
    call->done(call, result);
}

/* Ends a call that is not answered. */
static void give_up(struct tk_call *call, enum tk_err err, uint32_t wait_ms)
{
    struct tk_call_result result = {.outcome =
                                        call->is_unknown ? TK_CALL_UNKNOWN : TK_CALL_NOT_SENT,
                                    .retry_in_s = tk_seconds_until((uint64_t)wait_ms + 999, 0)};

    if (call->is_unknown && !tk_call_only_reads(call))
        err = TK_E_UNKNOWN_OUTCOME;
    finish(call, &result, err);
}

/* --- the request --- */

static size_t produce(struct tk_request *r, uint32_t offset, char *out, size_t size)
{
    struct tk_call *call = of_request(r);

    return call->produce(call, call->body_len - r->body_len + offset, out, size);
}

/* Of REST 3.0: the portal carries out one call with this key, however often it is sent. */
static void add_key(struct tk_text *t, const struct tk_call *call)
{
    const struct tk_runtime *rt = call->account->rt;
    struct tk_calls *all = call->all;

    if (all->salt == 0) /* not before there are random numbers: the connection has used some */
        all->salt = 1 + (uint32_t)tk_runtime_random(rt, UINT32_MAX);
    tk_text_print(t, "\r\nIdempotency-Key: %s-%u-%u", tk_device_id(rt->config->port),
                  (unsigned)all->salt, (unsigned)call->number);
}

static enum tk_err write_call(struct tk_request *r, struct tk_text *out)
{
    struct tk_call *call = of_request(r);
    const struct tk_pair *pair = &call->account->pair;
    char type[sizeof TK_REST_JSON + TK_DEVICE_ID_MAX + 41];
    struct tk_text t;

    tk_text_init(&t, type, sizeof type);
    tk_text_add(&t, TK_REST_JSON);
    if (tk_method_is_v3(call->method))
        add_key(&t, call);
    call->generation = pair->generation;
    r->once = !tk_call_may_repeat(call);
    return tk_rest_write(call->account, r, call->method, type, pair->access,
                         call->body_len == 0 ? "}" : &","[call->is_empty], out);
}

static void begin_answer(struct tk_call *call)
{
    call->is_sending = true;
    call->answer = TK_ANSWER_UNDECIDED;
    call->held_len = 0;
    call->request.once = false;
}

static void send(struct tk_call *call, uint64_t now_ms, uint32_t left_ms)
{
    struct tk_request *r = &call->request;
    const char *path;

    if (!tk_portal_endpoint(call->account, &r->host, &path)) {
        give_up(call, TK_E_REST_INSECURE, 0);
        return;
    }
    tk_bucket_take(&call->all->buckets[bucket_of(call)], now_ms);
    call->all->turn = call->turn;
    call->redirects = 0;
    begin_answer(call);
    tk_https_start(&call->account->rt->https, r, TK_PRIORITY_CALL,
                   left_ms < FIRST_BYTE_MS ? left_ms : FIRST_BYTE_MS);
}

/* --- what follows from an answer --- */

static uint32_t hash_of(const struct tk_call *call)
{
    uint32_t hash = bucket_of(call) + 1;

    for (const char *s = call->method; *s != '\0'; s++)
        hash = 31 * hash + (unsigned char)tk_lower(*s);
    return hash;
}

/* If all places are taken, the method is forgotten that may be called soonest. */
static void limit_method(struct tk_calls *all, uint32_t method, uint64_t now_ms, uint32_t wait_s)
{
    struct tk_limited *at = all->limited;

    for (struct tk_limited *l = at; l < all->limited + TK_LIMITED && at->method != method; l++) {
        if (l->method == method || l->until_s < at->until_s)
            at = l;
    }
    at->method = method;
    at->until_s = (uint32_t)((now_ms + 999) / 1000) + wait_s;
}

/* Waits for the portal's limit: of requests, or of this method's operating time. */
static void wait_for_limit(struct tk_call *call, const struct tk_http *http, const char *code,
                           uint64_t now_ms)
{
    struct tk_calls *all = call->all;
    uint32_t wait_ms = LIMIT_MS;

    call->err = TK_E_REST_LIMIT;
    if (tk_same_nocase(code, "OPERATION_TIME_LIMIT")) {
        uint32_t left_s = tk_call_reset_at(http) - (uint32_t)tk_time_or_0(&call->account->rt->time);

        limit_method(all, hash_of(call), now_ms, left_s > LIMITED_MOST_S ? LIMITED_S : left_s);
        return;
    }
    for (unsigned i = 0; i < call->limits && wait_ms < LIMIT_MOST_MS; i++)
        wait_ms += wait_ms / 2;
    if (call->limits < UINT8_MAX)
        call->limits++;
    tk_bucket_empty(&all->buckets[bucket_of(call)], now_ms, wait_ms);
}

/* The call waits for another try. False: there is none. */
static bool retry(struct tk_call *call, enum tk_err err, enum tk_call_verdict verdict,
                  const struct tk_http *http, const char *code, struct tk_call_result *result)
{
    uint64_t now_ms = now_of(call);

    if (err == TK_E_TOKEN_REFUSED) {
        result->retry_in_s =
            tk_token_serve_rejected(call->all->accounts, call->account->name, call->generation);
        call->is_refused = true;
        return result->retry_in_s == 0;
    }
    if (verdict == TK_CALL_LIMIT) {
        wait_for_limit(call, http, code, now_ms);
        return true;
    }
    call->err = (uint16_t)err;
    call->not_before_ms = now_ms + tk_backoff_ms(TRY_MS, call->tries++, FIRST_BYTE_MS);
    return true;
}

static void call_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_call *call = of_request(r);
    struct tk_account *a = call->account;
    struct tk_call_result result = {.status = http == NULL ? 0 : (uint16_t)http->status};
    struct tk_server_error e;
    bool is_passed = call->answer == TK_ANSWER_PASSED_ON;

    call->is_sending = false;
    if (err == TK_OK && tk_rest_follow(a, r, http, &call->redirects, &err)) {
        begin_answer(call);
        return;
    }
    err = tk_call_read_answer(http, err, &e);
    if (err == TK_OK && call->redirects > 0)
        (void)tk_portal_move(a, &r->host);
    enum tk_call_verdict verdict = tk_call_judge(call, err, result.status, e.code);

    if (!is_passed && tk_call_repeats(call, verdict) &&
        retry(call, err, verdict, http, e.code, &result)) {
        call->is_unknown |= verdict == TK_CALL_AMBIGUOUS;
        return;
    }
    if (http != NULL)
        tk_call_read_result(&result, a, http, e.code);
    result.outcome = tk_call_outcome_of(call, err, verdict, e.code);
    if (result.outcome == TK_CALL_UNKNOWN && err != TK_E_CANCELLED && !tk_call_only_reads(call) &&
        !(is_passed && err == TK_E_TRUNCATED))
        err = TK_E_UNKNOWN_OUTCOME;
    finish(call, &result, err);
}

/* --- start and end --- */

void tk_calls_init(struct tk_calls *all, struct tk_accounts *accounts)
{
    all->accounts = accounts;
}

static void begin(struct tk_calls *all, struct tk_call *call, struct tk_account *a)
{
    struct tk_request *r = &call->request;

    memset(&call->next, 0, sizeof *call - offsetof(struct tk_call, next));
    call->all = all;
    call->account = a;
    call->number = ++all->count;
    call->deadline_ms = now_of(call) + call->timeout_ms;
    tk_call_begin_fields(call);
    r->fields = &call->fields;
    r->write = write_call;
    r->on_body = tk_call_on_body;
    r->done = call_done;
    r->keepalive_ms = KEEPALIVE_MS;
}

enum tk_err tk_calls_start(struct tk_calls *all, struct tk_call *call)
{
    struct tk_account *a = tk_accounts_find(all->accounts, call->ref);
    enum tk_err err;

    TK_ASSERT(call->account == NULL && call->done != NULL);
    if (a == NULL)
        return TK_E_NO_SUCH_REF;
    if (all->stopped || a->pins == UINT8_MAX)
        return TK_E_TRY_LATER;
    if (!tk_method_is_valid(call->method))
        return TK_E_BAD_VALUE;
    begin(all, call, a);
    err = tk_call_check_body(call);
    if (err != TK_OK) {
        call->account = NULL;
        return err;
    }
    if (call->body_len > 0)
        call->request.produce = produce;
    enqueue(call);
    return TK_OK;
}

void tk_calls_cancel(struct tk_call *call)
{
    if (call->account == NULL)
        return;
    tk_https_cancel(&call->account->rt->https, &call->request);
    dequeue(call);
}

void tk_calls_resume(struct tk_call *call)
{
    if (call->account == NULL || !call->request.paused)
        return;
    call->request.deadline_ms = now_of(call) + TK_CALL_NEXT_BYTE_MS;
    tk_https_resume(&call->request);
}

/* --- when it is sent --- */

static uint32_t later(uint32_t wait_ms, uint64_t at_ms, uint64_t now_ms)
{
    uint32_t until_ms = at_ms > now_ms ? (uint32_t)(at_ms - now_ms) : 0;

    return until_ms > wait_ms ? until_ms : wait_ms;
}

/* Until the portal's limits let it be sent. */
static uint32_t limit_ms(const struct tk_call *call, uint64_t now_ms)
{
    const struct tk_calls *all = call->all;
    uint32_t wait_ms = later(0, tk_bucket_free_ms(&all->buckets[bucket_of(call)]), now_ms);
    uint32_t method = hash_of(call);

    for (const struct tk_limited *l = all->limited; l < all->limited + TK_LIMITED; l++) {
        if (l->method == method)
            wait_ms = later(wait_ms, (uint64_t)l->until_s * 1000, now_ms);
    }
    return wait_ms;
}

uint32_t tk_calls_wait_ms(const struct tk_call *call)
{
    uint32_t wait_ms = call->account == NULL || call->is_sending ? 0 : limit_ms(call, now_of(call));

    if (wait_ms == 0)
        return 0;
    for (const struct tk_call *c = call->all->first; c != call; c = c->next) {
        if (!c->is_sending && is_same_portal(c, call))
            wait_ms += TK_BUCKET_MS;
    }
    return wait_ms;
}

/* Whether there is a connection that it may have. */
static bool may_send(const struct tk_call *call)
{
    unsigned all = 0, of_portal = 0, of_user = 0;

    for (const struct tk_call *c = call->all->first; c != NULL; c = c->next) {
        all += c->is_sending;
        if (SENDING_MAX > 1 && c->is_sending && is_same_portal(c, call)) {
            of_portal++;
            of_user += c->user == call->user;
        }
    }
    return all < SENDING_MAX && of_portal < PORTAL_MAX && of_user < USER_MAX;
}

/* Sends a call, unless its token is not ready. */
static bool send_if_ready(struct tk_call *call, uint64_t now_ms, uint32_t left_ms)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    enum tk_token_answer answer = tk_token_serve(call->all->accounts, call->account->name,
                                                 TK_MIN_VALID_DEFAULT, token, sizeof token, &info);

    tk_wipe(token, sizeof token);
    call->err = (uint16_t)info.err;
    if (answer == TK_TOKEN_WAIT)
        return false;
    if (answer == TK_TOKEN_REFUSED)
        give_up(call, info.err, 0);
    else if (call->is_refused && call->generation == info.generation)
        give_up(call, TK_E_TOKEN_REFUSED, 0);
    else
        send(call, now_ms, left_ms);
    return true;
}

/* One step of a call that waits. True: it was sent, or has ended. */
static bool step(struct tk_call *call, uint64_t now_ms, uint32_t *next_ms)
{
    uint32_t left_ms = later(0, call->deadline_ms, now_ms), wait_ms = limit_ms(call, now_ms);

    if (wait_ms > 0)
        call->err = TK_E_REST_LIMIT;
    wait_ms = later(wait_ms, call->not_before_ms, now_ms);
    if (wait_ms >= left_ms) {
        give_up(call, call->err == TK_OK ? TK_E_TIMEOUT : (enum tk_err)call->err, wait_ms);
        return true;
    }
    if (wait_ms == 0 && may_send(call) && send_if_ready(call, now_ms, left_ms))
        return true;
    if (wait_ms == 0)
        wait_ms = left_ms;
    if (wait_ms < *next_ms)
        *next_ms = wait_ms;
    return false;
}

/* Ends a call whose request may be active. */
static void end(struct tk_call *call, enum tk_err err)
{
    call->is_unknown |= call->is_sending && call->request.sent;
    tk_https_cancel(&call->account->rt->https, &call->request);
    give_up(call, err, 0);
}

uint64_t tk_calls_run(struct tk_calls *all, uint64_t now_ms)
{
    uint32_t next_ms = UINT32_MAX;

    for (struct tk_call *c = all->first; c != NULL; c = c->next) {
        if (c->is_sending && !tk_account_has_pair(c->account)) { /* it was forgotten */
            end(c, TK_E_NEEDS_CODE);
            return now_ms;
        }
        if (!c->is_sending && step(c, now_ms, &next_ms))
            return now_ms;
    }
    return now_ms + next_ms;
}

void tk_calls_stop(struct tk_calls *all)
{
    all->stopped = true;
    while (all->first != NULL)
        end(all->first, TK_E_CANCELLED);
}
