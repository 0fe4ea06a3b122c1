/* SPDX-License-Identifier: Apache-2.0 */

/* Loads, and models of what a store must hold after them. */

#include "proof.h"

#include <string.h>

uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = a + (b + 1) * 0x9e3779b97f4a7c15u;

    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

void value_bytes(uint8_t key, uint32_t version, int len, uint8_t *bytes)
{
    uint32_t x = version * 2654435761u + key * 40503u + 1;

    for (int i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
}

/* --- loads --- */

static void add(struct entry *entries, size_t *count, unsigned key, int len, uint32_t version)
{
    for (size_t i = 0; i < *count; i++) {
        if (entries[i].key == key)
            return;
    }
    entries[(*count)++] = (struct entry){(uint8_t)key, len, version};
}

/* A gateway's load, as in the benchmark: nine values once, then four (268 bytes) per refresh. */
static size_t refresh(const struct shape *shape, uint32_t n, struct entry *entries)
{
    static const int lens[] = {24, 40, 50, 46, 60, 70, 70, 64, 64};
    size_t count = 0;

    (void)shape;
    for (unsigned key = n == 0 ? 0 : 5; key < 9; key++)
        add(entries, &count, key, lens[key], n);
    return count;
}

/* Values that are new, grow, shrink, are empty, long, deleted or unchanged. */
static size_t mixed(const struct shape *shape, uint32_t n, struct entry *entries)
{
    uint64_t x = mix(77, n);
    unsigned keys = 3 + n / 8 < 11 ? 3 + n / 8 : 11;
    size_t count = 0;

    if (n % 9 == 4)
        add(entries, &count, 60, n % 18 == 4 ? (shape->sector_size < 4096 ? 150 : 600) : 126, n);
    for (unsigned i = 0; i <= x % 4; i++) {
        uint64_t y = mix(x, i);
        uint32_t version = n / 2;
        int len = (int)(mix(y % keys, version) % 48);

        if (y >> 20 & 1)
            len = 0;
        if ((y >> 30) % 6 == 0)
            len = -1;
        add(entries, &count, (unsigned)(y % keys), len, version);
    }
    return count;
}

/* Many small values: 30 keys, one or two per commit, sometimes nine. */
static size_t many(const struct shape *shape, uint32_t n, struct entry *entries)
{
    bool narrow = shape->unit >= 32 || (shape->kind & SEALED && shape->sector_size < 2048);
    unsigned keys = narrow ? 10 : 30; /* each may end up in a record of its own */
    unsigned some = n == 0 ? keys : n % 16 == 15 ? 9 : 1 + n % 2;
    size_t count = 0;

    for (unsigned i = 0; i < some; i++)
        add(entries, &count, (n * 7 + i) % keys, 4 + (int)(i + n) % 5, n);
    return count;
}

/* Live values fill most of a sector. */
static size_t tight(const struct shape *shape, uint32_t n, struct entry *entries)
{
    int room = (int)(shape->sector_size - 16 - 3 * shape->unit) * 15 / 16;
    size_t count = 0;

    room -= shape->kind & SEALED ? 6 * (TK_STORE_NONCE + TK_STORE_TAG) : 0;
    if (n == 0)
        add(entries, &count, 0, room / 4, 0);
    add(entries, &count, 1 + n % 2, room / 3, n);
    return count;
}

const struct load loads[] = {
    {"refresh", refresh}, {"mixed", mixed}, {"many", many}, {"tight", tight}, {NULL, NULL},
};

const struct load *find_load(const char *name)
{
    const struct load *load = loads;

    while (load->name != NULL && strcmp(load->name, name) != 0)
        load++;
    return load->name == NULL ? NULL : load;
}

/* --- models --- */

static bool same(const struct expected *held, const struct entry *e)
{
    static uint8_t a[VALUE_MAX], b[VALUE_MAX];

    if (held->len != e->len)
        return false;
    value_bytes(e->key, held->version, held->len, a);
    value_bytes(e->key, e->version, e->len, b);
    return e->len <= 0 || memcmp(a, b, (size_t)e->len) == 0;
}

void model_blank(struct model *m)
{
    for (int key = 0; key < KEYS_MAX; key++) {
        m->now[key] = m->previous[key] = (struct expected){-1, 0};
        m->newest[key] = false;
    }
}

void model_commit(struct model *m, const struct load *load, const struct shape *shape, uint32_t n)
{
    struct entry entries[KEYS_MAX];
    size_t count = load->commit(shape, n, entries);
    bool first = true;

    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &entries[i];

        if (same(&m->now[e->key], e))
            continue;
        if (first)
            memset(m->newest, 0, sizeof m->newest);
        first = false;
        m->newest[e->key] = true;
        m->previous[e->key] = e->len < 0 ? (struct expected){-1, 0} : m->now[e->key];
        m->now[e->key] = (struct expected){e->len, e->version};
    }
}
