/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LWIP_SOCK_H
#define LWIP_SOCK_H

/* Sockets over lwIP on the simulated Ethernet of wire.h, freed after each test. Include after
 * cmocka.h. */

#include "tk_sock.h"
#include "wire.h"

#include <lwip/priv/tcp_priv.h>

static struct tk_port *const port = &wire.port;
static const struct tk_addr server = {.family = 4, .bytes = {10, 0, 2, 100}};
static int sock;

static inline int set_up(void **state)
{
    (void)state;
    wire_reset();
    return 0;
}

/* Frees what the next test would otherwise find in use. */
static inline int tear_down(void **state)
{
    (void)state;
    for (int i = 0; i < TK_LWIP_SOCKS; i++)
        tk_sock_close(port, i);
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        tk_sock_lookup_cancel(port, i);
    wire_run(25000); /* until FIN_WAIT_2 has ended */
    assert_null(tcp_active_pcbs);
    assert_int_equal(wire_pool_used(), 0);
    return 0;
}

static inline bool not_again(void)
{
    return tk_sock_connected(port, sock) != TK_SOCK_AGAIN;
}

static inline struct wire_conn *open_connection(void)
{
    sock = tk_sock_open(port, &server, 443);
    assert_true(sock >= 0);
    assert_true(wire_until(not_again, 5000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_OK);
    return wire_last();
}

#endif
