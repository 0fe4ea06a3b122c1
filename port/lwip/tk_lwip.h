/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_H
#define TK_LWIP_H

/*
 * The sockets of the contract (tk_sock.h) on lwIP 2.2 with NO_SYS, over its raw API: for boards
 * without an operating system. lwIP is one in a program, and so is this; the port that it is given
 * at the start is the one that it asks for the time and for random numbers.
 *
 *      driver -> poll -> lwIP -> tk_sock_*        tk_wait -> tk_lwip_work -> lwIP's timers
 *
 * IPv4. All of it is called from the main loop; an interrupt of the driver does no more than end
 * the sleep.
 */

#include <lwip/netif.h>
#include <stdbool.h>
#include <stdint.h>

struct tk_port;

#ifndef TK_LWIP_SOCKS
#define TK_LWIP_SOCKS 2
#endif
#ifndef TK_LWIP_LOOKUPS
#define TK_LWIP_LOOKUPS 2
#endif

/* An Ethernet controller. */
struct tk_lwip_driver {
    /* Starts it, as the init of lwIP's netif_add: fills hwaddr, mtu, flags, output (etharp_output)
     * and linkoutput. NETIF_FLAG_LINK_UP when the cable is in, or when there is no telling. */
    err_t (*init)(struct netif *netif);

    /* Hands what arrived to netif->input, eight frames at most so that a flood does not keep the
     * main loop, and tells a cable that went or came by netif_set_link_down and _up. Whether there
     * may be more: then it is called again before the next sleep. */
    bool (*poll)(struct netif *netif);
};

/* Starts lwIP with one interface, which asks for an address by DHCP until it is given one. driver
 * stays the caller's and must outlive the program. After the port has its random numbers. */
void tk_lwip_init(struct tk_port *port, const struct tk_lwip_driver *driver);

/*
 * Does what there is to do now: timers that are due, packets that came. *news becomes true when
 * something happened that tk_wait is to return for. Answers the tick at which it wants to be
 * called again, UINT64_MAX for never: tk_wait calls it before and after each sleep.
 */
uint64_t tk_lwip_work(struct tk_port *port, bool *news);

/* The one interface, for those who want to show it. */
const struct netif *tk_lwip_netif(void);

#endif
