/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_H
#define TK_TLS_H

/*
 * A TLS connection over the sockets of the contract, from a host's name to bytes, never blocking:
 *
 *      open -> name -> TCP -> handshake -> ready -> send, recv ... -> close
 *
 * with the four outcomes of tk_sock.h everywhere: bytes (or TK_SOCK_OK), TK_SOCK_AGAIN,
 * TK_SOCK_CLOSED, TK_SOCK_ERR. Chain, name and dates of the server's certificate are verified at
 * each full handshake; there is no way to turn that off. An address that does not take the
 * connection, or says nothing in the handshake, gives way to the next one after some seconds; for
 * the rest whoever opens a connection gives up on it by closing it.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_sock.h"
#include "tk_time.h"
#include "tk_url.h"

#include <mbedtls/ssl.h>

/* What all connections of a program share. */
struct tk_tls_config {
    struct tk_port *port;
    struct tk_time *time;
    mbedtls_ssl_config conf;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_config conf_tls12; /* TLS 1.2 alone, without RSA-PSS */
#endif
    bool tls12_first; /* hosts are asked with `plain` first; else with `conf` */
};

/* What is remembered of a host. A session saves the next handshake; it is a secret. */
struct tk_tls_session {
    struct tk_host host;
    bool use_fallback;   /* it did not take the first one */
    int64_t not_after;   /* the first end of a certificate of the chain that was verified */
    uint32_t lifetime_s; /* for which the server promised to know it; 0: it did not say */
    uint16_t len;        /* 0: none */
    uint8_t data[TK_SESSION_SIZE];
};

enum tk_tls_stage { TK_TLS_IDLE, TK_TLS_NAME, TK_TLS_TCP, TK_TLS_HANDSHAKE, TK_TLS_READY };

struct tk_tls {
    struct tk_tls_config *config;
    mbedtls_ssl_context ssl;
    bool set_up; /* ssl has its buffers; they stay from the first connection on */
    enum tk_tls_stage stage;
    struct tk_host host;
    struct tk_tls_session *session; /* where to keep one; NULL for nowhere */
    enum tk_err err;                /* why the last TK_SOCK_ERR */
    int detail;                     /* mbedTLS' number for it, 0 where it has none */
    bool try_again;                 /* *session was changed so that another try may succeed */

    /* what the connection found out */
    struct tk_addr addrs[TK_SOCK_ADDRS];
    uint8_t addr_count;
    uint8_t addr_next; /* the one after the one in use */
    bool resumed;
    int64_t not_after;
    bool self_signed;
    bool verified; /* a chain was looked at in this handshake */

    /* inside */
    const mbedtls_ssl_config *conf; /* that ssl was set up with */
    bool offered;                   /* a session, to the server */
    int lookup;
    int sock;
    uint64_t tcp_deadline_ms; /* on this address, while it is connected to or shakes hands */
    bool would_block;         /* the last thing asked of the socket was answered TK_SOCK_AGAIN */
    uint16_t flight_len;
    uint8_t flight[192]; /* a handshake's short messages leave in one send */
};

/* Fills the shared part. find_root and trust as for mbedtls_ssl_conf_ca_cb; they and all pointers
 * live as long as the shared part. Needs tk_mbedtls_init or the like before it. */
enum tk_err tk_tls_config_init(struct tk_tls_config *config, struct tk_port *port,
                               struct tk_time *time, mbedtls_x509_crt_ca_cb_t find_root,
                               void *trust);
void tk_tls_config_free(struct tk_tls_config *config);

void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config);
void tk_tls_free(struct tk_tls *tls);

/* Begins a connection; tls must be idle. session may hold one of an earlier connection, and is
 * where a new one is kept; it must stay until tk_tls_close. */
void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session);

/* Goes on. TK_SOCK_OK once the connection is ready, TK_SOCK_AGAIN before, TK_SOCK_ERR when it
 * failed (close it). A step with public-key work takes up to 2 s on a small board. *busy becomes
 * true when the next step need not wait for anything. */
int tk_tls_step(struct tk_tls *tls, bool *busy);

/* As tk_sock_send and tk_sock_recv, on a ready connection. What one call of tk_tls_send takes
 * leaves in one record; after TK_SOCK_AGAIN it must be called with the same bytes again. */
int tk_tls_send(struct tk_tls *tls, const void *data, size_t len);
int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size);

/* Ends the connection in whatever stage, and is idle again. */
void tk_tls_close(struct tk_tls *tls);

/* When a certificate ends, unix time. Inline, for those who have the rest of this file played. */
static inline int64_t tk_tls_end_of(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_time *t = &crt->valid_to;
    struct tk_calendar c = {t->year, t->mon, t->day, t->hour, t->min, t->sec};

    return tk_calendar_to_unix(&c);
}

#endif
