/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Connects to a server of OpenSSL with each chain, over the simulated sockets:
 *
 *      connect_to_chains ROOTS.pem VERSION <chains
 *
 * A line of input is the file of a chain, the file of its key, the name of the host, and of the
 * server the ciphers of TLS 1.2 and of TLS 1.3 and the groups. VERSION is 1.1, 1.2 or 1.3, the one
 * that the server has. Prints the code of each result.
 */

#include "tls_peer.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define ROOTS_MAX 64

static struct tk_root roots[ROOTS_MAX];

static struct tk_trust read_roots(const char *path)
{
    struct tk_trust trust = {roots, 0};
    FILE *file = fopen(path, "r");
    X509 *crt;

    assert_non_null(file);
    while ((crt = PEM_read_X509(file, NULL, NULL, NULL)) != NULL) {
        unsigned char *der = NULL;
        int len = i2d_X509(crt, &der);

        assert_true(len > 0 && trust.count < ROOTS_MAX);
        roots[trust.count++] = (struct tk_root){der, (size_t)len};
        X509_free(crt);
    }
    fclose(file);
    return trust;
}

static void free_roots(const struct tk_trust *trust)
{
    for (size_t i = 0; i < trust->count; i++)
        OPENSSL_free((void *)trust->roots[i].der);
}

struct server {
    char chain[400], key[400], host[100], ciphers12[100], ciphers13[100], groups[100];
    int version;
};

static bool read_server(struct server *s)
{
    char line[1400];

    if (fgets(line, sizeof line, stdin) == NULL)
        return false;
    assert_int_equal(sscanf(line, "%399s %399s %99s %99s %99s %99s", s->chain, s->key, s->host,
                            s->ciphers12, s->ciphers13, s->groups),
                     6);
    return true;
}

/* The peer of the world becomes this server. */
static void replace_peer(struct tls_world *w, const struct server *s)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    SSL_CTX_free(w->peer.ctx);
    w->peer.ctx = ctx;
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_min_proto_version(ctx, s->version);
    SSL_CTX_set_max_proto_version(ctx, s->version);
    assert_int_equal(SSL_CTX_set_cipher_list(ctx, s->ciphers12), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(ctx, s->ciphers13), 1);
    assert_int_equal(SSL_CTX_set1_groups_list(ctx, s->groups), 1);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, s->chain), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, s->key, SSL_FILETYPE_PEM), 1);
    w->peer.name.name = s->host;
    w->peer.name.addrs[0] = w->peer.peer.addr = (struct tk_addr){4, {127, 0, 0, 1}};
}

static enum tk_err connect_to(const struct tk_trust *trust, const struct server *s)
{
    struct tls_world w;

    tls_world_init(&w, tls_chain(TLS_SHORT), s->version);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, time(NULL));
    tk_time_init(&w.time, &w.port, 1700000000);
    w.trust = *trust;
    replace_peer(&w, s);
    (void)tls_connect_to(&w, s->host, NULL, TLS_LIMIT);
    enum tk_err err = w.tls.err;

    tls_world_free(&w);
    return err;
}

static int version_of(const char *text)
{
    return strcmp(text, "1.1") == 0   ? TLS1_1_VERSION
           : strcmp(text, "1.2") == 0 ? TLS1_2_VERSION
                                      : TLS1_3_VERSION;
}

int main(int argc, char **argv)
{
    struct server server;

    if (argc != 3)
        return 2;
    struct tk_trust trust = read_roots(argv[1]);

    server.version = version_of(argv[2]);
    while (read_server(&server))
        printf("%s\n", tk_err_code(connect_to(&trust, &server)));
    free_roots(&trust);
    return tls_free_chains(NULL);
}
