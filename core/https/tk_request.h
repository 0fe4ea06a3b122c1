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

/* Of on_body: the request ends with TK_E_CANCELLED. */
#define TK_TAKE_NONE SIZE_MAX

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

    /* A body that `write` has no room for: the body_len bytes after what it appended
     * (tk_http_request_end). Puts 1 to size of them, from offset on, and returns how many; 0 ends
     * the request with TK_E_CANCELLED. Called again from 0 if the request starts over. NULL: none.
     */
    size_t (*produce)(struct tk_request *r, uint32_t offset, char *out, size_t size);
    uint32_t body_len;

    /* Gets the content of the response in pieces as it comes, however long it is (tk_http.h,
     * on_content), perhaps from the beginning again if the request starts over. Returns how many
     * bytes it takes, and gets the rest at once; 0: nothing comes before tk_https_resume, then the
     * rest. It may move deadline_ms, which counts during such a pause, too. NULL: not needed. */
    size_t (*on_body)(struct tk_request *r, const struct tk_http *response, const char *data,
                      size_t len);

    /* Called once, at the end of the request; may submit r again. TK_OK: response is complete,
     * whatever its status, or NULL without write; its body may be cut (tk_http.h). Any other error:
     * response is what was read of it, if that is more than the head (the connection was lost, or
     * the deadline passed, within the body), else NULL. The response and what it points to are
     * valid only during the call. */
    void (*done)(struct tk_request *r, enum tk_err err, struct tk_http *response);

    /* Set by tk_https: bytes of the request may have reached the server. */
    bool sent;

    /* Set by the owner, at any time: the request must not start over, since it was sent and would
     * be done twice, or since content was passed on. An exchange that needs its connection ends it
     * with TK_E_CONN_LOST; others do not preempt it. */
    bool once;

    bool asks_date; /* set by the owner: a HEAD request, whose response has no body */

    /* private */
    struct tk_request *next;
    struct tk_connection *connection;
    bool queued;
    bool paused;
};

/* A port without the clock of an operating system has nothing to compare a Date with. */
static inline bool tk_request_asks_date(const struct tk_request *r)
{
    return TK_SYSTEM_CLOCK && r->asks_date;
}

#endif
