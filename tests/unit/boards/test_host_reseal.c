/* SPDX-License-Identifier: Apache-2.0 */

/* Copies of stores under another key, as tokenkeeper rekey makes them. */

#include "reseal.h"
#include "tk_seal.h"
#include "tk_sim_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SECTOR = 4096, SECTORS = 8, ROUNDS = 3, LARGE = 900 };

static const uint8_t key[TK_SEAL_KEY] = "the key that was in use till now";
static const uint8_t new_key[TK_SEAL_KEY] = "the key that will be in use then";
static const uint16_t keys[] = {0, 1, 31, 40, 239, 240, 254, 256, 2079, TK_STORE_KEY_MAX};

enum { KEYS = sizeof keys / sizeof keys[0] };

static struct tk_sim_flash from_flash, to_flash;
static struct tk_seal seal, new_seal;
static struct tk_store from, to;
static struct tk_reseal r;

static int set_up(void **state)
{
    (void)state;
    tk_sim_flash_init(&from_flash, SECTOR, SECTORS, 1);
    tk_sim_flash_init(&to_flash, SECTOR, SECTORS, 1);
    memset(&r, 0, sizeof r);
    r.from = &from;
    r.to = &to;
    return tk_seal_init(&seal, key) && tk_seal_init(&new_seal, new_key) &&
                   tk_store_open(&from, &from_flash.flash, &seal.store) == TK_STORE_OK &&
                   tk_store_open(&to, &to_flash.flash, &new_seal.store) == TK_STORE_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    tk_seal_free(&seal);
    tk_seal_free(&new_seal);
    tk_sim_flash_free(&from_flash);
    tk_sim_flash_free(&to_flash);
    return 0;
}

static int put(struct tk_store *store, uint16_t at, const void *data, size_t len)
{
    struct tk_store_piece piece = {data, (uint16_t)len};
    struct tk_store_value value = {at, 1, &piece};

    return tk_store_commit(store, &value, 1);
}

/* Of the value that a key gets in a round; one is empty, one is large. */
static size_t len_of(int i)
{
    return i == 3 ? 0 : i == 4 ? LARGE : 5u + (unsigned)i;
}

static void fill(uint8_t *value, int i, int round)
{
    memset(value, 16 * i + round, LARGE);
}

static void store_all(int rounds)
{
    uint8_t value[LARGE];

    for (int round = 0; round < rounds; round++) {
        for (int i = 0; i < KEYS; i++) {
            fill(value, i, round);
            assert_int_equal(put(&from, keys[i], value, len_of(i)), TK_STORE_OK);
        }
    }
}

static void open_again(void)
{
    assert_int_equal(tk_store_open(&to, &to_flash.flash, &new_seal.store), TK_STORE_OK);
    assert_string_equal(tk_store_health(&to), "ok");
}

static void assert_value(int len, const uint8_t *got, int i, int round)
{
    uint8_t want[LARGE];

    fill(want, i, round);
    assert_int_equal(len, len_of(i));
    assert_memory_equal(got, want, len_of(i));
}

static void values_and_what_they_were_are_copied(void **state)
{
    uint8_t got[LARGE];

    (void)state;
    store_all(ROUNDS);
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_OK);
    assert_int_equal(r.count, KEYS);
    open_again();
    assert_int_equal(tk_reseal_compare(&r), TK_STORE_OK);
    for (int i = 0; i < KEYS; i++) {
        assert_value(tk_store_get(&to, keys[i], got, sizeof got), got, i, ROUNDS - 1);
        if (len_of(i) > 0) /* the empty one never changed */
            assert_value(tk_store_previous(&to, keys[i], got, sizeof got), got, i, ROUNDS - 2);
    }
    assert_int_equal(tk_store_open(&to, &to_flash.flash, &seal.store), TK_STORE_SEALED);
    assert_int_equal(tk_store_open(&to, &to_flash.flash, NULL), TK_STORE_SEALED);
}

static void what_was_deleted_is_not_copied(void **state)
{
    const struct tk_store_value none = {31, 0, NULL};
    uint8_t got[LARGE];

    (void)state;
    store_all(ROUNDS);
    assert_int_equal(tk_store_commit(&from, &none, 1), TK_STORE_OK);
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_OK);
    assert_int_equal(r.count, KEYS - 1);
    open_again();
    assert_int_equal(tk_store_get(&to, 31, got, sizeof got), TK_STORE_MISSING);
    assert_int_equal(tk_store_previous(&to, 31, got, sizeof got), TK_STORE_MISSING);
}

static void an_empty_store_is_copied(void **state)
{
    (void)state;
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_OK);
    assert_int_equal(r.count, 0);
    assert_int_equal(tk_reseal_compare(&r), TK_STORE_OK);
}

static void a_difference_is_found(void **state)
{
    (void)state;
    store_all(ROUNDS);
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_OK);
    assert_int_equal(put(&to, 256, "other", 5), TK_STORE_OK);
    assert_int_equal(tk_reseal_compare(&r), TK_STORE_FLASH);
    assert_int_equal(r.key, 256);
}

/* The values are right, but not what they were. */
static void a_difference_of_the_past_is_found(void **state)
{
    uint8_t value[LARGE];

    (void)state;
    store_all(ROUNDS);
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_OK);
    assert_int_equal(put(&to, 256, "other", 5), TK_STORE_OK);
    fill(value, 7, ROUNDS - 1);
    assert_int_equal(put(&to, 256, value, len_of(7)), TK_STORE_OK);
    assert_int_equal(tk_reseal_compare(&r), TK_STORE_FLASH);
}

/* A plaintext store that is full has no room for what sealing adds. */
static void a_full_store_is_refused(void **state)
{
    uint8_t value[100] = {0};
    uint16_t at = 0;

    (void)state;
    assert_int_equal(tk_store_open(&from, &from_flash.flash, NULL), TK_STORE_OK);
    while (put(&from, at, value, sizeof value) == TK_STORE_OK)
        at++;
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_FULL);
    assert_in_range(r.key, 1, at - 1);
}

/* All bytes of a value, wherever they are, so that no copy is left. */
static void spoil(const char *bytes, size_t len)
{
    for (size_t i = 0; i + len <= SECTOR * SECTORS; i++) {
        if (memcmp(from_flash.bytes + i, bytes, len) == 0)
            memset(from_flash.bytes + i, 0, len);
    }
}

static void a_damaged_value_is_named(void **state)
{
    (void)state;
    assert_int_equal(tk_store_open(&from, &from_flash.flash, NULL), TK_STORE_OK);
    store_all(1);
    assert_int_equal(put(&from, 41, "a value to damage", 17), TK_STORE_OK);
    assert_int_equal(put(&from, 42, "the last commit", 15), TK_STORE_OK);
    spoil("a value to damage", 17);
    assert_int_equal(tk_reseal_copy(&r), TK_STORE_FLASH);
    assert_int_equal(r.key, 41);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_and_what_they_were_are_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_deleted_is_not_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_store_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_difference_of_the_past_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_store_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_value_is_named, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
