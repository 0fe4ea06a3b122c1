/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTPS_H
#define TK_HTTPS_H

/*
 * An HTTPS client: requests over TK_CONNECTIONS connections, non-blocking. A request waits for a
 * connection, is written when that is ready, and ends with one call of its `done`, within its
 * deadline.
 *
 * If all connections are in use, a higher-priority request preempts a lower one, which is re-queued
 * and starts over. A refresh or an exchange that was sent is never preempted: its response may be
 * the only copy of a token pair.
 *
 * Call all of it from the main loop: tk_https_step, then tk_wait until the tick that it returned.
 */

#include "tk_connection.h"

struct tk_https {
    struct tk_tls_config tls;
    bool draining;            /* see tk_https_drain */
    struct tk_request *queue; /* highest priority first */
    struct tk_connection connections[TK_CONNECTIONS];
    struct tk_tls_session sessions[TK_SESSIONS];
};

/* As tk_tls_config_init, also for the errors. */
enum tk_err tk_https_init(struct tk_https *https, struct tk_port *port, struct tk_time *time,
                          mbedtls_x509_crt_ca_cb_t find_root, void *trust);

/* Closes all connections and wipes https. No `done` is called. */
void tk_https_free(struct tk_https *https);

/* Queues a request; it must not be active. */
void tk_https_submit(struct tk_https *https, struct tk_request *r);

/* The same with this priority and a deadline from now on. */
void tk_https_start(struct tk_https *https, struct tk_request *r, enum tk_priority priority,
                    uint32_t timeout_ms);

/* Ends a request without calling its `done`; no effect on one that is not active. */
void tk_https_cancel(struct tk_https *https, struct tk_request *r);

/* Ends all activity but that of a refresh or an exchange that was sent: it continues until its
 * `done`. All other requests, queued now or later, stay queued; their `done` is not called. */
void tk_https_drain(struct tk_https *https);

/* After tk_https_drain: true once no response is awaited any more. */
bool tk_https_drained(const struct tk_https *https);

/* After a pause (tk_request.h, on_body): the response goes on in the next tk_https_step, which must
 * follow at once. Set deadline_ms anew. */
void tk_https_resume(struct tk_request *r);

/* True from tk_https_submit until the request has ended. In `done` it still is, unless the request
 * was never assigned a connection. */
bool tk_https_active(const struct tk_request *r);

/* Continues all requests as far as they go without blocking. Returns the tick of the next step if
 * nothing happens before; now_ms if there is more to do at once. */
uint64_t tk_https_step(struct tk_https *https, uint64_t now_ms);

/* The TLS connection of an active request, also in `done`; NULL while it is queued. */
const struct tk_tls *tk_https_tls(const struct tk_request *r);

/* The TLS session kept for a host, to be stored across restarts; NULL: none. Valid until the next
 * call of any other function here. */
const struct tk_tls_session *tk_https_session(const struct tk_https *https,
                                              const struct tk_host *host);

/* Copies a stored session back. */
void tk_https_restore_session(struct tk_https *https, const struct tk_tls_session *session);

/* The roots of trust have changed: drops all sessions and idle connections, and restarts
 * handshakes. */
void tk_https_forget_sessions(struct tk_https *https);

/* A buffer of TK_WORK_SIZE bytes, free for the caller until the next tk_https_step; also usable
 * within a handshake, by find_root, and within `done`: it is not the response's. NULL: all are in
 * use. Wipe secrets. */
void *tk_https_borrow_buffer(struct tk_https *https);

/* True if a connection to host is ready for the next request. */
bool tk_https_is_warm(const struct tk_https *https, const struct tk_host *host);

#endif
