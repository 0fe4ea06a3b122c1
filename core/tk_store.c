/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store.h"

#include <string.h>

#define MAGIC       0x31534b54u /* "TKS1" */
#define HEADER_SIZE 16
#define RECORD_SIZE 4  /* of a record's own head */
#define BOUNCE      64 /* bytes on the stack that everything passes through */

enum { CURRENT = 0, PREVIOUS = 1 };

struct record {
    uint8_t key;
    uint8_t age;
    uint16_t len;
    uint32_t at; /* offset of the value in the memory */
};

/* CRC-32/ISO-HDLC, half a byte at a time: every reading begins with one. */
static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t len)
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

static void put32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t get32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* --- the shape of the memory --- */

static uint32_t copy_size(const struct tk_store *s)
{
    return s->flash->sectors / 2 * s->flash->sector_size;
}

static uint32_t records_at(const struct tk_store *s, uint32_t copy)
{
    uint32_t unit = s->flash->unit;

    return copy * copy_size(s) + (HEADER_SIZE + unit - 1) / unit * unit;
}

static uint32_t room(const struct tk_store *s)
{
    return copy_size(s) - (records_at(s, 0) + s->flash->unit);
}

static int flash_read(const struct tk_store *s, uint32_t at, void *buf, size_t len)
{
    return s->flash->read(s->flash->ctx, at, buf, len) == TK_FLASH_OK ? TK_STORE_OK
                                                                      : TK_STORE_FLASH;
}

/* --- reading --- */

static int crc_of(const struct tk_store *s, uint32_t copy, const uint8_t *header, uint32_t *crc)
{
    uint8_t bounce[BOUNCE];
    uint32_t at = records_at(s, copy);
    uint32_t left = get32(header + 8);

    *crc = 0;
    while (left > 0) {
        size_t n = left < BOUNCE ? left : BOUNCE;

        if (flash_read(s, at, bounce, n) != TK_STORE_OK)
            return TK_STORE_FLASH;
        *crc = crc32(*crc, bounce, n);
        at += (uint32_t)n;
        left -= (uint32_t)n;
    }
    *crc = crc32(*crc, header + 4, 8);
    return TK_STORE_OK;
}

/* Reads a copy's header. TK_STORE_MISSING where the copy is none. */
static int examine(const struct tk_store *s, uint32_t copy, struct tk_store *found)
{
    uint8_t header[HEADER_SIZE];
    uint32_t crc;

    if (flash_read(s, copy * copy_size(s), header, sizeof header) != TK_STORE_OK)
        return TK_STORE_FLASH;
    *found = (struct tk_store){s->flash, get32(header + 4), copy, get32(header + 8)};
    if (get32(header) != MAGIC || found->number == 0 || found->length > room(s))
        return TK_STORE_MISSING;
    if (crc_of(s, copy, header, &crc) != TK_STORE_OK)
        return TK_STORE_FLASH;
    return crc == get32(header + 12) ? TK_STORE_OK : TK_STORE_MISSING;
}

static bool good_geometry(const struct tk_flash *f)
{
    return f->unit >= 1 && f->unit <= BOUNCE && BOUNCE % f->unit == 0 && f->sectors >= 2 &&
           f->sector_size >= 1024 && f->sector_size <= 262144 && f->sector_size % f->unit == 0;
}

int tk_store_open(struct tk_store *s, const struct tk_flash *flash)
{
    struct tk_store found;
    int failed = 0;

    *s = (struct tk_store){.flash = flash};
    if (!good_geometry(flash))
        return TK_STORE_GEOMETRY;
    for (uint32_t copy = 0; copy < 2; copy++) {
        int ret = examine(s, copy, &found);

        failed += ret == TK_STORE_FLASH;
        if (ret == TK_STORE_OK && found.number > s->number)
            *s = found;
    }
    return failed > 0 && s->number == 0 ? TK_STORE_FLASH : TK_STORE_OK;
}

