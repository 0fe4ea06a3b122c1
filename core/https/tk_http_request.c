/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http_request.h"

#include "tk_assert.h"
#include "tk_version.h"

#include <string.h>

/* Content-Length is filled in later: white space before a field's value (OWS, RFC 9112 5) leaves
 * room for it. */
#define LENGTH_ROOM "           " /* and 10 digits */

size_t tk_http_request(struct tk_text *t, const char *method, const struct tk_host *host,
                       const char *path, const char *body_type)
{
    tk_text_print(t, "%s %s", method, path[0] == '/' ? "" : "/");
    tk_text_addn(t, path, strcspn(path, "#"));
    tk_text_add(t, " HTTP/1.1\r\nHost: ");
    tk_text_host(t, host);
    tk_text_add(t, "\r\nUser-Agent: tokenkeeper/" TK_VERSION "\r\nAccept: application/json\r\n"
                   "Accept-Encoding: identity\r\n");
    if (body_type != NULL) {
        tk_text_print(t, "Content-Type: %s\r\nContent-Length:" LENGTH_ROOM "\r\n", body_type);
    }
    tk_text_add(t, "\r\n");
    return t->len;
}

void tk_http_request_end(struct tk_text *t, size_t body_start, uint32_t more)
{
    char digits[sizeof LENGTH_ROOM];
    struct tk_text number;

    if (!tk_text_ok(t) || t->len + more == body_start)
        return;
    TK_ASSERT(body_start >= 4 && body_start <= t->len);
    TK_ASSERT(memcmp(t->buf + body_start - 4, "\r\n\r\n", 4) == 0);
    tk_text_init(&number, digits, sizeof digits);
    tk_text_int(&number, (int64_t)(t->len - body_start) + more);
    memcpy(t->buf + body_start - strlen("\r\n\r\n") - number.len, digits, number.len);
}
