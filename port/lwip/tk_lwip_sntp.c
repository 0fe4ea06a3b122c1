/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_private.h"

#include <lwip/udp.h>
#include <string.h>

/*
 * SNTP (RFC 4330), one question at a time. lwIP has a client of its own (apps/sntp), which keeps a
 * timer of lwIP's running and one address of a name; here the questions come between the sleeps
 * that there are anyway, and each address of the name has its turn.
 *
 *      0         1        2     3          4 .. 23      24         32        40          48
 *      | LI VN M | stratum | poll | precision | ...      | originate | receive | transmit |
 *
 * A question's transmit time is a number that nobody guesses, and an answer that does not bring it
 * back as its originate time is none.
 */

enum {
    PORT = 123,
    SIZE = 48,
    ORIGINATE = 24,
    TRANSMIT = 40,
    ANSWER_MS = 4000, /* to wait for an answer */
    AGAIN_MS = 15000, /* after none; doubles, for RFC 4330 allows no less */
    AGAIN_MAX_MS = 960000,
    CLIENT_4 = 0x23,    /* version 4, mode 3 */
    UNSYNCHRONIZED = 3, /* leap indicator */
    SERVER = 4,         /* mode */
    STRATUM_MAX = 15
};

static const uint32_t hour_ms = 3600000; /* between answers */

static struct {
    struct tk_port *port;
    const char *host; /* the caller's */
    int lookup;       /* negative: none is under way */
    struct udp_pcb *pcb;
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int count, next; /* of the addresses */
    uint8_t cookie[8];
    uint64_t sent_ms, due_ms;
    uint32_t again_ms;
    bool answered;
    int64_t answer_unix_ms; /* at answer_ms */
    uint64_t answer_ms;
} sntp;

static uint64_t now(void)
{
    return tk_clock_now_ms(sntp.port);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Seconds since 1900 that have wrapped are of the era from 2036 on (RFC 4330, 3). */
static int64_t unix_ms_of(const uint8_t *timestamp)
{
    int64_t seconds = get32(timestamp);
    int64_t since_1900 = seconds + (seconds < 0x80000000 ? (int64_t)1 << 32 : 0);

    return (since_1900 - 2208988800) * 1000 +
           (int64_t)((uint64_t)get32(timestamp + 4) * 1000 >> 32);
}

static void hang_up(void)
{
    if (sntp.pcb != NULL)
        udp_remove(sntp.pcb);
    sntp.pcb = NULL;
}

static void rest_until(uint64_t due_ms)
{
    hang_up();
    sntp.count = sntp.next = 0;
    sntp.due_ms = due_ms;
}

static void try_later(void)
{
    rest_until(now() + sntp.again_ms);
    if (sntp.again_ms < AGAIN_MAX_MS)
        sntp.again_ms *= 2;
}

/* --- the answer --- */

static bool is_answer(const uint8_t *m)
{
    return (m[0] & 7) == SERVER && memcmp(m + ORIGINATE, sntp.cookie, sizeof sntp.cookie) == 0;
}

/* Of a server that knows the time itself; stratum 0 is one that asks to be left alone. */
static bool is_good(const uint8_t *m)
{
    return m[0] >> 6 != UNSYNCHRONIZED && m[1] >= 1 && m[1] <= STRATUM_MAX &&
           get32(m + TRANSMIT) != 0;
}

static void on_answer(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr,
                      u16_t port)
{
    uint8_t m[SIZE];
    bool whole = pbuf_copy_partial(p, m, SIZE, 0) == SIZE;

    (void)arg;
    (void)pcb;
    (void)addr; /* lwIP lets through what comes from whom it is connected to */
    (void)port;
    pbuf_free(p);
    if (!whole || !is_answer(m))
        return;
    if (!is_good(m)) {
        sntp.again_ms = AGAIN_MAX_MS;
        try_later();
        return;
    }
    sntp.answered = true;
    sntp.answer_ms = now();
    sntp.answer_unix_ms = unix_ms_of(m + TRANSMIT) + (int64_t)((sntp.answer_ms - sntp.sent_ms) / 2);
    sntp.again_ms = AGAIN_MS;
    rest_until(now() + hour_ms);
    tk_lwip_wake();
}

/* --- the question --- */

static bool send_question(void)
{
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, SIZE, PBUF_RAM);
    uint8_t m[SIZE] = {CLIENT_4};
    bool sent;

    if (p == NULL)
        return false;
    for (size_t i = 0; i < sizeof sntp.cookie; i++)
        sntp.cookie[i] = (uint8_t)tk_lwip_random();
    memcpy(m + TRANSMIT, sntp.cookie, sizeof sntp.cookie);
    pbuf_take(p, m, SIZE);
    sent = udp_send(sntp.pcb, p) == ERR_OK;
    pbuf_free(p);
    return sent;
}

/* Whether the address was asked; its answer has some seconds. */
static bool ask(const struct tk_addr *addr)
{
    const uint8_t *a = addr->bytes;
    ip_addr_t to;

    hang_up();
    sntp.pcb = udp_new();
    if (sntp.pcb == NULL)
        return false;
    IP_ADDR4(&to, a[0], a[1], a[2], a[3]);
    udp_recv(sntp.pcb, on_answer, NULL);
    sntp.sent_ms = now();
    sntp.due_ms = sntp.sent_ms + ANSWER_MS;
    return udp_connect(sntp.pcb, &to, PORT) == ERR_OK && send_question();
}

static void ask_next(void)
{
    while (sntp.next < sntp.count) {
        if (ask(&sntp.addrs[sntp.next++]))
            return;
    }
    try_later();
}

static void poll_lookup(void)
{
    int n = tk_sock_lookup_poll(sntp.port, sntp.lookup, sntp.addrs, TK_SOCK_ADDRS);

    if (n == TK_SOCK_AGAIN)
        return;
    sntp.lookup = -1;
    sntp.count = n > 0 ? n : 0;
    ask_next();
}

/* "Not now" is when there is no address yet, and something will happen when there is. */
static void begin(void)
{
    sntp.lookup = tk_sock_lookup(sntp.port, sntp.host);
    if (sntp.lookup >= 0)
        poll_lookup();
    else if (sntp.lookup != TK_SOCK_AGAIN)
        try_later();
}

void tk_lwip_sntp_init(struct tk_port *port)
{
    sntp.port = port;
    sntp.host = "";
    sntp.lookup = -1;
}

uint64_t tk_lwip_sntp_run(void)
{
    if (sntp.host[0] == '\0')
        return UINT64_MAX;
    if (sntp.lookup >= 0)
        poll_lookup();
    else if (now() >= sntp.due_ms && sntp.count > 0)
        ask_next();
    else if (now() >= sntp.due_ms)
        begin();
    return sntp.lookup >= 0 || now() >= sntp.due_ms ? UINT64_MAX : sntp.due_ms;
}

/* --- the contract --- */

int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    (void)port;
    tk_sock_lookup_cancel(port, sntp.lookup);
    sntp.lookup = -1;
    sntp.answered = false;
    sntp.again_ms = AGAIN_MS;
    sntp.host = host;
    rest_until(now());
    return 0;
}

bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    if (!sntp.answered)
        return false;
    sntp.answered = false;
    *unix_s = (sntp.answer_unix_ms + (int64_t)(now() - sntp.answer_ms)) / 1000;
    return true;
}
