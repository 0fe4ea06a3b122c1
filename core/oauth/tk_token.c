/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_token.h"

#include "tk_account_set.h"
#include "tk_account_store.h"
#include "tk_container.h"

#include <string.h>

#define REQUEST_TIMEOUT_MS 30000
#define APART_MS           10000       /* a refresh is never sooner after a successful one */
#define ON_DEMAND_S        (7 * 86400) /* refresh tokens have been seen to live 28 days */
#define BACKOFF_BASE_MS    1000
#define BACKOFF_VALID_MS   (5 * 60000)  /* cap while a token is valid */
#define BACKOFF_EXPIRED_MS (15 * 60000) /* cap after */
#define PROBE_FIRST_S      3600
#define PROBE_LAST_S       86400
#define CLOCK_WAIT_MS      (5 * 60000) /* for somebody to tell the time after a start */
#define SPREAD_MS          30000 /* overdue refreshes after a start: many gateways start at once */

static struct tk_account *of_timer(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, refresh.timer);
}

static struct tk_account *of_store_timer(struct tk_timer *timer)
{
    return TK_CONTAINER_OF(timer, struct tk_account, refresh.store_timer);
}

static struct tk_account *of_request(struct tk_request *r)
{
    return TK_CONTAINER_OF(r, struct tk_account, refresh.request);
}

static uint64_t now_of(const struct tk_account *a)
{
    return tk_runtime_now(a->rt);
}

static void refresh_at(struct tk_account *a, uint64_t due_ms)
{
    tk_timer_start(&a->rt->timers, &a->refresh.timer, due_ms);
}

/* --- when --- */

/* Full jitter: anything from 0 to base * 2^failures, at most cap. */
static uint64_t backoff(const struct tk_account *a, uint32_t failures, uint64_t cap_ms)
{
    return tk_runtime_random(a->rt, tk_backoff_ms(BACKOFF_BASE_MS, failures, cap_ms) + 1);
}

static bool is_valid(const struct tk_account *a)
{
    uint32_t left;

    return tk_account_seconds_left(a, now_of(a), &left) && left > 0;
}

static uint64_t backoff_cap(const struct tk_account *a)
{
    return is_valid(a) ? BACKOFF_VALID_MS : BACKOFF_EXPIRED_MS;
}

static uint64_t renew_interval_ms(const struct tk_account *a)
{
    uint32_t by_life = a->pair.lifetime_s / 5 * 4 + a->pair.lifetime_s % 5 * 4 / 5;

    if (a->renew_s == TK_RENEW_ON_DEMAND)
        return ON_DEMAND_S * (uint64_t)1000;
    return (a->renew_s < by_life ? a->renew_s : by_life) * (uint64_t)1000;
}

/* A pair that was read from flash has wall times; once the time is known they become ticks. */
static void fix_times(struct tk_account *a)
{
    uint64_t now_ms = now_of(a);
    int64_t now_unix;

    if (a->times_known || !tk_account_has_pair(a) || !tk_time_known(&a->rt->time, &now_unix))
        return;
    int64_t left_s = a->pair.expires_unix - now_unix - 1; /* seconds are cut, not rounded */

    if (left_s < 0)
        left_s = 0;
    a->issued_ms = (int64_t)now_ms - (now_unix - a->pair.issued_unix) * 1000;
    if (left_s > a->pair.lifetime_s) { /* the clock was set back: how old is it? renewed at once */
        left_s = a->pair.lifetime_s;
        a->issued_ms = (int64_t)(now_ms - renew_interval_ms(a));
    }
    a->expires_ms = now_ms + (uint64_t)left_s * 1000;
    a->times_known = true;
}

static uint64_t not_too_soon(const struct tk_account *a, uint64_t due_ms)
{
    uint64_t earliest = a->refresh.last_success_ms + APART_MS;

    return a->refresh.has_succeeded && due_ms < earliest ? earliest : due_ms;
}

/* min(renew, 80 % of the life) after issue, less up to a tenth of jitter. */
static uint64_t planned(const struct tk_account *a)
{
    uint64_t now_ms = now_of(a);
    uint64_t interval = renew_interval_ms(a);
    uint64_t jitter = tk_runtime_random(a->rt, interval / 10 + 1);
    int64_t due_ms = a->issued_ms + (int64_t)(interval - jitter);

    if (due_ms > (int64_t)now_ms)
        return not_too_soon(a, (uint64_t)due_ms);
    bool is_start = !a->refresh.has_succeeded; /* who asks for a token does not wait */

    return not_too_soon(a, now_ms + (is_start ? tk_runtime_random(a->rt, SPREAD_MS) : 0));
}

