/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_private.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Bytes in flight to the client; len 0 is the peer's FIN. */
struct tk_sim_chunk {
    struct tk_sim_chunk *next;
    uint64_t at_ms;
    size_t len;
    size_t used;
    uint8_t data[];
};

void tk_sim_add_name(struct tk_port *port, struct tk_sim_name *name)
{
    name->next = port->names;
    port->names = name;
}

void tk_sim_add_peer(struct tk_port *port, struct tk_sim_peer *peer)
{
    peer->next = port->peers;
    port->peers = peer;
}

/* --- names --- */

static const struct tk_sim_name *find_name(const struct tk_port *port, const char *host)
{
    static const struct tk_sim_name unknown;

    for (const struct tk_sim_name *n = port->names; n != NULL; n = n->next) {
        if (strcmp(n->name, host) == 0)
            return n;
    }
    return &unknown;
}

static bool parse_numeric(const char *host, struct tk_addr *addr)
{
    memset(addr, 0, sizeof *addr);
    if (inet_pton(AF_INET, host, addr->bytes) == 1)
        addr->family = 4;
    else if (inet_pton(AF_INET6, host, addr->bytes) == 1)
        addr->family = 6;
    return addr->family != 0;
}

static uint64_t later(const struct tk_port *port, uint64_t ms)
{
    return ms < TK_SIM_NEVER - port->now_ms ? port->now_ms + ms : TK_SIM_NEVER;
}

static struct tk_sim_lookup *free_lookup(struct tk_port *port)
{
    for (int i = 0; i < TK_SIM_LOOKUPS; i++) {
        if (!port->lookups[i].used)
            return &port->lookups[i];
    }
    return NULL;
}

int tk_sock_lookup(struct tk_port *port, const char *host)
{
    struct tk_sim_lookup *l = free_lookup(port);
    struct tk_addr numeric;

    if (l == NULL)
        return TK_SOCK_AGAIN;
    *l = (struct tk_sim_lookup){.used = true, .at_ms = port->now_ms};
    tk_sim_set_wanted(&l->answered, true);
    port->lookups_begun++;
    if (parse_numeric(host, &numeric)) {
        l->count = tk_sock_add(l->addrs, 0, numeric);
    } else {
        const struct tk_sim_name *name = find_name(port, host);

        l->count = name->count;
        l->at_ms = later(port, name->after_ms);
        memcpy(l->addrs, name->addrs, sizeof l->addrs);
    }
    return (int)(l - port->lookups);
}

static struct tk_sim_lookup *find_lookup(struct tk_port *port, int lookup)
{
    if (lookup < 0 || lookup >= TK_SIM_LOOKUPS || !port->lookups[lookup].used)
        return NULL;
    return &port->lookups[lookup];
}

int tk_sock_lookup_poll(struct tk_port *port, int lookup, struct tk_addr *addrs, size_t max)
{
    struct tk_sim_lookup *l = find_lookup(port, lookup);

    if (l == NULL)
        return TK_SOCK_ERR;
    tk_sim_set_wanted(&l->answered, true);
    if (port->now_ms < l->at_ms)
        return TK_SOCK_AGAIN;
    size_t n = l->count < max ? l->count : max;

    memcpy(addrs, l->addrs, n * sizeof *addrs);
    l->used = false;
    return n == 0 ? TK_SOCK_ERR : (int)n;
}

void tk_sock_lookup_cancel(struct tk_port *port, int lookup)
{
    struct tk_sim_lookup *l = find_lookup(port, lookup);

    if (l != NULL)
        *l = (struct tk_sim_lookup){.used = false};
}

/* --- the peer --- */

static void queue(struct tk_sim_link *link, uint64_t at_ms, const void *data, size_t len)
{
    struct tk_sim_chunk *chunk = tk_sim_alloc(sizeof *chunk + len);

    if (link->last != NULL && at_ms < link->last->at_ms)
        at_ms = link->last->at_ms;
    *chunk = (struct tk_sim_chunk){.at_ms = at_ms, .len = len};
    if (len > 0)
        memcpy(chunk->data, data, len);
    if (link->last == NULL)
        link->first = chunk;
    else
        link->last->next = chunk;
    link->last = chunk;
}

