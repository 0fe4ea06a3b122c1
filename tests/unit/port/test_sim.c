/* SPDX-License-Identifier: Apache-2.0 */

/* Clock, alarms and network of port/sim do what a test scripts, and when. */

#include "tk_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct tk_port port;
static struct tk_sim_peer peer;

/* --- time --- */

static char order[100];

static int set_up(void **state)
{
    (void)state;
    tk_sim_init(&port, 1);
    tk_console_read(&port, 0, order, 1); /* else its first event ends every wait */
    memset(order, 0, sizeof order);
    peer = (struct tk_sim_peer){.addr = {4, {10, 0, 0, 1}}, .port = 443};
    tk_sim_add_peer(&port, &peer);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_sim_free(&port);
    return 0;
}

static void run_alarm(struct tk_port *p, struct tk_sim_alarm *alarm)
{
    assert_int_equal(p->now_ms, alarm->at_ms);
    strcat(order, alarm->ctx);
    if (alarm->at_ms == 20) {
        alarm->at_ms = 35;
        tk_sim_add_alarm(p, alarm);
    }
}

static void alarms_run_at_their_tick_in_order(void **state)
{
    char names[4][2] = {"c", "a", "b", "d"};
    struct tk_sim_alarm alarms[] = {{.at_ms = 30, .run = run_alarm, .ctx = names[0]},
                                    {.at_ms = 10, .run = run_alarm, .ctx = names[1]},
                                    {.at_ms = 20, .run = run_alarm, .ctx = names[2]},
                                    {.at_ms = 30, .run = run_alarm, .ctx = names[3]}};

    (void)state;
    for (int i = 0; i < 4; i++)
        tk_sim_add_alarm(&port, &alarms[i]);
    tk_sim_advance(&port, 9);
    assert_string_equal(order, "");
    tk_sim_advance(&port, 1);
    assert_string_equal(order, "a");
    tk_wait(&port, 1000); /* only to the next scripted event */
    assert_int_equal(tk_clock_now_ms(&port), 20);
    tk_sim_advance(&port, 1000);
    assert_string_equal(order, "abcdb");
    assert_int_equal(tk_clock_now_ms(&port), 1020);
}

static void wait_jumps_to_the_deadline_and_counts_endless_waits(void **state)
{
    (void)state;
    tk_wait(&port, 500);
    assert_int_equal(tk_clock_now_ms(&port), 500);
    tk_wait(&port, 400);
    assert_int_equal(tk_clock_now_ms(&port), 500);
    assert_int_equal(port.stuck, 0);
    tk_wait(&port, UINT64_MAX);
    assert_int_equal(tk_clock_now_ms(&port), 500);
    assert_int_equal(port.stuck, 1);
}

/* --- the network --- */

static uint8_t got[2000];

static int connected(void)
{
    int sock = tk_sock_open(&port, &peer.addr, 443);

    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_OK);
    return sock;
}

static int connect_and_reply(const char *text)
{
    int sock = connected();

    tk_sim_reply(&port.links[sock], text, strlen(text));
    return sock;
}

static int recv_some(int sock)
{
    memset(got, 0, sizeof got);
    return tk_sock_recv(&port, sock, got, sizeof got - 1);
}

static void a_peer_connects_and_replies_when_scripted(void **state)
{
    (void)state;
    peer.connect_ms = 30;
    peer.reply_ms = 20;
    int sock = tk_sock_open(&port, &peer.addr, 443);

    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_AGAIN);
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 30);
    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_OK);
    tk_sim_reply(&port.links[sock], "ab", 2);
    tk_sim_fin(&port.links[sock]);
    tk_sim_reply(&port.links[sock], "c", 1); /* after the end: ignored */
    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 50);
    assert_int_equal(recv_some(sock), 2);
    assert_int_equal(recv_some(sock), TK_SOCK_CLOSED);
    assert_int_equal(recv_some(sock), TK_SOCK_CLOSED);
}

static void a_peer_refuses_or_does_not_answer(void **state)
{
    (void)state;
    peer.answer = TK_SIM_REFUSE;
    peer.connect_ms = 5;
    int sock = tk_sock_open(&port, &peer.addr, 443);

    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_AGAIN);
    tk_sim_advance(&port, 5);
    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_ERR);
    peer.answer = TK_SIM_SILENT;
    sock = tk_sock_open(&port, &peer.addr, 443);
    tk_sim_advance(&port, 100000000);
    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_AGAIN);
    sock = tk_sock_open(&port, &peer.addr, 444); /* no such peer */
    assert_int_equal(tk_sock_connected(&port, sock), TK_SOCK_ERR);
}

static void bytes_arrive_as_slowly_as_scripted(void **state)
{
    (void)state;
    peer.down = (struct tk_sim_flow){.at_most = 2, .again = 1};
    int sock = connect_and_reply("abc");

    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    assert_int_equal(recv_some(sock), 2);
    assert_memory_equal(got, "ab", 3);
    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    assert_int_equal(recv_some(sock), 1);
    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    peer.up.at_most = 3;
    assert_int_equal(tk_sock_send(&port, sock, "abcd", 4), 3);
}

