/* SPDX-License-Identifier: Apache-2.0 */

/* Lookups over lwIP, and an unplugged cable. */

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lwip_lookup.h"

static void resolves_all_addresses_of_a_name(void **state)
{
    (void)state;
    wire.names[0] = (struct wire_name){.name = "one.example", .count = 1, .last = {7}};
    wire.names[1] =
        (struct wire_name){.name = "three.example", .count = 3, .last = {7, 8, 9}, .alias = true};
    wire.names[2] = (struct wire_name){
        .name = "ten.example", .count = 10, .last = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
    wire.names[3] = (struct wire_name){.name = "twice.example", .count = 4, .last = {1, 2, 1, 2}};
    assert_int_equal(resolve("one.example"), 1);
    assert_int_equal(addrs[0].bytes[3], 7);
    assert_int_equal(resolve("three.example"), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(addrs[i].family, 4);
        assert_memory_equal(addrs[i].bytes, ((uint8_t[]){10, 0, 2, (uint8_t)(7 + i)}), 4);
    }
    assert_int_equal(resolve("ten.example"), TK_SOCK_FAMILY);
    assert_int_equal(addrs[8].bytes[3], 9);
    assert_int_equal(resolve("twice.example"), 2);
    /* again: lwIP must not answer with the one address in its cache */
    assert_int_equal(resolve("three.example"), 3);
}

static void unknown_and_invalid_names_are_errors(void **state)
{
    char longest[300];

    (void)state;
    wire.names[0] = (struct wire_name){.name = "nothing.example"};
    assert_int_equal(resolve("unknown.example"), TK_SOCK_ERR);
    assert_int_equal(resolve("nothing.example"), TK_SOCK_ERR);
    assert_int_equal(resolve(""), TK_SOCK_ERR);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(resolve(longest), TK_SOCK_ERR);
    longest[DNS_MAX_NAME_LENGTH] = '\0';
    assert_int_equal(resolve(longest), TK_SOCK_ERR);
}

static void a_lost_query_is_repeated(void **state)
{
    uint64_t start_ms = port->now_ms;

    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "slow.example", .count = 2, .last = {7, 8}, .lost = 2};
    assert_int_equal(resolve("slow.example"), 2);
    assert_true(port->now_ms - start_ms < 5000);
}

/* After 5 s or more; callers have their own deadline. */
static void an_unanswered_query_becomes_an_error(void **state)
{
    uint64_t start_ms = port->now_ms;

    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "silent.example", .count = 1, .last = {7}, .lost = UINT_MAX};
    assert_int_equal(resolve("silent.example"), TK_SOCK_ERR);
    assert_true(port->now_ms - start_ms >= 5000);
}

static void a_cancelled_lookup_frees_its_slot(void **state)
{
    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "silent.example", .count = 1, .last = {7}, .lost = UINT_MAX};
    wire.names[1] = (struct wire_name){.name = "one.example", .count = 1, .last = {7}};
    for (int i = 0; i < TK_LWIP_LOOKUPS; i++)
        tk_sock_lookup_cancel(port, tk_sock_lookup(port, "silent.example"));
    assert_int_equal(tk_sock_lookup(port, "one.example"), TK_SOCK_AGAIN);
    wire_run(20000);
    assert_int_equal(resolve("one.example"), 1);
}

static void resolves_two_names_at_once(void **state)
{
    int first;

    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "one.example", .count = 1, .last = {7}, .delay_ms = 300};
    wire.names[1] = (struct wire_name){.name = "two.example", .count = 2, .last = {8, 9}};
    first = tk_sock_lookup(port, "one.example");
    assert_int_equal(resolve("two.example"), 2);
    assert_int_equal(addrs[0].bytes[3], 8);
    lookup = first;
    assert_true(wire_until(answered, 5000));
    assert_int_equal(found, 1);
    assert_int_equal(addrs[0].bytes[3], 7);
}

static uint32_t dice = 1;

static uint32_t roll(uint32_t sides)
{
    dice = dice * 1664525u + 1013904223u;
    return (dice >> 8) % sides;
}

static void mangle(uint8_t *answer, size_t *len)
{
    for (uint32_t n = roll(4); n > 0; n--)
        answer[2 + roll((uint32_t)*len - 2)] = roll(2) ? (uint8_t)roll(256) : 0xff;
    if (roll(4) == 0)
        *len = 12 + roll((uint32_t)*len - 11);
}

/* A result, and never more addresses than there is room for. */
static void survives_mangled_answers(void **state)
{
    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "three.example", .count = 3, .last = {7, 8, 9}, .alias = true};
    wire.mangle = mangle;
    for (int i = 0; i < 5000; i++) {
        int n = resolve("three.example");

        assert_true(n == TK_SOCK_ERR || (n >= 1 && n <= TK_SOCK_ADDRS));
    }
    wire.mangle = NULL;
    assert_int_equal(resolve("three.example"), 3);
}

static void resolves_the_same_name_twice_at_once(void **state)
{
    int first;

    (void)state;
    wire.names[0] =
        (struct wire_name){.name = "two.example", .count = 2, .last = {8, 9}, .delay_ms = 300};
    first = tk_sock_lookup(port, "two.example");
    assert_int_equal(resolve("two.example"), 2);
    lookup = first;
    assert_true(answered());
    assert_int_equal(found, 2);
}

/* --- the cable --- */

/* So that a boot before DHCP is no failure. */
static void without_an_address_lookups_return_again(void **state)
{
    struct tk_addr addr;
    uint64_t up_ms;

    (void)state;
    wire.names[0] = (struct wire_name){.name = "one.example", .count = 1, .last = {7}};
    wire_link(false);
    assert_int_equal(tk_sock_lookup(port, "one.example"), TK_SOCK_AGAIN);
    assert_int_equal(tk_sock_lookup(port, ""), TK_SOCK_ERR);
    assert_int_equal(tk_sock_open(port, &server, 443), TK_SOCK_ERR);
    lookup = tk_sock_lookup(port, "10.0.2.9");
    assert_int_equal(tk_sock_lookup_poll(port, lookup, &addr, 1), 1);
    wire_run(1);
    wire_link(true);
    up_ms = port->now_ms;
    tk_wait(port, up_ms + 60000);
    assert_true(port->now_ms - up_ms < 10000); /* tk_wait has ended for the link */
    assert_int_equal(resolve("one.example"), 1);
}

static void connections_survive_an_unplugged_cable(void **state)
{
    struct wire_conn *c = open_connection();

    (void)state;
    wire.cut = true;
    wire_link(false);
    assert_int_equal(tk_sock_send(port, sock, "hello", 5), 5);
    wire_run(3000);
    wire.cut = false;
    wire_link(true);
    wire_run(20000);
    assert_int_equal(c->in_len, 5);
    tk_sock_close(port, sock);
    wire_run(100);
    wire_fin(c);
}

static void the_dhcp_request_has_the_host_name(void **state)
{
    (void)state;
    wire_link(false);
    wire_link(true);
    wire_run(5000);
    assert_string_equal(wire.hostname, "wire-0001");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(resolves_all_addresses_of_a_name),
        TEST(unknown_and_invalid_names_are_errors),
        TEST(a_lost_query_is_repeated),
        TEST(an_unanswered_query_becomes_an_error),
        TEST(a_cancelled_lookup_frees_its_slot),
        TEST(resolves_two_names_at_once),
        TEST(survives_mangled_answers),
        TEST(resolves_the_same_name_twice_at_once),
        TEST(without_an_address_lookups_return_again),
        TEST(connections_survive_an_unplugged_cable),
        TEST(the_dhcp_request_has_the_host_name),
    };

    wire_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
