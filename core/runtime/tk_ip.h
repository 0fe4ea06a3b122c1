/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_IP_H
#define TK_IP_H

/* How a device comes by its address, as people write it: `dhcp`, or address/prefix,gateway,dns with
 * 0.0.0.0 for a gateway or a name server that there is none of. */

#include "tk_sock.h"
#include "tk_text.h"

enum { TK_IP_TEXT = 52 /* with its NUL */ };

/* False for what no interface can have: a prefix that leaves no room, the net's own or its
 * broadcast address, a gateway in another net. *ip is then untouched. */
bool tk_ip_parse(struct tk_ip *ip, const char *s);

void tk_text_ip(struct tk_text *t, const struct tk_ip *ip);

#endif
