/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_ring.h"

#include <string.h>

#define MAGIC      0x32534b54u /* "TKS2" */
#define POLYNOMIAL 0xedb88320u
#define HEADS_MAX  64 /* bytes at the front of a record in which a flipped bit is looked for */
#define BLANK      0xffff
#define RESUMED    0x8000
#define LEN_MAX    0x7ffe

enum { CODE_BEFORE = 124, CODE_DELETED = 125, CODE_MOVED = 126, CODE_LONG = 127 };

/* CRC-32/ISO-HDLC, half a byte at a time. */
uint32_t tk_ring_crc(uint32_t crc, const uint8_t *p, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc = ~crc;
    while (len-- > 0) {
        crc ^= *p++;
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* CRC-8 with the polynomial 0x07: no single bit passes. */
uint8_t tk_ring_check(uint8_t check, const uint8_t *p, size_t len)
{
    while (len-- > 0) {
        check ^= *p++;
        for (int i = 0; i < 8; i++)
            check = (uint8_t)(check << 1 ^ (check & 0x80 ? 0x07 : 0));
    }
    return check;
}

void tk_ring_put(uint8_t *p, uint32_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get(const uint8_t *p, int bytes)
{
    uint32_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint32_t)p[i] << 8 * i;
    return value;
}

uint32_t tk_ring_sector(struct tk_store *s, uint32_t seq)
{
    return seq % s->flash->sectors * s->flash->sector_size;
}

uint32_t tk_ring_align(struct tk_store *s, uint32_t at)
{
    return (at + s->flash->unit - 1) / s->flash->unit * s->flash->unit;
}

int tk_ring_read(struct tk_store *s, const struct tk_ring_record *r, uint32_t at, void *buf,
                 size_t len)
{
    uint32_t bit = r->fix - 1;

    if (s->flash->read(s->flash->ctx, at, buf, len) != TK_FLASH_OK) {
        s->unread = true;
        return TK_STORE_FLASH;
    }
    if (r->fix != 0 && bit / 8 >= at && bit / 8 < at + len)
        ((uint8_t *)buf)[bit / 8 - at] ^= (uint8_t)(1 << bit % 8);
    return TK_STORE_OK;
}

/* --- a sector's header --- */

/* A bit that flipped is looked for: a header that was torn holds no records. */
bool tk_ring_header(struct tk_store *s, uint32_t seq, uint32_t *end)
{
    uint8_t h[TK_RING_HEADER];
    struct tk_ring_record none = {.fix = 0};

    if (tk_ring_read(s, &none, tk_ring_sector(s, seq), h, sizeof h) != TK_STORE_OK)
        return false;
    for (unsigned bit = 0; bit <= 8 * sizeof h; bit++) {
        if (get(h, 4) == MAGIC && get(h + 4, 4) == seq && get(h + 12, 4) == tk_ring_crc(0, h, 12)) {
            *end = get(h + 8, 4);
            return true;
        }
        if (bit > 0)
            h[(bit - 1) / 8] ^= (uint8_t)(1 << (bit - 1) % 8);
        if (bit < 8 * sizeof h)
            h[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    return false;
}

/* --- a record --- */

bool tk_ring_entry(struct tk_store *s, const struct tk_ring_record *r, struct tk_ring_entry *e)
{
    uint8_t head[4];

    e->value += e->len;
    if (e->at + 1 >= r->values || tk_ring_read(s, r, e->at, head, 2) != TK_STORE_OK)
        return false;
    e->at += 2;
    e->key = head[0];
    e->kind = head[1] < 128 ? TK_RING_PLAIN : TK_RING_MOVED;
    e->len = head[1] & 127;
    if (e->len < CODE_BEFORE)
        return true;
    e->kind = e->len == CODE_BEFORE    ? TK_RING_BEFORE
              : e->len == CODE_DELETED ? TK_RING_DELETED
              : e->len == CODE_MOVED   ? TK_RING_MOVED
                                       : TK_RING_PLAIN;
    e->len = 0;
    if (e->kind == TK_RING_DELETED)
        return true;
    if (tk_ring_read(s, r, e->at, head, 2) != TK_STORE_OK)
        return false;
    e->at += 2;
    e->len = (uint16_t)get(head, 2);
    return true;
}

/* Finds the end of the heads: there heads, check and values together are as long as told. */
static bool parse_heads(struct tk_store *s, struct tk_ring_record *r, uint32_t len, uint8_t check)
{
    struct tk_ring_entry e = {.at = r->heads};
    uint8_t byte;

    r->values = r->heads + len;
    while (e.at - r->heads + 1 + e.value + e.len < len) {
        uint32_t at = e.at;

        if (!tk_ring_entry(s, r, &e))
            return false;
        for (; at < e.at; at++) {
            if (tk_ring_read(s, r, at, &byte, 1) != TK_STORE_OK)
                return false;
            check = tk_ring_check(check, &byte, 1);
        }
    }
    r->values = e.at + 1;
    return e.at - r->heads + 1 + e.value + e.len == len &&
           tk_ring_read(s, r, e.at, &byte, 1) == TK_STORE_OK && byte == check;
}

/* What stands at r->at, by its heads: a record; none; *blank: nothing. */
static bool parse(struct tk_store *s, struct tk_ring_record *r, uint32_t limit, bool *blank)
{
    uint8_t front[10];
    uint32_t fixed;

    *blank = false;
    tk_ring_put(front, r->seq, 4);
    if (r->at + TK_RING_FIXED > limit || tk_ring_read(s, r, r->at, front + 4, 2) != TK_STORE_OK)
        return false;
    uint32_t len = get(front + 4, 2);

    *blank = len == BLANK;
    fixed = len & RESUMED ? 6 : 2;
    len &= LEN_MAX | 1;
    r->heads = r->at + fixed;
    r->end = r->heads + len + 4;
    r->from = 0;
    if (*blank || len == 0 || r->end > limit)
        return false;
    if (fixed == 6) {
        if (tk_ring_read(s, r, r->at + 2, front + 6, 4) != TK_STORE_OK)
            return false;
        r->from = get(front + 6, 4);
    }
    return parse_heads(s, r, len, tk_ring_check(0, front, 4 + fixed));
}

uint32_t tk_ring_claimed(struct tk_store *s, uint32_t at)
{
    struct tk_ring_record r = {.seq = s->seq, .at = at};
    bool blank;

    return parse(s, &r, tk_ring_sector(s, s->seq) + s->flash->sector_size, &blank) ? r.end : at;
}

bool tk_ring_whole(struct tk_store *s, const struct tk_ring_record *r, uint32_t *syndrome)
{
    uint8_t bounce[64];
    uint32_t crc;

    tk_ring_put(bounce, r->seq, 4);
    crc = tk_ring_crc(0, bounce, 4);
    for (uint32_t at = r->at; at < r->end - 4;) {
        uint32_t n = r->end - 4 - at < sizeof bounce ? r->end - 4 - at : sizeof bounce;

        if (tk_ring_read(s, r, at, bounce, n) != TK_STORE_OK)
            return false;
        crc = tk_ring_crc(crc, bounce, n);
        at += n;
    }
    if (tk_ring_read(s, r, r->end - 4, bounce, 4) != TK_STORE_OK)
        return false;
    *syndrome = crc ^ get(bounce, 4);
    return *syndrome == 0;
}

bool tk_ring_correct(struct tk_store *s, struct tk_ring_record *r, uint32_t syndrome)
{
    uint32_t difference = POLYNOMIAL, ignored;
    uint32_t bit = 8 * (r->end - 4);

    r->fix = 0;
    for (uint32_t i = 0; i < 32; i++) {
        if (syndrome == (uint32_t)1 << i)
            r->fix = 8 * (r->end - 4) + i + 1;
    }
    while (r->fix == 0 && bit > 8 * r->at) {
        if (difference == syndrome)
            r->fix = bit; /* 1 + (bit - 1) */
        difference = difference >> 1 ^ (difference & 1 ? POLYNOMIAL : 0);
        bit--;
    }
    return r->fix != 0 && tk_ring_whole(s, r, &ignored);
}

/* The newest record is not corrected: a cut may look like a bit. */
bool tk_ring_sound(struct tk_store *s, struct tk_ring_record *r)
{
    uint32_t syndrome = 0;

    if (tk_ring_whole(s, r, &syndrome))
        return true;
    if (r->at == s->last || r->fix != 0 || !tk_ring_correct(s, r, syndrome)) {
        s->health |= TK_STORE_CORRUPT;
        return false;
    }
    s->health |= TK_STORE_CORRECTED;
    return true;
}

/* --- from record to record --- */

void tk_ring_begin(struct tk_store *s, struct tk_ring_cursor *c, uint32_t seq)
{
    uint32_t sector = tk_ring_sector(s, seq), end;

    *c = (struct tk_ring_cursor){.seq = seq, .at = sector + tk_ring_align(s, TK_RING_HEADER)};
    c->limit = seq == s->seq && s->at != 0 ? s->at : sector + s->flash->sector_size;
    if (seq < s->seq && tk_ring_header(s, seq + 1, &end) && end <= s->flash->sector_size)
        c->limit = sector + end;
}

static uint32_t next_line(uint32_t at)
{
    return at / TK_RING_LINE * TK_RING_LINE + TK_RING_LINE;
}

/* What stands here or on one of the next lines, whole. */
static bool find_whole(struct tk_store *s, struct tk_ring_cursor *c, struct tk_ring_record *r)
{
    uint32_t syndrome;
    bool blank;

    for (; c->at < c->limit; c->at = next_line(c->at)) {
        *r = (struct tk_ring_record){.seq = c->seq, .at = c->at};
        if (parse(s, r, c->limit, &blank) && tk_ring_whole(s, r, &syndrome))
            return true;
        c->damaged = c->damaged || !blank;
    }
    return false;
}

/* A record with one bit wrong at its front. It must have been whole once: something follows it. */
static bool repair(struct tk_store *s, const struct tk_ring_cursor *c, struct tk_ring_record *r)
{
    struct tk_ring_record follower;
    uint32_t ignored;
    bool blank;

    for (uint32_t bit = 0; bit < 8 * HEADS_MAX; bit++) {
        r->fix = 8 * r->at + bit + 1;
        if (!parse(s, r, c->limit, &blank) || !tk_ring_whole(s, r, &ignored))
            continue;
        struct tk_ring_cursor behind = *c;

        behind.at = tk_ring_align(s, r->end);
        return (c->seq != s->seq && behind.at >= c->limit) || find_whole(s, &behind, &follower);
    }
    return false;
}

bool tk_ring_next(struct tk_store *s, struct tk_ring_cursor *c, struct tk_ring_record *r)
{
    bool blank, found;

    *r = (struct tk_ring_record){.seq = c->seq, .at = c->at};
    found = parse(s, r, c->limit, &blank);
    if (!found && !blank && c->at < c->limit) {
        found = repair(s, c, r);
        c->damaged = c->damaged || !found;
    }
    if (!found) {
        c->at = next_line(c->at);
        found = find_whole(s, c, r);
    }
    if (found)
        c->at = tk_ring_align(s, r->end);
    return found;
}

/* --- from key to value --- */

struct search {
    uint8_t key;
    struct tk_ring_place now, before; /* as of the newest record that was looked at */
};

static void look_at_entry(struct search *f, const struct tk_ring_record *r,
                          const struct tk_ring_entry *e)
{
    struct tk_ring_place here = {*r, e->value, e->len, true, false};

    if (e->kind == TK_RING_BEFORE)
        f->before = here;
    else if (e->kind == TK_RING_DELETED) {
        f->now = f->before = (struct tk_ring_place){.deleted = true};
    } else {
        if (e->kind == TK_RING_PLAIN)
            f->before = f->now;
        f->now = here;
    }
}

static void look_into(struct tk_store *s, struct search *f, const struct tk_ring_record *r)
{
    struct tk_ring_entry e = {.at = r->heads, .value = r->values};

    while (tk_ring_entry(s, r, &e)) {
        if (e.key == f->key || e.key == TK_RING_ALL)
            look_at_entry(f, r, &e);
    }
}

/* Goes through a sector. A record that a later one declares void is as if it were not there. */
static void search_sector(struct tk_store *s, struct search *f, uint32_t seq)
{
    struct tk_ring_cursor c;
    struct tk_ring_record r;
    struct search previous = *f;
    uint32_t last = 0;

    tk_ring_begin(s, &c, seq);
    while (tk_ring_next(s, &c, &r)) {
        if (r.from != 0 && last >= tk_ring_sector(s, seq) + r.from)
            *f = previous;
        previous = *f;
        last = r.at;
        look_into(s, f, &r);
        if (r.fix != 0)
            s->health |= TK_STORE_CORRECTED;
    }
    if (c.damaged)
        s->health |= TK_STORE_OLDER;
}

static uint32_t oldest(struct tk_store *s)
{
    return s->seq + 2 > s->flash->sectors + 1 ? s->seq + 2 - s->flash->sectors : 1;
}

void tk_ring_find(struct tk_store *s, uint8_t key, struct tk_ring_place *place)
{
    struct search f = {.key = key};

    for (uint32_t seq = s->seq; seq != 0 && seq >= oldest(s); seq--) {
        search_sector(s, &f, seq);
        if (f.now.there || f.now.deleted)
            break;
    }
    *place = f.now;
}

void tk_ring_find_before(struct tk_store *s, uint8_t key, struct tk_ring_place *place)
{
    struct search f = {.key = key};
    uint32_t seq = oldest(s), end;

    if (seq > 1 && tk_ring_header(s, seq - 1, &end))
        seq--; /* nothing in it is needed any more, but it may hold what was before */
    for (; s->seq != 0 && seq <= s->seq; seq++)
        search_sector(s, &f, seq);
    *place = f.now.there ? f.before : (struct tk_ring_place){.there = false};
}
