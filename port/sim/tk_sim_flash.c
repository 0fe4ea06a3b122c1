/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_flash.h"

#include "tk_sim_private.h"

#include <stdlib.h>
#include <string.h>

#define NO_ERASE UINT32_MAX

enum { PROGRAMMED = 1, TORN = 2 }; /* state of a unit; 0: erased */

static uint64_t random_number(struct tk_sim_flash *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random;
}

static uint8_t random_byte(struct tk_sim_flash *f)
{
    return (uint8_t)(random_number(f) >> 32);
}

static void note_violation_if(struct tk_sim_flash *f, bool broken, const char *violation)
{
    if (!broken)
        return;
    f->violations++;
    f->violation = violation;
}

static size_t memory(const struct tk_sim_flash *f)
{
    return (size_t)f->flash.sector_size * f->flash.sectors;
}

static bool inside(const struct tk_sim_flash *f, uint32_t offset, size_t len)
{
    return offset <= memory(f) && len <= memory(f) - offset;
}

/* --- weak cells --- */

static void leave_weak(struct tk_sim_flash *f, uint32_t at, uint8_t bits)
{
    if (f->weak == TK_SIM_WEAK_NEVER)
        return;
    f->weak_bits[at] |= bits;
    f->has_weak_bits = f->has_weak_bits || bits != 0;
}

static uint8_t read_weak(struct tk_sim_flash *f, uint8_t byte, uint8_t bits)
{
    return bits == 0 ? byte : (uint8_t)((byte & ~bits) | (random_byte(f) & bits));
}

/* --- program --- */

static void program_units(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                          uint32_t units)
{
    uint32_t unit = f->flash.unit;

    for (uint32_t i = 0; i < units * unit; i++)
        f->bytes[offset + i] &= data[i];
    memset(f->programmed + offset / unit, PROGRAMMED, units);
    if (f->has_weak_bits)
        memset(f->weak_bits + offset, 0, (size_t)units * unit);
}

/* The unit in which the program stopped: some of its bits programmed, or noise on an EEPROM. */
static void half_program_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    for (uint32_t i = 0; i < f->flash.unit; i++) {
        uint8_t old = f->bytes[offset + i];

        leave_weak(f, offset + i, f->eeprom ? 0xff : old & (uint8_t)~data[i]);
        f->bytes[offset + i] = f->eeprom ? random_byte(f) : old & (data[i] | random_byte(f));
    }
    f->programmed[offset / f->flash.unit] = TORN;
}

static void scatter_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                            uint32_t units)
{
    uint32_t unit = f->flash.unit;
    uint32_t half = (uint32_t)(random_number(f) % units);

    for (uint32_t i = 0; i < units; i++) {
        if (i == half)
            half_program_unit(f, offset + i * unit, data + i * unit);
        else if (random_byte(f) & 1)
            program_units(f, offset + i * unit, data + i * unit, 1);
    }
}

static void tear_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                         uint32_t units)
{
    uint32_t unit = f->flash.unit;
    uint32_t some = (uint32_t)(random_number(f) % units);

    switch (f->torn_program) {
    case TK_SIM_PROGRAM_NOTHING:
        return;
    case TK_SIM_PROGRAM_SCATTERED:
        scatter_program(f, offset, data, units);
        return;
    case TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT:
        some = units - 1;
        break;
    case TK_SIM_PROGRAM_ALL:
        some = units;
        break;
    default:
        break;
    }
    program_units(f, offset, data, some);
    bool half =
        f->torn_program == TK_SIM_PROGRAM_HALF_UNIT || f->eeprom ||
        (f->torn_program == TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT && f->weak != TK_SIM_WEAK_NEVER);

    if (some < units && half)
        half_program_unit(f, offset + some * unit, data + some * unit);
}

/* Whether a torn unit may be programmed again: it reads as erased, and the new data clears every
 * bit that the torn program cleared. */
