/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_walk.h"

#include "tk_store_read.h"

#include <string.h>

/* --- from record to record --- */

/* Where the records of an older sector end: the next header says so. Below the sectors that count,
 * numbers may be missing. */
static uint32_t end_of(struct tk_store *s, uint32_t seq)
{
    struct tk_header h;

    while (++seq != s->top.seq) {
        if (tk_header_read(s, seq, &h))
            return h.prev_end;
        if (seq >= s->oldest && !tk_media_is_worn(s, seq))
            return s->flash->sector_size;
    }
    return s->top.prev_end;
}

void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_media_sector(s, seq);

    memset(c, 0, sizeof *c);
    c->seq = seq;
    c->end = sector + tk_header_records(s);
    c->limit = sector + s->flash->sector_size;
    if (seq == s->top.seq)
        c->limit = s->append_at != 0 ? s->append_at : s->limit;
    else if (seq < s->top.seq) /* the number of a worn sector was passed by */
        c->limit = tk_media_is_worn(s, seq) ? 0 : sector + end_of(s, seq);
}

/* The first of the two heads of a key from TK_KEY_WIDE on. */
static bool is_wide(const struct tk_store *s, const struct tk_cursor *c, uint32_t head)
{
    return (head & 0xff) >= TK_KEY_WIDE && (head & 0xff) != TK_KEY_ALL &&
           !tk_media_is_old(s, c->seq);
}

static uint32_t part_len(uint32_t head)
{
    uint32_t len = head >> 8;

    return len == TK_HEAD_LONG ? TK_HEAD_PART : len == TK_HEAD_DELETED ? 0 : len;
}

/* Reads a head until it reads the same twice: the check does not cover it. */
static uint32_t next_head(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t at = c->at + 1 + 2u * c->next_head++, head = UINT32_MAX, again = 0;

    for (int i = 0; i < 4 && head != again; i++) {
        again = head;
        head = tk_media_number(s, at, 2);
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
    uint32_t head, len;

    if (c->next_head >= c->heads)
        return false;
    c->value += c->len;
    head = next_head(s, c);
    c->key = head & 0xff;
    if (is_wide(s, c, head)) {
        c->key = (uint16_t)(TK_KEY_WIDE + (c->key - TK_KEY_WIDE) * 256 + (head >> 8));
        head = next_head(s, c);
    }
    for (len = part_len(head); head >> 8 == TK_HEAD_LONG && c->next_head < c->heads;
         len += part_len(head))
        head = next_head(s, c);
    c->len = (uint16_t)len;
    c->deleted = head >> 8 == TK_HEAD_DELETED;
    c->is_all = c->deleted && c->key == TK_KEY_ALL;
    return true;
}

/* Parses the heads of the record at c->at. Its values may still be damaged. */
static bool parse(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t head = 0xff, crc = tk_crc_begin(s, c->seq);

    if (c->at + 1 + TK_RECORD_FRAME <= c->limit)
        head = tk_media_number(s, c->at, 1);
    c->is_copy = head >= TK_RECORD_COPY;
    c->heads = head % TK_RECORD_COPY;
    tk_cursor_rewind(s, c);
    c->end = c->at + tk_record_frame(s) + 2u * c->heads;
    if (c->heads == 0 || c->heads > TK_RECORD_HEADS || c->end > c->limit)
        return false;
    crc = tk_crc_add_number(crc, head, 1);
    for (uint32_t i = 0;; i++) {
        head = tk_media_number(s, c->at + 1 + 2 * i, 2);
        if (i == c->heads)
            break;
        crc = tk_crc_add_number(crc, head, 2);
        c->end += is_wide(s, c, head) ? 0 : part_len(head);
    }
    return (uint16_t)crc == head && c->end <= c->limit;
}

/* Whether the record is known to have been complete once: another record follows it, or it is the
 * last one of an older sector or of those that the newest sector was opened with. */
static bool is_followed(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t at = c->at;
    bool followed;

    c->at = tk_media_align(s, c->end);
    followed = c->at == c->limit || c->at == s->top.opened_end || parse(s, c);
    c->at = at;
    return followed && parse(s, c);
}

/* Tries the single-bit errors of count, heads and check. */
static bool repair_heads(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t bad_bit = s->bad_bit, left = 8 * (3 + 2u * c->heads);

    while (left-- > 0) {
        s->bad_bit = 8 * c->at + left;
        if (parse(s, c) && tk_record_is_whole(s, c) && is_followed(s, c)) {
            s->health |= TK_STORE_CORRECTED;
            return true;
        }
    }
    s->bad_bit = bad_bit;
    s->health |= TK_STORE_OLDER;
    if (c->seq == s->top.seq) /* what is appended would not be found */
        s->sector_closed = true;
    return false;
}

/* Asks twice: the first time may have been a misread. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c)
{
    c->at = tk_media_align(s, c->end);
    return parse(s, c) ||
           (c->heads != TK_RECORD_BLANK && !s->read_failed && (parse(s, c) || repair_heads(s, c)));
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

/* Flash offset of the newest record that has an entry of the key; 0: none. */
static uint32_t search(struct tk_store *s, uint16_t key)
{
    struct tk_cursor c;
    uint32_t at = 0;

    for (uint32_t seq = s->top.seq; at == 0 && seq >= tk_media_oldest(s); seq--) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c))
            at = concerns(&c, key) ? c.at : at;
    }
    return at;
}

