/* SPDX-License-Identifier: Apache-2.0 */

/* Flash that fails: reads while a gateway starts, stores that do not open, worn sectors. */

#define _GNU_SOURCE /* memmem */
#include "tk_keys.h"
#include "tk_store_media.h"
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

/* Changes the headers of all sectors to a format, with its check. */
static void claim_format(uint8_t *bytes, uint32_t format)
{
    for (uint8_t *header = bytes; header < bytes + 8 * 4096; header += 4096) {
        uint32_t shape = 0, crc = tk_crc_add_number(UINT32_MAX, 0, 4);

        header[16] = (uint8_t)((header[16] & 0xf0) | format);
        for (int i = 0; i < 4; i++)
            shape |= (uint32_t)header[16 + i] << 8 * i;
        crc = tk_crc_add_number(tk_crc_add_number(crc, shape, 4), 0 /* a unit of 1 */, 1);
        if (shape != UINT32_MAX)
            memcpy(header + 20, (uint8_t[]){(uint8_t)crc, (uint8_t)(crc >> 8 & 0x1f)}, 2);
    }
}

static void assert_named_and_kept(const char *name)
{
    static uint8_t before[8 * 4096];
    char expected[64];

    memcpy(before, w.flash.bytes, sizeof before);
    world_restart(&w, 1000);
    world_assert_state(&w, "blocked", name);
    assert_string_equal(world_status(&w, "store"), name);
    sprintf(expected, "ERR %s", name);
    world_assert_begins(world_type(&w, "set scope crm"), expected);
    world_run(&w, 3 * 3600000);
    assert_memory_equal(before, w.flash.bytes, sizeof before);
}

static void a_store_that_is_not_ours_is_named_and_kept(void **state)
{
    static uint8_t ours[8 * 4096];

    (void)state;
    memcpy(ours, w.flash.bytes, sizeof ours);
    claim_format(w.flash.bytes, 2);
    world_restart(&w, 1000);
    world_assert_state(&w, "ready", "none");
    memcpy(w.flash.bytes, ours, sizeof ours);
    claim_format(w.flash.bytes, 3);
    assert_named_and_kept("storage_format");
    memset(w.flash.bytes, 'f', sizeof ours);
    assert_named_and_kept("storage_foreign");
    memcpy(w.flash.bytes, ours, sizeof ours);
    w.flash.flash.sectors = 4;
    assert_named_and_kept("storage_shape");
    w.flash.flash.sectors = 8;
    world_restart(&w, 1000);
    world_assert_state(&w, "ready", "none");
}

/* Ciphers in hardware can fail; mbedTLS's own do not. */
static bool gcm_fails;

int __real_mbedtls_gcm_setkey(mbedtls_gcm_context *ctx, mbedtls_cipher_id_t cipher,
                              const unsigned char *key, unsigned bits);

int __wrap_mbedtls_gcm_setkey(mbedtls_gcm_context *ctx, mbedtls_cipher_id_t cipher,
                              const unsigned char *key, unsigned bits);

int __wrap_mbedtls_gcm_setkey(mbedtls_gcm_context *ctx, mbedtls_cipher_id_t cipher,
                              const unsigned char *key, unsigned bits)
{
    return gcm_fails ? MBEDTLS_ERR_GCM_BAD_INPUT
                     : __real_mbedtls_gcm_setkey(ctx, cipher, key, bits);
}

static void without_its_cipher_a_sealed_store_is_named_and_kept(void **state)
{
    static struct tk_seal seal;

    (void)state;
    assert_string_equal(world_type(&w, "factory-reset 0001"), "OK");
    w.port.has_key = true;
    restart_with(&seal);
    world_provision(&w);
    gcm_fails = true;
    restart_with(&seal);
    world_assert_state(&w, "blocked", "storage_sealed");
    assert_memory_equal(&seal, &(struct tk_seal){0}, sizeof seal);
    gcm_fails = false;
    restart_with(&seal);
    world_assert_state(&w, "ready", "none");
    restart_with(NULL);
}

static void a_device_without_a_key_has_a_plain_store(void **state)
{
    static struct tk_seal seal;

    (void)state;
    restart_with(&seal);
    assert_false(tk_storage_is_sealed(&w.keeper.rt.storage));
    world_assert_state(&w, "ready", "none");
    restart_with(NULL);
}

/* Flash controllers that erase in the background. */
static void an_erase_in_steps_goes_on(void **state)
{
    uint64_t erases = w.flash.erases;

    (void)state;
    w.flash.erase_again = 5;
    for (int i = 0; i < 200 && w.flash.erases < erases + 3; i++)
        world_run(&w, 30 * 60000);
    assert_true(w.flash.erases >= erases + 3);
    world_assert_state(&w, "ready", "none");
    world_restart(&w, 1000);
    world_assert_state(&w, "ready", "none");
}

static void a_stop_writes_nothing_to_a_store_that_is_not_open(void **state)
{
    uint64_t operations;

    (void)state;
    memset(w.flash.bytes, 'f', 8 * 4096);
    world_restart(&w, 1000);
    operations = w.flash.operations;
    assert_true(tk_keeper_shutdown(&w.keeper));
    assert_int_equal(w.flash.operations, operations);
}

static void a_random_number_is_below_its_limit(void **state)
{
    (void)state;
    assert_int_equal(tk_runtime_random(&w.keeper.rt, 0), 0);
    assert_int_equal(tk_runtime_random(&w.keeper.rt, 1), 0);
    for (int i = 0; i < 100; i++)
        assert_in_range(tk_runtime_random(&w.keeper.rt, 3), 0, 2);
}

static int store(uint16_t key, size_t len)
{
    static const char filler[250];
    struct tk_store_piece piece = {filler, (uint16_t)len};
    struct tk_store_value value = {key, len > 0, &piece};

    return tk_store_commit(&w.keeper.rt.storage.store, &value, 1);
}

/* The events stay in RAM then. */
static void a_full_store_refuses_by_name(void **state)
{
    struct tk_storage *s = &w.keeper.rt.storage;
    uint16_t key = 300;

    (void)state;
    assert_int_equal(store(TK_KEY_HISTORY, 0), TK_STORE_OK);
    for (size_t len = 250; len > 4; len /= 2) {
        while (store(key, len) == TK_STORE_OK)
            key++;
    }
    tk_history_add(&w.keeper.rt.history, TK_EVENT_MOVED, 0, 0, TK_OK);
    assert_int_equal(tk_storage_put(s, key, "a value", 8), TK_E_STORAGE_FULL);
    assert_int_equal(tk_storage_commit(s, NULL, 0), TK_OK);
    assert_true(w.keeper.rt.history.unstored);
    assert_int_equal(store(300, 0), TK_STORE_OK);
    assert_int_equal(store(301, 0), TK_STORE_OK);
    assert_int_equal(tk_storage_put(s, key, "a value", 8), TK_OK);
    assert_false(w.keeper.rt.history.unstored);
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
        cmocka_unit_test_setup_teardown(a_store_that_is_not_ours_is_named_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(without_its_cipher_a_sealed_store_is_named_and_kept, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_device_without_a_key_has_a_plain_store, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_erase_in_steps_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stop_writes_nothing_to_a_store_that_is_not_open, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_random_number_is_below_its_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_store_refuses_by_name, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
