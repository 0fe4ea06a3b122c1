/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

/*
 * An OpenSSL server at the other end of the simulated sockets, with certificates made for the test,
 * and one tk_tls client:
 *
 *      tls_world_init(&w, tls_chain(TLS_EC));
 *      tls_connect(&w, NULL), tls_send_all, tls_recv_all ...
 *      tls_world_free(&w);
 */

#include "tk_mbedtls.h"
#include "tk_sim.h"
#include "tk_tls.h"
#include "tk_trust.h"

#include <openssl/ssl.h>

#define TLS_UNIX   1795000000 /* wall time at the start */
#define TLS_HOST   "acme.example"
#define TLS_HOST_2 "other.example"
#define TLS_DAY    86400
#define TLS_LIMIT  60000 /* ms that a wait may take */

enum tls_kind {
    TLS_EC, /* P-256, root -> intermediate -> leaf, valid for both hosts and 10.0.0.1 */
    TLS_RSA,
    TLS_OTHER_ROOT,      /* the same names under an untrusted root */
    TLS_SELF_SIGNED,     /* a self-signed leaf */
    TLS_NO_INTERMEDIATE, /* not sent by the server */
    TLS_WRONG_NAME,
    TLS_EXPIRED,
    TLS_NOT_YET,
    TLS_INTERMEDIATE_EXPIRED,
    TLS_DISJOINT, /* the intermediate expired before the leaf becomes valid */
    TLS_SHORT,    /* root -> leaf: fast to verify */
    TLS_KINDS
};

struct tls_chain {
    EVP_PKEY *key;
    X509 *leaf;
    X509 *intermediate; /* sent with the leaf; NULL: none */
    unsigned char *root;
    int root_len;
};

/* Made at the first call. */
const struct tls_chain *tls_chain(enum tls_kind kind);

/* Teardown of a test program. */
int tls_free_chains(void **state);

/* A server for one host. The results are those of its newest connection, unless noted. */
struct tls_peer {
    struct tk_sim_name name;
    struct tk_sim_peer peer;
    SSL_CTX *ctx;
    SSL *ssl;
    size_t response_len; /* bytes sent in response to each piece of data; 0: echo it */
    bool closes;         /* close_notify and FIN after each response */
    bool drops;          /* FIN after each response, without close_notify */
    bool tickets;        /* a TLS 1.3 ticket before each response */
    void (*greet)(struct tls_peer *p); /* called after the handshake */

    unsigned accepted, closed; /* of all connections */
    unsigned sends;            /* pieces received, one per tk_sock_send */
    size_t came;               /* bytes received on the wire */
    size_t given;              /* bytes sent on the wire */
    size_t handshake;          /* of given: up to the end of the client's handshake */
    size_t plain;              /* bytes of application data received, of all connections */
    bool finished;             /* the server has finished the handshake */
    bool resumed;
    int alert; /* received; -1: none */
};

void tls_peer_flush(struct tls_peer *p, struct tk_sim_link *link);

struct tls_world {
    struct tk_port port;
    struct tk_time time;
    struct tk_root root;
    struct tk_trust trust;
    struct tk_tls_config config;
    struct tk_tls tls;
    struct tls_peer peer, peer_2;
};

/* Peers have this chain. The client trusts the root of the valid ones. version: of OpenSSL. */
void tls_world_init(struct tls_world *w, const struct tls_chain *chain, int version);
void tls_world_free(struct tls_world *w);

/* Opens a connection and steps it to its result; TK_SOCK_AGAIN at until_ms. */
int tls_connect_to(struct tls_world *w, const char *host, struct tk_tls_session *session,
                   uint64_t until_ms);

/* To the first peer, within TLS_LIMIT. */
int tls_connect(struct tls_world *w, struct tk_tls_session *session);

/* len, or the result that came first, within TLS_LIMIT. */
int tls_send_all(struct tls_world *w, const void *data, size_t len);
int tls_recv_all(struct tls_world *w, void *buf, size_t len);

/* Byte `at` of a response. */
uint8_t tls_byte(size_t at);

/* The step through exhaustive loops: 1, or more under valgrind. */
size_t tls_stride(void);

#endif
