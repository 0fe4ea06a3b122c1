/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the server --- */

static bool has(const char *body, const char *pair)
{
    const char *at = strstr(body, pair);
    size_t len = strlen(pair);

    return at != NULL && (at[len] == '\0' || at[len] == '&');
}

static void json(char *out, size_t size, int status, const char *body)
{
    snprintf(out, size,
             "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             status, strlen(body), body);
}

static void give_pair(struct world_server *s, char *out, size_t size)
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
    json(out, size, 200, body);
}

static bool good_refresh(const struct world_server *s, const char *body)
{
    char newest[64], before[64];

    snprintf(newest, sizeof newest, "refresh_token=refresh%u", s->number);
    snprintf(before, sizeof before, "refresh_token=refresh%u", s->parent);
    return s->alive && (has(body, newest) || (s->grace && s->parent > 0 && has(body, before)));
}

static void token_endpoint(struct world_server *s, const char *body, char *out, size_t size)
{
    char secret[96], code[64];

    snprintf(secret, sizeof secret, "client_secret=%s", s->secret);
    snprintf(code, sizeof code, "&code=%s", s->code);
    if (!has(body, "client_id=local.1")) {
        json(out, size, 200, "{\"error\":\"wrong_client\"}");
    } else if (!has(body, secret)) {
        json(out, size, 400, "{\"error\":\"invalid_client\"}");
    } else if (strstr(body, "grant_type=authorization_code") != NULL) {
        if (s->code[0] == '\0' || !has(body, code)) {
            json(out, size, 400, "{\"error\":\"invalid_grant\"}");
            return;
        }
        s->code[0] = '\0';
        s->exchanges++;
        s->parent = 0;
        give_pair(s, out, size);
    } else if (good_refresh(s, body)) {
        s->refreshes++;
        s->parent = s->number;
        give_pair(s, out, size);
    } else {
        json(out, size, 400, "{\"error\":\"invalid_grant\"}");
    }
}

static bool has_moved(const struct world_server *s, char *out, size_t size)
{
    for (size_t i = 0; i < sizeof s->moved / sizeof s->moved[0]; i++) {
        const char *location = s->moved[i].location;

        if (s->moved[i].host == NULL || strcmp(s->moved[i].host, s->last_host) != 0)
            continue;
        snprintf(out, size, "HTTP/1.1 302 Found\r\n%s%s%sContent-Length: 6\r\n\r\n<html>",
                 location ? "Location: " : "", location ? location : "", location ? "\r\n" : "");
        return true;
    }
    return false;
}

static void rest(struct world_server *s, char *out, size_t size)
{
    char body[128];

    if (has_moved(s, out, size))
        return;
    s->proofs++;
    if (s->rest_word != NULL) {
        snprintf(body, sizeof body, "{\"error\":\"%s\"}", s->rest_word);
        json(out, size, 401, body);
    } else if (s->no_plan) {
        json(out, size, 403, "{\"error\":\"ACCESS_DENIED\",\"error_description\":\"plan\"}");
    } else {
        json(out, size, 200, "{\"result\":{\"ID\":1}}");
    }
}

static void carry_out(struct world_server *s, const char *request, char *out, size_t size)
{
    const char *body = strstr(request, "\r\n\r\n") + 4;

    if (strncmp(request, "POST /oauth/token/ ", 19) == 0) {
        token_endpoint(s, body, out, size);
    } else if (strncmp(request, "POST /rest/app.info ", 20) == 0) {
        rest(s, out, size);
    } else {
        s->posts++;
        snprintf(s->last_post, sizeof s->last_post, "%s", body);
        json(out, size, 200, "{}");
    }
}

/* --- a TLS without bytes: the same functions as core/tk_tls.c --- */

/* In the memory that core's TLS context has, for each connection. */
struct fake {
    char request[2048];
    size_t len;
    char answer[2048];
    size_t given;
    bool answered;
    bool closes;
    uint64_t ready_ms;
};

static struct fake fakes[64]; /* by a connection's handle in tls->sock */
static int next_fake;

static struct world *world_of(const struct tk_tls *tls)
{
    return (struct world *)tls->shared->port;
}

