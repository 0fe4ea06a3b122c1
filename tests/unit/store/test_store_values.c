/* SPDX-License-Identifier: Apache-2.0 */

/* The store without faults. With them: test_store_faults.c. */

#include "tk_sim_flash.h"
#include "tk_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tk_sim_flash f;
static struct tk_store s;
static char got[70000];

static void make(uint32_t sector_size, uint32_t sectors, uint32_t unit)
{
    tk_sim_flash_init(&f, sector_size, sectors, unit);
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static int begin(void **state)
{
    (void)state;
    make(1024, 2, 4);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (f.violations > 0)
        fail_msg("%s", f.violation);
    tk_sim_flash_free(&f);
    return 0;
}

static int new_flash(uint32_t sector_size, uint32_t sectors, uint32_t unit)
{
    end(NULL);
    make(sector_size, sectors, unit);
    return 0;
}

static int put_n(uint16_t key, const char *value, size_t len)
{
    struct tk_store_piece piece = {value, (uint16_t)len};
    struct tk_store_value one = {key, 1, &piece};

    return tk_store_commit(&s, &one, 1);
}

static int put(uint16_t key, const char *value)
{
    return put_n(key, value, strlen(value));
}

static int drop(uint16_t key)
{
    struct tk_store_value one = {key, 0, NULL};

    return tk_store_commit(&s, &one, 1);
}

static const char *text(int len)
{
    if (len < 0)
        return len == TK_STORE_MISSING ? "(missing)" : "(failed)";
    got[len] = '\0';
    return got;
}

static const char *value(uint16_t key)
{
    return text(tk_store_get(&s, key, got, sizeof got - 1));
}

static const char *previous(uint16_t key)
{
    return text(tk_store_previous(&s, key, got, sizeof got - 1));
}

static void reopen(void)
{
    assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_OK);
}

static void a_blank_store_is_empty_and_mounting_writes_nothing(void **state)
{
    (void)state;
    for (int key = 0; key < 255; key++) {
        assert_string_equal(value((uint8_t)key), "(missing)");
        assert_string_equal(previous((uint8_t)key), "(missing)");
    }
    assert_int_equal(f.operations, 0);
    assert_int_equal(drop(1), TK_STORE_OK);
    assert_int_equal(tk_store_commit(&s, NULL, 0), TK_STORE_OK);
    assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
    assert_int_equal(f.operations, 0);
}

static void values_survive_a_restart(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        if (round == 0) {
            assert_int_equal(put(0, "zero"), TK_STORE_OK);
            assert_int_equal(put(254, "last"), TK_STORE_OK);
            assert_int_equal(put_n(7, "a\0b", 3), TK_STORE_OK);
        }
        assert_string_equal(value(0), "zero");
        assert_string_equal(value(254), "last");
        assert_int_equal(tk_store_get(&s, 7, got, sizeof got), 3);
        assert_memory_equal(got, "a\0b", 3);
        assert_string_equal(value(1), "(missing)");
        reopen();
    }
}

static void the_previous_value_can_be_read(void **state)
{
    (void)state;
    put(1, "a");
    assert_string_equal(previous(1), "(missing)");
    put(1, "bb");
    assert_string_equal(previous(1), "a");
    put(1, "ccc");
    put(2, "x"); /* commits of other keys do not matter */
    put(3, "y");
    reopen();
    assert_string_equal(value(1), "ccc");
    assert_string_equal(previous(1), "bb");
    put(1, "bb");
    assert_string_equal(value(1), "bb");
    assert_string_equal(previous(1), "ccc");
}

static void an_unchanged_value_keeps_its_previous_one(void **state)
{
    struct tk_store_piece same = {"new", 3}, other = {"other", 5};
    struct tk_store_value values[] = {{1, 1, &same}, {2, 1, &other}};

    (void)state;
    put(1, "old");
    put(1, "new");
    assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
    assert_string_equal(value(1), "new");
    assert_string_equal(previous(1), "old");
    assert_string_equal(value(2), "other");
}

static void deleting_deletes_the_previous_value_too(void **state)
{
    (void)state;
    put(1, "a");
    put(1, "b");
    put(2, "c");
    assert_int_equal(drop(1), TK_STORE_OK);
    reopen();
    assert_string_equal(value(1), "(missing)");
    assert_string_equal(previous(1), "(missing)");
    assert_string_equal(value(2), "c");
    put(1, "d");
    assert_string_equal(previous(1), "(missing)");
}

