/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway.h"

#include "tk_account_set.h"
#include "tk_auth.h"
#include "tk_token.h"
#include "tls_clear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERT_LIFE_S    (90 * 86400)
#define CERT_RENEWAL_S (60 * 86400)

#define SPIN_MAX 20000 /* passes in one tick; bytes that come one by one need fewer */

static const struct server_host hosts[] = {
    [HOST_OAUTH_WEST] = {"oauth.bitrix.info", 443, SERVER_OAUTH},
    [HOST_OAUTH_EAST] = {"oauth.bitrix24.tech", 443, SERVER_OAUTH},
    [HOST_PORTAL] = {"acme.bitrix24.com", 443, SERVER_PORTAL},
    [HOST_WEBHOOK] = {"watch.example", 443, SERVER_WEBHOOK},
};

static bool powered(struct tk_port *port)
{
    struct gateway *g = (struct gateway *)port;

    g->off = g->off || g->flash.off || ++g->net_calls == g->cut_call;
    g->flash.off = g->off;
    return !g->off;
}

/* A certificate every 60 days. A gateway that knows only a lower bound of the time moves it to the
 * certificate's beginning, as tk_tls.c does. */
static enum tk_err on_handshake(struct server *s, unsigned host)
{
    struct gateway *g = (struct gateway *)s->port;
    int64_t begin = gateway_unix(g) / CERT_RENEWAL_S * CERT_RENEWAL_S - 86400, now;

    (void)host;
    tk_time_note_not_before(&g->keeper.rt.time, begin);
    (void)tk_time_now(&g->keeper.rt.time, &now);
    if (now < begin)
        return TK_E_TLS_NOT_YET;
    return now > begin + CERT_LIFE_S ? TK_E_TLS_EXPIRED : TK_OK;
}

static void print_line(void *ctx, const char *line)
{
    struct gateway *g = ctx;

    if (g->trace && !g->off)
        printf("%12.3f s  %s\n", (double)g->port.now_ms / 1000, line);
}

void gateway_init(struct gateway *g, uint64_t seed)
{
    memset(g, 0, sizeof *g);
    tls_clear_powered = powered;
    tk_sim_init(&g->port, seed);
    tk_sim_set_wall(&g->port, TK_TIME_RTC, GATEWAY_UNIX);
    tk_sim_console_attach(&g->port, 0, false);
    tk_sim_flash_init(&g->flash, 2048, 2, 1);
    g->flash.random = seed | 1;
    g->config = (struct tk_config){.port = &g->port,
                                   .flash = &g->flash.flash,
                                   .build_unix = GATEWAY_UNIX - 86400,
                                   .board = "sim",
                                   .ctx = g};
    server_init(&g->server, &g->port, hosts, sizeof hosts / sizeof hosts[0], seed,
                (int64_t)GATEWAY_UNIX * 1000);
    server_set_latency(&g->server, 40);
    g->server.on_handshake = on_handshake;
    strcpy(g->server.rules.clients[0].id, "local.6a0b1c2d3e4f50.12345678");
    strcpy(g->server.rules.clients[0].secret, "Q2rJ4mZx8TnV1bLw7YkHs9DcFg3PpEaUi6OoRtXyBvNlKjMhGd");
    tk_keeper_init(&g->keeper, &g->config);
}

void gateway_free(struct gateway *g)
{
    tk_keeper_free(&g->keeper);
    tk_sim_free(&g->port);
    tk_sim_flash_free(&g->flash);
    server_free(&g->server);
}

void gateway_trace(struct gateway *g)
{
    g->trace = true;
    g->config.on_line = print_line;
}

int64_t gateway_unix(const struct gateway *g)
{
    return server_now(&g->server) / 1000;
}

enum tk_state gateway_state(const struct gateway *g)
{
    return tk_account_state(&g->keeper.accounts.of[0]);
}

