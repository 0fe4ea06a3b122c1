/* SPDX-License-Identifier: Apache-2.0 */
#include "wire.h"

#include "tk_clock.h"
#include "tk_console_io.h"
#include "tk_device.h"
#include "tk_entropy.h"

#include <lwip/etharp.h>
#include <lwip/memp.h>
#include <lwip/netif.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ETH = 14, IP = 20, UDP = 8, TCP = 20, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static const uint8_t our_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t client_mac[6] = {2, 0, 0, 0, 0, 2};

struct wire wire;

/* Frames to the client that are under way, and bytes to send later. */
static struct frame {
    uint64_t at_ms;
    size_t len;
    uint8_t bytes[1514];
} frames[WIRE_FRAMES];
static size_t frame_count;

static struct later {
    struct wire_conn *conn;
    uint64_t at_ms;
    uint8_t bytes[64];
    size_t len;
} laters[4];

/* --- bytes --- */

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

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

/* --- frames to the client --- */

static void send_frame_at(uint64_t at_ms, const uint8_t *frame, size_t len)
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

/* An IPv4 packet; the payload is at frame + ETH + IP. */
static void send_ip(uint64_t after_ms, uint8_t *frame, uint8_t protocol, const uint8_t from[4],
                    const uint8_t to[4], size_t len)
{
    uint8_t *ip = frame + ETH;

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
    send_frame_at(wire.port.now_ms + wire.latency_ms + after_ms, frame, ETH + IP + len);
}

static void send_udp(uint64_t after_ms, const uint8_t from[4], uint16_t from_port,
                     const uint8_t to[4], uint16_t to_port, const uint8_t *data, size_t len)
{
    uint8_t frame[1514] = {0};
    uint8_t *udp = frame + ETH + IP;

    put16(udp, from_port);
    put16(udp + 2, to_port);
    put16(udp + 4, (uint32_t)(UDP + len));
    memcpy(udp + UDP, data, len);
    send_ip(after_ms, frame, 17, from, to, UDP + len);
}

/* --- ARP, DHCP, DNS, SNTP --- */

static void arp(const uint8_t *frame)
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
    send_frame_at(wire.port.now_ms + wire.latency_ms, answer, sizeof answer);
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

static void dns(const uint8_t server[4], const uint8_t client[4], uint16_t client_port,
                const uint8_t *m)
{
    char name[256];
    uint8_t answer[512] = {0};
    size_t len = 12 + read_name(m + 12, name) + 4;
    struct wire_name *n = find_name(name);

    wire.dns_questions++;
    if (n != NULL && n->lost > 0) {
        n->lost--;
        return;
    }
    memcpy(answer, m, len);
    put16(answer + 2, n == NULL || n->count == 0 ? 0x8183 : 0x8180);
    put16(answer + 6, n == NULL ? 0 : (uint32_t)(n->count + 2 * n->alias));
    if (n != NULL && n->alias) {
        len += add_record(answer + len, 5, "\5alias\xc0\x0c", 8);
        len += add_record(answer + len, 99, "none", 4);
    }
    for (int i = 0; n != NULL && i < n->count; i++) {
        uint8_t addr[4] = {10, 0, 2, n->last[i]};

        len += add_record(answer + len, 1, addr, 4);
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

static void udp(const uint8_t *ip, const uint8_t *u)
{
    if (get16(u + 2) == 67)
        dhcp(u + UDP, (size_t)(get16(u + 4) - UDP));
    else if (get16(u + 2) == 53)
        dns(ip + 16, ip + 12, get16(u), u + UDP);
    else if (get16(u + 2) == 123)
        ntp(ip + 16, ip + 12, get16(u), u + UDP);
}

/* --- TCP --- */

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
    send_ip(0, frame, 6, from, wire.client_ip, TCP + len);
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
           frame_count < WIRE_FRAMES / 2) {
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

static void tcp(const uint8_t *ip, const uint8_t *t)
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
        arp(frame);
    } else if (get16(frame + 12) == 0x0800) {
        memcpy(wire.client_ip, ip + 12, 4);
        if (ip[9] == 17)
            udp(ip, ip + IP);
        else if (ip[9] == 6)
            tcp(ip, ip + IP);
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

/* --- events of the network --- */

static uint64_t next_event(void)
{
    uint64_t next_ms = frame_count > 0 ? frames[0].at_ms : UINT64_MAX;

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

static void do_events(void)
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

/* --- the port --- */

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
        do_events();
        next_ms = tk_lwip_work(port, &news);
    }
}

uint64_t tk_clock_now_ms(struct tk_port *port)
{
    return port->now_ms;
}

enum tk_time_quality tk_clock_unix(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    (void)unix_s;
    return TK_TIME_NONE;
}

void tk_clock_set_unix(struct tk_port *port, int64_t unix_s, enum tk_time_quality quality)
{
    (void)port;
    (void)unix_s;
    (void)quality;
}

int tk_entropy_get(struct tk_port *port, void *buf, size_t len)
{
    static uint64_t state = 1;
    uint8_t *out = buf;

    if (port->unseeded)
        return TK_ENTROPY_NOT_SEEDED;
    while (len-- > 0) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        *out++ = (uint8_t)(state >> 56);
    }
    return TK_ENTROPY_OK;
}

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    (void)port, (void)line, (void)buf, (void)size;
    return TK_CONSOLE_CLOSED;
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    (void)port, (void)line, (void)data, (void)len;
    return TK_CONSOLE_CLOSED;
}

const char *tk_device_id(struct tk_port *port)
{
    (void)port;
    return "wire-0001";
}

/* lwIP's assertions call it. */
void tk_device_reboot(struct tk_port *port)
{
    (void)port;
    abort();
}

uint32_t tk_device_feed_watchdog(struct tk_port *port)
{
    (void)port;
    return UINT32_MAX;
}

void tk_device_indicate(struct tk_port *port, int level)
{
    (void)port, (void)level;
}

int tk_device_key(struct tk_port *port, uint8_t out[TK_DEVICE_KEY_SIZE])
{
    (void)port, (void)out;
    return -1;
}

/* --- scripts --- */

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
    memset(laters, 0, sizeof laters);
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
