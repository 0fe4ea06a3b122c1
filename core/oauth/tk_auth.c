/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_auth.h"

#include "tk_account_response.h"
#include "tk_account_store.h"
#include "tk_container.h"
#include "tk_entropy.h"
#include "tk_portal.h"
#include "tk_rest_verify.h"
#include "tk_token.h"

#include <string.h>

#define PRECONNECT_MS         (10 * 60000)
#define PRECONNECT_CHECK_MS   2000 /* between checks that the connection still stands */
#define PRECONNECT_TIMEOUT_MS 10000
#define KEEPALIVE_MS          120000 /* then the connection is closed and opened again */
#define RETRY_MS              1000   /* before a code that was not sent is tried again */
#define STATE_MS              (15 * 60000)

static struct tk_account *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, auth.request);
}

/* --- preconnect --- */

static void preconnect_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_account *a = TK_CONTAINER_OF(r, struct tk_account, auth.preconnect_request);

    (void)http;
    a->auth.preconnect_err = err;
}

static void preconnect(struct tk_account *a)
{
    struct tk_request *r = &a->auth.preconnect_request;

    tk_account_auth_host(a, &r->host);
    if (tk_https_active(r) || tk_https_active(&a->auth.request) ||
        tk_https_is_warm(&a->rt->https, &r->host))
        return;
    r->keepalive_ms = KEEPALIVE_MS;
    tk_https_start(&a->rt->https, r, TK_PRIORITY_CHECK, PRECONNECT_TIMEOUT_MS);
}

static void keep_connected(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = TK_CONTAINER_OF(timer, struct tk_account, auth.preconnect_timer);

    if (now_ms >= a->auth.preconnect_until_ms)
        return;
    preconnect(a);
    tk_timer_start(&a->rt->timers, timer, now_ms + PRECONNECT_CHECK_MS);
}

static void stop_preconnect(struct tk_account *a)
{
    tk_timer_stop(&a->rt->timers, &a->auth.preconnect_timer);
    tk_https_cancel(&a->rt->https, &a->auth.preconnect_request);
}

bool tk_auth_is_connected(const struct tk_account *a)
{
    struct tk_host host;

    tk_account_auth_host(a, &host);
    return tk_https_is_warm(&a->rt->https, &host);
}

bool tk_auth_is_connecting(const struct tk_account *a, enum tk_err *err)
{
    *err = a->auth.preconnect_err;
    return tk_https_active(&a->auth.preconnect_request);
}

/* --- the authorization URL --- */

enum tk_err tk_auth_begin(struct tk_account *a, bool other_user)
{
    uint8_t bytes[TK_AUTH_STATE_SIZE];
    struct tk_text state;
    uint64_t now_ms = tk_runtime_now(a->rt);

    if (!tk_account_has_client(a))
        return TK_E_NO_CLIENT;
    if (tk_entropy_get(a->rt->config->port, bytes, sizeof bytes) != TK_ENTROPY_OK)
        return TK_E_NOT_SEEDED;
    tk_text_init(&state, a->auth.state, sizeof a->auth.state);
    tk_text_hex(&state, bytes, sizeof bytes);
    a->auth.state_until_ms = now_ms + STATE_MS;
    a->auth.other_user = other_user;
    a->auth.preconnect_until_ms = now_ms + PRECONNECT_MS;
    a->auth.preconnect_err = TK_OK;
    preconnect(a);
    tk_timer_start(&a->rt->timers, &a->auth.preconnect_timer, now_ms + PRECONNECT_CHECK_MS);
    return TK_OK;
}

const char *tk_auth_state(const struct tk_account *a)
{
    return a->auth.state;
}

void tk_auth_url(const struct tk_account *a, struct tk_text *t)
{
    tk_oauth_authorization_url(t, &a->client, a->auth.state);
}

/* --- checks before a code is sent --- */

/* A redirect URL must carry our state (RFC 6749 section 10.12); a bare code has none. */
static bool is_our_state(const struct tk_account *a, const struct tk_redirect *redirect)
{
    return !redirect->is_url ||
           (a->auth.state[0] != '\0' && strcmp(redirect->state, a->auth.state) == 0);
}

