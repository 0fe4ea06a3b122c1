/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_clock.h"
#include "tk_lwip_private.h"

#include <lwip/udp.h>
#include <string.h>

/*
 * SNTP client (RFC 4330), one query at a time. lwIP's own client (apps/sntp) keeps an lwIP timer
 * running and uses one address of a name; this one needs no extra wake-ups and tries all addresses.
 *
 *      0         1        2     3          4 .. 23      24         32        40          48
 *      | LI VN M | stratum | poll | precision | ...      | originate | receive | transmit |
 *
 * The transmit time of a query is a random number. A reply is accepted only if its originate time
 * is that number.
 */

enum {
    PORT = 123,
    SIZE = 48,
    ORIGINATE = 24,
    TRANSMIT = 40,
    REPLY_MS = 4000,  /* timeout of a reply */
    RETRY_MS = 15000, /* the minimum of RFC 4330; doubles after each failure */
    RETRY_MAX_MS = 960000,
    CLIENT_4 = 0x23,    /* version 4, mode 3 */
    UNSYNCHRONIZED = 3, /* leap indicator */
    SERVER = 4,         /* mode */
    STRATUM_MAX = 15
};

static const uint32_t hour_ms = 3600000; /* between successful queries */

static struct {
    struct tk_port *port;
    const char *host; /* the caller's */
    int lookup;       /* negative: none in progress */
    struct udp_pcb *pcb;
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int count, next; /* index of addrs */
    uint8_t cookie[8];
    uint64_t sent_ms, due_ms;
    uint32_t retry_ms;
    bool replied;
    int64_t reply_unix_ms; /* time at tick reply_ms */
    uint64_t reply_ms;
} sntp;

static uint64_t now(void)
{
    return tk_clock_now_ms(sntp.port);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Seconds since 1900 wrap in 2036: small values belong to the next era (RFC 4330, 3). */
static int64_t unix_ms_of(const uint8_t *timestamp)
{
    int64_t seconds = get32(timestamp);
    int64_t since_1900 = seconds + (seconds < 0x80000000 ? (int64_t)1 << 32 : 0);

    return (since_1900 - 2208988800) * 1000 +
           (int64_t)((uint64_t)get32(timestamp + 4) * 1000 >> 32);
}

static void close_pcb(void)
{
    if (sntp.pcb != NULL)
        udp_remove(sntp.pcb);
    sntp.pcb = NULL;
}

static void idle_until(uint64_t due_ms)
{
    close_pcb();
    sntp.count = sntp.next = 0;
    sntp.due_ms = due_ms;
}

static void retry_later(void)
{
    idle_until(now() + sntp.retry_ms);
    if (sntp.retry_ms < RETRY_MAX_MS)
        sntp.retry_ms *= 2;
}

/* --- the reply --- */

static bool is_reply(const uint8_t *m)
{
    return (m[0] & 7) == SERVER && memcmp(m + ORIGINATE, sntp.cookie, sizeof sntp.cookie) == 0;
}

/* Whether the server is synchronized. Stratum 0 is a kiss-o'-death: the client must back off. */
static bool is_synchronized(const uint8_t *m)
{
    return m[0] >> 6 != UNSYNCHRONIZED && m[1] >= 1 && m[1] <= STRATUM_MAX &&
           get32(m + TRANSMIT) != 0;
}

static void on_reply(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *addr,
                     u16_t port)
{
    uint8_t m[SIZE];
    bool complete = pbuf_copy_partial(p, m, SIZE, 0) == SIZE;

    (void)arg;
    (void)pcb;
    (void)addr; /* the PCB is connected: lwIP has checked the sender */
    (void)port;
    pbuf_free(p);
    if (!complete || !is_reply(m))
        return;
    if (!is_synchronized(m)) {
        sntp.retry_ms = RETRY_MAX_MS;
        retry_later();
        return;
    }
    sntp.replied = true;
    sntp.reply_ms = now();
    sntp.reply_unix_ms = unix_ms_of(m + TRANSMIT) + (int64_t)((sntp.reply_ms - sntp.sent_ms) / 2);
    sntp.retry_ms = RETRY_MS;
    idle_until(now() + hour_ms);
    tk_lwip_wake();
}

/* --- the query --- */

static bool send_query(void)
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

/* Sends a query to an address; the reply is due within REPLY_MS. */
static bool query(const struct tk_addr *addr)
{
    ip_addr_t to;

    close_pcb();
    if (tk_lwip_to_ip(&to, addr))
        sntp.pcb = udp_new_ip_type(IP_GET_TYPE(&to));
    if (sntp.pcb == NULL)
        return false;
    udp_recv(sntp.pcb, on_reply, NULL);
    sntp.sent_ms = now();
    sntp.due_ms = sntp.sent_ms + REPLY_MS;
    return udp_connect(sntp.pcb, &to, PORT) == ERR_OK && send_query();
}

static void query_next(void)
{
    while (sntp.next < sntp.count) {
        if (query(&sntp.addrs[sntp.next++]))
            return;
    }
    retry_later();
}

static void poll_lookup(void)
{
    int n = tk_sock_lookup_poll(sntp.port, sntp.lookup, sntp.addrs, TK_SOCK_ADDRS);

    if (n == TK_SOCK_AGAIN)
        return;
    sntp.lookup = -1;
    sntp.count = n > 0 ? n : 0;
    query_next();
}

/* TK_SOCK_AGAIN: there is no address yet, and the one to come causes another run. */
static void start_lookup(void)
{
    sntp.lookup = tk_sock_lookup(sntp.port, sntp.host);
    if (sntp.lookup >= 0)
        poll_lookup();
    else if (sntp.lookup != TK_SOCK_AGAIN)
        retry_later();
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
        query_next();
    else if (now() >= sntp.due_ms)
        start_lookup();
    return sntp.lookup >= 0 || now() >= sntp.due_ms ? UINT64_MAX : sntp.due_ms;
}

/* --- the contract --- */

int tk_clock_ntp_server(struct tk_port *port, const char *host)
{
    (void)port;
    tk_sock_lookup_cancel(port, sntp.lookup);
    sntp.lookup = -1;
    sntp.replied = false;
    sntp.retry_ms = RETRY_MS;
    sntp.host = host;
    idle_until(now());
    return 0;
}

bool tk_clock_ntp_poll(struct tk_port *port, int64_t *unix_s)
{
    (void)port;
    if (!sntp.replied)
        return false;
    sntp.replied = false;
    int64_t unix_ms = sntp.reply_unix_ms + (int64_t)(now() - sntp.reply_ms);

    *unix_s = unix_ms < 0 ? 0 : (int64_t)((uint64_t)unix_ms / 1000);
    return true;
}
