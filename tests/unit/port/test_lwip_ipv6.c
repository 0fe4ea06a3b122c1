/* SPDX-License-Identifier: Apache-2.0 */

/* lwIP with IPv6: addresses from a router, names with addresses of both families, and the dead ones
 * among them. */

#include "tk_dial.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <lwip/dns.h>

#include "lwip_lookup.h"

static const struct tk_addr server6 = {.family = 6, .bytes = {0xfd, 0, 0, 2, [15] = 40}};
static int count(int family)
{
    int n = 0;

    for (int i = 0; i < found; i++)
        n += addrs[i].family == family;
    return n;
}

/* A name with addresses fd00:2::1 and so on, and 10.0.2.1 and so on. */
static void name(uint8_t ipv6, uint8_t ipv4)
{
    wire.names[0] = (struct wire_name){.name = "acme.example", .count = ipv4, .count6 = ipv6};
    for (uint8_t i = 0; i < 12; i++)
        wire.names[0].last[i] = wire.names[0].last6[i] = (uint8_t)(i + 1);
}

/* --- names --- */

static void addresses_are_those_of_the_router_and_dhcp(void **state)
{
    (void)state;
    const ip6_addr_t *addr = netif_ip6_addr(tk_lwip_netif(), 1);

    assert_memory_equal(addr->addr, server6.bytes, 8);
    struct tk_ip ip;

    assert_int_equal(tk_sock_get_ip(port, &ip), TK_SOCK_OK);
    assert_memory_equal(ip.addr, ((uint8_t[]){10, 0, 2, 15}), 4);
    assert_memory_equal(ip.dns, ((uint8_t[]){10, 0, 2, 3}), 4);
}

static void a_name_has_addresses_of_both_families(void **state)
{
    (void)state;
    name(2, 3);
    assert_int_equal(resolve("acme.example"), 5);
    assert_int_equal(count(6), 2);
    assert_int_equal(addrs[0].bytes[15], 1);
    name(0, 3);
    assert_int_equal(resolve("acme.example"), 3);
    assert_int_equal(count(4), 3);
    name(2, 0);
    assert_int_equal(resolve("acme.example"), 2);
    assert_int_equal(count(6), 2);
    assert_int_equal(resolve("unknown.example"), TK_SOCK_ERR);
}

static void neither_family_displaces_the_other(void **state)
{
    (void)state;
    name(12, 12);
    assert_int_equal(resolve("acme.example"), TK_SOCK_ADDRS);
    assert_int_equal(count(6), TK_SOCK_FAMILY);
    assert_int_equal(count(4), TK_SOCK_FAMILY);
}

/* RFC 8305 3: a name server that drops questions of one kind delays the others by 50 ms. */
static void a_family_does_not_wait_for_the_other(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        uint64_t start_ms = port->now_ms;

        name(3, 3);
        *(i == 0 ? &wire.names[0].lost6 : &wire.names[0].lost) = UINT_MAX;
        assert_int_equal(resolve("acme.example"), 3);
        assert_int_equal(count(i == 0 ? 4 : 6), 3);
        assert_in_range(port->now_ms - start_ms, 50, 100);
        wire_run(30000); /* lwIP gives up the other question */
    }
    name(1, 0);
    wire.names[0].lost = UINT_MAX; /* no addresses of IPv6, so the others are awaited */
    wire.names[0].count6 = 0;
    assert_int_equal(resolve("acme.example"), TK_SOCK_ERR);
}

/* Also a lookup whose other question is still open. */
static void slots_are_freed(void **state)
{
    (void)state;
    name(3, 3);
    wire.names[0].lost6 = UINT_MAX;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(resolve("acme.example"), 3);
        tk_sock_lookup_cancel(port, tk_sock_lookup(port, "acme.example"));
        wire_run(30000);
    }
    wire.names[0].lost6 = 0;
    assert_int_equal(resolve("acme.example"), 6);
}

static void numeric_addresses_need_no_question(void **state)
{
    unsigned questions = wire.dns_questions;

    (void)state;
    assert_int_equal(resolve("fd00:2::28"), 1);
    assert_memory_equal(&addrs[0], &server6, sizeof server6);
    assert_int_equal(resolve("10.0.2.100"), 1);
    assert_memory_equal(&addrs[0], &server, sizeof server);
    assert_int_equal(resolve("::ffff:10.0.2.100"), 1);
    assert_memory_equal(&addrs[0], &server, sizeof server);
    assert_int_equal(wire.dns_questions, questions);
}