/* `domain` may omit the portal's port. */
static bool is_our_domain(const struct tk_account *a, const struct tk_redirect *redirect)
{
    struct tk_host host;

    if (redirect->domain[0] == '\0')
        return true;
    if (!tk_host_parse(&host, redirect->domain, NULL))
        return false;
    if (strrchr(redirect->domain, ':') == NULL)
        host.port = a->client.portal.port;
    return tk_host_same(&host, &a->client.portal);
}

static enum tk_err check_code(struct tk_account *a, const char *pasted,
                              struct tk_redirect *redirect)
{
    if (!tk_account_has_client(a))
        return TK_E_NO_CLIENT;
    if (tk_account_exchanging(a))
        return TK_E_BUSY;
    enum tk_err err = tk_oauth_parse_redirect(pasted, redirect);

    if (err != TK_OK)
        return err;
    if (tk_runtime_now(a->rt) >= a->auth.state_until_ms)
        tk_account_end_begin(a);
    if (tk_account_code_is_used(a, redirect->code)) /* before the state, which was cleared then */
        return TK_E_CODE_USED;
    if (!is_our_domain(a, redirect))
        return TK_E_WRONG_DOMAIN;
    return is_our_state(a, redirect) ? TK_OK : TK_E_WRONG_STATE;
}

/* --- the exchange request --- */

/* Called when the connection is ready and nothing was sent yet. From here on the code is used. */
static enum tk_err write_exchange(struct tk_request *r, struct tk_text *out)
{
    struct tk_account *a = of_request(r);
    char next[TK_SECRET_MAX + 1];

    if (a->auth.asks_user)
        return tk_rest_write(a, r, TK_REST_USER, TK_REST_JSON, a->auth.code, "}", out);
    if (!a->auth.with_next_secret)                    /* else it is recorded already */
        (void)tk_account_store_code(a, a->auth.code); /* if flash fails it is recorded in RAM */
    tk_oauth_exchange_request(out, &r->host, &a->client,
                              tk_token_secret(a, a->auth.with_next_secret, next), a->auth.code);
    tk_wipe(next, sizeof next);
    a->auth.sent_ms = tk_runtime_now(a->rt);
    return TK_OK;
}

/* False if the pair is for another portal, that the operator was logged in to. An endpoint that is
 * no URL does not say so. */
static bool is_for_our_portal(const struct tk_account *a, const struct tk_token_response *response)
{
    struct tk_host host;
    enum tk_portal_named named = tk_portal_named(a, response->client_endpoint, &host);

    return named != TK_NAMES_CLOUD && named != TK_NAMES_OTHER;
}

/* --- whose pair it is --- */

/* Of a value that the response lacks the account keeps its own. */
static bool differs(const char *bound, const char *named)
{
    return bound[0] != '\0' && named[0] != '\0' && strcmp(bound, named) != 0;
}

static enum tk_err other_user(struct tk_account *a, const char *was, const char *now)
{
    tk_account_note_other(a, was, now);
    return TK_E_OTHER_USER;
}

/* TK_E_BUSY: the response does not say. */
static enum tk_err judge_user(struct tk_account *a, const struct tk_token_response *response)
{
    const struct tk_grant_info *info = &a->info;

    if (a->auth.any_user)
        return TK_OK;
    if (differs(info->member_id, response->member_id))
        return other_user(a, info->member_id, response->member_id);
    if (differs(info->user_id, response->user_id))
        return other_user(a, info->user_id, response->user_id);
    return info->user_id[0] == '\0' || response->user_id[0] != '\0' ? TK_OK : TK_E_BUSY;
}

/* Keeps the new pair until the portal has said whose it is. */
static void hold_pair(struct tk_account *a, const struct tk_token_response *response)
{
    tk_copy(a->auth.code, sizeof a->auth.code, response->access_token);
    tk_copy(a->auth.refresh_token, sizeof a->auth.refresh_token, response->refresh_token);
    a->auth.lifetime_s = response->expires_in;
    a->auth.is_doubtful = response->is_doubtful;
}

