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
 *   twice between two erases, except after a power cut: a unit whose program was cut and that reads
 *   as erased may be programmed again. That program may fail, see ECC.
 * - A program cut by power leaves each of its bytes old, new or, within one unit, in between: some
 *   bits programmed, or bits that read differently the next time. Units outside the range stay as
 *   they were.
 * - An erase cut by power leaves the whole sector undefined: old, 0xFF, or noise.
 * - A call that returned TK_FLASH_OK is complete and survives a power cut; where sync is given, it
 *   survives from the next sync on.
 * - Any call may fail with TK_FLASH_ERR, once or from then on. A failed program or erase leaves
 *   what a power cut leaves; a failed read changes nothing. A worn sector fails its erases or
 *   programs for good, while the other sectors work.
 *
 * An EEPROM fits the model with unit = its page (a torn page write damages the whole page) and an
 * erase that writes 0xFF.
 *
 * ECC. On flash with an error-correcting code the unit is the word that one code covers: 8 bytes on
 * STM32L4 and G4 (RM0351 and RM0440, section "Error code correction"), 32 on STM32H7 (RM0433). A
 * word is programmed once, even if it was programmed with 0xFF. A torn word
 * - reads as an error, at each read until its sector is erased: every read of a range that includes
 *   it returns TK_FLASH_ERR, all others succeed;
 * - or reads as the old, the new or, miscorrected, as other contents, or one way now and another
 *   way later;
 * - may read as erased and refuse to be programmed (PROGERR): TK_FLASH_ERR.
 * The hardware reports the error as an NMI (L4, G4: ECCD) or a bus fault (H7: DBECCERR). The port
 * handles it while it reads: it clears the flag, returns from the exception, and returns
 * TK_FLASH_ERR. A corrected error (ECCC, SNECCERR) is TK_FLASH_OK.
 *
 * Encryption. On an encrypted partition the unit is the cipher's block: 16 bytes with
 * esp_flash_write_encrypted of ESP-IDF. A torn unit is noise as a whole. An erased one decrypts to
 * noise, so the port also reads the raw bytes (esp_partition_read_raw) and returns 0xFF for each
 * unit whose raw bytes are all 0xFF.
 *
 * Falling supply. Flash that is programmed or erased below the supply voltage of its data sheet may
 * change other cells than those of the call, which no store survives. Each port states its
 * brown-out level, which is at or above that voltage, and neither erases nor programs below it: it
 * lets the brown-out detector hold the processor in reset, or returns TK_FLASH_ERR before it
 * begins. An operation in progress when the supply falls is the power cut of the model.
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

/* core/store takes a subset of these shapes: see tk_store_open. */
struct tk_flash {
    uint32_t sector_size; /* bytes that an erase clears: 1 KB to 256 KB, a multiple of unit */
    uint32_t sectors;     /* 2 or more */
    uint32_t unit;        /* alignment and granularity of program in bytes: 1 to 256 */
    void *ctx;            /* passed to every function; owned by whatever filled this struct */

    /* Reads any len at any offset inside the area. TK_FLASH_OK or TK_FLASH_ERR: some of it cannot
     * be read, and the contents of buf are undefined; a later read may succeed. */
    int (*read)(void *ctx, uint32_t offset, void *buf, size_t len);

    /* Programs len bytes; offset and len are multiples of unit, within one sector. data is used
     * only during the call. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*program)(void *ctx, uint32_t offset, const void *data, size_t len);

    /* Erases the sector that begins at offset, whatever it holds. One call takes at most 10 ms: a
     * longer erase returns TK_FLASH_AGAIN until it is done. TK_FLASH_OK, TK_FLASH_AGAIN or
     * TK_FLASH_ERR. A driver whose erase blocks (esp_partition_erase_range) is called from a task
     * of its own. Where a processor stalls while the bank is erased that it runs from (STM32L4 with
     * one bank), run the code of the erase and of the tick from RAM, or put the area into another
     * bank. */
    int (*erase)(void *ctx, uint32_t offset);

    /* NULL where a call that returned is already durable. Otherwise: makes all calls so far survive
     * a power cut before it returns. TK_FLASH_OK or TK_FLASH_ERR. */
    int (*sync)(void *ctx);
};

#ifdef __cplusplus
}
#endif

#endif
