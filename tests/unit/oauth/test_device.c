/* SPDX-License-Identifier: Apache-2.0 */

/* A pair on the flash of another device: a flash that was copied, or moved to another board. */

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_keys.h"

enum { PAIR_0_1 = 32 };

#define DAY (24 * 3600000)

static void restart_as(const char *id)
{
    strcpy(w.port.id, id);
    world_restart(&w, 1000);
}

static char first_id[sizeof w.port.id];

static void provision_and_copy(void)
{
    world_provision(&w);
    strcpy(first_id, w.port.id);
    restart_as("sim-0002");
}

static uint16_t key_of(unsigned item)
{
    return tk_account_key(0, item);
}

static void put(unsigned item, const void *data, size_t len)
{
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, key_of(item), data, len), TK_OK);
}

static int get(unsigned item, void *buf, size_t size)
{
    return tk_storage_get(&w.keeper.rt.storage, key_of(item), buf, size);
}

/* As version 0.1 stored it. */
static void drop_digest(void)
{
    uint8_t pair[64];

    assert_true(get(TK_KEY_PAIR, pair, sizeof pair) > PAIR_0_1);
    put(TK_KEY_PAIR, pair, PAIR_0_1);
}

static void a_copied_pair_is_neither_served_nor_sent(void **state)
{
    unsigned requests;

    (void)state;
    provision_and_copy();
    requests = w.server.requests;
    world_assert_state(&w, "needs_code", "other_device");
    world_assert_begins(world_type(&w, "token"), "ERR needs_code");
    world_assert_begins(world_type(&w, "auth refresh"), "ERR needs_code");
    world_run(&w, 2 * DAY);
    assert_int_equal(w.server.refreshes, 0);
    assert_int_equal(w.server.requests, requests);
    assert_string_equal(world_status(&w, "expires_in"), "none");
}

static void settings_stay_and_an_alert_is_raised_once(void **state)
{
    (void)state;
    provision_and_copy();
    world_run(&w, DAY);
    assert_string_equal(world_status(&w, "portal"), "acme.bitrix24.com");
    world_type(&w, "show");
    assert_non_null(strstr(w.answer, "client_secret=len=6"));
    world_assert_begins(world_type(&w, "set portal other"), "ERR in_use");
    assert_int_equal(world_count_events(&w, "event=raised level=4 cause=other_device"), 1);
    assert_non_null(strstr(world_status(&w, "action"), "the token is another device's"));
    restart_as("sim-0002");
    world_run(&w, DAY);
    assert_int_equal(world_count_events(&w, "cause=other_device"), 1);
}

static void it_is_of_use_again_where_it_came_from(void **state)
{
    (void)state;
    provision_and_copy();
    restart_as(first_id);
    world_assert_state(&w, "ready", "none");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1");
    world_run(&w, 1800000);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(w.server.refreshes, 1);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(world_count_events(&w, "event=cleared level=0 cause=other_device"), 1);
}

static void a_lowered_clock_does_not_adopt_it(void **state)
{
    (void)state;
    w.server.date = "Sun, 23 Nov 2036 12:00:00 GMT"; /* ten years ahead */
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "time 2111068800"), "OK time=2036-11-23");
    provision_and_copy();
    w.server.date = "";
    restart_as("sim-0002");
    assert_true(w.keeper.rt.time.floor_unix > WORLD_UNIX + 9 * 365 * 86400);
    world_assert_begins(world_type(&w, "time 1795000100"), "OK time=");
    assert_true(w.keeper.rt.time.floor_unix < WORLD_UNIX + 86400);
    restart_as("sim-0002");
    world_assert_state(&w, "needs_code", "other_device");
}

static void a_code_replaces_it(void **state)
{
    (void)state;
    provision_and_copy();
    world_give_code(&w, "code2");
    assert_string_equal(world_type(&w, "auth code code2"),
                        "OK state=ready generation=2 expires_in=3600 rest=ok");
    assert_false(w.keeper.accounts.of[0].foreign_pair);
    assert_string_equal(world_status(&w, "escalation"), "0");
    restart_as("sim-0002");
    world_assert_state(&w, "ready", "none");
    restart_as(first_id);
    world_assert_state(&w, "needs_code", "other_device");
}

