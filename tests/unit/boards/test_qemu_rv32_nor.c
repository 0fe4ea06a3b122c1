/* SPDX-License-Identifier: Apache-2.0 */

/* The NOR driver of qemu-rv32 with two simulated chips, which do what those of the emulator do not:
 * they are busy for different times and answer with their status meanwhile, only clear bits, fail,
 * and keep the failure bits until these are cleared. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "board.h"
#include "board_ticks.h"
#include "virt.h"

enum {
    CHIPS = 2, /* side by side: each has half of a word */
    SECTOR = 256 * 1024,
    SIZE = 6 * SECTOR, /* of the driver's areas */
    ASK = 10,          /* ticks to read the status */
    PROGRAM_MS = 1,
    ERASE_MS = 1500,
    READY = 0x80,
    ERASE_FAILED = 0x20,
    PROGRAM_FAILED = 0x10
};

static uint8_t bytes[SIZE];

/* After the last command. */
enum mode { ARRAY, STATUS, PROGRAMMING, ERASING };

static struct chip {
    enum mode mode;
    uint8_t status;
    uint32_t ready_at;
    unsigned erases, programs;
    bool fails; /* the next program or erase fails */
    bool slow;  /* twice as slow as the other */
    bool dead;  /* the chip stays busy */
} chips[CHIPS];

static uint8_t *cell(uint32_t address)
{
    assert_in_range(address, NOR_BASE, NOR_BASE + SIZE - 1); /* the rest is not the driver's */
    return &bytes[address - NOR_BASE];
}

static void start_operation(struct chip *chip, uint32_t ms, uint8_t failure)
{
    chip->mode = STATUS;
    chip->ready_at = now + ms * TICKS * (chip->slow ? 2 : 1);
    chip->status &= (uint8_t)~READY;
    if (chip->fails)
        chip->status |= failure;
    chip->fails = false;
}

static void program(struct chip *chip, uint32_t address, uint16_t half)
{
    size_t at = 2 * (size_t)(chip - chips);

    start_operation(chip, PROGRAM_MS, PROGRAM_FAILED);
    chip->programs++;
    cell(address)[at] &= (uint8_t)half;
    cell(address)[at + 1] &= (uint8_t)(half >> 8);
}

static void erase(struct chip *chip, uint32_t address)
{
    uint8_t *sector = cell(NOR_BASE + (address - NOR_BASE) / SECTOR * SECTOR);

    start_operation(chip, ERASE_MS, ERASE_FAILED);
    chip->erases++;
    for (size_t i = 0; i < SECTOR; i += 4)
        memset(sector + i + 2 * (size_t)(chip - chips), 0xFF, 2);
}

static void begin_command(struct chip *chip, uint16_t command)
{
    assert_int_not_equal(chip->status & READY, 0); /* a busy chip ignores commands */
    switch (command) {
    case 0xFF:
        chip->mode = ARRAY;
        break;
    case 0x50:
        chip->status = READY;
        break;
    case 0x40:
        chip->mode = PROGRAMMING;
        break;
    case 0x20:
        chip->mode = ERASING;
        break;
    default:
        fail();
    }
}

static void put(struct chip *chip, uint32_t address, uint16_t half)
{
    if (chip->mode == PROGRAMMING) {
        program(chip, address, half);
    } else if (chip->mode == ERASING) {
        assert_int_equal(half, 0xD0);
        erase(chip, address);
    } else {
        begin_command(chip, half);
    }
}

void tk_nor_put(uint32_t address, uint32_t word)
{
    assert_int_equal(address % 4, 0);
    (void)cell(address);
    for (unsigned i = 0; i < CHIPS; i++)
        put(&chips[i], address, (uint16_t)(word >> 16 * i));
}

uint32_t tk_nor_status(uint32_t address)
{
    uint32_t word = 0;

    (void)cell(address);
    now += ASK;
    for (unsigned i = 0; i < CHIPS; i++) {
        struct chip *chip = &chips[i];

        assert_int_equal(chip->mode, STATUS);
        if (!chip->dead && (int32_t)(now - chip->ready_at) >= 0)
            chip->status |= READY;
        word |= (uint32_t)chip->status << 16 * i;
    }
    return word;
}

