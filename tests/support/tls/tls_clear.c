/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_clear.h"

#include "tk_clock.h"
#include "tk_tls.h"

#include <string.h>

#define SILENCE_MS 8000 /* as in core/https/tk_tls.c */

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
    tls->sock = -1;
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
    tls->try_again = false;
    tk_dial_init(&tls->dial, tls->config->port);
}

static int fail(struct tk_tls *tls, enum tk_err err)
{
    tls->err = err;
    return TK_SOCK_ERR;
}

/* Goes on to another address, if there is one. */
static int leave_address(struct tk_tls *tls, enum tk_err err, bool early)
{
    if (tls->session != NULL)
        tls->session->addr.family = 0;
    if (!tk_dial_abandon(&tls->dial, early))
        return fail(tls, err);
    tk_sock_close(tls->config->port, tls->sock);
    tls->sock = -1;
    tls->stage = TK_TLS_TCP;
    return TK_SOCK_AGAIN;
}

static int step_dial(struct tk_tls *tls)
{
    struct tk_tls_session *session = tls->session;
    int n = tk_dial_step(&tls->dial, &tls->host, session == NULL ? NULL : &session->addr);

    if (n == TK_SOCK_ERR)
        return fail(tls, tls->dial.count == 0 ? TK_E_NAME_UNKNOWN : TK_E_CONNECT_FAILED);
    tls->next_ms = tls->dial.next_ms;
    if (tls->dial.count > 0)
        tls->stage = TK_TLS_TCP;
    if (n < 0)
        return n;
    tls->sock = n;
    if (session != NULL)
        session->addr = tls->dial.addrs[tls->dial.current];
    tls->silence_ms = tk_dial_patience(&tls->dial, SILENCE_MS);
    tls->next_ms = tk_clock_now_ms(tls->config->port) + tls->silence_ms;
    tls->stage = TK_TLS_HANDSHAKE;
    return TK_SOCK_AGAIN;
}

static int step_name(struct tk_tls *tls)
{
    int64_t now;

    return tk_time_can_verify(tls->config->time, &now) ? step_dial(tls)
                                                       : fail(tls, TK_E_CLOCK_UNKNOWN);
}

static int step_handshake(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    uint8_t hello;
    int n = tk_sock_recv(port, tls->sock, &hello, 1);

    if (n == TK_SOCK_AGAIN)
        return tk_clock_now_ms(port) < tls->next_ms
                   ? n
                   : leave_address(tls, TK_E_TIMEOUT, tls->silence_ms < SILENCE_MS);
    if (n != 1)
        return leave_address(tls, TK_E_CONN_LOST, false);
    if (hello != TK_OK)
        return fail(tls, (enum tk_err)hello);
    tls->stage = TK_TLS_READY;
    tls->not_after = 4102444800; /* 2100 */
    return TK_SOCK_OK;
}

static int step_stage(struct tk_tls *tls)
{
    switch (tls->stage) {
    case TK_TLS_NAME:
        return step_name(tls);
    case TK_TLS_TCP:
        return step_dial(tls);
    case TK_TLS_HANDSHAKE:
        return step_handshake(tls);
    default:
        return tls->stage == TK_TLS_READY ? TK_SOCK_OK : TK_SOCK_ERR;
    }
}

int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    enum tk_tls_stage before = tls->stage;
    uint8_t address = tls->dial.next;

    if (!powered(tls))
        return TK_SOCK_AGAIN;
    int n = step_stage(tls);

    *busy = *busy || tls->stage != before || tls->dial.next != address;
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
    if (tls->stage == TK_TLS_IDLE)
        return;
    tk_dial_cancel(&tls->dial);
    if (tls->sock >= 0)
        tk_sock_close(tls->config->port, tls->sock);
    tls->sock = -1;
    tls->session = NULL;
    tls->stage = TK_TLS_IDLE;
}