/* Drops failures whose only cause was that the time was unknown. */
static void forget_clock_failures(struct tk_account *a)
{
    if (!a->times_known || a->refresh.error != TK_E_CLOCK_UNKNOWN)
        return;
    a->refresh.failures = 0;
    a->refresh.error = TK_OK;
    if (a->last_error == TK_E_CLOCK_UNKNOWN)
        a->last_error = TK_OK;
    tk_account_notify(a, TK_ACCOUNT_CLOCK_SET, TK_OK);
}

/* Without a clock nothing can be renewed; an attempt that fails for that is how it is told. */
void tk_token_schedule(struct tk_account *a)
{
    fix_times(a);
    forget_clock_failures(a);
    a->refresh.probe_s = 0; /* what a probe meets may be another thing now */
    if (!a->used || !tk_account_has_pair(a) || a->revocation != TK_NOT_REVOKED)
        refresh_at(a, TK_NEVER);
    else if (!a->times_known)
        refresh_at(a, now_of(a) + CLOCK_WAIT_MS);
    else if (a->refresh.intent || a->refresh.blocked_by != TK_OK)
        refresh_at(a, now_of(a) + tk_runtime_random(a->rt, BACKOFF_BASE_MS));
    else if (a->refresh.failures == 0)
        refresh_at(a, planned(a));
    tk_account_notify(a, TK_ACCOUNT_CHANGED, TK_OK);
}

void tk_token_health(const struct tk_account *a, struct tk_token_health *health)
{
    const struct tk_refresh *r = &a->refresh;

    *health = (struct tk_token_health){.failures = r->failures,
                                       .error = r->error,
                                       .blocked_by = r->blocked_by,
                                       .intent = r->intent,
                                       .unstored = r->unstored};
}

bool tk_token_refresh_due_in(const struct tk_account *a, uint64_t now_ms, uint32_t *seconds)
{
    uint64_t due_ms = a->refresh.timer.due_ms;

    if (due_ms == TK_NEVER)
        return false;
    *seconds = due_ms > now_ms ? (uint32_t)((due_ms - now_ms) / 1000) : 0;
    return true;
}

/* --- a new pair --- */

/* Most are what they were: those are not written once more. */
static void take_string(struct tk_account *a, char *fact, size_t size, const char *value)
{
    if (strcmp(fact, value) == 0)
        return;
    tk_copy(fact, size, value);
    a->info_stored = false;
}

static void take_info(struct tk_account *a, const struct tk_token_response *grant, bool has_moved)
{
    struct tk_grant_info *f = &a->info;

    if (!has_moved)
        take_string(a, f->client_endpoint, sizeof f->client_endpoint, grant->client_endpoint);
    take_string(a, f->member_id, sizeof f->member_id, grant->member_id);
    take_string(a, f->user_id, sizeof f->user_id, grant->user_id);
    take_string(a, f->scope, sizeof f->scope, grant->scope);
}

static enum tk_err store_pair(struct tk_account *a)
{
    enum tk_err err = tk_account_store_pair(a);
    uint64_t wait_ms = backoff(a, a->refresh.store_failures, BACKOFF_VALID_MS);

    a->refresh.unstored = err != TK_OK;
    a->refresh.store_failures = err == TK_OK ? 0 : a->refresh.store_failures + 1;
    tk_timer_start(&a->rt->timers, &a->refresh.store_timer,
                   err == TK_OK ? TK_NEVER : now_of(a) + BACKOFF_BASE_MS + wait_ms);
    if (err != TK_OK)
        a->last_error = err;
    return err;
}

static void fill_pair(struct tk_account *a, const struct tk_token_response *grant, uint64_t sent_ms)
{
    struct tk_pair *pair = &a->pair;
    int64_t now_unix;

    (void)tk_time_now(&a->rt->time, &now_unix);
    pair->issued_unix = now_unix - (int64_t)((now_of(a) - sent_ms) / 1000);
    pair->expires_unix = pair->issued_unix + grant->expires_in;
    pair->lifetime_s = grant->expires_in;
    pair->generation++;
    tk_copy(pair->access, sizeof pair->access, grant->access_token);
    tk_copy(pair->refresh, sizeof pair->refresh, grant->refresh_token);
}

/* Whether an answer has another address of the portal than we do. */
static bool is_elsewhere(const struct tk_account *a, const struct tk_token_response *grant,
                         struct tk_host *there)
{
    return tk_host_parse(there, grant->client_endpoint, NULL) &&
           strcmp(there->name, a->client.portal.name) != 0;
}

/* From the next statement on the pair before it may be dead at the server: nothing comes between
 * the answer and the commit, and nobody is shown the pair before that. */
