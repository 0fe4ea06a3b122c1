/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_walk.h"

#include "tk_store_read.h"

#include <string.h>

#define PAIRS 5 /* of bytes, heads or their check, that are read at a time */

/* --- from record to record --- */

void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_store_sector(s, seq);
    struct tk_header next;

    memset(c, 0, sizeof *c);
    c->seq = seq;
    c->end = sector + 2 * tk_store_align(s, TK_HEADER_SIZE);
    c->limit = tk_store_sector_end(s, seq);
    if (seq == s->seq)
        c->limit = s->at != 0 ? s->at : c->limit;
    else if (seq + 1 == s->seq)
        c->limit = sector + s->end;
    else if (tk_header_read(s, seq + 1, &next) && next.seq == seq + 1)
        c->limit = sector + next.end;
}

static uint32_t part_len(uint32_t head)
{
    uint32_t len = head >> 8;

    return len == TK_HEAD_LONG ? TK_HEAD_PART : len == TK_HEAD_DELETED ? 0 : len;
}

/* Most records have few heads: those are read once. */
static uint32_t head_at(struct tk_store *s, const struct tk_cursor *c, uint8_t index)
{
    return index < sizeof c->first / sizeof c->first[0]
               ? c->first[index]
               : tk_store_number(s, c->at + 1 + 2u * index, 2);
}

void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c)
{
    c->next = 0;
    c->len = 0;
    c->value = tk_record_values(s, c);
}

bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t head = TK_HEAD_LONG << 8;

    if (c->next == c->heads)
        return false;
    c->value += c->len;
    c->len = 0;
    while (head >> 8 == TK_HEAD_LONG && c->next < c->heads) {
        head = head_at(s, c, c->next++);
        c->len = (uint16_t)(c->len + part_len(head));
    }
    c->key = (uint8_t)head;
    c->deleted = head >> 8 == TK_HEAD_DELETED;
    return true;
}

/* Heads and behind them their check, which was begun with what stands before: whether it is theirs.
 * The first two of these pairs of bytes were read with the count. */
static bool parse_heads(struct tk_store *s, struct tk_cursor *c, uint8_t *pairs, uint32_t crc)
{
    uint32_t head, place = 0, end = 2;

    for (uint32_t i = 0;; i++, place++) {
        if (place == end) {
            place = 0;
            end = c->heads + 1u - i < PAIRS ? c->heads + 1u - i : PAIRS;
            tk_store_read(s, c->at + 1 + 2 * i, pairs, 2 * end);
        }
        head = pairs[2 * place] | (uint32_t)pairs[2 * place + 1] << 8;
        if (i == c->heads)
            return head == (crc & 0xffff);
        crc = tk_crc_add_number(crc, head, 2);
        c->end += part_len(head);
        if (i < sizeof c->first / sizeof c->first[0])
            c->first[i] = (uint16_t)head;
    }
}

/* What stands at c->at, by its heads; its values may be damaged. */
static bool parse(struct tk_store *s, struct tk_cursor *c)
{
    uint8_t some[1 + 2 * PAIRS];

    some[0] = 0xff;
    if (c->at + 1 + TK_RECORD_FRAME <= c->limit)
        tk_store_read(s, c->at, some, 1 + 2 * 2);
    c->moved = some[0] >= TK_RECORD_MOVED;
    c->heads = some[0] % TK_RECORD_MOVED;
    tk_cursor_rewind(s, c);
    c->end = c->at + tk_record_frame(s) + 2u * c->heads;
    if (c->heads == 0 || c->heads > TK_RECORD_HEADS || c->end > c->limit)
        return false;
    return parse_heads(s, c, some + 1, tk_crc_add_number(tk_crc_begin(s, c->seq), some[0], 1)) &&
           c->end <= c->limit;
}

/* Whether something stands where a record ends, or it is the last one of a sector that was left, or
 * of those that the newest was opened with: then it was whole once. */
static bool is_followed(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t at = c->at, opened = tk_store_sector(s, s->seq) + s->opened;
    bool followed;

    c->at = tk_store_align(s, c->end);
    followed = c->at == c->limit || c->at == opened || parse(s, c);
    c->at = at;
    return followed && parse(s, c);
}

