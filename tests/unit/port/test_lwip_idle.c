/* SPDX-License-Identifier: Apache-2.0 */
/* How often lwIP's timers wake the processor, and what happens when they run late. */
#include "wire.h"

#include <limits.h>
#include <lwip/dhcp.h>
#include <lwip/priv/tcp_priv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

static struct tk_port *const port = &wire.port;
static const struct tk_addr server = {.family = 4, .bytes = {10, 0, 2, 100}};
static int sock;

static int set_up(void **state)
{
    (void)state;
    for (int i = 0; i < TK_LWIP_SOCKS; i++)
        tk_sock_close(port, i);
    wire_reset();
    wire_run(10 * MINUTE); /* until there is a lease and no connection */
    return 0;
}

/* Sleeps as the keeper does, at most ten seconds at a time. */
static unsigned wakes_in(uint64_t ms)
{
    unsigned before = port->wakes;
    uint64_t end_ms = port->now_ms + ms;

    while (port->now_ms < end_ms)
        tk_wait(port, port->now_ms + 10000 < end_ms ? port->now_ms + 10000 : end_ms);
    return port->wakes - before;
}

static bool not_again(void)
{
    return tk_sock_connected(port, sock) != TK_SOCK_AGAIN;
}

static struct wire_conn *open_connection(void)
{
    sock = tk_sock_open(port, &server, 443);
    assert_true(wire_until(not_again, 5000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_OK);
    return wire_last();
}

static void idle_with_a_lease(void **state)
{
    unsigned wakes = wakes_in(HOUR);

    (void)state;
    print_message("idle with a lease: %u wake-ups in an hour, 360 of them the keeper's own\n",
                  wakes);
    assert_true(wakes <= 12 * 60);
    assert_true(wakes <= 360 + 60 + 10);
}

static void an_idle_connection(void **state)
{
    struct wire_conn *c = open_connection();
    unsigned wakes;

    (void)state;
    wire_run(1000);
    wakes = wakes_in(2 * MINUTE);
    print_message("with an idle connection: %u in two minutes\n", wakes);
    assert_true(wakes <= 24);
    wire_give(c, "still there", 11);
    wire_run(100);
    assert_int_equal(tk_sock_recv(port, sock, (char[20]){0}, 20), 11);
    assert_int_equal(tk_sock_send(port, sock, "yes", 3), 3);
    wire_run(100);
    assert_int_equal(c->in_len, 3);
}

static void a_closed_connection(void **state)
{
    struct wire_conn *c = open_connection();
    unsigned wakes;

    (void)state;
    tk_sock_close(port, sock);
    wire_run(100);
    wire_fin(c);
    wire_run(100);
    assert_non_null(tcp_tw_pcbs);
    wakes = wakes_in(2 * MINUTE);
    print_message("after a connection: %u in two minutes\n", wakes);
    assert_true(wakes <= 24);
    wakes_in(MINUTE);
    assert_null(tcp_tw_pcbs);
}

/* lwIP backs off, and is woken only for its requests. */
static void without_a_dhcp_server(void **state)
{
    unsigned wakes;

    (void)state;
    wire.no_dhcp = true;
    wire_link(false);
    wire_link(true);
    wakes_in(30 * MINUTE);
    wakes = wakes_in(10 * MINUTE);
    print_message("without a DHCP server: %u in ten minutes\n", wakes);
    assert_true(wakes <= 120);
    wire.no_dhcp = false;
}

static void a_lease_is_renewed_in_time(void **state)
{
    (void)state;
    wire.lease_s = 600;
    wire_link(false);
    wire_link(true);
    wire_run(MINUTE);
    wire.dhcp_requests = 0;
    assert_true(wakes_in(HOUR) <= 12 * 60);
    assert_in_range(wire.dhcp_requests, 6, 14);
    assert_false(ip4_addr_isany_val(*netif_ip4_addr(tk_lwip_netif())));
}

static void a_lease_that_is_not_renewed_ends(void **state)
{
    (void)state;
    wire.lease_s = 600;
    wire_link(false);
    wire_link(true);
    wire_run(MINUTE);
    wire.no_dhcp = true;
    wakes_in(12 * MINUTE);
    assert_true(ip4_addr_isany_val(*netif_ip4_addr(tk_lwip_netif())));
    assert_int_equal(tk_sock_lookup(port, "one.example"), TK_SOCK_AGAIN);
    wire.no_dhcp = false;
    wakes_in(10 * MINUTE);
    assert_false(ip4_addr_isany_val(*netif_ip4_addr(tk_lwip_netif())));
}

/* Timers of an hour without a call run before the connection begins. */
static void missed_timers_do_not_affect_a_new_connection(void **state)
{
    (void)state;
    port->now_ms += HOUR;
    sock = tk_sock_open(port, &server, 9);
    assert_true(sock >= 0);
    wire_run(400);
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_AGAIN);
    assert_non_null(tcp_active_pcbs);
    assert_int_equal(tcp_active_pcbs->nrtx, 0);
}

static int lookup;
static struct tk_addr addrs[TK_SOCK_ADDRS];

static bool answered(void)
{
    return tk_sock_lookup_poll(port, lookup, addrs, TK_SOCK_ADDRS) == 1;
}

static void missed_timers_do_not_affect_a_new_lookup(void **state)
{
    (void)state;
    wire.names[0] = (struct wire_name){.name = "a.example", .count = 1, .last = {7}, .lost = 1};
    port->now_ms += HOUR;
    lookup = tk_sock_lookup(port, "a.example");
    assert_true(wire_until(answered, 10000));
    assert_int_equal(wire.dns_questions, 2);
}

static void a_cancelled_lookup_causes_few_wake_ups(void **state)
{
    (void)state;
    wire.names[0] = (struct wire_name){.name = "a.example", .lost = UINT_MAX};
    tk_sock_lookup_cancel(port, tk_sock_lookup(port, "a.example"));
    wakes_in(MINUTE);
    assert_true(wakes_in(10 * MINUTE) <= 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(idle_with_a_lease, set_up),
        cmocka_unit_test_setup(an_idle_connection, set_up),
        cmocka_unit_test_setup(a_closed_connection, set_up),
        cmocka_unit_test_setup(without_a_dhcp_server, set_up),
        cmocka_unit_test_setup(a_lease_is_renewed_in_time, set_up),
        cmocka_unit_test_setup(a_lease_that_is_not_renewed_ends, set_up),
        cmocka_unit_test_setup(missed_timers_do_not_affect_a_new_connection, set_up),
        cmocka_unit_test_setup(missed_timers_do_not_affect_a_new_lookup, set_up),
        cmocka_unit_test_setup(a_cancelled_lookup_causes_few_wake_ups, set_up),
    };

    wire_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
