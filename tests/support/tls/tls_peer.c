/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_peer.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PASSES_MAX 200000

/* --- certificates --- */

struct shape {
    EVP_PKEY *key, *issuer_key;
    X509 *issuer; /* NULL: self-signed */
    const char *name;
    const char *hosts; /* NULL: a CA */
    int64_t from, to;
};

static struct {
    EVP_PKEY *root_key[2], *middle_key[2]; /* P-256, RSA */
    X509 *root[2], *middle[2];
    EVP_PKEY *rsa, *other_key;
    X509 *other;
    struct tls_chain chains[TLS_KINDS];
} made;

static void extend(X509 *crt, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;

    X509V3_set_ctx(&ctx, issuer, crt, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(crt, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *certify(const struct shape *s)
{
    static long serial = 1;
    X509 *crt = X509_new();
    X509_NAME *name = X509_get_subject_name(crt);
    X509 *issuer = s->issuer != NULL ? s->issuer : crt;

    X509_set_version(crt, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(crt), serial++);
    ASN1_TIME_set(X509_getm_notBefore(crt), s->from);
    ASN1_TIME_set(X509_getm_notAfter(crt), s->to);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)s->name, -1, -1, 0);
    X509_set_issuer_name(crt, X509_get_subject_name(issuer));
    X509_set_pubkey(crt, s->key);
    extend(crt, issuer, NID_basic_constraints, s->hosts != NULL ? "CA:FALSE" : "critical,CA:TRUE");
    if (s->hosts != NULL)
        extend(crt, issuer, NID_subject_alt_name, s->hosts);
    assert_true(X509_sign(crt, s->issuer_key, EVP_sha256()) > 0);
    return crt;
}

/* One RSA key for all: generating one is slow. */
static EVP_PKEY *make_key(bool rsa)
{
    if (!rsa)
        return EVP_EC_gen("P-256");
    if (made.rsa == NULL)
        made.rsa = EVP_RSA_gen(2048);
    assert_int_equal(EVP_PKEY_up_ref(made.rsa), 1);
    return made.rsa;
}

static X509 *make_authority(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key,
                            int64_t to)
{
    struct shape s = {.key = key,
                      .issuer_key = issuer_key,
                      .issuer = issuer,
                      .name = name,
                      .from = TLS_UNIX - 10 * TLS_DAY,
                      .to = to};

    return certify(&s);
}

static void make_authorities(bool rsa)
{
    int64_t to = TLS_UNIX + 1000 * TLS_DAY;

    if (made.root[rsa] != NULL)
        return;
    made.root_key[rsa] = make_key(rsa);
    made.middle_key[rsa] = make_key(rsa);
    made.root[rsa] = make_authority("Root", made.root_key[rsa], NULL, made.root_key[rsa], to);
    made.middle[rsa] = make_authority("Intermediate", made.middle_key[rsa], made.root[rsa],
                                      made.root_key[rsa], to);
}

static void shape_leaf(enum tls_kind kind, struct shape *s)
{
    bool rsa = kind == TLS_RSA;

    *s = (struct shape){.key = make_key(rsa),
                        .issuer_key = made.middle_key[rsa],
                        .issuer = made.middle[rsa],
                        .name = "Leaf",
                        .hosts = "DNS:" TLS_HOST ",DNS:" TLS_HOST_2 ",IP:10.0.0.1",
                        .from = TLS_UNIX - TLS_DAY,
                        .to = TLS_UNIX + TLS_DAY};
    if (kind == TLS_WRONG_NAME)
        s->hosts = "DNS:elsewhere.example,DNS:acme.example.com";
    if (kind == TLS_EXPIRED)
        s->to = TLS_UNIX - 1;
    if (kind == TLS_NOT_YET || kind == TLS_DISJOINT)
        s->from = TLS_UNIX + 60;
    if (kind == TLS_SHORT) {
        s->issuer = made.root[0];
        s->issuer_key = made.root_key[0];
    }
    if (kind == TLS_SELF_SIGNED) {
        s->issuer = NULL;
        s->issuer_key = s->key;
    }
}

static X509 *make_middle(enum tls_kind kind, struct shape *leaf)
{
    bool rsa = kind == TLS_RSA;
    X509 *crt = made.middle[rsa];

    if (kind == TLS_SELF_SIGNED || kind == TLS_NO_INTERMEDIATE || kind == TLS_SHORT)
        return NULL;
    if (kind != TLS_OTHER_ROOT && kind != TLS_INTERMEDIATE_EXPIRED && kind != TLS_DISJOINT) {
        X509_up_ref(crt);
        return crt;
    }
    bool other = kind == TLS_OTHER_ROOT;

    if (other && made.other == NULL) {
        made.other_key = make_key(false);
        made.other = make_authority("Root", made.other_key, NULL, made.other_key, leaf->to);
    }
    return make_authority("Intermediate", made.middle_key[0], other ? made.other : made.root[0],
                          other ? made.other_key : made.root_key[0],
                          other ? TLS_UNIX + TLS_DAY : TLS_UNIX - 1);
}

const struct tls_chain *tls_chain(enum tls_kind kind)
{
    struct tls_chain *c = &made.chains[kind];
    struct shape leaf;

    if (c->leaf != NULL)
        return c;
    make_authorities(kind == TLS_RSA);
    shape_leaf(kind, &leaf);
    c->intermediate = make_middle(kind, &leaf);
    c->leaf = certify(&leaf);
    c->key = leaf.key;
    c->root_len = i2d_X509(made.root[kind == TLS_RSA], &c->root);
    assert_true(c->root_len > 0);
    return c;
}

int tls_free_chains(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        EVP_PKEY_free(made.root_key[i]);
        EVP_PKEY_free(made.middle_key[i]);
        X509_free(made.root[i]);
        X509_free(made.middle[i]);
    }
    EVP_PKEY_free(made.rsa);
    EVP_PKEY_free(made.other_key);
    X509_free(made.other);
    for (int i = 0; i < TLS_KINDS; i++) {
        EVP_PKEY_free(made.chains[i].key);
        X509_free(made.chains[i].leaf);
        X509_free(made.chains[i].intermediate);
        OPENSSL_free(made.chains[i].root);
    }
    memset(&made, 0, sizeof made);
    return 0;
}

