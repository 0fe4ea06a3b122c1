/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_PEER_H
#define TLS_PEER_H

/*
 * A server of somebody else's TLS (OpenSSL, on memory) at the other end of the simulated sockets,
 * with certificates of its own making, and one client of ours:
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

#define TLS_UNIX   1795000000 /* when worlds begin */
#define TLS_HOST   "acme.example"
#define TLS_HOST_2 "other.example"
#define TLS_DAY    86400
#define TLS_LIMIT  60000 /* ms that a wait of these tests may last */

enum tls_kind {
    TLS_EC, /* P-256, root -> intermediate -> leaf, all well: both hosts */
    TLS_RSA,
    TLS_OTHER_ROOT,      /* the same names, signed by a root that nobody trusts */
    TLS_SELF_SIGNED,     /* the leaf alone, by itself */
    TLS_NO_INTERMEDIATE, /* the server does not send it */
    TLS_WRONG_NAME,
    TLS_EXPIRED,
    TLS_NOT_YET,
    TLS_INTERMEDIATE_EXPIRED,
    TLS_SHORT, /* root -> leaf: cheap to check */
    TLS_KINDS
};

struct tls_chain {
    EVP_PKEY *key;
    X509 *leaf;
    X509 *intermediate; /* sent with it; or NULL */
    unsigned char *root;
    int root_len;
};

/* Made when first asked for. */
const struct tls_chain *tls_chain(enum tls_kind kind);

/* At the end of a program. */
int tls_free_chains(void **state);

/* A server for one host. Told: about the newest connection, unless it says otherwise. */
struct tls_peer {
    struct tk_sim_name name;
    struct tk_sim_peer peer;
    SSL_CTX *ctx;
    SSL *ssl;
    size_t answer; /* answers each piece of data with so many bytes; 0: with the same bytes */
    bool closes;   /* close_notify and FIN behind an answer */
    bool drops;    /* FIN behind an answer, with nothing before it */
    bool tickets;  /* a 1.3 ticket before each answer */
    void (*greet)(struct tls_peer *p); /* when the handshake is over */

    unsigned accepted, closed; /* connections, in all */
    unsigned sends;            /* pieces that came: one a tk_sock_send */
    size_t came;               /* bytes of the wire */
    size_t given;              /* the same, to the client */
    size_t handshake;          /* of given: what the client's part of the handshake needs */
    size_t plain;              /* bytes of application data that came, in all */
    bool finished;             /* the handshake, for the server */
    bool resumed;
    int alert; /* that came; -1: none */
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

/* The client trusts the root of TLS_EC, TLS_RSA and the like, whatever chain the peers have. */
void tls_world_init(struct tls_world *w, const struct tls_chain *chain, int version);
void tls_world_free(struct tls_world *w);

/* Opens and steps until the outcome, or TK_SOCK_AGAIN at until_ms. */
int tls_connect_to(struct tls_world *w, const char *host, struct tk_tls_session *session,
                   uint64_t until_ms);

/* To the first peer, within TLS_LIMIT. */
int tls_connect(struct tls_world *w, struct tk_tls_session *session);

/* All of len bytes, or the outcome that came between, within TLS_LIMIT. */
int tls_send_all(struct tls_world *w, const void *data, size_t len);
int tls_recv_all(struct tls_world *w, void *buf, size_t len);

/* Of the bytes of an answer. */
uint8_t tls_byte(size_t at);

/* 1 where every case is gone through, more under a tool that makes all slow. */
size_t tls_stride(void);

#endif
