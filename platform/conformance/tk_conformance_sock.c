/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_conformance_parts.h"

#include "tk_device.h"
#include "tk_sock.h"

#include <string.h>

enum { EOT = 0x04, ENQ = 0x05 };

enum { PEER_MS = 500 }; /* the peer's delay after ENQ */

/* --- names --- */

/* As tk_sock_lookup_poll; TK_SOCK_AGAIN after a timeout. */
static int look_up(const suite *c, const char *host, uint64_t timeout_ms, struct tk_addr *addrs)
{
    uint64_t deadline_ms = tk_suite_now(c) + timeout_ms;
    int lookup = tk_sock_lookup(c->port, host);
    int n;

    if (lookup < 0)
        return lookup;
    do {
        n = tk_sock_lookup_poll(c->port, lookup, addrs, TK_SOCK_ADDRS);
    } while (n == TK_SOCK_AGAIN && tk_suite_wait_step(c, deadline_ms));
    if (n == TK_SOCK_AGAIN)
        tk_sock_lookup_cancel(c->port, lookup);
    return n;
}

static bool resolves_to(const suite *c, const char *digits, const struct tk_addr *expected)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int n = look_up(c, digits, LOCAL_MS, addrs);

    if (n == TK_SOCK_ERR && strchr(digits, ':') != NULL)
        return true; /* a system without IPv6 */
    return n == 1 && addrs[0].family == expected->family &&
           memcmp(addrs[0].bytes, expected->bytes, expected->family == 4 ? 4 : 16) == 0;
}

static const char *sock_digits(const suite *c)
{
    static const struct tk_addr v4 = {4, {192, 0, 2, 33}};

    if (!resolves_to(c, "192.0.2.33", &v4))
        return TK_RULE("tk_sock_lookup", "a name or a numeric address");
#if TK_SOCK_IPV6
    static const struct tk_addr v6 = {6, {0x20, 0x01, 0x0d, 0xb8, [15] = 0x21}};

    if (!resolves_to(c, "2001:db8::21", &v6))
        return TK_RULE("tk_sock_lookup", "a name or a numeric address");
    if (!resolves_to(c, "::ffff:192.0.2.33", &v4))
        return TK_RULE("tk_sock_add", "an IPv4-mapped one");
#endif
    return NULL;
}

static const char *sock_no_such_name(const suite *c)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    char too_long[300];
    int n;

    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    n = look_up(c, "no-such-name.invalid", LOCAL_MS, addrs); /* times out without a network */
    if ((n != TK_SOCK_AGAIN && n != TK_SOCK_ERR) ||
        look_up(c, too_long, NETWORK_MS, addrs) != TK_SOCK_ERR ||
        look_up(c, "", NETWORK_MS, addrs) != TK_SOCK_ERR)
        return TK_RULE("tk_sock_lookup_poll", "TK_SOCK_ERR when there is none");
    return NULL;
}

static const char *sock_cancel(const suite *c)
{
    for (int i = 0; i < 16; i++) {
        int lookup = tk_sock_lookup(c->port, "192.0.2.33");

        if (lookup < 0)
            return TK_RULE("tk_sock_lookup_cancel", "ends a lookup before its result");
        tk_sock_lookup_cancel(c->port, lookup);
    }
    return NULL;
}

/* --- connections --- */

/* As tk_sock_connected; TK_SOCK_AGAIN after a timeout. The caller closes *sock unless it is
 * negative. */
static int dial(const suite *c, const char *host, uint16_t tcp_port, int *sock)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    uint64_t deadline_ms;
    int ret;

    *sock = TK_SOCK_ERR;
    if (look_up(c, host, NETWORK_MS, addrs) < 1)
        return TK_SOCK_ERR;
    *sock = tk_sock_open(c->port, &addrs[0], tcp_port);
    if (*sock < 0)
        return *sock;
    deadline_ms = tk_suite_now(c) + NETWORK_MS;
    do {
        ret = tk_sock_connected(c->port, *sock);
    } while (ret == TK_SOCK_AGAIN && tk_suite_wait_step(c, deadline_ms));
    return ret;
}

static void close_socket(const suite *c, int sock)
{
    if (sock >= 0)
        tk_sock_close(c->port, sock);
}

/* Without a peer the device connects to itself; not every network stack answers that. */
static const char *sock_refused(const suite *c)
{
    int sock;
    int ret = dial(c, c->peer != NULL ? c->peer : "127.0.0.1",
                   c->closed_port != 0 ? c->closed_port : 1, &sock);

    close_socket(c, sock);
    return ret == TK_SOCK_ERR || (c->peer == NULL && ret == TK_SOCK_AGAIN)
               ? NULL
               : TK_RULE("tk_sock_connected", "TK_SOCK_ERR when it failed");
}