void tk_token_accept(struct tk_account *a, const struct tk_token_response *grant, uint64_t sent_ms)
{
    struct tk_refresh *r = &a->refresh;
    const char *host = tk_oauth_known_host(grant->server_endpoint);
    struct tk_host there;
    bool elsewhere = is_elsewhere(a, grant, &there);
    bool outdated = elsewhere && tk_account_is_portal(a, &there); /* the portal said so itself */

    fill_pair(a, grant, sent_ms);
    take_info(a, grant, outdated);
    if (host != NULL)
        tk_account_discover_host(a, host);
    a->revocation = TK_NOT_REVOKED;
    r->intent = r->in_doubt = r->try_previous = false;
    enum tk_err err = store_pair(a);

    a->issued_ms = sent_ms;
    a->expires_ms = sent_ms + grant->expires_in * (uint64_t)1000;
    a->times_known = true;
    a->last_error = err;
    r->blocked_by = r->error = TK_OK;
    r->failures = r->probe_s = r->rejected = 0;
    r->last_success_ms = now_of(a);
    r->has_succeeded = true;
    refresh_at(a, planned(a));
    if (elsewhere && !outdated)
        tk_account_move(a, &there);
    tk_account_notify(a, TK_ACCOUNT_RENEWED, err);
}

static void store_again(struct tk_timer *timer, uint64_t now_ms)
{
    struct tk_account *a = of_store_timer(timer);

    (void)now_ms;
    if (!a->refresh.unstored || store_pair(a) != TK_OK)
        return;
    if (a->refresh.failures == 0) {
        a->last_error = TK_OK;
        tk_account_notify(a, TK_ACCOUNT_STORED, TK_OK);
    }
}

/* --- a refresh --- */

/* The last moment before the refresh token leaves: the intent goes to flash. Flash that fails must
 * not stop the refresh, whose pair lives in RAM then. */
static enum tk_err write_refresh(struct tk_request *request, struct tk_text *out)
{
    struct tk_account *a = of_request(request);
    char previous[TK_TOKEN_MAX + 1] = "";
    const char *token = a->pair.refresh;

    if (tk_account_store_intent(a, true) != TK_OK) /* costs nothing where it is open */
        a->last_error = TK_E_STORAGE_FAILED;
    a->refresh.intent = true;
    if (a->refresh.try_previous && tk_account_previous_refresh_token(a, previous))
        token = previous;
    tk_oauth_refresh_request(out, &request->host, &a->client, token);
    tk_wipe(previous, sizeof previous);
    a->refresh.sent_ms = now_of(a);
    return TK_OK;
}

/* Nothing was rotated by this attempt: either it was never sent, or the server said so. */
static void close_intent(struct tk_account *a)
{
    if (a->refresh.in_doubt || !a->refresh.intent)
        return;
    a->refresh.intent = false;
    (void)tk_account_store_intent(a, false); /* left open it only costs a try of the old pair */
}

static void end_pair(struct tk_account *a)
{
    a->revocation = a->refresh.in_doubt ? TK_ROTATION_LOST : TK_REVOKED;
    a->refresh.blocked_by = TK_OK; /* what was to be done before does not help any more */
    a->refresh.intent = a->refresh.try_previous = false;
    refresh_at(a, TK_NEVER);
    (void)tk_account_store_revocation(a,
                                      a->revocation); /* else a restart asks the server once more */
}

static void refused(struct tk_account *a)
{
    char previous[TK_TOKEN_MAX + 1];
    bool has_previous = tk_account_previous_refresh_token(a, previous);

    tk_wipe(previous, sizeof previous);
    if (!a->refresh.in_doubt || a->refresh.try_previous || !has_previous) {
        end_pair(a);
        return;
    }
    a->refresh.try_previous = true;
    refresh_at(a, now_of(a) + BACKOFF_BASE_MS);
}

static void probe_later(struct tk_account *a)
{
    if (a->refresh.probe_s == 0)
        a->refresh.probe_s = PROBE_FIRST_S;
    refresh_at(a, now_of(a) + a->refresh.probe_s * (uint64_t)1000);
}

static void block(struct tk_account *a, enum tk_err err)
{
    struct tk_refresh *r = &a->refresh;

    close_intent(a);
    r->blocked_by = err;
    r->probe_s = r->probe_s < PROBE_LAST_S / 2 ? r->probe_s * 2 : PROBE_LAST_S;
    probe_later(a);
}

static void retry(struct tk_account *a)
{
    if (a->refresh.blocked_by != TK_OK)
        probe_later(a); /* this probe told nothing new */
    else
        refresh_at(a, now_of(a) + backoff(a, a->refresh.failures - 1, backoff_cap(a)));
}