void tk_sim_reply_at(struct tk_sim_link *link, uint64_t at_ms, const void *data, size_t len)
{
    if (len > 0 && !link->fin)
        queue(link, at_ms, data, len);
}

void tk_sim_reply(struct tk_sim_link *link, const void *data, size_t len)
{
    tk_sim_reply_at(link, later(link->port, link->peer->reply_ms), data, len);
}

void tk_sim_fin(struct tk_sim_link *link)
{
    if (!link->fin)
        queue(link, later(link->port, link->peer->reply_ms), NULL, 0);
    link->fin = true;
}

void tk_sim_reset(struct tk_sim_link *link)
{
    link->reset = true;
}

static void drop_first(struct tk_sim_link *link)
{
    struct tk_sim_chunk *chunk = link->first;

    link->first = chunk->next;
    if (link->first == NULL)
        link->last = NULL;
    free(chunk);
}

/* --- the flow of bytes --- */

static bool over(const struct tk_sim_flow *flow, const struct tk_sim_traffic *traffic,
                 enum tk_sim_event event)
{
    return flow->event == event && traffic->bytes >= flow->after;
}

static bool stalled(const struct tk_sim_link *link, const struct tk_sim_flow *flow,
                    const struct tk_sim_traffic *traffic)
{
    return over(flow, traffic, TK_SIM_STALL) && link->port->now_ms < flow->until_ms;
}

static bool is_reset(const struct tk_sim_link *link)
{
    return link->reset || over(&link->peer->up, &link->up, TK_SIM_RESET) ||
           over(&link->peer->down, &link->down, TK_SIM_RESET);
}

/* How many of len bytes a call moves: up to the flow's limit or its event. */
static size_t limit(const struct tk_sim_flow *flow, const struct tk_sim_traffic *traffic,
                    size_t len)
{
    if (flow->at_most != 0 && len > flow->at_most)
        len = flow->at_most;
    if (flow->event != TK_SIM_NOTHING && traffic->bytes < flow->after &&
        len > flow->after - traffic->bytes)
        len = (size_t)(flow->after - traffic->bytes);
    return len;
}

static bool returns_again(const struct tk_sim_flow *flow, struct tk_sim_traffic *traffic)
{
    if (traffic->agains < flow->again) {
        traffic->agains++;
        return true;
    }
    traffic->agains = 0;
    return false;
}

static bool readable(const struct tk_sim_link *link)
{
    const struct tk_sim_flow *flow = &link->peer->down;

    if (link->state != TK_SIM_OPEN || is_reset(link) || over(flow, &link->down, TK_SIM_FIN))
        return link->state != TK_SIM_CONNECTING;
    return link->first != NULL && link->first->at_ms <= link->port->now_ms &&
           !stalled(link, flow, &link->down);
}

static bool writable(const struct tk_sim_link *link)
{
    if (link->state != TK_SIM_OPEN || is_reset(link))
        return link->state != TK_SIM_CONNECTING;
    return !stalled(link, &link->peer->up, &link->up);
}

static int receive(struct tk_sim_link *link, void *buf, size_t size)
{
    const struct tk_sim_flow *flow = &link->peer->down;

    if (!readable(link) || returns_again(flow, &link->down))
        return TK_SOCK_AGAIN;
    if (link->state != TK_SIM_OPEN || is_reset(link))
        return TK_SOCK_ERR;
    struct tk_sim_chunk *chunk = link->first;

    if (over(flow, &link->down, TK_SIM_FIN) || chunk->len == 0)
        return TK_SOCK_CLOSED;
    size_t left = chunk->len - chunk->used;
    size_t n = limit(flow, &link->down, size < left ? size : left);

    memcpy(buf, chunk->data + chunk->used, n);
    chunk->used += n;
    link->down.bytes += n;
    if (chunk->used == chunk->len)
        drop_first(link);
    return (int)n;
}

