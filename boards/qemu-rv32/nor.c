/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_board.h"
#include "virt.h"

#include <stdbool.h>
#include <string.h>

/*
 * The second flash bank, 32 MB: two 16-bit chips in parallel with Intel's command set (CFI 01). A
 * word programs both chips, and commands go to both halves of the bus. 128 sectors of 256 KB.
 *
 *      | store 4 | scratch 2 | free ... |
 *
 * An erase takes up to seconds, during which the chips return their status. A read or program waits
 * for its end, which the next call of that erase then reports.
 */

#define BOTH(half)    ((half) << 16 | (half))
#define READ_ARRAY    BOTH(0xFFu)
#define PROGRAM       BOTH(0x40u)
#define ERASE         BOTH(0x20u)
#define ERASE_CONFIRM BOTH(0xD0u)
#define CLEAR_STATUS  BOTH(0x50u)
#define READY         BOTH(0x80u)
#define FAILED        BOTH(0x3Au) /* erase, program, voltage, locked */

enum {
    SECTOR = 256 * 1024,
    UNIT = 4,
    STEP_MS = 5,
    PROGRAM_MS = 10, /* timeout for a word; chips take less than 1 ms */
    ERASE_MS = 10000 /* timeout for a sector; chips take up to 4 s */
};

static uint32_t busy;    /* address of an operation that an earlier call started; 0: none */
static uint32_t began;   /* tick of its start */
static uint32_t erasing; /* the same address, if it is an erase; else 0 */
static uint32_t erased;  /* sector of an erase that is done but not reported; 0: none */

/* Whether both chips become ready within ms. */
static bool ready_within(uint32_t address, uint32_t ms)
{
    uint32_t start = tk_board_ticks();

    while ((tk_nor_status(address) & READY) != READY) {
        if (tk_board_ticks() - start > ms * tk_board_ticks_per_ms)
            return (tk_nor_status(address) & READY) == READY;
    }
    return true;
}

/* Returns the chips, which must be ready, to read mode. Returns whether the operation succeeded. */
static bool finish(uint32_t address)
{
    uint32_t status = tk_nor_status(address);

    tk_nor_put(address, CLEAR_STATUS);
    tk_nor_put(address, READ_ARRAY);
    return (status & FAILED) == 0;
}

/* Waits for an earlier operation. Returns false if it does not end within ms. */
static bool end_work(uint32_t ms)
{
    if (busy == 0)
        return true;
    if (!ready_within(busy, ms))
        return false;
    erased = finish(busy) ? erasing : 0;
    busy = erasing = 0;
    return true;
}

static int area_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    const uint32_t *start = ctx;

    if (!end_work(ERASE_MS))
        return TK_FLASH_ERR;
    tk_nor_copy(buf, *start + offset, len);
    return TK_FLASH_OK;
}

static bool program_word(uint32_t address, uint32_t word)
{
    tk_nor_put(address, PROGRAM);
    tk_nor_put(address, word);
    return ready_within(address, PROGRAM_MS);
}

static int area_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    const uint32_t *start = ctx;
    uint32_t address = *start + offset;

    if (len == 0)
        return TK_FLASH_OK;
    if (!end_work(ERASE_MS))
        return TK_FLASH_ERR;
    erased = 0;
    for (size_t i = 0; i < len; i += UNIT) {
        uint32_t word;

        memcpy(&word, (const uint8_t *)data + i, sizeof word);
        if (!program_word(address + (uint32_t)i, word)) {
            busy = address;
            began = tk_board_ticks();
            return TK_FLASH_ERR;
        }
    }
    return finish(address) ? TK_FLASH_OK : TK_FLASH_ERR;
}

static int area_erase(void *ctx, uint32_t offset)
{
    const uint32_t *start = ctx;
    uint32_t address = *start + offset;
    bool ours = erasing == address;

    if (!end_work(STEP_MS)) {
        bool hangs = tk_board_ticks() - began > ERASE_MS * tk_board_ticks_per_ms;

        return hangs ? TK_FLASH_ERR : TK_FLASH_AGAIN;
    }
    if (erased == address) {
        erased = 0;
        return TK_FLASH_OK;
    }
    if (ours)
        return TK_FLASH_ERR;
    tk_nor_put(address, ERASE);
    tk_nor_put(address, ERASE_CONFIRM);
    busy = erasing = address;
    began = tk_board_ticks();
    return TK_FLASH_AGAIN;
}

static const uint32_t store = NOR_BASE, scratch = NOR_BASE + 4 * SECTOR;

#define FLASH(area, count)                                                                         \
    {                                                                                              \
        .sector_size = SECTOR, .sectors = (count), .unit = UNIT, .ctx = (void *)&(area),           \
        .read = area_read, .program = area_program, .erase = area_erase                            \
    }

const struct tk_flash tk_nor_store = FLASH(store, 4);
const struct tk_flash tk_nor_scratch = FLASH(scratch, 2);
