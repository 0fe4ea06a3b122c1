/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_IP_H
#define TK_IP_H

/* IPv4 configuration as text: `dhcp`, or address/prefix,gateway,dns in dotted decimal, where
 * 0.0.0.0 means no gateway or no name server. Pure functions. */

#include "tk_sock.h"
#include "tk_text.h"

enum { TK_IP_TEXT = 52 /* bytes of the longest text, with its NUL */ };

/* False, with *ip unchanged, if s is malformed or no interface can have it: a prefix outside 1 to
 * 30, an address that is not a host's (RFC 6890: 0/8, 127/8, 224/3), the network or broadcast
 * address, a gateway in another network. */
bool tk_ip_parse(struct tk_ip *ip, const char *s);

void tk_text_ip(struct tk_text *t, const struct tk_ip *ip);

#endif
