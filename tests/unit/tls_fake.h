/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_FAKE_H
#define TLS_FAKE_H

/*
 * A TLS without bytes in front of core/tk_tls.c, for what stands above it: connections that do
 * what the test says, and tell what was done to them.
 */

#include "tk_tls.h"

#include <stdbool.h>

/* For all connections; the test may change it at any time. */
struct tls_fake {
    uint64_t connect_ms;     /* until a connection is ready */
    enum tk_err connect_err; /* it fails instead */
    uint64_t answer_ms;      /* from a request's last byte to its answer; UINT64_MAX: none */
    const char *answer;      /* NULL: 200 with 2 bytes */
    bool cut;                /* the connection ends behind the answer, without a good end */
    size_t send_at_most;     /* bytes a call takes; 0: all */
    bool send_blocked;
    bool lost;     /* an idle connection was ended by the server */
    bool babbling; /* ... or said something that nobody asked for */

    unsigned opened, closed;
    char log[2048]; /* "+a" a connection to host a was opened, "-a" closed, "name" of a request */
    const struct tk_tls_session *session; /* of the newest connection */
};

extern struct tls_fake tls_fake;

void tls_fake_reset(void);

/* The tick of the next thing that happens by itself. */
uint64_t tls_fake_next_ms(uint64_t now_ms);

#endif
