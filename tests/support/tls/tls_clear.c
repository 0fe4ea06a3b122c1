/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_clear.h"

#include "tk_tls.h"

#include <string.h>

#define TCP_TIMEOUT_MS 5000 /* as in core/https/tk_tls.c */
#define SILENCE_MS     8000 /* the same */

bool (*tls_clear_powered)(struct tk_port *port);

static bool powered(const struct tk_tls *tls)
{
    return tls_clear_powered == NULL || tls_clear_powered(tls->config->port);
}

enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *port,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find_root,
                               void *trust)
{
    (void)find_root;
    (void)trust;
    config->port = port;
    config->time = time;
    return TK_OK;
}

void tk_tls_config_free(struct tk_tls_config *config)
{
    (void)config;
}

void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config)
{
    tls->config = config;
    tls->stage = TK_TLS_IDLE;
    tls->lookup = tls->sock = -1;
}

void tk_tls_free(struct tk_tls *tls)
{
    tk_tls_close(tls);
}

void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session)
{
    tls->host = *host;
    tls->session = session;
    tls->stage = TK_TLS_NAME;
    tls->err = TK_OK;
    tls->addr_count = tls->addr_next = 0;
    tls->try_again = false;
}

static int fail(struct tk_tls *tls, enum tk_err err)
{
    tls->err = err;
    return TK_SOCK_ERR;
}

static int open_next_address(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;

    while (tls->addr_next < tls->addr_count) {
        tls->sock = tk_sock_open(port, &tls->addrs[tls->addr_next++], tls->host.port);
        if (tls->sock < 0)
            continue;
        tls->stage = TK_TLS_TCP;
        tls->address_deadline_ms = tk_clock_now_ms(port) + TCP_TIMEOUT_MS;
        return TK_SOCK_AGAIN;
    }
    return fail(tls, TK_E_CONNECT_FAILED);
}

/* Goes on to the next address, if there is one. */
static int leave_address(struct tk_tls *tls, enum tk_err err)
{
    if (tls->addr_next == tls->addr_count)
        return fail(tls, err);
    tk_sock_close(tls->config->port, tls->sock);
    tls->sock = -1;
    return open_next_address(tls);
}

static int step_name(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    int64_t now;

    if (!tk_time_known(tls->config->time, &now))
        return fail(tls, TK_E_CLOCK_UNKNOWN);
    if (tls->lookup < 0)
        tls->lookup = tk_sock_lookup(port, tls->host.name);
    if (tls->lookup < 0)
        return tls->lookup == TK_SOCK_AGAIN ? TK_SOCK_AGAIN : fail(tls, TK_E_NAME_UNKNOWN);
    int n = tk_sock_lookup_poll(port, tls->lookup, tls->addrs, TK_SOCK_ADDRS);

    if (n == TK_SOCK_AGAIN)
        return n;
    tls->lookup = -1;
    if (n < 0)
        return fail(tls, TK_E_NAME_UNKNOWN);
    tls->addr_count = (uint8_t)n;
    return open_next_address(tls);
}

static int step_tcp(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    int n = tk_sock_connected(port, tls->sock);

    if (n == TK_SOCK_AGAIN && tk_clock_now_ms(port) < tls->address_deadline_ms)
        return n;
    if (n == TK_SOCK_OK) {
        tls->stage = TK_TLS_HANDSHAKE;
        tls->address_deadline_ms = tk_clock_now_ms(port) + SILENCE_MS;
        return TK_SOCK_AGAIN;
    }
    return leave_address(tls, TK_E_CONNECT_FAILED);
}

static int step_handshake(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    uint8_t hello;
    int n = tk_sock_recv(port, tls->sock, &hello, 1);

    if (n == TK_SOCK_AGAIN)
        return tk_clock_now_ms(port) < tls->address_deadline_ms ? n
                                                                : leave_address(tls, TK_E_TIMEOUT);
    if (n != 1)
        return leave_address(tls, TK_E_CONN_LOST);
    if (hello != TK_OK)
        return fail(tls, (enum tk_err)hello);
    tls->stage = TK_TLS_READY;
    return TK_SOCK_OK;
}

static int step_stage(struct tk_tls *tls)
{
    switch (tls->stage) {
    case TK_TLS_NAME:
        return step_name(tls);
    case TK_TLS_TCP:
        return step_tcp(tls);
    case TK_TLS_HANDSHAKE:
        return step_handshake(tls);
    default:
        return tls->stage == TK_TLS_READY ? TK_SOCK_OK : TK_SOCK_ERR;
    }
}

int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    enum tk_tls_stage before = tls->stage;
    uint8_t address = tls->addr_next;

    if (!powered(tls))
        return TK_SOCK_AGAIN;
    int n = step_stage(tls);

    *busy = *busy || tls->stage != before || tls->addr_next != address;
    return n;
}

static int outcome(struct tk_tls *tls, int n)
{
    if (n == TK_SOCK_ERR)
        tls->err = TK_E_CONN_LOST;
    return n;
}

int tk_tls_send(struct tk_tls *tls, const void *data, size_t len)
{
    if (!powered(tls))
        return TK_SOCK_AGAIN;
    return outcome(tls, tk_sock_send(tls->config->port, tls->sock, data, len));
}

int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size)
{
    if (!powered(tls))
        return TK_SOCK_AGAIN;
    return outcome(tls, tk_sock_recv(tls->config->port, tls->sock, buf, size));
}

void tk_tls_close(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;

    if (tls->stage == TK_TLS_IDLE)
        return;
    if (tls->lookup >= 0)
        tk_sock_lookup_cancel(port, tls->lookup);
    if (tls->sock >= 0)
        tk_sock_close(port, tls->sock);
    tls->lookup = tls->sock = -1;
    tls->session = NULL;
    tls->stage = TK_TLS_IDLE;
}
