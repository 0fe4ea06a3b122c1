/* SPDX-License-Identifier: Apache-2.0 */

/* Lookups, which run in lwIP's thread; lookups[] is protected by lwIP's lock. */

#include "tk_clock.h"
#include "tk_lwip_dns.h"
#include "tk_lwip_sockets_private.h"

#include <lwip/dns.h>
#include <lwip/raw.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <string.h>

enum { LOOKUPS = 4 /* hosts of a keeper */ };

static struct lookup {
    bool used, cancelled;
    bool answered;     /* by a packet, not by lwIP's cache */
    uint8_t pending;   /* queries, one a family; and one until all are sent */
    uint8_t count;     /* of addrs, which stay for the cache, that has one address of a name */
    unsigned turn;     /* the least of all is replaced first */
    uint64_t until_ms; /* with addresses, and a query pending: the tick at which they are enough */
    struct tk_port *port;
    struct tk_addr addrs[TK_SOCK_ADDRS];
    char host[DNS_MAX_NAME_LENGTH];
} lookups[LOOKUPS];

static unsigned turns;
static struct pbuf *packet; /* a DNS response, while lwIP processes it */

/* What is known from an earlier packet is of use while lwIP's cache still has an address of it. */
static bool is_known(const struct lookup *l, const struct tk_addr *addr)
{
    for (size_t i = 0; i < l->count; i++) {
        if (memcmp(&l->addrs[i], addr, sizeof *addr) == 0)
            return true;
    }
    return false;
}

static void add(struct lookup *l, const ip_addr_t *first, const struct pbuf *response)
{
    struct tk_addr addr;

    tk_lwip_from_ip(&addr, first);
    if (response != NULL ? !l->answered : !l->answered && !is_known(l, &addr))
        l->count = 0;
    l->answered |= response != NULL;
    l->count = (uint8_t)tk_sock_add(l->addrs, l->count, addr);
    if (response != NULL)
        l->count = (uint8_t)tk_lwip_dns_add(response, l->addrs, l->count);
    l->until_ms = tk_clock_now_ms(l->port) + TK_LWIP_OTHER_FAMILY_MS;
}

static void query_ended(struct lookup *l, const ip_addr_t *first, const struct pbuf *response)
{
    SYS_ARCH_DECL_PROTECT(lock);

    SYS_ARCH_PROTECT(lock);
    if (first != NULL)
        add(l, first, response);
    l->pending--;
    l->used = l->used && (l->pending > 0 || !l->cancelled);
    SYS_ARCH_UNPROTECT(lock);
}

static void on_found(const char *name, const ip_addr_t *first, void *arg)
{
    (void)name;
    query_ended(arg, first, packet);
}

#if LWIP_RAW
/* Sees each UDP packet before lwIP processes it; 0: lwIP is to do so. */
static uint8_t on_packet(void *arg, struct raw_pcb *pcb, struct pbuf *p, const ip_addr_t *from)
{
    (void)arg;
    (void)pcb;
    (void)from;
    tk_lwip_dns_keep(&packet, p);
    return 0;
}

static void watch_packets(void)
{
    static struct raw_pcb *watcher;

    if (watcher == NULL && (watcher = raw_new_ip_type(IPADDR_TYPE_ANY, IP_PROTO_UDP)) != NULL)
        raw_recv(watcher, on_packet, NULL);
}
#endif

static void ask(struct lookup *l, uint8_t family)
{
    SYS_ARCH_DECL_PROTECT(lock);
    ip_addr_t addr;

    SYS_ARCH_PROTECT(lock);
    l->pending++;
    SYS_ARCH_UNPROTECT(lock);
    err_t err = dns_gethostbyname_addrtype(l->host, &addr, on_found, l, family);

    if (err != ERR_INPROGRESS)
        query_ended(l, err == ERR_OK ? &addr : NULL, NULL);
}

static void run_query(void *arg)
{
#if LWIP_RAW
    watch_packets();
#endif
#if LWIP_IPV6 && TK_SOCK_IPV6
    ask(arg, LWIP_DNS_ADDRTYPE_IPV6);
#endif
#if LWIP_IPV4
    ask(arg, LWIP_DNS_ADDRTYPE_IPV4);
#endif
    query_ended(arg, NULL, NULL);
}

