/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TLS_H
#define TK_TLS_H

/*
 * One TLS connection over the sockets of tk_sock.h, from a host name to bytes, non-blocking:
 *
 *      open -> name -> TCP -> handshake -> ready -> send, recv ... -> close
 *
 * Results are those of tk_sock.h: a number of bytes (or TK_SOCK_OK), TK_SOCK_AGAIN, TK_SOCK_CLOSED,
 * TK_SOCK_ERR. Call all of it from the main loop.
 *
 * The server's chain, name and dates are verified in every full handshake. All addresses of a name
 * are tried (tk_dial.h), first the one that served the session: another one also after a connection
 * that is cut in the handshake, or silent for 8 s, or less while there are more addresses. There
 * are no other timeouts: to give up, the caller closes the connection.
 */

#include "tk_chain.h"
#include "tk_dial.h"
#include "tk_tls_config.h"
#include "tk_tls_session.h"

enum tk_tls_stage { TK_TLS_IDLE, TK_TLS_NAME, TK_TLS_TCP, TK_TLS_HANDSHAKE, TK_TLS_READY };

struct tk_tls {
    struct tk_tls_config *config;
    mbedtls_ssl_context ssl;
    bool set_up; /* ssl has its buffers, which it keeps from the first connection on */
    enum tk_tls_stage stage;
    struct tk_host host;
    struct tk_tls_session *session; /* see tk_tls_open; may be set to NULL at any time */
    enum tk_err err;                /* reason of the last TK_SOCK_ERR */
    int detail;                     /* mbedTLS' error for it; 0: none */
    bool try_again;                 /* *session was changed so that a new handshake may succeed */

    /* facts about this connection, for diagnosis */
    struct tk_dial dial;
    bool resumed;
    int64_t not_after; /* earliest end of a certificate in the chain; unix time */

    /* private */
    const mbedtls_ssl_config *profile; /* ssl was set up with it */
    struct tk_chain chain;
    bool offered;        /* a session, in this handshake */
    int sock;            /* -1: none */
    uint64_t next_ms;    /* the tick of the next step even if nothing happens, until it is ready */
    uint32_t silence_ms; /* how long the server may be silent in the handshake */
    bool would_block;    /* the last call to the socket returned TK_SOCK_AGAIN */
    uint16_t flight_len;
    uint8_t flight[192]; /* short messages, collected to leave in one send */
};

/* config must outlive tls. */
void tk_tls_init(struct tk_tls *tls, struct tk_tls_config *config);

/* Closes the connection and frees ssl's buffers. */
void tk_tls_free(struct tk_tls *tls);

/* Starts a connection; tls must be idle. session: of an earlier connection or zeroed, updated by
 * this one, and valid until tk_tls_close; NULL: no session is kept. */
void tk_tls_open(struct tk_tls *tls, const struct tk_host *host, struct tk_tls_session *session);

/* Continues to open the connection. TK_SOCK_OK: it is ready. TK_SOCK_AGAIN: not yet. TK_SOCK_ERR:
 * it failed, close it. Sets *busy if the next step can follow without waiting. A step with
 * public-key operations takes up to 2 s on a small board. */
int tk_tls_step(struct tk_tls *tls, bool *busy);

/* As tk_sock_send and tk_sock_recv, on a ready connection. The bytes taken by one tk_tls_send leave
 * in one record. After TK_SOCK_AGAIN, call tk_tls_send again with the same bytes. */
int tk_tls_send(struct tk_tls *tls, const void *data, size_t len);
int tk_tls_recv(struct tk_tls *tls, void *buf, size_t size);

/* Ends the connection in any stage; a ready one with close_notify. tls is idle afterwards. */
void tk_tls_close(struct tk_tls *tls);

#endif
