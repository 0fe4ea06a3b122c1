/* SPDX-License-Identifier: Apache-2.0 */
/* Network configuration over lwIP: the address, fixed or by DHCP, and SNTP. */
#include "tk_clock.h"
#include "wire.h"

#include <limits.h>
#include <lwip/dns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOON 1900000000 /* in 2030 */

static struct tk_port *const port = &wire.port;
static const struct tk_ip by_dhcp;

/* The answers of the time server. */
static struct {
    int64_t unix_s; /* at tick 0 */
    uint8_t first, stratum;
    bool wrong_origin; /* the origin is that of another request */
    bool zero;
    unsigned lost;
    uint8_t asked[64][8]; /* transmit times of the requests */
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
    answer[24] ^= server.wrong_origin;
    if (!server.zero)
        put32(answer + 40, (uint32_t)(server.unix_s + 2208988800 + (int64_t)(port->now_ms / 1000)));
    return true;
}

static int set_up(void **state)
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

static int64_t reported;

static bool has_time(void)
{
    return tk_clock_ntp_poll(port, &reported);
}

/* --- the time --- */

static void each_answer_is_reported_once(void **state)
{
    (void)state;
    assert_false(has_time());
    assert_int_equal(tk_clock_ntp_server(port, "time.example"), 0);
    assert_true(wire_until(has_time, 5000));
    assert_in_range(reported, NOON, NOON + 1);
    assert_false(has_time());
    assert_int_equal(wire.ntp_questions, 1);
}

static void an_address_needs_no_name_server(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_time, 5000));
    assert_int_equal(wire.dns_questions, 0);
}

static void an_answer_that_is_read_late_is_still_right(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(100000);
    assert_true(has_time());
    assert_in_range(reported, NOON + 99, NOON + 101);
}

static void the_server_is_polled_every_hour(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(10 * 3600000 + 10000);
    assert_int_equal(wire.ntp_questions, 11);
    assert_true(has_time());
    assert_in_range(reported, NOON + 36000, NOON + 36011);
}

static void polling_costs_few_wake_ups(void **state)
{
    unsigned before;

    (void)state;
    (void)tk_clock_ntp_server(port, "time.example");
    wire_run(60000);
    before = port->wakes;
    wire_run(10 * 3600000);
    assert_true(port->wakes - before < 10 * 60 + 10 * 12);
}

static void the_next_address_is_tried_after_a_timeout(void **state)
{
    (void)state;
    server.lost = 1;
    (void)tk_clock_ntp_server(port, "time.example");
    assert_true(wire_until(has_time, 10000));
    assert_int_equal(wire.ntp_questions, 2);
    assert_int_equal(wire.dns_questions, 1);
}

/* RFC 4330, 10: at least 15 s apart, with backoff. */
static void timeouts_back_off(void **state)
{
    (void)state;
    server.lost = UINT_MAX;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(18000);
    assert_int_equal(wire.ntp_questions, 1);
    wire_run(3600000);
    assert_in_range(wire.ntp_questions, 6, 12);
    assert_false(has_time());
    server.lost = 0;
    assert_true(wire_until(has_time, 1000000));
}

static void every_request_is_different(void **state)
{
    (void)state;
    server.lost = UINT_MAX;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(60000);
    assert_true(wire.ntp_questions >= 2);
    assert_memory_not_equal(server.asked[1], server.asked[2], 8);
}

static void assert_answer_is_refused(void)
{
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    wire_run(60000);
    assert_true(wire.ntp_questions >= 1);
    assert_false(has_time());
}

static void an_answer_to_another_request_is_refused(void **state)
{
    (void)state;
    server.wrong_origin = true;
    assert_answer_is_refused();
}

static void an_unsynchronized_server_is_refused(void **state)
{
    (void)state;
    server.first = 0xe4;
    assert_answer_is_refused();
}

static void an_answer_in_another_mode_is_refused(void **state)
{
    (void)state;
    server.first = 0x23;
    assert_answer_is_refused();
}

static void an_answer_without_a_time_is_refused(void **state)
{
    (void)state;
    server.zero = true;
    assert_answer_is_refused();
}

static void an_invalid_stratum_is_refused(void **state)
{
    (void)state;
    server.stratum = 16;
    assert_answer_is_refused();
}

/* Stratum 0 (RFC 4330, 8): no requests for a long time. */
static void a_kiss_of_death_is_obeyed(void **state)
{
    (void)state;
    server.stratum = 0;
    assert_answer_is_refused();
    wire_run(900000);
    assert_int_equal(wire.ntp_questions, 1);
}

/* The 32 bits wrap at 2036-02-07T06:28:16Z. */
static void the_next_ntp_era_is_read(void **state)
{
    (void)state;
    server.unix_s = 2085978490 - (int64_t)(port->now_ms / 1000);
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_time, 5000));
    assert_in_range(reported, 2085978490, 2085978491);
    server.unix_s += 20;
    (void)tk_clock_ntp_server(port, "10.0.2.4");
    assert_true(wire_until(has_time, 5000));
    assert_in_range(reported, 2085978510, 2085978511);
}