static void the_name_server_may_be_one_of_ipv6(void **state)
{
    ip_addr_t usual = *dns_getserver(0), other = IPADDR6_INIT_HOST(0xfd000002, 0, 0, 3);

    (void)state;
    dns_setserver(0, &other);
    name(3, 3);
    assert_int_equal(resolve("acme.example"), 6);
    dns_setserver(0, &usual);
}

/* --- connections --- */

static void echo(struct wire_conn *conn, const uint8_t *data, size_t len)
{
    wire_give(conn, data, len);
}

static bool has_data(void)
{
    uint8_t byte;

    found = tk_sock_recv(port, sock, &byte, 1);
    return found != TK_SOCK_AGAIN;
}

static void bytes_go_both_ways(void **state)
{
    (void)state;
    wire.serve = echo;
    sock = tk_sock_open(port, &server6, 443);
    assert_true(sock >= 0);
    assert_true(wire_until(not_again, 5000));
    assert_int_equal(tk_sock_connected(port, sock), TK_SOCK_OK);
    assert_int_equal(tk_sock_send(port, sock, "hello", 5), 5);
    assert_true(wire_until(has_data, 5000));
    assert_int_equal(found, 1);
    tk_sock_close(port, sock);
    wire_fin(wire_last());
}

static void no_route_is_an_error_at_once(void **state)
{
    static const struct tk_addr far = {.family = 9};

    (void)state;
    assert_int_equal(tk_sock_open(port, &far, 443), TK_SOCK_ERR);
}

static struct tk_dial dial;

static int dial_until(uint64_t until_ms)
{
    static const struct tk_host host = {.name = "acme.example", .port = 443};
    int n = TK_SOCK_AGAIN;

    tk_dial_init(&dial, port);
    while (n == TK_SOCK_AGAIN && port->now_ms < until_ms) {
        n = tk_dial_step(&dial, &host, NULL);
        if (n == TK_SOCK_AGAIN)
            tk_wait(port, dial.count > 0 && dial.next_ms < until_ms ? dial.next_ms : until_ms);
    }
    return n;
}

/* n dead ones of IPv6, then one that answers; the same of IPv4. The board has two sockets. */
static void a_living_address_is_found_within_10_s(void **state)
{
    (void)state;
    for (uint8_t n = 1; n <= 8; n++) {
        for (int i = 0; i < 4; i++) {
            name(i == 0   ? n
                 : i == 1 ? (uint8_t)(n + 1)
                          : 0,
                 i == 0   ? 1
                 : i == 1 ? 0
                          : (uint8_t)(n + 1));
            wire.dead_ipv6 = (1u << (n + 1)) - 2;
            wire.dead_ipv4 = i >= 2 ? (1u << (n + 1)) - 2 : 0;
            if (i == 3)
                wire.names[0].count6 = n;
            sock = dial_until(port->now_ms + 10000);
            if (sock < 0)
                fail_msg("%d dead, %d: %d", n, i, sock);
            tk_sock_close(port, sock);
            tk_dial_cancel(&dial);
            wire_fin(wire_last());
            wire_run(25000);
        }
    }
}

/* RFC 4861: as long as nothing happens, routers need no attention. */
static void idle_time_has_few_wake_ups(void **state)
{
    unsigned before = port->wakes;

    (void)state;
    wire_run(3600000);
    assert_in_range(port->wakes - before, 0, 12 * 60);
    name(1, 0);
    assert_int_equal(resolve("acme.example"), 1); /* the address is still there */
}

static bool has_ipv6(void)
{
    return ip6_addr_ispreferred(netif_ip6_addr_state(tk_lwip_netif(), 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(addresses_are_those_of_the_router_and_dhcp),
        TEST(a_name_has_addresses_of_both_families),
        TEST(neither_family_displaces_the_other),
        TEST(a_family_does_not_wait_for_the_other),
        TEST(slots_are_freed),
        TEST(numeric_addresses_need_no_question),
        TEST(the_name_server_may_be_one_of_ipv6),
        TEST(bytes_go_both_ways),
        TEST(no_route_is_an_error_at_once),
        TEST(a_living_address_is_found_within_10_s),
        TEST(idle_time_has_few_wake_ups),
    };

    wire_start();
    if (!wire_until(has_ipv6, 60000))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
