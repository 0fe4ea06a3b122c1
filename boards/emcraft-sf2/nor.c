/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_board.h"

/*
 * The module's S25FL128S: 16 MB, programmed in pages of up to 256 bytes, erased in sectors of 64
 * KB. Only the last 512 KB are used.
 *
 *      0                 0xF80000        0xFC0000      0xFE0000         0xFFFFFF
 *      | not used ...    | store 4 x 64K | seed 2 x 64K | scratch 2 x 64K |
 *
 * While it programs or erases it accepts only READ_STATUS.
 */

#define WRITE_ENABLE 0x06
#define READ_STATUS  0x05
#define CLEAR_STATUS 0x30
#define READ         0x03
#define PROGRAM      0x02
#define ERASE        0xD8

#define STATUS_BUSY   (1u << 0)
#define STATUS_FAILED (3u << 5) /* erase or program; STATUS_BUSY stays set until it is cleared */

/* Maximum times of the data sheet: 750 us for a page, 2.6 s for a sector of 256 KB. */
enum { SECTOR = 65536, PAGE = 256, LONGEST_READ = 32768, STEP_MS = 8, BUSY_MS = 3000 };

#define FIRST 0xF80000u

/* The sector whose erase was started and not yet reported as done; 0: none. */
static uint32_t erasing;

static uint32_t busy_since; /* tick of the last program or erase */

static bool command(uint8_t what)
{
    return tk_spi(&what, 1, NULL, NULL, 0);
}

static bool command_at(uint8_t what, uint32_t at, const uint8_t *out, uint8_t *in, size_t len)
{
    const uint8_t head[] = {what, (uint8_t)(at >> 16), (uint8_t)(at >> 8), (uint8_t)at};

    return tk_spi(head, sizeof head, out, in, len);
}

static bool passed(uint32_t since, uint32_t ms)
{
    return tk_board_ticks() - since >= ms * tk_board_ticks_per_ms;
}

/* Returns TK_FLASH_AGAIN if the chip is still busy after ms. */
static int wait_ready(uint32_t ms)
{
    const uint8_t read_status = READ_STATUS;
    uint32_t began = tk_board_ticks();
    uint8_t status;

    do {
        if (!tk_spi(&read_status, 1, NULL, &status, 1))
            return TK_FLASH_ERR;
        if ((status & STATUS_FAILED) != 0) {
            erasing = 0; /* not reported as done later */
            (void)command(CLEAR_STATUS);
            return TK_FLASH_ERR;
        }
        if ((status & STATUS_BUSY) == 0)
            return TK_FLASH_OK;
    } while (!passed(began, ms));
    return passed(busy_since, BUSY_MS) ? TK_FLASH_ERR : TK_FLASH_AGAIN;
}

/* Starts a program or erase; the chip must be ready. */
static bool start_work(uint8_t what, uint32_t at, const uint8_t *out, size_t len)
{
    busy_since = tk_board_ticks();
    return command(WRITE_ENABLE) && command_at(what, at, out, NULL, len);
}

/* Waits for an erase of another area, or one from before a reset. If that fails it is not an error
 * of the operation that follows. */
static bool become_ready(void)
{
    return wait_ready(BUSY_MS) == TK_FLASH_OK || wait_ready(0) == TK_FLASH_OK;
}

/* --- as flash --- */

static int area_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    uint32_t at = *(const uint32_t *)ctx + offset;
    uint8_t *to = buf;

    if (!become_ready())
        return TK_FLASH_ERR;
    while (len > 0) {
        size_t n = len < LONGEST_READ ? len : LONGEST_READ;

        if (!command_at(READ, at, NULL, to, n))
            return TK_FLASH_ERR;
        at += (uint32_t)n;
        to += n;
        len -= n;
    }
    return TK_FLASH_OK;
}

static int area_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    uint32_t at = *(const uint32_t *)ctx + offset;
    const uint8_t *from = data;

    if (!become_ready())
        return TK_FLASH_ERR;
    if (erasing == at / SECTOR * SECTOR)
        erasing = 0; /* done, but no longer blank */
    while (len > 0) {
        size_t n = PAGE - at % PAGE; /* the chip wraps around at the end of a page */

        n = n < len ? n : len;
        if (!start_work(PROGRAM, at, from, n) || wait_ready(BUSY_MS) != TK_FLASH_OK)
            return TK_FLASH_ERR;
        at += (uint32_t)n;
        from += n;
        len -= n;
    }
    return TK_FLASH_OK;
}

/* Returns TK_FLASH_AGAIN once it is started, or while another one is in progress. */
static int start_erase(uint32_t at)
{
    int ret = wait_ready(STEP_MS);

    if (ret != TK_FLASH_OK)
        return ret;
    if (!start_work(ERASE, at, NULL, 0))
        return TK_FLASH_ERR;
    erasing = at;
    return TK_FLASH_AGAIN;
}

/* Starts the erase, then waits for it 8 ms at a time. */
static int area_erase(void *ctx, uint32_t offset)
{
    uint32_t at = *(const uint32_t *)ctx + offset;
    int ret = erasing == at ? wait_ready(STEP_MS) : start_erase(at);

    if (ret != TK_FLASH_AGAIN)
        erasing = 0;
    return ret;
}

static uint32_t store = FIRST, seed = FIRST + 4 * SECTOR, scratch = FIRST + 6 * SECTOR;

#define FLASH(area, count)                                                                         \
    {                                                                                              \
        .sector_size = SECTOR, .sectors = (count), .unit = 1, .ctx = &(area), .read = area_read,   \
        .program = area_program, .erase = area_erase                                               \
    }

const struct tk_flash tk_nor_store = FLASH(store, 4);
const struct tk_flash tk_nor_seed = FLASH(seed, 2);
const struct tk_flash tk_nor_scratch = FLASH(scratch, 2);