static bool distinct(const int *socks)
{
    for (int i = 0; i < TK_SOCK_MIN; i++) {
        for (int k = 0; k < i; k++) {
            if (socks[i] == socks[k])
                return false;
        }
    }
    return true;
}

static const char *sock_handles(const suite *c)
{
    for (int round = 0; round < 10; round++) {
        int socks[TK_SOCK_MIN];
        bool ok = true;

        for (int i = 0; i < TK_SOCK_MIN; i++)
            ok = dial(c, c->peer, c->peer_port, &socks[i]) == TK_SOCK_OK && ok;
        ok = ok && distinct(socks);
        for (int i = 0; i < TK_SOCK_MIN; i++)
            close_socket(c, socks[i]);
        if (!ok)
            return round == 0
                       ? TK_RULE("tk_sock.h", "a port must offer at least TK_SOCK_MIN at a time")
                       : TK_RULE("tk_sock_close", "releases the handle");
    }
    return NULL;
}

enum { SOCKS_MAX = 64 };

/* Opens sockets until there are no more. */
static const char *sock_room(const suite *c)
{
    struct tk_addr addrs[TK_SOCK_ADDRS];
    int socks[SOCKS_MAX], count = 0, sock = TK_SOCK_ERR;

    if (look_up(c, c->peer, NETWORK_MS, addrs) < 1)
        return TK_RULE("tk_sock_lookup_poll", "the number of addresses");
    while (count < SOCKS_MAX && (sock = tk_sock_open(c->port, &addrs[0], c->peer_port)) >= 0)
        socks[count++] = sock;
    for (int i = 0; i < count; i++)
        tk_sock_close(c->port, socks[i]);
    return sock >= 0 || (count >= TK_SOCK_MIN && sock == TK_SOCK_AGAIN)
               ? NULL
               : TK_RULE("tk_sock_open", "TK_SOCK_AGAIN when all sockets are in use");
}

static const char *on_connection(const suite *c, const char *(*check)(const suite *c, int sock))
{
    int sock;
    const char *broken = TK_RULE("tk_sock_connected", "TK_SOCK_OK once connected");

    if (dial(c, c->peer, c->peer_port, &sock) == TK_SOCK_OK)
        broken = check(c, sock);
    close_socket(c, sock);
    return broken;
}

static const char *expect_silence(const suite *c, int sock)
{
    uint8_t buf[8];

    for (int i = 0; i < 2; i++) {
        int n = tk_sock_recv(c->port, sock, buf, sizeof buf);

        if (n != TK_SOCK_AGAIN)
            return TK_RULE("tk_sock_recv", "TK_SOCK_AGAIN when there are none now");
        tk_suite_sleep(c, STEP_MS);
    }
    return NULL;
}

static const char *sock_silent(const suite *c)
{
    return on_connection(c, expect_silence);
}

static const char *bad_send = TK_RULE("tk_sock_send", "takes 1 to len bytes and returns how many");
static const char *bad_recv = TK_RULE("tk_sock_recv", "moves 1 to size received bytes to buf");

enum { ECHO_BYTES = 8000, PIECE = 125 };

static int send_piece(const suite *c, int sock, uint32_t at)
{
    uint8_t data[PIECE];
    int len = ECHO_BYTES - at < PIECE ? (int)(ECHO_BYTES - at) : PIECE;

    if (len == 0)
        return TK_SOCK_AGAIN;
    for (int i = 0; i < len; i++)
        data[i] = tk_suite_pattern(at + (uint32_t)i) | 0x08; /* neither EOT nor ENQ */
    int n = tk_sock_send(c->port, sock, data, (size_t)len);

    return n != 0 && n <= len ? n : TK_SOCK_ERR;
}

static int recv_piece(const suite *c, int sock, uint32_t at)
{
    uint8_t data[PIECE];
    int n = tk_sock_recv(c->port, sock, data, sizeof data);

    if (n == 0 || n > PIECE)
        return TK_SOCK_ERR;
    for (int i = 0; i < n; i++) {
        if (data[i] != (tk_suite_pattern(at + (uint32_t)i) | 0x08))
            return TK_SOCK_ERR;
    }
    return n;
}

static const char *expect_echo(const suite *c, int sock)
{
    uint64_t deadline_ms = tk_suite_now(c) + NETWORK_MS;
    uint32_t sent = 0, got = 0;

    while (got < ECHO_BYTES) {
        int up = send_piece(c, sock, sent);
        int down = recv_piece(c, sock, got);

        if (up < 0 && up != TK_SOCK_AGAIN)
            return bad_send;
        if (down < 0 && down != TK_SOCK_AGAIN)
            return bad_recv;
        sent += up > 0 ? (uint32_t)up : 0;
        got += down > 0 ? (uint32_t)down : 0;
        if (up < 0 && down < 0 && !tk_suite_wait_step(c, deadline_ms))
            return sent < ECHO_BYTES ? bad_send : bad_recv;
    }
    return NULL;
}