static void a_connection_ends_at_the_scripted_byte(void **state)
{
    (void)state;
    for (unsigned after = 0; after < 5; after++) {
        enum tk_sim_event event = after % 2 == 0 ? TK_SIM_FIN : TK_SIM_RESET;

        peer.down = (struct tk_sim_flow){.event = event, .after = after};
        int sock = connect_and_reply("abcdef");

        for (unsigned moved = 0; moved < after; moved += (unsigned)strlen((char *)got))
            assert_true(recv_some(sock) > 0);
        assert_int_equal(recv_some(sock), event == TK_SIM_FIN ? TK_SOCK_CLOSED : TK_SOCK_ERR);
        assert_int_equal(port.links[sock].down.bytes, after);
        tk_sock_close(&port, sock);
    }
    peer.down = (struct tk_sim_flow){.event = TK_SIM_NOTHING};
    peer.up = (struct tk_sim_flow){.event = TK_SIM_RESET, .after = 3};
    int sock = connected();

    assert_int_equal(tk_sock_send(&port, sock, "abcd", 4), 3);
    assert_int_equal(tk_sock_send(&port, sock, "d", 1), TK_SOCK_ERR);
    assert_int_equal(recv_some(sock), TK_SOCK_ERR);
}

static void a_stall_ends_when_scripted(void **state)
{
    (void)state;
    peer.down = (struct tk_sim_flow){.event = TK_SIM_STALL, .after = 1, .until_ms = 700};
    int sock = connect_and_reply("abc");

    assert_int_equal(recv_some(sock), 1);
    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    tk_wait(&port, 100000);
    assert_int_equal(tk_clock_now_ms(&port), 700);
    assert_int_equal(recv_some(sock), 2);
}

static void names_are_resolved_when_scripted(void **state)
{
    struct tk_sim_name slow = {
        "slow.example", {{4, {10, 0, 0, 1}}, {4, {10, 0, 0, 2}}}, 2, 40, NULL};
    struct tk_addr addrs[4];

    (void)state;
    tk_sim_add_name(&port, &slow);
    int lookup = tk_sock_lookup(&port, "slow.example");
    int unknown = tk_sock_lookup(&port, "other.example");

    assert_int_equal(tk_sock_lookup_poll(&port, unknown, addrs, 4), TK_SOCK_ERR);
    assert_int_equal(tk_sock_lookup_poll(&port, lookup, addrs, 4), TK_SOCK_AGAIN);
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 40);
    assert_int_equal(tk_sock_lookup_poll(&port, lookup, addrs, 1), 1); /* no more than asked for */
    assert_int_equal(tk_sock_lookup_poll(&port, lookup, addrs, 4), TK_SOCK_ERR);
    for (int i = 0; i < TK_SIM_LOOKUPS; i++)
        assert_true(tk_sock_lookup(&port, "slow.example") >= 0);
    assert_int_equal(tk_sock_lookup(&port, "slow.example"), TK_SOCK_AGAIN);
    tk_sock_lookup_cancel(&port, 2);
    assert_int_equal(tk_sock_lookup(&port, "10.9.8.7"), 2);
    assert_int_equal(tk_sock_lookup_poll(&port, 2, addrs, 4), 1);
    assert_memory_equal(addrs[0].bytes, "\x0a\x09\x08\x07", 4);
}

/* A program that ignores an event neither hangs in one tick nor spins. */
static void an_ignored_event_is_skipped_once(void **state)
{
    (void)state;
    int sock = connected();

    assert_int_equal(recv_some(sock), TK_SOCK_AGAIN);
    tk_sim_reply(&port.links[sock], "a", 1);
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 0); /* reported */
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 10); /* skipped */
    tk_wait(&port, 1000);
    assert_int_equal(tk_clock_now_ms(&port), 10); /* reported again */
    assert_int_equal(recv_some(sock), 1);
    tk_wait(&port, 1000); /* no call has returned "again" since */
    assert_int_equal(tk_clock_now_ms(&port), 1000);
}

static void the_number_of_sockets_is_as_scripted(void **state)
{
    (void)state;
    port.max_sockets = 2;
    int first = connected();

    connected();
    assert_int_equal(tk_sock_open(&port, &peer.addr, 443), TK_SOCK_AGAIN);
    tk_sock_close(&port, first);
    assert_int_equal(connected(), first);
    assert_int_equal(port.connections_begun, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(alarms_run_at_their_tick_in_order),
        TEST(wait_jumps_to_the_deadline_and_counts_endless_waits),
        TEST(a_peer_connects_and_replies_when_scripted),
        TEST(a_peer_refuses_or_does_not_answer),
        TEST(bytes_arrive_as_slowly_as_scripted),
        TEST(a_connection_ends_at_the_scripted_byte),
        TEST(a_stall_ends_when_scripted),
        TEST(names_are_resolved_when_scripted),
        TEST(an_ignored_event_is_skipped_once),
        TEST(the_number_of_sockets_is_as_scripted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