/* --- running --- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Whether only a timer can give it work: no connection, no request. */
static bool is_quiet(const struct gateway *g)
{
    for (size_t i = 0; i < TK_CONNECTIONS; i++) {
        if (g->keeper.rt.https.connections[i].tls.stage != TK_TLS_IDLE)
            return false;
    }
    return g->keeper.rt.https.queue == NULL;
}

static uint64_t sleep_end(struct gateway *g, uint64_t until_ms, uint64_t end_ms)
{
    if (g->oversleep_ms > 0 && until_ms > g->port.now_ms)
        until_ms += server_random(&g->server.random, g->oversleep_ms);
    return earlier(until_ms, end_ms);
}

/* A gateway that never sleeps is broken. */
static void watch_spinning(struct gateway *g)
{
    g->spins = g->port.now_ms == g->spun_ms ? g->spins + 1 : 0;
    g->spun_ms = g->port.now_ms;
    if (g->spins > SPIN_MAX)
        abort();
}

void gateway_step(struct gateway *g, uint64_t end_ms)
{
    uint64_t until_ms = tk_keeper_run(&g->keeper);

    g->passes++;
    watch_spinning(g);
    if (g->off || g->flash.off) {
        gateway_restart(g, 1000 + server_random(&g->server.random, 60000));
        return;
    }
    if (g->passed != NULL)
        g->passed(g);
    until_ms = sleep_end(g, until_ms, end_ms);
    if (until_ms > g->port.now_ms)
        tk_wait(&g->port, until_ms);
}

uint64_t gateway_next(const struct gateway *g)
{
    const struct tk_timer *next = g->keeper.rt.timers.first;

    if (!is_quiet(g))
        return g->port.now_ms;
    return next == NULL ? UINT64_MAX : next->due_ms;
}

void gateway_run_until(struct gateway *g, uint64_t end_ms)
{
    while (g->port.now_ms < end_ms)
        gateway_step(g, end_ms);
}

static void start_again(struct gateway *g, uint64_t ms)
{
    tk_keeper_free(&g->keeper);
    tk_sim_advance(&g->port, ms);
    g->off = false;
    g->cut_call = 0;
    tk_sim_flash_power_on(&g->flash);
    tk_keeper_init(&g->keeper, &g->config);
    g->boots++;
    if (g->trace)
        printf("%12.3f s  boot\n", (double)g->port.now_ms / 1000);
    if (g->booted != NULL)
        g->booted(g);
}

void gateway_restart(struct gateway *g, uint64_t ms)
{
    g->off = g->flash.off = true;
    start_again(g, ms);
}

void gateway_stop(struct gateway *g, uint64_t ms)
{
    uint64_t from_ms = g->port.now_ms, boots = g->boots;

    while (g->boots == boots && !tk_keeper_shutdown(&g->keeper))
        gateway_step(g, UINT64_MAX);
    if (g->boots > boots)
        return;
    if (g->stopped != NULL)
        g->stopped(g, g->port.now_ms - from_ms);
    if (g->trace)
        printf("%12.3f s  stop\n", (double)g->port.now_ms / 1000);
    start_again(g, ms);
}

/* --- the operator --- */

void gateway_authorize(struct gateway *g)
{
    struct tk_account *a = gateway_account(g);
    uint32_t number = rules_new_code(&g->server.rules, 0, server_now(&g->server));
    char code[RULES_TOKEN + 1];

    rules_text(&g->server.rules, RULES_CODE, number, code);
    (void)tk_auth_code(a, code);
    do
        gateway_step(g, g->port.now_ms + 60000);
    while (tk_account_exchanging(gateway_account(g)));
}

void gateway_provision(struct gateway *g)
{
    struct tk_account *a = gateway_account(g);
    const struct rules_client *client = &g->server.rules.clients[0];

    (void)tk_account_set(a, TK_SET_PORTAL, "acme.bitrix24.com");
    (void)tk_account_set(a, TK_SET_CLIENT_ID, client->id);
    (void)tk_account_set(a, TK_SET_CLIENT_SECRET, client->secret);
    (void)tk_account_set(a, TK_SET_SCOPE, "crm,user");
    gateway_authorize(g);
}
