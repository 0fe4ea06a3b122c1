/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_private.h"

#include "tk_clock.h"

#include <lwip/etharp.h>
#include <lwip/memp.h>
#include <lwip/netif.h>
#include <stdlib.h>
#include <string.h>

struct wire wire;

/* To the client, and under way. */
static struct frame {
    uint64_t at_ms;
    size_t len;
    uint8_t bytes[1514];
} frames[WIRE_FRAMES];
static size_t frame_count;

/* --- frames to the client --- */

static uint32_t sum(const uint8_t *p, size_t len, uint32_t from)
{
    for (size_t i = 0; i + 1 < len; i += 2)
        from += get16(p + i);
    if (len % 2 != 0)
        from += (uint32_t)p[len - 1] << 8;
    return from;
}

static uint16_t fold(uint32_t value)
{
    while (value >> 16 != 0)
        value = (value & 0xffff) + (value >> 16);
    return (uint16_t)~value;
}

uint16_t wire_checksum(const uint8_t *p, size_t len, uint32_t from)
{
    return fold(sum(p, len, from));
}

bool wire_has_room(void)
{
    return frame_count < WIRE_FRAMES / 2;
}

void wire_send_frame(uint64_t at_ms, const uint8_t *frame, size_t len)
{
    static uint32_t dice = 1;

    dice = dice * 1664525u + 1013904223u;
    if (wire.cut || (wire.lose_every != 0 && (dice >> 16) % wire.lose_every == 0))
        return;
    if (frame_count == WIRE_FRAMES)
        abort();
    size_t i = frame_count++;

    for (; i > 0 && frames[i - 1].at_ms > at_ms; i--)
        frames[i] = frames[i - 1];
    frames[i].at_ms = at_ms;
    frames[i].len = len < 60 ? 60 : len;
    memset(frames[i].bytes, 0, 60);
    memcpy(frames[i].bytes, frame, len);
}

void wire_send_ip(uint64_t after_ms, uint8_t *frame, uint8_t protocol, const uint8_t from[4],
                  const uint8_t to[4], size_t len)
{
    uint8_t *ip = frame + ETH;

    if (from[2] == 6) {
        wire_send_ip6(after_ms, frame, protocol, from[3], len);
        return;
    }
    memcpy(frame, client_mac, 6);
    memcpy(frame + 6, our_mac, 6);
    put16(frame + 12, 0x0800);
    memset(ip, 0, IP);
    ip[0] = 0x45;
    put16(ip + 2, (uint32_t)(IP + len));
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, from, 4);
    memcpy(ip + 16, to, 4);
    put16(ip + 10, fold(sum(ip, IP, 0)));
    if (protocol == 6) {
        put16(ip + IP + 16, 0);
        put16(ip + IP + 16, fold(sum(ip + IP, len, sum(ip + 12, 8, 6 + (uint32_t)len))));
    }
    wire_send_frame(wire.port.now_ms + wire.latency_ms + after_ms, frame, ETH + IP + len);
}

/* --- frames from the client --- */

static err_t link_output(struct netif *netif, struct pbuf *p)
{
    uint8_t frame[1600] = {0};
    const uint8_t *ip = frame + ETH;

    (void)netif;
    wire.frames_out++;
    if (wire.cut || p->tot_len > 1514)
        return ERR_OK;
    pbuf_copy_partial(p, frame, p->tot_len, 0);
    if (get16(frame + 12) == 0x0806) {
        wire_arp(frame);
    } else if (get16(frame + 12) == 0x86dd) {
        wire_ip6(frame);
    } else if (get16(frame + 12) == 0x0800 &&
               (ip[9] != 6 || (wire.dead_ipv4 >> (ip[19] & 31) & 1) == 0)) {
        memcpy(wire.client_ip, ip + 12, 4);
        if (ip[9] == 17)
            wire_udp(ip, ip + IP);
        else if (ip[9] == 6)
            wire_tcp(ip, ip + IP);
    }
    return ERR_OK;
}

static struct netif *netif_of_wire;

static void init(struct netif *netif)
{
    netif_of_wire = netif;
    memcpy(netif->hwaddr, client_mac, 6);
    netif->flags |= NETIF_FLAG_LINK_UP;
}

static bool poll(struct netif *netif)
{
    for (int i = 0; i < 8; i++) {
        if (frame_count == 0 || frames[0].at_ms > wire.port.now_ms)
            return false;

        struct pbuf *p = pbuf_alloc(PBUF_RAW, (uint16_t)frames[0].len, PBUF_POOL);

        wire.frames_in++;
        if (p == NULL)
            wire.dropped++;
        else
            pbuf_take(p, frames[0].bytes, (uint16_t)frames[0].len);
        memmove(frames, frames + 1, --frame_count * sizeof frames[0]);
        if (p != NULL && netif->input(p, netif) != ERR_OK)
            pbuf_free(p);
    }
    return true;
}

static const struct tk_lwip_driver driver = {init, poll, link_output};

void wire_link(bool up)
{
    if (up)
        netif_set_link_up(netif_of_wire);
    else
        netif_set_link_down(netif_of_wire);
}

unsigned wire_pool_used(void)
{
    struct pbuf *all[64];
    unsigned left = 0;

    while (left < 64 && (all[left] = pbuf_alloc(PBUF_RAW, 1, PBUF_POOL)) != NULL)
        left++;
    for (unsigned i = 0; i < left; i++)
        pbuf_free(all[i]);
    return PBUF_POOL_SIZE - left;
}

/* --- time --- */

static uint64_t next_event(void)
{
    uint64_t next_ms = wire_tcp_next();

    return frame_count > 0 && frames[0].at_ms < next_ms ? frames[0].at_ms : next_ms;
}

void tk_wait(struct tk_port *port, uint64_t until_ms)
{
    bool news = false;
    uint64_t next_ms = tk_lwip_work(port, &news);

    while (!news && port->now_ms < until_ms) {
        uint64_t event_ms = next_event();
        uint64_t wake_ms = next_ms < until_ms ? next_ms : until_ms;
        bool event = event_ms < wake_ms;

        if (event)
            wake_ms = event_ms;
        if (wake_ms == UINT64_MAX)
            abort(); /* an endless wait */
        if (wake_ms > port->now_ms) {
            port->now_ms = wake_ms;
            port->wakes++;
        }
        wire_tcp_events();
        next_ms = tk_lwip_work(port, &news);
    }
}

void wire_run(uint64_t ms)
{
    uint64_t until_ms = wire.port.now_ms + ms;

    while (wire.port.now_ms < until_ms)
        tk_wait(&wire.port, until_ms);
}

bool wire_until(bool (*done)(void), uint64_t ms)
{
    uint64_t until_ms = wire.port.now_ms + ms;

    while (!done()) {
        if (wire.port.now_ms >= until_ms)
            return false;
        tk_wait(&wire.port, until_ms);
    }
    return true;
}

void wire_reset(void)
{
    struct tk_port port = wire.port;

    memset(&wire, 0, sizeof wire);
    wire_tcp_reset();
    frame_count = 0;
    wire.port = port;
    wire.lease_s = 86400;
    wire.latency_ms = 1;
    wire.piece = 1024;
    wire.open_ports[0] = 443;
    wire.silent_port = 9;
}

static bool has_address(void)
{
    return !ip4_addr_isany_val(*netif_ip4_addr(tk_lwip_netif()));
}

void wire_start(void)
{
    wire_reset();
    wire.port.now_ms = 5000;
    tk_lwip_init(&wire.port, &driver);
    if (!wire_until(has_address, 60000))
        abort();
}
