/* SPDX-License-Identifier: Apache-2.0 */

/* Restarts: stops in good order, undecided bits, void records, crafted numbers, calls when closed.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_text.h"

/* A device that starts, commits once, idles and stops. */
static void assert_sleeper(uint32_t sectors, uint32_t unit, bool idles)
{
    enum { STARTS = 200 };

    begin(4096, sectors, unit);
    run(0, 1);
    tk_store_close(&s);
    uint64_t erases = f.erases;

    for (uint32_t n = 1; n <= STARTS; n++) {
        open_store();
        for (int i = 0; idles && i < 4; i++)
            assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        assert_int_equal(commit(n), TK_STORE_OK);
        for (int i = 0; idles && i < 4; i++)
            assert_int_equal(tk_store_prepare(&s), TK_STORE_OK);
        tk_store_close(&s);
        open_store();
        assert_true(holds(n));
        assert_int_equal(s.health, 0);
        tk_store_close(&s);
    }
    print_message("%u sectors, unit %u: 0.%03u erases a start\n", (unsigned)sectors, (unsigned)unit,
                  (unsigned)((f.erases - erases) * 1000 / STARTS));
    assert_true((f.erases - erases) * 100 <= 15 * STARTS);
    end();
}

static void a_start_after_a_stop_in_good_order_appends(void **state)
{
    (void)state;
    for (uint32_t unit = 1; unit <= 32; unit = unit == 1 ? 8 : 2 * unit) {
        assert_sleeper(2, unit, true);
        assert_sleeper(4, unit, true);
        assert_sleeper(8, unit, false);
    }
}

/* Power is cut while the mark is written, made void, or in the commit after it. */
static void a_cut_around_a_mark_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t at = 1; at < 30; at++) {
        for (uint32_t torn = 0; torn < 12; torn++) {
            begin(1024, 4, torn % 2 == 0 ? 1 : 8);
            run(0, 3);
            f.weak = TK_SIM_WEAK_RESTART;
            f.torn_program = (enum tk_sim_torn_program)(torn % TK_SIM_TORN_PROGRAMS);
            f.torn_erase = (enum tk_sim_torn_erase)(torn % TK_SIM_TORN_ERASES);
            f.random = at * 12 + torn + 1;
            f.cut_at = f.operations + at;
            uint32_t n = 3;

            for (; n < 8 && !f.off; n++) {
                tk_store_close(&s);
                if (tk_store_open(&s, &f.flash, NULL) != TK_STORE_OK || commit(n) != TK_STORE_OK)
                    break;
            }
            open_store();
            if (!holds(n) && !holds(n - 1))
                fail_msg("cut at %u, torn as %u", (unsigned)at, (unsigned)torn);
            for (uint32_t i = n + 1; i < n + 12; i++) {
                assert_int_equal(commit(i), TK_STORE_OK);
                tk_store_close(&s);
                open_store();
                assert_true(holds(i));
            }
            end();
        }
    }
}

/* Nine values in a blank store; each bit of their record's head. */
static void a_wrong_bit_in_the_first_head_is_corrected(void **state)
{
    (void)state;
    begin(4096, 4, 1);
    run(0, 1);
    for (uint32_t bit = 8 * (4096 + 32); bit < 8 * (4096 + 32 + 1 + 2 * KEYS + 2); bit++) {
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        open_store();
        assert_true(holds(0));
        assert_string_equal(tk_store_health(&s), "corrected");
        f.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    end();
}

/* Holds "old"; what a cut leaves may be read otherwise after each restart. */
static void begin_marginal(uint64_t seed)
{
    begin(1024, 4, 1);
    assert_int_equal(put(1, "old"), TK_STORE_OK);
    f.weak = TK_SIM_WEAK_RESTART;
    f.torn_program = TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT;
    f.random = seed;
}

/* What a restart reads may be read otherwise by the next one, until it is committed again. */
static void what_is_committed_again_is_certain(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 200; seed++) {
        begin_marginal(seed);
        f.cut_at = f.operations + 1;
        assert_int_not_equal(put(1, "new"), TK_STORE_OK);
        open_store();
        if (has_text(1, "new")) {
            assert_int_equal(put(1, "new"), TK_STORE_OK);
            for (int i = 0; i < 8; i++) {
                open_store();
                assert_true(has_text(1, "new"));
            }
        }
        end();
    }
}

/* Cuts in the end of a commit, in the header of the next sector, and while that is proven. */
static void what_is_void_stays_void(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 400; seed++) {
        begin_marginal(seed);
        for (uint64_t cut = 1; cut < 4; cut++) {
            f.cut_at = f.operations + (cut == 1 ? 1 : 1 + (seed >> cut) % 5);
            (void)(cut == 1 ? put(1, "void") : tk_store_prepare(&s));
            open_store();
        }
        bool is_old = has_text(1, "old");

        assert_int_equal(put(2, "another"), TK_STORE_OK);
        for (int i = 0; i < 8; i++) {
            open_store();
            assert_true(has_text(1, is_old ? "old" : "void"));
            assert_true(has_text(2, "another"));
        }
        end();
    }
}

