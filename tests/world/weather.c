/* SPDX-License-Identifier: Apache-2.0 */
#include "weather.h"
#include "tk_account_set.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

const char *const weather_names[WEATHER_KINDS] = {"way",   "server", "portal", "flash",
                                                  "clock", "power",  "revoked"};

static uint64_t draw(struct weather *w, uint64_t limit)
{
    return cloud_random(&w->random, limit);
}

/* As often from 1 to 2 minutes as from 1 to 2 days. */
static uint64_t draw_between(struct weather *w, uint64_t min, uint64_t max)
{
    unsigned doublings = 0;

    while (min << (doublings + 1) <= max)
        doublings++;
    uint64_t from = min << draw(w, doublings + 1);

    return from + draw(w, (2 * from < max ? 2 * from : max) - from + 1);
}

/* --- spells --- */

static struct tk_sim_flow flow(struct weather *w, uint64_t bytes)
{
    static const enum tk_sim_event events[] = {TK_SIM_NOTHING, TK_SIM_FIN, TK_SIM_RESET,
                                               TK_SIM_STALL};
    struct tk_sim_flow f = {.event = events[draw(w, 4)], .after = bytes};

    f.until_ms = TK_SIM_NEVER;
    if (draw(w, 4) == 0)
        f.at_most = 1 + draw(w, 100);
    f.again = (unsigned)draw(w, 3);
    return f;
}

static void way(struct weather *w, struct cloud_trouble *x)
{
    static const enum cloud_fault kinds[] = {CLOUD_NO_NAME, CLOUD_NO_ANSWER_TO_NAME,
                                             CLOUD_REFUSES, CLOUD_SILENT,
                                             CLOUD_HELLO,   CLOUD_FLOW,
                                             CLOUD_FLOW,    CLOUD_FLOW,
                                             CLOUD_SLOW};
    static const enum tk_err hellos[] = {TK_E_TLS_UNTRUSTED, TK_E_TLS_NAME, TK_E_TLS_EXPIRED,
                                         TK_E_TLS_ALERT, TK_E_TLS_FAILED};

    x->kind = kinds[draw(w, sizeof kinds / sizeof kinds[0])];
    x->hello = hellos[draw(w, 5)];
    x->up = flow(w, 600);
    x->down = flow(w, 900);
    x->ms = draw_between(w, 5 * SECOND, 60 * SECOND);
}

static void server(struct weather *w, struct cloud_trouble *x)
{
    static const enum cloud_fault kinds[] = {CLOUD_ERROR, CLOUD_STATUS,    CLOUD_LOSES,
                                             CLOUD_LOSES, CLOUD_TRUNCATES, CLOUD_GARBAGE};
    static const char *const errors[] = {
        "invalid_request",  "invalid_client", "wrong_client",          "invalid_scope",
        "PAYMENT_REQUIRED", "NOT_INSTALLED",  "ERROR_OAUTH",           "NO_AUTH_FOUND",
        "CONNECTION_ERROR", "OVERLOAD_LIMIT", "INTERNAL_SERVER_ERROR", "QUERY_LIMIT_EXCEEDED"};
    static const int statuses[] = {200, 301, 302, 400, 403, 404, 408, 429, 500, 502, 503, 504};
    static const char *const bodies[] = {"",
                                         "<html><body>fault</body></html>",
                                         "{}",
                                         "[]",
                                         "{\"error\":\"\"}",
                                         "{\"message\":\"fault\"}"};

    x->kind = kinds[draw(w, 6)];
    x->error = errors[draw(w, sizeof errors / sizeof errors[0])];
    x->status = statuses[draw(w, sizeof statuses / sizeof statuses[0])];
    x->body = bodies[draw(w, 6)];
    x->done = draw(w, 3) == 0;
    x->reset = draw(w, 2) == 0;
}

static void trouble(struct weather *w)
{
    static const unsigned masks[] = {CLOUD_OAUTH, CLOUD_OAUTH, CLOUD_ALL, 1 << CLOUD_SINK};
    struct cloud_trouble x = {.odds = draw(w, 3) == 0 ? (unsigned)(20 + draw(w, 80)) : 100};

    if (w->kind == WEATHER_WAY)
        way(w, &x);
    else
        server(w, &x);
    cloud_set(&w->g->cloud, masks[draw(w, 4)], &x);
}

/* Whoever is to be told has troubles too. */
static void trouble_sink(struct weather *w)
{
    struct cloud_trouble x = {.odds = draw(w, 3) == 0 ? (unsigned)(20 + draw(w, 80)) : 100};

    if (draw(w, 3) != 0)
        return;
    if (draw(w, 3) == 0)
        way(w, &x);
    else
        server(w, &x);
    cloud_set(&w->g->cloud, 1 << CLOUD_SINK, &x);
}

static void portal(struct weather *w)
{
    struct rules *s = &w->g->cloud.rules;

    switch (draw(w, 3)) {
    case 0:
        s->installed = false;
        break;
    case 1:
        s->app_paid = false;
        break;
    default:
        s->clients[0].secret[0]++;
        break;
    }
}

static void flash(struct weather *w)
{
    struct tk_sim_flash *f = &w->g->flash;

    f->torn_program = (enum tk_sim_torn_program)draw(w, TK_SIM_TORN_PROGRAMS);
    f->torn_erase = (enum tk_sim_torn_erase)draw(w, TK_SIM_TORN_ERASES);
    f->fail_at = f->operations + 1 + draw(w, 12);
    f->fail_until = draw(w, 2) == 0 ? f->fail_at : UINT64_MAX;
}

