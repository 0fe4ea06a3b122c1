/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_auth.h"

#include "tk_account_store.h"
#include "tk_container.h"
#include "tk_entropy.h"
#include "tk_rest_verify.h"
#include "tk_token.h"

#include <string.h>

#define ARMED_MS      (10 * 60000)
#define WARM_MS       120000 /* a connection is kept that long before it is looked at again */
#define WARM_CHECK_MS 2000   /* how often it is looked whether it still stands */
#define WARM_TRY_MS   10000
#define AGAIN_MS      1000 /* until a code that could not be sent is tried again */

static struct tk_account *of_timer(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, auth.preconnect_timer);
}

static struct tk_account *of_again(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, auth.retry_timer);
}

static struct tk_account *of_warm(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, auth.preconnect_request);
}

static struct tk_account *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, auth.request);
}

/* --- the warm connection --- */

static void warm_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    (void)answer;
    of_warm(r)->auth.preconnect_err = err;
}

static void warm_up(struct tk_account *a, uint64_t now_ms)
{
    struct tk_request *r = &a->auth.preconnect_request;

    tk_account_auth_host(a, &r->host);
    if (tk_https_active(r) || tk_https_active(&a->auth.request) ||
        tk_https_is_warm(&a->rt->https, &r->host))
        return;
    r->priority = TK_PRIORITY_CHECK; /* a refresh must not wait for it */
    r->deadline_ms = now_ms + WARM_TRY_MS;
    r->keepalive_ms = WARM_MS;
    tk_https_submit(&a->rt->https, r);
}

static void keep_warm(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = of_timer(timer);

    if (now_ms >= a->auth.preconnect_until_ms)
        return;
    warm_up(a, now_ms);
    tk_timer_start(&a->rt->timers, timer, now_ms + WARM_CHECK_MS);
}

static void cool_down(struct tk_account *a)
{
    a->auth.preconnect_until_ms = 0;
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

/* --- the link --- */

enum tk_err tk_auth_begin(struct tk_account *a)
{
    uint8_t bytes[TK_STATE_SIZE];
    struct tk_text state;
    uint64_t now_ms = tk_runtime_now(a->rt);

    if (!tk_account_has_client(a))
        return TK_E_NO_CLIENT;
    if (tk_entropy_get(a->rt->config->port, bytes, sizeof bytes) != TK_ENTROPY_OK)
        return TK_E_NOT_SEEDED;
    tk_text_init(&state, a->auth.state, sizeof a->auth.state);
    tk_text_hex(&state, bytes, sizeof bytes);
    a->auth.preconnect_until_ms = now_ms + ARMED_MS;
    a->auth.preconnect_err = TK_OK;
    warm_up(a, now_ms);
    tk_timer_start(&a->rt->timers, &a->auth.preconnect_timer, now_ms + WARM_CHECK_MS);
    return TK_OK;
}

const char *tk_auth_state(const struct tk_account *a)
{
    return a->auth.state;
}

enum tk_err tk_auth_send_error(const struct tk_account *a)
{
    return a->auth.send_error;
}

void tk_auth_url(const struct tk_account *a, struct tk_text *t)
{
    tk_oauth_authorization_url(t, &a->client, a->auth.state);
}

/* --- the code --- */

/* An address that names a state must name ours; after auth begin it must name one. */
static bool is_our_state(const struct tk_account *a, const struct tk_redirect *redirect)
{
    if (!redirect->is_url)
        return true;
    return strcmp(redirect->state, a->auth.state) == 0;
}

/* The portal names itself with or without its port. */
static bool is_our_portal(const struct tk_account *a, const struct tk_redirect *redirect)
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

/* The last moment before the code leaves: from here on it is spent. */
static enum tk_err write_exchange(struct tk_request *r, struct tk_text *out)
{
    struct tk_account *a = of_request(r);

    (void)tk_account_store_code(a, a->auth.code); /* RAM remembers it where flash fails */
    tk_oauth_exchange_request(out, &r->host, &a->client, a->auth.code);
    a->auth.sent_ms = tk_runtime_now(a->rt);
    return TK_OK;
}

/* What may be over in a second; the rest is told at once. */
static bool is_transient(enum tk_err err)
{
    return err == TK_E_NAME_UNKNOWN || err == TK_E_CONNECT_FAILED || err == TK_E_CONN_LOST ||
           err == TK_E_TIMEOUT;
}

/* What the outcome means for a code. */
static enum tk_err code_error(enum tk_err err, bool sent)
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

/* A portal must not get an account's name that was meant for another. */
static bool is_for_our_portal(const struct tk_account *a, const struct tk_token_response *grant)
{
    struct tk_host host;

    if (grant->client_endpoint[0] == '\0')
        return true;
    const char *s = strstr(grant->client_endpoint, "://");

    return tk_host_parse(&host, s == NULL ? grant->client_endpoint : s + 3, NULL) &&
           tk_account_is_portal(a, &host);
}

static enum tk_err read_exchange(struct tk_account *a, struct tk_http *answer)
{
    struct tk_token_response grant;
    int64_t now_unix;

    tk_time_note_server_date(&a->rt->time, answer->date_unix);
    (void)tk_time_now(&a->rt->time, &now_unix);
    enum tk_err err = tk_oauth_read_token_response(answer, now_unix, &grant);

    tk_account_set_server_error(a, grant.server_error);
    if (err != TK_OK)
        return err;
    if (!is_for_our_portal(a, &grant))
        return TK_E_WRONG_PORTAL;
    tk_https_cancel(&a->rt->https, &a->refresh.request); /* of the pair that ends here */
    if (a->auth.redirect_host != NULL)
        tk_account_discover_host(a, a->auth.redirect_host);
    tk_account_notify(a, TK_ACCOUNT_EXCHANGED, TK_OK);
    tk_token_accept(a, &grant, a->auth.sent_ms);
    cool_down(a);
    a->auth.state[0] = '\0';
    tk_rest_verify(a);
    return TK_OK;
}

static void try_again(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = of_again(timer);

    (void)now_ms;
    tk_https_submit(&a->rt->https, &a->auth.request);
}

static bool may_try_again(struct tk_account *a, enum tk_err err)
{
    struct tk_request *r = &a->auth.request;
    uint64_t at_ms = tk_runtime_now(a->rt) + AGAIN_MS;

    if (r->sent || !is_transient(err))
        return false;
    if (err != TK_E_TIMEOUT)
        a->auth.send_error = err;
    if (at_ms >= r->deadline_ms)
        return false;
    tk_timer_start(&a->rt->timers, &a->auth.retry_timer, at_ms);
    return true;
}

static void exchange_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct tk_account *a = of_request(r);

    if (err == TK_OK)
        err = read_exchange(a, answer);
    else
        tk_account_set_server_error(a, "");
    if (may_try_again(a, err))
        return;
    tk_wipe(a->auth.code, sizeof a->auth.code);
    a->auth.result = code_error(err, r->sent);
    if (err != TK_OK)
        a->last_error = a->auth.result;
}

