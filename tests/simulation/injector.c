/* SPDX-License-Identifier: Apache-2.0 */
#include "injector.h"

#include "tk_account_set.h"
#include "tk_refresh.h"
#include "tk_token.h"

#include <stdio.h>
#include <string.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

const char *const injection_names[INJECTIONS] = {"network", "server", "portal", "flash",
                                                 "clock",   "stop",   "power",  "revoked"};

static uint64_t draw(struct injector *j, uint64_t limit)
{
    return server_random(&j->random, limit);
}

/* Logarithmic: from 1 to 2 minutes is as likely as from 1 to 2 days. */
static uint64_t draw_between(struct injector *j, uint64_t min, uint64_t max)
{
    unsigned doublings = 0;

    while (min << (doublings + 1) <= max)
        doublings++;
    uint64_t from = min << draw(j, doublings + 1);

    return from + draw(j, (2 * from < max ? 2 * from : max) - from + 1);
}

/* --- kinds of faults --- */

static struct tk_sim_flow draw_flow(struct injector *j, uint64_t bytes)
{
    static const enum tk_sim_event events[] = {TK_SIM_NOTHING, TK_SIM_FIN, TK_SIM_RESET,
                                               TK_SIM_STALL};
    struct tk_sim_flow f = {.event = events[draw(j, 4)], .after = bytes};

    f.until_ms = TK_SIM_NEVER;
    if (draw(j, 4) == 0)
        f.at_most = 1 + draw(j, 100);
    f.again = (unsigned)draw(j, 3);
    return f;
}

static void draw_network_fault(struct injector *j, struct server_fault *x)
{
    static const enum server_fault_kind kinds[] = {
        SERVER_NO_NAME, SERVER_NAME_TIMEOUT, SERVER_REFUSES, SERVER_UNREACHABLE, SERVER_HANDSHAKE,
        SERVER_FLOW,    SERVER_FLOW,         SERVER_FLOW,    SERVER_SLOW};
    static const enum tk_err handshakes[] = {TK_E_TLS_UNTRUSTED, TK_E_TLS_NAME, TK_E_TLS_EXPIRED,
                                             TK_E_TLS_ALERT, TK_E_TLS_FAILED};

    x->kind = kinds[draw(j, sizeof kinds / sizeof kinds[0])];
    x->handshake = handshakes[draw(j, 5)];
    x->up = draw_flow(j, 600);
    x->down = draw_flow(j, 900);
    x->ms = draw_between(j, 5 * SECOND, 60 * SECOND);
}

static void draw_server_fault(struct injector *j, struct server_fault *x)
{
    static const enum server_fault_kind kinds[] = {SERVER_ERROR, SERVER_STATUS,    SERVER_LOSES,
                                                   SERVER_LOSES, SERVER_TRUNCATES, SERVER_GARBAGE};
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

    x->kind = kinds[draw(j, 6)];
    x->error = errors[draw(j, sizeof errors / sizeof errors[0])];
    x->status = statuses[draw(j, sizeof statuses / sizeof statuses[0])];
    if (x->kind == SERVER_ERROR)
        x->status = 0; /* that of the catalogue */
    x->body = bodies[draw(j, 6)];
    x->done = draw(j, 3) == 0;
    x->reset = draw(j, 2) == 0;
}

static void fault_hosts(struct injector *j)
{
    static const unsigned masks[] = {OAUTH_HOSTS, OAUTH_HOSTS, SERVER_ALL, WEBHOOK_HOSTS};
    struct server_fault x = {.odds = draw(j, 3) == 0 ? (unsigned)(20 + draw(j, 80)) : 100};

    if (j->kind == INJECT_NETWORK)
        draw_network_fault(j, &x);
    else
        draw_server_fault(j, &x);
    server_set_fault(&j->g->server, masks[draw(j, 4)], &x);
}

/* The webhook has faults of its own. */
static void fault_webhook(struct injector *j)
{
    struct server_fault x = {.odds = draw(j, 3) == 0 ? (unsigned)(20 + draw(j, 80)) : 100};

    if (draw(j, 3) != 0)
        return;
    if (draw(j, 3) == 0)
        draw_network_fault(j, &x);
    else
        draw_server_fault(j, &x);
    server_set_fault(&j->g->server, WEBHOOK_HOSTS, &x);
}

