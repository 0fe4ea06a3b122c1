/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FLASH_H
#define TK_FLASH_H

/*
 * The non-volatile memory a store lives on: NOR flash, or an EEPROM that acts as one. It is a
 * struct of functions, not link-time symbols, because one program holds several (a store and a
 * scratch area, a thousand simulated gateways).
 *
 *      0                sector_size            sectors * sector_size
 *      |  sector 0      |  sector 1      | ... |
 *      |unit|unit|unit|.|
 *
 * Offsets are bytes from the beginning of the area. The model, which is what littlefs' users kept
 * asking for:
 *
 * - erase sets every byte of one sector to 0xFF.
 * - program changes 1 bits to 0 bits, in whole units, aligned to the unit. Programming a unit a
 *   second time before an erase is never asked for (flash with ECC words cannot do it), except
 *   where power cut the first time and the unit reads as erased: then it is asked for the same.
 * - A program that was cut by power leaves each of its bytes old, new, or, within one unit,
 *   anything between (some bits programmed, or bits that read differently the next time).
 *   Units that the call did not name stay as they were.
 * - An erase that was cut leaves the whole sector undefined: old, 0xFF, or noise.
 * - A call that returned TK_FLASH_OK has happened in full and survives a power cut, except where
 *   sync is given: there it survives from the next sync on.
 *
 * An EEPROM is the same with unit = its page (a torn page write damages the whole page) and an
 * erase that writes 0xFF.
 */

#include <stddef.h>
#include <stdint.h>

enum {
    TK_FLASH_OK = 0,
    TK_FLASH_AGAIN = -1, /* erase only: not done yet, call again with the same offset */
    TK_FLASH_ERR = -2    /* the memory refused or failed; what it holds there is undefined */
};

struct tk_flash {
    uint32_t sector_size; /* bytes an erase clears: 1 KB to 256 KB, a multiple of unit */
    uint32_t sectors;     /* 2 and up */
    uint32_t unit;        /* bytes a program is aligned to and a multiple of: 1 to 256 */
    void *ctx;            /* handed back to every function; owned by whoever filled this struct */

    /* Reads any len at any offset inside the area. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*read)(void *ctx, uint32_t offset, void *buf, size_t len);

    /* Programs len bytes; offset and len are multiples of unit, within one sector. data is only
     * used during the call. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*program)(void *ctx, uint32_t offset, const void *data, size_t len);

    /* Erases the sector that begins at offset. One call takes at most 10 ms: longer erases answer
     * TK_FLASH_AGAIN until they are done. TK_FLASH_OK, TK_FLASH_AGAIN or TK_FLASH_ERR. */
    int (*erase)(void *ctx, uint32_t offset);

    /* NULL where a call that returned is already durable. Else: makes all calls so far survive a
     * power cut before it returns. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*sync)(void *ctx);
};

#endif