static struct tk_token_response held_pair(const struct tk_account *a)
{
    return (struct tk_token_response){.access_token = a->auth.code,
                                      .refresh_token = a->auth.refresh_token,
                                      .client_endpoint = "",
                                      .server_endpoint = "",
                                      .member_id = "",
                                      .user_id = "",
                                      .scope = "",
                                      .expires_in = a->auth.lifetime_s,
                                      .is_doubtful = a->auth.is_doubtful,
                                      .error = {"", ""}};
}

static void wipe_codes(struct tk_account *a)
{
    tk_wipe(a->auth.code, sizeof a->auth.code);
    tk_wipe(a->auth.refresh_token, sizeof a->auth.refresh_token);
}

/* The exchange succeeded: the new pair replaces the account's, whose refresh is cancelled. */
static void accept_pair(struct tk_account *a, const struct tk_token_response *response)
{
    struct tk_grant_info *info = &a->info;

    tk_https_cancel(&a->rt->https, &a->refresh.request);
    tk_rest_verify_stop(a); /* what the portal said of the former user is over */
    if (a->auth.redirect_host != NULL)
        tk_account_discover_host(a, a->auth.redirect_host);
    info->scope[0] = '\0'; /* of the former grant */
    if (a->auth.any_user)
        info->member_id[0] = info->user_id[0] = '\0';
    a->info_stored = false;
    tk_account_notify(a, TK_ACCOUNT_EXCHANGED);
    if (a->auth.with_next_secret)
        tk_token_promote_secret(a);
    tk_token_accept(a, response, a->auth.sent_ms);
    stop_preconnect(a);
    tk_rest_verify(a);
}

static enum tk_err handle_exchange(struct tk_account *a, const struct tk_http *http,
                                   enum tk_err err)
{
    struct tk_token_response response;

    err = tk_account_read_tokens(a, http, err, true, &response);
    if (err != TK_OK)
        return err;
    if (!is_for_our_portal(a, &response))
        return TK_E_WRONG_PORTAL;
    hold_pair(a, &response);
    err = judge_user(a, &response);
    if (err == TK_OK)
        accept_pair(a, &response);
    return err;
}

/* If the portal does not say, the pair is not accepted. */
static enum tk_err handle_user(struct tk_account *a, const struct tk_http *http)
{
    const char *user = tk_rest_user(http);
    struct tk_token_response response = held_pair(a);

    if (strcmp(user, a->info.user_id) != 0)
        return other_user(a, a->info.user_id, user[0] == '\0' ? "unknown" : user);
    accept_pair(a, &response);
    return TK_OK;
}

static void ask_user(struct tk_account *a)
{
    struct tk_request *r = &a->auth.request;
    const char *path;

    a->auth.asks_user = true;
    r->fields = &tk_rest_user_fields;
    (void)tk_portal_endpoint(a, &r->host, &path); /* fails when it is written, too */
    tk_https_submit(&a->rt->https, r);
}

/* True for an error that may be gone a second later; any other is reported at once. */
static bool is_transient(enum tk_err err)
{
    return err == TK_E_NAME_UNKNOWN || err == TK_E_CONNECT_FAILED || err == TK_E_CONN_LOST ||
           err == TK_E_TIMEOUT;
}

/* Schedules another try if the code was not sent and there is time left. */
static bool retry(struct tk_account *a, enum tk_err err)
{
    struct tk_request *r = &a->auth.request;
    uint64_t due_ms = tk_runtime_now(a->rt) + RETRY_MS;

    if (r->sent || !is_transient(err))
        return false;
    if (err != TK_E_TIMEOUT)
        a->auth.send_error = err;
    if (due_ms >= r->deadline_ms)
        return false;
    tk_timer_start(&a->rt->timers, &a->auth.retry_timer, due_ms);
    return true;
}

static void retry_timer_expired(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = TK_CONTAINER_OF(timer, struct tk_account, auth.retry_timer);

    (void)now_ms;
    tk_https_submit(&a->rt->https, &a->auth.request);
}

/* The result of an exchange, in terms of its code. */
static enum tk_err code_result(enum tk_err err, bool sent)
{
    if (!sent)
        return is_transient(err) ? TK_E_CODE_EXPIRED : err;
    switch (err) {
    case TK_E_EXPIRED_TOKEN:
        return TK_E_CODE_STALE;
    case TK_E_INVALID_GRANT:
        return TK_E_CODE_REJECTED;
    case TK_E_TIMEOUT:
    case TK_E_CONN_LOST:
        return TK_E_CODE_UNANSWERED;
    default:
        return err;
    }
}

