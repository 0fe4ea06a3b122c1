/* SPDX-License-Identifier: Apache-2.0 */

/* Records that are copied when a sector is opened. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tk_sim_flash.h"
#include "tk_store.h"

static struct tk_sim_flash f;
static struct tk_store s;

static void reopen(void)
{
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static int begin(void **state)
{
    (void)state;
    tk_sim_flash_init(&f, 1024, 3, 4);
    reopen();
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(f.violations, 0);
    tk_sim_flash_free(&f);
    return 0;
}

static void put(uint8_t key, const char *text)
{
    struct tk_store_piece piece = {text, (uint16_t)strlen(text)};
    struct tk_store_value one = {key, 1, &piece};

    assert_int_equal(tk_store_commit(&s, &one, 1), TK_STORE_OK);
}

static void assert_has(uint8_t key, const char *text)
{
    char got[100] = "";

    assert_int_equal(tk_store_get(&s, key, got, sizeof got - 1), strlen(text));
    assert_string_equal(got, text);
}

static void prepare(void)
{
    int ret = TK_STORE_AGAIN;

    for (int i = 0; i < 100 && ret == TK_STORE_AGAIN; i++)
        ret = tk_store_prepare(&s);
    assert_int_equal(ret, TK_STORE_OK);
}

/* The first place where these bytes are. */
static uint8_t *place_of(const char *text)
{
    for (size_t at = 0; at + strlen(text) <= 3 * 1024; at++) {
        if (memcmp(f.bytes + at, text, strlen(text)) == 0)
            return f.bytes + at;
    }
    fail();
    return NULL;
}

static void an_unchanged_value_of_a_commit_is_copied(void **state)
{
    char number[12];
    struct tk_store_piece same = {"the same", 8}, other = {number, 0};
    struct tk_store_value values[] = {{1, 1, &same}, {2, 1, &other}};

    (void)state;
    put(1, "the same");
    for (int i = 0; i < 1200; i++) {
        other.len = (uint16_t)snprintf(number, sizeof number, "%d", i);
        assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
        assert_has(1, "the same");
        assert_has(2, number);
    }
    assert_true(f.erases > 6);
}

/* Prepare copies a record with a wrong bit, so that a second one does not make it uncorrectable. */
static void a_record_with_a_wrong_bit_is_copied(void **state)
{
    (void)state;
    put(1, "a value that is old");
    put(2, "another");
    put(3, "and a third");
    place_of("a value that is old")[3] ^= 0x10;
    assert_has(1, "a value that is old");
    assert_string_equal(tk_store_health(&s), "corrected");
    prepare();
    f.bytes[place_of(" value that is old") - f.bytes + 5] ^= 0x04;
    f.bytes[place_of("another") - f.bytes + 1] ^= 0x04;
    assert_has(1, "a value that is old");
    assert_has(2, "another");
    reopen();
    assert_has(1, "a value that is old");
    assert_has(3, "and a third");
}

/* No record follows the commit that opened a sector, but the header says that it was complete. With
 * two sectors there is no older value to fall back to. */
static void assert_opening_is_corrected(uint32_t unit)
{
    char text[20];

    tk_sim_flash_free(&f);
    tk_sim_flash_init(&f, 1024, 2, unit);
    reopen();
    put(1, "an old value");
    for (int i = 0; f.erases < 3; i++) {
        snprintf(text, sizeof text, "value %d", i);
        put(2, text);
    }
    uint8_t *value = place_of(text);

    for (size_t bit = 0; bit < 8 * (5 + strlen(text) + 4); bit++) {
        uint8_t *byte = value - 5 + bit / 8;

        *byte ^= (uint8_t)(1 << bit % 8);
        reopen();
        assert_has(1, "an old value");
        assert_has(2, text);
        assert_string_equal(tk_store_health(&s), "corrected");
        *byte ^= (uint8_t)(1 << bit % 8);
    }
}

static void a_wrong_bit_in_the_opening_commit_is_corrected(void **state)
{
    (void)state;
    assert_opening_is_corrected(1); /* the record ends where the header says */
    assert_opening_is_corrected(4);
}

/* A full store; the last commit before the restart deletes 31 keys. */
static void a_record_that_deletes_many_keys_is_copied(void **state)
{
    struct tk_store_value gone[31];
    char text[8];

    (void)state;
    for (uint8_t key = 0; key < 31; key++) {
        snprintf(text, sizeof text, "%d", key);
        put(key, text);
        gone[key] = (struct tk_store_value){key, 0, NULL};
    }
    put(100, "what stays");
    for (uint8_t key = 101; key < 200; key++) {
        struct tk_store_piece piece = {"0123456789", 10};
        struct tk_store_value one = {key, 1, &piece};

        if (tk_store_commit(&s, &one, 1) == TK_STORE_FULL)
            break;
    }
    assert_int_equal(tk_store_commit(&s, gone, 31), TK_STORE_OK);
    for (int i = 0; i < 8; i++) {
        reopen();
        prepare();
        assert_has(100, "what stays");
        put(100, i % 2 == 0 ? "what stay." : "what stays");
        put(100, "what stays");
    }
}

/* Some bits of the newest value read differently each time. It is returned as committed, or the
 * previous value is, but never anything else. */
