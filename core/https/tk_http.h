/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_H
#define TK_HTTP_H

/*
 * HTTP/1.1 messages of a client (RFC 9110, RFC 9112): writes a request into one buffer, and parses
 * a response from pieces of any size. It does no I/O. Pure functions.
 *
 * Limits: 16 KB for status line, fields, chunk lines and trailer together; 8 interim (1xx)
 * responses, which are skipped; the caller's buffer for the body. No transfer coding but chunked,
 * no content coding. A redirect is reported by its status, not followed.
 */

#include "tk_err.h"
#include "tk_text.h"
#include "tk_url.h"

struct tk_http {
    /* the response; valid after TK_HTTP_DONE */
    int status;              /* 200 to 599 */
    int64_t date_unix;       /* of the Date field; 0: none */
    struct tk_host location; /* of the Location field, if that is an https URL; else no name */
    bool keep;               /* the server keeps the connection open for another request */
    char *body;              /* in the caller's buffer, NUL-terminated */
    size_t body_len;

    enum tk_err err; /* valid after TK_HTTP_FAILED */

    /* private */
    size_t body_size;
    int state;
    bool chunked;
    bool has_length;
    uint32_t remaining; /* bytes of the body, or of this chunk */
    uint32_t head_bytes;
    int interims;
    uint8_t line_len;
    char line[96]; /* longer lines are cut: no value in use is as long */
};

enum { TK_HTTP_MORE, TK_HTTP_DONE, TK_HTTP_FAILED };

/* Appends the head of a request. body_type is the Content-Type; NULL: no body. Returns body_start
 * for tk_http_request_end: append the body to t after this call. */
size_t tk_http_request(struct tk_text *t, const char *method, const struct tk_host *host,
                       const char *path, const char *body_type);

/* Fills in Content-Length. t is the text that tk_http_request was called with, and still holds the
 * head; check it with tk_text_ok. No effect on a request without a body. */
void tk_http_request_end(struct tk_text *t, size_t body_start);

/* Starts parsing a response. body: a buffer of size bytes, 1 or more, for its body and a NUL. */
void tk_http_begin(struct tk_http *h, char *body, size_t size);

/* Parses the next len bytes. TK_HTTP_MORE: incomplete. TK_HTTP_DONE: complete; bytes after its end
 * are dropped, and make keep false. TK_HTTP_FAILED: see h->err; do not call again. */
int tk_http_feed(struct tk_http *h, const char *data, size_t len);

/* The connection was closed. TK_HTTP_DONE if that ends the body, else TK_HTTP_FAILED. */
int tk_http_end(struct tk_http *h);

#endif
