/* SPDX-License-Identifier: Apache-2.0 */

/* What a store finds on flash that it has not written, or not in this shape: refused by name, and
 * nothing is written, whatever the caller tries, until it says to wipe. */

#include "proof.h"

#include <string.h>

/* What fills the area. */
struct content {
    const char *name;
    void (*fill)(struct device *d);
    bool is_shape; /* refused as one of another shape */
};

static void fill_noise(struct device *d)
{
    for (uint32_t i = 0; i < d->shape.sectors * d->shape.sector_size; i++)
        d->sim.bytes[i] = (uint8_t)mix(i, 5);
}

static void fill_zeros(struct device *d)
{
    memset(d->sim.bytes, 0, (size_t)d->shape.sectors * d->shape.sector_size);
}

static void fill_text(struct device *d)
{
    static const char text[] = "# settings of another program\nname = pump 7\n";

    memcpy(d->sim.bytes + 2 * d->shape.sector_size, text, sizeof text);
}

static void fill_one_bit(struct device *d)
{
    d->sim.bytes[d->shape.sector_size + 77] = 0xfe;
}

/* The bytes of a store of another shape at the beginning of the area, as far as they fit. */
static void fill_store(struct device *d, const struct shape *shape)
{
    static struct device other;
    size_t size = (size_t)d->shape.sectors * d->shape.sector_size;
    size_t others = (size_t)shape->sectors * shape->sector_size;

    device_init(&other, shape, find_load("refresh"), NULL);
    (void)device_boot(&other);
    for (uint32_t n = 0; n < 60; n++)
        (void)device_commit(&other, n);
    memcpy(d->sim.bytes, other.sim.bytes, size < others ? size : others);
    device_free(&other);
}

static void fill_more_sectors(struct device *d)
{
    fill_store(d, &(struct shape){8, 4096, 1, 0});
}

static void fill_smaller_sectors(struct device *d)
{
    fill_store(d, &(struct shape){8, 2048, 1, 0});
}

static void fill_larger_unit(struct device *d)
{
    fill_store(d, &(struct shape){4, 4096, 8, 0});
}

static const struct content contents[] = {
    {"noise", fill_noise, false},
    {"zeros", fill_zeros, false},
    {"text of another program", fill_text, false},
    {"one bit", fill_one_bit, false},
    {"a store of more sectors", fill_more_sectors, true},
    {"a store of smaller sectors", fill_smaller_sectors, true},
    {"a store of another unit", fill_larger_unit, true},
};

/* One flipped bit on blank flash may also read as blank; it must not keep a device from starting.
 */
static bool is_refused(const struct content *c, int ret)
{
    if (c->fill == fill_one_bit)
        return ret == TK_STORE_OK || ret == TK_STORE_FOREIGN;
    return ret == (c->is_shape ? TK_STORE_SHAPE : TK_STORE_FOREIGN);
}

static bool is_kept(struct device *d, int opened)
{
    uint64_t operations = d->sim.operations, reads = d->sim.read_bytes;
    uint64_t area = (uint64_t)d->shape.sectors * d->shape.sector_size;

    if (opened == TK_STORE_OK)
        return device_commit(d, 0) == TK_STORE_OK;
    return device_commit(d, 0) == opened && device_prepare(d) == opened &&
           d->sim.operations == operations && d->sim.read_bytes - reads <= 3 * area;
}

/* After a wipe it is a store like any. */
static bool is_usable(struct device *d)
{
    struct model m;

    if (tk_store_wipe(&d->store) != TK_STORE_OK)
        return false;
    model_blank(&m);
    for (uint32_t n = 0; n < 40; n++) {
        model_commit(&m, d->load, &d->shape, n);
        if (device_commit(d, n) != TK_STORE_OK)
            return false;
    }
    return device_boot(d) == TK_STORE_OK && check(d, &m, &m) == FOUND_NEW;
}

bool run_contents(struct proof *p)
{
    static const struct shape shape = {4, 4096, 1, 0};
    unsigned failures = p->failures;
    static struct device d;

    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        const struct content *c = &contents[i];

        device_init(&d, &shape, find_load("refresh"), NULL);
        c->fill(&d);
        memset(d.sim.programmed, 1, (size_t)shape.sectors * shape.sector_size);
        watch_trial();
        int ret = device_boot(&d);

        if (!is_refused(c, ret) || !is_kept(&d, ret) || !is_usable(&d)) {
            printf("FAILED: %s: opened with %d\n", c->name, ret);
            p->failures++;
        }
        device_free(&d);
    }
    return p->failures == failures;
}
