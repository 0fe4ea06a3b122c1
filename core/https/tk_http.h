/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_H
#define TK_HTTP_H

/*
 * HTTP/1.1 responses for a client (RFC 9110, RFC 9112), parsed from pieces of any size. It does no
 * I/O. Pure functions.
 *
 * It reads what curl reads, and loses as little as possible of what exceeds a limit; rfc.md has the
 * clauses. Limits: 300 KB of head, interim (1xx) responses included, else it fails; 64 KB of body,
 * which ends there, unless on_content gets it. A field that does not fit the buffer is ignored; of
 * the content what fits the buffer is kept, and the rest is read past. No transfer coding but
 * chunked. A content coding is named, not decoded; a redirect is reported by its status, not
 * followed.
 */

#include "tk_err.h"
#include "tk_json_pick.h"
#include "tk_text.h"
#include "tk_url.h"

struct tk_http {
    /* the response; valid once tk_http_has_head */
    bool keep;   /* the server keeps the connection open for another request */
    bool is_cut; /* body is only the beginning of the content */
    int status;  /* 200 to 999 */
    char *body;  /* in the caller's buffer, NUL-terminated; complete after TK_HTTP_DONE */
    size_t body_len;
    uint32_t length; /* bytes of content read, kept or not */

    enum tk_err err; /* valid after TK_HTTP_FAILED */

    /* private; short instructions reach the first 32 bytes */
    uint8_t state;
    bool is_http11;
    bool must_close; /* whatever else says that the connection is kept */
    bool is_chunked;
    bool has_te;
    bool has_length;
    bool bad_length;
    bool is_paused;     /* on_content did not take all of the last piece */
    uint32_t remaining; /* bytes of the content, or of this chunk */
    uint32_t bytes;     /* so far; less is left of the body */
    size_t body_size;
    size_t used;         /* at most, bytes of body */
    int64_t retry_after; /* s; below 0: a unix time, negated */

    /* Set after tk_http_begin: fields of a JSON object that are picked from the content as it
     * comes, however long it is. The buffer needs TK_HTTP_BEGINNING + tk_json_pick_size(fields)
     * bytes; of the content itself it keeps the first TK_HTTP_BEGINNING. NULL: none. */
    const struct tk_json_fields *fields;
    struct tk_json_pick pick; /* if there are fields */

    /* Set after tk_http_begin: gets the content in pieces as it comes, without chunks; it has no
     * limit then. data is valid during the call. Returns how many bytes it takes, and gets the
     * rest at once; 0: tk_http_feed returns without it. More than len ends the response. NULL: not
     * needed. */
    size_t (*on_content)(void *ctx, const struct tk_http *h, const char *data, size_t len);
    void *ctx;
    size_t rest; /* bytes at the end of what was fed last that on_content did not take */

    /* the response, continued */
    int64_t date_unix;       /* of the Date field; 0: none */
    struct tk_host location; /* of the Location field, if that is an https URL; else no name */
    char type[32];           /* media type in lower case, without parameters; "": none */
    char coding[16];         /* the last coding that is neither chunked nor identity; "": none */
};

enum { TK_HTTP_MORE, TK_HTTP_DONE, TK_HTTP_FAILED };

enum { TK_HTTP_BEGINNING = 32 };

/* Starts parsing a response. body: a buffer of size bytes, 1 or more, for its body and a NUL; until
 * then also for each line of its head. */
void tk_http_begin(struct tk_http *h, char *body, size_t size);

/* Overwrites what was read: the body and the fields that were picked. */
void tk_http_wipe(struct tk_http *h);

/* Parses the next len bytes. TK_HTTP_MORE: incomplete. TK_HTTP_DONE: complete; bytes after its end
 * are dropped, and make keep false. TK_HTTP_FAILED: see h->err; do not call again. The result does
 * not depend on how the response is cut into pieces. If on_content did not take all of it, h->rest
 * bytes are to be fed again later, before what follows them. */
int tk_http_feed(struct tk_http *h, const char *data, size_t len);

/* The connection was closed. TK_HTTP_DONE if that ends the body, else TK_HTTP_FAILED. */
int tk_http_end(struct tk_http *h);

/* True once status and fields have been read, whatever happens to the body. */
bool tk_http_has_head(const struct tk_http *h);

/* Seconds to wait before another request, from the Retry-After field (RFC 9110 10.2.3); 0: none. A
 * date counts from the response's own Date; without that, from now_unix, unless that is 0. */
uint32_t tk_http_retry_after_s(const struct tk_http *h, int64_t now_unix);

#endif