static void an_empty_value_is_a_value(void **state)
{
    (void)state;
    assert_int_equal(put(1, ""), TK_STORE_OK);
    assert_int_equal(tk_store_get(&s, 1, got, 0), 0);
    reopen();
    assert_string_equal(value(1), "");
    put(1, "a");
    assert_string_equal(previous(1), "");
}

static void an_unchanged_value_is_not_written(void **state)
{
    struct tk_store_piece pieces[] = {{"ab", 2}, {"", 0}, {"c", 1}};
    struct tk_store_value one = {1, 3, pieces};

    (void)state;
    put(1, "abc");
    uint64_t operations = f.operations;

    assert_int_equal(put(1, "abc"), TK_STORE_OK);
    assert_int_equal(tk_store_commit(&s, &one, 1), TK_STORE_OK);
    assert_int_equal(drop(9), TK_STORE_OK);
    assert_int_equal(f.operations, operations);
    put(1, "abd");
    assert_true(f.operations > operations);
    operations = f.operations;
    put(1, "ab");
    assert_true(f.operations > operations);
}

static void a_value_is_not_truncated_to_its_buffer(void **state)
{
    (void)state;
    put(1, "abcd");
    put(1, "abcde");
    memset(got, '#', 8);
    assert_int_equal(tk_store_get(&s, 1, got, 4), TK_STORE_SHORT - 5);
    assert_int_equal(tk_store_previous(&s, 1, got, 3), TK_STORE_SHORT - 4);
    assert_int_equal(tk_store_need(tk_store_get(&s, 1, NULL, 0)), 5);
    assert_int_equal(tk_store_need(tk_store_get(&s, 1, got, 5)), 0);
    memset(got, '#', 8);
    assert_memory_equal(got, "########", 8);
    assert_int_equal(tk_store_get(&s, 1, got, 5), 5);
    assert_memory_equal(got, "abcde###", 8);
}

/* Grows a value to the last byte that fits. */
static void values_that_do_not_fit_change_nothing(void **state)
{
    static char large[3000];
    static const uint32_t units[] = {1, 4, 64};

    (void)state;
    memset(large, 'x', sizeof large);
    for (size_t i = 0; i < 3; i++) {
        size_t len = 500;

        new_flash(1024, 2 + 2 * (uint32_t)i, units[i]);
        put(1, "kept");
        while (put_n(2, large, len) == TK_STORE_OK) {
            drop(2);
            len++;
        }
        assert_true(len > 1024 - 140 - 4 * units[i] && len < 1024);
        assert_int_equal(put_n(2, large, len), TK_STORE_FULL);
        assert_int_equal(put_n(2, large, sizeof large), TK_STORE_FULL);
        for (int round = 0; round < 2; round++) {
            assert_string_equal(value(1), "kept");
            assert_string_equal(value(2), "(missing)");
            reopen();
        }
        assert_int_equal(put_n(2, large, len - 1), TK_STORE_OK);
        assert_int_equal(put_n(3, large, 100), TK_STORE_FULL);
        assert_int_equal(tk_store_get(&s, 2, got, sizeof got), len - 1);
    }
}

/* 62 heads: 61 of 254 bytes, and one of up to 253. */
static void a_value_too_long_for_a_record_is_refused(void **state)
{
    enum { LONGEST = 61 * 254 + 253 };
    static char large[LONGEST + 1];
    struct tk_store_piece pieces[] = {{large, 5000}, {large, LONGEST - 5000}, {large, 1}};
    struct tk_store_value one = {1, 3, pieces};

    (void)state;
    new_flash(262144, 2, 64);
    memset(large, 'x', sizeof large);
    assert_int_equal(tk_store_commit(&s, &one, 1), TK_STORE_FULL);
    assert_string_equal(value(1), "(missing)");
    one.count = 2;
    assert_int_equal(tk_store_commit(&s, &one, 1), TK_STORE_OK);
    reopen();
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), LONGEST);
    assert_int_equal(strspn(got, "x"), LONGEST);
}

