/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_SOCKETS_H
#define TK_LWIP_SOCKETS_H

/*
 * The sockets of the contract (tk_sock.h) where lwIP runs in a thread of its own with
 * LWIP_SOCKET=1, as under ESP-IDF or STM32Cube: each function is a few lines around the one of the
 * same name in lwip/sockets.h, and a handle is lwIP's descriptor.
 *
 * tk_wait is here, the rest of the port is the system's. The system has the network and the time in
 * its own hands: tk_sock_set_ip and tk_clock_ntp_server say so, and tk_clock_unix tells what it
 * knows.
 *
 * lwIP hands on one address of a name. To be tried after it there is none, here.
 */

/* Prepares tk_wait. lwIP runs. 0, or -1 without a socket of its own on the loopback interface:
 * tk_wait then looks around each 10 ms. */
int tk_lwip_sockets_init(void);

/* Ends the sleep of tk_wait, for instance when the console got a byte. From any thread, but not
 * from lwIP's and from no interrupt. */
void tk_lwip_sockets_wake(void);

#endif
