/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_token.h"

#include "tk_account_response.h"
#include "tk_account_set.h"
#include "tk_account_store.h"
#include "tk_assert.h"
#include "tk_container.h"
#include "tk_portal.h"

#include <string.h>

#define MIN_INTERVAL_MS    10000       /* between successful refreshes */
#define ON_DEMAND_S        (7 * 86400) /* refresh tokens were seen to live 28 days */
#define BACKOFF_BASE_MS    1000
#define BACKOFF_VALID_MS   (5 * 60000)  /* cap while the access token is valid */
#define BACKOFF_EXPIRED_MS (15 * 60000) /* cap afterwards */
#define CLOCK_WAIT_MS      (5 * 60000)  /* for the time to become known */
#define CLOCK_GRACE_MS     5000         /* for a better time than a lower bound */
#define SPREAD_MS          25000 /* of overdue refreshes after a start: gateways boot together */
#define SKEW_S             300   /* between the clock at the issue of a pair and after a restart */

/* --- delays --- */

/* Never within the first second: a server that has just failed gets a rest. */
static uint64_t jittered_backoff(const struct tk_account *a, uint32_t failures, uint32_t cap_ms)
{
    uint32_t most_ms = tk_backoff_ms(BACKOFF_BASE_MS, failures, cap_ms - BACKOFF_BASE_MS);

    return BACKOFF_BASE_MS + tk_runtime_random(a->rt, most_ms + 1);
}

static bool is_valid(const struct tk_account *a)
{
    uint32_t left;

    return tk_account_seconds_left(a, tk_runtime_now(a->rt), &left) && left > 0;
}

static uint32_t cap_ms(const struct tk_account *a)
{
    return is_valid(a) ? BACKOFF_VALID_MS : BACKOFF_EXPIRED_MS;
}

uint64_t tk_token_backoff_ms(const struct tk_account *a, uint32_t failures)
{
    return jittered_backoff(a, failures, cap_ms(a));
}

/* The jitter spreads gateways that a server has turned away together. */
uint64_t tk_token_retry_after(const struct tk_account *a, const struct tk_http *response)
{
    int64_t now_unix = tk_time_or_0(&a->rt->time);
    uint64_t ms = response == NULL ? 0 : tk_http_retry_after_s(response, now_unix) * (uint64_t)1000;

    if (ms == 0)
        return 0;
    ms += tk_runtime_random(a->rt, ms / 10);
    return tk_runtime_now(a->rt) + (ms < cap_ms(a) ? ms : cap_ms(a));
}

/* The later of due_ms and the end of the minimum interval. */
static uint64_t after_min_interval(const struct tk_account *a, uint64_t due_ms)
{
    uint64_t earliest = a->refresh.last_success_ms + MIN_INTERVAL_MS;

    return a->refresh.has_succeeded && due_ms < earliest ? earliest : due_ms;
}

uint64_t tk_token_wait_ms(const struct tk_account *a)
{
    uint64_t now_ms = tk_runtime_now(a->rt);

    return after_min_interval(a, now_ms) - now_ms;
}

bool tk_token_too_soon(const struct tk_account *a)
{
    return tk_token_wait_ms(a) > 0;
}

static uint64_t renew_interval_ms(const struct tk_account *a)
{
    uint32_t by_life = a->pair.lifetime_s / 5 * 4 + a->pair.lifetime_s % 5 * 4 / 5;

    if (a->renew_s == TK_RENEW_ON_DEMAND)
        return (a->exported ? by_life : ON_DEMAND_S) * (uint64_t)1000;
    return (a->renew_s < by_life ? a->renew_s : by_life) * (uint64_t)1000;
}

/* --- refresh schedule --- */

void tk_token_refresh_at(struct tk_account *a, uint64_t due_ms)
{
    if (due_ms < a->refresh.not_before_ms)
        due_ms = a->refresh.not_before_ms;
    tk_timer_start(&a->rt->timers, &a->refresh.timer, due_ms);
}