static void marginal_bits_are_copied_as_read_or_dropped(void **state)
{
    char got[20];

    for (uint64_t seed = 1; seed < 400; seed++) {
        put(1, "the value before");
        put(1, "the newest value");
        size_t at = (size_t)(place_of("the newest value") - f.bytes);

        f.weak_bits[at + seed % 16] |= (uint8_t)(1 << seed % 7);
        f.weak_bits[at + seed % 11] |= 2;
        f.has_weak_bits = true;
        f.weak = TK_SIM_WEAK_READ;
        f.random = seed;
        for (int i = 0; i < 20; i++) {
            if (i % 2 == 0)
                reopen();
            if (tk_store_prepare(&s) == TK_STORE_OK)
                break;
        }
        f.weak = TK_SIM_WEAK_NEVER;
        reopen();
        if (tk_store_get(&s, 1, got, sizeof got) == 16)
            assert_true(memcmp(got, "the newest value", 16) == 0 ||
                        memcmp(got, "the value before", 16) == 0);
        end(state);
        begin(state);
    }
}

/* Power fails while prepare copies the last record. A torn program may read as if it had not begun:
 * then the same bytes may be programmed again, but no others. */
static void a_cut_while_the_last_record_is_copied(void **state)
{
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        tk_sim_flash_free(&f);
        tk_sim_flash_init(&f, 1024, 3, 1);
        reopen();
        f.weak = TK_SIM_WEAK_RESTART;
        f.torn_program = TK_SIM_PROGRAM_HALF_UNIT;
        f.random = seed;
        put(1, "a value");
        for (uint64_t cut = 1; cut <= 4; cut++) {
            f.cut_at = f.operations + (seed >> cut) % 4 + 1;
            reopen();
            (void)tk_store_prepare(&s);
            tk_sim_flash_power_on(&f);
        }
        reopen();
        prepare();
        put(2, "another");
        reopen();
        assert_has(1, "a value");
        assert_has(2, "another");
        assert_int_equal(f.violations, 0);
    }
    (void)state;
}

/* The bit is right again in what is written there later. */
static void a_wrong_bit_ends_with_its_sector(void **state)
{
    char number[12];

    (void)state;
    put(1, "a value that is old");
    put(2, "another");
    uint8_t *byte = place_of("a value that is old") + 3;

    *byte ^= 0x10;
    assert_has(1, "a value that is old");
    assert_int_equal(s.bad_bit, 8 * (byte - f.bytes) + 4);
    size_t place = (size_t)(byte - f.bytes) / 1024;
    uint32_t wear = f.wear[place];

    for (int i = 0; i < 400; i++) {
        snprintf(number, sizeof number, "%d", i);
        put(2, number);
        assert_int_equal(s.bad_bit == UINT32_MAX, f.wear[place] != wear);
        assert_has(1, "a value that is old");
        assert_has(2, number);
    }
    assert_int_equal(s.bad_bit, UINT32_MAX);
}

/* Others of its sector answer, so that it is no failure of the whole flash. */
static void a_byte_that_cannot_be_read_costs_its_record_alone(void **state)
{
    char got[20], number[12];

    (void)state;
    put(1, "a value that is lost");
    put(2, "another");
    f.unreadable_at = (uint32_t)(place_of("a value that is lost") - f.bytes) + 4;
    f.unreadable_len = 1;
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_FLASH);
    assert_has(2, "another");
    assert_string_equal(tk_store_health(&s), "corrupt");
    for (int i = 0; i < 400; i++) { /* nothing of it is copied */
        snprintf(number, sizeof number, "%d", i);
        put(3, number);
    }
    f.unreadable_len = 0;
    assert_has(2, "another");
    assert_has(3, number);
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_MISSING);
}

/* Its values stay, and further commits are refused. */
static void with_all_other_sectors_worn_a_full_one_is_the_last(void **state)
{
    struct tk_store_piece piece = {"another", 7};
    struct tk_store_value value = {2, 1, &piece};
    char number[12];
    int ret = TK_STORE_OK;

    (void)state;
    put(1, "a value");
    f.worn[1] = TK_SIM_NO_ERASE | TK_SIM_NO_PROGRAM;
    for (int i = 0; i < 400 && s.top.worn == 0; i++) {
        snprintf(number, sizeof number, "%d", i);
        put(2, number);
    }
    assert_int_equal(s.top.worn, 1 << 1);
    f.worn[s.top.seq % 3 == 0 ? 2 : 0] = TK_SIM_NO_ERASE | TK_SIM_NO_PROGRAM;
    for (int i = 0; i < 400 && ret == TK_STORE_OK; i++) {
        piece.len = (uint16_t)snprintf(number, sizeof number, "%d", i);
        piece.data = number;
        ret = tk_store_commit(&s, &value, 1);
    }
    assert_int_equal(ret, TK_STORE_FLASH);
    assert_has(1, "a value");
    reopen();
    assert_has(1, "a value");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {TEST(an_unchanged_value_of_a_commit_is_copied),
                                       TEST(a_record_with_a_wrong_bit_is_copied),
                                       TEST(a_wrong_bit_in_the_opening_commit_is_corrected),
                                       TEST(a_record_that_deletes_many_keys_is_copied),
                                       TEST(marginal_bits_are_copied_as_read_or_dropped),
                                       TEST(a_wrong_bit_ends_with_its_sector),
                                       TEST(a_byte_that_cannot_be_read_costs_its_record_alone),
                                       TEST(with_all_other_sectors_worn_a_full_one_is_the_last),
                                       TEST(a_cut_while_the_last_record_is_copied)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
