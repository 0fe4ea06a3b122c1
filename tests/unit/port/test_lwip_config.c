/* SPDX-License-Identifier: Apache-2.0 */
/* What the device is told of the network that it stands in: its address, and who tells the time. */
#include "tk_clock.h"
#include "wire.h"

#include <limits.h>
#include <lwip/dns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOON 1900000000 /* some time in 2030 */

static struct tk_port *const port = &wire.port;
static const struct tk_ip by_dhcp;

/* How the time server answers. */
static struct {
    int64_t unix_s; /* at tick 0 */
    uint8_t first, stratum;
    bool strange; /* the answer to somebody else's question */
    bool zero;
    unsigned lost;
    uint8_t asked[64][8]; /* transmit times of the questions */
} server;

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static bool answer_ntp(const uint8_t request[48], uint8_t answer[48])
{
    memcpy(server.asked[wire.ntp_questions % 64], request + 40, 8);
    if (server.lost > 0) {
        server.lost--;
        return false;
    }
    answer[0] = server.first;
    answer[1] = server.stratum;
    memcpy(answer + 24, request + 40, 8);
    answer[24] ^= server.strange;
    if (!server.zero)
        put32(answer + 40, (uint32_t)(server.unix_s + 2208988800 + (int64_t)(port->now_ms / 1000)));
    return true;
}

static int setup(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "");
    wire_reset();
    (void)tk_sock_set_ip(port, &by_dhcp);
    wire_run(20000);
    wire.ntp = answer_ntp;
    memset(&server, 0, sizeof server);
    server.first = 0x24;
    server.stratum = 2;
    server.unix_s = NOON - (int64_t)(port->now_ms / 1000);
    wire.names[0] = (struct wire_name){.name = "time.example", .count = 2, .last = {4, 5}};
    return 0;
}

static int64_t told;

static bool has_told(void)
{
    return tk_clock_ntp_poll(port, &told);
}

/* --- the time --- */

static void the_time_is_told_once_an_answer(void **state)
{
    (void)state;
    assert_false(has_told());
    assert_int_equal(tk_clock_ntp_server(port, "time.example"), 0);
    assert_true(wire_until(has_told, 5000));
    assert_in_range(told, NOON, NOON + 1);
    assert_false(has_told());
    assert_int_equal(wire.ntp_questions, 1);
}

static void digits_need_no_name_server(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_told, 5000));
    assert_int_equal(wire.dns_questions, 0);
}

/* An answer that is fetched late is still right. */
static void the_time_goes_on(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(100000);
    assert_true(has_told());
    assert_in_range(told, NOON + 99, NOON + 101);
}

static void it_is_asked_again_every_hour(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(10 * 3600000 + 10000);
    assert_int_equal(wire.ntp_questions, 11);
    assert_true(has_told());
    assert_in_range(told, NOON + 36000, NOON + 36011);
}

static void an_hour_costs_few_wake_ups(void **state)
{
    unsigned before;

    (void)state;
    (void)tk_clock_ntp_server(port, "time.example");
    wire_run(60000);
    before = port->wakes;
    wire_run(10 * 3600000);
    assert_true(port->wakes - before < 10 * 60 + 10 * 12);
}

static void the_next_address_is_asked_after_a_silent_one(void **state)
{
    (void)state;
    server.lost = 1;
    (void)tk_clock_ntp_server(port, "time.example");
    assert_true(wire_until(has_told, 10000));
    assert_int_equal(wire.ntp_questions, 2);
    assert_int_equal(wire.dns_questions, 1);
}

/* RFC 4330, 10: never more often than each 15 seconds; and ever more seldom. */
static void silence_is_not_shouted_at(void **state)
{
    (void)state;
    server.lost = UINT_MAX;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(18000);
    assert_int_equal(wire.ntp_questions, 1);
    wire_run(3600000);
    assert_in_range(wire.ntp_questions, 6, 12);
    assert_false(has_told());
    server.lost = 0;
    assert_true(wire_until(has_told, 1000000));
}

static void every_question_is_another(void **state)
{
    (void)state;
    server.lost = UINT_MAX;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(60000);
    assert_true(wire.ntp_questions >= 2);
    assert_memory_not_equal(server.asked[1], server.asked[2], 8);
}

