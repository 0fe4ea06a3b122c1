/* SPDX-License-Identifier: Apache-2.0 */

/* A build with TK_MINIMAL: what is left out is unknown, and the rest is as it was. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"

static void calls_and_reports_are_unknown(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "call user.current"), "ERR unknown_command ");
    world_assert_begins(world_type(&w, "escalate test"), "ERR unknown_command ");
    world_assert_begins(world_type(&w, "corezoid_token takeover"), "ERR unknown_command ");
    world_assert_begins(world_type(&w, "set escalate_url https://example.com/"),
                        "ERR unknown_key ");
    world_assert_begins(world_type(&w, "unset corezoid_token_conv"), "ERR unknown_key ");
}

static void they_are_not_listed(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "help"), "OK");
    assert_non_null(strstr(w.answer, "@1 token="));
    assert_null(strstr(w.answer, "@1 call="));
    assert_null(strstr(w.answer, "@1 ="));
    assert_string_equal(world_type(&w, "show"), "OK");
    assert_non_null(strstr(w.answer, "@1 renew="));
    assert_null(strstr(w.answer, "escalate_"));
    assert_null(strstr(w.answer, "@1 ="));
    assert_null(strstr(type("help\r"), "call"));
}

static void other_settings_stay(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "set renew 30m"), "OK renew=30m");
    world_assert_begins(world_type(&w, "unset renew"), "OK renew=25m");
    world_assert_begins(world_type(&w, "set ntp pool.example.com"), "OK ntp=pool.example.com");
}

static void a_token_is_renewed_and_its_end_is_an_event(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 3600000);
    world_assert_state(&w, "ready", "none");
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 2 * 3600000);
    assert_int_equal(world_count_events(&w, "event=raised level=3"), 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 3600000);
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_string_equal(world_status(&w, "corezoid_token"), "off");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_and_reports_are_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(they_are_not_listed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_settings_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_is_renewed_and_its_end_is_an_event, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