static void more_values_than_a_record_holds_are_refused(void **state)
{
    static const struct tk_store_piece piece = {"x", 1};
    struct tk_store_value values[32];

    (void)state;
    for (uint8_t i = 0; i < 32; i++)
        values[i] = (struct tk_store_value){i, 1, &piece};
    assert_int_equal(tk_store_commit(&s, values, 32), TK_STORE_FULL);
    assert_string_equal(value(0), "(missing)");
    assert_int_equal(tk_store_commit(&s, values, 31), TK_STORE_OK);
    assert_string_equal(value(30), "x");
}

static void a_key_is_in_a_commit_once(void **state)
{
    static const struct tk_store_piece a = {"a", 1}, b = {"b", 1};
    struct tk_store_value values[] = {{1, 1, &a}, {2, 1, &a}, {1, 1, &b}};

    (void)state;
    assert_int_equal(tk_store_commit(&s, values, 3), TK_STORE_KEY);
    assert_string_equal(value(1), "(missing)");
    assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
    assert_int_equal(tk_store_commit(&s, &values[1], 2), TK_STORE_OK);
    assert_string_equal(value(1), "b");
}

/* Each result is the same as if its key alone had been read. */
static void several_values_are_read_at_once(void **state)
{
    char bufs[5][8] = {{0}};
    struct tk_store_query wants[5];
    static const uint8_t keys[] = {1, 2, 3, 1, 4};
    static const int lens[] = {3, TK_STORE_MISSING, TK_STORE_SHORT - 15, 3, 0};

    (void)state;
    put(1, "old");
    put(2, "gone");
    put(3, "too long for it");
    put(4, "");
    drop(2);
    put(1, "new");
    for (int i = 0; i < 5; i++)
        wants[i] = (struct tk_store_query){.key = keys[i], .size = 8, .buf = bufs[i]};
    assert_int_equal(tk_store_get_all(&s, wants, 5), TK_STORE_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(wants[i].len, lens[i]);
    assert_string_equal(bufs[0], "new");
    assert_string_equal(bufs[3], "new");
    assert_string_equal(bufs[2], "");
    f.off = true;
    assert_int_equal(tk_store_get_all(&s, wants, 5), TK_STORE_FLASH);
    assert_int_equal(wants[0].len, TK_STORE_FLASH);
    f.off = false;
}

/* It is refused by name, and a wipe makes it a store. */
static void foreign_data_is_refused(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 4; round++) {
        for (size_t i = 0; i < 2048; i++) {
            random = random * 1664525 + 1013904223;
            f.bytes[i] = round == 0 ? 0 : round == 1 ? 0xa5 : (uint8_t)(random >> 24);
        }
        memset(f.programmed, 1, 512);
        uint64_t operations = f.operations;

        assert_int_equal(tk_store_open(&s, &f.flash, NULL), TK_STORE_FOREIGN);
        assert_int_equal(put(1, "a"), TK_STORE_FOREIGN);
        assert_int_equal(tk_store_prepare(&s), TK_STORE_FOREIGN);
        assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_FOREIGN);
        tk_store_close(&s);
        assert_int_equal(f.operations, operations);
        assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
        assert_int_equal(put(1, "a"), TK_STORE_OK);
        assert_int_equal(put(1, "b"), TK_STORE_OK);
        reopen();
        assert_string_equal(value(1), "b");
        assert_string_equal(previous(1), "a");
    }
}

/* Byte by byte, as FORMAT.md says. */
static void the_format_is_as_documented(void **state)
{
    /* CRC-32 computed with zlib */
    static const uint8_t want[] = {
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0xdc, 0xa5,
        0xee, 0xd0, 0x22, 0x00, 0x3f, 0x40, 0x9d, 0x1a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0x01, 0x07, 0x02, 0xe9, 0xb6, 0x68, 0x69, 0x03, 0xb2, 0x55,
        0x98, 0x01, 0x07, 0x02, 0xe9, 0xb6, 0x68, 0x6f, 0x36, 0x17, 0x36, 0x71, 0xff};

    (void)state;
    new_flash(1024, 2, 1);
    put(7, "hi");
    put(7, "ho");
    assert_memory_equal(f.bytes + 1024, want, sizeof want);
}

