/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store.h"

#include "tk_store_record.h"

#include <string.h>

#define MAGIC  0x32534b54u /* "TKS2" */
#define BOUNCE 64          /* bytes on the stack that everything passes through */

/* --- opening --- */

static bool good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && f->unit <= BOUNCE && BOUNCE % f->unit == 0 && f->sectors >= 2 &&
           f->sector_size >= 1024 && f->sector_size <= 262144 && f->sector_size % f->unit == 0;
}

static uint32_t newest_header(struct tk_store *s)
{
    uint8_t h[8];
    uint32_t newest = 0, end;

    for (uint32_t i = 0; i < s->flash->sectors; i++) {
        struct tk_ring_record none = {.fix = 0};
        uint32_t seq;

        if (tk_ring_read(s, &none, i * s->flash->sector_size, h, sizeof h) != TK_STORE_OK)
            continue;
        seq = h[4] | (uint32_t)h[5] << 8 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 24;
        if (seq > newest && seq % s->flash->sectors == i && tk_ring_header(s, seq, &end))
            newest = seq;
    }
    while (tk_ring_header(s, newest + 1, &end))
        newest++; /* a bit of its number may have flipped */
    return newest;
}

/* The last record of the sector, up to s->at where that is known. */
static bool last_record(struct tk_store *s, struct tk_ring_record *last)
{
    struct tk_ring_cursor c;
    struct tk_ring_record r;

    last->at = 0;
    tk_ring_begin(s, &c, s->seq);
    while (tk_ring_next(s, &c, &r))
        *last = r;
    if (c.damaged)
        s->health |= TK_STORE_OLDER;
    return last->at != 0;
}

/* Makes s stand behind the last record of a sector that was written whole. */
static bool stand_in(struct tk_store *s, uint32_t seq)
{
    struct tk_ring_record last;
    uint32_t syndrome;

    s->seq = seq;
    s->at = 0;
    while (last_record(s, &last)) {
        if (tk_ring_whole(s, &last, &syndrome)) {
            s->at = tk_ring_align(s, last.end);
            s->last = last.at;
            s->last_size = last.end - last.at;
            return true;
        }
        s->at = last.at;
        s->health |= TK_STORE_OLDER;
    }
    return false;
}

int tk_store_open(struct tk_store *s, const struct tk_flash *flash)
{
    uint32_t newest, end;

    *s = (struct tk_store){.flash = flash, .resumes = true};
    if (!good_geometry(flash))
        return TK_STORE_GEOMETRY;
    newest = newest_header(s);
    if (newest != 0 && !stand_in(s, newest)) {
        s->moving = true;
        if (newest == 1 || !tk_ring_header(s, newest - 1, &end) || !stand_in(s, newest - 1))
            s->seq = 0;
    }
    return s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}

/* --- reading --- */

static int give(struct tk_store *s, struct tk_ring_place *p, void *buf, size_t size)
{
    if (!p->there || s->unread)
        return s->unread ? TK_STORE_FLASH : TK_STORE_MISSING;
    if (!tk_ring_sound(s, &p->record))
        return TK_STORE_FLASH;
    if (p->len > size)
        return TK_STORE_FULL;
    return tk_ring_read(s, &p->record, p->value, buf, p->len) == TK_STORE_OK ? p->len
                                                                             : TK_STORE_FLASH;
}

int tk_store_get(struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    struct tk_ring_place place;

    s->unread = false;
    tk_ring_find(s, key, &place);
    return give(s, &place, buf, size);
}

int tk_store_previous(struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    struct tk_ring_place place;

    s->unread = false;
    tk_ring_find_before(s, key, &place);
    return give(s, &place, buf, size);
}

static bool same_bytes(struct tk_store *s, const struct tk_ring_record *r, uint32_t at,
                       const uint8_t *data, size_t len)
{
    uint8_t bounce[BOUNCE];

    while (len > 0) {
        size_t n = len < BOUNCE ? len : BOUNCE;

        if (tk_ring_read(s, r, at, bounce, n) != TK_STORE_OK || memcmp(bounce, data, n) != 0)
            return false;
        at += (uint32_t)n;
        data += n;
        len -= n;
    }
    return true;
}

static bool is_there(struct tk_store *s, const struct tk_store_value *v, struct tk_ring_place *p)
{
    if (v->count == 0 || !p->there)
        return v->count == 0 && !p->there;
    if (p->len != tk_record_value_len(v) || !tk_ring_sound(s, &p->record))
        return false;
    uint32_t at = p->value;

    for (size_t i = 0; i < v->count; i++) {
        if (!same_bytes(s, &p->record, at, v->pieces[i].data, v->pieces[i].len))
            return false;
        at += v->pieces[i].len;
    }
    return true;
}