static void expect_no_answer(void)
{
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(60000);
    assert_true(wire.ntp_questions >= 1);
    assert_false(has_told());
}

static void an_answer_to_another_question_is_none(void **state)
{
    (void)state;
    server.strange = true;
    expect_no_answer();
}

static void a_server_without_the_time_is_not_believed(void **state)
{
    (void)state;
    server.first = 0xe4;
    expect_no_answer();
}

static void a_server_that_is_no_server_is_not_believed(void **state)
{
    (void)state;
    server.first = 0x23;
    expect_no_answer();
}

static void an_answer_without_a_time_is_not_believed(void **state)
{
    (void)state;
    server.zero = true;
    expect_no_answer();
}

static void a_stratum_that_is_none_is_not_believed(void **state)
{
    (void)state;
    server.stratum = 16;
    expect_no_answer();
}

/* Stratum 0 is a kiss of death (RFC 4330, 8): that server is left alone for long. */
static void who_wants_to_be_left_alone_is(void **state)
{
    (void)state;
    server.stratum = 0;
    expect_no_answer();
    wire_run(900000);
    assert_int_equal(wire.ntp_questions, 1);
}

/* 2036-02-07T06:28:16Z is where the 32 bits wrap. */
static void the_next_era(void **state)
{
    (void)state;
    server.unix_s = 2085978490 - (int64_t)(port->now_ms / 1000);
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_told, 5000));
    assert_in_range(told, 2085978490, 2085978491);
    server.unix_s += 20;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_told, 5000));
    assert_in_range(told, 2085978510, 2085978511);
}

static void nobody_is_asked_any_more(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "time.example");
    (void)tk_clock_ntp_server(port, "");
    wire_run(100000);
    assert_int_equal(wire.ntp_questions, 0);
    assert_false(has_told());
}

/* Asked as soon as there is a network, and not before. */
static void it_waits_for_an_address(void **state)
{
    unsigned before;

    (void)state;
    wire_link(false);
    (void)tk_clock_ntp_server(port, "time.example");
    before = port->wakes;
    wire_run(600000);
    assert_true(port->wakes - before < 120);
    assert_int_equal(wire.ntp_questions, 0);
    wire_link(true);
    assert_true(wire_until(has_told, 20000));
}

/* Beside two names that others look up, there is a place for it afterwards. */
static void it_waits_for_a_place(void **state)
{
    (void)state;
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        assert_true(tk_sock_lookup(port, "unknown.example") >= 0);
    (void)tk_clock_ntp_server(port, "time.example");
    wire_run(1000);
    assert_int_equal(wire.ntp_questions, 0);
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        tk_sock_lookup_cancel(port, i);
    assert_true(wire_until(has_told, 70000));
}

/* --- the address --- */

static const struct tk_ip fixed = {.fixed = true,
                                   .prefix = 24,
                                   .addr = {10, 0, 2, 77},
                                   .gateway = {10, 0, 2, 1},
                                   .dns = {10, 0, 2, 9}};

static int sock;

static bool not_again(void)
{
    return tk_sock_connected(port, sock) != TK_SOCK_AGAIN;
}

