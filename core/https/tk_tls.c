/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_tls.h"

#include "tk_assert.h"
#include "tk_certificate.h"
#include "tk_device.h"
#include "tk_random.h"

#include <mbedtls/net_sockets.h> /* error codes only */
#include <string.h>

#define SILENCE_MS  8000            /* without a byte in either direction, in the handshake */
#define FALLBACK_MS (24 * 3600000u) /* to remember that a host rejected the first profile */
#define RECORDS_MAX 16              /* records without application data that one call skips */

void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config)
{
    memset(tls, 0, sizeof *tls);
    tls->config = config;
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

/* --- below TLS: flights and the socket --- */

/* Bytes were sent or received. Between them our own public-key operations may take time. */
static void note_progress(struct tk_tls *tls)
{
    tls->next_ms = tk_clock_now_ms(tls->config->port) + tls->silence_ms;
}

/* Sends the collected messages. TK_SOCK_OK: all are sent. */
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

/* Collects short messages, so that a flight leaves in one segment; long ones are sent at once. */
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
        return 0; /* end of stream, for mbedTLS */
    if (n > 0)
        tls->silence_ms = SILENCE_MS;
    return bio_result(tls, n, MBEDTLS_ERR_SSL_WANT_READ);
}

/* --- errors --- */

/* Before ServerHello these say that nothing in our offer suits the server (RFC 8446 6.2). */
static enum tk_err alert_error(const struct tk_tls *tls, int alert)
{
    bool no_common = alert == MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE ||
                     alert == MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION ||
                     alert == MBEDTLS_SSL_ALERT_MSG_INSUFFICIENT_SECURITY;

    return no_common && tls->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_HELLO
               ? TK_E_TLS_NO_COMMON
               : TK_E_TLS_ALERT;
}

static enum tk_err error_of(const struct tk_tls *tls, int ret)
{
    int alert = tk_tls_config_alert(&tls->ssl, ret);

    if (alert != 0)
        return alert_error(tls, alert);
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || ret == MBEDTLS_ERR_SSL_BAD_CERTIFICATE)
        return tk_chain_error(&tls->chain, mbedtls_ssl_get_verify_result(&tls->ssl));
    if (ret == MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION)
        return TK_E_TLS_NO_COMMON;
    if (ret == MBEDTLS_ERR_NET_CONN_RESET || ret == MBEDTLS_ERR_SSL_CONN_EOF ||
        ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return TK_E_CONN_LOST;
    return tk_certificate_error(ret);
}

/* If memory runs out while it checks a signature, mbedTLS reports a wrong signature; while it reads
 * a certificate, that this is unreadable; while it computes its Finished, it sends a wrong one,
 * which the server answers with an alert; elsewhere, one of a dozen codes. */
static enum tk_err tls_error(const struct tk_tls *tls, int ret)
{
    enum tk_err err = error_of(tls, ret);

    if (err == TK_E_CONN_LOST)
        return err;
    return tk_device_alloc_failed(tls->config->port) ? TK_E_TLS_NO_MEMORY : err;
}

/* --- opening: name, TCP, handshake --- */

void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session)
{
    TK_ASSERT(tls->stage == TK_TLS_IDLE);
    tls->host = *host;
    tls->session = session;
    tls->stage = TK_TLS_NAME;
    tls->err = TK_OK;
    tls->detail = 0;
    tls->try_again = false;
    tk_dial_init(&tls->dial, tls->config->port);
}

/* Nothing is sent before the time, to check certificates, and random bytes, for keys, are there.
 * mbedTLS checks dates against the time that is passed on here. */
static enum tk_err check_prerequisites(const struct tk_tls_config *config)
{
    int64_t now;
    enum tk_time_quality quality = tk_time_now(config->time, &now);

    if (!tk_time_can_verify(config->time, &now))
        return TK_E_CLOCK_UNKNOWN;
    if (!tk_random_ready(config->port))
        return TK_E_NOT_SEEDED;
    tk_clock_set_unix(config->port, now, quality);
    return TK_OK;
}

/* Closes the socket and resets ssl, which also clears its buffers. */
static void drop_connection(struct tk_tls *tls)
{
    if (tls->sock >= 0)
        tk_sock_close(tls->config->port, tls->sock);
    tls->sock = -1;
    tls->flight_len = 0;
    if (tls->set_up && mbedtls_ssl_session_reset(&tls->ssl) != 0) {
        mbedtls_ssl_free(&tls->ssl);
        mbedtls_ssl_init(&tls->ssl);
        tls->set_up = false;
    }
}

/* The address accepted the connection, but the handshake gets no further there. early: another
 * address was not to wait for it. */
