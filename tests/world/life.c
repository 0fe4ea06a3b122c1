/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"
#include "tk_account_set.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

#define DEMAND_MS (30 * SECOND) /* how long a consumer waits */

const char *const life_names[4] = {"calm", "dense", "weeks", "idle"};

static uint64_t draw(struct life *l, uint64_t limit)
{
    return cloud_random(&l->random, limit);
}

/* --- consumers --- */

static uint64_t next_demand(struct life *l)
{
    uint64_t since_ms = l->gate.port.now_ms - l->oracle.calm_ms;
    bool near = l->oracle.faulty || since_ms < 30 * MINUTE;

    if (l->kind == LIFE_CALM || l->kind == LIFE_IDLE)
        return UINT64_MAX;
    return l->gate.port.now_ms + 1 + draw(l, near ? 40 * MINUTE : 4 * DAY);
}

static void demand(struct life *l)
{
    static const uint32_t valid[] = {60, 60, 300, 3000, 7200};
    struct gate *g = &l->gate;
    uint64_t end_ms = g->port.now_ms + DEMAND_MS;
    uint32_t min_valid_s = valid[draw(l, 5)];
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    enum tk_token_answer answer;

    if (draw(l, l->oracle.faulty ? 2 : 6) == 0)
        tk_token_rejected(&g->keeper, NULL, gate_account(g)->pair.generation);
    do {
        answer = tk_token_get(&g->keeper, NULL, min_valid_s, token, sizeof token, &info);
        if (answer == TK_TOKEN_VALUE)
            oracle_served(&l->oracle, token, &info);
        if (answer == TK_TOKEN_WAIT)
            gate_step(g, end_ms);
    } while (answer == TK_TOKEN_WAIT && g->port.now_ms < end_ms);
    l->demand_ms = next_demand(l);
}

/* Trouble that nobody runs into is none: most of the time somebody asks soon. */
static void turn(struct life *l)
{
    weather_turn(&l->weather);
    uint64_t left_ms = l->weather.next_ms - l->gate.port.now_ms;

    if (l->demand_ms != UINT64_MAX && l->weather.bad && draw(l, 4) != 0)
        l->demand_ms =
            l->gate.port.now_ms + 1 + draw(l, left_ms < 10 * MINUTE ? left_ms + 1 : 10 * MINUTE);
}

/* --- the person who is called --- */

static void call_person(struct life *l)
{
    struct gate *g = &l->gate;

    if (gate_state(g) != TK_NEEDS_CODE) {
        l->person_ms = UINT64_MAX;
    } else if (l->person_ms == UINT64_MAX) {
        l->person_ms = g->port.now_ms + 10 * MINUTE + draw(l, DAY);
    } else if (g->port.now_ms >= l->person_ms) {
        gate_authorize(g);
        l->person_ms = UINT64_MAX;
    }
}

/* --- the stretch --- */

static void vary(struct life *l)
{
    static const int64_t grace_ms[] = {0, 0, 0, MINUTE, 10 * MINUTE};
    struct gate *g = &l->gate;
    struct rules *s = &g->cloud.rules;

    s->old_refresh_grace_ms = grace_ms[draw(l, 5)];
    s->old_access_grace_ms = s->old_refresh_grace_ms;
    s->refresh_reuse_revokes = draw(l, 3) == 0;
    if (draw(l, 2) == 0)
        s->expired_refresh_error = "invalid_grant";
    if (draw(l, 2) == 0)
        s->refresh_life_ms = (int64_t)(28 * DAY);
    g->oversleep_ms = draw(l, 4) == 0 ? 3 * SECOND : 0;
    g->flash.erase_again = (unsigned)draw(l, 3);
    g->cloud.latency_ms = 5 + draw(l, 300);
}

static void set_renew(struct life *l)
{
    if (l->kind == LIFE_DENSE || l->kind == LIFE_IDLE)
        (void)tk_account_set(gate_account(&l->gate), TK_SET_RENEW, "on-demand");
    if (l->kind == LIFE_IDLE)
        l->gate.cloud.rules.refresh_life_ms = (int64_t)(28 * DAY);
    tk_token_schedule(gate_account(&l->gate));
}

static void begin(struct life *l)
{
    static const char *const levels[] = {"2", "2", "1", "3"};
    struct gate *g = &l->gate;

    l->random = l->seed * 0x9e3779b97f4a7c15u + (uint64_t)l->kind;
    gate_init(g, l->seed + 1);
    if (l->trace)
        gate_trace(g);
    g->quiet_sleep = !l->awake;
    if (l->kind == LIFE_DENSE || l->kind == LIFE_WEEKS)
        vary(l);
    gate_provision(g);
    (void)tk_escalator_set(&g->keeper.escalator, TK_WEBHOOK_URL, "https://watch.example/hook");
    (void)tk_escalator_set(&g->keeper.escalator, TK_WEBHOOK_LEVEL, levels[draw(l, 4)]);
    set_renew(l);
    oracle_init(&l->oracle, g);
    weather_init(&l->weather, g, &l->oracle, draw(l, 0));
    l->weather.calm_min_ms = 5 * MINUTE;
    l->weather.calm_max_ms = l->kind == LIFE_DENSE ? 30 * DAY : 2 * DAY;
    l->weather.spell_max_ms = 12 * HOUR;
    if (l->kind == LIFE_CALM || l->kind == LIFE_IDLE)
        l->weather.next_ms = UINT64_MAX;
    l->demand_ms = next_demand(l);
    l->person_ms = UINT64_MAX;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool life_run(struct life *l)
{
    struct gate *g = &l->gate;

    begin(l);
    uint64_t end_ms = g->port.now_ms + l->days * DAY;

    while (g->port.now_ms < end_ms && l->oracle.broken == 0) {
        uint64_t next_ms = earlier(earlier(l->demand_ms, l->person_ms), l->weather.next_ms);

        gate_run_until(g, earlier(earlier(next_ms, oracle_next(&l->oracle)), end_ms));
        oracle_look(&l->oracle);
        if (g->port.now_ms >= l->weather.next_ms)
            turn(l);
        if (g->port.now_ms >= l->demand_ms)
            demand(l);
        call_person(l);
    }
    if (g->flash.violations > 0 && l->oracle.broken == 0) {
        l->oracle.broken = 'x';
        snprintf(l->oracle.words, sizeof l->oracle.words, "flash: %s", g->flash.violation);
    }
    return l->oracle.broken == 0;
}

void life_free(struct life *l)
{
    gate_free(&l->gate);
}
