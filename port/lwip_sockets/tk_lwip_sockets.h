/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_SOCKETS_H
#define TK_LWIP_SOCKETS_H

/*
 * tk_sock.h for systems that run lwIP in its own thread with LWIP_SOCKET=1, such as ESP-IDF and
 * STM32Cube: each function is a few lines around the one of the same name in lwip/sockets.h, and a
 * handle is lwIP's descriptor.
 *
 * tk_wait is included; the other functions of the contract are written for the system. The system
 * manages network and time: tk_sock_set_ip and tk_clock_ntp_server report that, and tk_clock_unix
 * returns the system's time.
 *
 * With LWIP_RAW=1 all addresses of a name are found; else the one of each family that lwIP reports.
 */

/* Prepares tk_wait; lwIP must be running. Returns 0, or -1 if there is no socket on the loopback
 * interface: tk_wait then polls every 10 ms. */
int tk_lwip_sockets_init(void);

/* Makes tk_wait return, for instance after console input. From any thread except lwIP's, and not
 * from an interrupt. */
void tk_lwip_sockets_wake(void);

#endif