static bool is_spent(const struct tk_account *a)
{
    return a->auth.request.sent || a->auth.asks_user;
}

static void exchange_done(struct tk_request *r, enum tk_err err, struct tk_http *http)
{
    struct tk_account *a = of_request(r);

    if (retry(a, err))
        return;
    err = a->auth.asks_user ? handle_user(a, err == TK_OK ? http : NULL)
                            : handle_exchange(a, http, err);
    if (err == TK_E_BUSY) {
        ask_user(a);
        return;
    }
    /* A server that refuses the client does not use the code. */
    if (tk_token_tries_next_secret(a, err, &a->auth.with_next_secret)) {
        tk_https_submit(&a->rt->https, r);
        return;
    }
    wipe_codes(a);
    a->auth.result = code_result(err, is_spent(a));
    if (err != TK_OK)
        tk_account_set_error(a, a->auth.result);
}

/* The redirect may name the authorization host, unless the operator set one. */
static void choose_host(struct tk_account *a, const struct tk_redirect *redirect)
{
    struct tk_request *r = &a->auth.request;

    tk_account_auth_host(a, &r->host);
    a->auth.redirect_host = tk_oauth_known_host(redirect->server_domain);
    if (a->auth.redirect_host != NULL && a->auth_host[0] == '\0')
        (void)tk_host_parse(&r->host, a->auth.redirect_host, NULL);
}

static void start_exchange(struct tk_account *a, const struct tk_redirect *redirect)
{
    struct tk_request *r = &a->auth.request;

    tk_copy(a->auth.code, sizeof a->auth.code, redirect->code);
    choose_host(a, redirect);
    a->auth.with_next_secret = a->auth.asks_user = false;
    a->auth.any_user = a->auth.other_user;
    tk_account_end_begin(a);
    r->fields = &tk_oauth_fields;
    a->auth.send_error = TK_E_TIMEOUT;
    tk_https_start(&a->rt->https, r, TK_PRIORITY_EXCHANGE, TK_CODE_TIME_MS);
}

enum tk_err tk_auth_code(struct tk_account *a, const char *pasted)
{
    struct tk_redirect redirect;
    enum tk_err err = check_code(a, pasted, &redirect);

    if (err == TK_OK)
        start_exchange(a, &redirect);
    tk_wipe(&redirect, sizeof redirect);
    return err;
}

bool tk_auth_is_exchanging(const struct tk_account *a, enum tk_err *result, bool *sent)
{
    *result = a->auth.result;
    *sent = is_spent(a);
    return tk_account_exchanging(a);
}

bool tk_auth_is_rebound(const struct tk_account *a)
{
    return a->auth.any_user;
}

enum tk_err tk_auth_send_error(const struct tk_account *a)
{
    return a->auth.send_error;
}

/* --- cancelling --- */

static void cancel_exchange(struct tk_account *a)
{
    tk_timer_stop(&a->rt->timers, &a->auth.retry_timer);
    tk_https_cancel(&a->rt->https, &a->auth.request);
    wipe_codes(a);
    a->auth.result = TK_E_CANCELLED; /* for a console that still waits for it */
}

void tk_auth_cancel_unsent(struct tk_account *a)
{
    if (!is_spent(a))
        cancel_exchange(a);
}

void tk_auth_cancel(struct tk_account *a)
{
    stop_preconnect(a);
    cancel_exchange(a);
}

enum tk_err tk_auth_forget(struct tk_account *a)
{
    enum tk_err err = tk_token_forget(a);

    if (err != TK_OK)
        return err;
    tk_rest_verify_stop(a);
    tk_auth_cancel(a);
    return TK_OK;
}

void tk_auth_init(struct tk_account *a)
{
    tk_timer_init(&a->auth.preconnect_timer, keep_connected);
    tk_timer_init(&a->auth.retry_timer, retry_timer_expired);
    a->auth.preconnect_request.write = NULL;
    a->auth.preconnect_request.done = preconnect_done;
    a->auth.request.write = write_exchange;
    a->auth.request.done = exchange_done;
}
