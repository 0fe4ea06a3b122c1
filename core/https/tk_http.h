/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_H
#define TK_HTTP_H

/*
 * HTTP/1.1 as a client speaks it (RFC 9110, RFC 9112): a request written into one buffer, and an
 * answer read from bytes as they come, however they are cut. Knows nothing of connections.
 *
 * Everything is bounded: a head is read to its end or refused at 16 KB, a body that does not fit
 * the caller's buffer is refused at the first byte too many. Interim answers (1xx) are skipped, 8
 * at most. Redirects are a status, never followed.
 */

#include "tk_err.h"
#include "tk_text.h"
#include "tk_url.h"

struct tk_http {
    /* the answer; valid once tk_http_feed or tk_http_end said TK_HTTP_DONE */
    int status;              /* 100 to 599 */
    int64_t date_unix;       /* of the Date field; 0 without one */
    struct tk_host location; /* https, of the Location field; no name without one */
    bool keep;               /* the server will take another request on this connection */
    char *body;              /* NUL-terminated; the caller's buffer */
    size_t body_len;

    /* inside */
    size_t body_size;
    int state;
    bool chunked;
    bool has_length;
    uint32_t left; /* bytes of the body, or of this chunk, still to come */
    uint32_t head_bytes;
    int interims;
    uint8_t line_len;
    char line[96]; /* what is read of a head is shorter */
};

enum { TK_HTTP_MORE, TK_HTTP_DONE, TK_HTTP_FAILED };

/*
 * A request's head: method, target and host in, with a Content-Length that tk_http_request_end
 * fills in when the body stands behind it. The User-Agent is ours. body_type NULL means no body.
 */
size_t tk_http_request(struct tk_text *t, const char *method, const struct tk_host *host,
                       const char *path, const char *body_type);

/* Completes the request: body_start is what tk_http_request gave, the body is what was added since.
 */
void tk_http_request_end(struct tk_text *t, size_t body_start);

/* Begins an answer. body holds size bytes, the last one for a NUL. */
void tk_http_begin(struct tk_http *h, char *body, size_t size);

/* Reads len bytes of the answer. TK_HTTP_MORE, TK_HTTP_DONE (bytes behind the end are an error of
 * the server's and make keep false), or TK_HTTP_FAILED with *err set; then no further call. */
int tk_http_feed(struct tk_http *h, const char *data, size_t len, enum tk_err *err);

/* The connection ended: TK_HTTP_DONE where that ends the body, else TK_HTTP_FAILED. */
int tk_http_end(struct tk_http *h, enum tk_err *err);

/* Whether a byte of the answer has come. */
bool tk_http_begun(const struct tk_http *h);

#endif
