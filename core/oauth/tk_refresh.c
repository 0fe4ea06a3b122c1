/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_refresh.h"

#include "tk_account_load.h"
#include "tk_account_response.h"
#include "tk_account_store.h"
#include "tk_container.h"
#include "tk_token.h"
#include "tk_words.h"

#define REQUEST_TIMEOUT_MS 30000
#define KEEPALIVE_MS       2000 /* for the refresh that may follow */
#define PREVIOUS_DELAY_MS  1000 /* before the previous pair is tried */
#define PROBE_FIRST_S      3600
#define PROBE_LAST_S       86400

static struct tk_account *of_timer(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, refresh.timer);
}

static struct tk_account *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, refresh.request);
}

static void submit(struct tk_account *a)
{
    struct tk_request *r = &a->refresh.request;

    tk_account_auth_host(a, &r->host);
    r->keepalive_ms = tk_request_asks_date(r) ? KEEPALIVE_MS : 0;
    tk_https_start(&a->rt->https, r, TK_PRIORITY_REFRESH, REQUEST_TIMEOUT_MS);
}

/* --- the intent --- */

static void open_intent(struct tk_account *a)
{
    if (tk_account_store_intent(a, true) != TK_OK) /* writes nothing if it is open */
        tk_account_set_error(a, TK_E_STORAGE_FAILED);
    a->refresh.intent = true;
}

/* This attempt rotated nothing: it was never sent, or the server refused it. An earlier attempt may
 * have rotated the pair. */
static void close_intent(struct tk_account *a)
{
    if (a->refresh.in_doubt || !a->refresh.intent)
        return;
    a->refresh.intent = false;
    (void)tk_account_store_intent(a, false); /* left open, it costs a try of the previous pair */
}

/* The server has rotated the pair, but its successor does not fit: should the pair be refused, that
 * is why. */
static void keep_intent(struct tk_account *a)
{
    if (a->refresh.too_long)
        return;
    a->refresh.too_long = true;
    (void)tk_account_store_intent(a, true); /* left as it was, it is rotation_lost */
}

/* --- the pair was refused --- */

static void revoke(struct tk_account *a)
{
    if (a->refresh.too_long)
        a->revocation = TK_SUCCESSOR_LONG;
    else
        a->revocation = a->refresh.in_doubt ? TK_ROTATION_LOST : TK_REVOKED;
    a->refresh.blocked_by = TK_OK; /* removing that cause no longer helps */
    a->refresh.intent = a->refresh.try_previous = a->refresh.too_long = false;
    tk_token_refresh_at(a, TK_NEVER);
    (void)tk_account_store_revocation(a, a->revocation); /* else a restart asks the server again */
}

static bool has_previous_pair(const struct tk_account *a)
{
    char previous[TK_TOKEN_MAX + 1];
    bool has_previous = tk_account_previous_refresh_token(a, previous);

    tk_wipe(previous, sizeof previous);
    return has_previous;
}

static void pair_refused(struct tk_account *a)
{
    if (!a->refresh.in_doubt || a->refresh.try_previous || !has_previous_pair(a)) {
        revoke(a);
        return;
    }
    a->refresh.try_previous = true;
    a->refresh.error = TK_E_GRANT_IN_DOUBT;
    tk_account_set_error(a, TK_E_GRANT_IN_DOUBT);
    tk_token_refresh_at(a, tk_runtime_now(a->rt) + PREVIOUS_DELAY_MS);
}

/* --- retries and probes --- */

static void schedule_probe(struct tk_account *a)
{
    if (a->refresh.probe_s == 0)
        a->refresh.probe_s = PROBE_FIRST_S;
    tk_token_refresh_at(a, tk_runtime_now(a->rt) + a->refresh.probe_s * (uint64_t)1000);
}

static void block(struct tk_account *a, enum tk_err err)
{
    struct tk_refresh *r = &a->refresh;

    if (err == TK_E_TOKEN_TOO_LONG)
        keep_intent(a);
    else
        close_intent(a);
    r->blocked_by = err;
    r->probe_s = r->probe_s < PROBE_LAST_S / 2 ? r->probe_s * 2 : PROBE_LAST_S;
    schedule_probe(a);
}

static void retry(struct tk_account *a)
{
    if (a->refresh.blocked_by != TK_OK)
        schedule_probe(a); /* still blocked: this probe was inconclusive */
    else
        tk_token_refresh_at(a, tk_runtime_now(a->rt) +
                                   tk_token_backoff_ms(a, a->refresh.failures - 1));
}

/* --- failures --- */

static void add_next_refresh(const struct tk_account *a, struct tk_text *t)
{
    uint32_t seconds = 0;

    if (tk_token_refresh_due_in(a, tk_runtime_now(a->rt), &seconds))
        tk_text_int(t, seconds);
    else
        tk_text_add(t, "none");
}

static void log_failure(struct tk_account *a)
{
    char buf[200], code[TK_ERR_CODE_MAX + 1];
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_print(&t, "refresh ref=%s error=%s failures=%u next_in=", a->name,
                  tk_words_code(a->refresh.error, code), (unsigned)a->refresh.failures);
    add_next_refresh(a, &t);
    if (a->server_error[0] != '\0')
        tk_text_print(&t, " said=%s", a->server_error);
    tk_runtime_log(a->rt, TK_LOG_INFO, &t);
}

static void react(struct tk_account *a, enum tk_err err)
{
    switch (tk_err_action(err)) {
    case TK_ACTION_REAUTH:
        pair_refused(a);
        break;
    case TK_ACTION_BLOCK:
        block(a, err);
        break;
    case TK_ACTION_WAIT:
        close_intent(a);
        retry(a);
        break;
    default:
        if (!a->refresh.request.sent)
            close_intent(a);
        retry(a);
        break;
    }
}