static bool may_repeat(const struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    bool may = f->programmed[offset / f->flash.unit] == TORN;

    for (uint32_t i = 0; i < f->flash.unit && may; i++)
        may = f->bytes[offset + i] == 0xff &&
              (f->eeprom || (f->weak_bits[offset + i] & data[i]) == 0);
    return may;
}

static bool is_programmed_twice(const struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                                size_t len)
{
    uint32_t unit = f->flash.unit, units = (uint32_t)len / unit;
    const uint8_t *before = f->programmed + offset / unit;
    bool twice = memchr(before, PROGRAMMED, units) != NULL;

    if (memchr(before, TORN, units) == NULL) /* the common case */
        return twice;
    for (uint32_t i = 0; i < units; i++) {
        if (before[i] == TORN && !may_repeat(f, offset + i * unit, data + i * unit))
            return true;
    }
    return twice;
}

static void check_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data, size_t len)
{
    uint32_t unit = f->flash.unit;
    uint32_t sector_size = f->flash.sector_size;

    note_violation_if(f, is_programmed_twice(f, offset, data, len), "a unit is programmed twice");
    note_violation_if(f, offset % unit != 0 || len % unit != 0, "a program of a partial unit");
    note_violation_if(f, offset % sector_size + len > sector_size, "a program crosses sectors");
    note_violation_if(f, f->erasing != NO_ERASE, "a program during an erase");
}

/* Counts an operation. Whether it fails. */
static bool next_fails(struct tk_sim_flash *f)
{
    f->operations++;
    f->off = f->operations == f->cut_at;
    return f->off || f->operations == f->fail_at ||
           (f->operations > f->fail_at && f->operations <= f->fail_until);
}

static int flash_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct tk_sim_flash *f = ctx;
    uint32_t unit = f->flash.unit;

    note_violation_if(f, !inside(f, offset, len), "a program outside the memory");
    if (f->off || !inside(f, offset, len))
        return TK_FLASH_ERR;
    check_program(f, offset, data, len);
    if (len % unit != 0 || offset % unit != 0 || len == 0)
        return len == 0 ? TK_FLASH_OK : TK_FLASH_ERR;
    if (next_fails(f)) {
        tear_program(f, offset, data, (uint32_t)len / unit);
        return TK_FLASH_ERR;
    }
    program_units(f, offset, data, (uint32_t)len / unit);
    f->programs++;
    f->program_bytes += len;
    return TK_FLASH_OK;
}

/* --- erase --- */

/* 0xFF up to some unit; on an EEPROM the next one is noise. */
static void erase_part(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t len = (uint32_t)(random_number(f) % f->flash.sector_size);

    if (f->eeprom)
        len = len / f->flash.unit * f->flash.unit;
    memset(f->bytes + offset, 0xff, len);
    for (uint32_t i = 0; f->eeprom && i < f->flash.unit; i++) {
        f->bytes[offset + len + i] = random_byte(f);
        leave_weak(f, offset + len + i, 0xff);
    }
}

static void erase_noisily(struct tk_sim_flash *f, uint32_t offset, bool all)
{
    for (uint32_t at = offset; at < offset + f->flash.sector_size; at++) {
        uint8_t old = f->bytes[at];

        leave_weak(f, at, all ? 0xff : (uint8_t)~old);
        f->bytes[at] = random_byte(f) | (all ? 0 : old);
    }
}

/* The sector is undefined: it must be erased before it is programmed. */
static void tear_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;

    if (f->torn_erase == TK_SIM_ERASE_ALL)
        memset(f->bytes + offset, 0xff, size);
    else if (f->torn_erase != TK_SIM_ERASE_NOTHING) {
        if (f->torn_erase == TK_SIM_ERASE_PART || f->eeprom)
            erase_part(f, offset);
        else
            erase_noisily(f, offset, f->torn_erase == TK_SIM_ERASE_NOISE);
    }
    memset(f->programmed + offset / f->flash.unit, PROGRAMMED, size / f->flash.unit);
    f->erasing = NO_ERASE;
}

