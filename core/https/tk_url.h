/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_URL_H
#define TK_URL_H

/* URLs (RFC 3986) as operators paste them and servers send them. Pure functions. */

#include "tk_limits.h"
#include "tk_sock.h"
#include "tk_text.h"

#define TK_HTTPS_PORT 443

struct tk_host {
    char name[TK_HOST_MAX + 1]; /* lower case; IPv6 without brackets; "": none */
    uint16_t port;
};

/* Parses "name", "name:port" or "[ipv6]:port", with an optional "https://" before and an optional
 * path, query and fragment after. The default port is 443, and a dot at the end of the name is
 * dropped. False, with no name in *host, for:
 *
 *      another scheme, user info, a percent-encoded or international name (use its xn-- form),
 *      a label of more than 63 characters or a name over TK_HOST_MAX, port 0,
 *      an IPv4 address that is not four decimal numbers (127.1, 0x7f.0.0.1), a zone (RFC 6874),
 *      an IPv6 address where the sockets have none.
 *
 * *rest, unless NULL, is set to what follows the host: "/path?query#fragment", or "". It is then
 * free of spaces, control characters and bytes above 0x7e, so that it can be a request target. */
bool tk_host_parse(struct tk_host *host, const char *s, const char **rest);

/* True if s begins with "https://", in any case. */
bool tk_is_https(const char *s);

/* True if the name is an IP address. */
bool tk_host_is_address(const struct tk_host *host);

/* True if name and port are equal. */
bool tk_host_same(const struct tk_host *a, const struct tk_host *b);

/* Appends name[:port], as for the Host field: the port only if it is not 443. At most TK_HOST_TEXT
 * bytes. */
void tk_text_host(struct tk_text *t, const struct tk_host *host);

/* Percent-decodes the value of a query parameter ("...?a=b&name=value#...") into out. False, with
 * out empty, if it is missing, badly encoded, over size, or there more than once (RFC 6749 section
 * 3.1). */
bool tk_query_value(const char *url, const char *name, char *out, size_t size);

#endif
