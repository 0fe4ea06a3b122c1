/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_dial.h"

#include "tk_clock.h"

#include <string.h>

#define ATTEMPT_MS 5000 /* to connect to one address */
#define STAGGER_MS 500  /* of silence, before the next address is tried too */
#define HURRY_MS   7200 /* for all addresses but the last */

void tk_dial_init(struct tk_dial *d, struct tk_port *port)
{
    memset(d, 0, sizeof *d);
    d->port = port;
    d->lookup = -1;
    for (size_t i = 0; i < TK_ATTEMPTS; i++)
        d->attempts[i].sock = -1;
}

/* --- the order of addresses --- */

static bool is_same(const struct tk_addr *a, const struct tk_addr *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, a->family == 4 ? 4 : sizeof a->bytes) == 0;
}

static void move_up(struct tk_addr *addrs, size_t from, size_t to)
{
    struct tk_addr moved = addrs[from];

    memmove(&addrs[to + 1], &addrs[to], (from - to) * sizeof *addrs);
    addrs[to] = moved;
}

/* The families alternate as long as there are addresses of both. */
static void alternate(struct tk_addr *addrs, size_t count)
{
    for (size_t i = 1; TK_SOCK_IPV6 && i < count; i++) {
        size_t from = i;

        while (from < count && addrs[from].family == addrs[i - 1].family)
            from++;
        if (from == count)
            return;
        move_up(addrs, from, i);
    }
}

static void sort(struct tk_dial *d, const struct tk_addr *first)
{
    size_t i = 0;

    while (first != NULL && i < d->count && !is_same(&d->addrs[i], first))
        i++;
    if (first != NULL && i < d->count)
        move_up(d->addrs, i, 0);
    alternate(d->addrs, d->count);
}

/* TK_SOCK_OK: there are addresses. */
static int resolve(struct tk_dial *d, const struct tk_host *host, const struct tk_addr *first)
{
    if (d->lookup < 0)
        d->lookup = tk_sock_lookup(d->port, host->name);
    if (d->lookup < 0)
        return d->lookup;
    int n = tk_sock_lookup_poll(d->port, d->lookup, d->addrs, TK_SOCK_ADDRS);

    if (n == TK_SOCK_AGAIN)
        return n;
    d->lookup = -1;
    if (n < 0)
        return n;
    d->count = (uint8_t)n;
    d->open_ms = d->now_ms;
    sort(d, first);
    return TK_SOCK_OK;
}

/* --- attempts --- */

static void close_attempt(struct tk_dial *d, struct tk_attempt *a)
{
    tk_sock_close(d->port, a->sock);
    a->sock = -1;
}

/* True if there were any. */
static bool close_attempts(struct tk_dial *d)
{
    bool any = false;

    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        if (d->attempts[i].sock < 0)
            continue;
        close_attempt(d, &d->attempts[i]);
        any = true;
    }
    return any;
}

static struct tk_attempt *unused(struct tk_dial *d)
{
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        if (d->attempts[i].sock < 0)
            return &d->attempts[i];
    }
    return NULL;
}

/* How long an attempt has lasted. */
static uint32_t age(const struct tk_dial *d, const struct tk_attempt *a)
{
    return d->now_ms - a->since_ms;
}

/* NULL: there is none. *count: of all. */
static struct tk_attempt *oldest(struct tk_dial *d, unsigned *count)
{
    struct tk_attempt *best = NULL;

    *count = 0;
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        struct tk_attempt *a = &d->attempts[i];

        if (a->sock < 0)
            continue;
        ++*count;
        if (best == NULL || age(d, a) > age(d, best))
            best = a;
    }
    return best;
}

/* Sets *a to the oldest attempt. Returns after how many ms it makes room for the next address; 0:
 * now; UINT32_MAX: there is none. */
static uint32_t room_in_ms(struct tk_dial *d, struct tk_attempt **a)
{
    unsigned count;
    uint32_t ms = ATTEMPT_MS;

    *a = oldest(d, &count);
    if (*a == NULL)
        return UINT32_MAX;
    count *= HURRY_MS;
    if (!d->patient && count < ATTEMPT_MS * (d->count - 1u))
        ms = count / (d->count - 1u);
    return age(d, *a) < ms ? ms - age(d, *a) : 0;
}

