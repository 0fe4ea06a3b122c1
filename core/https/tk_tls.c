/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_tls.h"

#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_tls_profile.h"

#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h> /* its error numbers only */
#include <mbedtls/pk.h>
#include <string.h>

#define TCP_TIMEOUT_MS 5000 /* for one address, before the next one is tried */
#define SILENCE_MS     8000 /* of an address that took the connection, in the handshake */
#define RECORDS_MAX    16   /* without a byte for us, that a server may send at a time */

void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config)
{
    memset(tls, 0, sizeof *tls);
    tls->config = config;
    tls->lookup = -1;
    tls->sock = -1;
    mbedtls_ssl_init(&tls->ssl);
}

void tk_tls_free(struct tk_tls *tls)
{
    tk_tls_close(tls);
    mbedtls_ssl_free(&tls->ssl);
}

static int fail(struct tk_tls *tls, enum tk_err err, int detail)
{
    tls->err = err;
    tls->detail = detail;
    return TK_SOCK_ERR;
}

/* --- bytes under TLS --- */

/* Bytes went one way or the other; the time between them may be our own. */
static void note_progress(struct tk_tls *tls)
{
    tls->tcp_deadline_ms = tk_clock_now_ms(tls->config->port) + SILENCE_MS;
}

/* Sends what waits in the flight. TK_SOCK_OK when it is empty. */
static int flush(struct tk_tls *tls)
{
    while (tls->flight_len > 0) {
        int n = tk_sock_send(tls->config->port, tls->sock, tls->flight, tls->flight_len);

        if (n < 0)
            return n;
        note_progress(tls);
        tls->flight_len = (uint16_t)(tls->flight_len - n);
        memmove(tls->flight, tls->flight + n, tls->flight_len);
    }
    return TK_SOCK_OK;
}

static int bio_result(struct tk_tls *tls, int n, int again)
{
    tls->would_block = n == TK_SOCK_AGAIN;
    if (tls->would_block)
        return again;
    note_progress(tls);
    return n < 0 ? MBEDTLS_ERR_NET_CONN_RESET : n;
}

/* Short messages are collected, so that a flight is one segment; long ones go past. */
static int bio_send(void *ctx, const unsigned char *data, size_t len)
{
    struct tk_tls *tls = ctx;
    int n = TK_SOCK_OK;

    if (len > sizeof tls->flight - tls->flight_len)
        n = flush(tls);
    if (n != TK_SOCK_OK)
        return bio_result(tls, n, MBEDTLS_ERR_SSL_WANT_WRITE);
    if (len > sizeof tls->flight)
        return bio_result(tls, tk_sock_send(tls->config->port, tls->sock, data, len),
                          MBEDTLS_ERR_SSL_WANT_WRITE);
    memcpy(tls->flight + tls->flight_len, data, len);
    tls->flight_len = (uint16_t)(tls->flight_len + len);
    return (int)len;
}

static int bio_recv(void *ctx, unsigned char *buf, size_t size)
{
    struct tk_tls *tls = ctx;
    int n = flush(tls);

    if (n == TK_SOCK_OK || n == TK_SOCK_AGAIN)
        n = tk_sock_recv(tls->config->port, tls->sock, buf, size);
    if (n == TK_SOCK_CLOSED)
        return 0; /* that is how mbedTLS is told an end */
    return bio_result(tls, n, MBEDTLS_ERR_SSL_WANT_READ);
}

/* --- what a certificate says --- */

/* Called for each certificate of a chain after mbedTLS judged it; changes no judgement. */
static int look_at_certificate(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
    struct tk_tls *tls = ctx;
    int64_t end = tk_tls_end_of(crt);

    (void)flags;
    if (!tls->verified || end < tls->not_after)
        tls->not_after = end;
    tls->verified = true;
    if (depth == 0)
        tls->self_signed = crt->issuer_raw.len == crt->subject_raw.len &&
                           memcmp(crt->issuer_raw.p, crt->subject_raw.p, crt->issuer_raw.len) == 0;
    return 0;
}

static enum tk_err certificate_error(const struct tk_tls *tls)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls->ssl);

    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return tls->self_signed ? TK_E_TLS_SELF_SIGNED : TK_E_TLS_UNTRUSTED;
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return TK_E_TLS_NAME;
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return TK_E_TLS_EXPIRED;
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return TK_E_TLS_NOT_YET;
    return TK_E_TLS_WEAK;
}

