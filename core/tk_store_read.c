/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_private.h"

#include <string.h>

#define POLYNOMIAL 0xedb88320u /* of CRC-32/ISO-HDLC, bits turned round */
#define SEALED     0x5ea1ed00u /* sets what is sealed apart from what is not */
#define CHUNK      32          /* bytes that are read at a time */

uint32_t tk_store_sector(const struct tk_store *s, uint32_t seq)
{
    return seq % s->flash->sectors * s->flash->sector_size;
}

uint32_t tk_store_align(const struct tk_store *s, uint32_t at)
{
    return (at + s->flash->unit - 1) / s->flash->unit * s->flash->unit;
}

uint32_t tk_store_oldest(const struct tk_store *s)
{
    uint32_t others = s->flash->sectors - 2; /* the newest is one, and one is dead */

    return s->seq > others + 1 ? s->seq - others : 1;
}

void tk_store_read(struct tk_store *s, uint32_t at, void *buf, size_t len)
{
    uint32_t wrong = s->fix / 8 - at;

    if (s->unread || s->flash->read(s->flash->ctx, at, buf, len) != TK_FLASH_OK) {
        s->unread = true;
        memset(buf, 0xff, len);
    }
    if (wrong < len)
        ((uint8_t *)buf)[wrong] ^= (uint8_t)(1 << s->fix % 8);
}

uint32_t tk_store_number(struct tk_store *s, uint32_t at, int bytes)
{
    uint32_t number = 0;
    uint8_t le[4];

    tk_store_read(s, at, le, (size_t)bytes);
    while (bytes-- > 0)
        number = number << 8 | le[bytes];
    return number;
}

/* --- a record --- */

/* So many times four bits further. */
static uint32_t shift(uint32_t crc, int nibbles)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    while (nibbles-- > 0)
        crc = crc >> 4 ^ table[crc & 15];
    return crc;
}

uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq)
{
    return shift(~(seq ^ (s->seal != NULL ? SEALED : 0)), 8);
}

uint32_t tk_crc_add(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len-- > 0)
        crc = shift(crc ^ *p++, 2);
    return crc;
}

uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c)
{
    return c->at + 3 + 2u * c->heads + (s->seal != NULL ? TK_STORE_NONCE : 0);
}

uint32_t tk_record_frame(const struct tk_store *s)
{
    return TK_RECORD_FRAME + (s->seal != NULL ? TK_STORE_NONCE + TK_STORE_TAG : 0);
}

/* Gives each want what a chunk has of its value. */
static void hand_out(const struct tk_cursor *c, uint32_t at, const uint8_t *chunk, uint32_t n,
                     struct tk_store_want *wants, size_t count)
{
    for (struct tk_store_want *w = wants; w < wants + count; w++) {
        const struct tk_cursor *f = &w->found;
        uint32_t from = at > f->value ? at : f->value;
        uint32_t to = at + n < f->value + f->len ? at + n : f->value + f->len;

        if (f->at == c->at && from < to)
            memcpy((uint8_t *)w->buf + (from - f->value), chunk + (from - at), to - from);
    }
}

/* By what its CRC-32 is off. */
static uint32_t read_through(struct tk_store *s, const struct tk_cursor *c,
                             struct tk_store_want *wants, size_t count)
{
    uint32_t crc = tk_crc_begin(s, c->seq);
    uint8_t chunk[CHUNK];

    for (uint32_t at = c->at, n; at < c->end; at += n) {
        n = c->end - at < CHUNK ? c->end - at : CHUNK;
        tk_store_read(s, at, chunk, n);
        crc = tk_crc_add(crc, chunk, n);
        hand_out(c, at, chunk, n, wants, count);
    }
    return crc ^ TK_CRC_RESIDUE;
}

/* Which of so many bits, counted from 1 at their end, is wrong where it alone is; 0: none. */
static uint32_t wrong_bit(uint32_t syndrome, uint32_t bits)
{
    uint32_t difference = POLYNOMIAL;

    for (uint32_t bit = 1; bit <= bits; bit++) {
        if (difference == syndrome)
            return bit;
        difference = difference >> 1 ^ (-(difference & 1) & POLYNOMIAL);
    }
    return 0;
}