/* The next record behind *at, which begins as records_at. TK_STORE_MISSING at the end. */
static int next_record(const struct tk_store *s, uint32_t *at, struct record *r)
{
    uint8_t head[RECORD_SIZE];
    uint32_t end = records_at(s, s->copy) + s->length;

    if (s->number == 0 || *at + RECORD_SIZE > end)
        return TK_STORE_MISSING;
    if (flash_read(s, *at, head, sizeof head) != TK_STORE_OK)
        return TK_STORE_FLASH;
    *r = (struct record){head[0], head[1], (uint16_t)(head[2] | head[3] << 8), *at + RECORD_SIZE};
    *at = r->at + r->len;
    return *at <= end ? TK_STORE_OK : TK_STORE_MISSING;
}

static int find(const struct tk_store *s, uint8_t key, uint8_t age, struct record *r)
{
    uint32_t at = records_at(s, s->copy);
    int ret;

    while ((ret = next_record(s, &at, r)) == TK_STORE_OK) {
        if (r->key == key && r->age == age)
            break;
    }
    return ret;
}

/* Whether the store is on the flash as it was. A bit may flip years behind the opening. */
static int check(const struct tk_store *s)
{
    struct tk_store found;
    int ret = s->number == 0 ? TK_STORE_OK : examine(s, s->copy, &found);

    if (ret == TK_STORE_OK && s->number != 0 && found.number != s->number)
        return TK_STORE_MISSING;
    return ret;
}

static int get(const struct tk_store *s, uint8_t key, uint8_t age, void *buf, size_t size)
{
    struct record r;

    if (check(s) != TK_STORE_OK)
        return TK_STORE_FLASH;
    int ret = find(s, key, age, &r);

    if (ret != TK_STORE_OK)
        return ret;
    if (r.len > size)
        return TK_STORE_FULL;
    return flash_read(s, r.at, buf, r.len) == TK_STORE_OK ? r.len : TK_STORE_FLASH;
}

int tk_store_get(const struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    return get(s, key, CURRENT, buf, size);
}

int tk_store_previous(const struct tk_store *s, uint8_t key, void *buf, size_t size)
{
    return get(s, key, PREVIOUS, buf, size);
}

static size_t value_len(const struct tk_store_value *v)
{
    size_t len = 0;

    for (size_t i = 0; i < v->count; i++)
        len += v->pieces[i].len;
    return len;
}

static int same_bytes(const struct tk_store *s, uint32_t at, const uint8_t *data, size_t len)
{
    uint8_t bounce[BOUNCE];

    while (len > 0) {
        size_t n = len < BOUNCE ? len : BOUNCE;

        if (flash_read(s, at, bounce, n) != TK_STORE_OK)
            return TK_STORE_FLASH;
        if (memcmp(bounce, data, n) != 0)
            return TK_STORE_MISSING;
        at += (uint32_t)n;
        data += n;
        len -= n;
    }
    return TK_STORE_OK;
}

/* Whether the store holds just this value: TK_STORE_OK; TK_STORE_MISSING; TK_STORE_FLASH. */
static int is_there(const struct tk_store *s, const struct tk_store_value *v)
{
    struct record r;
    int ret = find(s, v->key, CURRENT, &r);

    if (ret == TK_STORE_MISSING)
        return v->count == 0 ? TK_STORE_OK : TK_STORE_MISSING;
    if (ret == TK_STORE_OK && (v->count == 0 || r.len != value_len(v)))
        return TK_STORE_MISSING;
    for (size_t i = 0; i < v->count && ret == TK_STORE_OK; i++) {
        ret = same_bytes(s, r.at, v->pieces[i].data, v->pieces[i].len);
        r.at += v->pieces[i].len;
    }
    return ret;
}

/* --- writing --- */

struct writer {
    const struct tk_flash *flash;
    uint32_t at;  /* where the bounce buffer goes */
    uint32_t end; /* of the copy */
    uint32_t fill;
    uint32_t crc;
    uint32_t length;
    int result;
    uint8_t bounce[BOUNCE];
};

