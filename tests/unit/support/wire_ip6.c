/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_private.h"

#include <string.h>

/*
 * IPv6 on the simulated Ethernet, for lwIP with IPv6. A router advertises fd00:2::/64, and all
 * addresses fd00:2::<n> answer as 10.0.6.<n> do: packets are translated, so that name server and
 * TCP peer are those of IPv4.
 */

enum {
    IP6 = 40,
    HOP_LIMIT = 255,
    ICMP6 = 58,
    SOLICIT_ROUTER = 133,
    ADVERTISE_ROUTER = 134,
    SOLICIT = 135,
    ADVERTISE = 136
};

static const uint8_t prefix[8] = {0xfd, 0, 0, 2};
static const uint8_t router[16] = {0xfe, 0x80, [15] = 1};
static uint8_t client[16]; /* source of the newest packet to fd00:2::<n> */

static void send_ip6(uint64_t after_ms, uint8_t *frame, uint8_t protocol, const uint8_t from[16],
                     const uint8_t to[16], size_t len, size_t sum_at)
{
    uint8_t *ip = frame + ETH;

    memcpy(frame, client_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, 0x86dd);
    memset(ip, 0, IP6);
    ip[0] = 0x60;
    put16(ip + 4, (uint32_t)len);
    ip[6] = protocol;
    ip[7] = HOP_LIMIT;
    memcpy(ip + 8, from, 16);
    memcpy(ip + 24, to, 16);
    put16(ip + IP6 + sum_at, 0);
    put16(ip + IP6 + sum_at, wire_checksum(ip + 8, 32 + len, (uint32_t)(protocol + len)));
    wire_send_frame(wire.port.now_ms + wire.latency_ms + after_ms, frame, ETH + IP6 + len);
}

static void advertise_router(const uint8_t to[16])
{
    uint8_t frame[ETH + IP6 + 56] = {0}, *m = frame + ETH + IP6;

    m[0] = ADVERTISE_ROUTER;
    m[4] = 64;
    put16(m + 6, 1800); /* s: the router's lifetime */
    m[16] = 1;          /* option: its MAC */
    m[17] = 1;
    memcpy(m + 18, our_mac, 6);
    m[24] = 3; /* option: the prefix */
    m[25] = 4;
    m[26] = 64;
    m[27] = 0xc0; /* on the link, and for addresses */
    put32(m + 28, 86400);
    put32(m + 32, 86400);
    memcpy(m + 40, prefix, sizeof prefix);
    send_ip6(0, frame, ICMP6, router, to, 56, 2);
}

/* Each address but the client's own is ours. */
static void advertise(const uint8_t *asked, const uint8_t to[16])
{
    uint8_t frame[ETH + IP6 + 32] = {0}, *m = frame + ETH + IP6;

    m[0] = ADVERTISE;
    m[4] = 0x60; /* solicited, override */
    memcpy(m + 8, asked, 16);
    m[24] = 2;
    m[25] = 1;
    memcpy(m + 26, our_mac, 6);
    send_ip6(0, frame, ICMP6, asked, to, 32, 2);
}

static void icmp6(const uint8_t *ip, const uint8_t *m)
{
    static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1}, unspecified[16];

    if (m[0] == SOLICIT_ROUTER && !wire.no_router)
        advertise_router(all_nodes);
    if (m[0] == SOLICIT && memcmp(ip + 8, unspecified, 16) != 0)
        advertise(m + 8, ip + 8);
}

void wire_ip6(const uint8_t *frame)
{
    const uint8_t *ip = frame + ETH;
    uint8_t as_v4[IP] = {0x45, [12] = 10, [14] = 2, [15] = 15, [16] = 10, [18] = 6, [19] = ip[39]};

    put16(as_v4 + 2, IP + get16(ip + 4));
    if (ip[6] == ICMP6)
        icmp6(ip, ip + IP6);
    if (memcmp(ip + 24, prefix, sizeof prefix) != 0 || (wire.dead_ipv6 >> ip[39] & 1) != 0)
        return;
    memcpy(client, ip + 8, 16);
    memcpy(wire.client_ip, as_v4 + 12, 4);
    if (ip[6] == 17)
        wire_udp(as_v4, ip + IP6);
    else if (ip[6] == 6)
        wire_tcp(as_v4, ip + IP6);
}

void wire_send_ip6(uint64_t after_ms, uint8_t *frame, uint8_t protocol, uint8_t from, size_t len)
{
    uint8_t source[16] = {0};

    memcpy(source, prefix, sizeof prefix);
    source[15] = from;
    memmove(frame + ETH + IP6, frame + ETH + IP, len);
    send_ip6(after_ms, frame, protocol, source, client, len, protocol == 6 ? 16 : 6);
}
