/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_REQUEST_H
#define TK_REQUEST_H

/* An HTTPS request: its host, its contents, and the callback that receives the response. */

#include "tk_http.h"
#include "tk_http_request.h"

/* From low to high. */
enum tk_priority {
    TK_PRIORITY_ESCALATION,
    TK_PRIORITY_CHECK,
    TK_PRIORITY_CALL,
    TK_PRIORITY_REFRESH, /* not preempted once sent, like the next */
    TK_PRIORITY_EXCHANGE
};

/* The owner sets these before tk_https_submit and does not change them until done is called. */
struct tk_request {
    struct tk_host host;
    enum tk_priority priority;
    uint64_t deadline_ms;  /* tick */
    uint32_t keepalive_ms; /* keep the connection open for that long afterwards; 0: close it */

    /* Members of a JSON object that are picked from the response (tk_http.h); NULL: none. */
    const struct tk_json_fields *fields;

    /* Appends the whole request (tk_http_request) to out, at most TK_WORK_SIZE - 1 bytes. Called
     * when the connection is ready and nothing has been sent: the last moment to store what must
     * survive a lost response. Called again if the request is preempted and restarted. An error
     * ends the request. NULL: only open the connection. */
    enum tk_err (*write)(struct tk_request *r, struct tk_text *out);

    /* Called once, at the end of the request; may submit r again. TK_OK: response is complete,
     * whatever its status, or NULL without write; its body may be cut (tk_http.h). Any other error:
     * response is what was read of it, if that is more than the head (the connection was lost, or
     * the deadline passed, within the body), else NULL. The response and what it points to are
     * valid only during the call. */
    void (*done)(struct tk_request *r, enum tk_err err, struct tk_http *response);

    /* Set by tk_https: bytes of the request may have reached the server. */
    bool sent;

    bool asks_date; /* set by the owner: a HEAD request, whose response has no body */

    /* private */
    struct tk_request *next;
    struct tk_connection *connection;
    bool queued;
};

/* A port without the clock of an operating system has nothing to compare a Date with. */
static inline bool tk_request_asks_date(const struct tk_request *r)
{
    return TK_SYSTEM_CLOCK && r->asks_date;
}

#endif
