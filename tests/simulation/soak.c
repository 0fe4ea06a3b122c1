/* SPDX-License-Identifier: Apache-2.0 */
#include "soak.h"

#include "tk_account_set.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

#define DEMAND_MS (30 * SECOND) /* that a consumer waits */

const char *const soak_names[SOAK_KINDS] = {"calm", "dense", "weeks", "idle"};

static uint64_t draw(struct soak *soak, uint64_t limit)
{
    return server_random(&soak->random, limit);
}

/* --- consumers --- */

static uint64_t next_demand(struct soak *soak)
{
    uint64_t since_ms = soak->gateway.port.now_ms - soak->invariants.fault_end_ms;
    bool near = soak->invariants.faulty || since_ms < 30 * MINUTE;

    if (soak->kind == SOAK_CALM || soak->kind == SOAK_IDLE)
        return UINT64_MAX;
    return soak->gateway.port.now_ms + 1 + draw(soak, near ? 40 * MINUTE : 4 * DAY);
}

static void demand(struct soak *soak)
{
    static const uint32_t valid[] = {60, 60, 300, 3000, 7200};
    struct gateway *g = &soak->gateway;
    uint64_t end_ms = g->port.now_ms + DEMAND_MS;
    uint32_t min_valid_s = valid[draw(soak, 5)];
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    enum tk_token_answer answer;

    if (draw(soak, soak->invariants.faulty ? 2 : 6) == 0)
        tk_token_rejected(&g->keeper, NULL, gateway_account(g)->pair.generation);
    do {
        answer = tk_token_get(&g->keeper, NULL, min_valid_s, token, sizeof token, &info);
        if (answer == TK_TOKEN_VALUE)
            invariants_served(&soak->invariants, token, &info);
        if (answer == TK_TOKEN_WAIT)
            gateway_step(g, end_ms);
    } while (answer == TK_TOKEN_WAIT && g->port.now_ms < end_ms);
    soak->demand_ms = next_demand(soak);
}

/* Most faults meet a consumer: without one they would have no effect. */
static void turn(struct soak *soak)
{
    injector_turn(&soak->injector);
    uint64_t left_ms = soak->injector.next_ms - soak->gateway.port.now_ms;

    if (soak->demand_ms != UINT64_MAX && soak->injector.active && draw(soak, 4) != 0)
        soak->demand_ms = soak->gateway.port.now_ms + 1 +
                          draw(soak, left_ms < 10 * MINUTE ? left_ms + 1 : 10 * MINUTE);
}

/* --- the operator --- */

static void call_operator(struct soak *soak)
{
    struct gateway *g = &soak->gateway;

    if (gateway_state(g) != TK_NEEDS_CODE) {
        soak->operator_ms = UINT64_MAX;
    } else if (soak->operator_ms == UINT64_MAX) {
        soak->operator_ms = g->port.now_ms + 10 * MINUTE + draw(soak, DAY);
    } else if (g->port.now_ms >= soak->operator_ms) {
        gateway_authorize(g);
        soak->operator_ms = UINT64_MAX;
    }
}

/* --- the run --- */

static void vary(struct soak *soak)
{
    static const int64_t grace_ms[] = {0, 0, 0, MINUTE, 10 * MINUTE};
    struct gateway *g = &soak->gateway;
    struct rules *s = &g->server.rules;

    s->old_refresh_grace_ms = grace_ms[draw(soak, 5)];
    s->old_access_grace_ms = s->old_refresh_grace_ms;
    s->refresh_reuse_revokes = draw(soak, 3) == 0;
    if (draw(soak, 2) == 0)
        s->expired_refresh_error = "invalid_grant";
    if (draw(soak, 2) == 0)
        s->refresh_life_ms = (int64_t)(28 * DAY);
    g->oversleep_ms = draw(soak, 4) == 0 ? 3 * SECOND : 0;
    g->flash.erase_again = (unsigned)draw(soak, 3);
    server_set_latency(&g->server, 5 + draw(soak, 300));
}

static void set_renew(struct soak *soak)
{
    if (soak->kind == SOAK_DENSE || soak->kind == SOAK_IDLE)
        (void)tk_account_set(gateway_account(&soak->gateway), TK_SET_RENEW, "on-demand");
    if (soak->kind == SOAK_IDLE)
        soak->gateway.server.rules.refresh_life_ms = (int64_t)(28 * DAY);
    tk_token_schedule(gateway_account(&soak->gateway));
}

static void begin(struct soak *soak)
{
    static const char *const levels[] = {"2", "2", "1", "3"};
    struct gateway *g = &soak->gateway;

    soak->random = soak->seed * 0x9e3779b97f4a7c15u + (uint64_t)soak->kind;
    gateway_init(g, soak->seed + 1);
    if (soak->trace)
        gateway_trace(g);
    g->port.watchdog_ms = soak->watchdog ? 10000 : 0;
    if (soak->kind == SOAK_DENSE || soak->kind == SOAK_WEEKS)
        vary(soak);
    gateway_provision(g);
    (void)tk_alerts_set(&g->keeper.alerts, TK_WEBHOOK_URL, "https://watch.example/hook");
    (void)tk_alerts_set(&g->keeper.alerts, TK_WEBHOOK_LEVEL, levels[draw(soak, 4)]);
    set_renew(soak);
    invariants_init(&soak->invariants, g);
    injector_init(&soak->injector, g, &soak->invariants, draw(soak, 0));
    soak->injector.pause_min_ms = 5 * MINUTE;
    soak->injector.pause_max_ms = soak->kind == SOAK_DENSE ? 30 * DAY : 2 * DAY;
    soak->injector.episode_max_ms = 12 * HOUR;
    if (soak->kind == SOAK_CALM || soak->kind == SOAK_IDLE)
        soak->injector.next_ms = UINT64_MAX;
    soak->demand_ms = next_demand(soak);
    soak->operator_ms = UINT64_MAX;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool soak_run(struct soak *soak)
{
    struct gateway *g = &soak->gateway;

    begin(soak);
    uint64_t end_ms = g->port.now_ms + soak->days * DAY;

    while (g->port.now_ms < end_ms && soak->invariants.violated == 0) {
        uint64_t next_ms =
            earlier(earlier(soak->demand_ms, soak->operator_ms), soak->injector.next_ms);

        gateway_run_until(g, earlier(earlier(next_ms, invariants_next(&soak->invariants)), end_ms));
        invariants_check(&soak->invariants);
        if (g->port.now_ms >= soak->injector.next_ms)
            turn(soak);
        if (g->port.now_ms >= soak->demand_ms)
            demand(soak);
        call_operator(soak);
    }
    if (g->flash.violations > 0 && soak->invariants.violated == 0) {
        soak->invariants.violated = 'x';
        snprintf(soak->invariants.detail, sizeof soak->invariants.detail, "flash: %s",
                 g->flash.violation);
    }
    return soak->invariants.violated == 0;
}

void soak_free(struct soak *soak)
{
    gateway_free(&soak->gateway);
}