static void stand_behind(struct tk_record *c, uint32_t at)
{
    struct tk_store *s = c->s;

    s->seq = c->seq;
    s->last = at;
    s->last_size = tk_record_size(c);
    s->at = tk_ring_align(s, at + s->last_size);
    s->resumes = false;
}

/* --- sectors --- */

static int erase(struct tk_store *s, uint32_t at)
{
    int ret;

    do {
        ret = s->flash->erase(s->flash->ctx, at);
    } while (ret == TK_FLASH_AGAIN);
    return ret == TK_FLASH_OK ? TK_STORE_OK : TK_STORE_FLASH;
}

static int write_sector_header(struct tk_store *s, uint32_t seq)
{
    uint8_t h[BOUNCE];

    memset(h, 0xff, sizeof h);
    tk_ring_put(h, MAGIC, 4);
    tk_ring_put(h + 4, seq, 4);
    tk_ring_put(h + 8, s->seq == 0 ? 0 : s->at - tk_ring_sector(s, s->seq), 4);
    tk_ring_put(h + 12, tk_ring_crc(0, h, 12), 4);
    return s->flash->program(s->flash->ctx, tk_ring_sector(s, seq), h,
                             tk_ring_align(s, TK_RING_HEADER)) == TK_FLASH_OK
               ? TK_STORE_OK
               : TK_STORE_FLASH;
}

/* Room for a record in a sector that holds nothing else. */
static uint32_t capacity(struct tk_store *s)
{
    return s->flash->sector_size - tk_ring_align(s, TK_RING_HEADER) - s->flash->unit;
}

static int open_sector(struct tk_record *c)
{
    struct tk_store *s = c->s;
    uint32_t at = tk_ring_sector(s, s->seq + 1) + tk_ring_align(s, TK_RING_HEADER);

    c->seq = s->seq + 1;
    c->opens = true;
    c->from = 0;
    if (!tk_record_count(c, capacity(s))) {
        c->cramped = true;
        if (!tk_record_count(c, capacity(s)))
            return s->unread ? TK_STORE_FLASH : TK_STORE_FULL;
    }
    if (!s->erased && erase(s, tk_ring_sector(s, c->seq)) != TK_STORE_OK)
        return TK_STORE_FLASH;
    s->erased = false;
    s->moving = true;
    if (write_sector_header(s, c->seq) != TK_STORE_OK || tk_record_write(c, at) != TK_STORE_OK)
        return TK_STORE_FLASH;
    s->moving = false;
    stand_behind(c, at);
    return TK_STORE_OK;
}

static uint32_t sector_end(struct tk_store *s)
{
    return tk_ring_sector(s, s->seq) + s->flash->sector_size;
}

/* The first line behind all that was ever programmed in the sector, and one more: what power left
 * undecided may read blank. */
static uint32_t resume_at(struct tk_store *s)
{
    uint32_t at = sector_end(s);
    struct tk_ring_record none = {.fix = 0};
    uint8_t byte = 0xff;

    uint32_t claimed = tk_ring_claimed(s, s->at);

    while (at > claimed && byte == 0xff) {
        if (tk_ring_read(s, &none, --at, &byte, 1) != TK_STORE_OK)
            byte = 0;
    }
    return at / TK_RING_LINE * TK_RING_LINE + 2 * TK_RING_LINE;
}

static int add_record(struct tk_record *c)
{
    struct tk_store *s = c->s;
    uint32_t at = s->resumes && s->seq != 0 ? resume_at(s) : s->at;

    c->seq = s->seq;
    c->from = s->resumes && s->seq != 0 ? s->at - tk_ring_sector(s, s->seq) : 0;
    if (s->seq == 0 || s->moving || at > sector_end(s) || !tk_record_count(c, sector_end(s) - at))
        return open_sector(c);
    int ret = tk_record_write(c, at);

    if (ret == TK_STORE_OK)
        stand_behind(c, at);
    else
        s->resumes = true;
    return ret;
}

/* --- commits --- */

static uint32_t entry_size(const struct tk_ring_place *p)
{
    return p->there ? 4u + p->len : 0;
}

static void mark_keys(struct tk_store *s, uint32_t seq, uint8_t keys[32])
{
    struct tk_ring_cursor c;
    struct tk_ring_record r;

    tk_ring_begin(s, &c, seq);
    while (tk_ring_next(s, &c, &r)) {
        struct tk_ring_entry e = {.at = r.heads, .value = r.values};

        while (tk_ring_entry(s, &r, &e))
            keys[e.key / 8] |= (uint8_t)(1 << e.key % 8);
    }
}

