/* SPDX-License-Identifier: Apache-2.0 */
/* Ours: a refresh as core/oauth/tk_token.c does it, without the store. */
#include "bench.h"
#include "tk_https.h"
#include "tk_mbedtls.h"
#include "tk_oauth.h"
#include "tk_oauth_response.h"
#include "tk_posix.h"
#include "tk_trust.h"

#include <errno.h>
#include <mbedtls/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define BUILD_UNIX 1700000000
#define HEAP_LIMIT (512 * 1024)
#define BEGIN      "-----BEGIN CERTIFICATE-----"
#define END        "-----END CERTIFICATE-----"

static struct {
    enum bench_mode mode;
    struct tk_port port;
    struct tk_time time;
    unsigned char der[2048];
    struct tk_root root;
    struct tk_trust trust;
    struct tk_https net;
    struct tk_client client;
    struct tk_request request;
    char refresh_token[TK_TOKEN_MAX + 1];
    bool sent; /* since the last recv() */
    bool done;
    enum tk_err err;
} run;

/* Names are no part of what is measured: every contestant is given the address. */
int __wrap_tk_sock_lookup(struct tk_port *port, const char *host);
int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max);

int __wrap_tk_sock_lookup(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return 0;
}

int __wrap_tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    (void)port;
    (void)lookup;
    (void)max;
    addrs[0] = (struct tk_addr){.family = 4, .bytes = {127, 0, 0, 1}};
    return 1;
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __real_recv(int fd, void *buf, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags);

ssize_t __wrap_send(int fd, const void *data, size_t len, int flags)
{
    run.sent = true;
    return __real_send(fd, data, len, flags);
}

/* No server answers at once. Without this, valgrind decides whether this one does. */
ssize_t __wrap_recv(int fd, void *buf, size_t size, int flags)
{
    bool sent = run.sent;

    run.sent = false;
    if (!sent)
        return __real_recv(fd, buf, size, flags);
    errno = EAGAIN;
    return -1;
}

static bool load_root(const char *path)
{
    char text[4096];
    size_t used, len = 0;
    mbedtls_pem_context pem;
    FILE *file = fopen(path, "r");

    if (file == NULL)
        return false;
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    mbedtls_pem_init(&pem);
    if (mbedtls_pem_read_buffer(&pem, BEGIN, END, (unsigned char *)text, NULL, 0, &used) == 0) {
        const unsigned char *der = mbedtls_pem_get_buffer(&pem, &len);

        len = len <= sizeof run.der ? len : 0;
        memcpy(run.der, der, len);
    }
    mbedtls_pem_free(&pem);
    run.root = (struct tk_root){run.der, len};
    run.trust = (struct tk_trust){&run.root, 1};
    return len > 0;
}

static enum tk_err write_refresh(struct tk_request *r, struct tk_text *out)
{
    tk_oauth_refresh_request(out, &r->host, &run.client, run.client.client_secret,
                             run.refresh_token);
    return TK_OK;
}

static void refresh_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct tk_token_response grant;
    int64_t now_unix;

    (void)r;
    if (answer != NULL)
        tk_time_note_server_date(&run.time, answer->date_unix);
    (void)tk_time_now(&run.time, &now_unix);
    err = tk_oauth_read_token_response(answer, err, now_unix, &grant);
    if (err == TK_OK)
        tk_copy(run.refresh_token, sizeof run.refresh_token, grant.refresh_token);
    run.err = err;
    run.done = true;
}

bool bench_open(const struct bench *b)
{
    struct tk_request *r = &run.request;
    char host[TK_HOST_TEXT];

    run.mode = b->mode;
    tk_posix_init(&run.port);
    tk_mbedtls_init(&run.port, HEAP_LIMIT);
    tk_time_init(&run.time, &run.port, BUILD_UNIX);
    tk_copy(run.client.client_id, sizeof run.client.client_id, BENCH_ID);
    tk_copy(run.client.client_secret, sizeof run.client.client_secret, BENCH_SECRET);
    tk_copy(run.refresh_token, sizeof run.refresh_token, BENCH_REFRESH);
    snprintf(host, sizeof host, BENCH_HOST ":%u", b->port);
    r->fields = &tk_oauth_fields;
    r->priority = TK_PRIORITY_REFRESH;
    r->keepalive_ms = b->mode == BENCH_KEPT ? 600000 : 0;
    r->write = write_refresh;
    r->done = refresh_done;
    return load_root(b->root) && tk_host_parse(&r->host, host, NULL) &&
           tk_https_init(&run.net, &run.port, &run.time, tk_trust_find, &run.trust) == TK_OK;
}

bool bench_refresh(void)
{
    uint64_t now_ms = tk_clock_now_ms(&run.port);

    if (run.mode < BENCH_RESUMED)
        memset(run.net.sessions, 0, sizeof run.net.sessions);
    run.done = false;
    run.request.deadline_ms = now_ms + 60000;
    tk_https_submit(&run.net, &run.request);
    while (!run.done) {
        uint64_t until_ms = tk_https_step(&run.net, tk_clock_now_ms(&run.port));

        if (!run.done)
            tk_wait(&run.port, until_ms);
    }
    if (run.err != TK_OK)
        fprintf(stderr, "ours: %s\n", tk_err_code(run.err));
    return run.err == TK_OK;
}
