/* SPDX-License-Identifier: Apache-2.0 */

/* Flash that fails: reads while a gateway starts, stores that do not open, worn sectors. */

#define _GNU_SOURCE /* memmem */
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

static void restart_with(struct tk_seal *seal)
{
    tk_keeper_free(&w.keeper);
    w.config.seal = seal;
    tk_keeper_init(&w.keeper, &w.config);
}

/* What cannot be opened is named wherever an operator looks, and not overwritten. */
static void a_sealed_store_without_its_key_is_named_and_kept(void **state)
{
    static struct tk_seal seal;
    static uint8_t before[8 * 4096];

    (void)state;
    w.port.has_key = true;
    memcpy(before, w.flash.bytes, sizeof before);
    w.events[0] = '\0';
    restart_with(&seal);
    world_run(&w, 1000);
    assert_int_equal(world_count_events(&w, "state ref=token state=blocked reason=storage_sealed"),
                     1);
    world_assert_state(&w, "blocked", "storage_sealed");
    assert_string_equal(world_status(&w, "store"), "storage_sealed");
    assert_non_null(strstr(world_status(&w, "action"), "start with that key"));
    world_assert_begins(world_type(&w, "token"), "ERR storage_sealed");
    world_assert_begins(world_type(&w, "set scope crm"), "ERR storage_sealed");
    world_run(&w, 3 * 3600000);
    assert_memory_equal(before, w.flash.bytes, sizeof before);
    restart_with(NULL);
    world_assert_state(&w, "ready", "none");
}

static void a_store_that_cannot_be_read_is_opened_again(void **state)
{
    static uint8_t before[8 * 4096];

    (void)state;
    memcpy(before, w.flash.bytes, sizeof before);
    tk_keeper_free(&w.keeper);
    w.flash.off = true;
    tk_keeper_init(&w.keeper, &w.config);
    world_assert_state(&w, "blocked", "storage_failed");
    world_run(&w, 200000);
    assert_int_equal(w.port.reboots, 0);
    w.flash.off = false;
    world_run(&w, 61000);
    assert_int_equal(w.port.reboots, 1);
    assert_memory_equal(before, w.flash.bytes, sizeof before);
    world_restart(&w, 1000);
    world_assert_state(&w, "ready", "none");
}

/* The first n sectors no longer erase or program. */
static void wear(unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        w.flash.worn[i] = TK_SIM_NO_ERASE;
}

/* Sectors are met in turn, one in about 40 refreshes. */
static void refresh_until(const char *worn)
{
    for (int i = 0; i < 2000 && strstr(world_status(&w, "store"), worn) == NULL; i++)
        world_run(&w, 25 * 60000);
    assert_non_null(strstr(world_status(&w, "store"), worn));
}

/* The events of a worn flash in the history. */
static unsigned count_worn(void)
{
    unsigned count = 0;

    world_assert_begins(world_type(&w, "history"), "OK events=");
    for (const char *at = w.answer; (at = strstr(at, "cause=storage_worn")) != NULL; at++)
        count++;
    return count;
}

static void worn_sectors_are_reported_and_raise_level_2_once(void **state)
{
    (void)state;
    world_run(&w, 100000);
    wear(2);
    refresh_until(" sectors=2/8");
    assert_int_equal(count_worn(), 0);
    assert_string_equal(world_type(&w, "auth forget"), "OK left=2/8");
    world_give_code(&w, "code2");
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    wear(4);
    refresh_until(" sectors=4/8");
    world_run(&w, 3 * 3600000);
    assert_int_equal(count_worn(), 1);
    assert_string_equal(world_status(&w, "escalation"), "2");
    world_assert_state(&w, "ready", "none");
    world_restart(&w, 1000);
    world_run(&w, 3 * 3600000);
    assert_int_equal(count_worn(), 1);
}

/* It is the device's, so one alert is enough. */
static void a_worn_flash_is_an_alert_of_the_first_account(void **state)
{
    (void)state;
    world_type(&w, "auth forget");
    world_type(&w, "ref add b");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=b");
    world_provision(&w);
    world_run(&w, 100000);
    wear(4);
    refresh_until(" sectors=4/8");
    world_run(&w, 3600000);
    assert_string_equal(world_status(&w, "escalation"), "2");
    assert_string_equal(world_type(&w, "ref add c"), "OK ref=c"); /* in the first slot */
    world_run(&w, 3600000);
    assert_string_equal(world_type(&w, "ref b"), "OK ref=b");
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void factory_reset_names_what_is_left(void **state)
{
    (void)state;
    world_run(&w, 100000);
    wear(1);
    world_assert_begins(world_type(&w, "factory-reset 0001"), "ERR storage_failed");
    assert_non_null(strstr(w.answer, "@1 left=1/8\n"));
    assert_null(memmem(w.flash.bytes + 4096, 7 * 4096, "s3cret", 6));
    assert_null(memmem(w.flash.bytes + 4096, 7 * 4096, "refresh1", 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_read_that_fails_once_at_a_start_loses_nothing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_sealed_store_without_its_key_is_named_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_cannot_be_read_is_opened_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(worn_sectors_are_reported_and_raise_level_2_once, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_worn_flash_is_an_alert_of_the_first_account, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(factory_reset_names_what_is_left, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
