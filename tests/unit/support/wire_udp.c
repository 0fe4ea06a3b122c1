/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_private.h"

#include <stdlib.h>
#include <string.h>

static void send_udp(uint64_t after_ms, const uint8_t from[4], uint16_t from_port,
                     const uint8_t to[4], uint16_t to_port, const uint8_t *data, size_t len)
{
    uint8_t frame[1514] = {0};
    uint8_t *udp = frame + ETH + IP;

    put16(udp, from_port);
    put16(udp + 2, to_port);
    put16(udp + 4, (uint32_t)(UDP + len));
    memcpy(udp + UDP, data, len);
    wire_send_ip(after_ms, frame, 17, from, to, UDP + len);
}

void wire_arp(const uint8_t *frame)
{
    const uint8_t *a = frame + ETH;
    uint8_t answer[ETH + 28];
    uint8_t *b = answer + ETH;

    if (get16(a + 6) != 1 || memcmp(a + 14, a + 24, 4) == 0 || memcmp(a + 24, "\x0a\0\2", 3) != 0)
        return;
    memcpy(answer, client_mac, 6);
    memcpy(answer + 6, our_mac, 6);
    put16(answer + 12, 0x0806);
    memcpy(b, a, 6);
    put16(b + 6, 2);
    memcpy(b + 8, our_mac, 6);
    memcpy(b + 14, a + 24, 4);
    memcpy(b + 18, a + 8, 10);
    wire_send_frame(wire.port.now_ms + wire.latency_ms, answer, sizeof answer);
}

static const uint8_t *dhcp_option(const uint8_t *m, size_t len, uint8_t wanted)
{
    for (size_t i = 240; i + 1 < len && m[i] != 255; i += 2 + m[i + 1]) {
        if (m[i] == wanted)
            return m + i + 1;
    }
    return NULL;
}

static void dhcp(const uint8_t *m, size_t len)
{
    static const uint8_t server[4] = {10, 0, 2, 2}, leased[4] = {10, 0, 2, 15};
    static const uint8_t everybody[4] = {255, 255, 255, 255};
    const uint8_t *type = dhcp_option(m, len, 53), *name = dhcp_option(m, len, 12);
    uint8_t answer[300] = {2, 1, 6};
    uint8_t options[] = {99, 130, 83,  99,  53,  1, 2, 54, 4,  10, 0, 2, 2, 51, 4,  0, 0, 0, 0,
                         1,  4,   255, 255, 255, 0, 3, 4,  10, 0,  2, 2, 6, 4,  10, 0, 2, 3, 255};

    if (type == NULL || (type[1] != 1 && type[1] != 3))
        return;
    wire.dhcp_requests++;
    if (wire.no_dhcp)
        return;
    if (name != NULL && name[0] < sizeof wire.hostname) {
        memcpy(wire.hostname, name + 1, name[0]);
        wire.hostname[name[0]] = '\0';
    }
    options[6] = type[1] == 1 ? 2 : 5;
    put32(options + 15, wire.lease_s);
    memcpy(answer + 4, m + 4, 4);
    memcpy(answer + 16, leased, 4);
    memcpy(answer + 28, client_mac, 6);
    memcpy(answer + 236, options, sizeof options);
    send_udp(0, server, 67, everybody, 68, answer, 236 + sizeof options);
}

/* Reads the name of a query, with dots. Returns its length in the packet. */
static size_t read_name(const uint8_t *q, char *name)
{
    size_t at = 0, n = 0;

    while (q[at] != 0) {
        memcpy(name + n, q + at + 1, q[at]);
        n += q[at];
        name[n++] = '.';
        at += 1 + q[at];
    }
    name[n > 0 ? n - 1 : 0] = '\0';
    return at + 1;
}

static struct wire_name *find_name(const char *name)
{
    for (int i = 0; i < WIRE_NAMES; i++) {
        if (wire.names[i].name != NULL && strcmp(wire.names[i].name, name) == 0)
            return &wire.names[i];
    }
    return NULL;
}

static size_t add_record(uint8_t *at, uint8_t type, const void *data, size_t len)
{
    put16(at, 0xc00c); /* the name of the query */
    put16(at + 2, type);
    put16(at + 4, 1);
    put32(at + 6, 300);
    put16(at + 10, (uint32_t)len);
    memcpy(at + 12, data, len);
    return 12 + len;
}

enum { AAAA = 28 };

static void dns(const uint8_t server[4], const uint8_t client[4], uint16_t client_port,
                const uint8_t *m)
{
    char name[256];
    uint8_t answer[512] = {0};
    size_t name_len = read_name(m + 12, name), len = 12 + name_len + 4;
    bool ipv6 = get16(m + 12 + name_len) == AAAA;
    struct wire_name *n = find_name(name);
    unsigned count = n == NULL ? 0 : ipv6 ? n->count6 : n->count;

    wire.dns_questions++;
    if (n != NULL && (ipv6 ? n->lost6 : n->lost) > 0) {
        --*(ipv6 ? &n->lost6 : &n->lost);
        return;
    }
    memcpy(answer, m, len);
    put16(answer + 2, n == NULL || n->count + n->count6 == 0 ? 0x8183 : 0x8180);
    put16(answer + 6, n == NULL ? 0 : (uint32_t)(count + 2 * n->alias));
    if (n != NULL && n->alias) {
        len += add_record(answer + len, 5, "\5alias\xc0\x0c", 8);
        len += add_record(answer + len, 99, "none", 4);
    }
    for (unsigned i = 0; i < count; i++) {
        uint8_t addr[4] = {10, 0, 2, n->last[i]};
        uint8_t addr6[16] = {0xfd, 0, 0, 2, [15] = n->last6[i]};

        len +=
            ipv6 ? add_record(answer + len, AAAA, addr6, 16) : add_record(answer + len, 1, addr, 4);
    }
    if (wire.mangle != NULL)
        wire.mangle(answer, &len);
    send_udp(n != NULL ? n->delay_ms : 0, server, 53, client, client_port, answer, len);
}

static void ntp(const uint8_t server[4], const uint8_t client[4], uint16_t client_port,
                const uint8_t *m)
{
    uint8_t answer[48] = {0};

    wire.ntp_questions++;
    if (wire.ntp != NULL && wire.ntp(m, answer))
        send_udp(0, server, 123, client, client_port, answer, sizeof answer);
}

void wire_udp(const uint8_t *ip, const uint8_t *u)
{
    if (get16(u + 2) == 67)
        dhcp(u + UDP, (size_t)(get16(u + 4) - UDP));
    else if (get16(u + 2) == 53)
        dns(ip + 16, ip + 12, get16(u), u + UDP);
    else if (get16(u + 2) == 123)
        ntp(ip + 16, ip + 12, get16(u), u + UDP);
}
