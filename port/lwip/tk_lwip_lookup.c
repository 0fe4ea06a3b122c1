/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_dns.h"
#include "tk_lwip_private.h"

#include <lwip/dns.h>
#include <string.h>

#if DNS_MAX_TTL != 0
#error "lwIP's cache would keep one address of a name, and all are tried: set DNS_MAX_TTL to 0"
#endif

struct lookup {
    bool used;
    bool cancelled;  /* but lwIP still has its queries */
    uint8_t pending; /* queries: one a family */
    uint8_t count;
    struct tk_addr addrs[TK_SOCK_ADDRS];
#if LWIP_IPV6
    uint64_t until_ms; /* with addresses, and a query pending: the tick at which they are enough */
#endif
};

static struct lookup lookups[TK_LWIP_LOOKUPS];
#if LWIP_IPV6
static struct tk_port *clock_port;
#endif
static struct pbuf *packet; /* a DNS response, while lwIP processes it */

/* --- the packet --- */

/* Called for each received packet; 0: lwIP processes it as usual. */
int tk_lwip_packet(struct pbuf *p)
{
    tk_lwip_dns_keep(&packet, p);
    return 0;
}

void tk_lwip_packet_done(void)
{
    tk_lwip_dns_keep(&packet, NULL);
}

/* --- lookups --- */

static void add_first(struct lookup *l, const ip_addr_t *first)
{
    struct tk_addr addr;

    tk_lwip_from_ip(&addr, first);
    l->count = (uint8_t)tk_sock_add(l->addrs, l->count, addr);
}

static void on_found(const char *name, const ip_addr_t *first, void *arg)
{
    struct lookup *l = arg;

    (void)name;
    l->pending--;
    if (l->cancelled) {
        l->used = l->pending > 0;
        return;
    }
    if (first != NULL) {
        add_first(l, first);
        if (packet != NULL)
            l->count = (uint8_t)tk_lwip_dns_add(packet, l->addrs, l->count);
#if LWIP_IPV6
        l->until_ms = tk_clock_now_ms(clock_port) + TK_LWIP_OTHER_FAMILY_MS;
#endif
    }
    if (l->pending == 0)
        tk_lwip_wake();
}

static bool is_done(const struct lookup *l)
{
#if !LWIP_IPV6
    return l->pending == 0;
#else
    return l->pending == 0 || (l->count > 0 && tk_clock_now_ms(clock_port) >= l->until_ms);
#endif
}

static struct lookup *free_slot(void)
{
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++) {
        if (!lookups[i].used)
            return &lookups[i];
    }
    return NULL;
}

/* Without its cache, lwIP has no address of a name before a query. */
static err_t ask(struct lookup *l, const char *host, uint8_t type)
{
    ip_addr_t addr;

    l->pending++;
    err_t err = dns_gethostbyname_addrtype(host, &addr, on_found, l, type);

    if (err != ERR_INPROGRESS)
        l->pending--;
    return err;
}

/* Asks for the addresses of each family that the interface has itself. */
static int ask_all(struct lookup *l, const char *host)
{
    err_t err = ERR_VAL;

#if LWIP_IPV6
    if (tk_lwip_has_ipv6())
        err = ask(l, host, LWIP_DNS_ADDRTYPE_IPV6);
    if (tk_lwip_has_ipv4())
        err = ask(l, host, LWIP_DNS_ADDRTYPE_IPV4);
#else
    err = ask(l, host, LWIP_DNS_ADDRTYPE_DEFAULT);
#endif
    if (l->pending > 0)
        return TK_SOCK_OK;
    return err == ERR_MEM ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

/* A numeric address is resolved at once, a name needs the network. */
static int start(struct lookup *l, const char *host)
{
    ip_addr_t addr;

    if (host[0] == '\0' || strlen(host) >= DNS_MAX_NAME_LENGTH)
        return TK_SOCK_ERR;
    if (ipaddr_aton(host, &addr)) {
        add_first(l, &addr);
        tk_lwip_wake();
        return TK_SOCK_OK;
    }
    if (!tk_lwip_is_up())
        return TK_SOCK_AGAIN;
    tk_lwip_timers_run();
    return ask_all(l, host);
}

int tk_sock_lookup(struct tk_port *port, const char *host)
{
    struct lookup *l = free_slot();

#if LWIP_IPV6
    clock_port = port;
#else
    (void)port;
#endif
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

/* Ends a lookup. lwIP cannot cancel a query: the slot stays in use until its response or timeout.
 */
static void release(struct lookup *l)
{
    l->cancelled = l->used = l->pending > 0;
}

int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    struct lookup *l = find(lookup);

    (void)port;
    if (l == NULL)
        return TK_SOCK_ERR;
    if (!is_done(l))
        return TK_SOCK_AGAIN;
    size_t n = l->count < max ? l->count : max;

    memcpy(addrs, l->addrs, n * sizeof *addrs);
    release(l);
    return n == 0 ? TK_SOCK_ERR : (int)n;
}

void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    struct lookup *l = find(lookup);

    (void)port;
    if (l != NULL)
        release(l);
}

bool tk_lwip_lookups_busy(void)
{
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++) {
        if (lookups[i].pending > 0)
            return true;
    }
    return false;
}

uint64_t tk_lwip_lookups_run(void)
{
    uint64_t next_ms = UINT64_MAX;

#if LWIP_IPV6
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++) {
        const struct lookup *l = &lookups[i];

        if (l->pending == 0 || l->cancelled || l->count == 0)
            continue;
        if (is_done(l))
            tk_lwip_wake();
        else if (l->until_ms < next_ms)
            next_ms = l->until_ms;
    }
#endif
    return next_ms;
}
