/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_rest_verify.h"

#include "tk_account_response.h"
#include "tk_account_store.h"
#include "tk_assert.h"
#include "tk_container.h"
#include "tk_portal.h"
#include "tk_refresh.h"
#include "tk_token.h"

#include <string.h>

#define METHOD            "app.info"
#define TIMEOUT_MS        15000
#define REDIRECTS_MAX     2
#define TRANSIENT_MS      60000    /* first repeat after a transient error; the delay doubles */
#define TRANSIENT_MOST_MS 3600000  /* longest such delay */
#define REFUSED_MS        3600000  /* first repeat after a refusal; the delay doubles */
#define REFUSED_MOST_MS   86400000 /* longest such delay */
#define DAILY_MS          86400000 /* after a good verification */
#define REFRESH_MS        15000    /* for the refresh of a token that was refused */

static struct tk_account *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, rest.request);
}

/* --- result --- */

const char *tk_rest_status_name(enum tk_rest_status status)
{
    static const char *const names[] = {"unknown", "ok", "access_denied", "unreachable"};

    TK_ASSERT((size_t)status < sizeof names / sizeof names[0]);
    return names[status];
}

static enum tk_rest_status status_of(enum tk_err err)
{
    if (err == TK_OK)
        return TK_REST_OK;
    return tk_err_action(err) == TK_ACTION_RETRY || err == TK_E_REST_INSECURE ||
                   err == TK_E_PORTAL_MOVED
               ? TK_REST_UNREACHABLE
               : TK_REST_DENIED;
}

static uint32_t repeat_delay_ms(const struct tk_rest *r)
{
    enum tk_action action = tk_err_action(r->err);

    if (r->err == TK_OK)
        return DAILY_MS;
    if (r->failures == 0 && action == TK_ACTION_REFRESH)
        return REFRESH_MS;
    return action == TK_ACTION_RETRY ? tk_backoff_ms(TRANSIENT_MS, r->failures, TRANSIENT_MOST_MS)
                                     : tk_backoff_ms(REFUSED_MS, r->failures, REFUSED_MOST_MS);
}

/* True for a fault that the portal itself reported: a call that succeeds ends it. */
static bool is_for_portal_to_end(const struct tk_account *a)
{
    return a->portal_fault == TK_PORTAL_MOVED_BY_REDIRECT ||
           a->portal_fault == TK_PORTAL_USER_REFUSED;
}

/* What the portal's answer says of its faults. */
static void update_fault(struct tk_account *a, enum tk_err err)
{
    if (err == TK_E_USER_REFUSED && a->portal_fault == TK_PORTAL_OK)
        tk_portal_set_fault(a, TK_PORTAL_USER_REFUSED, NULL);
    if (err == TK_OK && is_for_portal_to_end(a))
        tk_portal_set_fault(a, TK_PORTAL_OK, NULL);
}

static void verified(struct tk_account *a, enum tk_err err, const struct tk_http *http)
{
    struct tk_rest *r = &a->rest;
    uint64_t not_before_ms = tk_token_retry_after(a, http);

    if (err != TK_OK || a->last_error == r->err)
        tk_account_set_error(a, err);
    r->err = err;
    r->status = status_of(err);
    uint64_t due_ms = tk_runtime_now(a->rt) + repeat_delay_ms(r);

    if (due_ms < not_before_ms)
        due_ms = not_before_ms;
    tk_timer_start(&a->rt->timers, &r->timer, due_ms);
    r->failures = err == TK_OK ? 0 : (uint8_t)(r->failures + (r->failures < UINT8_MAX));
    update_fault(a, err);
}

/* --- the call --- */

bool tk_rest_target(const struct tk_account *a, const char *method, struct tk_host *host,
                    struct tk_text *path)
{
    const char *base;

    if (!tk_portal_endpoint(a, host, &base))
        return false;
    size_t len = strcspn(base, "?#");

    tk_text_addn(path, base, len);
    if (len == 0 || base[len - 1] != '/')
        tk_text_char(path, '/');
    tk_text_add(path, method);
    return tk_text_ok(path);
}

enum tk_err tk_rest_write(const struct tk_account *a, const struct tk_request *r,
                          const char *method, const char *type, const char *token,
                          const char *after, struct tk_text *out)
{
    char buf[TK_REST_PATH_SIZE];
    struct tk_text path;
    struct tk_host endpoint; /* r->host differs from it after a redirect */

    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, method, &endpoint, &path))
        return TK_E_REST_INSECURE;
    size_t body_start = tk_http_request(out, "POST", &r->host, path.buf, type);

    tk_text_add(out, "{\"auth\":");
    tk_text_json(out, token);
    tk_text_add(out, after);
    tk_http_request_end(out, body_start, r->body_len);
    return TK_OK;
}

static const char *method_of(const struct tk_account *a)
{
    return a->rest.asks_user ? TK_REST_USER : METHOD;
}

static enum tk_err write_call(struct tk_request *r, struct tk_text *out)
{
    struct tk_account *a = of_request(r);

    return tk_rest_write(a, r, method_of(a), TK_REST_JSON, a->pair.access, "}", out);
}

/* 301, 302, 303, 307 or 308 (RFC 9110 15.4) to another host. */
static bool is_elsewhere(const struct tk_request *r, const struct tk_http *http)
{
    int status = http->status;

    return ((status >= 301 && status <= 303) || status == 307 || status == 308) &&
           http->location.name[0] != '\0' && !tk_host_same(&http->location, &r->host);
}

