/* SPDX-License-Identifier: Apache-2.0 */

/* The NOR driver of emcraft-sf2 with a simulated chip, which does what that of the emulator does
 * not: it is busy and ignores commands meanwhile, wraps at the end of a page, and fails. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "board.h"
#include "board_ticks.h"

enum {
    SECTOR = 65536,
    PAGE = 256,
    FIRST = 0xF80000,
    SIZE = 0x80000,
    ASK = 10, /* ticks to read the status */
    PROGRAM_MS = 1,
    ERASE_MS = 600,
    BUSY = 1,
    ENABLED = 2,
    ERASE_FAILED = 1 << 5,
    PROGRAM_FAILED = 1 << 6
};

static struct {
    uint8_t bytes[SIZE];
    uint8_t status;
    uint32_t ready_at;
    unsigned erases, programs;
    bool fails; /* the next program or erase fails */
    bool dead;  /* the chip stays busy */
    bool hangs; /* the SPI controller stays busy */
} chip;

static uint8_t *cell(uint32_t at)
{
    assert_in_range(at, FIRST, FIRST + SIZE - 1); /* the rest is not the driver's */
    return &chip.bytes[at - FIRST];
}

static void start_operation(uint32_t ms, uint8_t failure)
{
    assert_int_equal(chip.status, ENABLED);
    chip.status = BUSY;
    chip.ready_at = now + ms * TICKS;
    if (chip.fails)
        chip.status |= failure;
    chip.fails = false;
}

static void program(uint32_t at, const uint8_t *out, size_t len)
{
    start_operation(PROGRAM_MS, PROGRAM_FAILED);
    chip.programs++;
    for (size_t i = 0; i < len; i++)
        *cell(at / PAGE * PAGE + (at + (uint32_t)i) % PAGE) &= out[i];
}

static void erase(uint32_t at)
{
    start_operation(ERASE_MS, ERASE_FAILED);
    chip.erases++;
    memset(cell(at / SECTOR * SECTOR), 0xFF, SECTOR);
}

static void put_status(uint8_t *in)
{
    now += ASK;
    if (!chip.dead && (int32_t)(now - chip.ready_at) >= 0 && (chip.status & ~BUSY) == 0)
        chip.status = 0;
    *in = chip.status;
}

bool tk_spi(const uint8_t *head, size_t head_len, const uint8_t *out, uint8_t *in, size_t len)
{
    uint32_t at = head_len == 4 ? (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3] : 0;

    if (chip.hangs)
        return false;
    assert_true(head_len + len <= 65535);
    assert_true((chip.status & BUSY) == 0 || head[0] == 0x05 || head[0] == 0x30);
    switch (head[0]) {
    case 0x05:
        put_status(in);
        break;
    case 0x06:
        chip.status = ENABLED;
        break;
    case 0x30:
        chip.status = 0;
        break;
    case 0x02:
        program(at, out, len);
        break;
    case 0xD8:
        erase(at);
        break;
    case 0x03:
        for (size_t i = 0; i < len; i++)
            in[i] = *cell(at + (uint32_t)i);
        break;
    default:
        fail();
    }
    return true;
}

static int set_up(void **state)
{
    static uint8_t zero[4];

    (void)state;
    chip.status = 0;
    chip.hangs = chip.dead = chip.fails = false;
    now = 0xFFFF0000u; /* shortly before a wrap */
    chip.ready_at = now;
    memset(chip.bytes, 0xA5, sizeof chip.bytes);
    (void)tk_nor_store.program(tk_nor_store.ctx, 0, zero, 0);
    chip.erases = chip.programs = 0;
    return 0;
}

static void reads_what_was_programmed_and_changes_nothing_else(void **state)
{
    const struct tk_flash *flash = &tk_nor_seed;
    uint8_t wanted[1000], got[1000];

    (void)state;
    for (size_t i = 0; i < sizeof wanted; i++)
        wanted[i] = (uint8_t)(i * 7);
    assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_OK);
    assert_int_equal(flash->program(flash->ctx, SECTOR + 250, wanted, sizeof wanted), TK_FLASH_OK);
    assert_int_equal(chip.programs, 5); /* 6, 3 * 256 and 226 bytes */
    assert_int_equal(flash->read(flash->ctx, SECTOR + 250, got, sizeof got), TK_FLASH_OK);
    assert_memory_equal(got, wanted, sizeof got);
    for (uint32_t i = 0; i < SIZE; i++) {
        uint32_t begins = 5 * SECTOR + 250, at = i - begins;
        uint8_t blank = i / SECTOR == 5 ? 0xFF : 0xA5;

        assert_int_equal(chip.bytes[i], at < sizeof wanted ? wanted[at] : blank);
    }
}