static void fault_portal(struct injector *j)
{
    struct rules *s = &j->g->server.rules;

    switch (draw(j, 3)) {
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

static void fault_flash(struct injector *j)
{
    struct tk_sim_flash *f = &j->g->flash;

    f->torn_program = (enum tk_sim_torn_program)draw(j, TK_SIM_TORN_PROGRAMS);
    f->torn_erase = (enum tk_sim_torn_erase)draw(j, TK_SIM_TORN_ERASES);
    f->fail_at = f->operations + 1 + draw(j, 12);
    f->fail_until = draw(j, 2) == 0 ? f->fail_at : UINT64_MAX;
}

/* The gateway looks at its clock now, not when it has something to do. */
static void set_clock(struct injector *j, enum tk_time_quality quality, int64_t unix_s)
{
    tk_sim_set_wall(&j->g->port, quality, unix_s);
    gateway_step(j->g, j->g->port.now_ms);
}

/* The machine was off, and its clock goes on where it stood: behind, but not below any bound. */
static void save_clock(struct injector *j)
{
    static const uint32_t off_s[] = {400, 3 * 3600, 30 * 86400};
    uint64_t off_ms =
        draw(j, 2) == 0 ? off_s[draw(j, 3)] * (uint64_t)SECOND : draw_between(j, MINUTE, 3 * DAY);

    tk_sim_set_wall(&j->g->port, TK_TIME_UNSYNCED, gateway_unix(j->g) - (int64_t)(off_ms / SECOND));
    gateway_restart(j->g, off_ms);
}

static enum tk_time_quality draw_quality(struct injector *j)
{
    return draw(j, 2) == 0 ? TK_TIME_RTC : TK_TIME_UNSYNCED;
}

/* Wrong by minutes to years, either way, or unknown: as it runs, or at a start. */
static void fault_clock(struct injector *j)
{
    int64_t by_s = (int64_t)draw_between(j, 60, 5 * 365 * 86400);

    j->v->wrong_clock = true;
    if (draw(j, 4) == 0) {
        save_clock(j);
        return;
    }
    if (draw(j, 3) == 0) {
        set_clock(j, TK_TIME_NONE, 0);
    } else { /* drawn one after the other: every compiler makes the same run of a seed */
        int64_t wrong = gateway_unix(j->g) + (draw(j, 3) == 0 ? by_s : -by_s);

        set_clock(j, draw_quality(j), wrong);
    }
    if (draw(j, 2) == 0)
        gateway_restart(j->g, draw_between(j, SECOND, HOUR));
    else if (draw(j, 2) == 0)
        gateway_stop(j->g, draw_between(j, SECOND, HOUR));
}

/* Ends the program some seconds after a refresh has begun, which the server answers late. */
static void stop(struct injector *j)
{
    struct server_fault slow = {.kind = SERVER_SLOW, .ms = 1 + draw(j, 5 * SECOND)};
    struct gateway *g = j->g;

    server_set_fault(&g->server, OAUTH_HOSTS, &slow);
    (void)tk_refresh_start(gateway_account(g));
    gateway_run_until(g, g->port.now_ms + draw(j, 7 * SECOND));
    gateway_stop(g, draw_between(j, SECOND, HOUR));
}

/* Plans a power failure: in a write to flash, or between calls of the network. */
static void plan_cut(struct injector *j)
{
    struct gateway *g = j->g;

    g->flash.torn_program = (enum tk_sim_torn_program)draw(j, TK_SIM_TORN_PROGRAMS);
    g->flash.torn_erase = (enum tk_sim_torn_erase)draw(j, TK_SIM_TORN_ERASES);
    g->flash.weak = draw(j, 3) == 0 ? TK_SIM_WEAK_RESTART : TK_SIM_WEAK_NEVER;
    if (draw(j, 2) == 0)
        g->flash.cut_at = g->flash.operations + 1 + draw(j, 16);
    else
        g->cut_call = g->net_calls + 1 + draw(j, 24);
    (void)tk_refresh_start(gateway_account(g)); /* so that there are writes and calls */
}

static void cut_power(struct injector *j)
{
    if (draw(j, 4) == 0)
        gateway_restart(j->g, draw_between(j, SECOND, 3 * DAY));
    plan_cut(j);
}

/* --- episodes and pauses --- */

static void begin(struct injector *j)
{
    static const enum injection kinds[] = {
        INJECT_NETWORK, INJECT_NETWORK, INJECT_NETWORK, INJECT_SERVER, INJECT_SERVER,
        INJECT_PORTAL,  INJECT_FLASH,   INJECT_CLOCK,   INJECT_CLOCK,  INJECT_STOP,
        INJECT_POWER,   INJECT_POWER,   INJECT_POWER,   INJECT_REVOKED};

    j->kind = kinds[draw(j, sizeof kinds / sizeof kinds[0])];
    j->episodes[j->kind]++;
    invariants_fault(j->v, true);
    server_draw_addresses(&j->g->server, &j->random);
    if (j->kind == INJECT_NETWORK || j->kind == INJECT_SERVER)
        fault_hosts(j);
    else if (j->kind == INJECT_PORTAL)
        fault_portal(j);
    else if (j->kind == INJECT_FLASH)
        fault_flash(j);
    else if (j->kind == INJECT_CLOCK)
        fault_clock(j);
    else if (j->kind == INJECT_STOP)
        stop(j);
    else if (j->kind == INJECT_POWER)
        cut_power(j);
    else if (draw(j, 3) == 0) /* less often than the others */
        rules_revoke(&j->g->server.rules);
    fault_webhook(j);
    j->cuts = j->kind == INJECT_POWER ? (unsigned)draw(j, 3) : 0;
}

static const struct server_fault well;

static void end(struct injector *j)
{
    struct gateway *g = j->g;
    struct rules *s = &g->server.rules;

    j->webhook_faulty = draw(j, 4) == 0;
    server_set_fault(&g->server, j->webhook_faulty ? SERVER_ALL & ~WEBHOOK_HOSTS : SERVER_ALL,
                     &well);
    s->installed = s->app_paid = true;
    strcpy(s->clients[0].secret, gateway_account(g)->client.client_secret);
    g->flash.fail_at = g->flash.fail_until = 0;
    g->flash.cut_at = g->cut_call = 0;
    set_clock(j, draw_quality(j), gateway_unix(g));
    server_draw_addresses(&g->server, &j->random);
    j->v->wrong_clock = false;
    invariants_fault(j->v, false);
}

static void trace(const struct injector *j)
{
    if (j->g->trace)
        printf("%12.3f s  injector: %s until %.3f s\n", (double)j->g->port.now_ms / 1000,
               j->active ? injection_names[j->kind] : "pause", (double)j->next_ms / 1000);
}

static uint64_t length_ms(struct injector *j)
{
    if (j->active)
        return draw_between(j, SECOND, j->episode_max_ms);
    if (j->webhook_faulty)
        return draw_between(j, SECOND, 2 * HOUR);
    return draw_between(j, j->pause_min_ms, j->pause_max_ms);
}

void injector_turn(struct injector *j)
{
    if (j->active && j->cuts > 0) {
        j->cuts--;
        plan_cut(j);
        j->next_ms = j->g->port.now_ms + draw_between(j, SECOND, 10 * MINUTE);
        return;
    }
    if (!j->active && j->webhook_faulty) {
        j->webhook_faulty = false;
        server_set_fault(&j->g->server, WEBHOOK_HOSTS, &well);
    } else {
        j->active = !j->active;
        if (j->active)
            begin(j);
        else
            end(j);
    }
    j->next_ms = j->g->port.now_ms + length_ms(j);
    trace(j);
}

void injector_init(struct injector *j, struct gateway *g, struct invariants *v, uint64_t seed)
{
    memset(j, 0, sizeof *j);
    j->g = g;
    j->v = v;
    j->random = seed;
    j->next_ms = g->port.now_ms + draw(j, DAY);
}