static int transmit(struct tk_sim_link *link, const void *data, size_t len)
{
    const struct tk_sim_peer *peer = link->peer;

    if (!writable(link) || returns_again(&peer->up, &link->up))
        return TK_SOCK_AGAIN;
    if (link->state != TK_SIM_OPEN || is_reset(link))
        return TK_SOCK_ERR;
    size_t n = limit(&peer->up, &link->up, len);

    link->up.bytes += n;
    if (peer->received != NULL && !link->fin && n > 0)
        peer->received(link, data, n);
    if (over(&peer->up, &link->up, TK_SIM_FIN))
        tk_sim_fin(link);
    return (int)n;
}

/* --- sockets --- */

static bool same(const struct tk_addr *a, const struct tk_addr *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : 16) == 0;
}

static const struct tk_sim_peer *find_peer(const struct tk_port *port, const struct tk_addr *addr,
                                           uint16_t tcp_port)
{
    static const struct tk_sim_peer none = {.answer = TK_SIM_REFUSE};

    for (const struct tk_sim_peer *p = port->peers; p != NULL; p = p->next) {
        if (p->port == tcp_port && same(&p->addr, addr))
            return p;
    }
    return &none;
}

static struct tk_sim_link *free_link(struct tk_port *port)
{
    for (int i = 0; i < port->max_sockets && i < TK_SIM_SOCKETS; i++) {
        if (port->links[i].state == TK_SIM_FREE)
            return &port->links[i];
    }
    return NULL;
}

int tk_sock_set_ip(struct tk_port *port, const struct tk_ip *ip)
{
    if (port->system)
        return TK_SOCK_ERR;
    port->ip = *ip;
    return TK_SOCK_OK;
}

int tk_sock_get_ip(struct tk_port *port, struct tk_ip *ip)
{
    *ip = port->ip.fixed ? port->ip : port->leased;
    return port->system ? TK_SOCK_ERR : ip->fixed ? TK_SOCK_OK : TK_SOCK_AGAIN;
}

int tk_sock_open(struct tk_port *port, const struct tk_addr *addr, uint16_t tcp_port)
{
    const struct tk_sim_peer *peer = find_peer(port, addr, tcp_port);
    struct tk_sim_link *link = free_link(port);

    if (link == NULL)
        return TK_SOCK_AGAIN;
    if (peer->answer == TK_SIM_UNREACHABLE)
        return TK_SOCK_ERR;
    uint64_t wait_ms = peer->answer == TK_SIM_SILENT ? TK_SIM_NEVER : peer->connect_ms;

    *link = (struct tk_sim_link){.port = port,
                                 .peer = peer,
                                 .state = TK_SIM_CONNECTING,
                                 .connect_at_ms = later(port, wait_ms)};
    tk_sim_set_wanted(&link->write, true);
    port->connections_begun++;
    tk_sim_net_settle(port);
    return (int)(link - port->links);
}

static struct tk_sim_link *find_link(struct tk_port *port, int sock)
{
    if (sock < 0 || sock >= TK_SIM_SOCKETS || port->links[sock].state == TK_SIM_FREE)
        return NULL;
    return &port->links[sock];
}

int tk_sock_connected(struct tk_port *port, int sock)
{
    struct tk_sim_link *link = find_link(port, sock);

    if (link == NULL || link->state == TK_SIM_REFUSED)
        return TK_SOCK_ERR;
    tk_sim_set_wanted(&link->write, link->state == TK_SIM_CONNECTING);
    return link->state == TK_SIM_CONNECTING ? TK_SOCK_AGAIN : TK_SOCK_OK;
}