static int finish_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;

    memset(f->bytes + offset, 0xff, size);
    memset(f->programmed + offset / f->flash.unit, 0, size / f->flash.unit);
    if (f->has_weak_bits)
        memset(f->weak_bits + offset, 0, size);
    f->wear[offset / size]++;
    f->erases++;
    f->erasing = NO_ERASE;
    return TK_FLASH_OK;
}

static int flash_erase(void *ctx, uint32_t offset)
{
    struct tk_sim_flash *f = ctx;
    bool sector = offset % f->flash.sector_size == 0 && inside(f, offset, f->flash.sector_size);

    note_violation_if(f, !sector, "an erase that does not begin at a sector");
    if (f->off || !sector)
        return TK_FLASH_ERR;
    note_violation_if(f, f->erasing != NO_ERASE && f->erasing != offset,
                      "an erase during another erase");
    if (f->erasing != offset) {
        f->erasing = offset;
        f->agains = 0;
    }
    if (next_fails(f)) {
        tear_erase(f, offset);
        return TK_FLASH_ERR;
    }
    return f->agains++ < f->erase_again ? TK_FLASH_AGAIN : finish_erase(f, offset);
}

/* --- read --- */

static int read_carefully(struct tk_sim_flash *f, uint32_t offset, uint8_t *bytes, size_t len)
{
    bool within = inside(f, offset, len);

    note_violation_if(f, !within, "a read outside the memory");
    note_violation_if(f, f->erasing != NO_ERASE && !f->off, "a read during an erase");
    if (f->off || !within || f->reads == f->fail_read_at)
        return TK_FLASH_ERR;
    memcpy(bytes, f->bytes + offset, len);
    for (size_t i = 0; f->weak == TK_SIM_WEAK_READ && i < len; i++)
        bytes[i] = read_weak(f, bytes[i], f->weak_bits[offset + i]);
    return TK_FLASH_OK;
}

static int flash_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct tk_sim_flash *f = ctx;

    f->reads++;
    f->read_bytes += len;
    if (!inside(f, offset, len) || f->erasing != NO_ERASE || f->off || f->has_weak_bits ||
        f->reads == f->fail_read_at)
        return read_carefully(f, offset, buf, len);
    memcpy(buf, f->bytes + offset, len);
    return TK_FLASH_OK;
}

/* --- the write cache --- */

static void save_synced(struct tk_sim_flash *f)
{
    memcpy(f->synced, f->bytes, memory(f));
    memcpy(f->synced_programmed, f->programmed, memory(f) / f->flash.unit);
}

static int flash_sync(void *ctx)
{
    struct tk_sim_flash *f = ctx;

    if (f->off || next_fails(f))
        return TK_FLASH_ERR;
    save_synced(f);
    return TK_FLASH_OK;
}

void tk_sim_flash_cache(struct tk_sim_flash *f)
{
    f->synced = tk_sim_alloc(memory(f));
    f->synced_programmed = tk_sim_alloc(memory(f) / f->flash.unit);
    f->flash.sync = flash_sync;
    save_synced(f);
}

/* Loses all lines of the cache, or some. */
static void lose_cache(struct tk_sim_flash *f)
{
    bool all = (random_byte(f) & 3) == 0;
    uint32_t unit = f->flash.unit;

    for (size_t at = 0, len; at < memory(f); at += len) {
        len = memory(f) - at < TK_SIM_CACHE_LINE ? memory(f) - at : TK_SIM_CACHE_LINE;
        if (!all && (random_byte(f) & 1))
            continue;
        memcpy(f->bytes + at, f->synced + at, len);
        memcpy(f->programmed + at / unit, f->synced_programmed + at / unit, len / unit);
    }
    save_synced(f);
}

/* --- power --- */

