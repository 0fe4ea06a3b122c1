/* SPDX-License-Identifier: Apache-2.0 */

/* The socket contract over lwIP's raw API, with the options of the board with 64 KB. */

#include "tk_clock.h"
#include "tk_conformance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lwip_sock.h"

/* Reads to the end of the stream, or until nothing comes for three seconds. Returns the bytes. */
static size_t read_all(int s, uint8_t *buf, size_t size, size_t step, int *outcome)
{
    size_t got = 0;
    uint64_t until_ms = port->now_ms + 3000;

    for (;;) {
        int n = tk_sock_recv(port, s, buf + got, size - got < step ? size - got : step);

        if (n > 0) {
            got += (size_t)n;
            until_ms = port->now_ms + 3000;
        } else if (n != TK_SOCK_AGAIN || port->now_ms >= until_ms) {
            *outcome = n;
            return got;
        } else {
            tk_wait(port, until_ms);
        }
    }
}

static void fill(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf[i] = (uint8_t)(i * 7 + i / 251);
}

static uint8_t sent[40000], got[40000];

/* --- connecting --- */

static void connects_and_closes_in_order(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    tk_sock_close(port, sock);
    wire_run(100);
    assert_true(c->got_fin);
    assert_false(c->got_reset);
    wire_fin(c);
}

static void refused_is_an_error(void **state)
{
    (void)state;
    sock = tk_sock_open(port, &server, 81);
    assert_true(sock >= 0);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_AGAIN);
    assert_true(wire_until(not_again, 5000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_ERR);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_ERR);
    assert_int_equal(tk_sock_send(port, sock, "x", 1), TK_SOCK_ERR);
    assert_int_equal(tk_sock_recv(port, sock, got, 1), TK_SOCK_ERR);
    tk_sock_close(port, sock);
}

static void an_unanswered_connection_returns_again(void **state)
{
    (void)state;
    sock = tk_sock_open(port, &server, 9);
    wire_run(10000);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_AGAIN);
    assert_int_equal(tk_sock_send(port, sock, "x", 1), TK_SOCK_AGAIN);
    assert_int_equal(tk_sock_recv(port, sock, got, 1), TK_SOCK_AGAIN);
    tk_sock_close(port, sock);
}

/* After more than 40 s lwIP gives up. */
static void an_unanswered_connection_becomes_an_error(void **state)
{
    (void)state;
    sock = tk_sock_open(port, &server, 9);
    assert_true(wire_until(not_again, 300000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_ERR);
    tk_sock_close(port, sock);
}

static void no_more_sockets_is_reported(void **state)
{
    int s[TK_LWIP_SOCKS];

    (void)state;
    for (int i = 0; i < TK_LWIP_SOCKS; i++) {
        s[i] = tk_sock_open(port, &server, 443);
        assert_true(s[i] >= 0);
    }
    assert_int_equal(tk_sock_open(port, &server, 443), TK_SOCK_AGAIN);
    wire_run(100);
    for (int i = 0; i < TK_LWIP_SOCKS; i++)
        tk_sock_close(port, s[i]);
    sock = tk_sock_open(port, &server, 443);
    assert_true(sock >= 0);
    tk_sock_close(port, sock);
}

static void wrong_handles_and_families_are_errors(void **state)
{
    struct tk_addr v6 = {.family = 6};

    (void)state;
    assert_int_equal(tk_sock_open(port, &v6, 443), TK_SOCK_ERR);
    for (int s = -5; s <= TK_LWIP_SOCKS; s++) {
        assert_int_equal(tk_sock_connected(port, s), TK_SOCK_ERR);
        assert_int_equal(tk_sock_send(port, s, "x", 1), TK_SOCK_ERR);
        assert_int_equal(tk_sock_recv(port, s, got, 1), TK_SOCK_ERR);
        tk_sock_close(port, s);
    }
    for (int l = -5; l <= TK_LWIP_LOOKUPS; l++) {
        struct tk_addr addr;

        assert_int_equal(tk_sock_lookup_poll(port, l, &addr, 1), TK_SOCK_ERR);
        tk_sock_lookup_cancel(port, l);
    }
}

/* Also where the server never acknowledges their end. */
static void closed_connections_free_their_slots(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * MEMP_NUM_TCP_PCB; i++) {
        open_connection();
        wire.cut = true; /* the FIN is lost, and all after it */
        tk_sock_close(port, sock);
        wire_run(10);
        wire.cut = false;
        wire_last()->used = false;
    }
}

/* --- receiving --- */

