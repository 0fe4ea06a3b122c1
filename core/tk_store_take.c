/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_private.h"

#include <string.h>

#define AT_A_TIME                                                                                  \
    4 /* values that are looked for in one walk over the memory: a place costs stack */

static bool is_same(struct tk_store *s, const struct tk_cursor *c, uint32_t at,
                    const struct tk_store_piece *piece)
{
    const uint8_t *p = piece->data;
    uint8_t chunk[16];

    for (uint32_t left = piece->len, n; left > 0; left -= n) {
        n = left < sizeof chunk ? left : (uint32_t)sizeof chunk;
        tk_store_read(s, at, chunk, n);
        tk_record_unseal(s, c, at, chunk, n);
        if (memcmp(chunk, p, n) != 0)
            return false;
        at += n;
        p += n;
    }
    return true;
}

static bool is_there(struct tk_store *s, const struct tk_store_value *v, const struct tk_cursor *c)
{
    bool there = c->at != 0 && !c->deleted;
    uint32_t at = c->value;

    if (v->count == 0 || !there)
        return v->count == 0 && !there;
    if (c->len != tk_value_len(v))
        return false;
    for (size_t i = 0; i < v->count; i++) {
        if (!is_same(s, c, at, &v->pieces[i]))
            return false;
        at += v->pieces[i].len;
    }
    return tk_record_read(s, c, NULL, 0);
}

/* Takes a value in where it is not there yet. How much more is alive then. */
static uint32_t take(struct tk_store *s, struct tk_commit *c, size_t i, const struct tk_cursor *old)
{
    const struct tk_store_value *v = &c->values[i];
    uint32_t len = tk_value_len(v), cost = v->count == 0 ? 0 : tk_value_cost(s, len), was = 0;

    if (is_there(s, v, old))
        return 0;
    c->changed |= (uint32_t)1 << i;
    c->heads += tk_heads_of(len);
    c->size += 2 * tk_heads_of(len) + len;
    c->cost += cost;
    if (old->at != 0 && !old->deleted)
        was = tk_value_cost(s, old->len);
    return cost > was ? cost - was : 0;
}

uint32_t tk_store_take(struct tk_store *s, struct tk_commit *c)
{
    struct tk_store_want old[AT_A_TIME];
    uint32_t growth = 0;

    for (size_t i = 0; i < c->count; i++) {
        size_t place = i % AT_A_TIME, left = c->count - i;

        for (size_t j = 0; place == 0 && j < AT_A_TIME && j < left; j++)
            old[j].key = c->values[i + j].key;
        if (place == 0)
            tk_record_find(s, old, left < AT_A_TIME ? left : AT_A_TIME);
        growth += take(s, c, i, &old[place].found);
    }
    return growth;
}
