/* SPDX-License-Identifier: Apache-2.0 */

/* The flash of port/sim does what a test scripts. */

#include "one_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void a_cut_program_is_torn_as_scripted(void **state)
{
    size_t fresh, old, between = 0, prefixes = 0;

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        enum tk_sim_torn_program torn = (enum tk_sim_torn_program)(i % 4);

        tear_down(NULL);
        set_up(NULL);
        f.torn_program = torn;
        f.random = i + 1;
        f.cut_at = 1;
        assert_int_equal(program(0, 80), TK_FLASH_ERR);
        assert_true(f.off);
        count_units(10, &fresh, &old);
        assert_true(torn != TK_SIM_PROGRAM_NOTHING || old == 10);
        assert_true(torn != TK_SIM_PROGRAM_PREFIX || (fresh < 10 && fresh + old == 10));
        assert_true(torn != TK_SIM_PROGRAM_HALF_UNIT || fresh + old >= 9);
        assert_true(torn != TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT || (fresh == 9 && old == 1));
        between += fresh + old == 9;
        prefixes += torn == TK_SIM_PROGRAM_PREFIX ? fresh : 0;
        assert_int_equal(f.bytes[80], 0xff); /* the unit after it */
    }
    assert_true(between > 20 && prefixes > 50);
}

static void a_cut_erase_is_torn_as_scripted(void **state)
{
    size_t risen = 0, kept = 0;

    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        enum tk_sim_torn_erase torn = (enum tk_sim_torn_erase)(i % 3);

        tear_down(NULL);
        set_up(NULL);
        program(0, 1024);
        f.bytes[1024] = 0x5a; /* of the next sector */
        f.torn_erase = torn;
        f.random = i + 1;
        f.cut_at = 2;
        assert_int_equal(erase(0), TK_FLASH_ERR);
        size_t end = 0;

        while (torn == TK_SIM_ERASE_PART && end < 1024 && f.bytes[end] == 0xff)
            end++;
        assert_true(torn != TK_SIM_ERASE_PART ||
                    memcmp(f.bytes + end, data + end, 1024 - end) == 0);
        for (size_t at = 0; at < 1024 && torn == TK_SIM_ERASE_NOISY; at++) {
            assert_int_equal(f.bytes[at] & data[at], data[at]); /* no bit is cleared */
            risen += f.bytes[at] != data[at];
            kept += f.bytes[at] != 0xff;
        }
        assert_int_equal(f.bytes[1024], 0x5a);
        tk_sim_flash_power_on(&f);
        assert_int_equal(program(0, 8), TK_FLASH_OK); /* though the contract forbids it: */
        assert_string_equal(f.violation, "a unit is programmed twice");
    }
    assert_true(risen > 1000 && kept > 1000);
}

static void without_power_operations_fail_and_change_nothing(void **state)
{
    uint8_t got = 7;

    (void)state;
    program(0, 8);
    f.cut_at = 2;
    assert_int_equal(program(8, 8), TK_FLASH_ERR);
    assert_int_equal(program(16, 8), TK_FLASH_ERR);
    assert_int_equal(erase(0), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(&f, 0, &got, 1), TK_FLASH_ERR);
    assert_int_equal(got, 7);
    assert_int_equal(f.operations, 2);
    tk_sim_flash_power_on(&f);
    assert_int_equal(program(16, 8), TK_FLASH_OK);
    assert_memory_equal(f.bytes, data, 8);
    assert_memory_equal(f.bytes + 16, data, 8);
    assert_int_equal(f.violations, 0);
}

static void without_power_there_are_no_violations(void **state)
{
    uint8_t got;

    (void)state;
    f.erase_again = 3;
    assert_int_equal(erase(1024), TK_FLASH_AGAIN);
    f.off = true;
    assert_int_equal(erase(1024), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(&f, 0, &got, 1), TK_FLASH_ERR);
    assert_int_equal(erase(0), TK_FLASH_ERR);
    assert_int_equal(f.violations, 0);
}