void tk_token_refresh_soon(struct tk_account *a)
{
    uint64_t due_ms = after_min_interval(a, 0);

    if (due_ms < a->refresh.timer.due_ms)
        tk_token_refresh_at(a, due_ms);
}

bool tk_token_refresh_due_in(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    uint64_t due_ms = a->refresh.timer.due_ms;

    if (due_ms == TK_NEVER)
        return false;
    *seconds = tk_seconds_until(due_ms, now_ms);
    return true;
}

/* The tick of a refresh that is overdue; a consumer's demand starts one without delay. */
static uint64_t overdue_ms(const struct tk_account *a)
{
    uint64_t due_ms = tk_runtime_now(a->rt);

    if (!a->refresh.has_succeeded)
        due_ms += tk_runtime_random(a->rt, SPREAD_MS);
    return after_min_interval(a, due_ms + (a->times_known ? 0 : CLOCK_GRACE_MS));
}

/* The tick of the regular refresh. */
static uint64_t regular_due_ms(const struct tk_account *a)
{
    uint64_t now_ms = tk_runtime_now(a->rt);
    uint64_t interval = renew_interval_ms(a);
    uint64_t jitter = tk_runtime_random(a->rt, interval / 10 + 1);
    int64_t due_ms = a->issued_ms + (int64_t)(interval - jitter);

    if (due_ms > (int64_t)now_ms)
        return after_min_interval(a, (uint64_t)due_ms);
    return overdue_ms(a);
}

static bool can_verify(const struct tk_account *a)
{
    int64_t now_unix;

    return tk_time_can_verify(&a->rt->time, &now_unix);
}

/* A pair loaded from flash has wall times; converts them to ticks as soon as there is a time. A
 * lower bound of the time gives the latest possible end of the token: it is refreshed first. So it
 * is where the clock was set back, and the age of the token is unknown. */
static void convert_times(struct tk_account *a)
{
    const struct tk_pair *pair = &a->pair;
    uint64_t now_ms = tk_runtime_now(a->rt);
    int64_t now_unix, left_s;

    if (a->times_known || !tk_account_has_pair(a) || !can_verify(a))
        return;
    a->times_known = tk_time_known(&a->rt->time, &now_unix);
    if (TK_SYSTEM_CLOCK && !a->times_known)
        now_unix = tk_time_least(&a->rt->time);
    left_s = pair->expires_unix - now_unix - 1; /* both are truncated to seconds */
    if (left_s > (int64_t)pair->lifetime_s + SKEW_S)
        a->times_known = false;
    if (left_s > pair->lifetime_s)
        left_s = pair->lifetime_s;
    a->expires_ms = now_ms + (left_s < 0 ? 0 : (uint64_t)left_s * 1000);
    a->issued_ms = (int64_t)now_ms - (now_unix - pair->issued_unix) * 1000;
    if (!a->times_known || pair->issued_unix > now_unix)
        a->issued_ms = (int64_t)(now_ms - renew_interval_ms(a));
}

/* Drops failures whose only cause was that the time was unknown. */
static void drop_clock_failures(struct tk_account *a)
{
    if (!can_verify(a) || a->refresh.error != TK_E_CLOCK_UNKNOWN)
        return;
    a->refresh.failures = 0;
    a->refresh.error = TK_OK;
    if (a->last_error == TK_E_CLOCK_UNKNOWN)
        tk_account_set_error(a, TK_OK);
    tk_account_notify(a, TK_ACCOUNT_CLOCK_SET);
}

void tk_token_configured(struct tk_account *a)
{
    a->refresh.probe_s = 0; /* the cause of a block may be gone: probe at short intervals again */
    if (a->refresh.blocked_by != TK_OK)
        tk_token_refresh_at(a, tk_runtime_now(a->rt) + tk_runtime_random(a->rt, BACKOFF_BASE_MS));
    tk_token_schedule(a);
}