static void reads_a_sector_in_one_call(void **state)
{
    static uint8_t got[SECTOR];

    (void)state;
    chip.bytes[SECTOR - 1] = 0x5A;
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 0, got, SECTOR), TK_FLASH_OK);
    assert_memory_equal(got, chip.bytes, SECTOR);
}

static void erases_in_short_steps(void **state)
{
    uint32_t before = now;

    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_true(now - before >= ERASE_MS * TICKS);
    assert_int_equal(chip.erases, 1);
}

static void a_read_waits_for_the_erase_of_another_sector(void **state)
{
    uint8_t byte;

    (void)state;
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, SECTOR), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 7, &byte, 1), TK_FLASH_OK);
    assert_int_equal(byte, 0xA5);
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, SECTOR), TK_FLASH_OK);
    assert_int_equal(chip.erases, 1);
}

static void two_erases_at_a_time_are_both_carried_out(void **state)
{
    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_int_equal(erase_whole(&tk_nor_scratch, 0), TK_FLASH_OK);
    assert_int_equal(chip.bytes[0], 0xFF);
    assert_int_equal(chip.bytes[6 * SECTOR], 0xFF);
}

static void an_abandoned_erase_does_not_count_for_the_next(void **state)
{
    const uint8_t zero = 0;

    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.program(tk_nor_store.ctx, 9, &zero, 1), TK_FLASH_OK);
    assert_int_equal(chip.bytes[9], 0);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_int_equal(chip.bytes[9], 0xFF);
}

static void reports_failures_and_recovers(void **state)
{
    const struct tk_flash *flash = &tk_nor_store;
    const uint8_t zero = 0;

    (void)state;
    chip.fails = true;
    assert_int_equal(flash->program(flash->ctx, 1, &zero, 1), TK_FLASH_ERR);
    assert_int_equal(flash->program(flash->ctx, 1, &zero, 1), TK_FLASH_OK);
    chip.fails = true;
    assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_ERR);
    assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_OK);
}

static void an_erase_that_fails_during_a_read_is_repeated(void **state)
{
    uint8_t byte;

    (void)state;
    chip.fails = true;
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 0, &byte, 1), TK_FLASH_OK);
    assert_int_equal(erase_whole(&tk_nor_scratch, 0), TK_FLASH_OK);
    assert_int_equal(chip.erases, 2);
}

static void a_chip_that_stays_busy_is_an_error(void **state)
{
    const struct tk_flash *flash = &tk_nor_store;
    uint8_t byte = 0;
    uint32_t before = now;

    (void)state;
    chip.dead = true;
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_ERR);
    assert_int_equal(flash->read(flash->ctx, 0, &byte, 1), TK_FLASH_ERR);
    assert_int_equal(flash->program(flash->ctx, 0, &byte, 1), TK_FLASH_ERR);
    assert_true(now - before < 10000 * TICKS);
    chip.hangs = true;
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_ERR);
    assert_int_equal(flash->read(flash->ctx, 0, &byte, 1), TK_FLASH_ERR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_what_was_programmed_and_changes_nothing_else, set_up),
        cmocka_unit_test_setup(reads_a_sector_in_one_call, set_up),
        cmocka_unit_test_setup(erases_in_short_steps, set_up),
        cmocka_unit_test_setup(a_read_waits_for_the_erase_of_another_sector, set_up),
        cmocka_unit_test_setup(two_erases_at_a_time_are_both_carried_out, set_up),
        cmocka_unit_test_setup(an_abandoned_erase_does_not_count_for_the_next, set_up),
        cmocka_unit_test_setup(reports_failures_and_recovers, set_up),
        cmocka_unit_test_setup(an_erase_that_fails_during_a_read_is_repeated, set_up),
        cmocka_unit_test_setup(a_chip_that_stays_busy_is_an_error, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
