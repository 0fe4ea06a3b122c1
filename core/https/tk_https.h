/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTPS_H
#define TK_HTTPS_H

/*
 * HTTPS requests over a few TLS connections. A request waits until a connection is free, is
 * written at the last moment, and ends with one call of `done`, always, within its deadline.
 *
 * Where there are fewer connections than requests, a higher priority goes first; it ends a lower
 * one that is under way, which begins again later. One thing is never ended so: an exchange or a
 * refresh that was sent. Its answer may be the only copy of a pair.
 */

#include "tk_http.h"
#include "tk_limits.h"
#include "tk_tls.h"

enum tk_priority {
    TK_PRIORITY_ESCALATION,
    TK_PRIORITY_CHECK,
    TK_PRIORITY_CALL,
    TK_PRIORITY_REFRESH,
    TK_PRIORITY_EXCHANGE
};

struct tk_request {
    /* the owner's, set before tk_https_submit and not changed until done */
    struct tk_host host;
    enum tk_priority priority;
    uint64_t deadline_ms;  /* tick */
    uint32_t keepalive_ms; /* the connection stays open that long afterwards; 0: closes */

    /* Writes the whole request into out, when the connection is ready and nothing was sent yet:
     * the moment to store what must be known if the answer is lost. Anything but TK_OK ends the
     * request with that. NULL: connect, and no more. */
    enum tk_err (*write)(struct tk_request *r, struct tk_text *out);

    /* The end. TK_OK: `answer` is whole (NULL without `write`), whatever its status; else why not,
     * and NULL, but for TK_E_HTTP_TOO_LARGE: then it is what was read of it. All it points to is
     * gone afterwards. May submit r again. */
    void (*done)(struct tk_request *r, enum tk_err err, struct tk_http *answer);

    bool sent; /* told: a byte of it may have reached the server */

    /* inside */
    struct tk_request *next;
    struct tk_connection *connection;
    bool waiting;
};

struct tk_connection {
    struct tk_tls tls;
    struct tk_request *request; /* under way; NULL: idle */
    uint64_t keepalive_until_ms;
    uint8_t tries; /* handshakes that were begun again with another offer */
    bool writing;
    struct tk_http http;
    size_t out_len;
    char work[TK_WORK_SIZE]; /* the request, then the body of its answer */
};

struct tk_https {
    struct tk_port *port;
    struct tk_tls_config tls;
    struct tk_request *first; /* waiting, highest priority first */
    struct tk_connection connections[TK_CONNECTIONS];
    struct tk_tls_session sessions[TK_SESSIONS];
};

/* find_root and trust as in tk_tls_config_init. */
enum tk_err tk_https_init(struct tk_https *net, struct tk_port *port, struct tk_time *time,
                          mbedtls_x509_crt_ca_cb_t find_root, void *trust);
void tk_https_free(struct tk_https *net);

void tk_https_submit(struct tk_https *net, struct tk_request *r);

/* Ends a request without calling `done`, where there is one under way. */
void tk_https_cancel(struct tk_https *net, struct tk_request *r);

bool tk_https_active(const struct tk_request *r);

/* Goes on with everything. The tick at which it wants to go on again though nothing happens;
 * now_ms when it has more to do at once. */
uint64_t tk_https_step(struct tk_https *net, uint64_t now_ms);

/* The connection of a request under way, also during `done`; NULL while it waits for one. */
const struct tk_tls *tk_https_tls(const struct tk_request *r);

/* The session that is kept of a host, NULL where there is none; and one that was kept elsewhere. */
const struct tk_tls_session *tk_https_session(const struct tk_https *net,
                                              const struct tk_host *host);
void tk_https_restore_session(struct tk_https *net, const struct tk_tls_session *session);

/* Drops all sessions, and the connections that nobody uses now: the trust list is another one. */
void tk_https_forget_sessions(struct tk_https *net);

/* TK_WORK_SIZE bytes that no connection needs before the next tk_https_step, or within a handshake;
 * NULL: all are in use. */
void *tk_https_borrow_buffer(struct tk_https *net);

/* Whether a connection to host stands ready for the next request. */
bool tk_https_is_warm(const struct tk_https *net, const struct tk_host *host);

#endif
