/* SPDX-License-Identifier: Apache-2.0 */

/* Memories that break the contract behind the store's back. No store can live on them: that the
 * proof notices each of them is what shows that it can fail. */

#include "proof.h"

#include <string.h>

static int plain_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;

    return d->sim.flash.read(&d->sim, offset, buf, len);
}

static int plain_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    return d->sim.flash.program(&d->sim, offset, data, len);
}

static int plain_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;

    return d->sim.flash.erase(&d->sim, offset);
}

static void stand_between(struct device *d)
{
    d->shim.ctx = d;
    d->shim.read = plain_read;
    d->shim.program = plain_program;
    d->shim.erase = plain_erase;
}

/* --- a memory that says "done" a call too early --- */

static int finish(struct device *d)
{
    struct shim_state *held = &d->shim_state;
    int ret = held->len == 0 ? TK_FLASH_OK : plain_program(d, held->at, held->bytes, held->len);

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

/* Two programs that follow each other change places. */
static int swapped_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    if (d->shim_state.len == 0 && len <= sizeof d->shim_state.bytes) {
        hold(d, offset, data, len);
        return TK_FLASH_OK;
    }
    int ret = plain_program(d, offset, data, len);

    return ret == TK_FLASH_OK ? finish(d) : ret;
}

static int late_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    int ret = finish(d);

    return ret == TK_FLASH_OK ? plain_erase(d, offset) : ret;
}

/* As if it were written. */
static int late_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;
    struct shim_state *held = &d->shim_state;
    uint8_t *bytes = buf;
    int ret = plain_read(d, offset, buf, len);

    for (size_t i = 0; ret == TK_FLASH_OK && i < len; i++) {
        if (offset + i >= held->at && offset + i < held->at + held->len)
            bytes[i] = held->bytes[offset + i - held->at];
    }
    return ret;
}

static void be_late(struct device *d)
{
    stand_between(d);
    d->shim.read = late_read;
    d->shim.program = late_program;
    d->shim.erase = late_erase;
}

static void swap(struct device *d)
{
    be_late(d);
    d->shim.program = swapped_program;
}

/* --- memories that do something else than they are asked for --- */

static int deaf_program(void *ctx, uint32_t offset, const void *data, size_t len)
{
    struct device *d = ctx;

    return ++d->shim_state.calls % 23 == 0 ? TK_FLASH_OK : plain_program(d, offset, data, len);
}

static void be_deaf(struct device *d)
{
    stand_between(d);
    d->shim.program = deaf_program;
}

/* The end of the sector in front goes too. */
static int wide_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    uint32_t size = d->shape.sector_size, sectors = d->shape.sectors;
    uint32_t front = offset == 0 ? (sectors - 1) * size : offset - size;

    memset(d->sim.bytes + front + size / 4, 0xff, size * 3 / 4);
    return plain_erase(d, offset);
}

static void erase_wide(struct device *d)
{
    stand_between(d);
    d->shim.erase = wide_erase;
}

static int half_erase(void *ctx, uint32_t offset)
{
    struct device *d = ctx;
    static uint8_t kept[65536];
    uint32_t half = d->shape.sector_size / 2;

    memcpy(kept, d->sim.bytes + offset + half, half);
    int ret = plain_erase(d, offset);

    if (ret == TK_FLASH_OK)
        memcpy(d->sim.bytes + offset + half, kept, half);
    return ret;
}

static void erase_half(struct device *d)
{
    stand_between(d);
    d->shim.erase = half_erase;
}

static int rotten_read(void *ctx, uint32_t offset, void *buf, size_t len)
{
    struct device *d = ctx;
    int ret = plain_read(d, offset, buf, len);

    if (len > 0 && ++d->shim_state.calls % 5003 == 0)
        ((uint8_t *)buf)[len / 2] ^= 0x18;
    return ret;
}

static void rot(struct device *d)
{
    stand_between(d);
    d->shim.read = rotten_read;
}

const struct sabotage sabotages[] = {
    {"a program is told to be done before it is", be_late},
    {"two programs change places", swap},
    {"a program is forgotten", be_deaf},
    {"an erase takes a part of another sector too", erase_wide},
    {"an erase leaves half of the sector", erase_half},
    {"reads are wrong now and then", rot},
    {NULL, NULL},
};