static void receives_a_stream_in_any_pieces(void **state)
{
    static const size_t pieces[] = {1, 10, 100, 536, 1024};
    static const size_t steps[] = {1, 7, 125, 4096};
    int outcome;

    (void)state;
    fill(sent, sizeof sent);
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 4; k++) {
            size_t len = pieces[i] == 1 ? 300 : pieces[i] == 10 ? 3000 : 20000;
            struct wire_conn *c = open_connection();

            wire.piece = pieces[i];
            wire_give(c, sent, len);
            wire_fin(c);
            assert_int_equal(read_all(sock, got, sizeof got, steps[k], &outcome), len);
            assert_int_equal(outcome, TK_SOCK_CLOSED);
            assert_memory_equal(got, sent, len);
            assert_int_equal(tk_sock_recv(port, sock, got, 1), TK_SOCK_CLOSED);
            tk_sock_close(port, sock);
            wire_run(10);
            assert_true(c->got_fin);
            assert_false(c->got_reset);
        }
    }
}

/* Each third packet is lost, and more do not fit into the pool. */
static void receives_a_stream_over_a_lossy_line(void **state)
{
    struct wire_conn *c = open_connection();
    size_t len = 0;
    int n;

    (void)state;
    fill(sent, sizeof sent);
    wire.lose_every = 3;
    wire.piece = 300;
    wire_give(c, sent, 20000);
    wire_fin(c);
    for (uint64_t end_ms = port->now_ms + 600000; port->now_ms < end_ms;) {
        n = tk_sock_recv(port, sock, got + len, 500);
        if (n == TK_SOCK_AGAIN)
            tk_wait(port, end_ms);
        else if (n > 0)
            len += (size_t)n;
        else
            break;
    }
    assert_int_equal(n, TK_SOCK_CLOSED);
    assert_int_equal(len, 20000);
    assert_memory_equal(got, sent, len);
    wire.lose_every = 0;
    tk_sock_close(port, sock);
}

/* Without reads the peer sends one window. */
static void the_window_closes_and_opens(void **state)
{
    struct wire_conn *c = open_connection();
    int outcome;

    (void)state;
    fill(sent, sizeof sent);
    wire_give(c, sent, 3 * TCP_WND);
    wire_run(5000);
    assert_int_equal(c->least_window, 0);
    assert_int_equal(c->next - c->iss - 1, TCP_WND);
    assert_int_equal(read_all(sock, got, sizeof got, 100, &outcome), 3 * TCP_WND);
    assert_int_equal(outcome, TK_SOCK_AGAIN);
    assert_memory_equal(got, sent, 3 * TCP_WND);
    wire_run(1000);
    assert_true(c->window >= TCP_WND * 3 / 4);
    tk_sock_close(port, sock);
    wire_run(100);
    wire_fin(c);
}

/* Also when the peer answers later bytes with a reset. */
static void bytes_before_a_fin_are_received(void **state)
{
    struct wire_conn *c = open_connection();
    int outcome;

    (void)state;
    fill(sent, sizeof sent);
    wire_give(c, sent, 2000);
    wire_fin(c);
    wire_run(100);
    assert_int_equal(tk_sock_send(port, sock, "close_notify", 12), 12);
    wire_run(10);
    wire_rst(c);
    wire_run(100);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_OK);
    assert_int_equal(read_all(sock, got, sizeof got, 300, &outcome), 2000);
    assert_int_equal(outcome, TK_SOCK_CLOSED);
    assert_memory_equal(got, sent, 2000);
    assert_int_equal(tk_sock_send(port, sock, "x", 1), TK_SOCK_ERR);
    tk_sock_close(port, sock);
}

static void a_reset_is_an_error_after_the_bytes_received(void **state)
{
    struct wire_conn *c = open_connection();
    int outcome;

    (void)state;
    wire_give(c, "half an answer", 14);
    wire_run(10);
    wire_rst(c);
    wire_run(10);
    assert_int_equal(read_all(sock, got, sizeof got, 5, &outcome), 14);
    assert_int_equal(outcome, TK_SOCK_ERR);
    assert_memory_equal(got, "half an answer", 14);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_ERR);
    tk_sock_close(port, sock);
}

static void sends_after_the_peer_has_closed(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    wire_fin(c);
    wire_run(100);
    assert_int_equal(tk_sock_recv(port, sock, got, 10), TK_SOCK_CLOSED);
    assert_int_equal(tk_sock_send(port, sock, "bye", 3), 3);
    wire_run(100);
    assert_int_equal(c->in_len, 3);
    assert_true(c->fin_taken);
    tk_sock_close(port, sock);
    wire_run(100);
    assert_true(c->got_fin);
}

