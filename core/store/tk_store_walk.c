/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_walk.h"

#include "tk_store_read.h"

#include <string.h>

#define PAIRS 5 /* pairs of bytes, heads or their check, read at a time */

/* --- from record to record --- */

void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_media_sector(s, seq);
    struct tk_header next;

    memset(c, 0, sizeof *c);
    c->seq = seq;
    c->end = sector + 2 * tk_media_align(s, TK_HEADER_SIZE);
    c->limit = tk_media_sector_end(s, seq);
    if (seq == s->seq)
        c->limit = s->append_at != 0 ? s->append_at : c->limit;
    else if (seq + 1 == s->seq)
        c->limit = sector + s->prev_end;
    else if (tk_header_read(s, seq + 1, &next) && next.seq == seq + 1)
        c->limit = sector + next.prev_end;
}

static uint32_t part_len(uint32_t head)
{
    uint32_t len = head >> 8;

    return len == TK_HEAD_LONG ? TK_HEAD_PART : len == TK_HEAD_DELETED ? 0 : len;
}

/* Most records have few heads: those are read only once. */
static uint32_t head_at(struct tk_store *s, const struct tk_cursor *c, uint8_t index)
{
    return index < sizeof c->first_heads / sizeof c->first_heads[0]
               ? c->first_heads[index]
               : tk_media_number(s, c->at + 1 + 2u * index, 2);
}

void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c)
{
    c->next_head = 0;
    c->len = 0;
    c->value = tk_record_values(s, c);
}

bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t head = TK_HEAD_LONG << 8;

    if (c->next_head == c->heads)
        return false;
    c->value += c->len;
    c->len = 0;
    while (head >> 8 == TK_HEAD_LONG && c->next_head < c->heads) {
        head = head_at(s, c, c->next_head++);
        c->len = (uint16_t)(c->len + part_len(head));
    }
    c->key = (uint8_t)head;
    c->deleted = head >> 8 == TK_HEAD_DELETED;
    return true;
}

/* Reads heads and check; false if the check does not match. crc: of the count; pairs: the first two
 * pairs of bytes, which were read with the count. */
static bool parse_heads(struct tk_store *s, struct tk_cursor *c, uint8_t *pairs, uint32_t crc)
{
    uint32_t head, place = 0, end = 2;

    for (uint32_t i = 0;; i++, place++) {
        if (place == end) {
            place = 0;
            end = c->heads + 1u - i < PAIRS ? c->heads + 1u - i : PAIRS;
            tk_media_read(s, c->at + 1 + 2 * i, pairs, 2 * end);
        }
        head = pairs[2 * place] | (uint32_t)pairs[2 * place + 1] << 8;
        if (i == c->heads)
            return head == (crc & 0xffff);
        crc = tk_crc_add_number(crc, head, 2);
        c->end += part_len(head);
        if (i < sizeof c->first_heads / sizeof c->first_heads[0])
            c->first_heads[i] = (uint16_t)head;
    }
}

/* Parses the heads of the record at c->at. Its values may still be damaged. */
static bool parse(struct tk_store *s, struct tk_cursor *c)
{
    uint8_t some[1 + 2 * PAIRS];

    some[0] = 0xff;
    if (c->at + 1 + TK_RECORD_FRAME <= c->limit)
        tk_media_read(s, c->at, some, 1 + 2 * 2);
    c->is_copy = some[0] >= TK_RECORD_COPY;
    c->heads = some[0] % TK_RECORD_COPY;
    tk_cursor_rewind(s, c);
    c->end = c->at + tk_record_frame(s) + 2u * c->heads;
    if (c->heads == 0 || c->heads > TK_RECORD_HEADS || c->end > c->limit)
        return false;
    return parse_heads(s, c, some + 1, tk_crc_add_number(tk_crc_begin(s, c->seq), some[0], 1)) &&
           c->end <= c->limit;
}

/* Whether the record is known to have been complete once: another record follows it, or it is the
 * last one of an older sector or of those that the newest sector was opened with. */
static bool is_followed(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t at = c->at, opened_end = tk_media_sector(s, s->seq) + s->opened_end;
    bool followed;

    c->at = tk_media_align(s, c->end);
    followed = c->at == c->limit || c->at == opened_end || parse(s, c);
    c->at = at;
    return followed && parse(s, c);
}

