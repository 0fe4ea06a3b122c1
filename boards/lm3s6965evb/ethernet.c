/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "lm3s6965.h"
#include "tk_sock.h"

void tk_ethernet_interrupt(void)
{
    MAC_IM = 0;
}
int tk_sock_lookup(struct tk_port *port, const char *host)
{
    (void)port;
    (void)host;
    return TK_SOCK_ERR;
}
int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    (void)port;
    (void)lookup;
    (void)addrs;
    (void)max;
    return TK_SOCK_ERR;
}
void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    (void)port;
    (void)lookup;
}
int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    (void)port;
    (void)addr;
    (void)tcp_port;
    return TK_SOCK_ERR;
}
int tk_sock_connected(struct tk_port *port, int sock)
{
    (void)port;
    (void)sock;
    return TK_SOCK_ERR;
}
int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    (void)port;
    (void)sock;
    (void)data;
    (void)len;
    return TK_SOCK_ERR;
}
int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    (void)port;
    (void)sock;
    (void)buf;
    (void)size;
    return TK_SOCK_ERR;
}
void tk_sock_close(struct tk_port *port, int sock)
{
    (void)port;
    (void)sock;
}