/* --- sending --- */

static void send_all(size_t len)
{
    size_t at = 0;
    uint64_t end_ms = port->now_ms + 600000;

    while (at < len && port->now_ms < end_ms) {
        int n = tk_sock_send(port, sock, sent + at, len - at);

        assert_true(n > 0 || n == TK_SOCK_AGAIN);
        if (n > 0)
            at += (size_t)n;
        else
            tk_wait(port, end_ms);
    }
    assert_int_equal(at, len);
}

static void sends_a_long_request(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    fill(sent, sizeof sent);
    send_all(30000);
    tk_sock_close(port, sock); /* until the last of it is acknowledged */
    wire_run(2000);
    assert_int_equal(c->in_len, 30000);
    assert_memory_equal(c->in, sent, 30000);
    assert_true(c->got_fin);
    assert_false(c->got_reset);
    wire_fin(c);
}

/* And does not reset the connection. */
static void closing_with_unread_bytes_delivers_what_was_sent(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    wire_give(c, sent, 1500);
    wire_run(100);
    assert_int_equal(tk_sock_recv(port, sock, got, 10), 10);
    assert_int_equal(tk_sock_send(port, sock, "last words", 10), 10);
    tk_sock_close(port, sock);
    wire_run(100);
    assert_int_equal(c->in_len, 10);
    assert_true(c->got_fin);
    assert_false(c->got_reset);
    wire_fin(c);
}

static bool may_send(void)
{
    int n = tk_sock_send(port, sock, "x", 1);

    return n == 1;
}

/* tk_wait ends when there is room. */
static void a_full_send_buffer_returns_again(void **state)
{
    struct wire_conn *c = open_connection();
    unsigned wakes;
    int n;

    (void)state;
    fill(sent, sizeof sent);
    wire.cut = true;
    n = tk_sock_send(port, sock, sent, 10000);
    assert_true(n > 0 && n < 10000);
    while ((n = tk_sock_send(port, sock, sent, 1000)) > 0)
        continue;
    assert_int_equal(n, TK_SOCK_AGAIN);
    wire.cut = false;
    wakes = port->wakes;
    assert_true(wire_until(may_send, 60000));
    assert_true(port->wakes - wakes < 60);
    tk_sock_close(port, sock);
    wire_run(5000);
    assert_true(c->got_fin);
    wire_fin(c);
}

/* Without Nagle, though the last one is not acknowledged. */
static void small_pieces_are_sent_at_once(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    assert_int_equal(tk_sock_send(port, sock, "a", 1), 1);
    assert_int_equal(tk_sock_send(port, sock, "b", 1), 1);
    assert_int_equal(c->in_len, 2);
}

/* Also where nothing else wakes the processor. */
static void a_lost_segment_is_retransmitted_soon(void **state)
{
    struct wire_conn *c = open_connection();
    uint64_t start_ms;

    (void)state;
    wire_run(100000);
    wire.cut = true;
    assert_int_equal(tk_sock_send(port, sock, "hello", 5), 5);
    wire.cut = false;
    start_ms = port->now_ms;
    wire_run(60000);
    assert_int_equal(c->in_len, 5);
    assert_true(c->in_ms - start_ms < 4000);
}

/* lwIP's heap is exhausted; lwIP does not report when it is free again. */
static void no_memory_returns_again(void **state)
{
    void *taken[64];
    uint64_t start_ms;
    int n = 0;

    (void)state;
    open_connection();
    while (n < 64 && (taken[n] = mem_malloc(64)) != NULL)
        n++;
    assert_int_equal(tk_sock_send(port, sock, sent, 1000), TK_SOCK_AGAIN);
    while (n > 0)
        mem_free(taken[--n]);
    wire_run(1); /* an event of before */
    start_ms = port->now_ms;
    tk_wait(port, start_ms + 60000);
    assert_true(port->now_ms - start_ms < 2000);
    assert_true(may_send());
    wire_run(100);
    assert_int_equal(wire_last()->in_len, 1);
    tk_sock_close(port, sock);
    wire_run(100);
    wire_fin(wire_last());
}