static void program_part(struct writer *w, const uint8_t *data, uint32_t len)
{
    if (w->result != TK_STORE_OK)
        return;
    if (w->at > w->end || len > w->end - w->at)
        w->result = TK_STORE_FULL;
    else if (w->flash->program(w->flash->ctx, w->at, data, len) != TK_FLASH_OK)
        w->result = TK_STORE_FLASH;
    w->at += len;
}

/* Programs the bounce buffer, which may lie across two sectors. */
static void program(struct writer *w, uint32_t len)
{
    uint32_t left = w->flash->sector_size - w->at % w->flash->sector_size;
    uint32_t first = len < left ? len : left;

    program_part(w, w->bounce, first);
    if (len > first)
        program_part(w, w->bounce + first, len - first);
}

static void write_bytes(struct writer *w, const uint8_t *data, size_t len)
{
    w->crc = crc32(w->crc, data, len);
    w->length += (uint32_t)len;
    while (len > 0) {
        size_t n = BOUNCE - w->fill < len ? BOUNCE - w->fill : len;

        memcpy(w->bounce + w->fill, data, n);
        w->fill += (uint32_t)n;
        data += n;
        len -= n;
        if (w->fill == BOUNCE) {
            program(w, BOUNCE);
            w->fill = 0;
        }
    }
}

static void write_rest(struct writer *w)
{
    uint32_t unit = w->flash->unit;
    uint32_t len = (w->fill + unit - 1) / unit * unit;

    memset(w->bounce + w->fill, 0xff, len - w->fill);
    if (len > 0)
        program(w, len);
    w->fill = 0;
}

static void write_head(struct writer *w, uint8_t key, uint8_t age, size_t len)
{
    uint8_t head[RECORD_SIZE] = {key, age, (uint8_t)len, (uint8_t)(len >> 8)};

    write_bytes(w, head, sizeof head);
}

/* Copies a record of the store, under another age where that is wanted. */
static void write_copy(struct writer *w, const struct tk_store *s, struct record r, uint8_t age)
{
    uint8_t bounce[BOUNCE];

    write_head(w, r.key, age, r.len);
    while (r.len > 0 && w->result == TK_STORE_OK) {
        uint16_t n = r.len < BOUNCE ? r.len : BOUNCE;

        if (flash_read(s, r.at, bounce, n) != TK_STORE_OK) {
            w->result = TK_STORE_FLASH;
            return;
        }
        write_bytes(w, bounce, n);
        r.at += n;
        r.len = (uint16_t)(r.len - n);
    }
}

static void write_value(struct writer *w, const struct tk_store *s, const struct tk_store_value *v)
{
    struct record old;
    size_t len = value_len(v);

    if (v->count == 0)
        return;
    if (len > UINT16_MAX)
        w->result = TK_STORE_FULL;
    write_head(w, v->key, CURRENT, len);
    for (size_t i = 0; i < v->count; i++)
        write_bytes(w, v->pieces[i].data, v->pieces[i].len);
    int there = is_there(s, v);
    int ret = there == TK_STORE_FLASH
                  ? there
                  : find(s, v->key, there == TK_STORE_OK ? PREVIOUS : CURRENT, &old);

    if (ret == TK_STORE_OK)
        write_copy(w, s, old, PREVIOUS);
    else if (ret == TK_STORE_FLASH)
        w->result = ret;
}

static bool names(const struct tk_store_value *values, size_t count, uint8_t key)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].key == key)
            return true;
    }
    return false;
}

static int erase(const struct tk_store *s, uint32_t at, uint32_t end)
{
    for (; at < end; at += s->flash->sector_size) {
        int ret;

        do {
            ret = s->flash->erase(s->flash->ctx, at);
        } while (ret == TK_FLASH_AGAIN);
        if (ret != TK_FLASH_OK)
            return TK_STORE_FLASH;
    }
    return TK_STORE_OK;
}

