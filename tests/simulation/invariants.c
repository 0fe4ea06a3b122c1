/* SPDX-License-Identifier: Apache-2.0 */
#include "invariants.h"

#include "tk_account_load.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define APART_MS        10000
#define MINUTE_REQUESTS 20
#define HOUR_REQUESTS   60
#define BOOT_REQUESTS   3
#define RENEW_LATE_S    120 /* tolerance of a renewal */
#define STOP_MS         30000
#define SKEW_MS         301000 /* of a clock that a Date confirms */

static void violate(struct invariants *v, char letter, const char *format, ...)
{
    va_list args;

    if (v->violated != 0)
        return;
    va_start(args, format);
    vsnprintf(v->detail, sizeof v->detail, format, args);
    va_end(args);
    v->violated = letter;
    v->at_ms = v->g->port.now_ms;
}

/* --- what both ends have --- */

static uint32_t current(const struct invariants *v)
{
    return rules_number(&v->g->server.rules, RULES_REFRESH,
                        v->g->keeper.accounts.of[0].pair.refresh);
}

static bool is_honoured(const struct invariants *v, const char *refresh)
{
    const struct rules *s = &v->g->server.rules;

    return rules_honours(s, rules_number(s, RULES_REFRESH, refresh), server_now(&v->g->server));
}

bool invariants_honoured(struct invariants *v)
{
    const struct tk_account *a = gateway_account(v->g);
    char previous[TK_TOKEN_MAX + 1];

    if (is_honoured(v, a->pair.refresh))
        return true;
    return tk_account_previous_refresh_token(a, previous) && is_honoured(v, previous);
}

/* Errors that need an operator: configuration, payment, permission. */
static bool forbids(const char *error)
{
    static const char *const errors[] = {"invalid_request",  "invalid_client", "wrong_client",
                                         "invalid_scope",    "NOT_INSTALLED",  "ERROR_OAUTH",
                                         "PAYMENT_REQUIRED", "NO_AUTH_FOUND",  "ACCESS_DENIED"};

    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (strcmp(errors[i], error) == 0)
            return true;
    }
    return false;
}

static bool refuses_pair(const char *error)
{
    return strcmp(error, "invalid_grant") == 0 || strcmp(error, "expired_token") == 0;
}

/* --- a to e, g --- */

/* Whether the gateway took its pair from the newest answer, of which it may have read only a part.
 */
static bool is_taken(const struct invariants *v)
{
    uint32_t issued = v->g->server.grant.pair;

    return issued != 0 && current(v) == issued;
}

/* An answer that the gateway read, in the pass that just ended. */
static void check_answer(struct invariants *v, const struct server_grant *last)
{
    v->forbidden = last->is_refresh && last->error != NULL && forbids(last->error);
    if (last->pair != 0) {
        v->got = last->pair;
        v->behind_ms = 0;
        v->refused = false;
        v->success = true;
        v->success_ms = v->g->port.now_ms;
    } else if (last->is_refresh && last->error != NULL && refuses_pair(last->error) &&
               !invariants_honoured(v) && !v->refused) {
        v->refused = true;
        v->refused_ms = v->g->port.now_ms;
    }
    if (v->forbidden && gateway_alert(v->g)->record.level < 4)
        violate(v, 'e', "the server answered %s, and level 4 is not raised", last->error);
}

static void check_pair(struct invariants *v)
{
    const struct tk_account *a = gateway_account(v->g);
    const struct rules *s = &v->g->server.rules;
    uint32_t access = rules_number(s, RULES_ACCESS, a->pair.access), refresh = current(v);
    bool forward = refresh > v->pair;

    if (access == 0 || access != refresh)
        violate(v, 'b', "access token of pair %u with refresh token of pair %u", access, refresh);
    else if (v->pair != 0 && refresh != v->pair && forward != (a->pair.generation > v->generation))
        violate(v, 'b', "pair %u is generation %u, pair %u was %u", refresh, a->pair.generation,
                v->pair, v->generation);
    else if (a->pair.expires_unix - a->pair.issued_unix != (int64_t)a->pair.lifetime_s)
        violate(v, 'b', "the times of pair %u are of two pairs", refresh);
    if (refresh < v->kept)
        violate(v, 'c', "pair %u was stored, and the account has pair %u", v->kept, refresh);
    if (!v->booted && v->got != 0 && refresh != v->got)
        violate(v, 'd', "pair %u was received, and the account has pair %u", v->got, refresh);
    v->pair = refresh;
    v->generation = a->pair.generation;
}