static void log_failure(struct tk_account *a)
{
    char buf[200];
    struct tk_text t;
    uint32_t seconds = 0;

    tk_text_init(&t, buf, sizeof buf);
    tk_text_add(&t, "refresh ref=");
    tk_text_add(&t, a->name);
    tk_text_add(&t, " error=");
    tk_text_add(&t, tk_err_code(a->refresh.error));
    tk_text_add(&t, " failures=");
    tk_text_int(&t, a->refresh.failures);
    tk_text_add(&t, " next_in=");
    if (tk_token_refresh_due_in(a, now_of(a), &seconds))
        tk_text_int(&t, seconds);
    else
        tk_text_add(&t, "none");
    if (a->server_error[0] != '\0') {
        tk_text_add(&t, " said=");
        tk_text_add(&t, a->server_error);
    }
    tk_runtime_log(a->rt, TK_LOG_INFO, &t);
}

static void failed(struct tk_account *a, enum tk_err err)
{
    a->last_error = a->refresh.error = err;
    a->refresh.failures++;
    switch (tk_err_action(err)) {
    case TK_ACTION_REAUTH:
        refused(a);
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
    log_failure(a);
    tk_account_notify(a, TK_ACCOUNT_FAILED, err);
}

static void count(struct tk_account *a, enum tk_err err)
{
    const struct tk_refresh *r = &a->refresh;

    tk_counters_refreshed(&a->counters, err, (uint32_t)(now_of(a) - r->sent_ms), r->failures > 0,
                          r->in_doubt);
    if (err == TK_OK && r->in_doubt && r->try_previous)
        tk_account_notify(a, TK_ACCOUNT_RECOVERED, TK_OK);
}

static void refresh_done(struct tk_request *request, enum tk_err err, struct tk_http *answer)
{
    struct tk_account *a = of_request(request);
    struct tk_token_response grant = {.server_error = ""};
    int64_t now_unix;

    if (err == TK_OK) {
        tk_time_note_server_date(&a->rt->time, answer->date_unix);
        (void)tk_time_now(&a->rt->time, &now_unix);
        err = tk_oauth_read_token_response(answer, now_unix, &grant);
    }
    tk_account_set_server_error(a, grant.server_error);
    count(a, err);
    if (err == TK_OK)
        tk_token_accept(a, &grant, a->refresh.sent_ms);
    else
        failed(a, err);
}

static void start(struct tk_account *a)
{
    struct tk_request *r = &a->refresh.request;

    refresh_at(a, TK_NEVER);
    if (tk_https_active(r) || !tk_account_has_pair(a) || a->revocation != TK_NOT_REVOKED)
        return;
    a->refresh.in_doubt = a->refresh.intent;
    tk_account_auth_host(a, &r->host);
    r->priority = TK_PRIORITY_REFRESH;
    r->deadline_ms = now_of(a) + REQUEST_TIMEOUT_MS;
    r->keepalive_ms = 0;
    tk_https_submit(&a->rt->https, r);
}

static void refresh_due(struct tk_timer *timer, uint64_t now_ms)
{
    (void)now_ms;
    start(of_timer(timer));
}

void tk_token_init(struct tk_account *a)
{
    tk_timer_init(&a->refresh.timer, refresh_due);
    tk_timer_init(&a->refresh.store_timer, store_again);
    a->refresh.request.write = write_refresh;
    a->refresh.request.done = refresh_done;
}

bool tk_token_too_soon(const struct tk_account *a)
{
    return now_of(a) < not_too_soon(a, 0);
}

enum tk_err tk_refresh_start(struct tk_account *a)
{
    if (!tk_account_has_client(a))
        return TK_E_NO_CLIENT;
    if (!tk_account_has_pair(a) || a->revocation != TK_NOT_REVOKED)
        return TK_E_NEEDS_CODE;
    if (tk_token_too_soon(a))
        return TK_E_TOO_SOON;
    a->refresh.probe_s = 0; /* a person is at work on it */
    start(a);
    return TK_OK;
}

enum tk_err tk_token_forget(struct tk_account *a)
{
    enum tk_err err = tk_account_forget(a);

    if (err != TK_OK)
        return err;
    tk_https_cancel(&a->rt->https, &a->refresh.request);
    refresh_at(a, TK_NEVER);
    a->refresh.intent = a->refresh.in_doubt = a->refresh.try_previous = false;
    a->refresh.blocked_by = a->refresh.error = TK_OK;
    a->refresh.unstored = false;
    a->refresh.failures = a->refresh.probe_s = a->refresh.rejected = 0;
    a->last_error = TK_OK;
    tk_account_notify(a, TK_ACCOUNT_FORGOTTEN, TK_OK);
    return TK_OK;
}
