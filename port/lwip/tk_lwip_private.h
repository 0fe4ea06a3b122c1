/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_PRIVATE_H
#define TK_LWIP_PRIVATE_H

/* What the files of this port need of each other. lwIP's own state is static, and so is theirs. */

#include "tk_lwip.h"
#include "tk_sock.h"

#include <lwip/ip_addr.h>

/* --- the interface --- */

/* Starts lwIP with one interface, which is up and has no address. */
struct netif *tk_lwip_netif_init(struct tk_port *port, const struct tk_lwip_driver *driver);

/* Whether the interface has an address and the link is up. */
bool tk_lwip_is_up(void);

/* Makes the next tk_lwip_work end tk_wait; and whether that was asked for, once. */
void tk_lwip_wake(void);
bool tk_lwip_take_wake(void);

/* --- timers --- */

/* Runs what is due. Called before anything begins that a timer looks after, so that it does not
 * get the ticks of the idle time before it. */
void tk_lwip_timers_run(void);

/* The tick of the next call that has an effect; UINT64_MAX: none has. */
uint64_t tk_lwip_timers_next(bool socks_busy, bool lookups_busy);

void tk_lwip_timers_init(struct tk_port *port);

/* --- sockets and names --- */

bool tk_lwip_socks_busy(void);   /* TCP has something to do again, acknowledge or end */
bool tk_lwip_lookups_busy(void); /* a question is open, perhaps one that nobody waits for */

/* --- time --- */

void tk_lwip_sntp_init(struct tk_port *port);

/* Does what there is to do now. The tick at which it wants to be called again. */
uint64_t tk_lwip_sntp_run(void);

/* Lets go of the packet that the last answer was read from. */
void tk_lwip_packet_done(void);

#endif