/* Whether the server has issued a successor of the gateway's pair. */
static bool is_lost(const struct invariants *v)
{
    const struct rules *s = &v->g->server.rules;
    const struct rules_chain *chain = &s->chains[s->pairs[v->pair].chain];

    return v->pair != 0 && !chain->revoked && chain->last != v->pair &&
           server_now(&v->g->server) < s->pairs[v->pair].refresh_until;
}

static void check_state(struct invariants *v, enum tk_state state)
{
    if (state == TK_NO_CLIENT)
        violate(v, 'c', "the configuration is lost");
    if (state == TK_NEEDS_CODE && v->pair != 0) {
        v->needs_code += v->state != state;
        v->lost += v->state != state && gateway_account(v->g)->revocation == TK_ROTATION_LOST;
        if (invariants_honoured(v))
            violate(v, 'c', "pair %u is dropped, and the server honours it or its predecessor",
                    v->pair);
        if (gateway_account(v->g)->revocation == TK_REVOKED && is_lost(v))
            violate(v, 'c', "the answer to pair %u was lost, and the reason is revoked", v->pair);
    }
    v->state = state;
}

static void check_level(struct invariants *v, int level)
{
    if (level == 4 && v->level != 4 && !v->forbidden && invariants_honoured(v))
        violate(v, 'e', "level 4 is raised, and the server honours pair %u", v->pair);
    v->level = level;
}

static bool is_after_fault(const struct invariants *v, uint64_t since_ms, uint64_t ms)
{
    uint64_t from_ms = since_ms > v->fault_end_ms ? since_ms : v->fault_end_ms;

    return !v->faulty && v->g->port.now_ms > from_ms + ms;
}

static void check_recovery(struct invariants *v, enum tk_state state)
{
    const struct tk_account *a = gateway_account(v->g);
    uint64_t ms = state == TK_BLOCKED ? INVARIANTS_PROBE_MS : INVARIANTS_BACK_MS;
    char code[TK_ERR_CODE_MAX + 1];
    bool is_back = state == TK_READY || state == TK_REFRESHING || state == TK_EXCHANGING;

    if (!is_back && state != TK_NEEDS_CODE && is_after_fault(v, 0, ms) &&
        (state != TK_BLOCKED || is_after_fault(v, v->g->server.grant.at_ms, ms)))
        violate(v, 'g', "%s (%s), %llu s after the last fault", tk_state_name(state),
                tk_account_reason(a, code),
                (unsigned long long)(v->g->port.now_ms - v->fault_end_ms) / 1000);
    if (a->refresh.unstored && is_after_fault(v, 0, INVARIANTS_BACK_MS))
        violate(v, 'g', "a pair is not stored yet");
    if (v->refused && v->level != 4 && is_after_fault(v, v->refused_ms, INVARIANTS_BACK_MS))
        violate(v, 'e', "the server refused every pair, and level 4 is not raised");
}

static void check_renewal(struct invariants *v, enum tk_state state)
{
    const struct tk_account *a = gateway_account(v->g);
    int64_t interval_s = a->renew_s == TK_RENEW_ON_DEMAND ? 7 * 86400 : a->renew_s;
    int64_t age_ms = (int64_t)v->g->port.now_ms - a->issued_ms;

    if (state == TK_READY && a->times_known && v->success &&
        is_after_fault(v, 0, INVARIANTS_PROBE_MS) && age_ms > (interval_s + RENEW_LATE_S) * 1000)
        violate(v, 'g', "the account is ready with pair %u, which is %lld s old", v->pair,
                (long long)age_ms / 1000);
}

