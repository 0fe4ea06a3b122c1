/* SPDX-License-Identifier: Apache-2.0 */
#include "gate.h"
#include "tk_account_set.h"
#include "tk_token.h"

#include "tk_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MS 10000 /* as core/tk_keeper.c feeds the watchdog */
#define SPIN_MAX                                                                                   \
    20000 /* passes in one tick that no gateway needs, also where bytes come one by one */

static bool touched(struct tk_port *port)
{
    struct gate *g = (struct gate *)port;

    g->off = g->off || g->flash.off || ++g->touches == g->cut_touch;
    g->flash.off = g->off;
    return !g->off;
}

static void tell(void *ctx, const char *line)
{
    struct gate *g = ctx;

    if (g->trace && !g->off)
        printf("%12.3f s  %s\n", (double)g->port.now_ms / 1000, line);
}

static void escalated(void *ctx, const char *ref, int level, enum tk_err cause)
{
    struct gate *g = ctx;

    (void)ref;
    (void)cause;
    if (g->escalated != NULL && !g->flash.off)
        g->escalated(g, level);
}

void gate_init(struct gate *g, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    tls_clear_powered = touched;
    tk_sim_init(&g->port, seed);
    tk_sim_set_wall(&g->port, TK_TIME_RTC, GATE_UNIX);
    tk_sim_console_attach(&g->port, 0, false);
    tk_sim_flash_init(&g->flash, 2048, 2, 1);
    g->flash.random = seed | 1;
    g->quiet_sleep = true;
    g->config = (struct tk_config){.port = &g->port,
                                   .flash = &g->flash.flash,
                                   .build_unix = GATE_UNIX - 86400,
                                   .board = "sim",
                                   .on_escalation = escalated,
                                   .ctx = g};
    cloud_init(&g->cloud, &g->port, seed, (int64_t)GATE_UNIX * 1000);
    strcpy(g->cloud.rules.clients[0].id, "local.6a0b1c2d3e4f50.12345678");
    strcpy(g->cloud.rules.clients[0].secret, "Q2rJ4mZx8TnV1bLw7YkHs9DcFg3PpEaUi6OoRtXyBvNlKjMhGd");
    tk_keeper_init(&g->keeper, &g->config);
}

void gate_free(struct gate *g)
{
    tk_keeper_free(&g->keeper);
    tk_sim_free(&g->port);
    tk_sim_flash_free(&g->flash);
    cloud_free(&g->cloud);
}

void gate_trace(struct gate *g)
{
    g->trace = true;
    g->config.on_line = tell;
}

int64_t gate_unix(const struct gate *g)
{
    return cloud_now(&g->cloud) / 1000;
}

enum tk_state gate_state(const struct gate *g)
{
    return tk_account_state(&g->keeper.accounts.of[0]);
}

/* --- its life --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whether nothing but a task of the scheduler can make it do anything. */
static bool is_quiet(const struct gate *g)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (g->keeper.rt.https.connections[i].tls.stage != TK_TLS_IDLE)
            return false;
    }
    return g->keeper.rt.https.queue == NULL;
}

static uint64_t sleep_end(struct gate *g, uint64_t until_ms, uint64_t end_ms)
{
    const struct tk_timer *next = g->keeper.rt.timers.first;

    if (g->quiet_sleep && until_ms == g->port.now_ms + IDLE_MS && is_quiet(g))
        until_ms = next == NULL ? end_ms : next->due_ms;
    if (g->oversleep_ms > 0 && until_ms > g->port.now_ms)
        until_ms += cloud_random(&g->cloud.random, g->oversleep_ms);
    return earlier(until_ms, end_ms);
}

/* A gateway that never sleeps is broken. */
static void watch_spinning(struct gate *g)
{
    g->spins = g->port.now_ms == g->spun_ms ? g->spins + 1 : 0;
    g->spun_ms = g->port.now_ms;
    if (g->spins > SPIN_MAX)
        abort();
}

void gate_step(struct gate *g, uint64_t end_ms)
{
    uint64_t until_ms = tk_keeper_run(&g->keeper);

    g->passes++;
    watch_spinning(g);
    if (g->off || g->flash.off) {
        gate_restart(g, 1000 + cloud_random(&g->cloud.random, 60000));
        return;
    }
    if (g->look != NULL)
        g->look(g);
    until_ms = sleep_end(g, until_ms, end_ms);
    if (until_ms > g->port.now_ms)
        tk_wait(&g->port, until_ms);
}

uint64_t gate_next(const struct gate *g)
{
    const struct tk_timer *next = g->keeper.rt.timers.first;

    if (!is_quiet(g))
        return g->port.now_ms;
    return next == NULL ? UINT64_MAX : next->due_ms;
}

void gate_run_until(struct gate *g, uint64_t end_ms)
{
    while (g->port.now_ms < end_ms)
        gate_step(g, end_ms);
}

void gate_restart(struct gate *g, uint64_t ms)
{
    if (g->cut != NULL)
        g->cut(g);
    g->off = g->flash.off = true;
    tk_keeper_free(&g->keeper);
    tk_sim_advance(&g->port, ms);
    g->off = false;
    g->cut_touch = 0;
    tk_sim_flash_power_on(&g->flash);
    tk_keeper_init(&g->keeper, &g->config);
    g->boots++;
    if (g->trace)
        printf("%12.3f s  boot\n", (double)g->port.now_ms / 1000);
    if (g->booted != NULL)
        g->booted(g);
}

/* --- what a person does --- */

void gate_authorize(struct gate *g)
{
    struct tk_account *a = gate_account(g);
    uint32_t number = rules_new_code(&g->cloud.rules, 0, cloud_now(&g->cloud));
    char code[RULES_TOKEN + 1];

    rules_text(&g->cloud.rules, RULES_CODE, number, code);
    (void)tk_auth_code(a, code);
    do
        gate_step(g, g->port.now_ms + 60000);
    while (tk_account_exchanging(gate_account(g)));
}

void gate_provision(struct gate *g)
{
    struct tk_account *a = gate_account(g);
    const struct rules_client *client = &g->cloud.rules.clients[0];

    (void)tk_account_set(a, TK_SET_PORTAL, "acme.bitrix24.com");
    (void)tk_account_set(a, TK_SET_CLIENT_ID, client->id);
    (void)tk_account_set(a, TK_SET_CLIENT_SECRET, client->secret);
    (void)tk_account_set(a, TK_SET_SCOPE, "crm,user");
    gate_authorize(g);
}
