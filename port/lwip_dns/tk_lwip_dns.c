/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_dns.h"

#include <lwip/dns.h>
#include <lwip/prot/dns.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/udp.h>
#include <stdbool.h>
#include <string.h>

enum { IP6_NEXT_HEADER = 6, IP6_HEADER = 40 /* RFC 8200 3 */ };

/* The length of the IP header before a UDP header; 0: there is none. */
static uint16_t before_udp(const struct pbuf *p)
{
    const struct ip_hdr *ip = p->payload;

    if (LWIP_IPV6 && p->len >= IP6_HEADER && IPH_V(ip) == 6)
        return pbuf_get_at(p, IP6_NEXT_HEADER) == IP_PROTO_UDP ? IP6_HEADER : 0;
    return p->len >= IP_HLEN && IPH_PROTO(ip) == IP_PROTO_UDP ? IPH_HL_BYTES(ip) : 0;
}

static bool is_response(const struct pbuf *p)
{
    struct udp_hdr udp;
    uint16_t at = before_udp(p);

    return at > 0 && pbuf_copy_partial(p, &udp, UDP_HLEN, at) == UDP_HLEN &&
           udp.src == PP_HTONS(DNS_SERVER_PORT);
}

void tk_lwip_dns_keep(struct pbuf **kept, struct pbuf *p)
{
    if (*kept != NULL)
        pbuf_free(*kept);
    *kept = NULL;
    if (p != NULL && is_response(p)) {
        pbuf_ref(p);
        *kept = p;
    }
}

void tk_lwip_from_ip(struct tk_addr *to, const ip_addr_t *from)
{
    memset(to, 0, sizeof *to);
    to->family = IP_IS_V6(from) ? 6 : 4;
#if LWIP_IPV6 && TK_SOCK_IPV6
    if (IP_IS_V6(from))
        memcpy(to->bytes, ip_2_ip6(from)->addr, 16);
#endif
#if LWIP_IPV4
    if (IP_IS_V4(from))
        memcpy(to->bytes, &ip_2_ip4(from)->addr, 4);
#endif
}

static uint16_t get_u16(const struct pbuf *p, uint16_t at)
{
    return (uint16_t)(pbuf_get_at(p, at) << 8 | pbuf_get_at(p, (uint16_t)(at + 1)));
}

/* Returns the offset after a name: labels, possibly followed by a pointer (RFC 1035 4.1.4). */
static uint16_t skip_name(const struct pbuf *p, uint16_t at)
{
    while (at < p->tot_len) {
        uint8_t len = pbuf_get_at(p, at);

        if (len >= 0xc0)
            return (uint16_t)(at + 2);
        at = (uint16_t)(at + 1 + len);
        if (len == 0)
            return at;
    }
    return at;
}

/* The family of an address record; 0: another record. */
static uint8_t family_of(uint16_t type, uint16_t class, uint16_t len)
{
    if (class != 1)
        return 0;
    if (type == DNS_RRTYPE_A && len == 4)
        return 4;
    return LWIP_IPV6 && type == DNS_RRTYPE_AAAA && len == 16 ? 6 : 0;
}

size_t tk_lwip_dns_add(const struct pbuf *p, struct tk_addr addrs[TK_SOCK_ADDRS], size_t count)
{
    uint16_t records = get_u16(p, 6);
    uint16_t at = (uint16_t)(skip_name(p, SIZEOF_DNS_HDR) + 4);

    for (; records > 0 && at < p->tot_len && p->tot_len <= 0x7fff; records--) {
        struct tk_addr addr = {.family = 0};
        uint16_t fixed = skip_name(p, at); /* type 2, class 2, TTL 4, length 2 */
        uint16_t len = get_u16(p, (uint16_t)(fixed + 8));

        at = (uint16_t)(fixed + 10);
        if (len > p->tot_len)
            break;
        addr.family = family_of(get_u16(p, fixed), get_u16(p, (uint16_t)(fixed + 2)), len);
        if (addr.family != 0 && pbuf_copy_partial(p, addr.bytes, len, at) == len)
            count = tk_sock_add(addrs, count, addr);
        at = (uint16_t)(at + len);
    }
    return count;
}
