/* SPDX-License-Identifier: Apache-2.0 */

/* Commands about the device, and what the port answers them: seed, selftest, version,
 * factory-reset, history, status. */

#include "tk_device.h"
#include "tk_entropy.h"
#include "tk_seal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

/* --- the port --- */

static uint8_t seed[TK_ENTROPY_SEED_MAX];
static size_t seed_len;
static int seed_answer;

int __wrap_tk_entropy_seed(struct tk_port *port, const void *bytes, size_t len);

int __wrap_tk_entropy_seed(struct tk_port *port, const void *bytes, size_t len)
{
    assert_ptr_equal(port, &w.port);
    assert_in_range(len, TK_ENTROPY_SEED_MIN, TK_ENTROPY_SEED_MAX);
    memcpy(seed, bytes, len);
    seed_len = len;
    return seed_answer;
}

const char *__wrap_tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value);

const char *__wrap_tk_device_metric(struct tk_port *port, unsigned index, uint32_t *value)
{
    assert_ptr_equal(port, &w.port);
    *value = 100 + index;
    return index == 0 ? "heap_free" : index == 1 ? "stack_free" : NULL;
}

/* --- seed --- */

#define HEX_32 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F"

static void a_seed_reaches_the_port(void **state)
{
    (void)state;
    seed_answer = TK_ENTROPY_OK;
    assert_string_equal(world_type(&w, "seed " HEX_32), "OK");
    assert_int_equal(seed_len, 32);
    for (int i = 0; i < 32; i++)
        assert_int_equal(seed[i], i);
    assert_string_equal(world_type(&w, "seed " HEX_32 HEX_32), "OK");
    assert_int_equal(seed_len, 64);
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, "event=seeded count=2\n"));
    assert_null(strstr(w.answer, "0001"));
}

static void a_seed_is_32_to_64_bytes_in_hex(void **state)
{
    static const char *const bad[] = {"seed 00", "seed " HEX_32 "0", "seed x" HEX_32,
                                      "seed " HEX_32 HEX_32 "00", "seed " HEX_32 "0g"};

    (void)state;
    seed_len = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        world_assert_begins(world_type(&w, bad[i]), "ERR bad_value give 64 to 128 hex digits");
    assert_int_equal(seed_len, 0);
}

static void a_port_may_refuse_a_seed(void **state)
{
    (void)state;
    seed_answer = TK_ENTROPY_HAS_SOURCE;
    world_assert_begins(world_type(&w, "seed " HEX_32), "ERR seed_own");
    seed_answer = -1;
    world_assert_begins(world_type(&w, "seed " HEX_32), "ERR storage_failed");
    world_type(&w, "history --security");
    assert_null(strstr(w.answer, "event=seeded"));
}

/* --- selftest --- */

static void selftest_reports_each_check(void **state)
{
    struct tk_sim_flash scratch;

    (void)state;
    assert_string_equal(world_type(&w, "selftest"), "OK");
    assert_non_null(strstr(w.answer, "@1 clock.monotonic=ok\n"));
    assert_non_null(strstr(w.answer, "@1 flash.erase=skipped no scratch flash\n"));
    assert_null(strstr(w.answer, "=failed"));
    tk_sim_flash_init(&scratch, 4096, 8, 1);
    w.config.scratch = &scratch.flash;
    assert_string_equal(world_type(&w, "selftest"), "OK");
    assert_non_null(strstr(w.answer, "@1 flash.erase=ok\n"));
    scratch.fail_at = scratch.operations + 1;
    scratch.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "selftest"), "ERR selftest_failed");
    assert_non_null(strstr(w.answer, "@1 flash.erase=failed "));
    tk_sim_flash_free(&scratch);
}

/* --- version, factory-reset --- */

static void version_says_whether_flash_is_sealed(void **state)
{
    static struct tk_seal seal;

    (void)state;
    assert_non_null(strstr(world_type(&w, "version"), " seal=none"));
    w.port.has_key = true;
    w.config.seal = &seal;
    tk_keeper_free(&w.keeper);
    tk_sim_flash_free(&w.flash);
    tk_sim_flash_init(&w.flash, 4096, 8, 1);
    tk_keeper_init(&w.keeper, &w.config);
    assert_non_null(strstr(world_type(&w, "version"), " seal=aes-128-gcm"));
}

static void factory_reset_needs_the_last_4_characters(void **state)
{
    static const char *const bad[] = {"1", "01", "001", "00001", "SIM-0001", "0002"};
    char line[40] = "factory-reset ";

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        strcpy(line + strlen("factory-reset "), bad[i]);
        world_assert_begins(world_type(&w, line), "ERR wrong_id");
    }
    assert_int_equal(w.port.reboots, 0);
}

/* --- history --- */

static void history_has_one_argument(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "history --all"), "ERR usage history [--security]");
    world_assert_begins(world_type(&w, "history --security"), "OK events=");
}

/* By a build with more settings. */
static void a_setting_of_another_build_has_no_name(void **state)
{
    (void)state;
    tk_runtime_security(&w.keeper.rt, TK_SECURITY_SET, TK_NO_ACCOUNT, NULL, "newer_setting");
    tk_runtime_security(&w.keeper.rt, TK_SECURITY_SET, TK_NO_ACCOUNT, NULL, "ntp");
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, "event=set key=unknown count=1\n"));
    assert_non_null(strstr(w.answer, "event=set key=ntp count=1\n"));
}

/* By a build with more errors. */
static void a_cause_of_another_build_has_no_name(void **state)
{
    struct tk_history *h = &w.keeper.rt.history;

    (void)state;
    tk_history_add(h, TK_EVENT_RAISED, 0, 2, TK_E_TIMEOUT);
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "event=raised ref=token level=2 cause=timeout\n"));
    h->data[2 + TK_HISTORY_EVENT * (h->count - 1) + 8] ^= 1; /* the hash of its code */
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "event=raised ref=token level=2 cause=unknown\n"));
}

/* Flash has its events, but no longer its name. */
static void an_account_that_is_lost_counts_as_removed(void **state)
{
    (void)state;
    assert_string_equal(world_type(&w, "ref add b"), "OK ref=b");
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, "event=ref_added ref=b count=1\n"));
    assert_int_equal(tk_storage_put(&w.keeper.rt.storage, tk_account_key(1, TK_KEY_NAME), NULL, 0),
                     TK_OK);
    world_restart(&w, 1000);
    world_type(&w, "history --security");
    assert_non_null(strstr(w.answer, "event=ref_added ref=(removed) count=1\n"));
}

/* --- status --- */

static void status_ends_with_the_metrics_of_the_port(void **state)
{
    (void)state;
    assert_string_equal(world_status(&w, "heap_free"), "100");
    assert_string_equal(world_status(&w, "stack_free"), "101");
    assert_non_null(strstr(w.answer, "@1 posts_failed=0\n@1 heap_free=100\n@1 stack_free=101\n"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_seed_reaches_the_port),
        TEST(a_seed_is_32_to_64_bytes_in_hex),
        TEST(a_port_may_refuse_a_seed),
        TEST(selftest_reports_each_check),
        TEST(version_says_whether_flash_is_sealed),
        TEST(factory_reset_needs_the_last_4_characters),
        TEST(history_has_one_argument),
        TEST(a_setting_of_another_build_has_no_name),
        TEST(an_account_that_is_lost_counts_as_removed),
        TEST(status_ends_with_the_metrics_of_the_port),
        TEST(a_cause_of_another_build_has_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