/* After how many ms the next attempt is due. */
static uint32_t open_in_ms(const struct tk_dial *d)
{
    uint32_t ms = d->open_ms - d->now_ms;

    return ms <= STAGGER_MS ? ms : 0;
}

static bool make_room(struct tk_dial *d)
{
    struct tk_attempt *a;

    if (room_in_ms(d, &a) > 0)
        return false;
    close_attempt(d, a);
    d->hurried = true;
    return true;
}

/* Addresses that cannot be reached fail at once. Where sockets are short, each pass closes an
 * attempt. */
static void open_attempts(struct tk_dial *d, uint16_t tcp_port)
{
    while (d->next < d->count && open_in_ms(d) == 0) {
        struct tk_attempt *a = unused(d);
        int sock = a == NULL ? TK_SOCK_AGAIN : tk_sock_open(d->port, &d->addrs[d->next], tcp_port);

        if (sock == TK_SOCK_AGAIN && !make_room(d))
            return;
        if (sock == TK_SOCK_AGAIN)
            continue;
        if (sock >= 0) {
            *a = (struct tk_attempt){.sock = sock, .addr = d->next, .since_ms = d->now_ms};
            d->open_ms = d->now_ms + STAGGER_MS;
        }
        d->next++;
    }
}

static int win(struct tk_dial *d, struct tk_attempt *winner)
{
    int sock = winner->sock;

    d->current = winner->addr;
    d->took_ms = age(d, winner);
    d->open_ms = d->now_ms;
    winner->sock = -1;
    d->hurried |= close_attempts(d);
    return sock;
}

/* The handle of one that has connected; TK_SOCK_ERR: none has. */
static int check_attempts(struct tk_dial *d)
{
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        struct tk_attempt *a = &d->attempts[i];
        int n = a->sock < 0 ? TK_SOCK_ERR : tk_sock_connected(d->port, a->sock);

        if (n == TK_SOCK_OK)
            return win(d, a);
        if (a->sock >= 0 && (n != TK_SOCK_AGAIN || age(d, a) >= ATTEMPT_MS)) {
            close_attempt(d, a);
            d->open_ms = d->now_ms;
        }
    }
    return TK_SOCK_ERR;
}

/* The oldest attempt ends, or the next one begins. */
static void schedule(struct tk_dial *d, const struct tk_attempt *first, uint64_t now_ms)
{
    uint32_t ms = ATTEMPT_MS - age(d, first);

    if (d->next < d->count) {
        struct tk_attempt *a;
        uint32_t open_ms = open_in_ms(d);

        if (open_ms == 0)
            open_ms = room_in_ms(d, &a);
        if (open_ms < ms)
            ms = open_ms;
    }
    d->next_ms = now_ms + ms;
}

static bool has_second_try(const struct tk_dial *d)
{
    return d->hurried && !d->patient;
}

int tk_dial_step(struct tk_dial *d, const struct tk_host *host, const struct tk_addr *first)
{
    uint64_t now_ms = tk_clock_now_ms(d->port);
    unsigned count;

    d->now_ms = (uint32_t)now_ms;
    int n = d->count > 0 ? TK_SOCK_OK : resolve(d, host, first);

    if (n != TK_SOCK_OK)
        return n;
    n = check_attempts(d);
    if (n >= 0)
        return n;
    open_attempts(d, host->port);
    if (oldest(d, &count) == NULL && d->next == d->count && has_second_try(d)) {
        d->patient = true;
        d->next = 0;
        open_attempts(d, host->port);
    }
    const struct tk_attempt *a = oldest(d, &count);

    if (a == NULL)
        return TK_SOCK_ERR;
    schedule(d, a, now_ms);
    return TK_SOCK_AGAIN;
}

uint32_t tk_dial_patience(const struct tk_dial *d, uint32_t most_ms)
{
    if (d->patient || d->next == d->count)
        return most_ms;
    uint32_t ms = HURRY_MS / (d->count - 1u) + 4 * d->took_ms;

    return ms < most_ms ? ms : most_ms;
}

bool tk_dial_abandon(struct tk_dial *d, bool early)
{
    d->hurried = d->hurried || early;
    return d->next < d->count || has_second_try(d);
}

void tk_dial_cancel(struct tk_dial *d)
{
    if (d->lookup >= 0)
        tk_sock_lookup_cancel(d->port, d->lookup);
    (void)close_attempts(d);
    tk_dial_init(d, d->port);
}