static int erase_copy(const struct tk_store *s, uint32_t copy)
{
    return erase(s, copy * copy_size(s), (copy + 1) * copy_size(s));
}

/* The seal: until it stands there whole, the copy is none. */
static void write_header(struct writer *w, const struct tk_store *s, uint32_t copy)
{
    uint32_t length = w->length;

    w->at = copy * copy_size(s);
    put32(w->bounce, MAGIC);
    put32(w->bounce + 4, s->number + 1);
    put32(w->bounce + 8, length);
    put32(w->bounce + 12, crc32(w->crc, w->bounce + 4, 8));
    w->fill = HEADER_SIZE;
    write_rest(w);
}

static void write_records(struct writer *w, const struct tk_store *s,
                          const struct tk_store_value *values, size_t count)
{
    uint32_t at = records_at(s, s->copy);
    struct record r;
    int ret;

    while ((ret = next_record(s, &at, &r)) == TK_STORE_OK) {
        if (!names(values, count, r.key))
            write_copy(w, s, r, r.age);
    }
    if (ret == TK_STORE_FLASH)
        w->result = ret;
    for (size_t i = 0; i < count; i++)
        write_value(w, s, &values[i]);
    write_rest(w);
}

static int finish(struct tk_store *s, uint32_t copy)
{
    struct tk_store written;

    if (s->flash->sync != NULL && s->flash->sync(s->flash->ctx) != TK_FLASH_OK)
        return TK_STORE_FLASH;
    if (examine(s, copy, &written) != TK_STORE_OK || written.number != s->number + 1)
        return TK_STORE_FLASH;
    *s = written;
    return TK_STORE_OK;
}

/* All of them are there: TK_STORE_OK; not so: TK_STORE_MISSING; TK_STORE_FLASH. */
static int are_there(const struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    int ret = TK_STORE_OK;

    for (size_t i = 0; i < count && ret == TK_STORE_OK; i++)
        ret = is_there(s, &values[i]);
    return ret;
}

static int write_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    uint32_t copy = s->number == 0 ? 0 : 1 - s->copy;
    struct writer w = {.flash = s->flash, .at = records_at(s, copy)};

    if (erase_copy(s, copy) != TK_STORE_OK)
        return TK_STORE_FLASH;
    w.end = w.at + room(s);
    write_records(&w, s, values, count);
    if (w.result == TK_STORE_OK)
        write_header(&w, s, copy);
    return w.result == TK_STORE_OK ? finish(s, copy) : w.result;
}

int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count)
{
    int ret = check(s);

    /* What is damaged must not be copied under a new seal: the older copy is the store then. */
    if (ret == TK_STORE_MISSING)
        ret = tk_store_open(s, s->flash);
    if (ret == TK_STORE_OK)
        ret = are_there(s, values, count);
    return ret == TK_STORE_MISSING ? write_commit(s, values, count) : ret;
}

int tk_store_prepare(struct tk_store *s)
{
    (void)s; /* a commit of this format erases what it needs */
    return TK_STORE_OK;
}

static uint32_t memory_size(const struct tk_store *s)
{
    return s->flash->sectors * s->flash->sector_size;
}

static bool is_blank(const struct tk_store *s)
{
    uint8_t bounce[BOUNCE], blank[BOUNCE];
    uint32_t left = memory_size(s);

    memset(blank, 0xff, sizeof blank);
    while (left > 0) {
        uint32_t n = left < BOUNCE ? left : BOUNCE;

        left -= n;
        if (flash_read(s, left, bounce, n) != TK_STORE_OK || memcmp(bounce, blank, n) != 0)
            return false;
    }
    return true;
}

static int wipe(struct tk_store *s)
{
    /* The older copy first: a cut in between leaves the newer one, not a step back in time. */
    if (erase_copy(s, 1 - s->copy) != TK_STORE_OK || erase_copy(s, s->copy) != TK_STORE_OK ||
        erase(s, 2 * copy_size(s), memory_size(s)) != TK_STORE_OK)
        return TK_STORE_FLASH;
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
