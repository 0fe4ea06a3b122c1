/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle.h"

#include "tk_account_store.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define APART_MS     10000
#define MINUTE_MOST  20
#define HOUR_MOST    60
#define BOOT_MORE    3
#define RENEW_MORE_S 120 /* a renewal that is this late is late */

static void broken(struct oracle *o, char letter, const char *format, ...)
{
    va_list args;

    if (o->broken != 0)
        return;
    va_start(args, format);
    vsnprintf(o->words, sizeof o->words, format, args);
    va_end(args);
    o->broken = letter;
    o->at_ms = o->g->port.now_ms;
}

/* --- what both ends hold --- */

static uint32_t current(const struct oracle *o)
{
    return rules_number(&o->g->cloud.rules, RULES_REFRESH,
                        o->g->keeper.accounts.of[0].pair.refresh);
}

static bool is_honoured(const struct oracle *o, const char *refresh)
{
    const struct rules *s = &o->g->cloud.rules;

    return rules_honours(s, rules_number(s, RULES_REFRESH, refresh), cloud_now(&o->g->cloud));
}

bool oracle_honoured(struct oracle *o)
{
    const struct tk_account *a = gate_account(o->g);
    char previous[TK_TOKEN_MAX + 1];

    if (is_honoured(o, a->pair.refresh))
        return true;
    return tk_account_previous_refresh_token(a, previous) && is_honoured(o, previous);
}

/* The words of facts: what a person must put right with the application or the portal. */
static bool forbids(const char *error)
{
    static const char *const words[] = {"invalid_request",  "invalid_client", "wrong_client",
                                        "invalid_scope",    "NOT_INSTALLED",  "ERROR_OAUTH",
                                        "PAYMENT_REQUIRED", "NO_AUTH_FOUND",  "ACCESS_DENIED"};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i], error) == 0)
            return true;
    }
    return false;
}

static bool refuses_pair(const char *error)
{
    return strcmp(error, "invalid_grant") == 0 || strcmp(error, "expired_token") == 0;
}

/* --- the invariants --- */

/* An answer that the gateway read whole, in the pass that just ended. */
static void look_at_answer(struct oracle *o, const struct cloud_grant *last)
{
    o->forbidden = last->is_refresh && last->error != NULL && forbids(last->error);
    if (last->pair != 0) {
        o->got = last->pair;
        o->doubtful_clock = o->wrong_clock;
        o->refused = false;
        o->success = true;
        o->success_ms = o->g->port.now_ms;
    } else if (last->is_refresh && last->error != NULL && refuses_pair(last->error) &&
               !oracle_honoured(o) && !o->refused) {
        o->refused = true;
        o->refused_ms = o->g->port.now_ms;
    }
    if (o->forbidden && gate_escalation(o->g)->record.level < 4)
        broken(o, 'e', "the server said %s, and level 4 is not raised", last->error);
}

static void look_at_pair(struct oracle *o)
{
    const struct tk_account *a = gate_account(o->g);
    const struct rules *s = &o->g->cloud.rules;
    uint32_t access = rules_number(s, RULES_ACCESS, a->pair.access), refresh = current(o);
    bool forward = refresh > o->pair;

    if (access == 0 || access != refresh)
        broken(o, 'b', "access token of pair %u with refresh token of pair %u", access, refresh);
    else if (o->pair != 0 && refresh != o->pair && forward != (a->pair.generation > o->generation))
        broken(o, 'b', "pair %u is generation %u, pair %u was %u", refresh, a->pair.generation,
               o->pair, o->generation);
    else if (a->pair.expires_unix - a->pair.issued_unix != (int64_t)a->pair.lifetime_s)
        broken(o, 'b', "the times of pair %u are of two", refresh);
    if (refresh < o->kept)
        broken(o, 'c', "pair %u was kept, and it is %u now", o->kept, refresh);
    if (!o->booted && o->got != 0 && refresh != o->got)
        broken(o, 'd', "pair %u was received, and it is %u", o->got, refresh);
    o->pair = refresh;
    o->generation = a->pair.generation;
}

/* Whether the server gave another pair for the one that the gateway has. */
static bool is_lost(const struct oracle *o)
{
    const struct rules *s = &o->g->cloud.rules;
    const struct rules_chain *chain = &s->chains[s->pairs[o->pair].chain];

    return o->pair != 0 && !chain->revoked && chain->last != o->pair &&
           cloud_now(&o->g->cloud) < s->pairs[o->pair].refresh_until;
}