static void refresh_failed(struct tk_account *a, enum tk_err err)
{
    a->refresh.error = err;
    tk_account_set_error(a, err);
    a->refresh.failures++;
    a->refresh.rejected_generation = 0;
    react(a, err);
    log_failure(a);
    tk_account_notify(a, TK_ACCOUNT_FAILED);
}

/* --- the time --- */

static bool needs_time(const struct tk_account *a)
{
    return !a->times_known && !a->refresh.intent && !a->refresh.has_asked_time &&
           tk_time_is_unconfirmed(&a->rt->time);
}

/* The connection has noted the Date, if there was one. A server that does not answer a HEAD request
 * may answer a refresh. */
static void time_done(struct tk_account *a, enum tk_err err, const struct tk_http *http)
{
    struct tk_refresh *r = &a->refresh;

    r->request.asks_date = false;
    if (!r->request.sent) {
        refresh_failed(a, err);
        return;
    }
    r->has_asked_time = true;
    r->not_before_ms = tk_token_retry_after(a, http);
    tk_token_schedule(a);
    if (r->failures > 0)
        tk_token_refresh_at(a, tk_runtime_now(a->rt));
}

/* --- the request --- */

/* Called when the connection is ready and nothing was sent yet. A failure of flash must not stop
 * the refresh: its pair is used from RAM then. */
static enum tk_err write_refresh(struct tk_request *request, struct tk_text *out)
{
    struct tk_account *a = of_request(request);
    char previous[TK_TOKEN_MAX + 1] = "", next[TK_SECRET_MAX + 1];
    const char *token = a->pair.refresh;

    if (tk_request_asks_date(request)) {
        (void)tk_http_request(out, "HEAD", &request->host, "/", NULL);
        return TK_OK;
    }
    open_intent(a);
    if (a->refresh.try_previous && tk_account_previous_refresh_token(a, previous))
        token = previous;
    tk_oauth_refresh_request(out, &request->host, &a->client,
                             tk_token_secret(a, a->refresh.with_next_secret, next), token);
    tk_wipe(previous, sizeof previous);
    tk_wipe(next, sizeof next);
    a->refresh.sent_ms = tk_runtime_now(a->rt);
    return TK_OK;
}

/* Without another refresh token the one that was sent stays valid (RFC 6749 section 6). */
static void keep_refresh_token(struct tk_account *a)
{
    char previous[TK_TOKEN_MAX + 1];

    if (a->refresh.try_previous && tk_account_previous_refresh_token(a, previous))
        tk_copy(a->pair.refresh, sizeof a->pair.refresh, previous);
    tk_wipe(previous, sizeof previous);
}

static void count(struct tk_account *a, enum tk_err err)
{
    const struct tk_refresh *r = &a->refresh;

    tk_counters_refreshed(&a->counters, err, (uint32_t)(tk_runtime_now(a->rt) - r->sent_ms),
                          r->failures > 0, r->in_doubt);
}

static void refresh_succeeded(struct tk_account *a, struct tk_token_response *response)
{
    if (response->refresh_token[0] == '\0') {
        keep_refresh_token(a);
        response->refresh_token = a->pair.refresh;
    }
    if (a->refresh.in_doubt && a->refresh.try_previous)
        tk_account_notify(a, TK_ACCOUNT_RECOVERED);
    if (a->refresh.with_next_secret)
        tk_token_promote_secret(a);
    tk_token_accept(a, response, a->refresh.sent_ms);
}

static void refresh_done(struct tk_request *request, enum tk_err err, struct tk_http *http)
{
    struct tk_account *a = of_request(request);
    struct tk_token_response response;

    if (tk_request_asks_date(request)) {
        time_done(a, err, http);
        return;
    }
    err = tk_account_read_tokens(a, http, err, false, &response);
    if (err != TK_OK)
        a->refresh.not_before_ms = tk_token_retry_after(a, http);
    count(a, err);
    if (err == TK_OK)
        refresh_succeeded(a, &response);
    else if (tk_token_tries_next_secret(a, err, &a->refresh.with_next_secret))
        submit(a);
    else
        refresh_failed(a, err);
}

static void start(struct tk_account *a, bool asks_date)
{
    struct tk_request *r = &a->refresh.request;

    tk_token_refresh_at(a, TK_NEVER);
    if (tk_request_asks_date(r) && !asks_date)
        tk_https_cancel(&a->rt->https, r);
    if (tk_https_active(r))
        return;
    a->refresh.in_doubt = a->refresh.intent;
    a->refresh.with_next_secret = false;
    r->asks_date = asks_date;
    submit(a);
}

enum tk_err tk_refresh_start(struct tk_account *a)
{
    if (!tk_account_has_client(a))
        return TK_E_NO_CLIENT;
    if (!tk_account_is_renewable(a))
        return TK_E_NEEDS_CODE;
    if (tk_token_too_soon(a))
        return TK_E_TOO_SOON;
    a->refresh.probe_s = 0; /* an operator is at work on the cause: probe at short intervals */
    start(a, false);
    return TK_OK;
}

void tk_refresh_demand(struct tk_account *a)
{
    start(a, needs_time(a));
}

static void timer_expired(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    start(of_timer(timer), needs_time(of_timer(timer)));
}

void tk_refresh_init(struct tk_account *a)
{
    tk_timer_init(&a->refresh.timer, timer_expired);
    a->refresh.request.write = write_refresh;
    a->refresh.request.fields = &tk_oauth_fields;
    a->refresh.request.done = refresh_done;
}
