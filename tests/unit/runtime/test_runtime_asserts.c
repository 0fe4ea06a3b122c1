/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes of callers that TK_ASSERT catches. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "one_world.h"

static void an_account_key_is_in_the_table(void **state)
{
    (void)state;
    expect_assert_failure(tk_account_key(TK_ACCOUNTS, TK_KEY_NAME));
    expect_assert_failure(tk_account_key(0, 0));
    expect_assert_failure(tk_account_key(0, TK_KEY_LAST + 1));
    assert_int_equal(tk_account_key(0, TK_KEY_NAME), 33);
    assert_int_equal(tk_account_key(TK_ACCOUNTS - 1, TK_KEY_LAST), 32 * TK_ACCOUNTS + TK_KEY_LAST);
}

static void a_value_has_a_length_of_16_bits(void **state)
{
    static uint8_t data[UINT16_MAX + 1];
    char text[1];

    (void)state;
    expect_assert_failure(tk_storage_put(&w.keeper.rt.storage, 200, data, sizeof data));
    expect_assert_failure(tk_storage_text(&w.keeper.rt.storage, 200, text, 0, NULL));
    expect_assert_failure(tk_storage_previous_text(&w.keeper.rt.storage, 200, text, 0));
    assert_false(tk_storage_text(&w.keeper.rt.storage, 200, text, 1, NULL));
}

static void an_event_is_in_the_history(void **state)
{
    struct tk_history *h = &w.keeper.rt.history;
    struct tk_event event;

    (void)state;
    tk_history_get(h, h->count - 1u, &event);
    expect_assert_failure(tk_history_get(h, h->count, &event));
    expect_assert_failure(tk_history_add(h, (enum tk_event_type)16, 0, 0, TK_OK));
    expect_assert_failure(tk_history_add(h, TK_EVENT_RAISED, 0, 8, TK_OK));
}

static void a_root_is_in_use(void **state)
{
    struct tk_ca_info info;

    (void)state;
    expect_assert_failure(tk_ca_read_info(&w.keeper.rt.ca, &w.keeper.rt.ca.roots[0], &info));
}

static void a_line_has_a_level_and_a_receiver(void **state)
{
    static struct tk_runtime rt;
    char buf[8];
    struct tk_text t;

    (void)state;
    tk_text_init(&t, buf, sizeof buf);
    expect_assert_failure(tk_runtime_log(&w.keeper.rt, TK_LOG_OFF, &t));
    expect_assert_failure(tk_runtime_init(&rt, &w.config, NULL, NULL));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_account_key_is_in_the_table),    TEST(a_value_has_a_length_of_16_bits),
        TEST(an_event_is_in_the_history),        TEST(a_root_is_in_use),
        TEST(a_line_has_a_level_and_a_receiver),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
