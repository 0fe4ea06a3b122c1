/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_private.h"

#include <stdlib.h>
#include <string.h>

/* Bytes to send later. */
static struct later {
    struct wire_conn *conn;
    uint64_t at_ms;
    uint8_t bytes[64];
    size_t len;
} laters[4];

static void send_tcp(const uint8_t from[4], uint16_t port, uint16_t client_port, uint8_t flags,
                     uint32_t seq, uint32_t ack, const uint8_t *data, size_t len)
{
    uint8_t frame[1514] = {0};
    uint8_t *t = frame + ETH + IP;

    put16(t, port);
    put16(t + 2, client_port);
    put32(t + 4, seq);
    put32(t + 8, ack);
    t[12] = TCP / 4 << 4;
    t[13] = flags;
    put16(t + 14, 0xffff);
    if (len > 0)
        memcpy(t + TCP, data, len);
    wire_send_ip(0, frame, 6, from, wire.client_ip, TCP + len);
}

static void send_conn(struct wire_conn *c, uint8_t flags, uint32_t seq, const uint8_t *data,
                      size_t len)
{
    send_tcp(c->ip, c->port, c->client_port, flags, seq, c->peer_next, data, len);
}

/* Sends what the window, which begins at una, allows. */
static void pump(struct wire_conn *c)
{
    uint32_t base = c->iss + 1, end = base + (uint32_t)c->out_len;

    while (c->open && c->next - base < c->out_len && c->next - c->una < c->window &&
           wire_has_room()) {
        size_t at = c->next - base;
        size_t n = c->out_len - at, room = c->window - (c->next - c->una);

        n = n < room ? n : room;
        n = n < wire.piece ? n : wire.piece;
        send_conn(c, ACK | PSH, c->next, c->out + at, n);
        c->next += (uint32_t)n;
    }
    if (c->fin && c->next == end) {
        send_conn(c, ACK | FIN, c->next, NULL, 0);
        c->next++;
    }
    c->again_ms = c->next != c->una ? wire.port.now_ms + 1000 : UINT64_MAX;
}

void wire_give(struct wire_conn *c, const void *data, size_t len)
{
    if (c->out_len + len > WIRE_BUFFER)
        abort();
    memcpy(c->out + c->out_len, data, len);
    c->out_len += len;
    pump(c);
}

void wire_fin(struct wire_conn *c)
{
    c->fin = true;
    pump(c);
}

void wire_rst(struct wire_conn *c)
{
    send_conn(c, RST | ACK, c->next, NULL, 0);
    c->used = false;
}

void wire_give_later(struct wire_conn *c, uint64_t ms, const void *data, size_t len)
{
    for (size_t i = 0; i < sizeof laters / sizeof laters[0]; i++) {
        if (laters[i].conn == NULL) {
            laters[i] = (struct later){.conn = c, .at_ms = wire.port.now_ms + ms, .len = len};
            memcpy(laters[i].bytes, data, len);
            return;
        }
    }
    abort();
}

static struct wire_conn *find_conn(uint16_t port, uint16_t client_port)
{
    for (int i = 0; i < WIRE_CONNS; i++) {
        struct wire_conn *c = &wire.conns[i];

        if (c->used && c->port == port && c->client_port == client_port)
            return c;
    }
    return NULL;
}

static struct wire_conn *last_conn;

struct wire_conn *wire_last(void)
{
    return last_conn;
}

static bool is_open(uint16_t port)
{
    for (int i = 0; i < 4; i++) {
        if (wire.open_ports[i] == port)
            return true;
    }
    return false;
}

