/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_sockets.h"

#include "tk_clock.h"
#include "tk_lwip_dns.h"
#include "tk_sock.h"

#include <lwip/dns.h>
#include <lwip/errno.h>
#include <lwip/inet.h>
#include <lwip/raw.h>
#include <lwip/sockets.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>
#include <string.h>

#if !LWIP_SOCKET || !LWIP_DNS || NO_SYS
#error "this port needs LWIP_SOCKET and LWIP_DNS; for NO_SYS use port/lwip"
#endif

#if FD_SETSIZE < LWIP_SOCKET_OFFSET + MEMP_NUM_NETCONN
#error "FD_SETSIZE is too small for every socket in select"
#endif

enum { LOOKUPS = 4 /* hosts of a keeper */, SLICE_MS = 10, DRAIN_MAX = 64 };

/* --- conditions that end tk_wait --- */

/* wanted: the last call reported "not ready". reported: it ended the last tk_wait and has not been
 * used since; the next tk_wait skips it once, for a slice. */
static struct interest {
    fd_set wanted, reported;
} reads, writes;
static int wake_fd = -1;

static void set_wanted(struct interest *i, int fd, bool wanted)
{
    FD_CLR(fd, &i->reported);
    if (wanted)
        FD_SET(fd, &i->wanted);
    else
        FD_CLR(fd, &i->wanted);
}

static int result_of(int fd, struct interest *i, ssize_t n)
{
    bool again = n < 0 && (errno == EWOULDBLOCK || errno == EAGAIN || errno == EINPROGRESS);

    set_wanted(i, fd, again);
    return n >= 0 ? (int)n : again ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

/* Whether it is an open socket: FD_SET and select need a valid one. */
static bool is_fd(int sock)
{
    return sock >= LWIP_SOCKET_OFFSET && sock < LWIP_SOCKET_OFFSET + MEMP_NUM_NETCONN &&
           lwip_fcntl(sock, F_GETFL, 0) != -1;
}

/* --- sockets --- */

static socklen_t to_sockaddr(const struct tk_addr *addr, uint16_t tcp_port,
                             struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
#if LWIP_IPV4
    if (addr->family == 4) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;

        v4->sin_family = AF_INET;
        v4->sin_port = lwip_htons(tcp_port);
        memcpy(&v4->sin_addr, addr->bytes, 4);
        return sizeof *v4;
    }
#endif
#if LWIP_IPV6
    if (addr->family == 6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

        v6->sin6_family = AF_INET6;
        v6->sin6_port = lwip_htons(tcp_port);
        memcpy(&v6->sin6_addr, addr->bytes, 16);
        return sizeof *v6;
    }
#endif
    return 0;
}

int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    struct sockaddr_storage to;
    socklen_t len = to_sockaddr(addr, tcp_port, &to);
    int fd = len == 0 ? -1 : lwip_socket(to.ss_family, SOCK_STREAM, 0);
    int on = 1;

    (void)port;
    if (fd < 0)
        return len == 0 ? TK_SOCK_ERR : TK_SOCK_AGAIN;
    if (lwip_fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        (lwip_connect(fd, (struct sockaddr *)&to, len) == 0 || errno == EINPROGRESS)) {
        set_wanted(&reads, fd, false);
        set_wanted(&writes, fd, true);
        return fd;
    }
    bool no_room = errno == ENOMEM || errno == ENOBUFS;

    lwip_close(fd);
    return no_room ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

static bool is_writable(int fd)
{
    struct timeval at_once = {0, 0};
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set);
    return lwip_select(fd + 1, NULL, &set, NULL, &at_once) > 0;
}

/* SO_ERROR returns an error of connect once; getpeername fails from then on. */
int tk_sock_connected(struct tk_port *port, int sock)
{
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer, err_len = sizeof(int);
    int err = 0;

    (void)port;
    if (!is_fd(sock))
        return TK_SOCK_ERR;
    bool writable = is_writable(sock);

    set_wanted(&writes, sock, !writable);
    if (!writable)
        return TK_SOCK_AGAIN;
    if (lwip_getsockopt(sock, SOL_SOCKET, SO_ERROR, &err, &err_len) != 0 || err != 0)
        return TK_SOCK_ERR;
    return lwip_getpeername(sock, (struct sockaddr *)&peer, &peer_len) == 0 ? TK_SOCK_OK
                                                                            : TK_SOCK_ERR;
}

int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    (void)port;
    return is_fd(sock) ? result_of(sock, &writes, lwip_send(sock, data, len, MSG_DONTWAIT))
                       : TK_SOCK_ERR;
}

int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    (void)port;
    if (!is_fd(sock))
        return TK_SOCK_ERR;
    if (size == 0)
        return 0;
    int n = result_of(sock, &reads, lwip_recv(sock, buf, size, MSG_DONTWAIT));

    return n == 0 ? TK_SOCK_CLOSED : n;
}