void tk_nor_copy(void *to, uint32_t address, size_t len)
{
    for (unsigned i = 0; i < CHIPS; i++)
        assert_int_equal(chips[i].mode, ARRAY);
    memcpy(to, cell(address), len);
    (void)cell(address + (uint32_t)len - 1);
}

static int set_up(void **state)
{
    static uint8_t word[4];

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        chips[i].fails = chips[i].dead = chips[i].slow = false;
        chips[i].ready_at = now;
    }
    (void)tk_nor_store.read(tk_nor_store.ctx, 0, word, sizeof word); /* ends a pending operation */
    (void)erase_whole(&tk_nor_scratch, SECTOR);
    memset(chips, 0, sizeof chips);
    chips[0].status = chips[1].status = READY;
    now = 0xFFFF0000u; /* shortly before a wrap */
    memset(bytes, 0xA5, sizeof bytes);
    return 0;
}

static void reads_what_was_programmed_and_changes_nothing_else(void **state)
{
    const struct tk_flash *flash = &tk_nor_scratch;
    uint8_t wanted[1000], got[1000];

    (void)state;
    for (size_t i = 0; i < sizeof wanted; i++)
        wanted[i] = (uint8_t)(i * 7);
    assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_OK);
    assert_int_equal(flash->program(flash->ctx, SECTOR + 252, wanted, sizeof wanted), TK_FLASH_OK);
    assert_int_equal(chips[0].programs, 250);
    assert_int_equal(chips[1].programs, 250);
    assert_int_equal(flash->read(flash->ctx, SECTOR + 252, got, sizeof got), TK_FLASH_OK);
    assert_memory_equal(got, wanted, sizeof got);
    for (uint32_t i = 0; i < SIZE; i++) {
        uint32_t at = i - (5 * SECTOR + 252);
        uint8_t blank = i / SECTOR == 5 ? 0xFF : 0xA5;

        if (bytes[i] != (at < sizeof wanted ? wanted[at] : blank))
            fail_msg("byte %u", (unsigned)i);
    }
}

static void reads_unaligned_bytes(void **state)
{
    uint8_t got[7];

    (void)state;
    memcpy(bytes + SECTOR + 3, "abcdefg", 7);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, SECTOR + 3, got, 7), TK_FLASH_OK);
    assert_memory_equal(got, "abcdefg", 7);
}

static void erases_in_short_steps(void **state)
{
    uint32_t before = now;

    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_true(now - before >= ERASE_MS * TICKS);
    assert_int_equal(chips[0].erases, 1);
}

static void waits_for_the_slower_chip(void **state)
{
    const uint8_t word[4] = {1, 2, 3, 4};
    uint8_t got[4];
    uint32_t before = now;

    (void)state;
    chips[1].slow = true;
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_true(now - before >= 2 * ERASE_MS * TICKS);
    assert_int_equal(tk_nor_store.program(tk_nor_store.ctx, 0, word, 4), TK_FLASH_OK);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 0, got, 4), TK_FLASH_OK);
    assert_memory_equal(got, word, 4);
}

static void a_read_waits_for_the_erase_of_another_sector(void **state)
{
    uint8_t byte;

    (void)state;
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, SECTOR), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 7, &byte, 1), TK_FLASH_OK);
    assert_int_equal(byte, 0xA5);
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, SECTOR), TK_FLASH_OK);
    assert_int_equal(chips[0].erases, 1);
}

static void two_erases_at_a_time_are_both_carried_out(void **state)
{
    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_int_equal(erase_whole(&tk_nor_scratch, 0), TK_FLASH_OK);
    assert_int_equal(bytes[0], 0xFF);
    assert_int_equal(bytes[4 * SECTOR], 0xFF);
}

static void an_abandoned_erase_does_not_count_for_the_next(void **state)
{
    static const uint8_t zero[4];

    (void)state;
    assert_int_equal(tk_nor_store.erase(tk_nor_store.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.program(tk_nor_store.ctx, 8, zero, 4), TK_FLASH_OK);
    assert_int_equal(bytes[8], 0);
    assert_int_equal(erase_whole(&tk_nor_store, 0), TK_FLASH_OK);
    assert_int_equal(bytes[8], 0xFF);
}

/* A failure of either chip is one of the word. */
static void reports_failures_and_recovers(void **state)
{
    const struct tk_flash *flash = &tk_nor_store;
    static const uint8_t zero[4];

    (void)state;
    for (unsigned i = 0; i < CHIPS; i++) {
        chips[i].fails = true;
        assert_int_equal(flash->program(flash->ctx, 4, zero, 4), TK_FLASH_ERR);
        assert_int_equal(flash->program(flash->ctx, 4, zero, 4), TK_FLASH_OK);
        chips[i].fails = true;
        assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_ERR);
        assert_int_equal(erase_whole(flash, SECTOR), TK_FLASH_OK);
    }
}

