/* SPDX-License-Identifier: Apache-2.0 */

/* The bottom of the store: reads that fail, wrong bits, blank flash, CRC-32. */

#include "tk_store_media.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store_load.h"

enum { AT = 1500, GUARD = 0x77 };

static int set_up(void **state)
{
    (void)state;
    begin(1024, 4, 1);
    for (int i = 0; i < 16; i++)
        f.bytes[AT + i] = (uint8_t)(0x81 + i * 0x11);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    end();
    return 0;
}

/* --- bytes --- */

static void numbers_of_1_to_4_bytes(void **state)
{
    (void)state;
    assert_int_equal(tk_media_number(&s, AT, 1), 0x81);
    assert_int_equal(tk_media_number(&s, AT, 2), 0x9281);
    assert_int_equal(tk_media_number(&s, AT, 3), 0xa39281);
    assert_int_equal(tk_media_number(&s, AT, 4), 0xb4a39281u);
}

/* The first of so many reads fail: of the bytes at once, then 16 of each byte. */
static void assert_read(uint64_t failures, size_t len, bool answers)
{
    uint8_t got[9];

    memset(got, GUARD, sizeof got);
    s.read_failed = false;
    f.fail_read_at = f.reads + 1;
    f.fail_read_until = f.reads + failures;
    tk_media_read(&s, AT, got, len);
    f.fail_read_at = f.fail_read_until = 0;
    assert_int_equal(s.read_failed, !answers);
    for (size_t i = 0; i < sizeof got; i++)
        assert_int_equal(got[i], i >= len ? GUARD : answers ? f.bytes[AT + i] : 0xff);
}

static void a_read_is_repeated_until_the_flash_answers(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 8; len += 7) {
        for (uint64_t failures = 1; failures <= 16; failures++)
            assert_read(failures, len, true);
        assert_read(17, len, false);
    }
}

/* Where other places answer, its own byte is damaged: neither blank nor a count of heads. */
static void a_byte_that_alone_does_not_answer_is_damaged(void **state)
{
    uint8_t got[4];

    (void)state;
    f.unreadable_at = AT + 1;
    f.unreadable_len = 1;
    s.read_failed = false;
    tk_media_read(&s, AT, got, sizeof got);
    f.unreadable_len = 0;
    assert_false(s.read_failed);
    assert_int_equal(got[0], f.bytes[AT]);
    assert_int_equal(got[1], 0x5a);
    assert_int_equal(got[2], f.bytes[AT + 2]);
    assert_int_equal(got[3], f.bytes[AT + 3]);
}

static void the_bad_bit_is_corrected_and_no_other(void **state)
{
    uint8_t got[6];

    (void)state;
    for (uint32_t bit = 0; bit < 8 * 6; bit++) {
        s.bad_bit = 8 * (AT - 1) + bit; /* also right before and behind what is read */
        memset(got, GUARD, sizeof got);
        tk_media_read(&s, AT, got + 1, 4);
        for (uint32_t i = 0; i < 6; i++) {
            uint8_t want = i == 0 || i == 5 ? GUARD : f.bytes[AT + i - 1];

            if (i == bit / 8 && want != GUARD)
                want ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(got[i], want);
        }
    }
}

static void blank_is_each_bit_of_a_range_and_no_other(void **state)
{
    (void)state;
    memset(f.bytes + AT, 0xff, 32);
    for (uint32_t len = 0; len < 12; len++) {
        assert_true(tk_media_is_blank(&s, AT, AT + len));
        for (uint32_t bit = 0; bit < 8 * 14; bit++) {
            f.bytes[AT - 1 + bit / 8] ^= (uint8_t)(1 << bit % 8);
            assert_int_equal(tk_media_is_blank(&s, AT, AT + len), bit < 8 || bit >= 8 * (len + 1));
            f.bytes[AT - 1 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* --- CRC-32 --- */

/* "123456789": 0xcbf43926 (the check value of CRC-32/ISO-HDLC). */
static void the_crc_is_that_of_iso_hdlc(void **state)
{
    uint32_t crc = UINT32_MAX;

    (void)state;
    tk_crc_add(&crc, "123456789", 9);
    assert_int_equal(~crc, 0xcbf43926u);
    crc = tk_crc_add_number(UINT32_MAX, 0x34333231, 4); /* "1234", and its bytes alone */
    for (uint8_t byte = '5'; byte <= '9'; byte++)
        crc = tk_crc_add_number(crc, byte, 1);
    assert_int_equal(~crc, 0xcbf43926u);
}

/* A sector's number first; sealed, xored with a constant. */
static void the_crc_of_a_record_has_a_seed(void **state)
{
    static struct tk_store_seal seal;
    uint32_t crc;

    (void)state;
    assert_int_equal(tk_crc_begin(&s, 7), tk_crc_add_number(UINT32_MAX, 7, 4));
    s.seal = &seal;
    crc = tk_crc_add_number(UINT32_MAX, 7 ^ 0x5ea1ed00, 4);
    assert_int_equal(tk_crc_begin(&s, 7), crc);
    s.seal = NULL;
}

/* Each bit of a message and of its CRC is found, and none beyond the given count. */
static void each_wrong_bit_is_found(void **state)
{
    uint8_t message[20] = "a message of 16 b";
    uint32_t crc = UINT32_MAX;

    (void)state;
    tk_crc_add(&crc, message, 16);
    for (int i = 0; i < 4; i++)
        message[16 + i] = (uint8_t)(~crc >> 8 * i);
    for (uint32_t bit = 0; bit < 160; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        crc = UINT32_MAX;
        tk_crc_add(&crc, message, 20);
        assert_int_equal(tk_crc_wrong_bit(crc ^ TK_CRC_RESIDUE, 160 - bit), 160 - bit);
        assert_int_equal(tk_crc_wrong_bit(crc ^ TK_CRC_RESIDUE, 160 - bit - 1), 0);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(tk_crc_wrong_bit(0, 160), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(numbers_of_1_to_4_bytes),
        TEST(a_read_is_repeated_until_the_flash_answers),
        TEST(a_byte_that_alone_does_not_answer_is_damaged),
        TEST(the_bad_bit_is_corrected_and_no_other),
        TEST(blank_is_each_bit_of_a_range_and_no_other),
        TEST(the_crc_is_that_of_iso_hdlc),
        TEST(the_crc_of_a_record_has_a_seed),
        TEST(each_wrong_bit_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