static void unsupported_geometries_are_refused(void **state)
{
    static const struct {
        uint32_t sector_size, sectors, unit;
        int want;
    } rows[] = {
        {1024, 2, 1, TK_STORE_OK},         {262144, 2, 64, TK_STORE_OK},
        {1056, 3, 32, TK_STORE_OK},        {1024, 1, 1, TK_STORE_GEOMETRY},
        {1024, 0, 1, TK_STORE_GEOMETRY},   {512, 4, 1, TK_STORE_GEOMETRY},
        {524288, 2, 1, TK_STORE_GEOMETRY}, {1024, 2, 0, TK_STORE_GEOMETRY},
        {1026, 2, 4, TK_STORE_GEOMETRY},   {1152, 2, 48, TK_STORE_GEOMETRY},
        {1024, 2, 128, TK_STORE_GEOMETRY},
    };

    (void)state;
    new_flash(262144, 2, 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        f.flash.sector_size = rows[i].sector_size;
        f.flash.sectors = rows[i].sectors;
        f.flash.unit = rows[i].unit;
        assert_int_equal(tk_store_open(&s, &f.flash, NULL), rows[i].want);
    }
}

#if !TK_STORE_SEALING
static void a_build_without_sealing_refuses_a_seal(void **state)
{
    static struct tk_store_seal seal;

    (void)state;
    assert_int_equal(tk_store_open(&s, &f.flash, &seal), TK_STORE_SEALED);
    assert_int_equal(put(1, "a"), TK_STORE_SEALED);
}
#endif

static void a_commit_waits_for_an_erase_in_steps(void **state)
{
    (void)state;
    f.erase_again = 5;
    assert_int_equal(put(1, "a"), TK_STORE_OK);
    assert_int_equal(put(1, "b"), TK_STORE_OK);
    assert_string_equal(value(1), "b");
    assert_int_equal(f.erases, 1);
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
    assert_int_equal(f.erases, 4); /* the first one twice: it gets a new header between */
}

/* Commits until prepare has begun to erase the next sector, and leaves the erase unfinished. */
static void begin_erase(void)
{
    char number[16];

    new_flash(1024, 3, 1);
    f.erase_again = 5;
    for (int i = 0; tk_store_prepare(&s) != TK_STORE_AGAIN; i++) {
        assert_true(i < 1000);
        snprintf(number, sizeof number, "%d", i);
        assert_int_equal(put(1, number), TK_STORE_OK);
    }
}

static void no_access_during_an_erase(void **state)
{
    (void)state;
    begin_erase();
    assert_true(strlen(value(1)) > 0);
    begin_erase();
    assert_int_equal(put(2, "b"), TK_STORE_OK);
    assert_string_equal(value(2), "b");
    begin_erase();
    tk_store_close(&s);
    reopen();
    begin_erase();
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
    assert_int_equal(f.violations, 0);
}

static void wear_is_even(void **state)
{
    char number[2] = "0";

    (void)state;
    for (int i = 0; i < 2000; i++) {
        number[0] = (char)('a' + i % 20);
        assert_int_equal(put(1, number), TK_STORE_OK);
    }
    assert_in_range(f.wear[0], 10, 20);
    assert_in_range(f.wear[1], f.wear[0] - 1, f.wear[0] + 1);
}

/* Keys that share a bit of struct tk_keys; with an index, some of them are in it. */
static void keys_of_any_size_are_told_apart(void **state)
{
    static const uint16_t keys[] = {1, 129, 257, 1025, 2049, 2081, 3041, 4065};
    enum { KEYS = sizeof keys / sizeof keys[0], ROUNDS = 100 };
    char text_of[32], before[32];

    (void)state;
    new_flash(1024, 4, 1);
    for (int i = 0; i < KEYS; i++) /* the older half of each is copied from sector to sector */
        assert_int_equal(put((uint16_t)(keys[i] - 1), "old"), TK_STORE_OK);
    for (int round = 1; round <= ROUNDS; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(before, sizeof before, "%d of %d", round - 1, i);
            snprintf(text_of, sizeof text_of, "%d of %d", round, i);
            assert_int_equal(put(keys[i], text_of), TK_STORE_OK);
            assert_string_equal(value(keys[i]), text_of);
            assert_string_equal(previous(keys[i]), round == 1 ? "(missing)" : before);
            assert_string_equal(value((uint16_t)(keys[i] - 1)), "old");
        }
        if (round % 10 == 0)
            reopen();
        if (round == ROUNDS / 2)
            assert_int_equal(drop(4064), TK_STORE_OK);
        if (round == ROUNDS / 2)
            assert_int_equal(put(4064, "old"), TK_STORE_OK);
    }
    assert_string_equal(tk_store_health(&s), "ok");
}

