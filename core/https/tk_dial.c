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
    sort(d, first);
    return TK_SOCK_OK;
}

/* --- attempts --- */

static void close_attempt(struct tk_dial *d, struct tk_attempt *a)
{
    tk_sock_close(d->port, a->sock);
    a->sock = -1;
}

static struct tk_attempt *unused(struct tk_dial *d)
{
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        if (d->attempts[i].sock < 0)
            return &d->attempts[i];
    }
    return NULL;
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
        if (best == NULL || a->since_ms < best->since_ms)
            best = a;
    }
    return best;
}

/* The tick from which on the oldest attempt makes room for the next address. */
static uint64_t room_ms(struct tk_dial *d, struct tk_attempt **best)
{
    unsigned count;
    uint32_t ms = ATTEMPT_MS;

    *best = oldest(d, &count);
    if (*best == NULL)
        return UINT64_MAX;
    if (!d->patient && HURRY_MS * count < ATTEMPT_MS * (d->count - 1u))
        ms = HURRY_MS * count / (d->count - 1u);
    return (*best)->since_ms + ms;
}

static bool make_room(struct tk_dial *d, uint64_t now_ms)
{
    struct tk_attempt *best;

    if (now_ms < room_ms(d, &best))
        return false;
    close_attempt(d, best);
    d->hurried = true;
    return true;
}

/* Addresses that cannot be reached fail at once. Where sockets are short, each pass closes an
 * attempt. */
static void open_attempts(struct tk_dial *d, uint16_t tcp_port, uint64_t now_ms)
{
    while (d->next < d->count && now_ms >= d->open_ms) {
        struct tk_attempt *a = unused(d);
        int sock = a == NULL ? TK_SOCK_AGAIN : tk_sock_open(d->port, &d->addrs[d->next], tcp_port);

        if (sock == TK_SOCK_AGAIN && !make_room(d, now_ms))
            return;
        if (sock == TK_SOCK_AGAIN)
            continue;
        if (sock >= 0) {
            *a = (struct tk_attempt){.sock = sock, .addr = d->next, .since_ms = now_ms};
            d->open_ms = now_ms + STAGGER_MS;
        }
        d->next++;
    }
}

static int win(struct tk_dial *d, struct tk_attempt *winner, uint64_t now_ms)
{
    int sock = winner->sock;

    d->current = winner->addr;
    d->took_ms = (uint32_t)(now_ms - winner->since_ms);
    d->open_ms = now_ms;
    winner->sock = -1;
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        if (d->attempts[i].sock >= 0) {
            close_attempt(d, &d->attempts[i]);
            d->hurried = true;
        }
    }
    return sock;
}

/* The handle of one that has connected; TK_SOCK_ERR: no attempt is left. */
static int check_attempts(struct tk_dial *d, uint64_t now_ms)
{
    int result = TK_SOCK_ERR;

    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        struct tk_attempt *a = &d->attempts[i];
        int n = a->sock < 0 ? TK_SOCK_ERR : tk_sock_connected(d->port, a->sock);

        if (n == TK_SOCK_OK)
            return win(d, a, now_ms);
        if (n == TK_SOCK_AGAIN && now_ms < a->since_ms + ATTEMPT_MS) {
            result = TK_SOCK_AGAIN;
        } else if (a->sock >= 0) {
            close_attempt(d, a);
            d->open_ms = now_ms;
        }
    }
    return result;
}

static void schedule(struct tk_dial *d, uint64_t now_ms)
{
    struct tk_attempt *best;

    d->next_ms = d->open_ms > now_ms ? d->open_ms : room_ms(d, &best);
    if (d->next == d->count)
        d->next_ms = UINT64_MAX;
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        const struct tk_attempt *a = &d->attempts[i];

        if (a->sock >= 0 && a->since_ms + ATTEMPT_MS < d->next_ms)
            d->next_ms = a->since_ms + ATTEMPT_MS;
    }
}

static bool is_trying(struct tk_dial *d)
{
    unsigned count;

    return oldest(d, &count) != NULL;
}

static bool has_second_try(const struct tk_dial *d)
{
    return d->hurried && !d->patient;
}

/* The second try, if it is due. */
static void start_over(struct tk_dial *d, uint64_t now_ms)
{
    if (is_trying(d) || d->next < d->count || !has_second_try(d))
        return;
    d->patient = true;
    d->next = 0;
    d->open_ms = now_ms;
}

int tk_dial_step(struct tk_dial *d, const struct tk_host *host, const struct tk_addr *first)
{
    int n = d->count > 0 ? TK_SOCK_OK : resolve(d, host, first);

    if (n != TK_SOCK_OK)
        return n;
    uint64_t now_ms = tk_clock_now_ms(d->port);

    n = check_attempts(d, now_ms);
    if (n >= 0)
        return n;
    open_attempts(d, host->port, now_ms);
    start_over(d, now_ms);
    open_attempts(d, host->port, now_ms);
    schedule(d, now_ms);
    return is_trying(d) ? TK_SOCK_AGAIN : TK_SOCK_ERR;
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
    for (size_t i = 0; i < TK_ATTEMPTS; i++) {
        if (d->attempts[i].sock >= 0)
            close_attempt(d, &d->attempts[i]);
    }
    tk_dial_init(d, d->port);
}