bool tk_rest_follow(struct tk_account *a, struct tk_request *r, const struct tk_http *http,
                    uint8_t *redirects, enum tk_err *err)
{
    if (http == NULL || !is_elsewhere(r, http))
        return false;
    const struct tk_host *to = &http->location;
    enum tk_portal_named named = tk_portal_compare(a, to);

    if (named == TK_NAMES_OTHER) {
        *err = TK_E_PORTAL_MOVED;
        if (a->portal_fault != TK_PORTAL_MOVED_BY_ANSWER)
            tk_portal_set_fault(a, TK_PORTAL_MOVED_BY_REDIRECT, to);
        return false;
    }
    *err = TK_E_HTTP_REDIRECT;
    if (named == TK_NAMES_INVALID || *redirects == REDIRECTS_MAX)
        return false;
    ++*redirects;
    r->host = *to;
    tk_https_submit(&a->rt->https, r);
    return true;
}

static void start_call(struct tk_account *a, bool asks_user)
{
    struct tk_request *r = &a->rest.request;
    char buf[TK_REST_PATH_SIZE];
    struct tk_text path;

    tk_https_cancel(&a->rt->https, r);
    a->rest.redirects = 0;
    a->rest.asks_user = asks_user;
    r->fields = asks_user ? &tk_rest_user_fields : &tk_oauth_fields;
    tk_text_init(&path, buf, sizeof buf);
    if (!tk_rest_target(a, method_of(a), &r->host, &path)) {
        verified(a, TK_E_REST_INSECURE, NULL);
        return;
    }
    tk_https_start(&a->rt->https, r, TK_PRIORITY_CALL, TIMEOUT_MS);
}

/* --- the user --- */

enum { RESULT, USER };

static const struct tk_json_field user_fields[] = {{"result", 0}, {".ID", TK_ID_MAX}};

const struct tk_json_fields tk_rest_user_fields = {.of = user_fields, .count = 2};

const char *tk_rest_user(const struct tk_http *http)
{
    uint32_t len;
    const char *id;

    if (http == NULL || http->status != 200 || !tk_json_pick_is_whole(&http->pick))
        return "";
    id = tk_json_pick_text(&http->pick, USER, &len);
    return id == NULL || len > TK_ID_MAX ? "" : id;
}

/* The token response did not name the user. */
static void bind_user(struct tk_account *a, const struct tk_http *http)
{
    const char *id = tk_rest_user(http);

    if (id[0] == '\0' || a->info.user_id[0] != '\0' || tk_account_leaks(a, id))
        return;
    tk_copy(a->info.user_id, sizeof a->info.user_id, id);
    a->info_stored = tk_account_store_info(a) == TK_OK;
}

static void call_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_account *a = of_request(r);
    struct tk_server_error server_error;

    if (a->rest.asks_user) {
        bind_user(a, err == TK_OK ? http : NULL);
        return;
    }
    if (tk_rest_follow(a, r, http, &a->rest.redirects, &err))
        return;
    err = tk_oauth_read_rest_response(http, err, &server_error);
    if (err != TK_OK || a->refresh.failures == 0) /* else what a refresh met is of more use */
        tk_account_note_response(a, http, err, &server_error);
    if (err == TK_OK && a->rest.redirects > 0)
        (void)tk_portal_move(a, &r->host);
    verified(a, err, http);
    if (err == TK_OK && a->info.user_id[0] == '\0')
        start_call(a, true);
}

/* --- start, repeat, stop --- */

void tk_rest_verify(struct tk_account *a)
{
    a->rest.status = TK_REST_UNKNOWN;
    a->rest.failures = 0;
    tk_timer_stop(&a->rt->timers, &a->rest.timer);
    start_call(a, false);
}

/* A token that the portal refused is refreshed once before the call is repeated. */
static void timer_expired(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = TK_CONTAINER_OF(timer, struct tk_account, rest.timer);
    uint32_t left = 0;

    if (a->rest.failures == 1 && tk_err_action(a->rest.err) == TK_ACTION_REFRESH) {
        a->rest.failures++;
        (void)tk_refresh_start(a);
        tk_timer_start(&a->rt->timers, timer, now_ms + REFRESH_MS);
    } else if (tk_account_seconds_left(a, now_ms, &left) && left > 0) {
        start_call(a, false);
    } else {
        tk_timer_start(&a->rt->timers, timer, now_ms + REFUSED_MS);
    }
}

bool tk_rest_verifying(const struct tk_account *a)
{
    return tk_https_active(&a->rest.request);
}

enum tk_rest_status tk_rest_verify_status(const struct tk_account *a)
{
    return a->rest.status;
}

enum tk_err tk_rest_verify_error(const struct tk_account *a)
{
    return a->rest.err;
}

void tk_rest_verify_stop(struct tk_account *a)
{
    tk_https_cancel(&a->rt->https, &a->rest.request);
    tk_timer_stop(&a->rt->timers, &a->rest.timer);
    a->rest.status = TK_REST_UNKNOWN;
    a->rest.err = TK_OK;
    if (a->portal_fault == TK_PORTAL_USER_REFUSED)
        tk_portal_set_fault(a, TK_PORTAL_OK, NULL);
}

void tk_rest_verify_resume(struct tk_account *a)
{
    if (is_for_portal_to_end(a) && a->rest.timer.due_ms == TK_NEVER && !tk_rest_verifying(a))
        tk_timer_start(&a->rt->timers, &a->rest.timer, tk_runtime_now(a->rt) + TRANSIENT_MS);
}

void tk_rest_verify_init(struct tk_account *a)
{
    tk_timer_init(&a->rest.timer, timer_expired);
    a->rest.request.write = write_call;
    a->rest.request.done = call_done;
}
