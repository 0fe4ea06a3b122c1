/* SPDX-License-Identifier: Apache-2.0 */

/* Flash drivers that break the contract. No store can work on them; that the proof finds each of
 * them shows that it can fail. */

#include "proof.h"

#include <string.h>

static int real_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;

    return d->sim.flash.read(&d->sim, offset, buf, len);
}

static int real_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    return d->sim.flash.program(&d->sim, offset, data, len);
}

static int real_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;

    return d->sim.flash.erase(&d->sim, offset);
}

static void pass_through(struct device *d)
{
    d->shim.ctx = d;
    d->shim.read = real_read;
    d->shim.program = real_program;
    d->shim.erase = real_erase;
}

/* --- success is returned one call too early --- */

static int finish(struct device *d)
{
    struct shim_state *held = &d->shim_state;
    int ret = held->len == 0 ? TK_FLASH_OK : real_program(d, held->at, held->bytes, held->len);

    held->len = 0;
    return ret;
}

static void hold(struct device *d, uint32_t offset, const void *data, size_t len)
{
    d->shim_state.at = offset;
    d->shim_state.len = (uint32_t)len;
    memcpy(d->shim_state.bytes, data, len);
}

static int late_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;
    int ret = finish(d);

    if (ret != TK_FLASH_OK || len > sizeof d->shim_state.bytes)
        return TK_FLASH_ERR;
    hold(d, offset, data, len);
    return TK_FLASH_OK;
}

/* Swaps two consecutive programs. */
static int reordered_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    if (d->shim_state.len == 0 && len <= sizeof d->shim_state.bytes) {
        hold(d, offset, data, len);
        return TK_FLASH_OK;
    }
    int ret = real_program(d, offset, data, len);

    return ret == TK_FLASH_OK ? finish(d) : ret;
}

static int late_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    int ret = finish(d);

    return ret == TK_FLASH_OK ? real_erase(d, offset) : ret;
}

/* Shows the program that is held back as done. */
static int late_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;
    struct shim_state *held = &d->shim_state;
    uint8_t *bytes = buf;
    int ret = real_read(d, offset, buf, len);

    for (size_t i = 0; ret == TK_FLASH_OK && i < len; i++) {
        if (offset + i >= held->at && offset + i < held->at + held->len)
            bytes[i] = held->bytes[offset + i - held->at];
    }
    return ret;
}

static void complete_late(struct device *d)
{
    pass_through(d);
    d->shim.read = late_read;
    d->shim.program = late_program;
    d->shim.erase = late_erase;
}

static void reorder(struct device *d)
{
    complete_late(d);
    d->shim.program = reordered_program;
}

/* --- calls that do something else --- */

static int lossy_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    return ++d->shim_state.calls % 23 == 0 ? TK_FLASH_OK : real_program(d, offset, data, len);
}

static void drop_programs(struct device *d)
{
    pass_through(d);
    d->shim.program = lossy_program;
}

/* Also erases the end of the sector before. */
static int wide_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    uint32_t size = d->shape.sector_size, sectors = d->shape.sectors;
    uint32_t front = offset == 0 ? (sectors - 1) * size : offset - size;

    memset(d->sim.bytes + front + size / 4, 0xff, size * 3 / 4);
    return real_erase(d, offset);
}

static void erase_too_much(struct device *d)
{
    pass_through(d);
    d->shim.erase = wide_erase;
}

static int half_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    static uint8_t kept[65536];
    uint32_t half = d->shape.sector_size / 2;

    memcpy(kept, d->sim.bytes + offset + half, half);
    int ret = real_erase(d, offset);

    if (ret == TK_FLASH_OK)
        memcpy(d->sim.bytes + offset + half, kept, half);
    return ret;
}

static void erase_half(struct device *d)
{
    pass_through(d);
    d->shim.erase = half_erase;
}

static int wrong_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;
    int ret = real_read(d, offset, buf, len);

    if (len > 0 && ++d->shim_state.calls % 13 == 0)
        ((uint8_t *)buf)[len / 2] ^= 0x18;
    return ret;
}

static void misread(struct device *d)
{
    pass_through(d);
    d->shim.read = wrong_read;
}

/* --- errors of the flash that are not passed on --- */

static int unchecked_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    if (real_read(ctx, offset, buf, len) != TK_FLASH_OK)
        memset(buf, 0xff, len);
    return TK_FLASH_OK;
}

static void ignore_read_errors(struct device *d)
{
    pass_through(d);
    d->shim.read = unchecked_read;
}

/* After an error all reads fail until the next start: the bus is not freed. */
static int stuck_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;

    if (d->sim.off)
        d->shim_state.calls = 0;
    if (d->shim_state.calls == 0 && real_read(d, offset, buf, len) != TK_FLASH_OK)
        d->shim_state.calls = 1;
    return d->shim_state.calls == 0 ? TK_FLASH_OK : TK_FLASH_ERR;
}

static void stay_stuck(struct device *d)
{
    pass_through(d);
    d->shim.read = stuck_read;
}

static int unchecked_erase(void *ctx, uint32_t offset)
{
    return real_erase(ctx, offset) == TK_FLASH_AGAIN ? TK_FLASH_AGAIN : TK_FLASH_OK;
}

static void ignore_erase_errors(struct device *d)
{
    pass_through(d);
    d->shim.erase = unchecked_erase;
}

const struct injected_bug injected_bugs[] = {
    {"a program returns before it is done", complete_late, FAULT_CUT, 0},
    {"two programs are reordered", reorder, FAULT_CUT, 0},
    {"a program is dropped", drop_programs, FAULT_CUT, 0},
    {"an erase also erases part of another sector", erase_too_much, FAULT_CUT, 0},
    {"an erase leaves half of the sector unerased", erase_half, FAULT_CUT, 0},
    {"a read in thirteen returns wrong bytes", misread, FAULT_CUT, 0},
    {"a read that fails reads as erased", ignore_read_errors, FAULT_OPEN, 0},
    {"a torn word of ECC flash reads as erased", ignore_read_errors, FAULT_CUT, ECC},
    {"a damaged word reads as erased", ignore_read_errors, FAULT_DAMAGE, 0},
    {"reads fail for good after one that failed", stay_stuck, FAULT_DAMAGE, 0},
    {"a worn sector reports its erase as done", ignore_erase_errors, FAULT_WORN, 0},
    {NULL, NULL, FAULT_CUT, 0},
};