/* lwIP resets a connection that is closed with unread data: it is drained first. */
void tk_sock_close(struct tk_port *port, int sock)
{
    uint8_t rest[64];

    (void)port;
    if (!is_fd(sock))
        return;
    for (int i = 0; i < DRAIN_MAX; i++) {
        if (lwip_recv(sock, rest, sizeof rest, MSG_DONTWAIT) <= 0)
            break;
    }
    set_wanted(&reads, sock, false);
    set_wanted(&writes, sock, false);
    lwip_close(sock);
}

/* --- lookups: run in lwIP's thread; lookups[] is protected by lwIP's lock --- */

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

static void to_addr(const ip_addr_t *from, struct tk_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    addr->family = IP_IS_V4(from) ? 4 : 6;
#if LWIP_IPV4
    if (IP_IS_V4(from))
        memcpy(addr->bytes, ip_2_ip4(from), 4);
#endif
#if LWIP_IPV6 && TK_SOCK_IPV6
    if (IP_IS_V6(from))
        memcpy(addr->bytes, ip_2_ip6(from)->addr, 16);
#endif
}

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

    to_addr(first, &addr);
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
    if (packet != NULL)
        pbuf_free(packet);
    packet = NULL;
    if (tk_lwip_dns_is_response(p)) {
        pbuf_ref(p);
        packet = p;
    }
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

/* Returns whether a lookup is in progress, whose end select does not see; *ended: whether one has
 * ended. */
static bool check_lookups(bool *ended)
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

/* --- waiting --- */

/* Creates a UDP socket that is connected to itself. */
int tk_lwip_sockets_init(void)
{
    struct sockaddr_in self = {.sin_len = sizeof self, .sin_family = AF_INET};
    socklen_t len = sizeof self;

    memset(&reads, 0, sizeof reads);
    memset(&writes, 0, sizeof writes);
    self.sin_addr.s_addr = PP_HTONL(INADDR_LOOPBACK);
    wake_fd = lwip_socket(AF_INET, SOCK_DGRAM, 0);
    if (wake_fd >= 0 && lwip_bind(wake_fd, (struct sockaddr *)&self, len) == 0 &&
        lwip_getsockname(wake_fd, (struct sockaddr *)&self, &len) == 0 &&
        lwip_connect(wake_fd, (struct sockaddr *)&self, len) == 0)
        return 0;
    if (wake_fd >= 0)
        lwip_close(wake_fd);
    wake_fd = -1;
    return -1;
}

void tk_lwip_sockets_wake(void)
{
    if (wake_fd >= 0)
        lwip_send(wake_fd, "", 1, MSG_DONTWAIT);
}

static void drain_wake(void)
{
    uint8_t byte;

    while (wake_fd >= 0 && lwip_recv(wake_fd, &byte, 1, MSG_DONTWAIT) >= 0)
        continue;
}

enum { FDS = LWIP_SOCKET_OFFSET + MEMP_NUM_NETCONN };

/* Sets the descriptors to wait for. Returns whether a condition was skipped. */
static bool choose(struct interest *i, fd_set *set)
{
    bool skipped = false;

    *set = i->wanted;
    for (int fd = LWIP_SOCKET_OFFSET; fd < FDS; fd++) {
        if (FD_ISSET(fd, &i->wanted) && FD_ISSET(fd, &i->reported)) {
            FD_CLR(fd, set);
            skipped = true;
        }
    }
    return skipped;
}

/* Returns whether a socket is ready or tk_lwip_sockets_wake was called. */
static bool sleep_ms(uint64_t ms, fd_set may_read, fd_set may_write)
{
    struct timeval time = {(long)(ms / 1000), (long)(ms % 1000) * 1000};

    if (wake_fd >= 0)
        FD_SET(wake_fd, &may_read);
    if (lwip_select(FDS, &may_read, &may_write, NULL, &time) <= 0)
        return false;
    reads.reported = may_read;
    writes.reported = may_write;
    return true;
}

void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    static const uint64_t longest_ms = 3600000;
    fd_set may_read, may_write;
    bool skipped = choose(&reads, &may_read), ended, woken = false;

    skipped |= choose(&writes, &may_write);
    FD_ZERO(&reads.reported);
    FD_ZERO(&writes.reported);
    while (!woken) {
        uint64_t now_ms = tk_clock_now_ms(port);
        uint64_t ms = until_ms > now_ms ? until_ms - now_ms : 0;
        bool busy = check_lookups(&ended), sliced = skipped || wake_fd < 0;

        if (ms == 0 || ended)
            break;
        if (ms > longest_ms)
            ms = longest_ms;
        if ((busy || sliced) && ms > SLICE_MS)
            ms = SLICE_MS;
        woken = sleep_ms(ms, may_read, may_write) || sliced;
    }
    drain_wake();
}

/* --- managed by the system --- */

int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip)
{
    (void)port;
    (void)ip;
    return TK_SOCK_ERR;
}

int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip)
{
    (void)port;
    (void)ip;
    return TK_SOCK_ERR;
}

int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return -1;
}

bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return false;
}
