/* SPDX-License-Identifier: Apache-2.0 */

/* A store on simulated flash, and the comparison of what it holds with a model. */

#include "proof.h"

#include <string.h>

static enum tk_sim_part part_of(unsigned kind)
{
    return kind & EEPROM      ? TK_SIM_EEPROM
           : kind & ECC       ? TK_SIM_ECC
           : kind & ENCRYPTED ? TK_SIM_ENCRYPTED
           : kind & RAW       ? TK_SIM_ENCRYPTED_RAW
                              : TK_SIM_NOR;
}

void device_init(struct device *d, const struct shape *shape, const struct load *load,
                 const struct injected_bug *bug)
{
    memset(d, 0, sizeof *d);
    d->shape = *shape;
    d->load = load;
    tk_sim_flash_init(&d->sim, shape->sector_size, shape->sectors, shape->unit);
    tk_sim_flash_set_part(&d->sim, part_of(shape->kind));
    if (shape->kind & CACHED)
        tk_sim_flash_cache(&d->sim);
    test_seal_init(&d->seal, d);
    d->shim = d->sim.flash;
    d->bug = bug;
    if (bug != NULL)
        bug->inject(d);
}

void device_free(struct device *d)
{
    tk_sim_flash_free(&d->sim);
}

static int open_store(struct device *d)
{
    return tk_store_open(&d->store, &d->shim, d->shape.kind & SEALED ? &d->seal.store : NULL);
}

int device_boot(struct device *d)
{
    tk_sim_flash_power_on(&d->sim);
    d->shim_state.len = 0; /* a program that was held back is lost */
    return open_store(d);
}

/* A bounded number of steps must do. */
int device_prepare(struct device *d)
{
    int ret = TK_STORE_AGAIN;

    for (uint32_t i = 0; ret == TK_STORE_AGAIN && i < 1000; i++)
        ret = tk_store_prepare(&d->store);
    return ret;
}

/* Each value in two pieces. */
int device_commit(struct device *d, uint32_t n)
{
    static uint8_t bytes[8 * VALUE_MAX];
    struct entry entries[KEYS_MAX];
    struct tk_store_piece pieces[2 * KEYS_MAX];
    struct tk_store_value values[KEYS_MAX];
    size_t count = d->load->commit(&d->shape, n, entries);
    uint8_t *at = bytes;

    for (size_t i = 0; i < count; i++) {
        const struct entry *e = &entries[i];
        struct tk_store_piece *piece = &pieces[2 * i];
        int first = e->len / 3;

        value_bytes(e->key, e->version, e->len, at);
        values[i] = (struct tk_store_value){e->key, e->len < 0 ? 0 : 2, piece};
        if (e->len >= 0) {
            piece[0] = (struct tk_store_piece){at, (uint16_t)first};
            piece[1] = (struct tk_store_piece){at + first, (uint16_t)(e->len - first)};
            at += e->len;
        }
    }
    return tk_store_commit(&d->store, values, count);
}

int device_step(struct device *d, uint32_t n)
{
    if ((n % 10 == 3 || n % 10 == 7) && open_store(d) != TK_STORE_OK)
        return TK_STORE_FLASH;
    if ((n % 10 == 3 || n % 10 == 9) && device_prepare(d) != TK_STORE_OK)
        return TK_STORE_FLASH;
    return device_commit(d, n);
}

void snapshot_take(const struct device *d, struct snapshot *m)
{
    tk_sim_flash_save(&d->sim, &m->image);
    m->store = d->store;
    m->shim_state = d->shim_state;
}

/* Also resets what a trial planned. */
void snapshot_restore(struct device *d, const struct snapshot *m)
{
    tk_sim_flash_restore(&d->sim, &m->image);
    d->store = m->store;
    d->shim_state = m->shim_state;
    tk_sim_flash_heal(&d->sim);
    d->sim.violations = 0;
    d->seal.misused = 0;
}

void snapshot_free(struct snapshot *m)
{
    tk_sim_image_free(&m->image);
}

/* --- findings --- */

static bool same_held(const struct expected *a, const struct expected *b)
{
    return a->len == b->len && (a->len < 0 || a->version == b->version);
}