#if TK_STORE_INDEX > 0
/* counts: the sector may hold live values. is_whole: and values before those. */
static void note(struct tk_store_index *index, const struct tk_cursor *c, uint32_t key, bool counts,
                 bool is_whole)
{
    if (counts)
        index->newest[key] = c->at;
    if (!is_whole)
        return;
    if (!c->is_copy)
        index->previous[key] = index->last[key];
    index->last[key] = c->deleted ? 0 : c->at;
}

/* Adds the entries behind the cursor. */
static void add_entries(struct tk_store *s, struct tk_cursor *c, bool counts, bool is_whole)
{
    while (tk_cursor_next(s, c)) {
        if (c->key < TK_STORE_INDEX && !c->is_all)
            note(&s->index, c, c->key, counts, is_whole);
        for (uint32_t key = 0; key < TK_STORE_INDEX && c->is_all; key++)
            note(&s->index, c, key, counts, is_whole);
    }
}

/* What search and tk_find_previous would find. */
static void add_sector(struct tk_store *s, uint32_t seq, bool counts)
{
    struct tk_store_index *index = &s->index;
    uint8_t health = s->health;
    struct tk_header h;
    struct tk_cursor c;
    bool is_whole = tk_header_read(s, seq, &h);

    if (is_whole || counts) {
        tk_cursor_first(s, &c, seq);
        add_entries(s, &c, counts, is_whole);
        is_whole = is_whole && (seq == s->top.seq || c.at == c.limit);
    }
    if (!is_whole) {
        memset(index->last, 0, sizeof index->last);
        memset(index->previous, 0, sizeof index->previous);
    }
    index->is_whole = is_whole;
    s->health = counts ? s->health : health;
}

/* Brings the index up to date: after a commit its record is added, else all are read. */
static void update_index(struct tk_store *s)
{
    struct tk_store_index *index = &s->index;
    uint32_t oldest = tk_media_oldest(s), seq = s->top.seq, from = index->append_at;
    bool is_older = index->seq == seq && index->oldest == oldest && from != 0;
    struct tk_cursor c;

    if (is_older && from == s->append_at)
        return;
    if (is_older && from < s->append_at) {
        tk_cursor_first(s, &c, seq);
        c.end = from;
        add_entries(s, &c, true, index->is_whole);
    } else {
        memset(index, 0, sizeof *index);
        for (uint32_t i = s->top.sectors; i-- > 0;)
            add_sector(s, seq - i, seq - i >= oldest && seq - i <= seq);
    }
    index->seq = seq;
    index->oldest = oldest;
    index->append_at = s->read_failed ? 0 : s->append_at;
}

