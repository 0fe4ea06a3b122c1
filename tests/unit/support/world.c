/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "tk_x509.h"

#include "tls_clear.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the servers --- */

static const struct server_host hosts[] = {
    {"oauth.bitrix.info", 443, SERVER_OAUTH},  {"oauth.bitrix24.tech", 443, SERVER_OAUTH},
    {"oauth.local", 8443, SERVER_OAUTH},       {"acme.bitrix24.com", 443, SERVER_PORTAL},
    {"acme.bitrix24.ru", 443, SERVER_PORTAL},  {"other.bitrix24.com", 443, SERVER_PORTAL},
    {"new.bitrix24.de", 443, SERVER_PORTAL},   {"between.bitrix24.com", 443, SERVER_PORTAL},
    {"a.bitrix24.com", 443, SERVER_PORTAL},    {"b.bitrix24.com", 443, SERVER_PORTAL},
    {"hooks.example", 443, SERVER_WEBHOOK},    {"other.example", 443, SERVER_WEBHOOK},
    {"third.example", 443, SERVER_WEBHOOK},    {"corezoid.example", 443, SERVER_WEBHOOK},
    {"api.corezoid.com", 443, SERVER_WEBHOOK}, {"crm.example.com", 443, SERVER_PORTAL},
};

/* The handshake fails where the gateway's clock is outside the certificate's dates; a lower bound
 * of the time moves to the certificate's beginning. */
static enum tk_err on_handshake(struct server *s, unsigned host)
{
    struct world *w = s->ctx;
    int64_t now = 0;

    (void)host;
    if (w->cert_until == 0)
        return TK_OK;
    tk_time_note_not_before(&w->keeper.rt.time, w->cert_from);
    (void)tk_time_now(&w->keeper.rt.time, &now);
    if (now < w->cert_from)
        return TK_E_TLS_NOT_YET;
    return now > w->cert_until ? TK_E_TLS_EXPIRED : TK_OK;
}

static void on_request(struct server *s, unsigned host, const char *request)
{
    struct world *w = s->ctx;
    bool webhook = s->hosts[host].role == SERVER_WEBHOOK;

    snprintf(w->last_request, sizeof w->last_request, "%s", request);
    if (webhook && s->post.done)
        snprintf(w->last_post, sizeof w->last_post, "%s", strstr(request, "\r\n\r\n") + 4);
    if (!(webhook && w->webhook_apart) && w->fault_count > 0 && --w->fault_count == 0)
        world_fault(w, WORLD_WELL, 0);
}

static bool is_powered(struct tk_port *port)
{
    const struct world *w = (const struct world *)port;

    return !(w->dies_with_flash && w->flash.off);
}

static void set_up_server(struct world *w, uint64_t seed)
{
    struct rules *r = &w->server.rules;

    server_init(&w->server, &w->port, hosts, sizeof hosts / sizeof hosts[0], seed,
                (int64_t)WORLD_UNIX * 1000);
    r->readable = true;
    strcpy(r->clients[0].id, "local.1");
    strcpy(r->clients[0].secret, "s3cret");
    w->server.date = "";
    w->server.on_handshake = on_handshake;
    w->server.on_request = on_request;
    w->server.ctx = w;
    w->webhook_status = 404;
    tls_clear_powered = is_powered;
}

/* --- the gateway --- */

static void on_line(void *ctx, const char *line)
{
    struct world *w = ctx;
    size_t len = strlen(w->events);

    snprintf(w->events + len, sizeof w->events - len, "%s\n", line);
}

void world_init(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof *w);
    tk_sim_init(&w->port, seed);
    tk_sim_set_wall(&w->port, TK_TIME_RTC, WORLD_UNIX);
    tk_sim_flash_init(&w->flash, 4096, 8, 1);
    w->flash.random = seed;
    w->config = (struct tk_config){.port = &w->port,
                                   .flash = &w->flash.flash,
                                   .build_unix = WORLD_UNIX - 86400,
                                   .parse_root = tk_x509_parse,
                                   .board = "sim",
                                   .on_line = on_line,
                                   .ctx = w};
    set_up_server(w, seed);
    tk_keeper_init(&w->keeper, &w->config);
}

void world_free(struct world *w)
{
    tk_keeper_free(&w->keeper);
    tk_sim_flash_free(&w->flash);
    tk_sim_free(&w->port);
    server_free(&w->server);
}

void world_restart(struct world *w, uint64_t ms)
{
    tk_keeper_free(&w->keeper);
    tk_sim_advance(&w->port, ms);
    tk_sim_flash_power_on(&w->flash);
    tk_sim_console_attach(&w->port, 0, false);
    tk_sim_console_attach(&w->port, 0, true);
    tk_keeper_init(&w->keeper, &w->config);
}

/* Returns the tick of the next pass. */
static uint64_t pass(struct world *w)
{
    w->passes++;
    return tk_keeper_run(&w->keeper);
}

static void sleep_until(struct world *w, uint64_t until_ms, uint64_t end_ms)
{
    tk_wait(&w->port, until_ms < end_ms ? until_ms : end_ms);
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t end_ms = w->port.now_ms + ms;
    unsigned idle = 0;

    while (w->port.now_ms < end_ms) {
        uint64_t before = w->port.now_ms;

        sleep_until(w, pass(w), end_ms);
        idle = w->port.now_ms == before ? idle + 1 : 0;
        assert_true(idle < 1000); /* else it spins */
    }
    pass(w);
}

