/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HTTP_REQUEST_H
#define TK_HTTP_REQUEST_H

/* HTTP/1.1 requests (RFC 9110, RFC 9112), written into one buffer. Pure functions. */

#include "tk_text.h"
#include "tk_url.h"

/* Appends the head of a request. path: "/path?query" of visible characters; a missing first slash
 * is added, a fragment dropped. body_type is the Content-Type, with CRLF and another field behind
 * it, if any; NULL: no body. Returns body_start for tk_http_request_end: append the body to t after
 * this call. */
size_t tk_http_request(struct tk_text *t, const char *method, const struct tk_host *host,
                       const char *path, const char *body_type);

/* Fills in Content-Length: what t holds of the body, and more bytes that follow it. t is the text
 * that tk_http_request was called with, and still holds the head; check it with tk_text_ok. No
 * effect on a request without a body. */
void tk_http_request_end(struct tk_text *t, size_t body_start, uint32_t more);

#endif
