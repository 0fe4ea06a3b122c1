/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "tk_board.h"

/*
 * The S25FL128S of the module, 16 MB that are programmed in pages of 256 bytes (or less) and
 * erased in sectors of 64 KB. Its last 512 KB are ours; what the module came with stays.
 *
 *      0                 0xF80000        0xFC0000      0xFE0000         0xFFFFFF
 *      | not ours ...    | store 4 x 64K | seed 2 x 64K | scratch 2 x 64K |
 *
 * While it programs or erases it hears nothing but the question for its status.
 */

#define WRITE_ENABLE 0x06
#define READ_STATUS  0x05
#define CLEAR_STATUS 0x30
#define READ         0x03
#define PROGRAM      0x02
#define ERASE        0xD8

#define STATUS_BUSY   (1u << 0)
#define STATUS_FAILED (3u << 5) /* an erase, a program: busy stays until it is cleared */

/* The data sheet's worst are 750 us for a page and 2.6 s for a sector of 256 KB. */
enum { SECTOR = 65536, PAGE = 256, LONGEST_READ = 32768, STEP_MS = 8, BUSY_MS = 3000 };

#define FIRST 0xF80000u

/* The sector whose erase was begun and has not been told to be done; 0: none. */
static uint32_t erasing;

static uint32_t busy_since; /* tick at which the chip was last given work */

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

/* TK_FLASH_AGAIN when the chip is still busy after so many milliseconds. */
static int wait_ready(uint32_t ms)
{
    const uint8_t ask = READ_STATUS;
    uint32_t began = tk_board_ticks();
    uint8_t status;

    do {
        if (!tk_spi(&ask, 1, NULL, &status, 1))
            return TK_FLASH_ERR;
        if ((status & STATUS_FAILED) != 0) {
            erasing = 0; /* whoever asks for its end hears of no success */
            (void)command(CLEAR_STATUS);
            return TK_FLASH_ERR;
        }
        if ((status & STATUS_BUSY) == 0)
            return TK_FLASH_OK;
    } while (!passed(began, ms));
    return passed(busy_since, BUSY_MS) ? TK_FLASH_ERR : TK_FLASH_AGAIN;
}

/* Gives a chip that is ready work that takes it a while. */
static bool give_work(uint8_t what, uint32_t at, const uint8_t *out, size_t len)
{
    busy_since = tk_board_ticks();
    return command(WRITE_ENABLE) && command_at(what, at, out, NULL, len);
}

/* Also when another area's erase is still going on, or one from before this start. That it fails
 * is not the failure of what comes now. */
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
        erasing = 0; /* nobody asked for its end; it is not blank from now on */
    while (len > 0) {
        size_t n = PAGE - at % PAGE; /* behind a page's end the chip goes on at its beginning */

        n = n < len ? n : len;
        if (!give_work(PROGRAM, at, from, n) || wait_ready(BUSY_MS) != TK_FLASH_OK)
            return TK_FLASH_ERR;
        at += (uint32_t)n;
        from += n;
        len -= n;
    }
    return TK_FLASH_OK;
}

/* TK_FLASH_AGAIN: it has begun, or another one is not over yet. */
static int begin_erase(uint32_t at)
{
    int ret = wait_ready(STEP_MS);

    if (ret != TK_FLASH_OK)
        return ret;
    if (!give_work(ERASE, at, NULL, 0))
        return TK_FLASH_ERR;
    erasing = at;
    return TK_FLASH_AGAIN;
}

/* Begins it, then asks for 8 ms at a time whether it is done. */
static int area_erase(void *ctx, uint32_t offset)
{
    uint32_t at = *(const uint32_t *)ctx + offset;
    int ret = erasing == at ? wait_ready(STEP_MS) : begin_erase(at);

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
