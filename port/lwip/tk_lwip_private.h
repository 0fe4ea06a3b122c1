/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_PRIVATE_H
#define TK_LWIP_PRIVATE_H

/* Shared by the files of this port. Like lwIP's, their state is static. */

#include "tk_lwip.h"
#include "tk_sock.h"

#include <lwip/ip_addr.h>

/* --- the interface --- */

/* Starts lwIP with one interface, which is up and has no address. */
struct netif *tk_lwip_netif_init(struct tk_port *port, const struct tk_lwip_driver *driver);

/* Whether the link is up and the interface has an address that reaches beyond it: of either family,
 * of one. */
bool tk_lwip_is_up(void);
bool tk_lwip_has_ipv4(void);
bool tk_lwip_has_ipv6(void);

/* Converts an address. False: lwIP was built without its family. */
bool tk_lwip_to_ip(ip_addr_t *to, const struct tk_addr *from);

/* Requests that tk_lwip_work ends tk_wait; take returns whether there was a request, and clears
 * it. */
void tk_lwip_wake(void);
bool tk_lwip_take_wake(void);

/* --- timers --- */

/* Runs timers that are due. Called before anything starts that depends on a timer, so that the
 * missed calls of idle time do not apply to it. */
void tk_lwip_timers_run(void);

/* The tick of the next call that has an effect; UINT64_MAX: none has. */
uint64_t tk_lwip_timers_next(bool socks_busy, bool lookups_busy);

void tk_lwip_timers_init(struct tk_port *port);

/* --- sockets and names --- */

bool tk_lwip_socks_busy(void);   /* TCP has data to retransmit, acknowledge or finish */
bool tk_lwip_lookups_busy(void); /* a query is in progress, maybe of a cancelled lookup */

/* Ends waits of lookups that have waited long enough for the addresses of the other family. Returns
 * the tick at which it must be called again. */
uint64_t tk_lwip_lookups_run(void);

/* --- time --- */

void tk_lwip_sntp_init(struct tk_port *port);

/* Sends queries that are due. Returns the tick at which it must be called again. */
uint64_t tk_lwip_sntp_run(void);

/* Frees the DNS response that was kept. */
void tk_lwip_packet_done(void);

#endif
