/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_H
#define TK_LWIP_H

/*
 * tk_sock.h on lwIP 2.2 with NO_SYS, over its raw API, for boards without an operating system. lwIP
 * exists once per program, and so does this port of it: time and random numbers come from the
 * tk_port given to tk_lwip_init.
 *
 *      driver -> poll -> lwIP -> tk_sock_*        tk_wait -> tk_lwip_work -> lwIP's timers
 *
 * IPv4 only. All functions are called from the main loop; the interrupt of a driver only wakes it.
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

/* Bytes of an Ethernet frame (IEEE 802.3, 3.2). The maximum includes the FCS, which lwIP
 * ignores. */
enum { TK_LWIP_FRAME_MIN = 14, TK_LWIP_FRAME_MAX = 1518, TK_LWIP_FRAME_FCS = 4 };

/* An Ethernet controller. */
struct tk_lwip_driver {
    /* Starts the controller, fills hwaddr, and sets NETIF_FLAG_LINK_UP if the link is up or its
     * state is unknown. */
    void (*init)(struct netif *netif);

    /* Passes received frames to lwIP with the functions below, at most eight so that a flood does
     * not block the main loop, and reports link changes with netif_set_link_down and _up. Returns
     * whether more frames may be pending: then it is called again before the next sleep. */
    bool (*poll)(struct netif *netif);

    /* Sends a frame of 14 to 1514 bytes; the controller adds padding and FCS. frame is used only
     * during the call. Returns ERR_OK, or ERR_IF or ERR_MEM if the frame was dropped. */
    err_t (*send)(struct netif *netif, struct pbuf *frame);
};

/* Allocates a buffer for a received frame of len bytes. Returns NULL if the length is invalid or no
 * memory is left: the frame is dropped, and its sender retransmits. */
struct pbuf *tk_lwip_frame(size_t len);

/* Passes a received frame to lwIP, which takes ownership. */
void tk_lwip_frame_in(struct netif *netif, struct pbuf *frame);

/* Both steps, for a frame in contiguous memory. */
void tk_lwip_frame_from(struct netif *netif, const void *data, size_t len);

/* Starts lwIP with one interface, which uses DHCP until it is given a static address. Needs the
 * port's random numbers. driver must outlive the program. */
void tk_lwip_init(struct tk_port *port, const struct tk_lwip_driver *driver);

/*
 * Runs timers that are due and processes received packets; tk_wait calls it before and after each
 * sleep. Sets *wake if tk_wait is to return. Returns the tick at which it must be called again;
 * UINT64_MAX: not needed.
 */
uint64_t tk_lwip_work(struct tk_port *port, bool *wake);

/* The interface, read-only. */
const struct netif *tk_lwip_netif(void);

#endif