static void accept_conn(const uint8_t *ip, const uint8_t *t)
{
    static int next;
    struct wire_conn *c = &wire.conns[next++ % WIRE_CONNS];

    memset(c, 0, offsetof(struct wire_conn, in));
    c->in_len = c->out_len = 0;
    c->used = true;
    memcpy(c->ip, ip + 16, 4);
    c->port = get16(t + 2);
    c->client_port = get16(t);
    c->iss = 0xfffffff0; /* shortly before a wrap */
    c->una = c->next = c->iss;
    c->peer_next = get32(t + 4) + 1;
    c->window = c->least_window = get16(t + 14);
    last_conn = c;
    send_conn(c, SYN | ACK, c->next++, NULL, 0);
}

/* Drops segments out of order, which are then retransmitted. */
static void take_data(struct wire_conn *c, const uint8_t *t, const uint8_t *data, size_t len)
{
    bool fin = (t[13] & FIN) != 0;

    if (len == 0 && !fin)
        return;
    if (get32(t + 4) == c->peer_next && c->in_len + len <= WIRE_BUFFER) {
        memcpy(c->in + c->in_len, data, len);
        c->in_len += len;
        c->in_ms = wire.port.now_ms;
        c->peer_next += (uint32_t)(len + fin);
        c->got_fin |= fin;
    }
    send_conn(c, ACK, c->next, NULL, 0);
    if (len > 0 && wire.serve != NULL)
        wire.serve(c, data, len);
}

static void take_ack(struct wire_conn *c, const uint8_t *t)
{
    uint32_t ack = get32(t + 8);

    if (ack - c->una <= c->next - c->una)
        c->una = ack;
    c->open |= c->una == c->iss + 1;
    c->fin_taken |= c->fin && c->una == c->iss + 2 + (uint32_t)c->out_len;
    c->window = get16(t + 14);
    if (c->window < c->least_window)
        c->least_window = c->window;
}

void wire_tcp(const uint8_t *ip, const uint8_t *t)
{
    size_t header = (size_t)(t[12] >> 4) * 4;
    size_t len = get16(ip + 2) - IP - header;
    struct wire_conn *c = find_conn(get16(t + 2), get16(t));

    if (get16(t + 2) == wire.silent_port)
        return;
    if ((t[13] & RST) != 0) {
        if (c != NULL)
            c->got_reset = true;
        return;
    }
    if ((t[13] & SYN) != 0 && is_open(get16(t + 2))) {
        accept_conn(ip, t);
        return;
    }
    if (c == NULL) {
        send_tcp(ip + 16, get16(t + 2), get16(t), RST | ACK, get32(t + 8),
                 get32(t + 4) + (uint32_t)len + ((t[13] & (SYN | FIN)) != 0), NULL, 0);
        return;
    }
    take_ack(c, t);
    take_data(c, t, t + header, len);
    pump(c);
}

uint64_t wire_tcp_next(void)
{
    uint64_t next_ms = UINT64_MAX;

    for (size_t i = 0; i < sizeof laters / sizeof laters[0]; i++) {
        if (laters[i].conn != NULL && laters[i].at_ms < next_ms)
            next_ms = laters[i].at_ms;
    }
    for (int i = 0; i < WIRE_CONNS; i++) {
        if (wire.conns[i].used && wire.conns[i].again_ms < next_ms)
            next_ms = wire.conns[i].again_ms;
    }
    return next_ms;
}

void wire_tcp_events(void)
{
    for (size_t i = 0; i < sizeof laters / sizeof laters[0]; i++) {
        if (laters[i].conn == NULL || laters[i].at_ms > wire.port.now_ms)
            continue;
        wire_give(laters[i].conn, laters[i].bytes, laters[i].len);
        laters[i].conn = NULL;
    }
    for (int i = 0; i < WIRE_CONNS; i++) {
        struct wire_conn *c = &wire.conns[i];

        if (!c->used || c->again_ms > wire.port.now_ms)
            continue;
        if (c->open)
            c->next = c->una;
        else
            send_conn(c, SYN | ACK, c->iss, NULL, 0);
        pump(c);
        c->again_ms = wire.port.now_ms + 1000;
    }
}

void wire_tcp_reset(void)
{
    memset(laters, 0, sizeof laters);
}