/* A record with one wrong bit in front of its values. */
static bool repair(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t fix = s->fix;

    for (uint32_t bit = 0; bit < 8 * (3 + 2 * TK_RECORD_HEADS); bit++) {
        s->fix = 8 * c->at + bit;
        if (parse(s, c) && tk_record_is_whole(s, c) && is_followed(s, c)) {
            s->health |= TK_STORE_CORRECTED;
            return true;
        }
    }
    s->fix = fix;
    s->health |= TK_STORE_OLDER;
    return false;
}

bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c)
{
    c->at = tk_store_align(s, c->end);
    if (parse(s, c))
        return true;
    return c->heads != TK_RECORD_BLANK && !s->unread && repair(s, c);
}

bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c)
{
    while (!tk_cursor_entry(s, c)) {
        if (!tk_cursor_record(s, c))
            return false;
    }
    return true;
}

/* --- from key to value --- */

static bool is_of(const struct tk_cursor *c, uint8_t key)
{
    return c->key == key || c->key == TK_KEY_ALL;
}

static void look(struct tk_store *s, uint32_t seq, struct tk_store_want *wants, size_t count)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, seq);
    while (tk_cursor_next(s, &c)) {
        for (struct tk_store_want *w = wants; w < wants + count; w++) {
            if (is_of(&c, w->key) && (w->found.at == 0 || w->found.seq == seq))
                w->found = c;
        }
    }
}

static bool is_one_missing(const struct tk_store_want *wants, size_t count)
{
    while (count > 0 && wants[count - 1].found.at != 0)
        count--;
    return count > 0;
}

void tk_record_find(struct tk_store *s, struct tk_store_want *wants, size_t count)
{
    for (size_t i = 0; i < count; i++)
        wants[i].found.at = 0;
    for (uint32_t seq = s->seq; seq >= tk_store_oldest(s) && is_one_missing(wants, count); seq--)
        look(s, seq, wants, count);
}

void tk_record_find_each(struct tk_store *s, const struct tk_store_value *values, size_t count,
                         uint32_t *at)
{
    uint32_t size = s->flash->sector_size, left = (uint32_t)count;
    struct tk_cursor c;

    memset(at, 0, count * sizeof *at);
    for (uint32_t seq = s->seq; seq >= tk_store_oldest(s) && left > 0; seq--) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            for (size_t i = 0; i < count; i++) {
                if (!is_of(&c, values[i].key) || (at[i] != 0 && at[i] / size != c.at / size))
                    continue;
                left -= at[i] == 0;
                at[i] = c.at;
            }
        }
    }
}

void tk_cursor_find(struct tk_store *s, struct tk_cursor *c, uint8_t key, uint32_t at)
{
    uint32_t seq = s->seq;

    while (tk_store_sector(s, seq) != at - at % s->flash->sector_size)
        seq--;
    tk_cursor_first(s, c, seq);
    c->end = at;
    c->at = 0;
    while (tk_cursor_next(s, c) && !is_of(c, key))
        ;
}

uint32_t tk_store_repeated(struct tk_store *s)
{
    uint32_t once = 0, more = 0, bit;
    struct tk_cursor c;

    for (uint32_t seq = tk_store_oldest(s); seq <= s->seq; seq++) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            bit = (uint32_t)1 << c.key % 32;
            more |= c.key == TK_KEY_ALL ? UINT32_MAX : once & bit;
            once |= bit;
        }
    }
    return more;
}

bool tk_cursor_is_alive(struct tk_store *s, uint32_t repeated, const struct tk_cursor *e)
{
    struct tk_cursor newer = *e;

    if (e->deleted)
        return false;
    while ((repeated >> e->key % 32 & 1) != 0) {
        while (tk_cursor_next(s, &newer)) {
            if (is_of(&newer, e->key))
                return false;
        }
        if (newer.seq == s->seq)
            break;
        tk_cursor_first(s, &newer, newer.seq + 1);
    }
    return true;
}

void tk_record_find_before(struct tk_store *s, struct tk_store_want *want)
{
    struct tk_cursor c, now = {.deleted = true}, before = now;
    uint32_t oldest = tk_store_oldest(s), dead = oldest - (oldest > 1);
    uint8_t health = s->health;

    /* The dead sector is looked at too, where all of it is there. It may be half erased: what is
     * damaged there is no news. */
    for (uint32_t seq = dead; seq <= s->seq; seq++) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            if (!is_of(&c, want->key))
                continue;
            before = c.moved ? before : now;
            now = c;
        }
        if (seq < oldest && c.at != c.limit)
            now = before = (struct tk_cursor){.deleted = true};
    }
    s->health = health;
    want->found = now.deleted ? now : before;
}
