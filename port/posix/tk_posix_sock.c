/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* SOCK_NONBLOCK, SOCK_CLOEXEC */
#include "tk_sock.h"

#include "tk_posix_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRAIN_MAX = 64 /* reads of unread data before a socket is closed */ };

static struct tk_posix_sock *find(struct tk_port *port, int sock)
{
    if (sock < 0 || sock >= TK_POSIX_SOCKETS || !port->socks[sock].used)
        return NULL;
    return &port->socks[sock];
}

static int free_slot(const struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_SOCKETS; i++) {
        if (!port->socks[i].used)
            return i;
    }
    return -1;
}

static socklen_t to_sockaddr(const struct tk_addr *addr, uint16_t tcp_port,
                             struct sockaddr_storage *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(tcp_port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(tcp_port)};
    uint32_t scope;

    memset(out, 0, sizeof *out);
    if (addr->family == 4) {
        memcpy(&v4.sin_addr, addr->bytes, 4);
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    memcpy(&v6.sin6_addr, addr->bytes, 16);
    if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) {
        memcpy(&scope, addr->bytes + TK_POSIX_SCOPE, sizeof scope);
        memset((uint8_t *)&v6.sin6_addr + TK_POSIX_SCOPE, 0, sizeof scope);
        v6.sin6_scope_id = ntohl(scope);
    }
    memcpy(out, &v6, sizeof v6);
    return sizeof v6;
}

/* Starts a connection. Returns its descriptor, or -1. */
static int start(const struct tk_addr *addr, uint16_t tcp_port)
{
    struct sockaddr_storage to;
    socklen_t len = to_sockaddr(addr, tcp_port, &to);
    int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
        (connect(fd, (struct sockaddr *)&to, len) == 0 || errno == EINPROGRESS || errno == EINTR))
        return fd;
    close(fd);
    return -1;
}

int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    int i = free_slot(port);

    if (addr->family != 4 && addr->family != 6)
        return TK_SOCK_ERR;
    if (i < 0)
        return TK_SOCK_AGAIN;
    int fd = start(addr, tcp_port);

    if (fd < 0)
        return TK_SOCK_ERR;
    port->socks[i] = (struct tk_posix_sock){.used = true, .fd = fd};
    tk_posix_set_wanted(&port->socks[i].write, true);
    return i;
}

/* SO_ERROR returns an error of connect once; it is kept in failed. */
static int check_connect(struct tk_posix_sock *s)
{
    struct pollfd writable = {.fd = s->fd, .events = POLLOUT};
    int err = 0;
    socklen_t len = sizeof err;

    if (poll(&writable, 1, 0) <= 0)
        return TK_SOCK_AGAIN;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &err, &len) != 0 || err != 0)
        s->failed = true;
    s->connected = !s->failed;
    return s->connected ? TK_SOCK_OK : TK_SOCK_ERR;
}

int tk_sock_connected(struct tk_port *port, int sock)
{
    struct tk_posix_sock *s = find(port, sock);

    if (s == NULL || s->failed)
        return TK_SOCK_ERR;
    int ret = s->connected ? TK_SOCK_OK : check_connect(s);

    tk_posix_set_wanted(&s->write, ret == TK_SOCK_AGAIN);
    return ret;
}

/* EINTR has no result of its own in the contract: the caller tries again. */
static int result_of_errno(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TK_SOCK_AGAIN : TK_SOCK_ERR;
}

int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    struct tk_posix_sock *s = find(port, sock);

    if (s == NULL || s->failed)
        return TK_SOCK_ERR;
    ssize_t n = send(s->fd, data, len < INT_MAX ? len : INT_MAX, MSG_NOSIGNAL);
    int ret = n < 0 ? result_of_errno() : (int)n;

    tk_posix_set_wanted(&s->write, ret == TK_SOCK_AGAIN);
    return ret;
}

int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    struct tk_posix_sock *s = find(port, sock);

    if (s == NULL || s->failed)
        return TK_SOCK_ERR;
    if (size == 0)
        return 0;
    ssize_t n = recv(s->fd, buf, size < INT_MAX ? size : INT_MAX, 0);
    int ret = n < 0 ? result_of_errno() : n == 0 ? TK_SOCK_CLOSED : (int)n;

    tk_posix_set_wanted(&s->read, ret == TK_SOCK_AGAIN);
    return ret;
}

/* A connection that is closed with unread data is reset, and the reset may discard data in flight
 * to the peer: unread data is drained first. */
static void close_in_order(int fd)
{
    char rest[4096];

    (void)shutdown(fd, SHUT_WR);
    for (int i = 0; i < DRAIN_MAX && recv(fd, rest, sizeof rest, 0) > 0; i++)
        continue;
    close(fd);
}

void tk_sock_close(struct tk_port *port, int sock)
{
    struct tk_posix_sock *s = find(port, sock);

    if (s == NULL)
        return;
    close_in_order(s->fd);
    *s = (struct tk_posix_sock){.fd = -1};
}

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

void tk_posix_sock_init(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_SOCKETS; i++)
        port->socks[i].fd = -1;
}

void tk_posix_sock_free(struct tk_port *port)
{
    for (int i = 0; i < TK_POSIX_SOCKETS; i++)
        tk_sock_close(port, i);
}

void tk_posix_sock_add_waits(struct tk_port *port, struct tk_posix_wait_set *w)
{
    for (int i = 0; i < TK_POSIX_SOCKETS; i++) {
        struct tk_posix_sock *s = &port->socks[i];

        if (!s->used)
            continue;
        tk_posix_wait_fd(w, s->fd, POLLIN, &s->read);
        tk_posix_wait_fd(w, s->fd, POLLOUT, &s->write);
    }
}