static struct fake *fake_of(const struct tk_tls *tls)
{
    return &fakes[tls->sock];
}

enum tk_err tk_tls_share(struct tk_tls_shared *shared, struct tk_port *port, struct tk_time *time,
                         mbedtls_x509_crt_ca_cb_t find_root, void *trust)
{
    (void)find_root;
    (void)trust;
    shared->port = port;
    shared->time = time;
    return TK_OK;
}

void tk_tls_unshare(struct tk_tls_shared *shared)
{
    (void)shared;
}

void tk_tls_init(struct tk_tls *tls, struct tk_tls_shared *shared)
{
    memset(tls, 0, sizeof *tls);
    tls->shared = shared;
}

void tk_tls_free(struct tk_tls *tls)
{
    tk_tls_close(tls);
}

void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session)
{
    tls->session = session;
    tls->host = *host;
    tls->stage = TK_TLS_NAME;
    tls->sock = next_fake++ % 64;
    memset(fake_of(tls), 0, sizeof(struct fake));
}

static int failed(struct tk_tls *tls, enum tk_err err)
{
    tls->err = err;
    return TK_SOCK_ERR;
}

/* A fault of the way or of the handshake counts as one request. */
static bool takes_fault(struct world_server *s)
{
    if (s->fault_count > 0 && --s->fault_count == 0)
        s->fault = WORLD_WELL;
    return true;
}

static bool is_sink(const struct world_server *s, const struct tk_tls *tls)
{
    return s->apart && strstr(tls->host.name, "bitrix") == NULL;
}

int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    struct world_server *s = &world_of(tls)->server;
    enum world_fault fault = is_sink(s, tls) ? s->sink : s->fault;
    int64_t now;

    *busy = true;
    if (!tk_time_known(tls->shared->time, &now))
        return failed(tls, TK_E_CLOCK_UNKNOWN);
    if (s->cert_until != 0 && (now < s->cert_from || now > s->cert_until))
        return failed(tls, now < s->cert_from ? TK_E_TLS_NOT_YET : TK_E_TLS_EXPIRED);
    if (fault == WORLD_UNREACHABLE && (is_sink(s, tls) || takes_fault(s)))
        return failed(tls, TK_E_CONNECT_FAILED);
    if (fault == WORLD_UNTRUSTED && (is_sink(s, tls) || takes_fault(s)))
        return failed(tls, TK_E_TLS_UNTRUSTED);
    tls->stage = TK_TLS_READY;
    return TK_SOCK_OK;
}

static void add_date(const struct world_server *s, char *answer, size_t size)
{
    static const char first[] = "HTTP/1.1 200 X\r\n";
    char rest[1500];

    if (s->date == NULL || strncmp(answer, first, strlen(first)) != 0)
        return;
    snprintf(rest, sizeof rest, "%s", answer + strlen(first));
    snprintf(answer, size, "%sDate: %s\r\n%s", first, s->date, rest);
}

static void serve(struct world *w, struct tk_tls *tls, struct fake *f)
{
    struct world_server *s = &w->server;
    enum world_fault fault = is_sink(s, tls) ? s->sink : s->fault;

    if (w->dies_with_flash && w->flash.off)
        return;
    s->requests++;
    s->last_ms = w->port.now_ms;
    snprintf(s->last_host, sizeof s->last_host, "%s", tls->host.name);
    snprintf(s->last_request, sizeof s->last_request, "%s", f->request);
    f->ready_ms = w->port.now_ms + s->latency_ms;
    f->answered = fault != WORLD_SILENT;
    if (fault == WORLD_WELL || fault == WORLD_LOSES)
        carry_out(s, f->request, f->answer, sizeof f->answer);
    add_date(s, f->answer, sizeof f->answer);
    if (fault == WORLD_STATUS)
        snprintf(f->answer, sizeof f->answer, "HTTP/1.1 %d X\r\nContent-Length: 6\r\n\r\n<html>",
                 is_sink(s, tls) ? 404 : s->fault_status);
    if (fault == WORLD_BODY)
        json(f->answer, sizeof f->answer, 200, s->fault_word);
    if (fault == WORLD_ERROR) {
        char body[128];

        snprintf(body, sizeof body, "{\"error\":\"%s\"}", s->fault_word);
        json(f->answer, sizeof f->answer, s->fault_status, body);
    }
    if (fault == WORLD_LOSES || fault == WORLD_CLOSES)
        f->answer[0] = '\0';
    f->closes = fault == WORLD_LOSES || fault == WORLD_CLOSES;
    if (fault != WORLD_WELL && !is_sink(s, tls))
        takes_fault(s);
}

