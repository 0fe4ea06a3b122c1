/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_plan.h"

#include "tk_store_read.h"
#include "tk_store_walk.h"

#include <string.h>

const struct tk_commit tk_commit_nothing;

uint32_t tk_value_len(const struct tk_store_value *v)
{
    uint32_t len = 0;

    for (size_t i = 0; i < v->count; i++)
        len += v->pieces[i].len;
    return len;
}

uint32_t tk_value_heads(uint16_t key, uint32_t len)
{
    return len / TK_HEAD_PART + 1 + (key >= TK_KEY_WIDE);
}

/* A sector without its header, and the record's frame and heads. */
uint32_t tk_value_largest(const struct tk_store *s)
{
    uint32_t size = s->flash->sector_size - tk_header_records(s) - tk_record_frame(s);

    size -= 2 * (size / (TK_HEAD_PART + 2) + 1);
    return size < TK_VALUE_MAX ? size : TK_VALUE_MAX;
}

/* --- what is new --- */

static bool is_same(struct tk_store *s, const struct tk_store_value *v, const struct tk_cursor *c)
{
    uint32_t at = c->value;
    uint8_t some[8];

    for (const struct tk_store_piece *p = v->pieces; p < v->pieces + v->count; p++) {
        for (uint32_t i = 0, n; i < p->len; i += n, at += n) {
            n = p->len - i < sizeof some ? p->len - i : (uint32_t)sizeof some;
            tk_record_bytes(s, c, at, some, n);
            if (memcmp(some, (const uint8_t *)p->data + i, n) != 0)
                return false;
        }
    }
    return true;
}

/* Compares twice: one read may be wrong. */
static bool is_stored(struct tk_store *s, const struct tk_store_value *v, uint32_t len,
                      const struct tk_cursor *c)
{
    if (v->count == 0 || c->at == 0)
        return v->count == 0 && c->at == 0;
    return c->len == len && is_same(s, v, c) && is_same(s, v, c) && tk_record_read(s, c, NULL);
}

uint32_t tk_value_cost(const struct tk_store *s, uint16_t key, uint32_t len)
{
    return tk_media_align(s, tk_record_frame(s) + 2 * tk_value_heads(key, len) + len);
}

/* Adds values[i] to the record unless it is stored already. Returns by how much the live values
 * grow at most. */
static uint32_t add_value(struct tk_store *s, struct tk_commit *c, size_t i)
{
    const struct tk_store_value *v = &c->values[i];
    struct tk_cursor old;
    uint32_t len = tk_value_len(v), heads, now, was;

    heads = tk_value_heads(v->key, len);
    now = v->count == 0 ? 2 * heads : tk_value_cost(s, v->key, len); /* in the record alone */
    tk_find(s, &old, v->key);
    if (is_stored(s, v, len, &old))
        return 0;
    c->changed |= (uint32_t)1 << i;
    c->heads += heads;
    c->size += 2 * heads + len;
    c->cost += now;
    was = old.at == 0 ? 0 : tk_value_cost(s, v->key, old.len);
    return now > was ? now - was : 0;
}

/* --- whether it fits --- */

bool tk_commit_replaces(const struct tk_commit *c, uint16_t key)
{
    for (size_t i = 0; i < c->count; i++) {
        if (c->values[i].key == key && (c->changed >> i & 1) != 0)
            return true;
    }
    return false;
}

/* What the live entries of a sector cost that the commit does not replace. */
static uint32_t cost_of_sector(struct tk_store *s, struct tk_keys *newer, uint32_t seq,
                               const struct tk_commit *c)
{
    uint32_t sum = 0;
    struct tk_cursor e;

    tk_cursor_first(s, &e, seq);
    while (tk_cursor_next(s, &e)) {
        if (!tk_commit_replaces(c, e.key) && tk_cursor_is_live(s, newer, &e))
            sum += tk_value_cost(s, e.key, e.len);
    }
    tk_keys_add(s, newer, &e, seq);
    return sum;
}

int32_t tk_store_slack(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t sum = tk_header_records(s) + c->cost;
    struct tk_keys newer = {{0}};

    for (uint32_t seq = s->top.seq; seq >= tk_media_oldest(s); seq--)
        sum += cost_of_sector(s, &newer, seq, c);
    return (int32_t)(s->flash->sector_size - sum);
}

/* Live values are counted only when the slack of the last count may be used up. */
static bool may_grow(struct tk_store *s, const struct tk_commit *c, uint32_t growth)
{
    int32_t left;

    if (growth <= s->headroom) {
        s->headroom -= growth;
        return true;
    }
    left = tk_store_slack(s, c);
    s->headroom = left < 0 ? s->headroom : (uint32_t)left;
    return left >= 0;
}

#if TK_STORE_INDEX > 0
/* A key that the index finds is not searched for: this finds heads that were lost meanwhile, behind
 * which nothing may be appended. */
static void walk_newest(struct tk_store *s)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->top.seq);
    while (s->top.seq != 0 && tk_cursor_record(s, &c))
        ;
}
#endif

int tk_commit_plan(struct tk_store *s, struct tk_commit *c)
{
    uint32_t growth = 0;
    bool fits;

#if TK_STORE_INDEX > 0
    walk_newest(s);
#endif
    c->size = tk_record_frame(s);
    for (size_t i = 0; i < c->count; i++)
        growth += add_value(s, c, i);
    fits = s->read_failed || (c->heads <= TK_RECORD_HEADS && may_grow(s, c, growth));
    return !fits ? TK_STORE_FULL : s->read_failed ? TK_STORE_FLASH : TK_STORE_OK;
}