static const char *sock_echo(const suite *c)
{
    return on_connection(c, expect_echo);
}

/* The reply ends tk_wait long before its deadline. */
static const char *expect_wake(const suite *c, int sock)
{
    uint64_t start_ms = tk_suite_now(c);
    uint8_t byte = ENQ;
    int n;

    if (tk_sock_send(c->port, sock, &byte, 1) != 1)
        return bad_send;
    do {
        n = tk_sock_recv(c->port, sock, &byte, 1);
        (void)tk_device_feed_watchdog(c->port);
        if (n == TK_SOCK_AGAIN)
            tk_wait(c->port, start_ms + NETWORK_MS);
    } while (n == TK_SOCK_AGAIN && tk_suite_since(c, start_ms) < NETWORK_MS);
    return n == 1 && tk_suite_since(c, start_ms) < NETWORK_MS
               ? NULL
               : TK_RULE("tk_wait", "something happens that an earlier call reported as not ready");
}

static const char *sock_wakes(const suite *c)
{
    return on_connection(c, expect_wake);
}

/* Reads until the stream ends. Returns the number of bytes, or a negative result. */
static int read_to_end(const suite *c, int sock, uint8_t *buf, int size)
{
    uint64_t deadline_ms = tk_suite_now(c) + NETWORK_MS;
    int got = 0;

    for (;;) {
        int n = tk_sock_recv(c->port, sock, buf + got, (size_t)(size - got));

        if (n == TK_SOCK_CLOSED)
            return got;
        if (n == 0 || (n < 0 && (n != TK_SOCK_AGAIN || !tk_suite_wait_step(c, deadline_ms))))
            return TK_SOCK_ERR;
        got += n > 0 ? n : 0;
        if (got == size)
            return TK_SOCK_ERR;
    }
}

static const char *expect_end(const suite *c, int sock)
{
    static const uint8_t words[] = {'l', 'a', 's', 't', ' ', 'w', 'o', 'r', 'd', 's', EOT};
    uint8_t buf[sizeof words + 1];

    if (tk_sock_send(c->port, sock, words, sizeof words) != (int)sizeof words)
        return bad_send;
    if (read_to_end(c, sock, buf, sizeof buf) != (int)sizeof words)
        return TK_RULE("tk_sock_recv", "TK_SOCK_CLOSED after the last byte");
    return memcmp(buf, words, sizeof words) == 0 ? NULL : bad_recv;
}

static const char *sock_closed(const suite *c)
{
    return on_connection(c, expect_end);
}

/* Twice the peer's delay after ENQ. */
static uint64_t measure_peer_second(const suite *c)
{
    uint64_t deadline_ms, start_ms;
    uint8_t byte = ENQ;
    int sock;
    int ret = dial(c, c->peer, c->peer_port, &sock);

    start_ms = tk_suite_now(c);
    deadline_ms = start_ms + NETWORK_MS;
    if (ret == TK_SOCK_OK && tk_sock_send(c->port, sock, &byte, 1) == 1) {
        while (tk_sock_recv(c->port, sock, &byte, 1) == TK_SOCK_AGAIN &&
               tk_suite_wait_step(c, deadline_ms))
            continue;
    }
    close_socket(c, sock);
    return tk_suite_since(c, start_ms) * 1000 / PEER_MS;
}

static const char *clock_rate_of_peer(const suite *c)
{
    return tk_suite_compare_rate(c, measure_peer_second);
}

void tk_suite_sock(struct tk_suite_tally *t)
{
    static const struct tk_suite_check checks[] = {
        {"sock.digits", sock_digits},
        {"sock.no_such_name", sock_no_such_name},
        {"sock.cancel", sock_cancel},
        {"sock.refused", sock_refused},
    };

    TK_SUITE_RUN(t, checks, NULL);
}

void tk_suite_sock_peer(struct tk_suite_tally *t)
{
    static const struct tk_suite_check checks[] = {
        {"clock.rate_of_peer", clock_rate_of_peer},
        {"sock.handles", sock_handles},
        {"sock.room", sock_room},
        {"sock.silent", sock_silent},
        {"sock.echo", sock_echo},
        {"sock.wakes", sock_wakes},
        {"sock.closed", sock_closed},
    };

    TK_SUITE_RUN(t, checks, t->c->peer == NULL ? "no peer" : NULL);
}