static void a_failed_operation_leaves_the_power_on(void **state)
{
    uint8_t got;

    (void)state;
    f.fail_at = 2;
    f.fail_read_at = 1;
    assert_int_equal(program(0, 8), TK_FLASH_OK);
    assert_int_equal(program(8, 8), TK_FLASH_ERR);
    assert_int_equal(program(16, 8), TK_FLASH_OK);
    assert_int_equal(f.flash.read(&f, 0, &got, 1), TK_FLASH_ERR);
    assert_int_equal(f.flash.read(&f, 0, &got, 1), TK_FLASH_OK);
    assert_int_equal(got, data[0]);
}

static void an_erase_takes_as_many_calls_as_scripted(void **state)
{
    (void)state;
    program(0, 8);
    f.erase_again = 3;
    for (int i = 0; i < 3; i++)
        assert_int_equal(erase(0), TK_FLASH_AGAIN);
    assert_int_equal(f.bytes[0], data[0]);
    assert_int_equal(erase(0), TK_FLASH_OK);
    assert_int_equal(f.bytes[0], 0xff);
    assert_int_equal(f.wear[0], 1);
    assert_int_equal(f.wear[1], 0);
    assert_int_equal(erase(1024), TK_FLASH_AGAIN);
    tk_sim_flash_power_on(&f); /* a reset during the erase */
    assert_int_equal(program(1024, 8), TK_FLASH_OK);
    assert_string_equal(f.violation, "a unit is programmed twice");
}

static uint64_t read_8(uint32_t at)
{
    uint64_t eight = 0;

    assert_int_equal(f.flash.read(&f, at, &eight, 8), TK_FLASH_OK);
    return eight;
}

static void a_marginal_cell_reads_differently_until_it_is_erased(void **state)
{
    (void)state;
    for (int weak = TK_SIM_WEAK_NEVER; weak <= TK_SIM_WEAK_READ; weak++) {
        unsigned by_read = 0, by_restart = 0;

        tear_down(NULL);
        set_up(NULL);
        f.weak = (enum tk_sim_weak)weak;
        f.torn_program = TK_SIM_PROGRAM_HALF_UNIT;
        f.cut_at = 1;
        assert_int_equal(program(8, 8), TK_FLASH_ERR);
        for (int i = 0; i < 20; i++) {
            tk_sim_flash_power_on(&f);
            uint64_t first = read_8(8);

            by_read += read_8(8) != first;
            tk_sim_flash_power_on(&f);
            by_restart += read_8(8) != first;
            assert_true(read_8(0) == UINT64_MAX); /* the next cell */
        }
        assert_int_equal(by_read > 0, weak == TK_SIM_WEAK_READ);
        assert_int_equal(by_restart > 0, weak != TK_SIM_WEAK_NEVER);
        assert_int_equal(erase(0), TK_FLASH_OK);
        assert_true(read_8(8) == UINT64_MAX && read_8(8) == UINT64_MAX);
    }
}

static void a_torn_page_of_an_eeprom_is_noise(void **state)
{
    size_t noise = 0, pages = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        tear_down(NULL);
        set_up(NULL);
        tk_sim_flash_set_part(&f, TK_SIM_EEPROM);
        f.random = i + 1;
        f.torn_program = TK_SIM_PROGRAM_PREFIX;
        program(0, 1024);
        f.cut_at = 2;
        assert_int_equal(erase(0), TK_FLASH_ERR);
        for (uint32_t page = 0; page < 1024; page += 8) {
            bool is_old = memcmp(f.bytes + page, data + page, 8) == 0;

            noise += !is_old && memcmp(f.bytes + page, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) != 0;
        }
        tk_sim_flash_power_on(&f);
        f.cut_at = 3;
        assert_int_equal(program(1024, 80), TK_FLASH_ERR);
        for (int page = 0; page < 10; page++) {
            bool is_new = memcmp(f.bytes + 1024 + 8 * page, data + 8 * page, 8) == 0;

            pages += !is_new &&
                     memcmp(f.bytes + 1024 + 8 * page, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) != 0;
        }
    }
    assert_in_range(noise, 45, 50); /* one each, unless it is unchanged by chance */
    assert_in_range(pages, 45, 50);
}

