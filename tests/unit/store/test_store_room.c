/* SPDX-License-Identifier: Apache-2.0 */

/* What fits, to the byte: into the store, and into the newest sector. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_load.h"

static char large[4096];

static int put(uint16_t key, uint32_t len)
{
    struct tk_store_piece piece = {large, (uint16_t)len};
    struct tk_store_value value = {key, 1, &piece};

    return tk_store_commit(&s, &value, 1);
}

static int len_of(uint16_t key)
{
    return tk_store_get(&s, key, NULL, 0);
}

/* --- into the store --- */

static void status_says_what_fits(void **state)
{
    struct tk_store_piece piece = {large, 0};
    struct tk_store_value value = {1, 1, &piece};
    struct tk_store_status status;

    (void)state;
    for (uint32_t unit = 1; unit <= 64; unit *= 8) {
        begin(4096, 2, unit);
        tk_store_status(&s, &status);
        assert_int_equal(status.capacity, 4096 - (unit == 64 ? 128 : 32));
        assert_int_equal(status.free, status.capacity);
        assert_int_equal(status.sectors, 2);
        assert_int_equal(status.worn, 0);
        assert_string_equal(status.word, "ok");
        piece.len = (uint16_t)(status.largest + 1);
        assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_FULL);
        piece.len = (uint16_t)status.largest;
        assert_int_equal(tk_store_commit(&s, &value, 1), TK_STORE_OK);
        tk_store_status(&s, &status);
        assert_true(status.free < 64 + 8);
        end();
    }
}

/* A head of 2 bytes for each 254 bytes that a value has, and one for the rest. */
static void the_largest_value_of_each_size_of_sectors(void **state)
{
    struct tk_store_status status;

    (void)state;
    for (uint32_t size = 1024; size < 4000; size += 16) {
        begin(size, 2, 1);
        tk_store_status(&s, &status);
        uint32_t len = status.largest;

        assert_true(7 + 2 * (len / 254 + 1) + len <= size - 32);
        len++;
        assert_true(7 + 2 * (len / 254 + 1) + len > size - 32);
        end();
    }
    begin(32768, 2, 1);
    tk_store_status(&s, &status);
    assert_int_equal(status.largest, 61 * 254 + 253);
    end();
}

/* Deletions are in the record beside the value. In a sector of 992 bytes it takes 7 for itself, 2
 * for each deletion, 8 for the heads of the value. */
static void a_value_and_deletions_that_do_not_fit_together(void **state)
{
    struct tk_store_piece piece = {large, 0};
    struct tk_store_value values[] = {{1, 0, NULL}, {2, 1, &piece}, {3, 0, NULL}};

    (void)state;
    for (uint16_t deletions = 1; deletions <= 2; deletions++) {
        begin(1024, 2, 1);
        assert_int_equal(put(1, 10), TK_STORE_OK);
        assert_int_equal(put(3, 10), TK_STORE_OK);
        uint32_t live = deletions == 1 ? 7 + 2 + 10 : 0;

        piece.len = (uint16_t)(992 - 7 - 8 - 2 * deletions - live + 1);
        assert_int_equal(tk_store_commit(&s, values, 1u + deletions), TK_STORE_FULL);
        assert_string_equal(tk_store_health(&s), "ok");
        assert_int_equal(tk_store_need(len_of(1)), 10);
        assert_int_equal(tk_store_need(len_of(3)), 10);
        piece.len--;
        assert_int_equal(tk_store_commit(&s, values, 1u + deletions), TK_STORE_OK);
        open_store();
        assert_int_equal(tk_store_need(len_of(2)), piece.len);
        assert_int_equal(len_of(1), TK_STORE_MISSING);
        end();
    }
}

/* Live values are counted again only where what is left of the last count may not do. */
static void what_is_left_is_known_to_the_byte(void **state)
{
    struct tk_store_piece piece = {large, 100};
    struct tk_store_value values[] = {{1, 1, &piece}, {2, 1, &piece}};

    (void)state;
    begin(1024, 2, 1);
    assert_int_equal(put(1, 100), TK_STORE_OK);
    uint32_t headroom = s.headroom;

    assert_int_equal(headroom, 992 - 109);
    assert_int_equal(put(1, 100), TK_STORE_OK);
    assert_int_equal(s.headroom, headroom);
    assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
    assert_int_equal(s.headroom, headroom - 109);
    assert_int_equal(put(2, 50), TK_STORE_OK); /* less is seen when it is counted again */
    assert_int_equal(s.headroom, headroom - 109);
    assert_int_equal(put(3, headroom - 59 - 7 - 8), TK_STORE_OK);
    assert_int_equal(s.headroom, 0);
    assert_int_equal(put(2, 51), TK_STORE_FULL);
    assert_string_equal(tk_store_health(&s), "ok");
    end();
}