int tk_sock_send(struct tk_port *port, int sock, const void *data, size_t len)
{
    struct tk_sim_link *link = find_link(port, sock);

    if (link == NULL)
        return TK_SOCK_ERR;
    int n = transmit(link, data, len);

    tk_sim_set_wanted(&link->write, n == TK_SOCK_AGAIN);
    return n;
}

int tk_sock_recv(struct tk_port *port, int sock, void *buf, size_t size)
{
    struct tk_sim_link *link = find_link(port, sock);

    if (link == NULL)
        return TK_SOCK_ERR;
    if (size == 0)
        return 0;
    int n = receive(link, buf, size);

    tk_sim_set_wanted(&link->read, n == TK_SOCK_AGAIN);
    return n;
}

void tk_sock_close(struct tk_port *port, int sock)
{
    struct tk_sim_link *link = find_link(port, sock);

    if (link == NULL)
        return;
    if (link->state == TK_SIM_OPEN && link->peer->closed != NULL)
        link->peer->closed(link);
    while (link->first != NULL)
        drop_first(link);
    link->state = TK_SIM_FREE;
}

void tk_sim_net_free(struct tk_port *port)
{
    for (int i = 0; i < TK_SIM_SOCKETS; i++)
        tk_sock_close(port, i);
}

/* --- time --- */

void tk_sim_net_settle(struct tk_port *port)
{
    for (int i = 0; i < TK_SIM_SOCKETS; i++) {
        struct tk_sim_link *link = &port->links[i];

        if (link->state != TK_SIM_CONNECTING || port->now_ms < link->connect_at_ms)
            continue;
        link->state = link->peer->answer == TK_SIM_ACCEPT ? TK_SIM_OPEN : TK_SIM_REFUSED;
        if (link->state == TK_SIM_OPEN && link->peer->accepted != NULL)
            link->peer->accepted(link);
    }
}

/* The earlier of next_ms and at_ms, unless at_ms has passed. */
static uint64_t sooner(const struct tk_port *port, uint64_t next_ms, uint64_t at_ms)
{
    return at_ms > port->now_ms && at_ms < next_ms ? at_ms : next_ms;
}

static uint64_t link_next(const struct tk_sim_link *link, uint64_t next_ms)
{
    const struct tk_port *port = link->port;
    const struct tk_sim_peer *peer = link->peer;

    if (link->state == TK_SIM_CONNECTING)
        return sooner(port, next_ms, link->connect_at_ms);
    if (link->first != NULL)
        next_ms = sooner(port, next_ms, link->first->at_ms);
    if (stalled(link, &peer->up, &link->up))
        next_ms = sooner(port, next_ms, peer->up.until_ms);
    if (stalled(link, &peer->down, &link->down))
        next_ms = sooner(port, next_ms, peer->down.until_ms);
    return next_ms;
}

uint64_t tk_sim_net_next(const struct tk_port *port)
{
    uint64_t next_ms = TK_SIM_NEVER;

    for (int i = 0; i < TK_SIM_LOOKUPS; i++) {
        if (port->lookups[i].used)
            next_ms = sooner(port, next_ms, port->lookups[i].at_ms);
    }
    for (int i = 0; i < TK_SIM_SOCKETS; i++) {
        if (port->links[i].state != TK_SIM_FREE)
            next_ms = link_next(&port->links[i], next_ms);
    }
    return next_ms;
}

void tk_sim_net_check(struct tk_port *port, struct tk_sim_wake *wake)
{
    for (int i = 0; i < TK_SIM_LOOKUPS; i++) {
        struct tk_sim_lookup *l = &port->lookups[i];

        if (l->used)
            tk_sim_check(wake, &l->answered, l->at_ms <= port->now_ms);
    }
    for (int i = 0; i < TK_SIM_SOCKETS; i++) {
        struct tk_sim_link *link = &port->links[i];

        if (link->state == TK_SIM_FREE)
            continue;
        tk_sim_check(wake, &link->read, readable(link));
        tk_sim_check(wake, &link->write, writable(link));
    }
}