static void sends_as_much_as_there_is_memory_for(void **state)
{
    void *taken[64];
    int n = 0;
    int sent_now;

    (void)state;
    open_connection();
    while (n < 64 && (taken[n] = mem_malloc(64)) != NULL)
        n++;
    for (int i = 0; i < 8; i++)
        mem_free(taken[--n]);
    sent_now = tk_sock_send(port, sock, sent, 1000);
    while (n > 0)
        mem_free(taken[--n]);
    assert_in_range(sent_now, 100, 900);
    wire_run(100);
    assert_int_equal(wire_last()->in_len, sent_now);
}

static void calls_without_bytes_do_nothing(void **state)
{
    open_connection();
    (void)state;
    assert_int_equal(tk_sock_send(port, sock, "", 0), 0);
    assert_int_equal(tk_sock_recv(port, sock, got, 0), 0);
    tk_sock_close(port, sock);
    wire_run(100);
    wire_fin(wire_last());
}

/* --- frames --- */

static void frames_of_invalid_length_are_dropped(void **state)
{
    static const size_t good[] = {14, 1514, 1518}, bad[] = {0, 13, 1519, 65536 + 100};
    struct netif *netif = (struct netif *)tk_lwip_netif();
    uint8_t byte = 0;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct pbuf *frame = tk_lwip_frame(good[i]);

        assert_non_null(frame);
        assert_int_equal(frame->tot_len, good[i]);
        pbuf_free(frame);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(tk_lwip_frame(bad[i]));
        tk_lwip_frame_from(netif, &byte, bad[i]); /* reads no byte */
    }
}

static void the_driver_gets_only_valid_frames(void **state)
{
    static const uint16_t lengths[] = {13, 14, 1514, 1515};
    struct netif *netif = (struct netif *)tk_lwip_netif();

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct pbuf *frame = pbuf_alloc(PBUF_RAW, lengths[i], PBUF_POOL);
        unsigned before = wire.frames_out;
        bool fits = lengths[i] >= 14 && lengths[i] <= 1514;

        assert_non_null(frame);
        for (struct pbuf *p = frame; p != NULL; p = p->next)
            memset(p->payload, 0, p->len);
        assert_int_equal(netif->linkoutput(netif, frame), fits ? ERR_OK : ERR_IF);
        assert_int_equal(wire.frames_out - before, fits);
        pbuf_free(frame);
    }
}

/* --- the conformance suite --- */

/* The peer of tk_conformance.h. */
static void echo(struct wire_conn *conn, const uint8_t *data, size_t len)
{
    if (memchr(data, 5, len) != NULL)
        wire_give_later(conn, 500, data, len);
    else
        wire_give(conn, data, len);
    if (memchr(data, 4, len) != NULL)
        wire_fin(conn);
}

static void report(void *ctx, const char *check, const char *result, const char *detail)
{
    (void)ctx;
    if (strcmp(result, TK_CONFORMANCE_FAILED) == 0)
        print_message("%s %s %s\n", check, result, detail);
}

static void conforms(void **state)
{
    const struct tk_conformance suite = {
        .port = port, .peer = "10.0.2.100", .peer_port = 443, .closed_port = 81, .report = report};

    (void)state;
    wire.serve = echo;
    assert_int_equal(tk_conformance_run(&suite), 0);
    for (int i = 0; i < WIRE_CONNS; i++) {
        if (wire.conns[i].used && !wire.conns[i].fin)
            wire_fin(&wire.conns[i]);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(connects_and_closes_in_order),
        TEST(refused_is_an_error),
        TEST(an_unanswered_connection_returns_again),
        TEST(an_unanswered_connection_becomes_an_error),
        TEST(no_more_sockets_is_reported),
        TEST(wrong_handles_and_families_are_errors),
        TEST(receives_a_stream_in_any_pieces),
        TEST(receives_a_stream_over_a_lossy_line),
        TEST(the_window_closes_and_opens),
        TEST(bytes_before_a_fin_are_received),
        TEST(a_reset_is_an_error_after_the_bytes_received),
        TEST(sends_after_the_peer_has_closed),
        TEST(sends_a_long_request),
        TEST(closing_with_unread_bytes_delivers_what_was_sent),
        TEST(a_full_send_buffer_returns_again),
        TEST(small_pieces_are_sent_at_once),
        TEST(a_lost_segment_is_retransmitted_soon),
        TEST(no_memory_returns_again),
        TEST(sends_as_much_as_there_is_memory_for),
        TEST(calls_without_bytes_do_nothing),
        TEST(frames_of_invalid_length_are_dropped),
        TEST(the_driver_gets_only_valid_frames),
        TEST(conforms),
        cmocka_unit_test_setup(closed_connections_free_their_slots, set_up),
    };

    wire_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
