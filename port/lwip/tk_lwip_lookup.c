/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_private.h"

#include <lwip/dns.h>
#include <lwip/prot/dns.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/udp.h>
#include <string.h>

#if DNS_MAX_TTL != 0
#error "lwIP's cache would keep one address of a name, and all are tried: set DNS_MAX_TTL to 0"
#endif

/*
 * lwIP sends the query, repeats it, and validates the response, but reports only the first address.
 * The others are read here from the same packet, which is kept until lwIP has processed it.
 */

struct lookup {
    bool used;
    bool cancelled; /* but lwIP still has the query */
    bool done;
    uint8_t count;
    struct tk_addr addrs[TK_SOCK_ADDRS];
};

static struct lookup lookups[TK_LWIP_LOOKUPS];
static struct pbuf *packet; /* a DNS response, while lwIP processes it */

/* --- the packet --- */

static bool is_response(const struct pbuf *p)
{
    const struct ip_hdr *ip = p->payload;
    struct udp_hdr udp;

    return p->len >= IP_HLEN && IPH_PROTO(ip) == IP_PROTO_UDP &&
           pbuf_copy_partial(p, &udp, UDP_HLEN, IPH_HL_BYTES(ip)) == UDP_HLEN &&
           udp.src == PP_HTONS(DNS_SERVER_PORT);
}

/* Called for each received packet; 0: lwIP processes it as usual. */
int tk_lwip_packet(struct pbuf *p)
{
    tk_lwip_packet_done();
    if (is_response(p)) {
        pbuf_ref(p);
        packet = p;
    }
    return 0;
}

void tk_lwip_packet_done(void)
{
    if (packet != NULL)
        pbuf_free(packet);
    packet = NULL;
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

static void add_once(struct lookup *l, const struct tk_addr *addr)
{
    l->count = (uint8_t)tk_sock_add(l->addrs, l->count, *addr);
}

/* Adds every A record of the response. lwIP has checked its question, but not its records. */
static void add_all(struct lookup *l, const struct pbuf *p)
{
    uint16_t records = get_u16(p, 6);
    uint16_t at = (uint16_t)(skip_name(p, SIZEOF_DNS_HDR) + 4);

    for (; records > 0 && at < p->tot_len && p->tot_len <= 0x7fff; records--) {
        struct tk_addr addr = {.family = 4};
        uint16_t fixed = skip_name(p, at); /* type 2, class 2, TTL 4, length 2 */
        uint16_t len = get_u16(p, (uint16_t)(fixed + 8));

        at = (uint16_t)(fixed + 10);
        if (len > p->tot_len)
            return;
        if (get_u16(p, fixed) == DNS_RRTYPE_A && get_u16(p, (uint16_t)(fixed + 2)) == 1 &&
            len == 4 && pbuf_copy_partial(p, addr.bytes, 4, at) == 4)
            add_once(l, &addr);
        at = (uint16_t)(at + len);
    }
}

/* --- lookups --- */

static void add_first(struct lookup *l, const ip_addr_t *first)
{
    struct tk_addr addr = {.family = 4};

    memcpy(addr.bytes, &ip_2_ip4(first)->addr, 4);
    add_once(l, &addr);
}

static void on_found(const char *name, const ip_addr_t *first, void *arg)
{
    struct lookup *l = arg;

    (void)name;
    l->done = true;
    if (l->cancelled) {
        l->used = false;
        return;
    }
    if (first != NULL) {
        add_first(l, first);
        if (packet != NULL)
            add_all(l, packet);
    }
    tk_lwip_wake();
}

static struct lookup *free_slot(void)
{
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++) {
        if (!lookups[i].used)
            return &lookups[i];
    }
    return NULL;
}

/* Starts the query. A numeric address is resolved at once, a name needs the network. */
static int start(struct lookup *l, const char *host)
{
    ip_addr_t addr;

    if (host[0] == '\0' || strlen(host) >= DNS_MAX_NAME_LENGTH)
        return TK_SOCK_ERR;
    if (!ipaddr_aton(host, &addr) && !tk_lwip_is_up())
        return TK_SOCK_AGAIN;
    tk_lwip_timers_run();
    err_t err = dns_gethostbyname(host, &addr, on_found, l);

    if (err == ERR_OK) {
        l->done = true;
        add_first(l, &addr);
        tk_lwip_wake();
    }
    return err == ERR_OK || err == ERR_INPROGRESS ? TK_SOCK_OK
           : err == ERR_MEM                       ? TK_SOCK_AGAIN
                                                  : TK_SOCK_ERR;
}

int tk_sock_lookup(struct tk_port *port, const char *host)
{
    struct lookup *l = free_slot();

    (void)port;
    if (l == NULL)
        return TK_SOCK_AGAIN;
    *l = (struct lookup){.used = true};
    int ret = start(l, host);

    l->used = ret == TK_SOCK_OK;
    return l->used ? (int)(l - lookups) : ret;
}

static struct lookup *find(int lookup)
{
    if (lookup < 0 || lookup >= TK_LWIP_LOOKUPS)
        return NULL;
    struct lookup *l = &lookups[lookup];

    return l->used && !l->cancelled ? l : NULL;
}

int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    struct lookup *l = find(lookup);

    (void)port;
    if (l == NULL)
        return TK_SOCK_ERR;
    if (!l->done)
        return TK_SOCK_AGAIN;
    size_t n = l->count < max ? l->count : max;

    memcpy(addrs, l->addrs, n * sizeof *addrs);
    l->used = false;
    return n == 0 ? TK_SOCK_ERR : (int)n;
}

/* lwIP cannot cancel a query: the slot stays in use until its response or timeout. */
void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    struct lookup *l = find(lookup);

    (void)port;
    if (l == NULL)
        return;
    l->cancelled = !l->done;
    l->used = !l->done;
}

bool tk_lwip_lookups_busy(void)
{
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++) {
        if (lookups[i].used && !lookups[i].done)
            return true;
    }
    return false;
}
