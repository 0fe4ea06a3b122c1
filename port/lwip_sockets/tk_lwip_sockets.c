/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_sockets.h"

#include "tk_clock.h"
#include "tk_lwip_sockets_private.h"
#include "tk_sock.h"

#include <lwip/errno.h>
#include <lwip/inet.h>
#include <lwip/sockets.h>
#include <lwip/sys.h>
#include <string.h>

#if !LWIP_SOCKET || !LWIP_DNS || NO_SYS
#error "this port needs LWIP_SOCKET and LWIP_DNS; for NO_SYS use port/lwip"
#endif

#if FD_SETSIZE < LWIP_SOCKET_OFFSET + MEMP_NUM_NETCONN
#error "FD_SETSIZE is too small for every socket in select"
#endif

enum { SLICE_MS = 10, DRAIN_MAX = 64 };

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
        bool busy = tk_lwip_sockets_lookups(&ended), sliced = skipped || wake_fd < 0;

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