void tk_token_schedule(struct tk_account *a)
{
    convert_times(a);
    drop_clock_failures(a);
    if (!a->used || !tk_account_is_renewable(a))
        tk_token_refresh_at(a, TK_NEVER);
    else if (!a->times_known && !can_verify(a)) /* the failure of the attempt raises an alert */
        tk_token_refresh_at(a, tk_runtime_now(a->rt) + CLOCK_WAIT_MS);
    else if (a->refresh.intent && a->refresh.failures == 0)
        tk_token_refresh_at(a, tk_runtime_now(a->rt) + tk_runtime_random(a->rt, BACKOFF_BASE_MS));
    else if (a->refresh.failures == 0)
        tk_token_refresh_at(a, regular_due_ms(a));
    tk_account_notify(a, TK_ACCOUNT_CHANGED);
}

void tk_token_renew_first(struct tk_account *a)
{
    if (!a->used || !tk_account_is_renewable(a) || tk_token_too_soon(a))
        return;
    a->renew_first = true;
    tk_account_set_error(a, TK_E_CLOCK_BEHIND);
    if (a->refresh.failures == 0 && !a->refresh.intent)
        tk_token_refresh_at(a, overdue_ms(a));
}

void tk_token_health(const struct tk_account *a, struct tk_token_health *health)
{
    const struct tk_refresh *r = &a->refresh;

    *health = (struct tk_token_health){.failures = r->failures,
                                       .error = r->error,
                                       .blocked_by = tk_account_blocked_by(a),
                                       .intent = r->intent,
                                       .unstored = r->unstored};
}

/* --- storing the pair --- */

static enum tk_err store_pair(struct tk_account *a)
{
    enum tk_err err = tk_account_store_pair(a);
    uint64_t delay_ms = jittered_backoff(a, a->refresh.store_failures, BACKOFF_VALID_MS);

    a->refresh.unstored = err != TK_OK;
    a->refresh.store_failures = err == TK_OK ? 0 : a->refresh.store_failures + 1;
    tk_timer_start(&a->rt->timers, &a->refresh.store_timer,
                   err == TK_OK ? TK_NEVER : tk_runtime_now(a->rt) + delay_ms);
    if (err != TK_OK)
        tk_account_set_error(a, err);
    return err;
}

static void store_timer_expired(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = TK_CONTAINER_OF(timer, struct tk_account, refresh.store_timer);

    (void)now_ms;
    if (!a->refresh.unstored || store_pair(a) != TK_OK)
        return;
    if (a->refresh.failures == 0) {
        tk_account_set_error(a, TK_OK);
        tk_account_notify(a, TK_ACCOUNT_STORED);
    }
}

/* --- accepting a new pair --- */

/* The Date of the response has raised the floor just now. */
static void fill_pair(struct tk_account *a, const struct tk_token_response *response,
                      uint64_t sent_ms)
{
    struct tk_pair *pair = &a->pair;

    pair->issued_unix =
        tk_time_least(&a->rt->time) - tk_seconds_until(tk_runtime_now(a->rt), sent_ms);
    pair->expires_unix = pair->issued_unix + response->expires_in;
    pair->lifetime_s = response->expires_in;
    pair->generation++;
    tk_copy(pair->access, sizeof pair->access, response->access_token);
    tk_copy(pair->refresh, sizeof pair->refresh, response->refresh_token);
}

/* A value that the response lacks stays as it was (RFC 6749 section 6: the scope), as does one with
 * a secret in it, since it is shown; an unchanged one is not written to flash again. */
static void update(struct tk_account *a, char *field, size_t size, const char *value)
{
    if (value[0] == '\0' || strcmp(field, value) == 0 || tk_account_leaks(a, value))
        return;
    tk_copy(field, size, value);
    a->info_stored = false;
}

/* The account is bound to the portal and the user of its first pair. */
static void update_info(struct tk_account *a, const struct tk_token_response *response,
                        enum tk_portal_named named)
{
    struct tk_grant_info *info = &a->info;

    if (named <= TK_NAMES_PORTAL || named == TK_NAMES_CLOUD)
        update(a, info->client_endpoint, sizeof info->client_endpoint, response->client_endpoint);
    if (info->member_id[0] == '\0')
        update(a, info->member_id, sizeof info->member_id, response->member_id);
    if (info->user_id[0] == '\0')
        update(a, info->user_id, sizeof info->user_id, response->user_id);
    update(a, info->scope, sizeof info->scope, response->scope);
}

