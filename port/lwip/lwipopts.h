/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIPOPTS_H
#define TK_LWIPOPTS_H

/*
 * lwIP for a board with 64 KB of RAM: one interface, DHCP, DNS, and memory for one TLS connection
 * and another one that is closing. A board with more RAM sets its own sizes (-DPBUF_POOL_SIZE=16).
 */

#include <stdint.h>

/* Operation: main loop only, memory of its own. */
#define NO_SYS               1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN         0
#define LWIP_SOCKET          0
#define LWIP_TIMERS          0 /* tk_lwip_timers.c runs them only while they are needed */
#define MEM_ALIGNMENT        __SIZEOF_POINTER__
#define LWIP_STATS           0
#define LWIP_SINGLE_NETIF    1
#ifndef TK_LWIP_ASSERTS
#define LWIP_NOASSERT 1
#endif

/* Protocols. */
#ifndef LWIP_IPV6
#define LWIP_IPV6 0 /* a board sets it to the same as TK_SOCK_IPV6 */
#endif
#define LWIP_RAW                 0
#define LWIP_DHCP                1
#define LWIP_DNS                 1
#define LWIP_DHCP_DOES_ACD_CHECK 0
#define LWIP_ACD                 0
#define LWIP_NETIF_HOSTNAME      1
#define IP_REASSEMBLY            0
#define IP_FRAG                  0
#define LWIP_CHKSUM_ALGORITHM    1 /* the smallest */

/* Sizes. Received packets are in the pool, sent ones in the heap. */
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 5
#endif
#ifndef MEM_SIZE
#define MEM_SIZE 3072
#endif
#ifndef TCP_MSS
#define TCP_MSS 1024
#endif
#ifndef TCP_WND
#define TCP_WND (3 * TCP_MSS)
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF (2 * TCP_MSS)
#endif
#define TCP_CALCULATE_EFF_SEND_MSS LWIP_IPV6 /* TCP_MSS and headers of IPv4 fit Ethernet */
#define TCP_OVERSIZE               0 /* a flight is written in one call, nothing is appended later */
#define TCP_SND_QUEUELEN           8
#define TCP_QUEUE_OOSEQ            0 /* saves memory: the peer retransmits out-of-order segments */
#define MEMP_NUM_TCP_SEG           TCP_SND_QUEUELEN
#define MEMP_NUM_TCP_PCB           4
#define MEMP_NUM_TCP_PCB_LISTEN    1
#define MEMP_NUM_UDP_PCB           (4 + 2 * LWIP_IPV6) /* DHCP, SNTP, and a source port a query */
#define MEMP_NUM_PBUF              4
#define ARP_TABLE_SIZE             4

/* lwIP's DNS cache is off: it would keep one address of a name, and all are tried. */
#define DNS_TABLE_SIZE      (2 * (1 + LWIP_IPV6)) /* two lookups, of both families */
#define DNS_MAX_NAME_LENGTH 128
#define DNS_MAX_TTL         0

/* Unpredictable sequence numbers, ports and query ids (RFC 6528, RFC 5452). */
uint32_t tk_lwip_random(void);
#define LWIP_RAND()                                        tk_lwip_random()
#define LWIP_HOOK_TCP_ISN(local, local_port, remote, port) tk_lwip_random()

/* Keeps a DNS response while lwIP processes it. */
struct pbuf;
int tk_lwip_packet(struct pbuf *packet);
#define LWIP_HOOK_IP4_INPUT(packet, netif) tk_lwip_packet(packet)
#define LWIP_HOOK_IP6_INPUT(packet, netif) tk_lwip_packet(packet)

/* IPv6: addresses and name servers as routers advertise them (RFC 4862, RFC 8106). */
#if LWIP_IPV6
#define ARP_QUEUEING                    1 /* a question of each family, when the server is unknown */
#define MEMP_NUM_ARP_QUEUE              4
#define LWIP_IPV6_REASS                 0
#define LWIP_IPV6_FRAG                  0
#define LWIP_IPV6_DHCP6                 0
#define LWIP_IPV6_NUM_ADDRESSES         3 /* link-local, and of two prefixes */
#define LWIP_ND6_NUM_NEIGHBORS          4
#define LWIP_ND6_NUM_DESTINATIONS       4
#define LWIP_ND6_RDNSS_MAX_DNS_SERVERS  1
#define LWIP_ND6_TCP_REACHABILITY_HINTS 0
#define MEMP_NUM_MLD6_GROUP             4
#endif

#endif