/* Tries each single-bit error in count, heads and check. */
static bool repair_heads(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t bad_bit = s->bad_bit;

    for (uint32_t bit = 0; bit < 8 * (3 + 2 * TK_RECORD_HEADS); bit++) {
        s->bad_bit = 8 * c->at + bit;
        if (parse(s, c) && tk_record_is_whole(s, c) && is_followed(s, c)) {
            s->health |= TK_STORE_CORRECTED;
            return true;
        }
    }
    s->bad_bit = bad_bit;
    s->health |= TK_STORE_OLDER;
    return false;
}

bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c)
{
    c->at = tk_media_align(s, c->end);
    if (parse(s, c))
        return true;
    return c->heads != TK_RECORD_BLANK && !s->read_failed && repair_heads(s, c);
}

bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c)
{
    while (!tk_cursor_entry(s, c)) {
        if (!tk_cursor_record(s, c))
            return false;
    }
    return true;
}

/* --- from key to entry --- */

static bool concerns(const struct tk_cursor *c, uint16_t key)
{
    return c->key == key || c->key == TK_KEY_ALL;
}

static void find_in_sector(struct tk_store *s, uint32_t seq, struct tk_store_query *queries,
                           size_t count)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, seq);
    while (tk_cursor_next(s, &c)) {
        for (struct tk_store_query *q = queries; q < queries + count; q++) {
            if (concerns(&c, q->key) && (q->found.at == 0 || q->found.seq == seq))
                q->found = c;
        }
    }
}

static bool is_any_missing(const struct tk_store_query *queries, size_t count)
{
    while (count > 0 && queries[count - 1].found.at != 0)
        count--;
    return count > 0;
}

void tk_find(struct tk_store *s, struct tk_store_query *queries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        queries[i].found.at = 0;
    for (uint32_t seq = s->seq; seq >= tk_media_oldest(s) && is_any_missing(queries, count); seq--)
        find_in_sector(s, seq, queries, count);
}

void tk_find_previous(struct tk_store *s, struct tk_store_query *query)
{
    struct tk_cursor c, newest = {.deleted = true}, previous = newest;
    uint32_t oldest = tk_media_oldest(s), dead = oldest - (oldest > 1);
    uint8_t health = s->health;

    /* The dead sector counts if it is intact. It may be half erased, so damage in it is not
     * reported. */
    for (uint32_t seq = dead; seq <= s->seq; seq++) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            if (!concerns(&c, query->key))
                continue;
            previous = c.is_copy ? previous : newest;
            newest = c;
        }
        if (seq < oldest && c.at != c.limit)
            newest = previous = (struct tk_cursor){.deleted = true};
    }
    s->health = health;
    query->found = newest.deleted ? newest : previous;
}

void tk_find_records(struct tk_store *s, const struct tk_store_value *values, size_t count,
                     uint32_t *at)
{
    uint32_t size = s->flash->sector_size, left = (uint32_t)count;
    struct tk_cursor c;

    memset(at, 0, count * sizeof *at);
    for (uint32_t seq = s->seq; seq >= tk_media_oldest(s) && left > 0; seq--) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            for (size_t i = 0; i < count; i++) {
                if (!concerns(&c, values[i].key) || (at[i] != 0 && at[i] / size != c.at / size))
                    continue;
                left -= at[i] == 0;
                at[i] = c.at;
            }
        }
    }
}

void tk_cursor_find(struct tk_store *s, struct tk_cursor *c, uint16_t key, uint32_t at)
{
    uint32_t seq = s->seq;

    while (tk_media_sector(s, seq) != at - at % s->flash->sector_size)
        seq--;
    tk_cursor_first(s, c, seq);
    c->end = at;
    c->at = 0;
    while (tk_cursor_next(s, c) && !concerns(c, key))
        ;
}

/* --- live entries --- */

uint32_t tk_keys_repeated(struct tk_store *s)
{
    uint32_t once = 0, more = 0, bit;
    struct tk_cursor c;

    for (uint32_t seq = tk_media_oldest(s); seq <= s->seq; seq++) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            bit = (uint32_t)1 << c.key % 32;
            more |= c.key == TK_KEY_ALL ? UINT32_MAX : once & bit;
            once |= bit;
        }
    }
    return more;
}

bool tk_cursor_is_live(struct tk_store *s, uint32_t repeated, const struct tk_cursor *e)
{
    struct tk_cursor newer = *e;

    if (e->deleted)
        return false;
    while ((repeated >> e->key % 32 & 1) != 0) {
        while (tk_cursor_next(s, &newer)) {
            if (concerns(&newer, e->key))
                return false;
        }
        if (newer.seq == s->seq)
            break;
        tk_cursor_first(s, &newer, newer.seq + 1);
    }
    return true;
}
