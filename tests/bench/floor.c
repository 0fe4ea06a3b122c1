/* SPDX-License-Identifier: Apache-2.0 */
/* The floor: mbedTLS with our configuration, and the least that a client can do with it: a
 * blocking socket, a request made beforehand, an answer searched for four words. */
#define _GNU_SOURCE
#include "bench.h"
#include "blocking.h"

#include <mbedtls/net_sockets.h> /* its error numbers only */
#include <mbedtls/platform_time.h>
#include <mbedtls/ssl.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
    struct bench bench;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt root;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_session session;
    bool has_session;
    int fd; /* -1: not connected */
    char request[2048];
    size_t request_len;
    char answer[8192];
} run = {.fd = -1};

/* --- what the configuration wants from a system --- */

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t size, size_t *length)
{
    (void)context;
    *length = size;
    return getrandom(output, size, 0) == (ssize_t)size ? PSA_SUCCESS : PSA_ERROR_GENERIC_ERROR;
}

static int random_bytes(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    return getrandom(out, len, 0) == (ssize_t)len ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int bio_send(void *ctx, const unsigned char *data, size_t len)
{
    ssize_t n = send(*(int *)ctx, data, len, MSG_NOSIGNAL);

    return n < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)n;
}

static int bio_recv(void *ctx, unsigned char *buf, size_t size)
{
    ssize_t n = recv(*(int *)ctx, buf, size, 0);

    return n < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : (int)n;
}

/* --- a connection --- */

/* After each handshake, as who wants to resume for longer than one ticket lives has to. */
static void keep_session(void)
{
    if (run.bench.mode != BENCH_RESUMED)
        return;
    mbedtls_ssl_session_free(&run.session);
    run.has_session = mbedtls_ssl_get_session(&run.ssl, &run.session) == 0;
}

static bool connect_tls(void)
{
    int ret;

    run.fd = blocking_connect(run.bench.port);
    if (run.fd < 0 || mbedtls_ssl_session_reset(&run.ssl) != 0)
        return false;
    mbedtls_ssl_set_bio(&run.ssl, &run.fd, bio_send, bio_recv, NULL);
    if (run.has_session && mbedtls_ssl_set_session(&run.ssl, &run.session) != 0)
        return false;
    ret = mbedtls_ssl_handshake(&run.ssl);
    if (ret != 0)
        fprintf(stderr, "floor: handshake -0x%04x\n", -ret);
    if (ret == 0 && mbedtls_ssl_get_version_number(&run.ssl) == MBEDTLS_SSL_VERSION_TLS1_2)
        keep_session();
    return ret == 0;
}

static void disconnect(void)
{
    (void)mbedtls_ssl_close_notify(&run.ssl);
    close(run.fd);
    run.fd = -1;
}

/* --- a request --- */

static bool exchange(void)
{
    size_t len = 0;
    int ret = mbedtls_ssl_write(&run.ssl, (unsigned char *)run.request, run.request_len);

    if (ret != (int)run.request_len)
        return false;
    do {
        ret = mbedtls_ssl_read(&run.ssl, (unsigned char *)run.answer + len,
                               sizeof run.answer - 1 - len);
        if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
            keep_session();
        else if (ret > 0)
            len += (size_t)ret;
        else if (ret != MBEDTLS_ERR_SSL_WANT_READ)
            return false;
    } while (!blocking_is_whole(run.answer, len));
    return blocking_is_good(run.answer);
}

bool bench_refresh(void)
{
    if (run.fd < 0 && !connect_tls())
        return false;
    if (!exchange())
        return false;
    if (run.bench.mode != BENCH_KEPT)
        disconnect();
    return true;
}

/* --- once --- */

/* P-256 first: its key share is the cheapest one that mbedTLS can make. */
static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE};

static bool load_root(const char *path)
{
    unsigned char text[4096];
    size_t len;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return false;
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    mbedtls_x509_crt_init(&run.root);
    return mbedtls_x509_crt_parse(&run.root, text, len + 1) == 0;
}

static bool open_tls(void)
{
    mbedtls_ssl_config_init(&run.conf);
    if (mbedtls_ssl_config_defaults(&run.conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_authmode(&run.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_rng(&run.conf, random_bytes, NULL);
    mbedtls_ssl_conf_groups(&run.conf, groups);
    mbedtls_ssl_conf_ca_chain(&run.conf, &run.root, NULL);
    if (run.bench.mode == BENCH_RESUMED)
        mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
            &run.conf, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_init(&run.ssl);
    mbedtls_ssl_session_init(&run.session);
    return mbedtls_ssl_setup(&run.ssl, &run.conf) == 0 &&
           mbedtls_ssl_set_hostname(&run.ssl, BENCH_HOST) == 0;
}

bool bench_open(const struct bench *b)
{
    run.bench = *b;
    run.request_len = blocking_request(run.request, sizeof run.request, "floor/1", b->port);
    return psa_crypto_init() == PSA_SUCCESS && load_root(b->root) && open_tls();
}
