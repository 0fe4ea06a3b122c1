/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_port.h"

/* ctx: the address of the area. */

/* FIXME tk_flash.h: copy the bytes. With ECC: handle the exception of an unreadable word, and
 * return TK_FLASH_ERR. On an encrypted partition: return 0xFF for units whose raw bytes are all
 * 0xFF. */
static int area_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    (void)ctx;
    (void)offset;
    (void)buf;
    (void)len;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: program whole units, and return when the chip is done. Split at page boundaries
 * on SPI NOR. Let the brown-out detector reset the chip below the supply that the flash needs, and
 * state the level in the README of your board. */
static int area_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    (void)ctx;
    (void)offset;
    (void)data;
    (void)len;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: start the erase and return TK_FLASH_AGAIN until a later call finds it done. */
static int area_erase(void *ctx, uint32_t offset)
{
    (void)ctx;
    (void)offset;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: sector size, number of sectors and unit (with ECC its word: 8 bytes on
 * STM32L4 and G4, 32 on STM32H7; 16 on an encrypted partition of ESP-IDF) of two areas that nothing
 * else uses: at least 2 sectors each, and at least 16 KB for the store. */
#define AREA                                                                                       \
    {                                                                                              \
        .sector_size = 0, .sectors = 0, .unit = 0, .ctx = NULL, .read = area_read,                 \
        .program = area_program, .erase = area_erase, .sync = NULL                                 \
    }

const struct tk_flash tk_port_store = AREA, tk_port_scratch = AREA;