static int abandon_address(struct tk_tls *tls, enum tk_err err, int detail, bool early)
{
    int n = fail(tls, err, detail);

    if (tls->session != NULL)
        tls->session->addr.family = 0;
    if (!tk_dial_abandon(&tls->dial, early))
        return n;
    drop_connection(tls);
    tls->stage = TK_TLS_TCP;
    return TK_SOCK_AGAIN;
}

static bool uses_fallback(const struct tk_tls *tls)
{
    return tls->session != NULL &&
           tk_clock_now_ms(tls->config->port) < tls->session->fallback_until_ms;
}

/* Gives ssl its buffers and the profile for this host. */
static int set_up(struct tk_tls *tls)
{
    const mbedtls_ssl_config *profile = tk_tls_config_profile(tls->config, uses_fallback(tls));

    if (tls->set_up && tls->profile == profile)
        return 0;
    mbedtls_ssl_free(&tls->ssl);
    mbedtls_ssl_init(&tls->ssl);
    int ret = mbedtls_ssl_setup(&tls->ssl, profile);

    tls->set_up = ret == 0;
    tls->profile = profile;
    return ret;
}

static void prepare_verification(struct tk_tls *tls)
{
    int64_t now;

    tls->chain = (struct tk_chain){
        .host = tls->host.name,
        .address = tk_host_is_address(&tls->host) ? &tls->dial.addrs[tls->dial.current] : NULL,
        .is_floor = tk_time_now(tls->config->time, &now) <= TK_TIME_SERVER};
    mbedtls_ssl_set_verify(&tls->ssl, tk_chain_check, &tls->chain);
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
    prepare_verification(tls);
    tls->silence_ms = tk_dial_patience(&tls->dial, SILENCE_MS);
    note_progress(tls);
    tls->offered = tls->session != NULL &&
                   tk_tls_session_offer(tls->session, &tls->host, tls->config->time, ssl);
    (void)tk_device_alloc_failed(tls->config->port); /* resets it */
    tls->stage = TK_TLS_HANDSHAKE;
    return TK_SOCK_AGAIN;
}

/* Of several errors, that of a handshake tells more. */
static int dial_failed(struct tk_tls *tls)
{
    if (tls->err != TK_OK)
        return TK_SOCK_ERR;
    return fail(tls, tls->dial.count == 0 ? TK_E_NAME_UNKNOWN : TK_E_CONNECT_FAILED, 0);
}

static int step_dial(struct tk_tls *tls)
{
    struct tk_tls_session *session = tls->session;
    int n = tk_dial_step(&tls->dial, &tls->host, session == NULL ? NULL : &session->addr);

    if (n == TK_SOCK_ERR)
        return dial_failed(tls);
    if (tls->dial.count > 0)
        tls->stage = TK_TLS_TCP;
    tls->next_ms = tls->dial.next_ms;
    if (n == TK_SOCK_AGAIN)
        return n;
    tls->sock = n;
    if (session != NULL)
        session->addr = tls->dial.addrs[tls->dial.current];
    return start_handshake(tls);
}

static int step_name(struct tk_tls *tls)
{
    enum tk_err err = check_prerequisites(tls->config);

    return err == TK_OK ? step_dial(tls) : fail(tls, err, 0);
}

static void keep_session(struct tk_tls *tls)
{
    struct tk_tls_session *session = tls->session;

    if (session == NULL || !tk_tls_session_save(session, &tls->ssl))
        return;
    session->host = tls->host;
    session->not_after = tls->not_after;
}

