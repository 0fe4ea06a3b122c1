/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONNECTION_H
#define TK_CONNECTION_H

/*
 * One request at a time over one TLS connection, for tk_https.c:
 *
 *      open -> TLS ready -> write -> send -> read the response -> done -> closed, or kept alive
 */

#include "tk_limits.h"
#include "tk_request.h"
#include "tk_tls.h"

struct tk_connection {
    struct tk_tls tls;
    struct tk_request *request;  /* in progress; NULL: idle */
    uint64_t keepalive_until_ms; /* tick; 0: not an idle connection that was kept alive */
    bool in_done;                /* the response in work is with the request's owner */
    uint8_t retries;             /* handshakes repeated with another offer */
    uint16_t rest;               /* bytes at the end of work that on_body has not taken */
    size_t written;              /* bytes of the request that are in work, or were */
    enum tk_err err;             /* why the request ends */
    struct tk_http http;
    size_t unsent;           /* bytes of the request left in work */
    uint32_t produced;       /* of the body that the request's owner produces */
    char work[TK_WORK_SIZE]; /* the request, then the body of the response */
};

static inline bool tk_connection_is_open(const struct tk_connection *conn)
{
    return conn->tls.stage != TK_TLS_IDLE;
}

/* True if it is ready for a request to this host. */
bool tk_connection_is_warm(const struct tk_connection *conn, const struct tk_host *host);

void tk_connection_close(struct tk_connection *conn);

/* Assigns a request to an idle connection, which is closed, being opened, or warm. */
void tk_connection_assign(struct tk_connection *conn, struct tk_request *r);

/* Takes the request away, without calling its done. */
void tk_connection_release(struct tk_connection *conn);

/* Continues the request as far as it goes without blocking, up to its done. True if the connection
 * must be closed and opened anew for it. Sets *busy as tk_tls_step does. */
bool tk_connection_step(struct tk_connection *conn, uint64_t now_ms, bool *busy);

/* Closes an idle connection whose time is over, or that is of no more use. */
void tk_connection_step_idle(struct tk_connection *conn, uint64_t now_ms);

/* The tick at which it wants a step even if nothing happens. */
uint64_t tk_connection_next_ms(const struct tk_connection *conn);

#endif
