/* SPDX-License-Identifier: Apache-2.0 */

/* A consumer demands a token: served at once, after a refresh, or refused. */

#include "tk_refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define MINUTE 60000

/* --- demands --- */

static void a_valid_token_is_served_in_every_state(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "blocked", "invalid_client");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_run(&w, 40 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "ERR invalid_client");
}

static void a_demand_for_a_longer_validity_refreshes_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 15 * MINUTE);
    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access2 expires_in=3600 ");
    world_assert_begins(world_type(&w, "token 7200"),
                        "OK access_token=access2 expires_in=3600 generation=2 short=1");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_rejected_generation_is_refreshed_only_if_current(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    world_assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_demand_that_times_out_is_served_the_valid_token(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 20 * MINUTE);
    world_fault(&w, WORLD_SILENT, 0);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access1 expires_in=23");
    assert_non_null(strstr(w.answer, " generation=1 short=1"));
    assert_in_range(w.port.now_ms - start_ms, 25000, 25100);
    assert_string_equal(world_status(&w, "next_refresh_in"), "now");
    world_assert_begins(world_type(&w, "token 3000 rejected=1"),
                        "ERR "); /* a rejected token is not served */
}

/* An operator must act; a probe in progress is unlikely to succeed. */
static void a_demand_on_a_blocked_account_does_not_wait_for_its_probe(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "PAYMENT_REQUIRED", 401, 1);
    world_type(&w, "auth refresh");
    world_assert_state(&w, "blocked", "payment_required");
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(tk_refresh_start(&w.keeper.accounts.of[0]), TK_OK);
    world_run(&w, 100);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3600"), "OK access_token=access1 ");
    assert_in_range(w.port.now_ms - start_ms, 0, 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_valid_token_is_served_in_every_state),
        TEST(a_demand_for_a_longer_validity_refreshes_once),
        TEST(a_rejected_generation_is_refreshed_only_if_current),
        TEST(a_demand_that_times_out_is_served_the_valid_token),
        TEST(a_demand_on_a_blocked_account_does_not_wait_for_its_probe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
