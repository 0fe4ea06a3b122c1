/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the server --- */

static const struct {
    const char *name;
    uint16_t port;
    bool webhook; /* takes escalations */
} hosts[WORLD_HOSTS] = {
    {"oauth.bitrix.info", 443, false}, {"oauth.bitrix24.tech", 443, false},
    {"oauth.local", 8443, false},      {"acme.bitrix24.com", 443, false},
    {"acme.bitrix24.ru", 443, false},  {"other.bitrix24.com", 443, false},
    {"new.bitrix24.de", 443, false},   {"between.bitrix24.com", 443, false},
    {"a.bitrix24.com", 443, false},    {"b.bitrix24.com", 443, false},
    {"hooks.example", 443, true},      {"other.example", 443, true},
    {"third.example", 443, true},      {"corezoid.example", 443, true},
    {"api.corezoid.com", 443, true},
};

static bool has(const char *body, const char *pair)
{
    const char *at = strstr(body, pair);
    size_t len = strlen(pair);

    return at != NULL && (at[len] == '\0' || at[len] == '&');
}

static void say(struct world_server *s, int status, const char *fields, const char *body)
{
    bool dated = status == 200 && s->date != NULL;

    snprintf(s->answer, sizeof s->answer, "HTTP/1.1 %d X\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
             status, dated ? "Date: " : "", dated ? s->date : "", dated ? "\r\n" : "", fields,
             strlen(body), body);
}

static void say_json(struct world_server *s, int status, const char *body)
{
    say(s, status, "Content-Type: application/json\r\n", body);
}

static void say_error(struct world_server *s, int status, const char *word)
{
    char body[128];

    snprintf(body, sizeof body, "{\"error\":\"%s\"}", word);
    say_json(s, status, body);
}

static void give_pair(struct world_server *s)
{
    const char *client =
        s->client_endpoint ? s->client_endpoint : "https:\\/\\/acme.bitrix24.com\\/rest\\/";
    const char *server =
        s->server_endpoint ? s->server_endpoint : "https:\\/\\/oauth.bitrix.info\\/rest\\/";
    char body[1024];

    s->number++;
    s->alive = true;
    snprintf(body, sizeof body,
             "{\"access_token\":\"access%u\",\"expires_in\":%u,\"scope\":\"crm,user\","
             "\"domain\":\"oauth.bitrix.info\",\"server_endpoint\":\"%s\",\"status\":\"L\","
             "\"client_endpoint\":\"%s\",\"member_id\":\"m1\",\"user_id\":7,"
             "\"refresh_token\":\"refresh%u\"}",
             s->number, (unsigned)s->life_s, server, client, s->number);
    say_json(s, 200, body);
}

static bool good_refresh(const struct world_server *s, const char *body)
{
    char newest[64], before[64];

    snprintf(newest, sizeof newest, "refresh_token=refresh%u", s->number);
    snprintf(before, sizeof before, "refresh_token=refresh%u", s->parent);
    return s->alive && (has(body, newest) || (s->grace && s->parent > 0 && has(body, before)));
}

static void token_endpoint(struct world_server *s, const char *body)
{
    char secret[96], code[64];

    snprintf(secret, sizeof secret, "client_secret=%s", s->secret);
    snprintf(code, sizeof code, "&code=%s", s->code);
    if (!has(body, "client_id=local.1")) {
        say_error(s, 200, "wrong_client");
    } else if (!has(body, secret)) {
        say_error(s, 400, "invalid_client");
    } else if (strstr(body, "grant_type=authorization_code") != NULL) {
        if (s->code[0] == '\0' || !has(body, code)) {
            say_error(s, 400, "invalid_grant");
            return;
        }
        s->code[0] = '\0';
        s->exchanges++;
        s->parent = 0;
        give_pair(s);
    } else if (good_refresh(s, body)) {
        s->refreshes++;
        s->parent = s->number;
        give_pair(s);
    } else {
        say_error(s, 400, "invalid_grant");
    }
}

static bool has_moved(struct world_server *s)
{
    for (size_t i = 0; i < sizeof s->moved / sizeof s->moved[0]; i++) {
        const char *location = s->moved[i].location;
        char field[300] = "";

        if (s->moved[i].host == NULL || strcmp(s->moved[i].host, s->last_host) != 0)
            continue;
        if (location != NULL)
            snprintf(field, sizeof field, "Location: %s\r\n", location);
        say(s, 302, field, "<html>");
        return true;
    }
    return false;
}

static void rest(struct world_server *s)
{
    if (has_moved(s))
        return;
    s->proofs++;
    if (s->rest_word != NULL)
        say_error(s, 401, s->rest_word);
    else if (s->no_plan)
        say_json(s, 403, "{\"error\":\"ACCESS_DENIED\",\"error_description\":\"plan\"}");
    else
        say_json(s, 200, "{\"result\":{\"ID\":1}}");
}

static void carry_out(struct world_server *s)
{
    const char *body = strstr(s->last_request, "\r\n\r\n") + 4;

    if (strncmp(s->last_request, "POST /oauth/token/ ", 19) == 0) {
        token_endpoint(s, body);
    } else if (strncmp(s->last_request, "POST /rest/app.info ", 20) == 0) {
        rest(s);
    } else {
        s->posts++;
        snprintf(s->last_post, sizeof s->last_post, "%s", body);
        say_json(s, 200, "{}");
    }
}

/* --- its connections --- */

static bool is_webhook(const struct tk_sim_peer *peer)
{
    const struct world *w = peer->ctx;

    return w->server.apart && hosts[peer - w->peers].webhook;
}

static enum world_fault fault_of(const struct tk_sim_peer *peer)
{
    const struct world *w = peer->ctx;