void tk_record_unseal(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *data,
                      size_t len)
{
    uint32_t values = tk_record_values(s, c);
    uint8_t nonce[TK_STORE_NONCE];

    if (s->seal == NULL)
        return;
    tk_store_read(s, values - TK_STORE_NONCE, nonce, sizeof nonce);
    s->seal->crypt(s->seal->ctx, nonce, at - values, data, len);
}

void tk_store_begin_seal(struct tk_store *s, const uint8_t *nonce, uint32_t seq)
{
    const uint8_t le[4] = {(uint8_t)seq, (uint8_t)(seq >> 8), (uint8_t)(seq >> 16),
                           (uint8_t)(seq >> 24)};

    s->seal->begin(s->seal->ctx, nonce);
    s->seal->head(s->seal->ctx, le, sizeof le);
}

static void tell_seal(struct tk_store *s, void (*tell)(void *ctx, const void *data, size_t len),
                      uint32_t at, uint32_t end)
{
    uint8_t chunk[CHUNK];

    for (uint32_t n; at < end; at += n) {
        n = end - at < CHUNK ? end - at : CHUNK;
        tk_store_read(s, at, chunk, n);
        tell(s->seal->ctx, chunk, n);
    }
}

static bool is_authentic(struct tk_store *s, const struct tk_cursor *c)
{
    const struct tk_store_seal *seal = s->seal;
    uint32_t values = tk_record_values(s, c), tag_at = c->end - 4 - TK_STORE_TAG;
    uint8_t nonce[TK_STORE_NONCE], tag[TK_STORE_TAG], differs = 0;

    tk_store_read(s, values - TK_STORE_NONCE, nonce, sizeof nonce);
    tk_store_begin_seal(s, nonce, c->seq);
    tell_seal(s, seal->head, c->at, c->at + 1 + 2u * c->heads);
    tell_seal(s, seal->values, values, tag_at);
    seal->end(seal->ctx, tag);
    for (uint32_t i = 0; i < TK_STORE_TAG; i++)
        differs |= tag[i] ^ (uint8_t)tk_store_number(s, tag_at + i, 1);
    return differs == 0;
}

bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c)
{
    return read_through(s, c, NULL, 0) == 0;
}

/* Reads it with a wrong bit put right, where that is the only one. */
static bool read_corrected(struct tk_store *s, const struct tk_cursor *c, uint32_t syndrome,
                           struct tk_store_want *wants, size_t count)
{
    uint32_t bit = wrong_bit(syndrome, 8 * (c->end - c->at));

    if (bit == 0)
        return false;
    s->fix = 8 * c->end - bit;
    s->health |= TK_STORE_CORRECTED;
    s->wounded = true;
    return read_through(s, c, wants, count) == 0;
}

bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, struct tk_store_want *wants,
                    size_t count)
{
    uint32_t syndrome = read_through(s, c, wants, count);

    if ((syndrome != 0 && !read_corrected(s, c, syndrome, wants, count)) ||
        (s->seal != NULL && !is_authentic(s, c)))
        return false;
    for (struct tk_store_want *w = wants; w < wants + count; w++) {
        if (w->found.at == c->at)
            tk_record_unseal(s, c, w->found.value, w->buf, w->found.len);
    }
    return true;
}

/* --- the header of a sector --- */

static uint32_t number(const uint8_t *le)
{
    return le[0] | (uint32_t)le[1] << 8 | (uint32_t)le[2] << 16 | (uint32_t)le[3] << 24;
}