static void a_refused_code_leaves_it(void **state)
{
    (void)state;
    provision_and_copy();
    world_assert_begins(world_type(&w, "auth code nonsense"), "ERR ");
    restart_as(first_id);
    world_assert_state(&w, "ready", "none");
}

/* Recovery tries the previous pair, but never another device's. */
static void it_is_not_tried_after_a_lost_response(void **state)
{
    (void)state;
    provision_and_copy();
    world_give_code(&w, "code2");
    world_type(&w, "auth code code2");
    world_run(&w, 11000);
    world_fault(&w, WORLD_LOSES, 1);
    world_type(&w, "auth refresh");
    world_error(&w, "invalid_grant", 400, 1);
    world_run(&w, 600000);
    world_assert_state(&w, "needs_code", "rotation_lost");
    assert_null(strstr(w.last_request, "refresh1"));
}

static void a_pair_that_is_not_stored_is_not_mistaken(void **state)
{
    (void)state;
    provision_and_copy();
    world_give_code(&w, "code2");
    w.flash.off = true;
    world_type(&w, "auth code code2");
    world_assert_state(&w, "ready", "storage_failed");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2");
    assert_true(w.keeper.accounts.of[0].foreign_pair);
    assert_int_equal(world_count_events(&w, "event=raised level=4 cause=other_device"), 1);
    restart_as(first_id);
    world_assert_state(&w, "ready", "none");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1");
}

static void forgetting_deletes_it(void **state)
{
    (void)state;
    provision_and_copy();
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_assert_state(&w, "needs_code", "new");
    restart_as("sim-0002");
    world_assert_state(&w, "needs_code", "new");
    restart_as(first_id);
    world_assert_state(&w, "needs_code", "new");
}

static void removing_its_account_ends_the_alert(void **state)
{
    (void)state;
    provision_and_copy();
    assert_string_equal(world_status(&w, "escalation"), "4");
    assert_string_equal(world_type(&w, "ref del token"), "OK ref=token");
    assert_int_equal(world_count_events(&w, "event=cleared level=0 cause=other_device"), 1);
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void a_pair_of_version_0_1_belongs_to_the_device_that_finds_it(void **state)
{
    uint8_t pair[64];

    (void)state;
    world_provision(&w);
    drop_digest();
    restart_as("sim-0002");
    world_assert_state(&w, "ready", "none");
    assert_true(get(TK_KEY_PAIR, pair, sizeof pair) > PAIR_0_1);
    restart_as("sim-0003");
    world_assert_state(&w, "needs_code", "other_device");
    restart_as("sim-0002");
    world_assert_state(&w, "ready", "none");
}

/* Flash fails from each operation on: the new pair serves from RAM, and no start finds a mixture.
 */
static void each_flash_operation_of_its_replacement_may_fail(void **state)
{
    bool is_stored = false;

    (void)state;
    for (unsigned n = 1; !is_stored; n++) {
        provision_and_copy();
        world_give_code(&w, "code2");
        w.flash.fail_at = w.flash.operations + n;
        w.flash.fail_until = UINT64_MAX;
        world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready generation=2");
        world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
        is_stored = !w.keeper.accounts.of[0].refresh.unstored;
        tk_sim_flash_heal(&w.flash);
        restart_as("sim-0002");
        world_assert_begins(world_type(&w, "token"),
                            is_stored ? "OK access_token=access2 " : "ERR needs_code ");
        assert_in_range(n, 1, 20);
        tear_down(NULL);
        set_up(NULL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_copied_pair_is_neither_served_nor_sent),
        TEST(settings_stay_and_an_alert_is_raised_once),
        TEST(it_is_of_use_again_where_it_came_from),
        TEST(a_lowered_clock_does_not_adopt_it),
        TEST(a_code_replaces_it),
        TEST(a_refused_code_leaves_it),
        TEST(it_is_not_tried_after_a_lost_response),
        TEST(a_pair_that_is_not_stored_is_not_mistaken),
        TEST(forgetting_deletes_it),
        TEST(removing_its_account_ends_the_alert),
        TEST(a_pair_of_version_0_1_belongs_to_the_device_that_finds_it),
        TEST(each_flash_operation_of_its_replacement_may_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