/* Wrong by minutes to years, either way, or unknown. */
static void spoil_clock(struct weather *w)
{
    int64_t by_s = (int64_t)draw_between(w, 60, 5 * 365 * 86400);

    if (draw(w, 3) == 0)
        tk_sim_set_wall(&w->g->port, TK_TIME_NONE, 0);
    else
        tk_sim_set_wall(&w->g->port, TK_TIME_RTC,
                        gate_unix(w->g) + (draw(w, 2) == 0 ? by_s : -by_s));
    w->o->wrong_clock = w->o->doubtful_clock = true;
    if (draw(w, 2) == 0)
        gate_restart(w->g, draw_between(w, SECOND, HOUR));
}

/* The next loss of power: in this or that write, at this or that word, or now. */
static void plan_cut(struct weather *w)
{
    struct gate *g = w->g;

    g->flash.torn_program = (enum tk_sim_torn_program)draw(w, TK_SIM_TORN_PROGRAMS);
    g->flash.torn_erase = (enum tk_sim_torn_erase)draw(w, TK_SIM_TORN_ERASES);
    g->flash.weak = draw(w, 3) == 0 ? TK_SIM_WEAK_RESTART : TK_SIM_WEAK_NEVER;
    if (draw(w, 2) == 0)
        g->flash.cut_at = g->flash.operations + 1 + draw(w, 16);
    else
        g->cut_touch = g->touches + 1 + draw(w, 24);
    (void)tk_refresh_start(gate_account(g)); /* so that there is something to cut */
}

static void cut_power(struct weather *w)
{
    if (draw(w, 4) == 0)
        gate_restart(w->g, draw_between(w, SECOND, 3 * DAY));
    plan_cut(w);
}

/* --- turns --- */

static void begin(struct weather *w)
{
    static const enum weather_kind kinds[] = {WEATHER_WAY,    WEATHER_WAY,    WEATHER_WAY,
                                              WEATHER_SERVER, WEATHER_SERVER, WEATHER_PORTAL,
                                              WEATHER_FLASH,  WEATHER_CLOCK,  WEATHER_POWER,
                                              WEATHER_POWER,  WEATHER_POWER,  WEATHER_REVOKED};

    w->kind = kinds[draw(w, sizeof kinds / sizeof kinds[0])];
    w->spells[w->kind]++;
    oracle_fault(w->o, true);
    if (w->kind == WEATHER_WAY || w->kind == WEATHER_SERVER)
        trouble(w);
    else if (w->kind == WEATHER_PORTAL)
        portal(w);
    else if (w->kind == WEATHER_FLASH)
        flash(w);
    else if (w->kind == WEATHER_CLOCK)
        spoil_clock(w);
    else if (w->kind == WEATHER_POWER)
        cut_power(w);
    else if (draw(w, 3) == 0) /* rarer than the others */
        rules_revoke(&w->g->cloud.rules);
    trouble_sink(w);
    w->cuts = w->kind == WEATHER_POWER ? (unsigned)draw(w, 3) : 0;
}

static const struct cloud_trouble well;

static void end(struct weather *w)
{
    struct gate *g = w->g;
    struct rules *s = &g->cloud.rules;

    w->sink_bad = draw(w, 4) == 0;
    cloud_set(&g->cloud, w->sink_bad ? CLOUD_ALL & ~(1 << CLOUD_SINK) : CLOUD_ALL, &well);
    s->installed = s->app_paid = true;
    strcpy(s->clients[0].secret, gate_account(g)->client.client_secret);
    g->flash.fail_at = g->flash.fail_until = 0;
    g->flash.cut_at = g->cut_touch = 0;
    tk_sim_set_wall(&g->port, TK_TIME_RTC, gate_unix(g));
    w->o->wrong_clock = false;
    oracle_fault(w->o, false);
}

static void say(const struct weather *w)
{
    if (w->g->trace)
        printf("%12.3f s  weather: %s%s until %.3f s\n", (double)w->g->port.now_ms / 1000,
               w->bad ? weather_names[w->kind] : "calm",
               w->bad && w->kind <= WEATHER_SERVER ? " (see cloud)" : "",
               (double)w->next_ms / 1000);
}

static uint64_t how_long(struct weather *w)
{
    if (w->bad)
        return draw_between(w, SECOND, w->spell_max_ms);
    if (w->sink_bad)
        return draw_between(w, SECOND, 2 * HOUR);
    return draw_between(w, w->calm_min_ms, w->calm_max_ms);
}

void weather_turn(struct weather *w)
{
    if (w->bad && w->cuts > 0) {
        w->cuts--;
        plan_cut(w);
        w->next_ms = w->g->port.now_ms + draw_between(w, SECOND, 10 * MINUTE);
        return;
    }
    if (!w->bad && w->sink_bad) {
        w->sink_bad = false;
        cloud_set(&w->g->cloud, 1 << CLOUD_SINK, &well);
    } else {
        w->bad = !w->bad;
        if (w->bad)
            begin(w);
        else
            end(w);
    }
    w->next_ms = w->g->port.now_ms + how_long(w);
    say(w);
}

void weather_init(struct weather *w, struct gate *g, struct oracle *o, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    w->g = g;
    w->o = o;
    w->random = seed;
    w->next_ms = g->port.now_ms + draw(w, DAY);
}