static void drop_failures(struct tk_refresh *r)
{
    r->blocked_by = r->error = TK_OK;
    r->failures = r->probe_s = r->rejected_generation = 0;
}

/* Puts the new pair into use and drops earlier failures. */
static void publish(struct tk_account *a, uint64_t sent_ms, enum tk_err store_err)
{
    struct tk_refresh *r = &a->refresh;

    a->issued_ms = (int64_t)sent_ms;
    a->expires_ms = sent_ms + a->pair.lifetime_s * (uint64_t)1000;
    a->times_known = true;
    a->renew_first = false;
    tk_account_set_error(a, store_err);
    drop_failures(r);
    r->not_before_ms = 0;
    r->last_success_ms = tk_runtime_now(a->rt);
    r->has_succeeded = true;
    tk_token_refresh_at(a, regular_due_ms(a));
}

/* The server may have retired the previous pair already: the commit comes first, and until then the
 * new pair is not published. */
void tk_token_accept(struct tk_account *a, const struct tk_token_response *response,
                     uint64_t sent_ms)
{
    struct tk_refresh *r = &a->refresh;
    const char *auth_host = tk_oauth_known_host(response->server_endpoint);
    struct tk_host portal;
    enum tk_portal_named named = tk_portal_named(a, response->client_endpoint, &portal);

    TK_ASSERT(response->access_token[0] != '\0' && response->refresh_token[0] != '\0');
    fill_pair(a, response, sent_ms);
    update_info(a, response, named);
    if (auth_host != NULL)
        tk_account_discover_host(a, auth_host);
    a->revocation = TK_NOT_REVOKED;
    r->intent = response->is_doubtful;
    r->in_doubt = r->try_previous = r->too_long = false;
    enum tk_err err = store_pair(a);

    publish(a, sent_ms, err);
    tk_portal_note_answer(a, named, &portal);
    tk_account_notify(a, TK_ACCOUNT_RENEWED);
}

/* --- client_secret_next --- */

const char *tk_token_secret(const struct tk_account *a, bool with_next,
                            char next[TK_SECRET_MAX + 1])
{
    next[0] = '\0';
    return with_next && tk_account_next_secret(a, next) ? next : a->client.client_secret;
}

bool tk_token_tries_next_secret(struct tk_account *a, enum tk_err err, bool *with_next)
{
    char next[TK_SECRET_MAX + 1];
    bool was_next = *with_next;

    if (err != TK_E_INVALID_CLIENT)
        return false;
    if (was_next)
        tk_account_report(a, "client_secret", "refused", NULL);
    *with_next = !was_next && tk_account_next_secret(a, next);
    tk_wipe(next, sizeof next);
    return *with_next;
}

void tk_token_promote_secret(struct tk_account *a)
{
    char next[TK_SECRET_MAX + 1];

    if (!tk_account_next_secret(a, next))
        return;
    tk_copy(a->client.client_secret, sizeof a->client.client_secret, next);
    tk_wipe(next, sizeof next);
    a->secret_promoted = true;
    tk_account_report(a, "client_secret", "promoted", NULL);
    tk_account_notify(a, TK_ACCOUNT_SECRET_PROMOTED);
}

/* --- forgetting --- */

enum tk_err tk_token_forget(struct tk_account *a)
{
    struct tk_refresh *r = &a->refresh;
    enum tk_err err = tk_account_forget(a);

    if (err != TK_OK)
        return err;
    tk_https_cancel(&a->rt->https, &r->request);
    tk_token_refresh_at(a, TK_NEVER);
    r->intent = r->in_doubt = r->try_previous = false;
    drop_failures(r);
    r->unstored = false;
    tk_account_set_error(a, TK_OK);
    tk_account_notify(a, TK_ACCOUNT_FORGOTTEN);
    return TK_OK;
}

void tk_token_init(struct tk_account *a)
{
    tk_timer_init(&a->refresh.store_timer, store_timer_expired);
}