static void an_image_restores_everything(void **state)
{
    struct tk_sim_image image = {.has_weak_bits = false};

    (void)state;
    program(0, 8);
    tk_sim_flash_save(&f, &image);
    program(8, 8);
    erase(0);
    f.cut_at = f.operations + 1;
    program(1024, 8);
    tk_sim_flash_restore(&f, &image);
    assert_memory_equal(f.bytes, data, 8);
    assert_true(read_8(8) == UINT64_MAX);
    assert_int_equal(program(8, 8), TK_FLASH_OK);
    assert_int_equal(f.violations, 0);
    program(0, 8);
    assert_string_equal(f.violation, "a unit is programmed twice");
    tk_sim_image_free(&image);
}

static void a_cut_unit_that_reads_as_erased_may_be_programmed(void **state)
{
    uint8_t one[8] = {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, other[8];
    unsigned erased = 0;

    (void)state;
    memset(other, 0xff, sizeof other);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        tear_down(NULL);
        set_up(NULL);
        f.random = seed;
        f.weak = TK_SIM_WEAK_RESTART;
        f.torn_program = TK_SIM_PROGRAM_HALF_UNIT;
        f.cut_at = 1;
        assert_int_equal(f.flash.program(&f, 0, one, 8), TK_FLASH_ERR);
        tk_sim_flash_power_on(&f);
        bool is_erased = read_8(0) == UINT64_MAX, same = seed % 2 == 0;

        erased += is_erased;
        f.flash.program(&f, 0, same ? one : other, 8);
        assert_int_equal(f.violations, is_erased && same ? 0 : 1);
        tk_sim_flash_power_on(&f);
        assert_true(!same || memcmp(f.bytes, one, 8) == 0);
    }
    assert_in_range(erased, 1, 19);
}

/* The last line of the cache may be shorter. */
static void a_cache_loses_unsynced_data(void **state)
{
    unsigned lost = 0;

    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        tear_down(NULL);
        tk_sim_flash_init(&f, 1032, 3, 8);
        tk_sim_flash_cache(&f);
        f.random = seed;
        program(3080, 8);
        assert_int_equal(f.flash.sync(&f), TK_FLASH_OK);
        program(3088, 8);
        f.cut_at = f.operations + 1;
        assert_int_equal(program(0, 8), TK_FLASH_ERR);
        tk_sim_flash_power_on(&f);
        assert_memory_equal(f.bytes + 3080, data, 8);
        assert_true(memcmp(f.bytes + 3088, data, 8) == 0 || read_8(3088) == UINT64_MAX);
        lost += read_8(3088) == UINT64_MAX;
    }
    assert_in_range(lost, 1, 39);
}

static void violations_of_the_contract_are_found(void **state)
{
    static const struct {
        uint32_t erase, program, len;
        const char *violation;
    } rows[] = {
        {2048, 4, 8, "a program of a partial unit"},
        {2048, 8, 12, "a program of a partial unit"},
        {2048, 1016, 16, "a program crosses sectors"},
        {2048, 3072, 8, "a program outside the memory"},
        {2048, 3064, 16, "a program outside the memory"},
        {2048, 24, 8, "a unit is programmed twice"},
        {2049, 0, 0, "an erase that does not begin at a sector"},
        {3072, 0, 0, "an erase that does not begin at a sector"},
    };
    uint8_t got[2];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tear_down(NULL);
        set_up(NULL);
        program(24, 8);
        assert_int_equal(f.violations, 0);
        erase(rows[i].erase);
        program(rows[i].program, rows[i].len);
        assert_true(f.violations > 0);
        assert_string_equal(f.violation, rows[i].violation);
    }
    f.flash.read(&f, 3071, got, 2);
    assert_string_equal(f.violation, "a read outside the memory");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_cut_program_is_torn_as_scripted),
        TEST(a_cut_erase_is_torn_as_scripted),
        TEST(without_power_operations_fail_and_change_nothing),
        TEST(without_power_there_are_no_violations),
        TEST(a_failed_operation_leaves_the_power_on),
        TEST(an_erase_takes_as_many_calls_as_scripted),
        TEST(a_marginal_cell_reads_differently_until_it_is_erased),
        TEST(a_torn_page_of_an_eeprom_is_noise),
        TEST(an_image_restores_everything),
        TEST(a_cut_unit_that_reads_as_erased_may_be_programmed),
        TEST(a_cache_loses_unsynced_data),
        TEST(violations_of_the_contract_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