static void look_at_state(struct oracle *o, enum tk_state state)
{
    if (state == TK_NO_CLIENT)
        broken(o, 'c', "the configuration is lost");
    if (state == TK_NEEDS_CODE && o->pair != 0) {
        o->needs_code += o->state != state;
        o->lost += o->state != state && gate_account(o->g)->revocation == TK_ROTATION_LOST;
        if (oracle_honoured(o))
            broken(o, 'c', "pair %u is dropped, and the server honours it, or the one before",
                   o->pair);
        if (gate_account(o->g)->revocation == TK_REVOKED && is_lost(o))
            broken(o, 'c', "the answer to pair %u was lost, and the reason is revoked", o->pair);
    }
    o->state = state;
}

static void look_at_level(struct oracle *o, int level)
{
    if (level == 4 && o->level != 4 && !o->forbidden && oracle_honoured(o))
        broken(o, 'e', "level 4 is raised, and the server honours pair %u", o->pair);
    o->level = level;
}

static bool is_after_fault(const struct oracle *o, uint64_t since_ms, uint64_t ms)
{
    uint64_t from_ms = since_ms > o->calm_ms ? since_ms : o->calm_ms;

    return !o->faulty && o->g->port.now_ms > from_ms + ms;
}

static void look_whether_back(struct oracle *o, enum tk_state state)
{
    const struct tk_account *a = gate_account(o->g);
    uint64_t ms = state == TK_BLOCKED ? ORACLE_PROBE_MS : ORACLE_BACK_MS;
    bool is_back = state == TK_READY || state == TK_REFRESHING || state == TK_EXCHANGING;

    if (!is_back && state != TK_NEEDS_CODE && is_after_fault(o, 0, ms) &&
        (state != TK_BLOCKED || is_after_fault(o, o->g->cloud.last.at_ms, ms)))
        broken(o, 'g', "%s (%s), %llu s after the last fault", tk_state_name(state),
               tk_account_reason(a), (unsigned long long)(o->g->port.now_ms - o->calm_ms) / 1000);
    if (a->refresh.unstored && is_after_fault(o, 0, ORACLE_BACK_MS))
        broken(o, 'g', "a pair is not stored yet");
    if (o->refused && o->level != 4 && is_after_fault(o, o->refused_ms, ORACLE_BACK_MS))
        broken(o, 'e', "no pair is honoured, the server said so, and level 4 is not raised");
}

/* A pair that nobody renews is not ready. */
static void look_whether_renewed(struct oracle *o, enum tk_state state)
{
    const struct tk_account *a = gate_account(o->g);
    int64_t interval_s = a->renew_s == TK_RENEW_ON_DEMAND ? 7 * 86400 : a->renew_s;
    int64_t age_ms = (int64_t)o->g->port.now_ms - a->issued_ms;

    if (state == TK_READY && a->times_known && o->success &&
        is_after_fault(o, 0, ORACLE_PROBE_MS) && age_ms > (interval_s + RENEW_MORE_S) * 1000)
        broken(o, 'g', "pair %u is %lld s old, and ready", o->pair, (long long)age_ms / 1000);
}

/* --- what is told far away --- */

static void look_at_telling(struct oracle *o, const char *wrong)
{
    if (wrong != NULL)
        broken(o, 'h', "%s: %s, level %d", wrong, o->told.ref, o->told.level);
}

static void told(struct cloud *c)
{
    struct oracle *o = c->ctx;
    const struct cloud_post *p = &c->post;

    if (o->g->trace)
        printf("%12.3f s  sink: %s %s level=%d cause=%s http=%d%s%s\n",
               (double)c->port->now_ms / 1000, p->raised ? "raised" : "cleared", p->ref, p->level,
               p->cause, p->status, p->taken ? " taken" : "", p->sure ? "" : " in doubt");
    look_at_telling(o, told_heard(&o->told, o->g));
}

/* --- all of it --- */