/* --- h --- */

static void check_delivery(struct invariants *v, const char *wrong)
{
    if (wrong != NULL)
        violate(v, 'h', "%s: %s, level %d", wrong, v->delivery.ref, v->delivery.level);
}

static void on_post(struct server *s)
{
    struct invariants *v = s->ctx;
    const struct server_post *p = &s->post;

    if (v->g->trace)
        printf("%12.3f s  webhook: %s %s level=%d cause=%s http=%d%s%s\n",
               (double)s->port->now_ms / 1000, p->raised ? "raised" : "cleared", p->ref, p->level,
               p->cause, p->status, p->taken ? " delivered" : "", p->sure ? "" : " in doubt");
    check_delivery(v, delivery_post_ended(&v->delivery, v->g));
}

/* --- time --- */

static void note_time(struct invariants *v)
{
    int64_t now, behind_ms;

    if (v->got != 0 || tk_time_now(&v->g->keeper.rt.time, &now) < TK_TIME_SERVER)
        return;
    behind_ms = server_now(&v->g->server) - now * 1000;
    if (v->g->port.wall == TK_TIME_UNSYNCED && behind_ms > SKEW_MS)
        behind_ms = SKEW_MS;
    if (behind_ms > v->behind_ms)
        v->behind_ms = behind_ms;
}

/* --- all --- */

void invariants_check(struct invariants *v)
{
    struct tk_account *a = gateway_account(v->g);
    const struct server *s = &v->g->server;
    enum tk_state state = tk_account_state(a);
    bool answered = s->grant.over && v->grants != s->grant.n;

    v->checks++;
    note_time(v);
    if (s->most_refreshes > 1)
        violate(v, 'a', "%u refresh requests at a time", s->most_refreshes);
    if (tk_account_has_pair(a) && (v->booted || answered || a->pair.generation != v->generation)) {
        if (answered && (s->grant.received || is_taken(v)))
            check_answer(v, &s->grant);
        check_pair(v);
    } else if (!tk_account_has_pair(a) && v->kept != 0) {
        violate(v, 'c', "there is no pair, and pair %u was stored", v->kept);
    }
    if (v->pair == v->got && v->got != v->kept && !a->refresh.unstored)
        v->kept = v->got;
    if (answered)
        v->grants = s->grant.n;
    v->booted = false;
    check_state(v, state);
    check_level(v, gateway_alert(v->g)->record.level);
    check_recovery(v, state);
    check_renewal(v, state);
    check_delivery(v, delivery_check(&v->delivery, v->g, !v->wrong_clock));
}

void invariants_served(struct invariants *v, const char *token, const struct tk_token_info *info)
{
    const struct server *s = &v->g->server;
    uint32_t number = rules_number(&s->rules, RULES_ACCESS, token);
    int64_t late_ms = number == 0 ? 0 : server_now(s) - s->rules.pairs[number].access_until;

    v->served++;
    if (number == 0 || number < v->got || number < v->kept)
        violate(v, 'd', "pair %u was served, and pair %u was received", number,
                v->got > v->kept ? v->got : v->kept);
    else if (late_ms >= 0 && late_ms > v->behind_ms)
        violate(v, 'd', "the token of pair %u was served %lld ms after its expiry", number,
                (long long)late_ms);
    else if (info->generation != gateway_account(v->g)->pair.generation)
        violate(v, 'd', "pair %u was served as generation %u", number, info->generation);
}

/* --- f --- */

static unsigned boots_within(const struct invariants *v, uint64_t ms)
{
    unsigned count = 0;

    for (unsigned i = 0; i < INVARIANTS_BOOTS && i < v->boots; i++)
        count += v->boot_ms[i] + ms >= v->g->port.now_ms;
    return count;
}

