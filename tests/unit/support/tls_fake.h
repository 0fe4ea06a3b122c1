/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TLS_FAKE_H
#define TLS_FAKE_H

/*
 * A TLS without bytes in front of core/https/tk_tls.c, for what stands above it: connections that
 * do what the test says, and tell what was done to them.
 */

#include "tk_https.h"
#include "tk_sim.h"

#include <stdbool.h>

/* For all connections; the test may change it at any time. */
struct tls_fake {
    uint64_t connect_ms;     /* until a connection is ready */
    enum tk_err connect_err; /* it fails instead */
    unsigned try_again;      /* it fails, and another try may do, so often */
    uint64_t answer_ms;      /* from a request's last byte to its answer; UINT64_MAX: none */
    const char *answer;      /* NULL: 200 with 2 bytes */
    bool cut;                /* the connection ends behind the answer, without a good end */
    size_t send_at_most;     /* bytes a call takes; 0: all */
    bool send_blocked;
    bool lost;     /* an idle connection was ended by the server */
    bool babbling; /* ... or said something that nobody asked for */

    unsigned opened, closed;
    uint64_t closed_ms; /* the last one */
    char log[2048]; /* "+a" a connection to host a was opened, "-a" closed, "name" of a request */
    const struct tk_tls_session *session; /* of the newest connection */
};

extern struct tls_fake tls_fake;

void tls_fake_reset(void);

/* The tick of the next thing that happens by itself. */
uint64_t tls_fake_next_ms(uint64_t now_ms);

/* --- requests over it --- */

#define SECOND 1000
#define NEVER  UINT64_MAX

extern struct tk_port port;
extern struct tk_https net;

/* A request and what became of it. */
struct want {
    struct tk_request r;
    const char *name;
    enum tk_err write_err;
    size_t padding;
    unsigned submit_again; /* so often, when done */
    bool cancel_in_done;
    bool connect_only;

    unsigned writes, dones;
    enum tk_err err;
    int status;
    bool answered;
    uint64_t done_ms;
};

/* Where x says nothing else, within 30 s. */
void submit(struct want *x, const char *name, const char *host, enum tk_priority priority);
void live(uint64_t ms);

/* What was logged since the last look. */
void assert_log(const char *log);
void assert_ended(const struct want *x, enum tk_err err, uint64_t at_ms);

/* For cmocka. */
int net_begin(void **state);
int net_end(void **state);

#endif