static void without_a_server_there_are_no_requests(void **state)
{
    (void)state;
    (void)tk_clock_ntp_server(port, "time.example");
    (void)tk_clock_ntp_server(port, "");
    wire_run(100000);
    assert_int_equal(wire.ntp_questions, 0);
    assert_false(has_time());
}

static void requests_wait_for_an_address(void **state)
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
    assert_true(wire_until(has_time, 20000));
}

/* All slots are in use by other lookups. */
static void requests_wait_for_a_lookup_slot(void **state)
{
    (void)state;
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        assert_true(tk_sock_lookup(port, "unknown.example") >= 0);
    (void)tk_clock_ntp_server(port, "time.example");
    wire_run(1000);
    assert_int_equal(wire.ntp_questions, 0);
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        tk_sock_lookup_cancel(port, i);
    assert_true(wire_until(has_time, 70000));
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

static void assert_connects_from(uint8_t last)
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
    assert_connects_from(77);
    wire_run(3600000);
    assert_int_equal(wire.dhcp_requests, 0);
    assert_int_equal(ip_2_ip4(dns_getserver(0))->addr, PP_HTONL(0x0a000209));
    assert_connects_from(77);
}

static void dhcp_works_after_a_fixed_address(void **state)
{
    (void)state;
    (void)tk_sock_set_ip(port, &fixed);
    assert_connects_from(77);
    (void)tk_sock_set_ip(port, &by_dhcp);
    wire_run(20000);
    assert_connects_from(15);
    assert_int_equal(ip_2_ip4(dns_getserver(0))->addr, PP_HTONL(0x0a000203));
}

static void assert_address(uint8_t last, uint8_t gateway, uint8_t dns)
{
    struct tk_ip ip;

    assert_int_equal(tk_sock_get_ip(port, &ip), TK_SOCK_OK);
    assert_int_equal(ip.prefix, 24);
    assert_memory_equal(ip.addr, ((uint8_t[]){10, 0, 2, last}), 4);
    assert_memory_equal(ip.gateway, ((uint8_t[]){10, 0, 2, gateway}), 4);
    assert_memory_equal(ip.dns, ((uint8_t[]){10, 0, 2, dns}), 4);
}

static void the_address_is_reported(void **state)
{
    struct tk_ip ip;

    (void)state;
    assert_address(15, 2, 3);
    (void)tk_sock_set_ip(port, &fixed);
    assert_address(77, 1, 9);
    wire_link(false);
    assert_int_equal(tk_sock_get_ip(port, &ip), TK_SOCK_AGAIN);
    wire_link(true);
}

static void setting_dhcp_again_keeps_the_lease(void **state)
{
    (void)state;
    wire.dhcp_requests = 0;
    (void)tk_sock_set_ip(port, &by_dhcp);
    assert_connects_from(15);
    assert_int_equal(wire.dhcp_requests, 0);
}

/* They fail at once, not at their deadline. */
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

/* In an idle hour. */
static void a_fixed_address_causes_no_wake_ups(void **state)
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
        cmocka_unit_test_setup(each_answer_is_reported_once, set_up),
        cmocka_unit_test_setup(an_address_needs_no_name_server, set_up),
        cmocka_unit_test_setup(an_answer_that_is_read_late_is_still_right, set_up),
        cmocka_unit_test_setup(the_server_is_polled_every_hour, set_up),
        cmocka_unit_test_setup(polling_costs_few_wake_ups, set_up),
        cmocka_unit_test_setup(the_next_address_is_tried_after_a_timeout, set_up),
        cmocka_unit_test_setup(timeouts_back_off, set_up),
        cmocka_unit_test_setup(every_request_is_different, set_up),
        cmocka_unit_test_setup(an_answer_to_another_request_is_refused, set_up),
        cmocka_unit_test_setup(an_unsynchronized_server_is_refused, set_up),
        cmocka_unit_test_setup(an_answer_in_another_mode_is_refused, set_up),
        cmocka_unit_test_setup(an_answer_without_a_time_is_refused, set_up),
        cmocka_unit_test_setup(an_invalid_stratum_is_refused, set_up),
        cmocka_unit_test_setup(a_kiss_of_death_is_obeyed, set_up),
        cmocka_unit_test_setup(the_next_ntp_era_is_read, set_up),
        cmocka_unit_test_setup(without_a_server_there_are_no_requests, set_up),
        cmocka_unit_test_setup(requests_wait_for_an_address, set_up),
        cmocka_unit_test_setup(requests_wait_for_a_lookup_slot, set_up),
        cmocka_unit_test_setup(a_fixed_address_needs_no_dhcp, set_up),
        cmocka_unit_test_setup(dhcp_works_after_a_fixed_address, set_up),
        cmocka_unit_test_setup(the_address_is_reported, set_up),
        cmocka_unit_test_setup(setting_dhcp_again_keeps_the_lease, set_up),
        cmocka_unit_test_setup(a_new_address_ends_connections, set_up),
        cmocka_unit_test_setup(a_fixed_address_causes_no_wake_ups, set_up),
    };

    wire_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