static void auth_host_for(struct tk_account *a, const struct tk_redirect *redirect)
{
    struct tk_request *r = &a->auth.request;

    tk_account_auth_host(a, &r->host);
    a->auth.redirect_host = tk_oauth_known_host(redirect->server_domain);
    if (a->auth.redirect_host != NULL && a->auth_host[0] == '\0')
        (void)tk_host_parse(&r->host, a->auth.redirect_host, NULL);
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
    if (tk_account_code_is_used(a, redirect->code)) /* first: its state is not ours any more */
        return TK_E_CODE_USED;
    if (!is_our_portal(a, redirect))
        return TK_E_WRONG_DOMAIN;
    return is_our_state(a, redirect) ? TK_OK : TK_E_WRONG_STATE;
}

enum tk_err tk_auth_code(struct tk_account *a, const char *pasted)
{
    struct tk_request *r = &a->auth.request;
    struct tk_redirect redirect;
    enum tk_err err = check_code(a, pasted, &redirect);

    if (err == TK_OK) {
        tk_copy(a->auth.code, sizeof a->auth.code, redirect.code);
        auth_host_for(a, &redirect);
        r->priority = TK_PRIORITY_EXCHANGE;
        r->deadline_ms = tk_runtime_now(a->rt) + TK_CODE_TIME_MS;
        r->keepalive_ms = 0;
        a->auth.send_error = TK_E_TIMEOUT;
        tk_https_submit(&a->rt->https, r);
    }
    tk_wipe(&redirect, sizeof redirect);
    return err;
}

bool tk_auth_is_exchanging(const struct tk_account *a, enum tk_err *result, bool *spent)
{
    *result = a->auth.result;
    *spent = a->auth.request.sent;
    return tk_account_exchanging(a);
}

static void withdraw(struct tk_account *a)
{
    tk_timer_stop(&a->rt->timers, &a->auth.retry_timer);
    tk_https_cancel(&a->rt->https, &a->auth.request);
    tk_wipe(a->auth.code, sizeof a->auth.code);
    a->auth.result = TK_E_CANCELLED; /* for whoever still looks */
}

void tk_auth_cancel_unsent(struct tk_account *a)
{
    if (!a->auth.request.sent)
        withdraw(a);
}

void tk_auth_cancel(struct tk_account *a)
{
    cool_down(a);
    withdraw(a);
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
    tk_timer_init(&a->auth.preconnect_timer, keep_warm);
    tk_timer_init(&a->auth.retry_timer, try_again);
    a->auth.preconnect_request.write = NULL;
    a->auth.preconnect_request.done = warm_done;
    a->auth.request.write = write_exchange;
    a->auth.request.done = exchange_done;
}
