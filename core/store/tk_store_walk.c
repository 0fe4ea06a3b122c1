/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_walk.h"

#include "tk_store_read.h"

#include <string.h>

#define PAIRS 5 /* pairs of bytes, heads or their check, read at a time */

/* --- from record to record --- */

/* Where the records of an older sector end: the next header says so. Below the sectors that count,
 * numbers may be missing. */
static uint32_t end_of(struct tk_store *s, uint32_t seq)
{
    uint32_t end = s->flash->sector_size, next = seq;
    struct tk_header h;

    do {
        next++;
        if (next == s->seq)
            return s->prev_end;
        if (tk_header_read(s, next, &h))
            return h.prev_end;
    } while (next < s->oldest || tk_media_is_worn(s, next % s->ring));
    return end;
}

void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_media_sector(s, seq);

    memset(c, 0, sizeof *c);
    c->seq = seq;
    c->end = sector + tk_header_records(s);
    c->limit = tk_media_sector_end(s, seq);
    if (seq == s->seq)
        c->limit = s->append_at != 0 ? s->append_at : s->limit;
    else if (seq < s->seq) /* the number of a worn sector was passed by */
        c->limit = tk_media_is_worn(s, seq % s->ring) ? 0 : sector + end_of(s, seq);
}

static bool is_old(const struct tk_store *s, uint32_t seq)
{
    return s->format < TK_FORMAT && seq <= s->seq;
}

/* The first of the two heads of a key from TK_KEY_WIDE on. */
static bool is_wide(const struct tk_store *s, const struct tk_cursor *c, uint32_t head)
{
    return (head & 0xff) >= TK_KEY_WIDE && (head & 0xff) != TK_KEY_ALL && !is_old(s, c->seq);
}

static uint32_t part_len(uint32_t head)
{
    uint32_t len = head >> 8;

    return len == TK_HEAD_LONG ? TK_HEAD_PART : len == TK_HEAD_DELETED ? 0 : len;
}

/* Most records have few heads: those are read only once. The check does not cover reading the
 * others again. */
static uint32_t head_at(struct tk_store *s, const struct tk_cursor *c, uint8_t index)
{
    uint32_t head = 0, again = 1;

    if (index < sizeof c->first_heads / sizeof c->first_heads[0])
        return c->first_heads[index];
    for (int i = 0; i < 4 && head != again; i++) {
        again = head;
        head = tk_media_number(s, c->at + 1 + 2u * index, 2);
    }
    return head;
}

void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c)
{
    c->next_head = 0;
    c->len = 0;
    c->value = tk_record_values(s, c);
}

bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t head, wide = 0;

    if (c->next_head == c->heads)
        return false;
    c->value += c->len;
    c->len = 0;
    head = head_at(s, c, c->next_head++);
    if (is_wide(s, c, head) && c->next_head < c->heads) {
        wide = TK_KEY_WIDE + ((head & 0xff) - TK_KEY_WIDE) * 256 + (head >> 8);
        head = head_at(s, c, c->next_head++);
    }
    c->key = (uint16_t)(wide != 0 ? wide : head & 0xff);
    c->len = (uint16_t)part_len(head);
    while (head >> 8 == TK_HEAD_LONG && c->next_head < c->heads) {
        head = head_at(s, c, c->next_head++);
        c->len = (uint16_t)(c->len + part_len(head));
    }
    c->deleted = head >> 8 == TK_HEAD_DELETED;
    c->is_all = c->deleted && c->key == TK_KEY_ALL && wide == 0;
    return true;
}

/* Reads heads and check; false if the check does not match: see c->syndrome. crc: of the count;
 * pairs: the first two pairs of bytes, which were read with the count. */
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
        if (i == c->heads) {
            c->syndrome = (uint16_t)(crc ^ head);
            return c->syndrome == 0;
        }
        crc = tk_crc_add_number(crc, head, 2);
        c->end += is_wide(s, c, head) ? 0 : part_len(head);
        if (i < sizeof c->first_heads / sizeof c->first_heads[0])
            c->first_heads[i] = (uint16_t)head;
    }
}

/* Parses the heads of the record at c->at. Its values may still be damaged. */
bool tk_cursor_parse(struct tk_store *s, struct tk_cursor *c)
{
    uint8_t some[1 + 2 * PAIRS];

    some[0] = 0xff;
    if (c->at + 1 + TK_RECORD_FRAME <= c->limit)
        tk_media_read(s, c->at, some, 1 + 2 * 2);
    c->is_copy = some[0] >= TK_RECORD_COPY;
    c->heads = some[0] % TK_RECORD_COPY;
    c->syndrome = 0;
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
    followed = c->at == c->limit || c->at == opened_end || tk_cursor_parse(s, c);
    c->at = at;
    return followed && tk_cursor_parse(s, c);
}

