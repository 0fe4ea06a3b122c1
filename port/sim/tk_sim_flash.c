/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_flash.h"

#include "tk_sim_private.h"

#include <stdlib.h>
#include <string.h>

#define NO_ERASE UINT32_MAX

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

static bool inside(const struct tk_sim_flash *f, uint32_t offset, size_t len)
{
    uint64_t size = (uint64_t)f->flash.sector_size * f->flash.sectors;

    return offset <= size && len <= size - offset;
}

/* --- program --- */

/* Clears the bits that data has not, of those that mask has. */
static void program_units(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                          uint32_t units, bool half)
{
    uint32_t unit = f->flash.unit;

    for (uint32_t i = 0; i < units * unit; i++)
        f->bytes[offset + i] &= (uint8_t)(data[i] | (half ? random_byte(f) : 0));
    memset(f->programmed + offset / unit, 1, units);
}

static void tear_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                         uint32_t units)
{
    uint32_t unit = f->flash.unit;
    uint32_t some = (uint32_t)(random_number(f) % units);

    if (f->torn_program == TK_SIM_PROGRAM_BUT_ONE_UNIT)
        some = units - 1;
    if (f->torn_program != TK_SIM_PROGRAM_NOTHING)
        program_units(f, offset, data, some, false);
    if (f->torn_program == TK_SIM_PROGRAM_HALF_UNIT)
        program_units(f, offset + some * unit, data + some * unit, 1, true);
}

static void check_program(struct tk_sim_flash *f, uint32_t offset, size_t len)
{
    uint32_t unit = f->flash.unit;
    uint32_t sector_size = f->flash.sector_size;
    bool again = false;

    for (size_t i = 0; i < len / unit; i++)
        again = again || f->programmed[offset / unit + i];
    object(f, again, "a unit is programmed twice");
    object(f, offset % unit != 0 || len % unit != 0, "a program is not of whole units");
    object(f, offset % sector_size + len > sector_size, "a program crosses sectors");
    object(f, f->erasing != NO_ERASE, "a program while an erase is not done");
}

/* Counts an operation. Whether it is one that must not end well. */
static bool begins_badly(struct tk_sim_flash *f)
{
    f->operations++;
    f->off = f->operations == f->cut_at;
    return f->off || f->operations == f->fail_at;
}

static int flash_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct tk_sim_flash *f = ctx;
    uint32_t unit = f->flash.unit;

    object(f, !inside(f, offset, len), "a program outside of the memory");
    if (f->off || !inside(f, offset, len))
        return TK_FLASH_ERR;
    check_program(f, offset, len);
    if (len % unit != 0 || offset % unit != 0 || len == 0)
        return len == 0 ? TK_FLASH_OK : TK_FLASH_ERR;
    if (begins_badly(f)) {
        tear_program(f, offset, data, (uint32_t)len / unit);
        return TK_FLASH_ERR;
    }
    program_units(f, offset, data, (uint32_t)len / unit, false);
    f->programs++;
    f->program_bytes += len;
    return TK_FLASH_OK;
}

/* --- erase --- */

static uint8_t torn_byte(struct tk_sim_flash *f, uint8_t old)
{
    uint8_t noise = random_byte(f);

    return f->torn_erase == TK_SIM_ERASE_NOISE ? noise : old | noise;
}

/* The sector is undefined then: nothing may be programmed there before the next erase. */
static void tear_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;
    uint8_t *sector = f->bytes + offset;

    if (f->torn_erase == TK_SIM_ERASE_PART) {
        memset(sector, 0xff, (size_t)(random_number(f) % size));
    } else {
        for (uint32_t i = 0; i < size; i++)
            sector[i] = torn_byte(f, sector[i]);
    }
    memset(f->programmed + offset / f->flash.unit, 1, size / f->flash.unit);
    f->erasing = NO_ERASE;
}

static int finish_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;

    memset(f->bytes + offset, 0xff, size);
    memset(f->programmed + offset / f->flash.unit, 0, size / f->flash.unit);
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
    object(f, f->erasing != NO_ERASE && f->erasing != offset, "an erase while another is not done");
    if (f->off || !sector)
        return TK_FLASH_ERR;
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

static int flash_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct tk_sim_flash *f = ctx;

    object(f, !inside(f, offset, len), "a read outside of the memory");
    object(f, f->erasing != NO_ERASE, "a read while an erase is not done");
    if (f->off || !inside(f, offset, len))
        return TK_FLASH_ERR;
    f->reads++;
    f->read_bytes += len;
    if (f->reads == f->fail_read_at)
        return TK_FLASH_ERR;
    memcpy(buf, f->bytes + offset, len);
    return TK_FLASH_OK;
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
                               .wear = tk_sim_alloc(sectors * sizeof *f->wear),
                               .erasing = NO_ERASE,
                               .random = 1};
    memset(f->bytes, 0xff, size);
    memset(f->programmed, 0, size / unit);
    memset(f->wear, 0, sectors * sizeof *f->wear);
}

void tk_sim_flash_free(struct tk_sim_flash *f)
{
    free(f->bytes);
    free(f->programmed);
    free(f->wear);
    f->bytes = f->programmed = NULL;
    f->wear = NULL;
}

void tk_sim_flash_power_on(struct tk_sim_flash *f)
{
    f->off = false;
    f->cut_at = 0;
    if (f->erasing != NO_ERASE)
        tear_erase(f, f->erasing);
}