static enum tk_err said_by(const struct tk_tls *tls, int ret)
{
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
        return certificate_error(tls);
    if (ret == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
        return TK_E_TLS_ALERT;
    if (ret == MBEDTLS_ERR_NET_CONN_RESET || ret == MBEDTLS_ERR_SSL_CONN_EOF ||
        ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return TK_E_CONN_LOST;
    return TK_E_TLS_FAILED;
}

/* mbedTLS takes a signature that it had no memory to check for a wrong one, and says in a dozen
 * ways what else it could not make. */
static enum tk_err tls_error(const struct tk_tls *tls, int ret)
{
    enum tk_err err = said_by(tls, ret);

    if (err != TK_E_TLS_UNTRUSTED && err != TK_E_TLS_FAILED)
        return err;
    return tk_device_alloc_failed(tls->config->port) ? TK_E_TLS_NO_MEMORY : err;
}

/* --- the way to a connection --- */

/* mbedTLS says so also after a record that held nothing for us, with the next one there already:
 * only when `would_block` is set too has a socket been asked in vain. */
static bool wants_more(int ret)
{
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE;
}

void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session)
{
    tls->host = *host;
    tls->session = session;
    tls->stage = TK_TLS_NAME;
    tls->err = TK_OK;
    tls->detail = 0;
    tls->addr_count = tls->addr_next = 0;
    tls->try_again = false;
}

static int open_next_address(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;

    while (tls->addr_next < tls->addr_count) {
        tls->sock = tk_sock_open(port, &tls->addrs[tls->addr_next++], tls->host.port);
        if (tls->sock >= 0) {
            tls->stage = TK_TLS_TCP;
            tls->tcp_deadline_ms = tk_clock_now_ms(port) + TCP_TIMEOUT_MS;
            return TK_SOCK_AGAIN;
        }
    }
    return fail(tls, TK_E_CONNECT_FAILED, 0);
}

/* A certificate cannot be checked without a date, nor a key made without random bytes: nothing
 * leaves the device then. */
static enum tk_err ready_for_tls(const struct tk_tls_config *config)
{
    uint8_t byte;
    int64_t now;

    if (!tk_time_known(config->time, &now))
        return TK_E_CLOCK_UNKNOWN;
    if (tk_entropy_get(config->port, &byte, sizeof byte) != TK_ENTROPY_OK)
        return TK_E_NOT_SEEDED;
    tk_clock_set_unix(config->port, now, tk_time_now(config->time, &now));
    return TK_OK;
}

static int step_name(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    enum tk_err err = ready_for_tls(tls->config);

    if (err != TK_OK)
        return fail(tls, err, 0);
    if (tls->lookup < 0) {
        tls->lookup = tk_sock_lookup(port, tls->host.name);
        if (tls->lookup < 0)
            return tls->lookup == TK_SOCK_AGAIN ? TK_SOCK_AGAIN : fail(tls, TK_E_NAME_UNKNOWN, 0);
    }
    int n = tk_sock_lookup_poll(port, tls->lookup, tls->addrs, TK_SOCK_ADDRS);

    if (n == TK_SOCK_AGAIN)
        return TK_SOCK_AGAIN;
    tls->lookup = -1;
    if (n < 0)
        return fail(tls, TK_E_NAME_UNKNOWN, 0);
    tls->addr_count = (uint8_t)n;
    return open_next_address(tls);
}

/* Ends the connection, not the search for one. */
static void drop_connection(struct tk_tls *tls)
{
    if (tls->sock >= 0)
        tk_sock_close(tls->config->port, tls->sock);
    tls->sock = -1;
    tls->flight_len = 0;
    if (tls->set_up && mbedtls_ssl_session_reset(&tls->ssl) != 0) { /* clears its buffers too */
        mbedtls_ssl_free(&tls->ssl);
        mbedtls_ssl_init(&tls->ssl);
        tls->set_up = false;
    }
}

/* One address of a name took the connection and goes no further: another one may. */
static int leave_address(struct tk_tls *tls, enum tk_err err, int detail)
{
    if (tls->addr_next == tls->addr_count)
        return fail(tls, err, detail);
    drop_connection(tls);
    return open_next_address(tls);
}

static int set_up(struct tk_tls *tls)
{
    const mbedtls_ssl_config *conf = tk_tls_profile_conf(tls);

    if (tls->set_up && tls->conf == conf)
        return 0;
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_init(&tls->ssl);
    int ret = mbedtls_ssl_setup(&tls->ssl, conf);

    tls->set_up = ret == 0;
    tls->conf = conf;
    return ret;
}

static int start_handshake(struct tk_tls *tls)
{
    mbedtls_ssl_context *ssl = &tls->ssl;
    int ret = set_up(tls);

    if (ret == 0)
        ret = mbedtls_ssl_set_hostname(ssl, tls->host.name);
    if (ret != 0)
        return fail(tls, tls_error(tls, ret), ret);
    mbedtls_ssl_set_bio(ssl, tls, bio_send, bio_recv, NULL);
    mbedtls_ssl_set_verify(ssl, look_at_certificate, tls);
    tls->resumed = tls->verified = tls->self_signed = tls->offered = false;
    tls->not_after = 0;
    note_progress(tls);
    tk_tls_offer_session(tls);
    (void)tk_device_alloc_failed(tls->config->port); /* before this handshake */
    tls->stage = TK_TLS_HANDSHAKE;
    return TK_SOCK_AGAIN;
}

static int step_tcp(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;
    int n = tk_sock_connected(port, tls->sock);

    if (n == TK_SOCK_AGAIN && tk_clock_now_ms(port) < tls->tcp_deadline_ms)
        return TK_SOCK_AGAIN;
    if (n == TK_SOCK_OK)
        return start_handshake(tls);
    tk_sock_close(port, tls->sock);
    tls->sock = -1;
    return open_next_address(tls);
}

static int finish_handshake(struct tk_tls *tls)
{
    int n = flush(tls);

    if (n == TK_SOCK_AGAIN)
        return n;
    if (n != TK_SOCK_OK)
        return fail(tls, TK_E_CONN_LOST, 0);
    tls->stage = TK_TLS_READY;
    tls->resumed = !tls->verified;
    if (tls->resumed)
        tls->not_after = tls->session->not_after;
    if (mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        tk_tls_keep_session(tls);
    return TK_SOCK_OK;
}

static int shake_hands(struct tk_tls *tls, bool *goes_on)
{
    int ret = mbedtls_ssl_handshake_step(&tls->ssl);

    *goes_on = ret == 0 || !tls->would_block;
    if (ret == 0 || wants_more(ret))
        return TK_SOCK_AGAIN;
    (void)flush(tls); /* the alert that says why */
    tk_tls_change_profile(tls, ret);
    enum tk_err err = tls_error(tls, ret);

    return err == TK_E_CONN_LOST && !tls->try_again ? leave_address(tls, err, ret)
                                                    : fail(tls, err, ret);
}

static int step_handshake(struct tk_tls *tls, bool *busy)
{
    bool goes_on = false;
    int n = mbedtls_ssl_is_handshake_over(&tls->ssl) ? finish_handshake(tls)
                                                     : shake_hands(tls, &goes_on);

    *busy = *busy || goes_on;
    if (n != TK_SOCK_AGAIN || goes_on || tk_clock_now_ms(tls->config->port) < tls->tcp_deadline_ms)
        return n;
    return leave_address(tls, TK_E_TIMEOUT, 0);
}

static int step_stage(struct tk_tls *tls, bool *busy)
{
    switch (tls->stage) {
    case TK_TLS_NAME:
        return step_name(tls);
    case TK_TLS_TCP:
        return step_tcp(tls);
    case TK_TLS_HANDSHAKE:
        return step_handshake(tls, busy);
    case TK_TLS_READY:
        return TK_SOCK_OK;
    default:
        return TK_SOCK_ERR;
    }
}

/* A stage that was just entered has asked the sockets nothing yet, so nothing would wake it. */
int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    enum tk_tls_stage before = tls->stage;
    uint8_t address = tls->addr_next;
    int n = step_stage(tls, busy);

    *busy = *busy || tls->stage != before || tls->addr_next != address;
    return n;
}

/* --- bytes over TLS --- */

static bool is_new_session(int ret)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    (void)ret;
    return false;
#endif
}

