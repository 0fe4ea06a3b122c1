/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_THREADS_H
#define TK_LWIP_THREADS_H

/* lwIP in a thread of its own on this machine, by its contrib unix port, with a loopback interface
 * alone: what a vendor's system looks like to port/lwip_sockets. */

#define NO_SYS                    0
#define MEM_ALIGNMENT             8
#define LWIP_SOCKET               1
#define LWIP_COMPAT_SOCKETS       0
#define LWIP_TCPIP_CORE_LOCKING   1
#define LWIP_DNS                  1
#define LWIP_RAW                  1
#define LWIP_HAVE_LOOPIF          1
#define LWIP_NETIF_LOOPBACK       1
#define LWIP_SO_RCVTIMEO          1
#define MEMP_NUM_NETCONN          64
#define MEMP_NUM_TCP_PCB          64
#define MEMP_NUM_TCPIP_MSG_API    64
#define MEM_SIZE                  500000
#define PBUF_POOL_SIZE            64
#define TCPIP_MBOX_SIZE           64
#define DEFAULT_TCP_RECVMBOX_SIZE 32
#define DEFAULT_UDP_RECVMBOX_SIZE 32
#define DEFAULT_ACCEPTMBOX_SIZE   32
#define TCP_MSL                   100

#endif
