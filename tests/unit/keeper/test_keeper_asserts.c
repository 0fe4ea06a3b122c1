/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes of a program that TK_ASSERT catches. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

static void call_all(struct tk_keeper *k)
{
    char buf[TK_TOKEN_MAX + 1];
    struct tk_token_info info;
    struct tk_text t;

    tk_text_init(&t, buf, sizeof buf);
    expect_assert_failure(tk_keeper_run(k));
    expect_assert_failure(tk_token_get(k, NULL, 0, buf, sizeof buf, &info));
    expect_assert_failure(tk_token_get_last(k, NULL, 0, buf, sizeof buf, &info));
    expect_assert_failure(tk_token_rejected(k, NULL, 1));
    expect_assert_failure(tk_keeper_account(k, NULL));
    expect_assert_failure(tk_keeper_account_at(k, 0));
    expect_assert_failure(tk_keeper_event(k, &t));
    expect_assert_failure(tk_keeper_now(k));
    expect_assert_failure(tk_keeper_free(k));
}

static void a_keeper_is_initialized_before_it_is_used(void **state)
{
    static struct tk_keeper keeper;

    (void)state;
    call_all(&keeper);
}

static void a_config_has_a_flash_and_a_name_of_the_board(void **state)
{
    static struct tk_keeper keeper;
    struct tk_config config = w.config;

    (void)state;
    expect_assert_failure(tk_keeper_init(&keeper, NULL));
    config.flash = NULL;
    expect_assert_failure(tk_keeper_init(&keeper, &config));
    config = w.config;
    config.board = NULL;
    expect_assert_failure(tk_keeper_init(&keeper, &config));
}

static void a_token_has_a_buffer_and_its_facts(void **state)
{
    char buf[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    expect_assert_failure(tk_token_get(&w.keeper, NULL, 0, NULL, sizeof buf, &info));
    expect_assert_failure(tk_token_get(&w.keeper, NULL, 0, buf, sizeof buf, NULL));
    expect_assert_failure(tk_token_get_last(&w.keeper, NULL, 0, NULL, sizeof buf, &info));
    expect_assert_failure(tk_token_get_last(&w.keeper, NULL, 0, buf, sizeof buf, NULL));
}

static bool called;

static void call_back(void *ctx, const char *line)
{
    struct world *world = ctx;

    if (called || strncmp(line, "EVT state", 9) != 0)
        return;
    called = true;
    call_all(&world->keeper);
}

static void a_callback_does_not_call_the_keeper(void **state)
{
    (void)state;
    w.config.on_line = call_back;
    w.config.ctx = &w;
    world_type(&w, "set client_id local.1");
    world_provision(&w);
    assert_true(called);
}

static void an_alert_is_of_an_account_of_the_keeper(void **state)
{
    struct tk_account other = w.keeper.accounts.of[0];

    (void)state;
    expect_assert_failure(tk_alerts_of(&w.keeper.alerts, &other));
    expect_assert_failure(tk_alerts_test(&w.keeper.alerts, &other));
}

static void an_event_of_the_history_exists(void **state)
{
    const struct tk_history *h = &w.keeper.rt.history;
    struct tk_event event;

    (void)state;
    tk_history_get(h, h->count - 1, &event);
    expect_assert_failure(tk_history_get(h, h->count, &event));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_keeper_is_initialized_before_it_is_used),
        TEST(a_config_has_a_flash_and_a_name_of_the_board),
        TEST(a_token_has_a_buffer_and_its_facts),
        TEST(a_callback_does_not_call_the_keeper),
        TEST(an_alert_is_of_an_account_of_the_keeper),
        TEST(an_event_of_the_history_exists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