static bool is(uint8_t key, const struct expected *held, int len, const uint8_t *got)
{
    static uint8_t want[VALUE_MAX];

    if (held->len < 0 || len != held->len)
        return held->len < 0 && len == TK_STORE_MISSING;
    value_bytes(key, held->version, len, want);
    return memcmp(got, want, (size_t)len) == 0;
}

static enum finding name_wrong(int len, bool touched)
{
    if (len >= 0)
        return FOUND_GARBAGE;
    if (!touched)
        return FOUND_OTHER_LOST;
    return len == TK_STORE_MISSING ? FOUND_LOST : FOUND_CORRUPT;
}

/* A key that is in neither model: checking a few of them is enough. */
static bool is_idle(unsigned key, const struct expected *a, const struct expected *b)
{
    return a->len < 0 && b->len < 0 && key > 11 && key % 16 != 0;
}

static uint8_t got[KEYS_MAX][VALUE_MAX];

/* Reads what either model has, and some keys that neither has. */
static int read_all(struct device *d, const struct model *a, const struct model *b,
                    struct tk_store_query *wants, size_t *count)
{
    *count = 0;
    for (unsigned key = 0; key < KEYS_MAX; key++) {
        if (!is_idle(key, &a->now[key], &b->now[key])) {
            wants[*count] = (struct tk_store_query){(uint8_t)key, VALUE_MAX, got[*count], 0};
            (*count)++;
        }
    }
    return tk_store_get_all(&d->store, wants, *count);
}

enum finding check(struct device *d, const struct model *old, const struct model *fresh)
{
    struct tk_store_query wants[KEYS_MAX];
    unsigned olds = 0, news = 0;
    size_t count;

    if (read_all(d, old, fresh, wants, &count) != TK_STORE_OK)
        return FOUND_CORRUPT;
    for (size_t i = 0; i < count; i++) {
        uint8_t key = (uint8_t)wants[i].key;
        const struct expected *o = &old->now[key], *f = &fresh->now[key];
        bool touched = !same_held(o, f);
        bool is_old = is(key, o, wants[i].len, got[i]), is_new = is(key, f, wants[i].len, got[i]);

        if (!is_old && !is_new)
            return name_wrong(wants[i].len, touched);
        olds += touched && is_old;
        news += touched && is_new && !is_old;
    }
    if (olds > 0 && news > 0)
        return FOUND_MIXED;
    return news > 0 || olds == 0 ? FOUND_NEW : FOUND_OLD;
}

enum finding check_shown(struct device *d, const struct model *m, const struct model *before,
                         uint32_t older)
{
    struct tk_store_query wants[KEYS_MAX];
    enum finding found = FOUND_NEW;
    size_t count;

    if (read_all(d, before, m, wants, &count) != TK_STORE_OK)
        return FOUND_NEW;
    for (size_t i = 0; i < count; i++) {
        uint8_t key = (uint8_t)wants[i].key;

        if (wants[i].len == TK_STORE_FLASH || is(key, &m->now[key], wants[i].len, got[i]))
            continue;
        uint32_t back = 0;

        while (back <= older && !is(key, &(before - back)->now[key], wants[i].len, got[i]))
            back++;
        if (back > older)
            return wants[i].len >= 0 ? FOUND_GARBAGE : FOUND_LOST;
        if ((d->store.health & (TK_STORE_OLDER | TK_STORE_CORRUPT)) == 0)
            return FOUND_STALE;
        found = FOUND_OLDER;
    }
    return found;
}

/* Each lookup walks over the whole flash, so of the keys that the last commit did not touch only
 * one is checked. */
bool previous_is_right(struct device *d, const struct model *m, bool passed_by)
{
    static uint8_t one[VALUE_MAX];

    for (unsigned key = 0; key < KEYS_MAX; key++) {
        const struct expected *before = &m->previous[key];

        if (!m->newest[key] && key != (d->sim.random & 15))
            continue;
        int len = tk_store_previous(&d->store, (uint8_t)key, one, sizeof one);
        bool may_miss = passed_by || !m->newest[key] || d->shape.sectors < 3;

        if (!is((uint8_t)key, before, len, one) && !(may_miss && len == TK_STORE_MISSING))
            return false;
    }
    return true;
}
