/* SPDX-License-Identifier: Apache-2.0 */

/* Secrets that are no longer needed are in no buffer of the keeper. mbedTLS's heap and the flash
 * are not searched. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define SECRET "zQ7vK1mX9pR4tW2yB6nC8dF3hJ5kL0gA"
#define CODE   "codeOfTheOperator0123"

/* How often it is in the keeper's memory. */
static unsigned count(const char *text)
{
    const char *memory = (const char *)&w.keeper;
    size_t len = strlen(text);
    unsigned n = 0;

    for (size_t at = 0; at + len <= sizeof w.keeper; at++)
        n += memcmp(memory + at, text, len) == 0;
    return n;
}

static void provision(void)
{
    world_set_client(&w);
    world_type(&w, "set client_secret " SECRET);
    strcpy(w.server.rules.clients[0].secret, SECRET);
    world_give_code(&w, CODE);
    world_assert_begins(world_type(&w, "auth code " CODE), "OK state=ready");
    world_run(&w, 11000);
}

static void what_was_exchanged_is_gone(void **state)
{
    (void)state;
    provision();
    assert_int_equal(count(CODE), 0);
    assert_int_equal(count(SECRET), 1);
    assert_int_equal(count("access1"), 1);
    assert_int_equal(count("refresh1"), 1);
}

static void a_token_that_was_printed_is_gone(void **state)
{
    (void)state;
    provision();
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    assert_int_equal(count("access1"), 1);
    world_run(&w, 30 * 60000);
    assert_int_equal(count("access1"), 0);
    assert_int_equal(count("refresh1"), 0);
    assert_int_equal(count("refresh2"), 1);
}

static void a_dropped_pair_is_gone(void **state)
{
    (void)state;
    provision();
    w.server.omits_user = true;
    w.server.profile = "992";
    world_give_code(&w, "other");
    world_assert_begins(world_type(&w, "auth code other"), "ERR other_user");
    world_run(&w, 200000);
    assert_int_equal(count("access2"), 0);
    assert_int_equal(count("refresh2"), 0);
}

/* Also where a shorter value replaces it. */
static void forgotten_secrets_are_gone(void **state)
{
    (void)state;
    provision();
    world_type(&w, "set client_secret_next " SECRET "b");
    world_type(&w, "set client_secret short");
    assert_int_equal(count(SECRET), 0);
    assert_int_equal(count(&SECRET[5]), 0);
    world_type(&w, "auth forget");
    world_type(&w, "unset client_secret");
    assert_int_equal(count("access1"), 0);
    assert_int_equal(count("refresh1"), 0);
    assert_int_equal(count("short"), 0);
}

static void a_webhook_that_was_replaced_is_gone(void **state)
{
    (void)state;
    world_type(&w, "set escalate_url https://hooks.example/" SECRET);
    world_type(&w, "set escalate_template {\"k\":\"" CODE "\"}");
    world_type(&w, "escalate test");
    world_run(&w, 60000);
    world_type(&w, "set escalate_url https://hooks.example/a");
    world_type(&w, "show");
    assert_int_equal(count(&SECRET[8]), 0);
    assert_int_equal(count(CODE), 0);
}

static void what_was_typed_is_gone(void **state)
{
    (void)state;
    world_type(&w, "set console_pin 42424242");
    world_type(&w, "pin 42424242");
    world_type(&w, "seed " SECRET SECRET);
    tk_sim_console_feed(&w.port, 0, "token\r42424242\r", 15);
    world_run(&w, 1000);
    assert_int_equal(count("42424242"), 0);
    assert_int_equal(count(SECRET), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(what_was_exchanged_is_gone),
        TEST(a_token_that_was_printed_is_gone),
        TEST(a_dropped_pair_is_gone),
        TEST(forgotten_secrets_are_gone),
        TEST(a_webhook_that_was_replaced_is_gone),
        TEST(what_was_typed_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
