/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_sim_flash_private.h"
#include "tk_sim_private.h"

#include <stdlib.h>
#include <string.h>

uint64_t tk_sim_flash_random(struct tk_sim_flash *f)
{
    f->random ^= f->random << 13;
    f->random ^= f->random >> 7;
    f->random ^= f->random << 17;
    return f->random;
}

uint8_t tk_sim_flash_random_byte(struct tk_sim_flash *f)
{
    return (uint8_t)(tk_sim_flash_random(f) >> 32);
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

/* --- program --- */

void tk_sim_flash_program_units(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                                uint32_t units)
{
    uint32_t unit = f->flash.unit;
    bool bits = f->part == TK_SIM_NOR || f->part == TK_SIM_ECC;

    for (uint32_t i = 0; i < units * unit; i++)
        f->bytes[offset + i] = data[i] & (bits ? f->bytes[offset + i] : 0xff);
    memset(f->programmed + offset / unit, PROGRAMMED, units);
    if (f->has_weak_bits)
        memset(f->weak_bits + offset, 0, (size_t)units * unit);
}

static uint8_t blank_byte(const struct tk_sim_flash *f, uint32_t at)
{
    uint32_t noise = (at + 1) * 2654435761u;

    return f->part == TK_SIM_ENCRYPTED_RAW ? (uint8_t)(noise >> 24 ^ noise >> 11) : 0xff;
}

void tk_sim_flash_blank(const struct tk_sim_flash *f, uint32_t at, uint32_t len)
{
    memset(f->bytes + at, 0xff, len);
    for (uint32_t i = 0; i < len && f->part == TK_SIM_ENCRYPTED_RAW; i++)
        f->bytes[at + i] = blank_byte(f, at + i);
}

/* Whether a torn unit may be programmed again: it reads as erased, and the new data clears every
 * bit that the torn program cleared. With ECC such a program fails. */
static bool may_repeat(const struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    uint32_t at = offset / f->flash.unit;
    bool any = f->part == TK_SIM_EEPROM || f->part == TK_SIM_ECC; /* any data */
    bool may = f->programmed[at] == TORN && f->ecc[at] != ECC_ERROR;

    for (uint32_t i = 0; i < f->flash.unit && may; i++)
        may = f->bytes[offset + i] == blank_byte(f, offset + i) &&
              (any || (f->weak_bits[offset + i] & data[i]) == 0);
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

static bool fails_worn(struct tk_sim_flash *f, uint32_t offset, uint8_t what)
{
    uint32_t sector = offset / f->flash.sector_size;
    bool ends = f->worn_until != 0 && f->operations > f->worn_until;
    bool fails = (f->worn[sector] & what) != 0 && !ends;

    if (what == TK_SIM_NO_ERASE && f->endurance != 0)
        fails = fails || f->wear[sector] >= f->endurance;
    f->worn_failures += fails;
    return fails;
}

/* The ECC of a torn unit that reads as erased is not: the program stops there. */
static bool stops_at_torn_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                               uint32_t units)
{
    const uint8_t *before = f->programmed + offset / f->flash.unit;
    const uint8_t *torn = f->part == TK_SIM_ECC ? memchr(before, TORN, units) : NULL;
    uint32_t done = torn == NULL ? 0 : (uint32_t)(torn - before);

    if (torn == NULL)
        return false;
    tk_sim_flash_program_units(f, offset, data, done);
    tk_sim_flash_tear_unit(f, offset + done * f->flash.unit, data + done * f->flash.unit);
    return true;
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
    if (next_fails(f) || fails_worn(f, offset, TK_SIM_NO_PROGRAM)) {
        tk_sim_flash_tear_program(f, offset, data, (uint32_t)len / unit);
        return TK_FLASH_ERR;
    }
    if (stops_at_torn_unit(f, offset, data, (uint32_t)len / unit))
        return TK_FLASH_ERR;
    tk_sim_flash_program_units(f, offset, data, (uint32_t)len / unit);
    f->programs++;
    f->program_bytes += len;
    return TK_FLASH_OK;
}

/* --- erase --- */

static int finish_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;

    if (fails_worn(f, offset, TK_SIM_NO_ERASE)) {
        tk_sim_flash_tear_erase(f, offset);
        return TK_FLASH_ERR;
    }
    tk_sim_flash_blank(f, offset, size);
    memset(f->programmed + offset / f->flash.unit, 0, size / f->flash.unit);
    if (f->has_weak_bits) {
        memset(f->weak_bits + offset, 0, size);
        memset(f->ecc + offset / f->flash.unit, 0, size / f->flash.unit);
    }
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
        tk_sim_flash_tear_erase(f, offset);
        return TK_FLASH_ERR;
    }
    return f->agains++ < f->erase_again ? TK_FLASH_AGAIN : finish_erase(f, offset);
}

