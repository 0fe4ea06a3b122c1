/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_URL_H
#define TK_URL_H

/* Hosts and addresses (RFC 3986), as people paste them and servers name them. Pure functions. */

#include "tk_limits.h"
#include "tk_text.h"

#define TK_HTTPS_PORT 443

struct tk_host {
    char name[TK_HOST_MAX + 1]; /* lower case; an IPv6 address without its brackets; "" is none */
    uint16_t port;
};

/* "name", "name:port", "[v6]:port", each with an optional "https://" before and an optional
 * "/path" behind. Any other scheme is refused, user info too. Port 443 where none is given. *rest,
 * where wanted, becomes the part from the path's slash on, "" without one. */
bool tk_host_parse(struct tk_host *host, const char *s, const char **rest);

bool tk_host_same(const struct tk_host *a, const struct tk_host *b);

/* name[:port], the port only where it is not 443. */
void tk_text_host(struct tk_text *t, const struct tk_host *host);

/* The value of a parameter of a query string ("...?a=b&name=value#..."), percent-decoded, in out.
 * False, and out "", when it is not there, is badly encoded, or does not fit. */
bool tk_query_value(const char *url, const char *name, char *out, size_t size);

#endif
