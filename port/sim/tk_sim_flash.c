/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_flash.h"

#include "tk_sim_private.h"

#include <stdlib.h>
#include <string.h>

#define NO_ERASE UINT32_MAX

enum { PROGRAMMED = 1, CUT = 2 }; /* of each unit; 0: erased */

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

static void object(struct tk_sim_flash *f, bool broken, const char *violation)
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

/* --- cells that are neither --- */

static void leave_undecided(struct tk_sim_flash *f, uint32_t at, uint8_t bits)
{
    if (f->weak == TK_SIM_WEAK_NEVER)
        return;
    f->undecided[at] |= bits;
    f->doubtful = f->doubtful || bits != 0;
}

static uint8_t decide_anew(struct tk_sim_flash *f, uint8_t byte, uint8_t bits)
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
    if (f->doubtful)
        memset(f->undecided + offset, 0, (size_t)units * unit);
}

/* The unit in which it stopped: some of its bits programmed, or on an EEPROM anything. */
static void half_program_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    for (uint32_t i = 0; i < f->flash.unit; i++) {
        uint8_t old = f->bytes[offset + i];

        leave_undecided(f, offset + i, f->eeprom ? 0xff : old & (uint8_t)~data[i]);
        f->bytes[offset + i] = f->eeprom ? random_byte(f) : old & (data[i] | random_byte(f));
    }
    f->programmed[offset / f->flash.unit] = CUT;
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

/* A unit in which the power went and that reads as erased: nobody can know. All bits of the program
 * that was cut must be in the new one. */
static bool is_begun_anew(const struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    bool anew = f->programmed[offset / f->flash.unit] == CUT;

    for (uint32_t i = 0; i < f->flash.unit && anew; i++)
        anew = f->bytes[offset + i] == 0xff &&
               (f->eeprom || (f->undecided[offset + i] & data[i]) == 0);
    return anew;
}

static bool is_programmed_twice(const struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                                size_t len)
{
    uint32_t unit = f->flash.unit, units = (uint32_t)len / unit;
    const uint8_t *before = f->programmed + offset / unit;
    bool twice = memchr(before, PROGRAMMED, units) != NULL;

    if (memchr(before, CUT, units) == NULL) /* as mostly */
        return twice;
    for (uint32_t i = 0; i < units; i++) {
        if (before[i] == CUT && !is_begun_anew(f, offset + i * unit, data + i * unit))
            return true;
    }
    return twice;
}

static void check_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data, size_t len)
{
    uint32_t unit = f->flash.unit;
    uint32_t sector_size = f->flash.sector_size;

    object(f, is_programmed_twice(f, offset, data, len), "a unit is programmed twice");
    object(f, offset % unit != 0 || len % unit != 0, "a program is not of whole units");
    object(f, offset % sector_size + len > sector_size, "a program crosses sectors");
    object(f, f->erasing != NO_ERASE, "a program while an erase is not done");
}

/* Counts an operation. Whether it is one that must not end well. */
static bool begins_badly(struct tk_sim_flash *f)
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

    object(f, !inside(f, offset, len), "a program outside of the memory");
    if (f->off || !inside(f, offset, len))
        return TK_FLASH_ERR;
    check_program(f, offset, data, len);
    if (len % unit != 0 || offset % unit != 0 || len == 0)
        return len == 0 ? TK_FLASH_OK : TK_FLASH_ERR;
    if (begins_badly(f)) {
        tear_program(f, offset, data, (uint32_t)len / unit);
        return TK_FLASH_ERR;
    }
    program_units(f, offset, data, (uint32_t)len / unit);
    f->programs++;
    f->program_bytes += len;
    return TK_FLASH_OK;
}

/* --- erase --- */

/* 0xFF up to some unit, which on an EEPROM is noise. */
static void erase_part(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t len = (uint32_t)(random_number(f) % f->flash.sector_size);

    if (f->eeprom)
        len = len / f->flash.unit * f->flash.unit;
    memset(f->bytes + offset, 0xff, len);
    for (uint32_t i = 0; f->eeprom && i < f->flash.unit; i++) {
        f->bytes[offset + len + i] = random_byte(f);
        leave_undecided(f, offset + len + i, 0xff);
    }
}

static void erase_noisily(struct tk_sim_flash *f, uint32_t offset, bool all)
{
    for (uint32_t at = offset; at < offset + f->flash.sector_size; at++) {
        uint8_t old = f->bytes[at];

        leave_undecided(f, at, all ? 0xff : (uint8_t)~old);
        f->bytes[at] = random_byte(f) | (all ? 0 : old);
    }
}

/* The sector is undefined then: nothing may be programmed there before the next erase. */
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
    if (f->doubtful)
        memset(f->undecided + offset, 0, size);
    f->wear[offset / size]++;
    f->erases++;
    f->erasing = NO_ERASE;
    return TK_FLASH_OK;
}

static int flash_erase(void *ctx, uint32_t offset)
{
    struct tk_sim_flash *f = ctx;
    bool sector = offset % f->flash.sector_size == 0 && inside(f, offset, f->flash.sector_size);

    object(f, !sector, "an erase of something that is no sector");
    if (f->off || !sector)
        return TK_FLASH_ERR;
    object(f, f->erasing != NO_ERASE && f->erasing != offset, "an erase while another is not done");
    if (f->erasing != offset) {
        f->erasing = offset;
        f->said = 0;
    }
    if (begins_badly(f)) {
        tear_erase(f, offset);
        return TK_FLASH_ERR;
    }
    return f->said++ < f->erase_again ? TK_FLASH_AGAIN : finish_erase(f, offset);
}