/* The values of a record are complete, but the CRC-32 after them is blank: it was torn, and nothing
 * is damaged. */
static void a_record_without_its_crc_is_not_reported(void **state)
{
    static const char value[] = "record's frame and heads are 5 bytes, and these are 59 bytes.";
    struct tk_store_piece piece = {value, 59};
    struct tk_store_value values = {1, 1, &piece};

    (void)state;
    begin(1024, 4, 1);
    assert_int_equal(put(1, "old"), TK_STORE_OK);
    f.torn_program = TK_SIM_PROGRAM_NOTHING;
    f.cut_at = f.operations + 2;
    assert_int_not_equal(tk_store_commit(&s, &values, 1), TK_STORE_OK);
    assert_int_not_equal(f.bytes[s.append_at + 63], 0xff);
    assert_int_equal(f.bytes[s.append_at + 64], 0xff);
    open_store();
    assert_true(has_text(1, "old"));
    assert_string_equal(tk_store_health(&s), "ok");
    end();
}

static void crafted_numbers_are_bounded(void **state)
{
    static const uint32_t numbers[] = {UINT32_MAX, 0x80000000u, 0x7ffffffdu, 0x7fffffffu};

    (void)state;
    for (int i = 0; i < 4; i++) {
        begin(1024, 2, 1);
        run(0, 1);
        uint8_t *header = f.bytes + numbers[i] % 2 * 1024;
        uint32_t crc = UINT32_MAX, seed = 0x5ea1ed00u;

        memmove(header, f.bytes + 1024, 1024);
        for (int j = 0; j < 4; j++)
            header[j] = (uint8_t)(numbers[i] >> 8 * j);
        for (int j = 0; j < 16; j++) {
            crc ^= j < 4 ? seed >> 8 * j & 0xff : header[j - 4];
            for (int bit = 0; bit < 8; bit++)
                crc = crc >> 1 ^ (-(crc & 1) & 0xedb88320u);
        }
        for (int j = 0; j < 4; j++)
            header[12 + j] = (uint8_t)(~crc >> 8 * j);
        uint64_t reads = f.read_bytes;

        tk_sim_flash_power_on(&f);
        (void)tk_store_open(&s, &f.flash, NULL);
        (void)commit(1);
        (void)tk_store_prepare(&s);
        (void)tk_store_get(&s, 1, NULL, 0);
        assert_true(f.read_bytes - reads < 200 * 1024);
        end();
    }
}

static void a_closed_store_refuses_and_writes_nothing(void **state)
{
    char got[8];

    (void)state;
    begin(1024, 2, 1);
    assert_int_equal(put(1, "a"), TK_STORE_OK);
    assert_int_equal(put(255, "a"), TK_STORE_KEY);
    assert_int_equal(put(TK_STORE_KEY_MAX + 1, "a"), TK_STORE_KEY);
    assert_int_equal(tk_store_get(&s, 255, got, sizeof got), TK_STORE_KEY);
    tk_store_close(&s);
    uint64_t operations = f.operations;

    assert_int_equal(tk_store_prepare(&s), TK_STORE_CLOSED);
    assert_int_equal(put(1, "b"), TK_STORE_CLOSED);
    assert_int_equal(tk_store_get(&s, 1, got, sizeof got), TK_STORE_CLOSED);
    assert_int_equal(tk_store_previous(&s, 1, got, sizeof got), TK_STORE_CLOSED);
    tk_store_close(&s);
    assert_int_equal(f.operations, operations);
    open_store();
    assert_true(has_text(1, "a"));
    end();
}

/* From 240 on they take two heads. */
static void keys_of_one_head_and_of_two(void **state)
{
    static const uint16_t keys[] = {0, 239, 240, 241, 254, 256, 495, 496, 4079};

    (void)state;
    begin(1024, 2, 1);
    for (int round = 0; round < 9; round++) { /* of sectors, too */
        for (int i = 0; i < 9; i++) {
            char text[] = {(char)('a' + i), (char)('0' + round), '\0'};

            assert_int_equal(put(keys[i], text), TK_STORE_OK);
            assert_true(has_text(keys[i], text));
        }
        open_store();
        for (int i = 0; i < 9; i++)
            assert_true(has_text(keys[i], (char[]){(char)('a' + i), (char)('0' + round), '\0'}));
    }
    assert_true(s.top.seq > 4);
    end();
}

static void keys_of_64_accounts(void **state)
{
    char text[24];

    (void)state;
    begin(65536, 4, 1);
    for (int round = 0; round < 2; round++) {
        for (uint16_t key = 1; key < 32 * 65; key = (uint16_t)(key + 3)) {
            snprintf(text, sizeof text, "%d %d", round, key);
            assert_int_equal(put(key, text), key == 255 ? TK_STORE_KEY : TK_STORE_OK);
        }
        open_store();
    }
    for (uint16_t key = 1; key < 32 * 65; key = (uint16_t)(key + 3)) {
        snprintf(text, sizeof text, "1 %d", key);
        assert_true(key == 255 || has_text(key, text));
    }
    end();
}