/* Whether the record is right with this bit changed. */
static bool is_right_with(struct tk_store *s, struct tk_cursor *c, uint32_t bit)
{
    s->bad_bit = bit;
    return tk_cursor_parse(s, c) && tk_record_is_whole(s, c) && is_followed(s, c);
}

/* Tries the single-bit errors of count, heads and check, from the end on: of heads and check only
 * those that the syndrome allows. */
static bool repair_heads(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t bad_bit = s->bad_bit, first = 8 * c->at, end = first + 8 * (1 + 2u * c->heads);
    uint32_t syndrome = c->syndrome, difference = 0;
    bool good = false;

    for (uint32_t bit = end + 16; bit-- > first && !good;) {
        difference = bit >= end ? 1u << (bit - end) : tk_crc_before(difference, bit == end - 1);
        good = (bit < first + 8 || (difference & 0xffff) == syndrome) && is_right_with(s, c, bit);
    }
    s->bad_bit = good ? s->bad_bit : bad_bit;
    s->health |= good ? TK_STORE_CORRECTED : TK_STORE_OLDER;
    return good;
}

/* Asks twice: the first time may have been a misread. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t end = c->end;

    c->at = tk_media_align(s, end);
    return tk_cursor_parse(s, c) || (c->heads != TK_RECORD_BLANK && !s->read_failed &&
                                     (tk_cursor_parse(s, c) || repair_heads(s, c)));
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
    return c->key == key || c->is_all;
}

void tk_find(struct tk_store *s, const uint16_t *key, size_t key_step, uint32_t *at, size_t at_step,
             size_t count)
{
    uint32_t size = s->flash->sector_size, left = (uint32_t)count, *place;
    struct tk_cursor c;

    for (size_t i = 0; i < count; i++)
        *(uint32_t *)((char *)at + i * at_step) = 0;
    for (uint32_t seq = s->seq; seq >= tk_media_oldest(s) && left > 0; seq--) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            for (size_t i = 0; i < count; i++) {
                place = (uint32_t *)((char *)at + i * at_step);
                if (!concerns(&c, *(const uint16_t *)((const char *)key + i * key_step)) ||
                    (*place != 0 && *place / size != c.at / size))
                    continue;
                left -= *place == 0;
                *place = c.at;
            }
        }
    }
}

/* The dead sector counts if it is intact. It may be half erased, so damage in it is not reported.
 * Below a complete sector, those count that are still there. */
uint32_t tk_find_previous(struct tk_store *s, uint16_t key)
{
    uint32_t newest = 0, previous = 0, oldest = tk_media_oldest(s);
    uint8_t health = s->health;
    struct tk_header h;
    struct tk_cursor c;

    for (uint32_t seq = s->seq >= s->ring ? s->seq - s->ring + 1 : 1; seq <= s->seq; seq++) {
        if (tk_media_is_worn(s, seq % s->ring))
            continue;
        bool is_there = seq >= oldest || s->oldest != oldest || tk_header_read(s, seq, &h);

        tk_cursor_first(s, &c, seq);
        while (is_there && tk_cursor_next(s, &c)) {
            if (!concerns(&c, key))
                continue;
            previous = c.is_copy ? previous : newest;
            newest = c.deleted ? 0 : c.at;
        }
        if (!is_there || (seq < s->seq && c.at != c.limit))
            newest = previous = 0;
    }
    s->health = health;
    return newest == 0 ? 0 : previous;
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

static bool has_key(const struct tk_keys *keys, uint32_t key)
{
    return (keys->seen[key / 32 % 8] >> key % 32 & 1) != 0;
}

void tk_keys_add(struct tk_store *s, struct tk_keys *keys, struct tk_cursor *c, uint32_t seq)
{
    tk_cursor_first(s, c, seq);
    while (tk_cursor_next(s, c)) {
        if (c->is_all)
            memset(keys->seen, 0xff, sizeof keys->seen);
        else if (c->key < 256)
            keys->seen[c->key / 32] |= (uint32_t)1 << c->key % 32;
        keys->has_more = keys->has_more || c->is_all || c->key >= 256;
    }
}

/* Whether a later entry in the cursor's sector, or in newer ones, replaces this. */
static bool is_replaced(struct tk_store *s, struct tk_cursor *later, uint16_t key, uint32_t last)
{
    for (;;) {
        while (tk_cursor_next(s, later)) {
            if (concerns(later, key))
                return true;
        }
        if (later->seq >= last)
            return false;
        tk_cursor_first(s, later, later->seq + 1);
    }
}

bool tk_cursor_is_live(struct tk_store *s, const struct tk_keys *newer, const struct tk_cursor *e)
{
    struct tk_cursor later = *e;

    if (e->deleted || (e->key < 256 && has_key(newer, e->key)))
        return false;
    return !is_replaced(s, &later, e->key, e->key >= 256 && newer->has_more ? s->seq : e->seq);
}
