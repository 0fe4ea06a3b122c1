/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_fake.h"

#include "tk_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CONNECTIONS = 8 };

static const char default_response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

struct tls_fake tls_fake;

static struct connection {
    uint64_t ready_ms;
    char request[2048];
    size_t len;
    bool asked;
    uint64_t response_ms;
    char response[4096];
    size_t given;
} connections[CONNECTIONS]; /* tls->sock is the index */

static int connection_count;

void tls_fake_reset(void)
{
    memset(&tls_fake, 0, sizeof tls_fake);
    memset(connections, 0, sizeof connections);
    connection_count = 0;
}

static struct connection *of(const struct tk_tls *tls)
{
    return &connections[tls->sock];
}

static uint64_t now_ms(const struct tk_tls *tls)
{
    return tk_clock_now_ms(tls->config->port);
}

static void note(const char *sign, const char *name)
{
    size_t len = strlen(tls_fake.log);

    snprintf(tls_fake.log + len, sizeof tls_fake.log - len, "%s%s%.*s", len > 0 ? " " : "", sign,
             (int)strcspn(name, " \r.:"), name);
}

enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *at,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find_root,
                               void *trust)
{
    (void)find_root;
    (void)trust;
    config->port = at;
    config->time = time;
    return TK_OK;
}

void tk_tls_config_free(struct tk_tls_config *config)
{
    (void)config;
    tls_fake.config_freed = true;
}

void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config)
{
    memset(tls, 0, sizeof *tls);
    tls->config = config;
    tls->sock = connection_count++;
    assert_true(connection_count <= CONNECTIONS);
}

void tk_tls_free(struct tk_tls *tls)
{
    tk_tls_close(tls);
}

void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session)
{
    assert_int_equal(tls->stage, TK_TLS_IDLE);
    memset(of(tls), 0, sizeof *of(tls));
    of(tls)->ready_ms = now_ms(tls) + tls_fake.connect_ms;
    tls->host = *host;
    tls->session = session;
    tls->stage = TK_TLS_NAME;
    tls->err = TK_OK;
    tls_fake.session = session;
    tls_fake.opened++;
    note("+", host->name);
}

int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    (void)busy;
    if (now_ms(tls) < of(tls)->ready_ms)
        return TK_SOCK_AGAIN;
    tls->try_again = tls_fake.try_again > 0;
    tls_fake.try_again -= tls->try_again;
    if (tls->try_again || tls_fake.connect_err != TK_OK) {
        tls->err = tls->try_again ? TK_E_TLS_FAILED : tls_fake.connect_err;
        return TK_SOCK_ERR;
    }
    tls->stage = TK_TLS_READY;
    tls->not_after = tls_fake.not_after != 0 ? tls_fake.not_after : 4102444800;
    assert_true(tk_host_same(&tls->session->host, &tls->host));
    tls->session->len = 1;
    tls->session->not_after = INT64_MAX;
    return TK_SOCK_OK;
}

static void take_request(const struct tk_tls *tls, struct connection *c)
{
    uint64_t wait_ms = tls_fake.response_ms;

    note("", strchr(c->request, '/') + 1);
    snprintf(c->response, sizeof c->response, "%s",
             tls_fake.response != NULL ? tls_fake.response : default_response);
    c->asked = true;
    c->response_ms = wait_ms == UINT64_MAX ? wait_ms : now_ms(tls) + wait_ms;
    c->len = c->given = 0;
}

static void take_body(const char *data, size_t len)
{
    tls_fake.body_bytes += len;
    for (size_t i = 0; i < len; i++)
        tls_fake.body_sum = 31 * tls_fake.body_sum + (unsigned char)data[i];
}

int tk_tls_send(struct tk_tls *tls, const void *data, size_t len)
{
    struct connection *c = of(tls);

    assert_int_equal(tls->stage, TK_TLS_READY);
    if (tls_fake.send_result == TK_SOCK_ERR)
        tls->err = TK_E_TLS_FAILED;
    if (tls_fake.send_result != 0)
        return tls_fake.send_result;
    if (tls_fake.send_blocked)
        return TK_SOCK_AGAIN;
    if (tls_fake.send_at_most > 0 && len > tls_fake.send_at_most)
        len = tls_fake.send_at_most;
    if (c->asked) {
        take_body(data, len);
        return (int)len;
    }
    assert_true(len < sizeof c->request - c->len);
    memcpy(c->request + c->len, data, len);
    c->len += len;
    c->request[c->len] = '\0';
    if (strstr(c->request, "\r\n\r\n") != NULL)
        take_request(tls, c);
    return (int)len;
}

static int nothing_to_read(struct tk_tls *tls, const struct connection *c)
{
    if (tls_fake.lost && !c->asked)
        return TK_SOCK_CLOSED;
    if (tls_fake.cut && c->asked && now_ms(tls) >= c->response_ms) {
        tls->err = TK_E_CONN_LOST;
        return TK_SOCK_ERR;
    }
    return TK_SOCK_AGAIN;
}

int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size)
{
    struct connection *c = of(tls);
    size_t left = strlen(c->response) - c->given;

    assert_int_equal(tls->stage, TK_TLS_READY);
    if (tls_fake.unsolicited && !c->asked)
        return 1;
    if (!c->asked || now_ms(tls) < c->response_ms || left == 0)
        return nothing_to_read(tls, c);
    size = size < left ? size : left;
    memcpy(buf, c->response + c->given, size);
    c->given += size;
    c->asked = size < left || tls_fake.cut;
    return (int)size;
}

void tk_tls_close(struct tk_tls *tls)
{
    if (tls->stage != TK_TLS_IDLE) {
        tls_fake.closed++;
        tls_fake.closed_ms = now_ms(tls);
        note("-", tls->host.name);
    }
    tls->session = NULL;
    tls->stage = TK_TLS_IDLE;
}

uint64_t tls_fake_next_ms(uint64_t now)
{
    uint64_t next = UINT64_MAX;

    for (int i = 0; i < CONNECTIONS; i++) {
        const struct connection *c = &connections[i];

        if (c->ready_ms > now && c->ready_ms < next)
            next = c->ready_ms;
        if (c->asked && c->response_ms > now && c->response_ms < next)
            next = c->response_ms;
    }
    return next;
}