/* A TCP connection that ends without close_notify may have been cut by anybody: an answer whose
 * end is the connection's is not whole then (RFC 9112 9.8). mbedTLS says 0 for that. */
static int outcome(struct tk_tls *tls, int ret)
{
    if (ret > 0)
        return ret;
    if (wants_more(ret) && tls->would_block)
        return TK_SOCK_AGAIN;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return TK_SOCK_CLOSED;
    if (ret == 0)
        ret = MBEDTLS_ERR_SSL_CONN_EOF;
    return fail(tls, tls_error(tls, ret), ret);
}

/* Records without a byte for us come when the server likes, above all TLS 1.3's tickets; whichever
 * call meets one has to be made again. */
static bool must_repeat(struct tk_tls *tls, int ret, int *records)
{
    if (is_new_session(ret))
        tk_tls_keep_session(tls);
    else if (!wants_more(ret) || tls->would_block)
        return false;
    return ++*records <= RECORDS_MAX;
}

int tk_tls_send(struct tk_tls *tls, const void *data, size_t len)
{
    int ret, records = 0;

    do {
        ret = mbedtls_ssl_write(&tls->ssl, data, len);
    } while (must_repeat(tls, ret, &records));
    int n = outcome(tls, ret);

    if (n > 0 && flush(tls) == TK_SOCK_ERR)
        return fail(tls, TK_E_CONN_LOST, 0);
    return n;
}

int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size)
{
    int ret, records = 0;

    do {
        ret = mbedtls_ssl_read(&tls->ssl, buf, size);
    } while (must_repeat(tls, ret, &records));
    return outcome(tls, ret);
}

void tk_tls_close(struct tk_tls *tls)
{
    struct tk_port *port = tls->config->port;

    if (tls->stage == TK_TLS_IDLE)
        return;
    if (tls->stage == TK_TLS_READY) {
        (void)mbedtls_ssl_close_notify(&tls->ssl);
        (void)flush(tls);
    }
    if (tls->lookup >= 0)
        tk_sock_lookup_cancel(port, tls->lookup);
    tls->lookup = -1;
    drop_connection(tls);
    tls->session = NULL;
    tls->stage = TK_TLS_IDLE;
}
