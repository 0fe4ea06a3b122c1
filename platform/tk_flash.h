/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FLASH_H
#define TK_FLASH_H

/*
 * Non-volatile memory for a store: an area of NOR flash, or of an EEPROM that behaves like it. It
 * is a struct of functions instead of link-time symbols because a program holds several: a store
 * and a scratch area, or a thousand simulated gateways. Main loop only.
 *
 *      0                sector_size            sectors * sector_size
 *      |  sector 0      |  sector 1      | ... |
 *      |unit|unit|unit|.|
 *
 * Offsets are bytes from the beginning of the area. The model:
 *
 * - erase sets every byte of one sector to 0xFF.
 * - program changes 1 bits to 0 bits, in whole units, aligned to the unit. No unit is programmed
 *   twice between two erases (flash with ECC does not allow it), except after a power cut: a unit
 *   whose program was cut and that reads as erased may be programmed again.
 * - A program cut by power leaves each of its bytes old, new or, within one unit, in between: some
 *   bits programmed, or bits that read differently the next time. Units outside the range stay as
 *   they were.
 * - An erase cut by power leaves the whole sector undefined: old, 0xFF, or noise.
 * - A call that returned TK_FLASH_OK is complete and survives a power cut; where sync is given, it
 *   survives from the next sync on.
 *
 * An EEPROM fits the model with unit = its page (a torn page write damages the whole page) and an
 * erase that writes 0xFF.
 */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TK_FLASH_OK = 0,
    TK_FLASH_AGAIN = -1, /* erase only: in progress, call again with the same offset */
    TK_FLASH_ERR = -2    /* the memory failed; the contents of the range are undefined */
};

struct tk_flash {
    uint32_t sector_size; /* bytes that an erase clears: 1 KB to 256 KB, a multiple of unit */
    uint32_t sectors;     /* 2 or more */
    uint32_t unit;        /* alignment and granularity of program in bytes: 1 to 256 */
    void *ctx;            /* passed to every function; owned by whatever filled this struct */

    /* Reads any len at any offset inside the area. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*read)(void *ctx, uint32_t offset, void *buf, size_t len);

    /* Programs len bytes; offset and len are multiples of unit, within one sector. data is used
     * only during the call. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*program)(void *ctx, uint32_t offset, const void *data, size_t len);

    /* Erases the sector that begins at offset. One call takes at most 10 ms: a longer erase returns
     * TK_FLASH_AGAIN until it is done. TK_FLASH_OK, TK_FLASH_AGAIN or TK_FLASH_ERR. */
    int (*erase)(void *ctx, uint32_t offset);

    /* NULL where a call that returned is already durable. Otherwise: makes all calls so far survive
     * a power cut before it returns. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*sync)(void *ctx);
};

#ifdef __cplusplus
}
#endif

#endif