/* --- read --- */

static int read_carefully(struct tk_sim_flash *f, uint32_t offset, uint8_t *bytes, size_t len)
{
    bool within = inside(f, offset, len);

    object(f, !within, "a read outside of the memory");
    object(f, f->erasing != NO_ERASE && !f->off, "a read while an erase is not done");
    if (f->off || !within || f->reads == f->fail_read_at)
        return TK_FLASH_ERR;
    memcpy(bytes, f->bytes + offset, len);
    for (size_t i = 0; f->weak == TK_SIM_WEAK_READ && i < len; i++)
        bytes[i] = decide_anew(f, bytes[i], f->undecided[offset + i]);
    return TK_FLASH_OK;
}

static int flash_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct tk_sim_flash *f = ctx;

    f->reads++;
    f->read_bytes += len;
    if (!inside(f, offset, len) || f->erasing != NO_ERASE || f->off || f->doubtful ||
        f->reads == f->fail_read_at)
        return read_carefully(f, offset, buf, len);
    memcpy(buf, f->bytes + offset, len);
    return TK_FLASH_OK;
}

/* --- a cache in front of it --- */

static void make_durable(struct tk_sim_flash *f)
{
    memcpy(f->durable, f->bytes, memory(f));
    memcpy(f->durably, f->programmed, memory(f) / f->flash.unit);
}

static int flash_sync(void *ctx)
{
    struct tk_sim_flash *f = ctx;

    if (f->off || begins_badly(f))
        return TK_FLASH_ERR;
    make_durable(f);
    return TK_FLASH_OK;
}

void tk_sim_flash_cache(struct tk_sim_flash *f)
{
    f->durable = tk_sim_alloc(memory(f));
    f->durably = tk_sim_alloc(memory(f) / f->flash.unit);
    f->flash.sync = flash_sync;
    make_durable(f);
}

/* All of the cache's lines are lost, or any. */
static void lose_cache(struct tk_sim_flash *f)
{
    bool all = (random_byte(f) & 3) == 0;
    uint32_t unit = f->flash.unit;

    for (size_t at = 0, len; at < memory(f); at += len) {
        len = memory(f) - at < TK_SIM_CACHE_LINE ? memory(f) - at : TK_SIM_CACHE_LINE;
        if (!all && (random_byte(f) & 1))
            continue;
        memcpy(f->bytes + at, f->durable + at, len);
        memcpy(f->programmed + at / unit, f->durably + at / unit, len / unit);
    }
    make_durable(f);
}

/* --- */

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
                               .undecided = tk_sim_alloc(size),
                               .wear = tk_sim_alloc(sectors * sizeof *f->wear),
                               .erasing = NO_ERASE,
                               .random = 1};
    memset(f->bytes, 0xff, size);
    memset(f->programmed, 0, size / unit);
    memset(f->undecided, 0, size);
    memset(f->wear, 0, sectors * sizeof *f->wear);
}

void tk_sim_flash_free(struct tk_sim_flash *f)
{
    free(f->bytes);
    free(f->programmed);
    free(f->undecided);
    free(f->wear);
    free(f->durable);
    free(f->durably);
    f->bytes = f->programmed = f->undecided = f->durable = f->durably = NULL;
    f->wear = NULL;
}

void tk_sim_flash_power_on(struct tk_sim_flash *f)
{
    bool lost = f->off && f->durable != NULL;

    f->off = false;
    f->cut_at = 0;
    if (f->erasing != NO_ERASE)
        tear_erase(f, f->erasing);
    if (lost)
        lose_cache(f);
    for (size_t at = 0; f->doubtful && at < memory(f); at++)
        f->bytes[at] = decide_anew(f, f->bytes[at], f->undecided[at]);
}

/* --- images --- */

void tk_sim_flash_save(const struct tk_sim_flash *f, struct tk_sim_image *image)
{
    size_t size = memory(f);

    if (image->bytes == NULL) {
        image->bytes = tk_sim_alloc(size);
        image->programmed = tk_sim_alloc(size / f->flash.unit);
        image->undecided = tk_sim_alloc(size);
        memset(image->undecided, 0, size);
        image->durable = f->durable == NULL ? NULL : tk_sim_alloc(size);
        image->durably = f->durable == NULL ? NULL : tk_sim_alloc(size / f->flash.unit);
    }
    if (f->durable != NULL) {
        memcpy(image->durable, f->durable, size);
        memcpy(image->durably, f->durably, size / f->flash.unit);
    }
    memcpy(image->bytes, f->bytes, size);
    memcpy(image->programmed, f->programmed, size / f->flash.unit);
    if (f->doubtful || image->doubtful)
        memcpy(image->undecided, f->undecided, size);
    image->doubtful = f->doubtful;
}

void tk_sim_flash_restore(struct tk_sim_flash *f, const struct tk_sim_image *image)
{
    size_t size = memory(f);

    memcpy(f->bytes, image->bytes, size);
    memcpy(f->programmed, image->programmed, size / f->flash.unit);
    if (f->doubtful || image->doubtful)
        memcpy(f->undecided, image->undecided, size);
    if (f->durable != NULL) {
        memcpy(f->durable, image->durable, size);
        memcpy(f->durably, image->durably, size / f->flash.unit);
    }
    f->doubtful = image->doubtful;
    f->erasing = NO_ERASE;
    f->off = false;
    f->cut_at = 0;
}

void tk_sim_image_free(struct tk_sim_image *image)
{
    free(image->bytes);
    free(image->programmed);
    free(image->undecided);
    free(image->durable);
    free(image->durably);
    *image = (struct tk_sim_image){.doubtful = false};
}