/* --- the server --- */

uint8_t tls_byte(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

void tls_peer_flush(struct tls_peer *p, struct tk_sim_link *link)
{
    uint8_t wire[4096];
    int n;

    while ((n = BIO_read(SSL_get_wbio(p->ssl), wire, sizeof wire)) > 0) {
        p->given += (size_t)n;
        tk_sim_reply(link, wire, (size_t)n);
    }
}

static void respond(struct tls_peer *p, const uint8_t *data, size_t len)
{
    uint8_t *bytes = malloc(p->response_len + 1);

    for (size_t i = 0; i < p->response_len; i++)
        bytes[i] = tls_byte(i);
    if (p->response_len > 0) {
        data = bytes;
        len = p->response_len;
    }
    if (p->tickets)
        assert_int_equal(SSL_new_session_ticket(p->ssl), 1);
    assert_int_equal(SSL_write(p->ssl, data, (int)len), len);
    if (p->closes)
        SSL_shutdown(p->ssl);
    free(bytes);
}

/* With TLS 1.3 the client has finished once it has the server's first flight. */
static void continue_handshake(struct tls_peer *p, struct tk_sim_link *link)
{
    bool before = SSL_is_init_finished(p->ssl);

    if (before)
        return;
    SSL_accept(p->ssl);
    p->finished = SSL_is_init_finished(p->ssl);
    p->resumed = SSL_session_reused(p->ssl);
    tls_peer_flush(p, link);
    if (p->handshake == 0 && (p->finished || SSL_version(p->ssl) == TLS1_3_VERSION))
        p->handshake = p->given;
    if (p->finished && p->greet != NULL)
        p->greet(p);
}

static void received(struct tk_sim_link *link, const uint8_t *data, size_t len)
{
    struct tls_peer *p = link->peer->ctx;
    uint8_t plain[4096];
    int n;

    p->sends++;
    p->came += len;
    assert_int_equal(BIO_write(SSL_get_rbio(p->ssl), data, (int)len), len);
    continue_handshake(p, link);
    while (p->finished && (n = SSL_read(p->ssl, plain, sizeof plain)) > 0) {
        p->plain += (size_t)n;
        respond(p, plain, (size_t)n);
        if (p->drops) {
            tls_peer_flush(p, link);
            tk_sim_fin(link);
        }
    }
    tls_peer_flush(p, link);
    if (SSL_get_shutdown(p->ssl) & SSL_SENT_SHUTDOWN)
        tk_sim_fin(link);
    ERR_clear_error();
}

static void accepted(struct tk_sim_link *link)
{
    struct tls_peer *p = link->peer->ctx;

    p->accepted++;
    SSL_free(p->ssl);
    p->ssl = SSL_new(p->ctx);
    SSL_set_bio(p->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(p->ssl);
    SSL_set_app_data(p->ssl, p);
    p->sends = 0;
    p->came = p->given = p->handshake = 0;
    p->finished = p->resumed = false;
    p->alert = -1;
}

static void closed(struct tk_sim_link *link)
{
    struct tls_peer *p = link->peer->ctx;

    p->closed++;
}

static void inform(const SSL *ssl, int where, int what)
{
    struct tls_peer *p = SSL_get_app_data(ssl);

    if (where == SSL_CB_READ_ALERT)
        p->alert = what & 0xff;
}

static void add_peer(struct tls_world *w, struct tls_peer *p, const char *host, uint8_t number)
{
    struct tk_addr addr = {4, {10, 0, 0, number}};

    p->name.name = host;
    p->name.count = 1;
    p->name.addrs[0] = p->peer.addr = addr;
    p->peer.port = 443;
    p->peer.ctx = p;
    p->peer.accepted = accepted;
    p->peer.received = received;
    p->peer.closed = closed;
    p->alert = -1;
    tk_sim_add_name(&w->port, &p->name);
    tk_sim_add_peer(&w->port, &p->peer);
}

/* The same for both peers: each accepts the other's tickets. */
static uint8_t ticket_keys[80];

static void set_up(struct tls_peer *p, const struct tls_chain *chain, int version)
{
    p->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(p->ctx, version);
    SSL_CTX_set_max_proto_version(p->ctx, version);
    SSL_CTX_set_info_callback(p->ctx, inform);
    assert_int_equal(SSL_CTX_set_tlsext_ticket_keys(p->ctx, ticket_keys, sizeof ticket_keys), 1);
    assert_int_equal(SSL_CTX_use_certificate(p->ctx, chain->leaf), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(p->ctx, chain->key), 1);
    if (chain->intermediate != NULL)
        assert_int_equal(SSL_CTX_add1_chain_cert(p->ctx, chain->intermediate), 1);
}

/* --- the client --- */

static void set_up_heap(struct tk_port *port)
{
#if defined(MBEDTLS_PLATFORM_CALLOC_MACRO)
    static uint64_t arena[8192]; /* pointers are twice as wide as a board's */

    tk_mbedtls_init(port, arena, sizeof arena);
#else
    tk_mbedtls_init(port, 0);
#endif
}

void tls_world_init(struct tls_world *w, const struct tls_chain *chain, int version)
{
    char none;

    memset(w, 0, sizeof *w);
    tk_sim_init(&w->port, 1);
    tk_console_read(&w->port, 0, &none, 1); /* or its first event ends every wait */
    tk_sim_set_wall(&w->port, TK_TIME_RTC, TLS_UNIX);
    w->port.on_set_unix = tk_mbedtls_set_time;
    set_up_heap(&w->port);
    tk_time_init(&w->time, &w->port, TLS_UNIX - 365 * TLS_DAY);
    w->root = (struct tk_root){chain->root, (size_t)chain->root_len};
    w->trust = (struct tk_trust){&w->root, 1};
    assert_int_equal(tk_tls_config_init(&w->config, &w->port, &w->time, tk_trust_find, &w->trust),
                     TK_OK);
    tk_tls_init(&w->tls, &w->config);
    add_peer(w, &w->peer, TLS_HOST, 1);
    add_peer(w, &w->peer_2, TLS_HOST_2, 2);
    set_up(&w->peer, chain, version);
    set_up(&w->peer_2, chain, version);
}

void tls_world_free(struct tls_world *w)
{
    tk_tls_free(&w->tls);
    tk_tls_config_free(&w->config);
    SSL_free(w->peer.ssl);
    SSL_free(w->peer_2.ssl);
    SSL_CTX_free(w->peer.ctx);
    SSL_CTX_free(w->peer_2.ctx);
    tk_sim_free(&w->port);
}

/* As in core/https/tk_connection.c. */
static uint64_t next_step(const struct tls_world *w, uint64_t until_ms)
{
    uint64_t tcp_ms = w->tls.next_ms;

    bool has_time = w->tls.stage == TK_TLS_TCP || w->tls.stage == TK_TLS_HANDSHAKE;

    return has_time && tcp_ms < until_ms ? tcp_ms : until_ms;
}

int tls_connect_to(struct tls_world *w, const char *name, struct tk_tls_session *session,
                   uint64_t until_ms)
{
    struct tk_host host;
    int n = TK_SOCK_AGAIN;

    assert_true(tk_host_parse(&host, name, NULL));
    tk_tls_open(&w->tls, &host, session);
    for (long passes = 0; n == TK_SOCK_AGAIN && w->port.now_ms < until_ms; passes++) {
        bool busy = false;

        n = tk_tls_step(&w->tls, &busy);
        if (n == TK_SOCK_AGAIN && !busy)
            tk_wait(&w->port, next_step(w, until_ms));
        assert_true(passes < PASSES_MAX);
    }
    return n;
}

int tls_connect(struct tls_world *w, struct tk_tls_session *session)
{
    return tls_connect_to(w, TLS_HOST, session, w->port.now_ms + TLS_LIMIT);
}

static int move_all(struct tls_world *w, uint8_t *in, const uint8_t *out, size_t len)
{
    uint64_t until_ms = w->port.now_ms + TLS_LIMIT;
    size_t moved = 0;

    for (long passes = 0; moved < len; passes++) {
        int n = in != NULL ? tk_tls_recv(&w->tls, in + moved, len - moved)
                           : tk_tls_send(&w->tls, out + moved, len - moved);

        assert_int_not_equal(n, 0);
        assert_true(passes < PASSES_MAX);
        if (n > 0)
            moved += (size_t)n;
        else if (n != TK_SOCK_AGAIN || w->port.now_ms >= until_ms)
            return n;
        else
            tk_wait(&w->port, until_ms);
    }
    return (int)moved;
}

int tls_send_all(struct tls_world *w, const void *data, size_t len)
{
    return move_all(w, NULL, data, len);
}

int tls_recv_all(struct tls_world *w, void *buf, size_t len)
{
    return move_all(w, buf, NULL, len);
}

size_t tls_stride(void)
{
    const char *preload = getenv("LD_PRELOAD");

    return preload != NULL && strstr(preload, "vgpreload") != NULL ? 97 : 1;
}