/* Of two free slots the better one for a host. */
static struct lookup *better(struct lookup *a, struct lookup *b, const char *host)
{
    if (a == NULL || strcmp(b->host, host) == 0)
        return b;
    return strcmp(a->host, host) != 0 && b->turn < a->turn ? b : a;
}

/* A free slot stays free until the main loop takes it. */
static struct lookup *free_slot(const char *host)
{
    struct lookup *l = NULL;
    SYS_ARCH_DECL_PROTECT(lock);

    SYS_ARCH_PROTECT(lock);
    for (int i = 0; i < LOOKUPS; i++) {
        if (!lookups[i].used)
            l = better(l, &lookups[i], host);
    }
    SYS_ARCH_UNPROTECT(lock);
    return l;
}

/* A numeric address is resolved at once, a name in lwIP's thread. */
static bool start(struct lookup *l)
{
    ip_addr_t addr;

    if (!ipaddr_aton(l->host, &addr))
        return tcpip_try_callback(run_query, l) == ERR_OK;
    query_ended(l, &addr, NULL);
    return true;
}

int tk_sock_lookup(struct tk_port *port, const char *host)
{
    struct lookup *l = free_slot(host);
    size_t len = strlen(host);

    if (len == 0 || len >= DNS_MAX_NAME_LENGTH || (!LWIP_IPV6 && strchr(host, ':') != NULL))
        return TK_SOCK_ERR;
    if (l == NULL)
        return TK_SOCK_AGAIN;
    if (strcmp(l->host, host) != 0)
        memset(l, 0, sizeof *l);
    memcpy(l->host, host, len + 1);
    l->turn = ++turns;
    l->port = port;
    l->cancelled = l->answered = false;
    l->pending = 1;
    l->until_ms = 0;
    l->used = true;
    if (start(l))
        return (int)(l - lookups);
    l->used = false;
    return TK_SOCK_AGAIN;
}

static struct lookup *find(int lookup)
{
    if (lookup < 0 || lookup >= LOOKUPS)
        return NULL;
    return lookups[lookup].used && !lookups[lookup].cancelled ? &lookups[lookup] : NULL;
}

static bool is_done(const struct lookup *l)
{
    return l->pending == 0 ||
           (l->until_ms > 0 && l->count > 0 && tk_clock_now_ms(l->port) >= l->until_ms);
}

/* Ends a lookup. lwIP cannot cancel a query: the slot stays in use until its response or timeout.
 */
static void release(struct lookup *l)
{
    l->cancelled = l->used = l->pending > 0;
}

int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    int ret = TK_SOCK_ERR;
    SYS_ARCH_DECL_PROTECT(lock);

    (void)port;
    SYS_ARCH_PROTECT(lock);
    struct lookup *l = find(lookup);

    if (l != NULL && !is_done(l)) {
        ret = TK_SOCK_AGAIN;
    } else if (l != NULL) {
        size_t n = l->until_ms == 0 ? 0 : l->count < max ? l->count : max;

        memcpy(addrs, l->addrs, n * sizeof *addrs);
        ret = n == 0 ? TK_SOCK_ERR : (int)n;
        release(l);
    }
    SYS_ARCH_UNPROTECT(lock);
    return ret;
}

void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    SYS_ARCH_DECL_PROTECT(lock);

    (void)port;
    SYS_ARCH_PROTECT(lock);
    struct lookup *l = find(lookup);

    if (l != NULL)
        release(l);
    SYS_ARCH_UNPROTECT(lock);
}

bool tk_lwip_sockets_lookups(bool *ended)
{
    bool busy = false;
    SYS_ARCH_DECL_PROTECT(lock);

    *ended = false;
    SYS_ARCH_PROTECT(lock);
    for (int i = 0; i < LOOKUPS; i++) {
        busy |= lookups[i].used && lookups[i].pending > 0;
        *ended |= lookups[i].used && !lookups[i].cancelled && is_done(&lookups[i]);
    }
    SYS_ARCH_UNPROTECT(lock);
    return busy;
}
