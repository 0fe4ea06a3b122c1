/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RESPOND_H
#define RESPOND_H

/* A response as tk_https hands it over, for tests of tk_oauth_response.h. */

#include "tk_limits.h"
#include "tk_oauth_response.h"

#include <stdio.h>
#include <string.h>

enum { RESPOND_HEAD = 200 };

/* Feeds a response with this body, in pieces of so many bytes. fields: of the head, each with its
 * CRLF. Returns the result of the last tk_http_feed. */
static inline int respond_in(struct tk_http *http, size_t piece, int status, const char *fields,
                             const char *body, size_t len)
{
    static char work[TK_WORK_SIZE];
    char head[RESPOND_HEAD];
    int result = TK_HTTP_MORE;
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\n%sContent-Length: %zu\r\n\r\n", status,
                     fields, len);

    memset(work, 'w', sizeof work);
    tk_http_begin(http, work, sizeof work);
    http->fields = &tk_oauth_fields;
    result = tk_http_feed(http, head, (size_t)n);
    for (size_t at = 0; at < len && result == TK_HTTP_MORE; at += piece)
        result = tk_http_feed(http, body + at, len - at < piece ? len - at : piece);
    return result;
}

static inline void respond(struct tk_http *http, int status, const char *body)
{
    (void)respond_in(http, SIZE_MAX / 2, status, "", body, strlen(body));
}

#endif