static void check_limit(struct invariants *v, unsigned most, uint64_t ms)
{
    unsigned allowed = most + BOOT_REQUESTS * boots_within(v, ms);
    unsigned oldest = (v->requests - 1 - allowed) % INVARIANTS_REQUESTS;

    if (allowed >= INVARIANTS_REQUESTS || v->requests <= allowed)
        return;
    if (v->g->port.now_ms - v->request_ms[oldest] < ms)
        violate(v, 'f', "more than %u requests in %llu s", allowed, (unsigned long long)ms / 1000);
}

static void on_request(struct server *s, unsigned host, const char *request)
{
    struct invariants *v = s->ctx;
    uint64_t now_ms = s->port->now_ms;

    (void)request;
    if (s->hosts[host].role != SERVER_OAUTH)
        return;
    v->request_ms[v->requests++ % INVARIANTS_REQUESTS] = now_ms;
    check_limit(v, MINUTE_REQUESTS, 60000);
    check_limit(v, HOUR_REQUESTS, 3600000);
    if (s->grant.is_refresh && v->success && now_ms < v->success_ms + APART_MS)
        violate(v, 'f', "a refresh %llu ms after a successful one",
                (unsigned long long)(now_ms - v->success_ms));
    if (s->bucket != NULL && s->bucket->overflows > 0)
        violate(v, 'f', "the server's limit is exceeded");
}

/* --- */

static void on_pass(struct gateway *g)
{
    invariants_check(g->ctx);
}

static void on_boot(struct gateway *g)
{
    struct invariants *v = g->ctx;

    v->booted = true;
    v->got = 0;
    v->behind_ms = 0;
    v->success = v->forbidden = v->refused = false;
    v->grants = g->server.grant.n;
    v->level = gateway_alert(g)->record.level;
    v->boot_ms[v->boots++ % INVARIANTS_BOOTS] = g->port.now_ms;
    if (!v->faulty)
        v->fault_end_ms = g->port.now_ms;
    delivery_booted(&v->delivery, g);
    invariants_check(v);
}

static bool answers(const struct server *s, unsigned host)
{
    return s->faults[host].kind == SERVER_WELL || s->faults[host].kind == SERVER_SLOW;
}

/* Where servers answer and flash works, a clean end loses nothing. */
static void on_stop(struct gateway *g, uint64_t took_ms)
{
    struct invariants *v = g->ctx;
    const struct tk_account *a = gateway_account(g);
    bool well = answers(&g->server, HOST_OAUTH_WEST) && answers(&g->server, HOST_OAUTH_EAST) &&
                g->flash.fail_at == 0 && a->refresh.failures == 0 && !a->refresh.in_doubt;

    if (took_ms > STOP_MS)
        violate(v, 'g', "a clean end took %llu ms", (unsigned long long)took_ms);
    if (well && tk_account_is_renewable(a) &&
        (is_lost(v) || a->refresh.intent || a->refresh.unstored))
        violate(v, 'c', "the program ended cleanly, and the successor of pair %u is lost", v->pair);
    v->stops++;
}

void invariants_fault(struct invariants *v, bool faulty)
{
    v->faulty = faulty;
    v->fault_end_ms = v->g->port.now_ms;
}

uint64_t invariants_next(const struct invariants *v)
{
    uint64_t at_ms = v->fault_end_ms + INVARIANTS_BACK_MS + 1;

    if (v->state == TK_BLOCKED)
        at_ms = v->fault_end_ms + INVARIANTS_PROBE_MS + 1;
    return v->faulty || at_ms <= v->g->port.now_ms ? UINT64_MAX : at_ms;
}

void invariants_init(struct invariants *v, struct gateway *g)
{
    memset(v, 0, sizeof *v);
    v->g = g;
    v->state = TK_READY;
    v->booted = true;
    g->ctx = v;
    g->passed = on_pass;
    g->booted = on_boot;
    g->stopped = on_stop;
    g->server.on_request = on_request;
    g->server.on_post = on_post;
    g->server.ctx = v;
    invariants_check(v);
}