static bool is_whole(const struct fake *f)
{
    const char *head_end = strstr(f->request, "\r\n\r\n");
    const char *length = strstr(f->request, "Content-Length:");

    return head_end != NULL && length != NULL &&
           strlen(head_end + 4) >= (size_t)atoi(length + strlen("Content-Length:"));
}

int tk_tls_send(struct tk_tls *tls, const void *data, size_t len)
{
    struct fake *f = fake_of(tls);

    assert_true(len < sizeof f->request - f->len);
    memcpy(f->request + f->len, data, len);
    f->len += len;
    f->request[f->len] = '\0';
    if (is_whole(f)) {
        serve(world_of(tls), tls, f);
        f->len = 0;
        f->given = 0;
    }
    return (int)len;
}

int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size)
{
    struct fake *f = fake_of(tls);
    size_t left = strlen(f->answer) - f->given;

    if (!f->answered || world_of(tls)->port.now_ms < f->ready_ms)
        return TK_SOCK_AGAIN;
    if (left == 0)
        return f->closes ? TK_SOCK_CLOSED : TK_SOCK_AGAIN;
    size = size < left ? size : left;
    memcpy(buf, f->answer + f->given, size);
    f->given += size;
    return (int)size;
}

void tk_tls_close(struct tk_tls *tls)
{
    tls->stage = TK_TLS_IDLE;
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
                                   .tell = tell,
                                   .ctx = w};
    w->server.life_s = 3600;
    snprintf(w->server.secret, sizeof w->server.secret, "s3cret");
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

/* The fake TLS has no descriptors that would end a wait. */
static uint64_t next_answer(const struct world *w)
{
    uint64_t next = UINT64_MAX;

    for (size_t i = 0; i < TK_SLOTS; i++) {
        const struct tk_slot *slot = &w->keeper.net.slots[i];

        if (slot->request == NULL || slot->tls.stage != TK_TLS_READY)
            continue;
        const struct fake *f = &fakes[slot->tls.sock];

        if (f->answered && f->ready_ms > w->port.now_ms && f->ready_ms < next)
            next = f->ready_ms;
    }
    return next;
}

/* One pass; the tick at which the next one is due. */
static uint64_t pass(struct world *w)
{
    uint64_t until_ms = tk_keeper_run(&w->keeper);
    uint64_t answer_ms = next_answer(w);

    w->passes++;
    return answer_ms < until_ms ? answer_ms : until_ms;
}

static void sleep_until(struct world *w, uint64_t until_ms)
{
    if (until_ms > w->port.now_ms)
        tk_sim_advance(&w->port, until_ms - w->port.now_ms);
}

void world_run(struct world *w, uint64_t ms)
{
    uint64_t end_ms = w->port.now_ms + ms;
    unsigned idle = 0;

    while (w->port.now_ms < end_ms) {
        uint64_t before = w->port.now_ms;

        uint64_t until_ms = pass(w);

        sleep_until(w, until_ms < end_ms ? until_ms : end_ms);
        idle = w->port.now_ms == before ? idle + 1 : 0;
        assert_true(idle < 1000); /* it spins */
    }
    tk_keeper_run(&w->keeper);
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
        sleep_until(w, until_ms);
    }
    assert_non_null(last);
    return last;
}

void world_give_code(struct world *w, const char *code)
{
    snprintf(w->server.code, sizeof w->server.code, "%s", code);
}

void world_provision(struct world *w)
{
    assert_string_equal(world_type(w, "set portal acme"), "OK portal=acme.bitrix24.com");
    world_type(w, "set client_id local.1");
    world_type(w, "set client_secret s3cret");
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

void world_fault(struct world *w, enum world_fault kind, unsigned count)
{
    w->server.fault = kind;
    w->server.fault_count = count;
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
