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
#include <stddef.h>
#include <stdint.h>

struct tk_port;

#ifndef TK_LWIP_SOCKS
#define TK_LWIP_SOCKS 2
#endif
#ifndef TK_LWIP_LOOKUPS
#define TK_LWIP_LOOKUPS 2
#endif

/* Bytes of an Ethernet frame (IEEE 802.3, 3.2), the most with the FCS, which lwIP does not mind. */
enum { TK_LWIP_FRAME_MIN = 14, TK_LWIP_FRAME_MAX = 1518, TK_LWIP_FRAME_FCS = 4 };

/* An Ethernet controller. */
struct tk_lwip_driver {
    /* Starts it: fills hwaddr, and sets NETIF_FLAG_LINK_UP when the cable is in, or when there is
     * no telling. */
    void (*init)(struct netif *netif);

    /* Hands on what arrived by the two functions below, eight frames at most so that a flood does
     * not keep the main loop, and tells a cable that went or came by netif_set_link_down and _up.
     * Whether there may be more: then it is called again before the next sleep. */
    bool (*poll)(struct netif *netif);

    /* Sends a frame of 14 to 1514 bytes, whose padding and FCS the controller adds; frame is used
     * only during the call. ERR_OK; ERR_IF or ERR_MEM: it is lost. */
    err_t (*send)(struct netif *netif, struct pbuf *frame);
};

/* Room for a frame of so many bytes that arrived. NULL: no frame is as short or as long, or no
 * memory is left: it is lost, and who sent it sends it again. */
struct pbuf *tk_lwip_frame(size_t len);

/* Hands it to lwIP, whose it is then. */
void tk_lwip_frame_in(struct netif *netif, struct pbuf *frame);

/* Both, for a frame that lies somewhere as a whole. */
void tk_lwip_frame_from(struct netif *netif, const void *data, size_t len);

/* Starts lwIP with one interface, which asks for an address by DHCP until it is given one. driver
 * stays the caller's and must outlive the program. After the port has its random numbers. */
void tk_lwip_init(struct tk_port *port, const struct tk_lwip_driver *driver);

/*
 * Does what there is to do now: timers that are due, packets that came. *wake becomes true when
 * tk_wait is to return. Answers the tick at which it wants to be
 * called again, UINT64_MAX for never: tk_wait calls it before and after each sleep.
 */
uint64_t tk_lwip_work(struct tk_port *port, bool *wake);

/* The one interface, for those who want to show it. */
const struct netif *tk_lwip_netif(void);

#endif
