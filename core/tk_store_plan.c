/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_private.h"

/* What a commit changes, and whether there is room for it. */

uint32_t tk_value_len(const struct tk_store_value *v)
{
    uint32_t len = 0;

    for (size_t i = 0; i < v->count; i++)
        len += v->pieces[i].len;
    return len;
}

uint32_t tk_heads_of(uint32_t len)
{
    return len / TK_HEAD_PART + 1;
}

/* What a value takes at most when it is moved. */
static uint32_t cost(const struct tk_store *s, uint32_t len)
{
    return tk_store_align(s, tk_record_frame(s) + 2 * tk_heads_of(len) + len);
}

static bool is_same(struct tk_store *s, const struct tk_cursor *c, uint32_t at,
                    const struct tk_store_piece *piece)
{
    const uint8_t *p = piece->data;
    uint8_t byte;

    for (uint32_t i = 0; i < piece->len; i++) {
        tk_store_read(s, at + i, &byte, 1);
        if (s->seal != NULL)
            tk_sealed_open(s, c, at + i, &byte, 1);
        if (byte != p[i])
            return false;
    }
    return true;
}

static bool is_there(struct tk_store *s, const struct tk_store_value *v, const struct tk_cursor *c)
{
    uint32_t at = c->value;

    if (v->count == 0 || c->at == 0)
        return v->count == 0 && c->at == 0;
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
static uint32_t take(struct tk_store *s, struct tk_commit *c, size_t i)
{
    const struct tk_store_value *v = &c->values[i];
    struct tk_store_want old = {.key = v->key};
    uint32_t len = tk_value_len(v), now = v->count == 0 ? 0 : cost(s, len), was;

    tk_record_find(s, &old, 1);
    old.found.at = old.found.deleted ? 0 : old.found.at;
    if (is_there(s, v, &old.found))
        return 0;
    c->changed |= (uint32_t)1 << i;
    c->heads += tk_heads_of(len);
    c->size += 2 * tk_heads_of(len) + len;
    c->cost += now;
    was = old.found.at == 0 ? 0 : cost(s, old.found.len);
    return now > was ? now - was : 0;
}

/* What would be free in a sector that had to hold all that is alive with the commit; below 0: it
 * could not. */
static int32_t slack(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t sum = 2 * tk_store_align(s, TK_HEADER_SIZE) + c->cost;
    struct tk_cursor e;

    for (uint32_t seq = tk_store_oldest(s); seq <= s->seq; seq++) {
        tk_cursor_first(s, &e, seq);
        while (tk_cursor_next(s, &e))
            sum += tk_cursor_is_alive(s, c, &e) ? cost(s, e.len) : 0;
    }
    return (int32_t)(s->flash->sector_size - sum);
}

/* All that is alive is counted only when what was free at the last count may be used up. */
static bool may_grow(struct tk_store *s, const struct tk_commit *c, uint32_t growth)
{
    int32_t left = (int32_t)(s->room - growth);

    if (growth > s->room)
        left = slack(s, c);
    if (left >= 0)
        s->room = (uint32_t)left;
    return left >= 0;
}

int tk_store_plan(struct tk_store *s, struct tk_commit *c)
{
    uint32_t growth = 0;
    bool fits;

    c->size = tk_record_frame(s);
    for (size_t i = 0; i < c->count; i++)
        growth += take(s, c, i);
    fits = s->unread || (c->heads <= TK_RECORD_HEADS && may_grow(s, c, growth));
    return !fits ? TK_STORE_FULL : s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}