/* --- read --- */

static bool is_unreadable(struct tk_sim_flash *f, uint32_t offset, size_t len)
{
    uint32_t unit = f->flash.unit;
    bool error = f->reads == f->fail_read_at ||
                 (f->reads > f->fail_read_at && f->reads <= f->fail_read_until) ||
                 (offset < f->unreadable_at + f->unreadable_len && offset + len > f->unreadable_at);

    for (uint64_t at = offset / unit; f->has_weak_bits && at * unit < offset + len; at++)
        error = error || ((f->ecc[at] & ECC_BY_READ) != 0 ? (tk_sim_flash_random_byte(f) & 1) != 0
                                                          : f->ecc[at] & ECC_ERROR);
    return error;
}

static int read_carefully(struct tk_sim_flash *f, uint32_t offset, uint8_t *bytes, size_t len)
{
    bool within = inside(f, offset, len);

    note_violation_if(f, !within, "a read outside the memory");
    note_violation_if(f, f->erasing != NO_ERASE && !f->off, "a read during an erase");
    if (f->off || !within)
        return TK_FLASH_ERR;
    bool error = is_unreadable(f, offset, len);

    memcpy(bytes, f->bytes + offset, len);
    for (size_t i = 0; i < len; i++) {
        if (error)
            bytes[i] = tk_sim_flash_random_byte(f);
        else if (f->weak == TK_SIM_WEAK_READ)
            bytes[i] = tk_sim_flash_read_weak(f, bytes[i], f->weak_bits[offset + i]);
    }
    if (f->reads == f->misread_at && len > 0)
        bytes[tk_sim_flash_random(f) % len] ^= (uint8_t)(1 << tk_sim_flash_random_byte(f) % 8);
    return error ? TK_FLASH_ERR : TK_FLASH_OK;
}

/* Whether nothing is planned for this read, and nothing marked. */
static bool is_plain(const struct tk_sim_flash *f)
{
    return f->erasing == NO_ERASE && !f->off && !f->has_weak_bits && f->unreadable_len == 0 &&
           f->reads != f->fail_read_at && f->reads > f->fail_read_until &&
           f->reads != f->misread_at;
}

static int flash_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct tk_sim_flash *f = ctx;

    f->reads++;
    f->read_bytes += len;
    if (!inside(f, offset, len) || !is_plain(f))
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
    bool all = (tk_sim_flash_random_byte(f) & 3) == 0;
    uint32_t unit = f->flash.unit;

    for (size_t at = 0, len; at < memory(f); at += len) {
        len = memory(f) - at < TK_SIM_CACHE_LINE ? memory(f) - at : TK_SIM_CACHE_LINE;
        if (!all && (tk_sim_flash_random_byte(f) & 1))
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
                               .ecc = tk_sim_alloc(size / unit),
                               .weak_bits = tk_sim_alloc(size),
                               .worn = tk_sim_alloc(sectors),
                               .wear = tk_sim_alloc(sectors * sizeof *f->wear),
                               .erasing = NO_ERASE,
                               .random = 1};
    memset(f->bytes, 0xff, size);
    memset(f->programmed, 0, size / unit);
    memset(f->ecc, 0, size / unit);
    memset(f->weak_bits, 0, size);
    memset(f->worn, 0, sectors);
    memset(f->wear, 0, sectors * sizeof *f->wear);
}

