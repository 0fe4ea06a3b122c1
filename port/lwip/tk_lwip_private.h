/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_PRIVATE_H
#define TK_LWIP_PRIVATE_H

/* What the files of this port need of each other. lwIP's own state is static, and so is theirs. */

#include "tk_lwip.h"
#include "tk_sock.h"

#include <lwip/ip_addr.h>

/* Something happened that tk_wait is to return for. */
void tk_lwip_tell(void);

/* Whether the interface has an address and the cable is in. */
bool tk_lwip_is_up(void);

/* --- timers --- */

/* Runs what is due. Called before anything begins that a timer looks after, so that it does not
 * get the ticks of the idle time before it. */
void tk_lwip_timers_run(void);

/* The tick at which one is due that something needs; UINT64_MAX for none. */
uint64_t tk_lwip_timers_next(void);

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
