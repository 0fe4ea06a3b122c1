/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_FAKE_H
#define TLS_FAKE_H

/*
 * Replaces core/https/tk_tls.c for tests of the layer above it, tk_https.c: connections without
 * sockets or bytes on a wire, which behave as the test scripts them, and a log of what tk_https.c
 * did with them. All connections share one script.
 */

#include "tk_tls.h"

#include <stdbool.h>

/* The test may change the script at any time. */
struct tls_fake {
    uint64_t connect_ms;     /* until a connection is ready */
    enum tk_err connect_err; /* the connection fails with this instead */
    unsigned try_again;      /* so many connections fail with tls->try_again set */
    uint64_t response_ms;    /* from the last byte of a request to its response; UINT64_MAX: none */
    const char *response;    /* NULL: 200 with 2 bytes */
    bool cut;                /* after the response the connection is cut, without close_notify */
    size_t send_at_most;     /* bytes that a call takes; 0: all */
    bool send_blocked;
    int send_result;   /* TK_SOCK_CLOSED, TK_SOCK_ERR: instead of sending; 0: sends */
    int64_t not_after; /* of the server's certificates; 0: 2100 */
    bool lost;         /* the server has closed an idle connection */
    bool unsolicited;  /* the server has sent bytes on an idle connection */

    bool config_freed;
    size_t body_bytes;       /* sent after the heads of requests */
    uint32_t body_sum;       /* 31 * sum + byte, of these */
    unsigned opened, closed; /* connections so far */
    uint64_t closed_ms;      /* the tick of the last close */
    char log[2048]; /* "+a" connection to host a opened, "-a" closed, or a request's name */
    const struct tk_tls_session *session; /* of the newest connection */
};

extern struct tls_fake tls_fake;

void tls_fake_reset(void);

/* The tick of the next scripted event; UINT64_MAX: none. */
uint64_t tls_fake_next_ms(uint64_t now_ms);

#endif
