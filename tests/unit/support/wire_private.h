/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIRE_PRIVATE_H
#define WIRE_PRIVATE_H

/* What the files of wire.h share. */

#include "wire.h"

enum { ETH = 14, IP = 20, UDP = 8, TCP = 20, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 2};

static inline void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static inline uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* --- wire.c --- */

void wire_send_frame(uint64_t at_ms, const uint8_t *frame, size_t len);
bool wire_has_room(void); /* for more frames */

/* An IPv4 packet; the payload is at frame + ETH + IP. */
void wire_send_ip(uint64_t after_ms, uint8_t *frame, uint8_t protocol, const uint8_t from[4],
                  const uint8_t to[4], size_t len);

uint16_t wire_checksum(const uint8_t *p, size_t len, uint32_t from);

/* --- wire_ip6.c --- */

void wire_ip6(const uint8_t *frame);

/* As wire_send_ip, from fd00:2::<from>; the frame has room for a longer header. */
void wire_send_ip6(uint64_t after_ms, uint8_t *frame, uint8_t protocol, uint8_t from, size_t len);

/* --- wire_udp.c: ARP, DHCP, DNS, SNTP --- */

void wire_arp(const uint8_t *frame);
void wire_udp(const uint8_t *ip, const uint8_t *u);

/* --- wire_tcp.c --- */

void wire_tcp(const uint8_t *ip, const uint8_t *t);
uint64_t wire_tcp_next(void); /* the tick of the next event */
void wire_tcp_events(void);
void wire_tcp_reset(void);

#endif