static bool is_indexed(struct tk_store *s, uint16_t key)
{
    if (key >= TK_STORE_INDEX || s->append_at == 0)
        return false;
    update_index(s);
    return true;
}
#endif

static uint32_t newest_of(struct tk_store *s, uint16_t key)
{
#if TK_STORE_INDEX > 0
    if (is_indexed(s, key))
        return s->index.newest[key];
#endif
    return search(s, key);
}

/* Places the cursor at the entry of a key in the record at this flash offset, which has one. */
static void go_to(struct tk_store *s, struct tk_cursor *c, uint32_t at, uint16_t key)
{
    uint32_t seq = s->top.seq;

    while (seq % s->top.sectors != at / s->flash->sector_size)
        seq--;
    tk_cursor_first(s, c, seq);
    c->end = at;
    while (at != 0 && tk_cursor_next(s, c) && !concerns(c, key))
        ;
    if (c->deleted)
        c->at = 0;
}

void tk_find(struct tk_store *s, struct tk_cursor *c, uint16_t key)
{
    go_to(s, c, newest_of(s, key), key);
}

/* The dead sector counts if it is intact. It may be half erased, so damage in it is not reported.
 * Below a complete sector, those count that are still there. */
void tk_find_previous(struct tk_store *s, struct tk_cursor *c, uint16_t key)
{
    uint32_t newest = 0, previous = 0;
    uint8_t health = s->health;
    struct tk_header h;

#if TK_STORE_INDEX > 0
    if (is_indexed(s, key)) {
        go_to(s, c, s->index.last[key] == 0 ? 0 : s->index.previous[key], key);
        return;
    }
#endif
    for (uint32_t i = s->top.sectors; i-- > 0;) {
        uint32_t seq = s->top.seq - i;
        bool is_whole = tk_header_read(s, seq, &h);

        if (is_whole) {
            tk_cursor_first(s, c, seq);
            while (tk_cursor_next(s, c)) {
                if (!concerns(c, key))
                    continue;
                previous = c->is_copy ? previous : newest;
                newest = c->deleted ? 0 : c->at;
            }
            is_whole = i == 0 || c->at == c->limit;
        }
        if (!is_whole)
            newest = previous = 0;
    }
    go_to(s, c, newest == 0 ? 0 : previous, key);
    s->health = health;
}

/* --- live entries --- */

static uint32_t word_of(uint32_t key)
{
    return key < 256 ? key / 32 : 8;
}

void tk_keys_add(struct tk_store *s, struct tk_keys *keys, struct tk_cursor *c, uint32_t seq)
{
    tk_cursor_first(s, c, seq);
    while (tk_cursor_next(s, c)) {
        keys->seen[word_of(c->key)] |= (uint32_t)1 << c->key % 32;
        if (c->is_all)
            memset(keys, 0xff, sizeof *keys);
    }
}

/* Those from 256 on share bits: for them the newer sectors are searched. */
bool tk_cursor_is_live(struct tk_store *s, const struct tk_keys *newer, const struct tk_cursor *e)
{
    bool is_seen = (newer->seen[word_of(e->key)] >> e->key % 32 & 1) != 0;
    bool is_live = !e->deleted && !(is_seen && e->key < 256);
    struct tk_cursor c = *e;

#if TK_STORE_INDEX > 0
    if (is_live && e->key < TK_STORE_INDEX)
        return newest_of(s, e->key) == e->at;
#endif
    for (uint32_t seq = is_seen ? s->top.seq : e->seq; is_live && seq >= e->seq; seq--) {
        if (seq > e->seq)
            tk_cursor_first(s, &c, seq);
        else
            c = *e;
        while (is_live && tk_cursor_next(s, &c))
            is_live = !concerns(&c, e->key);
    }
    return is_live;
}