static void one_failed_word_of_many_is_reported(void **state)
{
    static const uint8_t zeros[64];

    (void)state;
    chips[1].fails = true; /* the first word; the others succeed */
    assert_int_equal(tk_nor_store.program(tk_nor_store.ctx, 0, zeros, sizeof zeros), TK_FLASH_ERR);
}

static void an_erase_that_fails_during_a_read_is_repeated(void **state)
{
    uint8_t byte;

    (void)state;
    chips[0].fails = true;
    assert_int_equal(tk_nor_scratch.erase(tk_nor_scratch.ctx, 0), TK_FLASH_AGAIN);
    assert_int_equal(tk_nor_store.read(tk_nor_store.ctx, 0, &byte, 1), TK_FLASH_OK);
    assert_int_equal(erase_whole(&tk_nor_scratch, 0), TK_FLASH_OK);
    assert_int_equal(chips[0].erases, 2);
}

/* When it is ready again, the driver works. */
static void a_chip_that_stays_busy_is_an_error(void **state)
{
    const struct tk_flash *flash = &tk_nor_store;
    uint8_t word[4] = {0};
    uint32_t before = now;

    (void)state;
    chips[1].dead = true;
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_ERR);
    assert_int_equal(flash->read(flash->ctx, 0, word, 1), TK_FLASH_ERR);
    assert_int_equal(flash->program(flash->ctx, 0, word, 4), TK_FLASH_ERR);
    assert_true(now - before < 40000u * TICKS);
    chips[1].dead = false;
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_OK);
    assert_int_equal(flash->program(flash->ctx, 0, word, 4), TK_FLASH_OK);
}

/* Until then the chip ignores commands, and reads return its status. */
static void later_calls_wait_for_a_word_that_takes_too_long(void **state)
{
    const struct tk_flash *flash = &tk_nor_store;
    uint8_t word[4] = {0};

    (void)state;
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_OK);
    chips[0].dead = true;
    assert_int_equal(flash->program(flash->ctx, 0, word, 4), TK_FLASH_ERR);
    assert_int_equal(flash->read(flash->ctx, 4, word, 4), TK_FLASH_ERR);
    assert_int_equal(flash->program(flash->ctx, 8, word, 4), TK_FLASH_ERR);
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_ERR);
    chips[0].dead = false;
    assert_int_equal(flash->read(flash->ctx, 4, word, 4), TK_FLASH_OK);
    assert_memory_equal(word, "\xFF\xFF\xFF\xFF", 4);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(erase_whole(flash, 0), TK_FLASH_OK);
    assert_int_equal(bytes[0], 0xFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_what_was_programmed_and_changes_nothing_else, set_up),
        cmocka_unit_test_setup(reads_unaligned_bytes, set_up),
        cmocka_unit_test_setup(erases_in_short_steps, set_up),
        cmocka_unit_test_setup(waits_for_the_slower_chip, set_up),
        cmocka_unit_test_setup(a_read_waits_for_the_erase_of_another_sector, set_up),
        cmocka_unit_test_setup(two_erases_at_a_time_are_both_carried_out, set_up),
        cmocka_unit_test_setup(an_abandoned_erase_does_not_count_for_the_next, set_up),
        cmocka_unit_test_setup(reports_failures_and_recovers, set_up),
        cmocka_unit_test_setup(one_failed_word_of_many_is_reported, set_up),
        cmocka_unit_test_setup(an_erase_that_fails_during_a_read_is_repeated, set_up),
        cmocka_unit_test_setup(a_chip_that_stays_busy_is_an_error, set_up),
        cmocka_unit_test_setup(later_calls_wait_for_a_word_that_takes_too_long, set_up),
    };

    chips[0].status = chips[1].status = READY;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
