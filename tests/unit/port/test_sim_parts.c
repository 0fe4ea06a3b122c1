/* SPDX-License-Identifier: Apache-2.0 */

/* The parts of port/sim: flash with ECC, encrypted and worn flash, reads that fail. */

#include "one_flash.h"

static uint64_t read_8(uint32_t at)
{
    uint64_t eight = 0;

    assert_int_equal(f.flash.read(&f, at, &eight, 8), TK_FLASH_OK);
    return eight;
}

static bool reads(uint32_t at, size_t len)
{
    uint8_t got[64];

    return f.flash.read(&f, at, got, len) == TK_FLASH_OK;
}

/* A program of ten words that was cut in one of them. */
static void tear(enum tk_sim_part part, enum tk_sim_weak weak, uint64_t seed)
{
    tear_down(NULL);
    set_up(NULL);
    tk_sim_flash_set_part(&f, part);
    f.random = seed;
    f.weak = weak;
    f.torn_program = TK_SIM_PROGRAM_PREFIX;
    f.cut_at = 1;
    assert_int_equal(program(0, 80), TK_FLASH_ERR);
    tk_sim_flash_power_on(&f);
}

static void a_torn_word_with_ecc_reads_as_an_error_until_it_is_erased(void **state)
{
    unsigned errors = 0, refused = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        tear(TK_SIM_ECC, TK_SIM_WEAK_NEVER, seed);
        unsigned bad = 0;

        for (uint32_t at = 0; at < 1024; at += 8)
            bad += !reads(at, 8) && !reads(at + 3, 1);
        assert_true(bad <= 1 && (bad == 0 || !reads(0, 64) || !reads(64, 16)));
        errors += bad;
        for (uint32_t at = 0; at < 80 && bad == 0; at += 8) {
            if (reads(at, 8) && read_8(at) == UINT64_MAX && f.programmed[at / 8] == 2)
                refused += program(at, 8) == TK_FLASH_ERR;
        }
        assert_int_equal(f.violations, 0);
        assert_int_equal(erase(0), TK_FLASH_OK);
        assert_true(reads(0, 64) && read_8(0) == UINT64_MAX);
    }
    assert_in_range(errors, 40, 80);
    assert_in_range(refused, 5, 30);
}

static void an_undecided_word_reads_either_way(void **state)
{
    unsigned errors = 0, good = 0;

    (void)state;
    program(0, 16);
    tk_sim_flash_damage(&f, 9, false);
    for (int i = 0; i < 40; i++) {
        errors += !reads(8, 8);
        good += reads(8, 8);
        assert_true(reads(0, 8));
    }
    assert_true(errors > 5 && good > 5);
    tk_sim_flash_damage(&f, 9, true);
    tk_sim_flash_power_on(&f);
    assert_true(!reads(8, 8) && !reads(15, 2) && reads(16, 8));
}

static void an_encrypted_unit_is_noise_as_a_whole(void **state)
{
    unsigned noise = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        size_t fresh, old;

        tear(TK_SIM_ENCRYPTED, TK_SIM_WEAK_NEVER, seed);
        count_units(10, &fresh, &old);
        noise += fresh + old == 9;
    }
    assert_int_equal(noise, 20);
    tk_sim_flash_set_part(&f, TK_SIM_ENCRYPTED_RAW);
    assert_int_equal(erase(1024), TK_FLASH_OK);
    assert_true(read_8(1024) != UINT64_MAX && read_8(1024) != read_8(1032));
    assert_int_equal(program(1024, 8), TK_FLASH_OK);
    assert_memory_equal(f.bytes + 1024, data, 8);
}

static void a_worn_sector_fails_and_the_others_do_not(void **state)
{
    (void)state;
    f.torn_program = TK_SIM_PROGRAM_NOTHING;
    f.torn_erase = TK_SIM_ERASE_NOTHING;
    f.worn[1] = TK_SIM_NO_ERASE;
    assert_int_equal(program(1024, 8), TK_FLASH_OK);
    f.erase_again = 1;
    assert_int_equal(erase(1024), TK_FLASH_AGAIN);
    assert_int_equal(erase(1024), TK_FLASH_ERR);
    f.erase_again = 0;
    f.worn[1] = 0;
    assert_int_equal(erase(1024), TK_FLASH_OK);
    f.worn[1] = TK_SIM_NO_PROGRAM;
    f.worn_until = f.operations + 1;
    assert_int_equal(program(1032, 8), TK_FLASH_ERR);
    assert_int_equal(f.worn_failures, 2);
    assert_int_equal(program(0, 8), TK_FLASH_OK);
    assert_int_equal(erase(1024), TK_FLASH_OK); /* works again */
    f.endurance = 3;
    assert_int_equal(erase(1024), TK_FLASH_OK);
    assert_int_equal(erase(1024), TK_FLASH_ERR);
    assert_int_equal(f.violations, 0);
}

static void reads_fail_as_scripted(void **state)
{
    uint8_t got[8];
    unsigned wrong = 0;

    (void)state;
    program(0, 8);
    f.fail_read_at = 2;
    f.fail_read_until = 3;
    assert_true(reads(0, 8) && !reads(0, 8) && !reads(16, 1) && reads(0, 8));
    f.unreadable_at = 4;
    f.unreadable_len = 2;
    assert_true(reads(0, 4) && !reads(0, 5) && !reads(5, 1) && reads(6, 2));
    tk_sim_flash_heal(&f);
    f.misread_at = f.reads + 1;
    assert_int_equal(f.flash.read(&f, 0, got, 8), TK_FLASH_OK);
    for (int bit = 0; bit < 64; bit++)
        wrong += (got[bit / 8] ^ data[bit / 8]) >> bit % 8 & 1;
    assert_int_equal(wrong, 1);
    assert_memory_equal(f.bytes, data, 8);
    tk_sim_flash_weaken(&f, 3, 1);
    for (int i = 0; i < 20; i++)
        wrong += (read_8(0) >> 24 & 1) != (data[3] & 1);
    assert_in_range(wrong, 3, 19);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_torn_word_with_ecc_reads_as_an_error_until_it_is_erased),
        TEST(an_undecided_word_reads_either_way),
        TEST(an_encrypted_unit_is_noise_as_a_whole),
        TEST(a_worn_sector_fails_and_the_others_do_not),
        TEST(reads_fail_as_scripted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
