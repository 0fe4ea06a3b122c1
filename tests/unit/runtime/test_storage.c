/* SPDX-License-Identifier: Apache-2.0 */

/* Flash reads that fail while a gateway starts. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct world w;

static int set_up(void **state)
{
    (void)state;
    world_init(&w, 23);
    world_provision(&w);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(&w);
    return 0;
}

static void a_read_that_fails_once_at_a_start_loses_nothing(void **state)
{
    unsigned failed = 0;

    (void)state;
    for (uint64_t at = 1; at <= 60; at++) {
        w.flash.fail_read_at = w.flash.reads + at;
        world_restart(&w, 1000);
        failed += w.flash.reads >= w.flash.fail_read_at;
        assert_string_equal(world_type(&w, at % 2 == 0 ? "set scope crm" : "set scope user"),
                            at % 2 == 0 ? "OK scope=crm" : "OK scope=user");
        w.flash.fail_read_at = 0;
        world_restart(&w, 1000);
        world_assert_state(&w, "ready", "none");
        world_assert_begins(world_type(&w, "show"), "OK");
        assert_non_null(strstr(w.answer, "client_secret=len="));
    }
    assert_true(failed > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_read_that_fails_once_at_a_start_loses_nothing, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
