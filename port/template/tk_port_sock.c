/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_sock.h"

/*
 * Before writing any of this: port/lwip implements it over lwIP's raw API (NO_SYS=1), and
 * port/lwip_sockets over lwip/sockets.h (LWIP_SOCKET=1). Either replaces this file.
 */

/* FIXME tk_sock.h: apply a static address or start DHCP. Where an operating system manages the
 * network this function and the next are correct as they are. */
int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip)
{
    (void)port;
    (void)ip;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: the address of the device; TK_SOCK_AGAIN before it has one. */
int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip)
{
    (void)port;
    (void)ip;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: start a DNS query and return; a numeric address needs no query. */
int tk_sock_lookup(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: TK_SOCK_AGAIN, then the addresses; or TK_SOCK_ERR. */
int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    (void)port;
    (void)lookup;
    (void)addrs;
    (void)max;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: end the lookup; discard a reply that still arrives. */
void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    (void)port;
    (void)lookup;
}

/* FIXME tk_sock.h: socket, O_NONBLOCK, TCP_NODELAY, connect. */
int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    (void)port;
    (void)addr;
    (void)tcp_port;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: whether connect has succeeded. */
int tk_sock_connected(struct tk_port *port, int sock)
{
    (void)port;
    (void)sock;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: send; EWOULDBLOCK is TK_SOCK_AGAIN. */
int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    (void)port;
    (void)sock;
    (void)data;
    (void)len;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: recv; a result of 0 is TK_SOCK_CLOSED, EWOULDBLOCK is TK_SOCK_AGAIN. */
int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    (void)port;
    (void)sock;
    (void)buf;
    (void)size;
    return TK_SOCK_ERR;
}

/* FIXME tk_sock.h: close. */
void tk_sock_close(struct tk_port *port, int sock)
{
    (void)port;
    (void)sock;
}

/* FIXME tk_clock.h: query the server by SNTP, again each hour. Where a system keeps the time and
 * tk_clock_unix returns it, this function and the next are correct as they are. */
int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return -1;
}

/* FIXME tk_clock.h: the newest reply, once. */
bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return false;
}