/* Also after the sector of a previous value was erased. */
static void what_is_read_is_what_a_restart_reads(void **state)
{
    char was[16];

    (void)state;
    new_flash(1024, 3, 1);
    assert_int_equal(put(1, "first"), TK_STORE_OK);
    assert_int_equal(put(1, "second"), TK_STORE_OK);
    assert_string_equal(previous(1), "first");
    for (int i = 0; i < 200; i++) {
        char filler[40];

        snprintf(filler, sizeof filler, "%039d", i);
        assert_int_equal(put(2, filler), TK_STORE_OK);
        if (i % 3 == 0)
            while (tk_store_prepare(&s) == TK_STORE_AGAIN)
                ;
        snprintf(was, sizeof was, "%.15s", previous(1));
        struct tk_store running = s;

        reopen();
        assert_string_equal(previous(1), was);
        s = running;
    }
    assert_string_equal(value(1), "second");
    assert_string_equal(previous(1), "(missing)");
}

static void a_wipe_erases_everything(void **state)
{
    static const uint32_t shapes[][3] = {{1024, 2, 4}, {1056, 3, 32}, {1024, 5, 64}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        new_flash(shapes[i][0], shapes[i][1], shapes[i][2]);
        size_t size = (size_t)shapes[i][0] * shapes[i][1];

        put(1, "secret");
        put(1, "secret2");
        memcpy(f.bytes + size - 8, "foreign", 7); /* outside all records */
        assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
        for (size_t at = 0; at < size; at++)
            assert_int_equal(f.bytes[at], 0xff);
        assert_string_equal(value(1), "(missing)");
        assert_int_equal(put(1, "new"), TK_STORE_OK);
        assert_string_equal(previous(1), "(missing)");
    }
}

/* --- a flash with sync --- */

static int syncs, sync_result;

static int count_sync(void *ctx)
{
    (void)ctx;
    syncs++;
    return sync_result;
}

static void a_commit_is_synced_before_it_returns(void **state)
{
    (void)state;
    syncs = 0;
    sync_result = TK_FLASH_OK;
    f.flash.sync = count_sync;
    assert_int_equal(put(1, "a"), TK_STORE_OK);
    assert_int_equal(syncs, 3); /* the record, and the halves of the header */
    sync_result = TK_FLASH_ERR;
    assert_int_equal(put(1, "b"), TK_STORE_FLASH);
    assert_string_equal(value(1), "a");
    assert_int_equal(tk_store_wipe(&s), TK_STORE_FLASH);
    f.flash.sync = NULL;
    assert_int_equal(tk_store_wipe(&s), TK_STORE_OK);
    assert_string_equal(value(1), "(missing)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_blank_store_is_empty_and_mounting_writes_nothing),
        TEST(values_survive_a_restart),
        TEST(the_previous_value_can_be_read),
        TEST(an_unchanged_value_keeps_its_previous_one),
        TEST(deleting_deletes_the_previous_value_too),
        TEST(an_empty_value_is_a_value),
        TEST(an_unchanged_value_is_not_written),
        TEST(a_value_is_not_truncated_to_its_buffer),
        TEST(values_that_do_not_fit_change_nothing),
        TEST(a_value_too_long_for_a_record_is_refused),
        TEST(more_values_than_a_record_holds_are_refused),
        TEST(several_values_are_read_at_once),
        TEST(foreign_data_is_refused),
        TEST(the_format_is_as_documented),
        TEST(unsupported_geometries_are_refused),
#if !TK_STORE_SEALING
        TEST(a_build_without_sealing_refuses_a_seal),
#endif
        TEST(a_commit_waits_for_an_erase_in_steps),
        TEST(no_access_during_an_erase),
        TEST(wear_is_even),
        TEST(keys_of_any_size_are_told_apart),
        TEST(what_is_read_is_what_a_restart_reads),
        TEST(a_wipe_erases_everything),
        TEST(a_commit_is_synced_before_it_returns),
        TEST(a_key_is_in_a_commit_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