void tk_sim_flash_set_part(struct tk_sim_flash *f, enum tk_sim_part part)
{
    f->part = part;
    tk_sim_flash_blank(f, 0, (uint32_t)memory(f));
}

void tk_sim_flash_weaken(struct tk_sim_flash *f, uint32_t at, uint8_t bits)
{
    f->weak = TK_SIM_WEAK_READ;
    f->weak_bits[at] |= bits;
    f->has_weak_bits = true;
}

void tk_sim_flash_damage(struct tk_sim_flash *f, uint32_t at, bool always)
{
    f->ecc[at / f->flash.unit] = always ? ECC_ERROR : ECC_BY_READ;
    f->has_weak_bits = true;
}

void tk_sim_flash_heal(struct tk_sim_flash *f)
{
    f->fail_at = f->fail_until = f->fail_read_at = f->fail_read_until = f->misread_at = 0;
    f->cut_at = f->worn_until = 0;
    f->unreadable_at = f->unreadable_len = f->endurance = f->erase_again = 0;
    f->weak = TK_SIM_WEAK_NEVER;
    memset(f->worn, 0, f->flash.sectors);
}

void tk_sim_flash_free(struct tk_sim_flash *f)
{
    free(f->bytes);
    free(f->programmed);
    free(f->ecc);
    free(f->weak_bits);
    free(f->worn);
    free(f->wear);
    free(f->synced);
    free(f->synced_programmed);
    f->bytes = f->programmed = f->ecc = f->weak_bits = f->worn = NULL;
    f->synced = f->synced_programmed = NULL;
    f->wear = NULL;
}

void tk_sim_flash_power_on(struct tk_sim_flash *f)
{
    bool lost = f->off && f->synced != NULL;

    f->off = false;
    f->cut_at = 0;
    if (f->erasing != NO_ERASE)
        tk_sim_flash_tear_erase(f, f->erasing);
    if (lost)
        lose_cache(f);
    for (size_t at = 0; f->has_weak_bits && at < memory(f); at++)
        f->bytes[at] = tk_sim_flash_read_weak(f, f->bytes[at], f->weak_bits[at]);
    for (size_t at = 0; f->has_weak_bits && at < memory(f) / f->flash.unit; at++) {
        if (f->ecc[at] & ECC_BY_RESTART)
            f->ecc[at] = ECC_BY_RESTART | (tk_sim_flash_random_byte(f) & ECC_ERROR);
    }
}

/* --- images --- */

void tk_sim_flash_save(const struct tk_sim_flash *f, struct tk_sim_image *image)
{
    size_t size = memory(f);

    if (image->bytes == NULL) {
        image->bytes = tk_sim_alloc(size);
        image->programmed = tk_sim_alloc(size / f->flash.unit);
        image->ecc = tk_sim_alloc(size / f->flash.unit);
        image->weak_bits = tk_sim_alloc(size);
        memset(image->ecc, 0, size / f->flash.unit);
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
    if (f->has_weak_bits || image->has_weak_bits) {
        memcpy(image->weak_bits, f->weak_bits, size);
        memcpy(image->ecc, f->ecc, size / f->flash.unit);
    }
    image->has_weak_bits = f->has_weak_bits;
}

void tk_sim_flash_restore(struct tk_sim_flash *f, const struct tk_sim_image *image)
{
    size_t size = memory(f);

    memcpy(f->bytes, image->bytes, size);
    memcpy(f->programmed, image->programmed, size / f->flash.unit);
    if (f->has_weak_bits || image->has_weak_bits) {
        memcpy(f->weak_bits, image->weak_bits, size);
        memcpy(f->ecc, image->ecc, size / f->flash.unit);
    }
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
    free(image->ecc);
    free(image->weak_bits);
    free(image->synced);
    free(image->synced_programmed);
    *image = (struct tk_sim_image){.has_weak_bits = false};
}
