/* SPDX-License-Identifier: Apache-2.0 */
/* BearSSL's full client, which has TLS 1.2, with a blocking socket and the request of the floor. */
#include "bench.h"
#include "blocking.h"

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    struct bench bench;
    br_ssl_client_context client;
    br_x509_minimal_context x509;
    br_x509_trust_anchor anchor;
    unsigned char name[512], key[512]; /* of the anchor */
    size_t name_len;
    unsigned char records[BR_SSL_BUFSIZE_BIDI];
    br_sslio_context io;
    int fd; /* -1: not connected */
    char request[2048], answer[8192];
    size_t request_len;
} run = {.fd = -1};

/* --- the root: PEM, in it a certificate, in it a name and a key --- */

static void add_to_name(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    if (len <= sizeof run.name - run.name_len) {
        memcpy(run.name + run.name_len, data, len);
        run.name_len += len;
    }
}

static void decode(void *ctx, const void *data, size_t len)
{
    br_x509_decoder_push(ctx, data, len);
}

static size_t read_root(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t len = file == NULL ? 0 : fread(text, 1, size, file);

    if (file != NULL)
        fclose(file);
    return len;
}

static bool load_root(const char *path)
{
    char text[4096];
    size_t len = read_root(path, text, sizeof text), at = 0;
    br_pem_decoder_context pem;
    br_x509_decoder_context certificate;

    br_pem_decoder_init(&pem);
    br_x509_decoder_init(&certificate, add_to_name, NULL);
    while (at < len) {
        at += br_pem_decoder_push(&pem, text + at, len - at);
        if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ)
            br_pem_decoder_setdest(&pem, decode, &certificate);
    }
    const br_x509_pkey *key = br_x509_decoder_get_pkey(&certificate);

    if (key == NULL || key->key_type != BR_KEYTYPE_EC || key->key.ec.qlen > sizeof run.key)
        return false;
    memcpy(run.key, key->key.ec.q, key->key.ec.qlen);
    run.anchor.dn.data = run.name;
    run.anchor.dn.len = run.name_len;
    run.anchor.flags = BR_X509_TA_CA;
    run.anchor.pkey = *key;
    run.anchor.pkey.key.ec.q = run.key;
    return true;
}

/* --- a connection --- */

static int low_read(void *ctx, unsigned char *data, size_t len)
{
    ssize_t n = recv(*(int *)ctx, data, len, 0);

    return n <= 0 ? -1 : (int)n;
}

static int low_write(void *ctx, const unsigned char *data, size_t len)
{
    ssize_t n = send(*(int *)ctx, data, len, MSG_NOSIGNAL);

    return n <= 0 ? -1 : (int)n;
}

static bool connect_tls(void)
{
    run.fd = blocking_connect(run.bench.port);
    if (run.fd < 0 ||
        !br_ssl_client_reset(&run.client, BENCH_HOST, run.bench.mode == BENCH_RESUMED))
        return false;
    br_sslio_init(&run.io, &run.client.eng, low_read, &run.fd, low_write, &run.fd);
    return true;
}

static void disconnect(void)
{
    (void)br_sslio_close(&run.io);
    close(run.fd);
    run.fd = -1;
}

/* --- a request --- */

static bool exchange(void)
{
    size_t len = 0;

    if (br_sslio_write_all(&run.io, run.request, run.request_len) != 0 ||
        br_sslio_flush(&run.io) != 0)
        return false;
    do {
        int n = br_sslio_read(&run.io, run.answer + len, sizeof run.answer - 1 - len);

        if (n <= 0)
            return false;
        len += (size_t)n;
    } while (!blocking_is_whole(run.answer, len));
    return blocking_is_good(run.answer);
}

bool bench_refresh(void)
{
    if ((run.fd < 0 && !connect_tls()) || !exchange()) {
        fprintf(stderr, "BearSSL: error %d\n", br_ssl_engine_last_error(&run.client.eng));
        return false;
    }
    if (run.bench.mode != BENCH_KEPT)
        disconnect();
    return true;
}

bool bench_open(const struct bench *b)
{
    run.bench = *b;
    run.request_len = blocking_request(run.request, sizeof run.request, "bearssl/1", b->port);
    if (!load_root(b->root))
        return false;
    br_ssl_client_init_full(&run.client, &run.x509, &run.anchor, 1);
    br_ssl_engine_set_buffer(&run.client.eng, run.records, sizeof run.records, 1);
    return true;
}
