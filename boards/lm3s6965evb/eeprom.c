/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "lm3s6965.h"

#include <stdbool.h>
#include <string.h>

/*
 * A 24C256 at address 0x50 of I2C 0 (PB2 and PB3 on the kit's expansion header): 32 KB in pages of
 * 64 bytes. A page write takes up to 5 ms, during which the chip does not acknowledge its address.
 *
 *      | store 3 x 8 KB | seed 2 x 2 KB | scratch 2 x 2 KB |
 *
 * All values of the store must fit into one of its sectors, including two added roots of trust of
 * 2047 bytes, one that is being entered, the webhook's template and the history.
 */

#define ADDRESS (0x50u << 1)
#define READS   1u

#define MCR_MASTER 0x10u
#define TPR_357KHZ 6u /* 50 MHz / (2 * 10 * (1 + 6)) */

#define MCS_RUN   1u
#define MCS_START 2u
#define MCS_STOP  4u
#define MCS_ACK   8u
#define MCS_BUSY  1u /* when read */
#define MCS_ERROR 2u

enum { PAGE = 64, STORE_SECTOR = 8192, SECTOR = 2048, BYTE_TRIES = 100000, PAGE_TRIES = 400 };

void tk_eeprom_init(void)
{
    I2C0_MCR = MCR_MASTER;
    I2C0_TPR = TPR_357KHZ;
}

/* --- the bus --- */

/* Transfers one byte with its conditions. Returns false without an acknowledge, or if the bus
 * hangs. */
static bool run(uint32_t command)
{
    I2C0_MCS = command;
    for (int i = 0; i < BYTE_TRIES; i++) {
        uint32_t status = I2C0_MCS;

        if ((status & MCS_BUSY) == 0)
            return (status & MCS_ERROR) == 0;
    }
    return false;
}

static bool put(uint8_t byte, uint32_t command)
{
    I2C0_MDR = byte;
    if (run(command))
        return true;
    I2C0_MCS = MCS_STOP;
    return false;
}

/* Sends the chip's address and the offset; polls while the chip writes a page. */
static bool begin(uint32_t at)
{
    for (int i = 0; i < PAGE_TRIES; i++) {
        I2C0_MSA = ADDRESS;
        if (put((uint8_t)(at >> 8), MCS_START | MCS_RUN))
            return put((uint8_t)at, MCS_RUN);
    }
    return false;
}

static bool read_bytes(uint32_t at, uint8_t *to, size_t len)
{
    if (!begin(at) || !run(MCS_STOP))
        return false;
    I2C0_MSA = ADDRESS | READS;
    for (size_t i = 0; i < len; i++) {
        uint32_t first = i == 0 ? MCS_START : 0;
        uint32_t last = i + 1 == len ? MCS_STOP : MCS_ACK;

        if (!run(MCS_RUN | first | last))
            return false;
        to[i] = (uint8_t)I2C0_MDR;
    }
    return true;
}

/* from NULL: writes 0xFF. */
static bool write_page(uint32_t at, const uint8_t *from)
{
    if (!begin(at))
        return false;
    for (size_t i = 0; i < PAGE; i++) {
        if (!put(from == NULL ? 0xFF : from[i], i + 1 < PAGE ? MCS_RUN : MCS_RUN | MCS_STOP))
            return false;
    }
    return true;
}

static bool is_blank(uint32_t at)
{
    uint8_t page[PAGE];

    if (!read_bytes(at, page, sizeof page))
        return false;
    for (size_t i = 0; i < sizeof page; i++) {
        if (page[i] != 0xFF)
            return false;
    }
    return true;
}

/* --- as flash --- */

struct area {
    uint32_t start, sector_size;
    uint32_t erasing; /* next page of the erase in progress; 0: none */
};

static int area_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    const struct area *area = ctx;

    return len == 0 || read_bytes(area->start + offset, buf, len) ? TK_FLASH_OK : TK_FLASH_ERR;
}

static int area_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    const struct area *area = ctx;

    for (size_t i = 0; i < len; i += PAGE) {
        if (!write_page(area->start + offset + i, (const uint8_t *)data + i))
            return TK_FLASH_ERR;
    }
    return TK_FLASH_OK;
}

/* One page per call; blank pages are not written. */
static int area_erase(void *ctx, uint32_t offset)
{
    struct area *area = ctx;
    uint32_t at = area->start + offset;

    if (area->erasing <= at || area->erasing >= at + area->sector_size)
        area->erasing = at;
    if (!is_blank(area->erasing) && !write_page(area->erasing, NULL)) {
        area->erasing = 0;
        return TK_FLASH_ERR;
    }
    area->erasing += PAGE;
    if (area->erasing < at + area->sector_size)
        return TK_FLASH_AGAIN;
    area->erasing = 0;
    return TK_FLASH_OK;
}

static struct area store = {.start = 0, .sector_size = STORE_SECTOR},
                   seed = {.start = 3 * STORE_SECTOR, .sector_size = SECTOR},
                   scratch = {.start = 3 * STORE_SECTOR + 2 * SECTOR, .sector_size = SECTOR};

#define FLASH(area, size, count)                                                                   \
    {                                                                                              \
        .sector_size = (size), .sectors = (count), .unit = PAGE, .ctx = &(area),                   \
        .read = area_read, .program = area_program, .erase = area_erase                            \
    }

const struct tk_flash tk_eeprom_store = FLASH(store, STORE_SECTOR, 3);
const struct tk_flash tk_eeprom_seed = FLASH(seed, SECTOR, 2);
const struct tk_flash tk_eeprom_scratch = FLASH(scratch, SECTOR, 2);
