/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_port.h"

/* ctx is the area's first address; offset counts from there. */

/* FIXME tk_flash.h: copy the bytes. */
static int area_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    (void)ctx;
    (void)offset;
    (void)buf;
    (void)len;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: program whole units, and answer when the chip has done it; mind the pages of
 * an SPI chip. */
static int area_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    (void)ctx;
    (void)offset;
    (void)data;
    (void)len;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: begin to erase and answer TK_FLASH_AGAIN, until a later call finds it done. */
static int area_erase(void *ctx, uint32_t offset)
{
    (void)ctx;
    (void)offset;
    return TK_FLASH_ERR;
}

/* FIXME tk_flash.h: size, number and unit of the sectors of two areas that nothing else uses: 2
 * sectors and up, and 16 KB and up for the store. */
#define AREA                                                                                       \
    {                                                                                              \
        .sector_size = 0, .sectors = 0, .unit = 0, .ctx = NULL, .read = area_read,                 \
        .program = area_program, .erase = area_erase, .sync = NULL                                 \
    }

const struct tk_flash tk_port_store = AREA, tk_port_scratch = AREA;