    return is_webhook(peer) ? w->server.webhook : w->server.fault;
}

static struct world_talk *talk_of(const struct tk_sim_link *link)
{
    struct world *w = link->peer->ctx;

    return &w->talks[link - link->port->links];
}

/* What the gateway finds in a handshake now. */
static enum tk_err handshake(const struct world *w, const struct tk_sim_peer *peer)
{
    const struct world_server *s = &w->server;
    int64_t now = 0;

    if (s->cert_until != 0 && tk_time_known(&w->keeper.rt.time, &now) &&
        (now < s->cert_from || now > s->cert_until))
        return now < s->cert_from ? TK_E_TLS_NOT_YET : TK_E_TLS_EXPIRED;
    return fault_of(peer) == WORLD_UNTRUSTED ? TK_E_TLS_UNTRUSTED : TK_OK;
}

static void accepted(struct tk_sim_link *link)
{
    char hello = (char)handshake(link->peer->ctx, link->peer);

    talk_of(link)->len = 0;
    tk_sim_reply_at(link, link->port->now_ms, &hello, 1);
}

static bool is_whole(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strstr(request, "Content-Length:");

    return end != NULL && length != NULL &&
           strlen(end + 4) >= (size_t)atoi(length + strlen("Content-Length:"));
}

static void note(const struct tk_sim_peer *peer, const char *request)
{
    struct world *w = peer->ctx;
    struct world_server *s = &w->server;

    s->requests++;
    s->last_ms = w->port.now_ms;
    snprintf(s->last_host, sizeof s->last_host, "%s", hosts[peer - w->peers].name);
    snprintf(s->last_request, sizeof s->last_request, "%s", request);
}

static void answer(struct world_server *s, const struct tk_sim_peer *peer)
{
    enum world_fault fault = fault_of(peer);

    s->answer[0] = '\0';
    if (fault == WORLD_WELL || fault == WORLD_LOSES)
        carry_out(s);
    if (fault == WORLD_LOSES)
        s->answer[0] = '\0';
    else if (fault == WORLD_STATUS)
        say(s, is_webhook(peer) ? s->webhook_status : s->fault_status, "", "<html>");
    else if (fault == WORLD_BODY)
        say_json(s, 200, s->fault_word);
    else if (fault == WORLD_ERROR)
        say_error(s, s->fault_status, s->fault_word);
}

static void received(struct tk_sim_link *link, const uint8_t *data, size_t len)
{
    struct world *w = link->peer->ctx;
    struct world_server *s = &w->server;
    struct world_talk *t = talk_of(link);
    enum world_fault fault = fault_of(link->peer);

    assert_true(len < sizeof t->request - t->len);
    memcpy(t->request + t->len, data, len);
    t->len += len;
    t->request[t->len] = '\0';
    if (!is_whole(t->request) || (w->dies_with_flash && w->flash.off))
        return;
    t->len = 0;
    note(link->peer, t->request);
    answer(s, link->peer);
    tk_sim_reply(link, s->answer, strlen(s->answer));
    if (fault == WORLD_LOSES || fault == WORLD_CLOSES)
        tk_sim_fin(link);
    if (!is_webhook(link->peer) && s->fault_count > 0 && --s->fault_count == 0)
        world_fault(w, WORLD_WELL, 0);
}

static void add_hosts(struct world *w)
{
    for (uint8_t i = 0; i < WORLD_HOSTS; i++) {
        struct tk_addr addr = {4, {10, 0, 0, i}};

        w->names[i] = (struct tk_sim_name){.name = hosts[i].name, .count = 1, .addrs = {addr}};
        w->peers[i] = (struct tk_sim_peer){.addr = addr,
                                           .port = hosts[i].port,
                                           .accepted = accepted,
                                           .received = received,
                                           .ctx = w};
        tk_sim_add_name(&w->port, &w->names[i]);
        tk_sim_add_peer(&w->port, &w->peers[i]);
    }
}

/* --- the gateway --- */

static void tell(void *ctx, const char *line)
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
                                   .board = "sim",
                                   .on_line = tell,
                                   .ctx = w};
    w->server.life_s = 3600;
    w->server.webhook_status = 404;
    snprintf(w->server.secret, sizeof w->server.secret, "s3cret");
    add_hosts(w);
    tk_keeper_init(&w->keeper, &w->config);
}

void world_free(struct world *w)
{
    tk_keeper_free(&w->keeper);
    tk_sim_flash_free(&w->flash);
    tk_sim_free(&w->port);
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

/* The tick at which the next one is due. */
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
        assert_true(idle < 1000); /* it spins */
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
    snprintf(w->server.code, sizeof w->server.code, "%s", code);
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

static void set_peers(struct world *w)
{
    for (size_t i = 0; i < WORLD_HOSTS; i++) {
        bool away = fault_of(&w->peers[i]) == WORLD_UNREACHABLE;

        w->peers[i].answer = away ? TK_SIM_REFUSE : TK_SIM_ACCEPT;
    }
}

void world_fault(struct world *w, enum world_fault kind, unsigned count)
{
    assert_true(count == 0 || kind > WORLD_UNTRUSTED);
    w->server.fault = kind;
    w->server.fault_count = count;
    set_peers(w);
}

void world_webhook_fault(struct world *w, enum world_fault kind)
{
    w->server.apart = true;
    w->server.webhook = kind;
    set_peers(w);
}

void world_latency(struct world *w, uint64_t ms)
{
    for (size_t i = 0; i < WORLD_HOSTS; i++)
        w->peers[i].reply_ms = ms;
}

void world_error(struct world *w, const char *word, int status, unsigned count)
{
    w->server.fault_word = word;
    w->server.fault_status = status;
    world_fault(w, WORLD_ERROR, count);
}

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
