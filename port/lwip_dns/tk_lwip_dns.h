/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_DNS_H
#define TK_LWIP_DNS_H

/*
 * All addresses of a name. lwIP sends the query, repeats it, and validates the response, but
 * reports only the first address: the others are read from the same packet (RFC 1035 4), which a
 * port keeps until lwIP has processed it. For port/lwip and port/lwip_sockets; call it where lwIP
 * runs.
 */

#include "tk_sock.h"

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>

enum { TK_LWIP_OTHER_FAMILY_MS = 50 /* RFC 8305 3: after the addresses of one family */ };

/* Call it with each received packet, from its IP header on, before lwIP processes it: drops what
 * was kept, and keeps p if it comes from a DNS server. p NULL: drops only. */
void tk_lwip_dns_keep(struct pbuf **kept, struct pbuf *p);

void tk_lwip_from_ip(struct tk_addr *to, const ip_addr_t *from);

/* Adds every address of the response to the count found so far. p: the same packet when lwIP
 * reports the first address, from its DNS header on. lwIP has checked its question, but not its
 * records. Returns the new count. */
size_t tk_lwip_dns_add(const struct pbuf *p, struct tk_addr addrs[TK_SOCK_ADDRS], size_t count);

#endif