void tk_sim_flash_init(struct tk_sim_flash *f, uint32_t sector_size, uint32_t sectors,
                       uint32_t unit)
{
    size_t size = (size_t)sector_size * sectors;

    *f = (struct tk_sim_flash){.flash = {.sector_size = sector_size,
                                         .sectors = sectors,
                                         .unit = unit,
                                         .ctx = f,
                                         .read = flash_read,
                                         .program = flash_program,
                                         .erase = flash_erase},
                               .bytes = tk_sim_alloc(size),
                               .programmed = tk_sim_alloc(size / unit),
                               .weak_bits = tk_sim_alloc(size),
                               .wear = tk_sim_alloc(sectors * sizeof *f->wear),
                               .erasing = NO_ERASE,
                               .random = 1};
    memset(f->bytes, 0xff, size);
    memset(f->programmed, 0, size / unit);
    memset(f->weak_bits, 0, size);
    memset(f->wear, 0, sectors * sizeof *f->wear);
}

void tk_sim_flash_free(struct tk_sim_flash *f)
{
    free(f->bytes);
    free(f->programmed);
    free(f->weak_bits);
    free(f->wear);
    free(f->synced);
    free(f->synced_programmed);
    f->bytes = f->programmed = f->weak_bits = f->synced = f->synced_programmed = NULL;
    f->wear = NULL;
}

void tk_sim_flash_power_on(struct tk_sim_flash *f)
{
    bool lost = f->off && f->synced != NULL;

    f->off = false;
    f->cut_at = 0;
    if (f->erasing != NO_ERASE)
        tear_erase(f, f->erasing);
    if (lost)
        lose_cache(f);
    for (size_t at = 0; f->has_weak_bits && at < memory(f); at++)
        f->bytes[at] = read_weak(f, f->bytes[at], f->weak_bits[at]);
}

/* --- images --- */

void tk_sim_flash_save(const struct tk_sim_flash *f, struct tk_sim_image *image)
{
    size_t size = memory(f);

    if (image->bytes == NULL) {
        image->bytes = tk_sim_alloc(size);
        image->programmed = tk_sim_alloc(size / f->flash.unit);
        image->weak_bits = tk_sim_alloc(size);
        memset(image->weak_bits, 0, size);
        image->synced = f->synced == NULL ? NULL : tk_sim_alloc(size);
        image->synced_programmed = f->synced == NULL ? NULL : tk_sim_alloc(size / f->flash.unit);
    }
    if (f->synced != NULL) {
        memcpy(image->synced, f->synced, size);
        memcpy(image->synced_programmed, f->synced_programmed, size / f->flash.unit);
    }
    memcpy(image->bytes, f->bytes, size);
    memcpy(image->programmed, f->programmed, size / f->flash.unit);
    if (f->has_weak_bits || image->has_weak_bits)
        memcpy(image->weak_bits, f->weak_bits, size);
    image->has_weak_bits = f->has_weak_bits;
}

void tk_sim_flash_restore(struct tk_sim_flash *f, const struct tk_sim_image *image)
{
    size_t size = memory(f);

    memcpy(f->bytes, image->bytes, size);
    memcpy(f->programmed, image->programmed, size / f->flash.unit);
    if (f->has_weak_bits || image->has_weak_bits)
        memcpy(f->weak_bits, image->weak_bits, size);
    if (f->synced != NULL) {
        memcpy(f->synced, image->synced, size);
        memcpy(f->synced_programmed, image->synced_programmed, size / f->flash.unit);
    }
    f->has_weak_bits = image->has_weak_bits;
    f->erasing = NO_ERASE;
    f->off = false;
    f->cut_at = 0;
}

void tk_sim_image_free(struct tk_sim_image *image)
{
    free(image->bytes);
    free(image->programmed);
    free(image->weak_bits);
    free(image->synced);
    free(image->synced_programmed);
    *image = (struct tk_sim_image){.has_weak_bits = false};
}
