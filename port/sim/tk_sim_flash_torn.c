/* SPDX-License-Identifier: Apache-2.0 */

/* What a program or an erase leaves that did not end. */

#include "tk_sim_flash_private.h"

#include <string.h>

/* Whether a torn unit is noise as a whole. */
static bool is_noisy(const struct tk_sim_flash *f)
{
    return f->part != TK_SIM_NOR && f->part != TK_SIM_ECC;
}

/* --- weak cells --- */

static void leave_weak(struct tk_sim_flash *f, uint32_t at, uint8_t bits)
{
    if (f->weak == TK_SIM_WEAK_NEVER)
        return;
    f->weak_bits[at] |= bits;
    f->has_weak_bits = f->has_weak_bits || bits != 0;
}

uint8_t tk_sim_flash_read_weak(struct tk_sim_flash *f, uint8_t byte, uint8_t bits)
{
    return bits == 0 ? byte : (uint8_t)((byte & ~bits) | (tk_sim_flash_random_byte(f) & bits));
}

static void leave_error(struct tk_sim_flash *f, uint32_t at, bool error)
{
    static const uint8_t decided[] = {0, ECC_BY_RESTART, ECC_BY_READ};
    uint8_t bits = f->weak == TK_SIM_WEAK_NEVER ? 0 : decided[f->weak];

    if (error || bits != 0)
        f->ecc[at / f->flash.unit] = (uint8_t)((error ? ECC_ERROR : 0) | bits);
    f->has_weak_bits = f->has_weak_bits || error || bits != 0;
}

/* --- program --- */

static void tear_ecc_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    unsigned looks = tk_sim_flash_random_byte(f) % 8; /* 0: erased; 1: new; 2: wrong */

    for (uint32_t i = 0; i < f->flash.unit; i++) {
        uint8_t old = f->bytes[offset + i];

        leave_weak(f, offset + i, old & (uint8_t)~data[i]);
        if (looks == 1)
            f->bytes[offset + i] = data[i];
        else if (looks != 0)
            f->bytes[offset + i] = old & (data[i] | tk_sim_flash_random_byte(f));
    }
    leave_error(f, offset, looks > 2);
}

void tk_sim_flash_tear_unit(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data)
{
    f->programmed[offset / f->flash.unit] = TORN;
    if (f->part == TK_SIM_ECC) {
        tear_ecc_unit(f, offset, data);
        return;
    }
    for (uint32_t i = 0; i < f->flash.unit; i++) {
        uint8_t old = f->bytes[offset + i], random;

        leave_weak(f, offset + i, is_noisy(f) ? 0xff : old & (uint8_t)~data[i]);
        random = tk_sim_flash_random_byte(f);
        f->bytes[offset + i] = is_noisy(f) ? random : old & (data[i] | random);
    }
}

static void scatter_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                            uint32_t units)
{
    uint32_t unit = f->flash.unit;
    uint32_t half = (uint32_t)(tk_sim_flash_random(f) % units);

    for (uint32_t i = 0; i < units; i++) {
        if (i == half)
            tk_sim_flash_tear_unit(f, offset + i * unit, data + i * unit);
        else if (tk_sim_flash_random_byte(f) & 1)
            tk_sim_flash_program_units(f, offset + i * unit, data + i * unit, 1);
    }
}

static bool stops_within_a_unit(const struct tk_sim_flash *f)
{
    return f->torn_program == TK_SIM_PROGRAM_HALF_UNIT || f->part != TK_SIM_NOR ||
           (f->torn_program == TK_SIM_PROGRAM_ALL_BUT_ONE_UNIT && f->weak != TK_SIM_WEAK_NEVER);
}

void tk_sim_flash_tear_program(struct tk_sim_flash *f, uint32_t offset, const uint8_t *data,
                               uint32_t units)
{
    uint32_t unit = f->flash.unit;
    uint32_t some = (uint32_t)(tk_sim_flash_random(f) % units);

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
    tk_sim_flash_program_units(f, offset, data, some);
    if (some < units && stops_within_a_unit(f))
        tk_sim_flash_tear_unit(f, offset + some * unit, data + some * unit);
}

/* --- erase --- */

static void make_noise(struct tk_sim_flash *f, uint32_t at, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++) {
        f->bytes[at + i] = tk_sim_flash_random_byte(f);
        leave_weak(f, at + i, 0xff);
    }
}

/* Erased up to some unit; the next one is noise unless single bits can be. */
static void erase_part(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t len = (uint32_t)(tk_sim_flash_random(f) % f->flash.sector_size);

    if (is_noisy(f))
        len = len / f->flash.unit * f->flash.unit;
    tk_sim_flash_blank(f, offset, len);
    if (is_noisy(f))
        make_noise(f, offset + len, f->flash.unit);
}

static void erase_noisily(struct tk_sim_flash *f, uint32_t offset)
{
    for (uint32_t at = offset; at < offset + f->flash.sector_size; at++) {
        uint8_t old = f->bytes[at];

        leave_weak(f, at, (uint8_t)~old);
        f->bytes[at] = tk_sim_flash_random_byte(f) | old;
    }
}

static void damage_units(struct tk_sim_flash *f, uint32_t offset)
{
    memset(f->ecc + offset / f->flash.unit, 0, f->flash.sector_size / f->flash.unit);
    for (uint32_t at = offset; at < offset + f->flash.sector_size; at += f->flash.unit)
        leave_error(f, at, (tk_sim_flash_random_byte(f) & 1) != 0);
}

static void erase_some(struct tk_sim_flash *f, uint32_t offset)
{
    if (f->torn_erase == TK_SIM_ERASE_PART || f->part == TK_SIM_EEPROM)
        erase_part(f, offset);
    else if (f->torn_erase == TK_SIM_ERASE_NOISE || is_noisy(f))
        make_noise(f, offset, f->flash.sector_size);
    else
        erase_noisily(f, offset);
    if (f->part == TK_SIM_ECC)
        damage_units(f, offset);
}

/* The sector is undefined: it must be erased before it is programmed. */
void tk_sim_flash_tear_erase(struct tk_sim_flash *f, uint32_t offset)
{
    uint32_t size = f->flash.sector_size;

    if (f->torn_erase == TK_SIM_ERASE_ALL) {
        tk_sim_flash_blank(f, offset, size);
        memset(f->ecc + offset / f->flash.unit, 0, size / f->flash.unit);
    } else if (f->torn_erase != TK_SIM_ERASE_NOTHING) {
        erase_some(f, offset);
    }
    memset(f->programmed + offset / f->flash.unit, PROGRAMMED, size / f->flash.unit);
    f->erasing = NO_ERASE;
}