static void read_answer(struct world *w)
{
    char bytes[512];
    size_t n, len = strlen(w->answer);

    while ((n = tk_sim_console_drain(&w->port, 0, bytes, sizeof bytes)) > 0) {
        for (size_t i = 0; i < n && len < sizeof w->answer - 1; i++) {
            if (bytes[i] != '\r')
                w->answer[len++] = bytes[i];
        }
        w->answer[len] = '\0';
    }
}

static const char *last_line(struct world *w)
{
    char *ok = strstr(w->answer, "@1 OK");
    char *err = strstr(w->answer, "@1 ERR");
    char *line = ok != NULL ? ok : err;

    if (line == NULL || strchr(line, '\n') == NULL)
        return NULL;
    *strchr(line, '\n') = '\0';
    return line + 3;
}

const char *world_type(struct world *w, const char *line)
{
    const char *last = NULL;
    uint64_t end_ms = w->port.now_ms + 120000;

    read_answer(w);
    w->answer[0] = '\0';
    tk_sim_console_feed(&w->port, 0, "@1 ", 3);
    tk_sim_console_feed(&w->port, 0, line, strlen(line));
    tk_sim_console_feed(&w->port, 0, "\n", 1);
    while (w->port.now_ms < end_ms) {
        uint64_t until_ms = pass(w);

        read_answer(w);
        last = last_line(w);
        if (last != NULL)
            break;
        sleep_until(w, until_ms, end_ms);
    }
    assert_non_null(last);
    return last;
}

void world_give_code(struct world *w, const char *code)
{
    rules_new_named_code(&w->server.rules, code, server_now(&w->server));
}

void world_set_client(struct world *w)
{
    assert_string_equal(world_type(w, "set portal acme"), "OK portal=acme.bitrix24.com");
    world_type(w, "set client_id local.1");
    world_type(w, "set client_secret s3cret");
}

void world_provision(struct world *w)
{
    world_set_client(w);
    world_give_code(w, "code1");
    assert_string_equal(world_type(w, "auth code code1"),
                        "OK state=ready generation=1 expires_in=3600 rest=ok");
}

const char *world_status(struct world *w, const char *key)
{
    static char value[512];
    char wanted[64];

    assert_string_equal(world_type(w, "status --all"), "OK");
    snprintf(wanted, sizeof wanted, "@1 %s=", key);
    const char *at = strstr(w->answer, wanted);

    assert_non_null(at);
    at += strlen(wanted);
    snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\n"), at);
    return value;
}

unsigned world_count_events(const struct world *w, const char *part)
{
    unsigned count = 0;

    for (const char *at = w->events; (at = strstr(at, part)) != NULL; at += strlen(part))
        count++;
    return count;
}

/* --- faults --- */

static struct server_fault fault_of(const struct world *w, enum world_fault kind, int status)
{
    switch (kind) {
    case WORLD_WELL:
        return (struct server_fault){.kind = SERVER_WELL};
    case WORLD_UNREACHABLE:
        return (struct server_fault){.kind = SERVER_REFUSES};
    case WORLD_UNTRUSTED:
        return (struct server_fault){.kind = SERVER_HANDSHAKE, .handshake = TK_E_TLS_UNTRUSTED};
    case WORLD_SILENT:
        return (struct server_fault){.kind = SERVER_IGNORES};
    case WORLD_CLOSES:
        return (struct server_fault){.kind = SERVER_CLOSES};
    case WORLD_LOSES:
        return (struct server_fault){.kind = SERVER_LOSES};
    case WORLD_STATUS:
        return (struct server_fault){
            .kind = SERVER_STATUS, .status = status, .body = "<html>", .fields = w->fault_fields};
    case WORLD_ERROR:
        return (struct server_fault){
            .kind = SERVER_ERROR, .status = status, .error = w->fault_word};
    default:
        return (struct server_fault){.kind = SERVER_STATUS,
                                     .status = 200,
                                     .type = "application/json",
                                     .body = w->fault_word};
    }
}

void world_fault(struct world *w, enum world_fault kind, unsigned count)
{
    unsigned webhooks = server_hosts(&w->server, SERVER_WEBHOOK);
    struct server_fault x = fault_of(w, kind, w->fault_status);

    assert_true(count == 0 || kind > WORLD_UNTRUSTED);
    w->fault = kind;
    w->fault_count = count;
    server_set_fault(&w->server, w->webhook_apart ? ~webhooks : SERVER_ALL, &x);
}

void world_webhook_fault(struct world *w, enum world_fault kind)
{
    struct server_fault x = fault_of(w, kind, w->webhook_status);

    w->webhook_apart = true;
    w->webhook_fault = kind;
    server_set_fault(&w->server, server_hosts(&w->server, SERVER_WEBHOOK), &x);
}

void world_latency(struct world *w, uint64_t ms)
{
    w->server.think_ms = ms;
}

void world_error(struct world *w, const char *word, int status, unsigned count)
{
    w->fault_word = word;
    w->fault_status = status;
    world_fault(w, WORLD_ERROR, count);
}

bool world_honours_newest(const struct world *w)
{
    const struct rules *r = &w->server.rules;

    return rules_honours(r, r->pair_count, server_now(&w->server));
}

/* --- asserts --- */

void world_assert_state(struct world *w, const char *state, const char *reason)
{
    assert_string_equal(world_status(w, "state"), state);
    assert_string_equal(world_status(w, "reason"), reason);
}

void world_assert_begins(const char *s, const char *beginning)
{
    if (strncmp(s, beginning, strlen(beginning)) != 0)
        fail_msg("%s\n  does not begin with\n%s", s, beginning);
}
