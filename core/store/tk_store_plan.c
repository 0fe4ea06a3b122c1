/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_plan.h"

#include "tk_store_read.h"
#include "tk_store_sealed.h"
#include "tk_store_walk.h"

#include <string.h>

/* Values that are looked for in one walk over the memory: a place costs stack. */
#ifndef TK_STORE_AT_A_TIME
#define TK_STORE_AT_A_TIME 3
#endif

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
    uint8_t some[8];

    for (uint32_t left = piece->len, n; left > 0; left -= n, at += n, p += n) {
        n = left < sizeof some ? left : (uint32_t)sizeof some;
        tk_store_read(s, at, some, n);
        if (s->seal != NULL)
            tk_sealed_open(s, c, at, some, n);
        if (memcmp(some, p, n) != 0)
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

/* Takes a value in where it is not there yet; the newest record that has its key is at `at`. How
 * much more is alive then. */
static uint32_t take(struct tk_store *s, struct tk_commit *c, size_t i, uint32_t at)
{
    const struct tk_store_value *v = &c->values[i];
    struct tk_cursor old = {.at = 0};
    uint32_t len = tk_value_len(v), now = v->count == 0 ? 0 : cost(s, len), was;

    if (at != 0)
        tk_cursor_find(s, &old, v->key, at);
    old.at = old.deleted ? 0 : old.at;
    if (is_there(s, v, &old))
        return 0;
    c->changed |= (uint32_t)1 << i;
    c->heads += tk_heads_of(len);
    c->size += 2 * tk_heads_of(len) + len;
    c->cost += now;
    was = old.at == 0 ? 0 : cost(s, old.len);
    return now > was ? now - was : 0;
}

bool tk_commit_is_alive(struct tk_store *s, const struct tk_commit *c, uint32_t repeated,
                        const struct tk_cursor *e)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->values[i].key == e->key && (c->changed >> i & 1) != 0)
            return false;
    }
    return tk_cursor_is_alive(s, repeated, e);
}

/* What would be free in a sector that had to hold all that is alive with the commit; below 0: it
 * could not. */
static int32_t slack(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t sum = 2 * tk_store_align(s, TK_HEADER_SIZE) + c->cost;
    uint32_t repeated = tk_store_repeated(s);
    struct tk_cursor e;

    for (uint32_t seq = tk_store_oldest(s); seq <= s->seq; seq++) {
        tk_cursor_first(s, &e, seq);
        while (tk_cursor_next(s, &e))
            sum += tk_commit_is_alive(s, c, repeated, &e) ? cost(s, e.len) : 0;
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
    uint32_t growth = 0, at[TK_STORE_AT_A_TIME];
    bool fits;

    c->size = tk_record_frame(s);
    for (size_t i = 0, place; i < c->count; i++) {
        place = i % TK_STORE_AT_A_TIME;
        if (place == 0)
            tk_record_find_each(
                s, c->values + i,
                c->count - i < TK_STORE_AT_A_TIME ? c->count - i : TK_STORE_AT_A_TIME, at);
        growth += take(s, c, i, at[place]);
    }
    fits = s->unread || (c->heads <= TK_RECORD_HEADS && may_grow(s, c, growth));
    return !fits ? TK_STORE_FULL : s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}