/* What it says is true from its first bit on, so that no cut can look like a wrong bit. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h)
{
    uint32_t at = tk_store_sector(s, seq) + copy * tk_store_align(s, TK_HEADER_SIZE);
    uint32_t syndrome, bit = 8 * TK_HEADER_SIZE;
    uint8_t bytes[TK_HEADER_SIZE];

    tk_store_read(s, at, bytes, sizeof bytes);
    syndrome = tk_crc_add(tk_crc_begin(s, 0), bytes, sizeof bytes) ^ TK_CRC_RESIDUE;
    if (syndrome != 0) {
        bit -= wrong_bit(syndrome, 8 * TK_HEADER_SIZE);
        if (bit == 8 * TK_HEADER_SIZE)
            return false;
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        s->health |= TK_STORE_CORRECTED;
    }
    *h = (struct tk_header){number(bytes), number(bytes + 4), number(bytes + 8)};
    return h->seq != 0 && tk_store_sector(s, h->seq) == tk_store_sector(s, seq) &&
           h->end <= s->flash->sector_size && h->opened <= s->flash->sector_size;
}

bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h)
{
    return tk_header_read_copy(s, seq, 0, h) || tk_header_read_copy(s, seq, 1, h);
}

/* --- from record to record --- */

void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_store_sector(s, seq);
    struct tk_header next;

    memset(c, 0, sizeof *c);
    c->seq = seq;
    c->end = sector + 2 * tk_store_align(s, TK_HEADER_SIZE);
    c->limit = sector + s->flash->sector_size;
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
    if (2u * index < sizeof c->first)
        return c->first[2 * index] | (uint32_t)c->first[2 * index + 1] << 8;
    return tk_store_number(s, c->at + 1 + 2u * index, 2);
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
        c->len += part_len(head);
    }
    c->key = (uint8_t)head;
    c->deleted = head >> 8 == TK_HEAD_DELETED;
    return true;
}

/* What stands at c->at, by its heads; its values may be damaged. */
static bool parse(struct tk_store *s, struct tk_cursor *c)
{
    uint32_t at = c->at + 1, crc;
    uint8_t count = 0xff, head[2];

    if (at + TK_RECORD_FRAME <= c->limit)
        tk_store_read(s, c->at, &count, 1);
    crc = tk_crc_add(tk_crc_begin(s, c->seq), &count, 1);
    c->moved = count >= TK_RECORD_MOVED;
    c->heads = count % TK_RECORD_MOVED;
    c->next = 0;
    c->value = tk_record_values(s, c);
    c->len = 0;
    c->end = c->at + tk_record_frame(s) + 2u * c->heads;
    if (c->heads == 0 || c->heads > TK_RECORD_HEADS || c->end > c->limit)
        return false;
    tk_store_read(s, at, c->first, c->heads < 4 ? 2u * c->heads : sizeof c->first);
    for (unsigned i = 0; i < c->heads; i++, at += 2) {
        const uint8_t *h = c->first + 2 * i;

        if (2 * i >= sizeof c->first) {
            tk_store_read(s, at, head, 2);
            h = head;
        }
        crc = tk_crc_add(crc, h, 2);
        c->end += part_len(h[0] | (uint32_t)h[1] << 8);
    }
    return c->end <= c->limit && tk_store_number(s, at, 2) == (crc & 0xffff);
}

/* Whether something stands where a record ends, or it is the last one of a sector that was left:
 * then it was whole once. */
static bool is_followed(struct tk_store *s, const struct tk_cursor *c)
{
    struct tk_cursor next = *c;

    next.at = tk_store_align(s, c->end);
    return next.at == c->limit || parse(s, &next);
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

void tk_record_find_before(struct tk_store *s, struct tk_store_want *want)
{
    struct tk_cursor c, now = {.deleted = true}, before = now;
    uint32_t seq = tk_store_oldest(s);
    uint8_t health = s->health;

    /* The dead sector is looked at too. It may be half erased: what is damaged there is no news. */
    for (seq -= seq > 1; seq <= s->seq; seq++) {
        tk_cursor_first(s, &c, seq);
        while (tk_cursor_next(s, &c)) {
            if (!is_of(&c, want->key))
                continue;
            before = c.moved ? before : now;
            now = c;
        }
    }
    s->health = health;
    want->found = now.deleted ? now : before;
}