/* Replaced values take no room, in whatever sector they are. */
static void free_space_is_what_live_values_leave(void **state)
{
    struct tk_store_status status;

    (void)state;
    begin(1024, 4, 1);
    for (uint32_t i = 0; i < 12; i++) {
        assert_int_equal(put(0, 200 + i), TK_STORE_OK);
        assert_int_equal(put(300, 100 + i), TK_STORE_OK);
        tk_store_status(&s, &status);
        assert_int_equal(status.free, 992 - (7 + 2 + 200 + i) - (7 + 4 + 100 + i));
    }
    assert_true(s.top.seq > 3);
    assert_int_equal(put(1, status.free - 7 - 6 - 1), TK_STORE_OK);
    tk_store_status(&s, &status);
    assert_int_equal(status.free, 1);
    tk_store_close(&s);
    tk_store_status(&s, &status);
    assert_int_equal(status.free, 0);
    end();
}

/* --- into the newest sector --- */

static void a_commit_is_appended_up_to_the_last_byte(void **state)
{
    (void)state;
    for (uint32_t more = 0; more < 2; more++) {
        begin(1024, 2, 1);
        assert_int_equal(put(1, 700), TK_STORE_OK);
        uint32_t left = s.limit - s.append_at, seq = s.top.seq;

        assert_int_equal(left, 992 - 7 - 6 - 700);
        assert_int_equal(put(2, left - 7 - 4 + more), more == 0 ? TK_STORE_OK : TK_STORE_FULL);
        assert_int_equal(s.top.seq, seq);
        assert_int_equal(put(1, 1), TK_STORE_OK);
        assert_int_equal(s.top.seq, seq + 1 - more);
        end();
    }
}

/* Once what is live and the largest record since the start do not both fit. Where live values were
 * not counted since then, they are taken for none. */
static void prepare_erases_from_one_byte_on(void **state)
{
    (void)state;
    for (uint32_t headroom = 0; headroom < 992; headroom += 400) {
        begin(1024, 2, 1);
        assert_int_equal(put(1, 100), TK_STORE_OK);
        s.headroom = headroom;
        s.largest = s.limit - s.append_at - (headroom == 0 ? 0 : 992 - headroom);
        uint64_t erases = f.erases;

        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_int_equal(f.erases, erases);
        s.largest++;
        assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_int_equal(f.erases, erases + 1);
        end();
    }
}

static void the_largest_record_is_noted(void **state)
{
    (void)state;
    begin(1024, 2, 1);
    for (uint32_t len = 50; len > 0; len -= 10) {
        assert_int_equal(put(1, len), TK_STORE_OK);
        assert_int_equal(s.largest, 7 + 2 + 50);
    }
    assert_int_equal(put(1, 60), TK_STORE_OK);
    assert_int_equal(s.largest, 7 + 2 + 60);
    end();
}

/* With unit 1 a mark takes 36 bytes. */
static void a_mark_is_written_up_to_the_last_byte(void **state)
{
    (void)state;
    for (uint32_t left = 35; left <= 36; left++) {
        begin(1024, 2, 1);
        assert_int_equal(put(1, 992 - 7 - 8 - left), TK_STORE_OK);
        assert_int_equal(s.limit - s.append_at, left);
        uint64_t operations = f.operations;

        tk_store_close(&s);
        assert_int_equal(f.operations - operations, left == 36 ? 2 : 0);
        open_store();
        assert_int_equal(s.is_marked, left == 36);
        assert_string_equal(tk_store_health(&s), "ok");
        assert_int_equal(tk_store_need(len_of(1)), 992 - 7 - 8 - left);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_says_what_fits),
        cmocka_unit_test(the_largest_value_of_each_size_of_sectors),
        cmocka_unit_test(a_value_and_deletions_that_do_not_fit_together),
        cmocka_unit_test(what_is_left_is_known_to_the_byte),
        cmocka_unit_test(free_space_is_what_live_values_leave),
        cmocka_unit_test(a_commit_is_appended_up_to_the_last_byte),
        cmocka_unit_test(prepare_erases_from_one_byte_on),
        cmocka_unit_test(the_largest_record_is_noted),
        cmocka_unit_test(a_mark_is_written_up_to_the_last_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