static int finish_handshake(struct tk_tls *tls)
{
    int n = flush(tls);

    if (n == TK_SOCK_AGAIN)
        return n;
    if (n != TK_SOCK_OK)
        return fail(tls, TK_E_CONN_LOST, 0);
    tls->stage = TK_TLS_READY;
    tls->err = TK_OK; /* of other addresses */
    tk_tls_session_drop_certificates(&tls->ssl);
    tls->resumed = !tls->chain.verified;
    tls->not_after = tls->resumed ? tls->session->not_after : tls->chain.not_after;
    tk_time_note_not_before(tls->config->time, tls->chain.not_before);
    if (mbedtls_ssl_get_version_number(&tls->ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        keep_session(tls);
    return TK_SOCK_OK;
}

/* True if a new handshake may succeed: the server may have rejected the session, whose keys or
 * version it no longer has, or the profile. Changes *session accordingly. */
static bool change_offer(struct tk_tls *tls, int ret)
{
    struct tk_tls_session *session = tls->session;

    if (session == NULL)
        return false;
    session->len = 0;
    if (tls->offered && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED)
        return true;
    bool fallback = uses_fallback(tls);

    if (!tk_tls_config_should_switch(tls->config, fallback, &tls->ssl, ret))
        return false;
    session->fallback_until_ms = fallback ? 0 : tk_clock_now_ms(tls->config->port) + FALLBACK_MS;
    return true;
}

/* Also returned after a record without data for us, when the next one may already be there. Only
 * with would_block set does the socket have no more. */
static bool wants_io(int ret)
{
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* SNI carries no IP address (RFC 6066 3): the name is hidden while a ClientHello is written, and
 * there again to verify the certificate. */
static int step_without_sni(mbedtls_ssl_context *ssl)
{
    char *name = ssl->MBEDTLS_PRIVATE(hostname);

    ssl->MBEDTLS_PRIVATE(hostname) = NULL;
    int ret = mbedtls_ssl_handshake_step(ssl);

    ssl->MBEDTLS_PRIVATE(hostname) = name;
    return ret;
}

static int continue_handshake(struct tk_tls *tls, bool *goes_on)
{
    bool is_hello = tls->ssl.MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_CLIENT_HELLO;
    int ret = is_hello && tk_host_is_address(&tls->host) ? step_without_sni(&tls->ssl)
                                                         : mbedtls_ssl_handshake_step(&tls->ssl);

    *goes_on = ret == 0 || !tls->would_block;
    if (ret == 0 || wants_io(ret))
        return TK_SOCK_AGAIN;
    (void)flush(tls); /* our alert */
    tls->try_again = change_offer(tls, ret);
    enum tk_err err = tls_error(tls, ret);

    return err == TK_E_CONN_LOST && !tls->try_again ? abandon_address(tls, err, ret, false)
                                                    : fail(tls, err, ret);
}

static int step_handshake(struct tk_tls *tls, bool *busy)
{
    bool goes_on = false;
    int n = mbedtls_ssl_is_handshake_over(&tls->ssl) ? finish_handshake(tls)
                                                     : continue_handshake(tls, &goes_on);

    *busy |= goes_on;
    if (n != TK_SOCK_AGAIN || goes_on || tk_clock_now_ms(tls->config->port) < tls->next_ms)
        return n;
    return abandon_address(tls, TK_E_TIMEOUT, 0, tls->silence_ms < SILENCE_MS);
}

static int step_stage(struct tk_tls *tls, bool *busy)
{
    TK_ASSERT(tls->stage != TK_TLS_IDLE && tls->stage != TK_TLS_READY);
    if (tls->stage == TK_TLS_NAME)
        return step_name(tls);
    return tls->stage == TK_TLS_TCP ? step_dial(tls) : step_handshake(tls, busy);
}

/* Busy after a change of stage or address: nothing has been asked of the socket yet, so that no
 * event would wake the caller. */
int tk_tls_step(struct tk_tls *tls, bool *busy)
{
    enum tk_tls_stage before = tls->stage;
    uint8_t address = tls->dial.next;
    int n = step_stage(tls, busy);

    *busy |= tls->stage != before || tls->dial.next != address;
    return n;
}

/* --- a ready connection --- */

static bool is_new_session(int ret)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    return ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
#else
    (void)ret;
    return false;
#endif
}

/* A TCP connection that ends without close_notify, which mbedTLS reports as 0, may have been cut by
 * an attacker: a response that ends with it is incomplete (RFC 9112 9.8). */
static int outcome(struct tk_tls *tls, int ret)
{
    if (ret > 0)
        return ret;
    if (wants_io(ret) && tls->would_block)
        return TK_SOCK_AGAIN;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY)
        return TK_SOCK_CLOSED;
    if (ret == 0)
        ret = MBEDTLS_ERR_SSL_CONN_EOF;
    return fail(tls, tls_error(tls, ret), ret);
}

/* True if the call only processed a record without application data, such as a TLS 1.3 ticket,
 * which a server may send at any time. */
static bool must_repeat(struct tk_tls *tls, int ret, int *records)
{
    if (is_new_session(ret))
        keep_session(tls);
    else if (!wants_io(ret) || tls->would_block)
        return false;
    return ++*records <= RECORDS_MAX;
}

int tk_tls_send(struct tk_tls *tls, const void *data, size_t len)
{
    int ret, records = 0;

    TK_ASSERT(tls->stage == TK_TLS_READY);
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

    TK_ASSERT(tls->stage == TK_TLS_READY);
    do {
        ret = mbedtls_ssl_read(&tls->ssl, buf, size);
    } while (must_repeat(tls, ret, &records));
    return outcome(tls, ret);
}

void tk_tls_close(struct tk_tls *tls)
{
    if (tls->stage == TK_TLS_IDLE)
        return;
    if (tls->stage == TK_TLS_READY) {
        (void)mbedtls_ssl_close_notify(&tls->ssl);
        (void)flush(tls);
    }
    tk_dial_cancel(&tls->dial);
    drop_connection(tls);
    tls->session = NULL;
    tls->stage = TK_TLS_IDLE;
}