static void count_alive(struct tk_store *s)
{
    uint8_t keys[32] = {0};
    uint32_t sectors = s->flash->sectors;
    struct tk_ring_place p;

    s->alive = 1;
    for (uint32_t seq = s->seq; seq != 0 && seq + sectors > s->seq + 1; seq--)
        mark_keys(s, seq, keys);
    for (unsigned key = 0; key < 256; key++) {
        if ((keys[key / 8] >> key % 8 & 1) == 0)
            continue;
        tk_ring_find(s, (uint8_t)key, &p);
        s->alive += entry_size(&p);
    }
}

/* Which values are not there yet, and how much would be alive with them. Values before others may
 * be as large, where they are moved too. */
static uint32_t compare(struct tk_record *c)
{
    uint32_t alive = c->s->alive;
    struct tk_ring_place p;

    for (size_t i = 0; i < c->count; i++) {
        const struct tk_store_value *v = &c->values[i];

        tk_ring_find(c->s, v->key, &p);
        if (is_there(c->s, v, &p))
            continue;
        c->changed |= (uint32_t)1 << i;
        alive = alive - entry_size(&p) + (uint32_t)(v->count == 0 ? 0 : 4 + tk_record_value_len(v));
    }
    return alive;
}

int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    struct tk_record c = {.s = s, .values = values, .count = count};
    uint32_t alive;

    for (size_t i = 0; i < count; i++) {
        if (tk_record_value_len(&values[i]) > 0x7fff)
            return TK_STORE_FULL;
    }
    s->unread = false;
    if (s->alive == 0)
        count_alive(s);
    alive = compare(&c);
    if (s->unread) {
        s->alive = 0;
        return TK_STORE_FLASH;
    }
    if (c.changed == 0)
        return TK_STORE_OK;
    if (alive > s->alive && alive + TK_RING_FIXED + 4 > capacity(s))
        return TK_STORE_FULL;
    int ret = add_record(&c);

    if (ret == TK_STORE_OK)
        s->alive = alive;
    return ret;
}

int tk_store_prepare(struct tk_store *s)
{
    struct tk_record c = {.s = s};

    s->unread = false;
    if (s->seq == 0)
        return TK_STORE_OK;
    if (s->resumes || s->moving)
        return add_record(&c);
    if (s->erased || s->at + s->last_size <= sector_end(s))
        return TK_STORE_OK;
    int ret = s->flash->erase(s->flash->ctx, tk_ring_sector(s, s->seq + 1));

    s->erased = ret == TK_FLASH_OK;
    return ret == TK_FLASH_OK      ? TK_STORE_OK
           : ret == TK_FLASH_AGAIN ? TK_STORE_AGAIN
                                   : TK_STORE_FLASH;
}

static bool is_blank(struct tk_store *s)
{
    uint8_t bounce[BOUNCE], blank[BOUNCE];
    struct tk_ring_record none = {.fix = 0};
    uint32_t left = s->flash->sectors * s->flash->sector_size;

    memset(blank, 0xff, sizeof blank);
    while (left > 0) {
        uint32_t n = left < BOUNCE ? left : BOUNCE;

        left -= n;
        if (tk_ring_read(s, &none, left, bounce, n) != TK_STORE_OK || memcmp(bounce, blank, n) != 0)
            return false;
    }
    return true;
}

/* All keys are deleted by one record first: a cut behind it leaves nothing, one before it all. */
static int wipe(struct tk_store *s)
{
    static const struct tk_store_value all = {TK_RING_ALL, 0, NULL};
    struct tk_record c = {.s = s, .values = &all, .count = 1, .changed = 1};

    s->unread = false;
    if (s->seq != 0)
        (void)add_record(&c); /* where it cannot be written, erasing is all there is */
    for (uint32_t i = 1; i <= s->flash->sectors; i++) {
        if (erase(s, tk_ring_sector(s, s->seq + i)) != TK_STORE_OK)
            return TK_STORE_FLASH;
    }
    if (s->flash->sync != NULL && s->flash->sync(s->flash->ctx) != TK_FLASH_OK)
        return TK_STORE_FLASH;
    return is_blank(s) ? TK_STORE_OK : TK_STORE_FLASH;
}

int tk_store_wipe(struct tk_store *s)
{
    int ret = wipe(s);

    (void)tk_store_open(s, s->flash); /* blank, or what is left of it */
    return ret;
}

const char *tk_store_health(const struct tk_store *s)
{
    return s->health & TK_STORE_CORRUPT     ? "corrupt"
           : s->health & TK_STORE_OLDER     ? "older"
           : s->health & TK_STORE_CORRECTED ? "corrected"
                                            : "ok";
}