void oracle_look(struct oracle *o)
{
    struct tk_account *a = gate_account(o->g);
    const struct cloud *c = &o->g->cloud;
    enum tk_state state = tk_account_state(a);
    bool answered = c->last.over && o->grants != c->last.n;

    o->looks++;
    if (c->most_refreshes > 1)
        broken(o, 'a', "%u refresh requests at a time", c->most_refreshes);
    if (tk_account_has_pair(a) && (o->booted || answered || a->pair.generation != o->generation)) {
        if (answered && c->last.received)
            look_at_answer(o, &c->last);
        look_at_pair(o);
        if (answered && o->pair == o->got && o->got != o->kept && !a->refresh.unstored)
            o->kept = o->got;
    } else if (!tk_account_has_pair(a) && o->kept != 0) {
        broken(o, 'c', "there is no pair, and %u was kept", o->kept);
    }
    if (o->pair == o->got && o->got != o->kept && !a->refresh.unstored)
        o->kept = o->got;
    if (answered)
        o->grants = c->last.n;
    o->booted = false;
    look_at_state(o, state);
    look_at_level(o, gate_escalation(o->g)->record.level);
    look_whether_back(o, state);
    look_whether_renewed(o, state);
    look_at_telling(o, told_look(&o->told, o->g, !o->wrong_clock));
}

void oracle_served(struct oracle *o, const char *token, const struct tk_token_info *info)
{
    const struct rules *s = &o->g->cloud.rules;
    uint32_t number = rules_number(s, RULES_ACCESS, token);

    o->served++;
    if (number == 0 || number < o->got || number < o->kept)
        broken(o, 'd', "pair %u was served, and %u was received", number,
               o->got > o->kept ? o->got : o->kept);
    else if (s->pairs[number].access_until <= cloud_now(&o->g->cloud) && !o->doubtful_clock)
        broken(o, 'd', "the token of pair %u was served %lld ms past its end", number,
               (long long)(cloud_now(&o->g->cloud) - s->pairs[number].access_until));
    else if (info->generation != gate_account(o->g)->pair.generation)
        broken(o, 'd', "generation %u was told of pair %u", info->generation, number);
}

/* --- the limits --- */

static unsigned boots_within(const struct oracle *o, uint64_t ms)
{
    unsigned count = 0;

    for (unsigned i = 0; i < 8 && i < o->boots; i++)
        count += o->boot_ms[i] + ms >= o->g->port.now_ms;
    return count;
}

static void limit(struct oracle *o, unsigned most, uint64_t ms)
{
    unsigned allowed = most + BOOT_MORE * boots_within(o, ms);

    if (allowed >= ORACLE_ASKED || o->asked <= allowed)
        return;
    if (o->g->port.now_ms - o->asked_ms[(o->asked - 1 - allowed) % ORACLE_ASKED] < ms)
        broken(o, 'f', "more than %u requests in %llu s", allowed, (unsigned long long)ms / 1000);
}

static void asked(struct cloud *c)
{
    struct oracle *o = c->ctx;
    uint64_t now_ms = c->port->now_ms;

    o->asked_ms[o->asked++ % ORACLE_ASKED] = now_ms;
    limit(o, MINUTE_MOST, 60000);
    limit(o, HOUR_MOST, 3600000);
    if (c->last.is_refresh && o->success && now_ms < o->success_ms + APART_MS)
        broken(o, 'f', "a refresh %llu ms after the one before went well",
               (unsigned long long)(now_ms - o->success_ms));
    if (c->bucket != NULL && c->bucket->overflows > 0)
        broken(o, 'f', "the server's limit was met");
}

/* --- */

static void look(struct gate *g)
{
    oracle_look(g->ctx);
}

static void booted(struct gate *g)
{
    struct oracle *o = g->ctx;

    o->booted = true;
    o->got = 0;
    o->success = o->forbidden = o->refused = false;
    o->grants = g->cloud.last.n;
    o->level = gate_escalation(g)->record.level;
    o->boot_ms[o->boots++ % 8] = g->port.now_ms;
    if (!o->faulty)
        o->calm_ms = g->port.now_ms;
    told_booted(&o->told, g);
    oracle_look(o);
}

void oracle_fault(struct oracle *o, bool faulty)
{
    o->faulty = faulty;
    o->calm_ms = o->g->port.now_ms;
}

uint64_t oracle_next(const struct oracle *o)
{
    uint64_t at_ms = o->calm_ms + ORACLE_BACK_MS + 1;

    if (o->state == TK_BLOCKED)
        at_ms = o->calm_ms + ORACLE_PROBE_MS + 1;
    return o->faulty || at_ms <= o->g->port.now_ms ? UINT64_MAX : at_ms;
}

void oracle_init(struct oracle *o, struct gate *g)
{
    memset(o, 0, sizeof *o);
    o->g = g;
    o->state = TK_READY;
    o->booted = true;
    g->ctx = o;
    g->look = look;
    g->booted = booted;
    g->cloud.asked = asked;
    g->cloud.told = told;
    g->cloud.ctx = o;
    oracle_look(o);
}