/* 256 sectors, each with two wrong bits in the heads of a record. */
static void the_first_commit_reads_at_most_three_areas(void **state)
{
    (void)state;
    begin(4096, 256, 1);
    for (uint32_t n = 0; s.top.seq < 255; n++)
        assert_int_equal(commit(n), TK_STORE_OK);
    for (uint32_t sector = 1; sector < 255; sector++) {
        f.bytes[sector * 4096 + 32] ^= 2;
        f.bytes[sector * 4096 + 34] ^= 4;
    }
    uint64_t reads = f.read_bytes;

    open_store();
    assert_int_equal(commit(UINT32_MAX), TK_STORE_OK);
    print_message("%u bytes read\n", (unsigned)(f.read_bytes - reads));
    assert_true(f.read_bytes - reads < 3u * 256 * 4096);
    end();
}

/* --- misreads --- */

/* Of each read, and each of its bits: also a head that reads as 0. */
static void a_misread_of_a_get_shows_in_nothing(void **state)
{
    struct tk_store_piece pieces[] = {{"four", 4}, {"one", 3}};
    struct tk_store_value values[] = {{0, 1, &pieces[0]}, {2, 1, &pieces[1]}};
    char got[4];

    (void)state;
    begin(1024, 2, 1);
    assert_int_equal(tk_store_commit(&s, values, 2), TK_STORE_OK);
    for (uint32_t seed = 1; seed < 200; seed++) {
        for (uint64_t at = 1; at < 20; at++) {
            f.random = seed * 0x9e3779b97f4a7c15u;
            f.misread_at = f.reads + at;
            assert_int_equal(tk_store_get(&s, 2, got, sizeof got), 3);
            assert_memory_equal(got, "one", 3);
        }
    }
    end();
}

/* --- a larger area, lost headers --- */

/* After a stop in good order all live values are copied, too, wherever the ring stands; what was
 * deleted stays so, although the sectors of the smaller area are still there. */
static void a_larger_area_after_a_stop_in_good_order(void **state)
{
    static const struct tk_store_value gone = {100, 0, NULL};

    (void)state;
    for (uint32_t sectors = 2; sectors <= 4; sectors++) {
        for (uint32_t last = 1; last < 30; last++) {
            begin(1024, sectors, 1);
            run(0, 1);
            assert_int_equal(put(100, "deleted later"), TK_STORE_OK);
            run(1, last);
            assert_int_equal(tk_store_commit(&s, &gone, 1), TK_STORE_OK);
            tk_store_close(&s);
            struct tk_sim_flash small = f;

            tk_sim_flash_init(&f, 1024, 8, 1);
            memcpy(f.bytes, small.bytes, (size_t)1024 * sectors);
            memcpy(f.programmed, small.programmed, (size_t)1024 * sectors);
            tk_sim_flash_free(&small);
            open_store();
            assert_true(holds(last - 1));
            for (uint32_t n = last; n < last + 12; n++) {
                assert_int_equal(commit(n), TK_STORE_OK);
                assert_true(holds(n));
                if (n % 4 == 0)
                    open_store();
                assert_int_equal(tk_store_get(&s, 100, NULL, 0), TK_STORE_MISSING);
            }
            open_store();
            assert_true(holds(last + 11));
            end();
        }
    }
}

/* Without a mark the newest sector is lost with its header: what it held is older, and that is
 * reported. An opening that was cut is not. */
static void a_header_that_cannot_be_read_is_reported(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < 16; at += 8) {
        begin(2048, 4, 8);
        tk_sim_flash_set_part(&f, TK_SIM_ECC);
        run(0, 30);
        tk_sim_flash_damage(&f, s.top.seq % 4 * 2048 + at, true);
        open_store();
        assert_false(holds(29));
        assert_string_equal(tk_store_health(&s), "older");
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_after_a_stop_in_good_order_appends),
        cmocka_unit_test(a_cut_around_a_mark_loses_nothing),
        cmocka_unit_test(a_wrong_bit_in_the_first_head_is_corrected),
        cmocka_unit_test(what_is_committed_again_is_certain),
        cmocka_unit_test(what_is_void_stays_void),
        cmocka_unit_test(a_record_without_its_crc_is_not_reported),
        cmocka_unit_test(crafted_numbers_are_bounded),
        cmocka_unit_test(a_closed_store_refuses_and_writes_nothing),
        cmocka_unit_test(keys_of_one_head_and_of_two),
        cmocka_unit_test(keys_of_64_accounts),
        cmocka_unit_test(the_first_commit_reads_at_most_three_areas),
        cmocka_unit_test(a_misread_of_a_get_shows_in_nothing),
        cmocka_unit_test(a_larger_area_after_a_stop_in_good_order),
        cmocka_unit_test(a_header_that_cannot_be_read_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