static void expect_connection(uint8_t last)
{
    const struct tk_addr far = {.family = 4, .bytes = {192, 0, 2, 1}}; /* by the gateway */

    sock = tk_sock_open(port, &far, 443);
    assert_true(sock >= 0);
    assert_true(wire_until(not_again, 5000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_OK);
    assert_int_equal(wire.client_ip[3], last);
    tk_sock_close(port, sock);
    wire_run(100);
}

static void a_fixed_address_needs_no_dhcp(void **state)
{
    (void)state;
    wire.no_dhcp = true;
    assert_int_equal(tk_sock_set_ip(port, &fixed), TK_SOCK_OK);
    wire.dhcp_requests = 0;
    expect_connection(77);
    wire_run(3600000);
    assert_int_equal(wire.dhcp_requests, 0);
    assert_int_equal(ip_2_ip4(dns_getserver(0))->addr, PP_HTONL(0x0a000209));
    expect_connection(77);
}

static void and_back_to_dhcp(void **state)
{
    (void)state;
    (void)tk_sock_set_ip(port, &fixed);
    expect_connection(77);
    (void)tk_sock_set_ip(port, &by_dhcp);
    wire_run(20000);
    expect_connection(15);
    assert_int_equal(ip_2_ip4(dns_getserver(0))->addr, PP_HTONL(0x0a000203));
}

static void expect_address(uint8_t last, uint8_t gateway, uint8_t dns)
{
    struct tk_ip ip;

    assert_int_equal(tk_sock_get_ip(port, &ip), TK_SOCK_OK);
    assert_int_equal(ip.prefix, 24);
    assert_memory_equal(ip.addr, ((uint8_t[]){10, 0, 2, last}), 4);
    assert_memory_equal(ip.gateway, ((uint8_t[]){10, 0, 2, gateway}), 4);
    assert_memory_equal(ip.dns, ((uint8_t[]){10, 0, 2, dns}), 4);
}

static void the_address_is_told(void **state)
{
    struct tk_ip ip;

    (void)state;
    expect_address(15, 2, 3);
    (void)tk_sock_set_ip(port, &fixed);
    expect_address(77, 1, 9);
    wire_link(false);
    assert_int_equal(tk_sock_get_ip(port, &ip), TK_SOCK_AGAIN);
    wire_link(true);
}

/* What is set to what it is already changes nothing. */
static void dhcp_again_keeps_the_lease(void **state)
{
    (void)state;
    wire.dhcp_requests = 0;
    (void)tk_sock_set_ip(port, &by_dhcp);
    expect_connection(15);
    assert_int_equal(wire.dhcp_requests, 0);
}

/* A connection of the old address is over; it does not hang until its deadline. */
static void a_new_address_ends_connections(void **state)
{
    const struct tk_addr near = {.family = 4, .bytes = {10, 0, 2, 100}};

    (void)state;
    sock = tk_sock_open(port, &near, 443);
    assert_true(wire_until(not_again, 5000));
    (void)tk_sock_set_ip(port, &fixed);
    assert_int_equal(tk_sock_recv(port, sock, (char[4]){0}, 4), TK_SOCK_ERR);
    tk_sock_close(port, sock);
}

/* An idle hour of a fixed address costs nothing at all. */
static void a_fixed_address_wakes_nobody(void **state)
{
    unsigned before;

    (void)state;
    (void)tk_sock_set_ip(port, &fixed);
    wire_run(10000);
    before = port->wakes;
    wire_run(3600000);
    assert_true(port->wakes - before <= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_time_is_told_once_an_answer, setup),
        cmocka_unit_test_setup(digits_need_no_name_server, setup),
        cmocka_unit_test_setup(the_time_goes_on, setup),
        cmocka_unit_test_setup(it_is_asked_again_every_hour, setup),
        cmocka_unit_test_setup(an_hour_costs_few_wake_ups, setup),
        cmocka_unit_test_setup(the_next_address_is_asked_after_a_silent_one, setup),
        cmocka_unit_test_setup(silence_is_not_shouted_at, setup),
        cmocka_unit_test_setup(every_question_is_another, setup),
        cmocka_unit_test_setup(an_answer_to_another_question_is_none, setup),
        cmocka_unit_test_setup(a_server_without_the_time_is_not_believed, setup),
        cmocka_unit_test_setup(a_server_that_is_no_server_is_not_believed, setup),
        cmocka_unit_test_setup(an_answer_without_a_time_is_not_believed, setup),
        cmocka_unit_test_setup(a_stratum_that_is_none_is_not_believed, setup),
        cmocka_unit_test_setup(who_wants_to_be_left_alone_is, setup),
        cmocka_unit_test_setup(the_next_era, setup),
        cmocka_unit_test_setup(nobody_is_asked_any_more, setup),
        cmocka_unit_test_setup(it_waits_for_an_address, setup),
        cmocka_unit_test_setup(it_waits_for_a_place, setup),
        cmocka_unit_test_setup(a_fixed_address_needs_no_dhcp, setup),
        cmocka_unit_test_setup(and_back_to_dhcp, setup),
        cmocka_unit_test_setup(the_address_is_told, setup),
        cmocka_unit_test_setup(dhcp_again_keeps_the_lease, setup),
        cmocka_unit_test_setup(a_new_address_ends_connections, setup),
        cmocka_unit_test_setup(a_fixed_address_wakes_nobody, setup),
    };

    wire_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
