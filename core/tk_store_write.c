/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_private.h"

#include <string.h>

#define CHUNK 16 /* bytes that are copied at a time */

/* --- bytes --- */

enum part { FRAME, HEADS, VALUES };

struct writer {
    struct tk_store *s;
    uint32_t seq;                 /* of the sector it writes to */
    uint32_t limit;               /* where that ends */
    uint32_t at;                  /* where the bounce buffer goes */
    uint32_t crc;                 /* of the record up to here */
    uint32_t sealed;              /* bytes of its values up to here */
    const struct tk_cursor *from; /* the record that it copies; NULL: it writes a commit */
    uint32_t from_crc;            /* of that, where it is copied whole */
    enum part part;               /* of the record */
    bool whole;
    bool makes_nonce; /* so far only that: nothing is programmed */
    bool failed;
    bool full;
    uint8_t fill;
    uint8_t nonce[TK_STORE_TAG]; /* the first 12 bytes of it */
    uint8_t bounce[TK_BOUNCE];
};

static void flush(struct writer *w)
{
    const struct tk_flash *f = w->s->flash;
    uint32_t len = tk_store_align(w->s, w->fill);

    w->full |= w->at + len > w->limit;
    w->failed |= w->full;
    memset(w->bounce + w->fill, 0xff, len - w->fill);
    if (!w->failed && len > 0)
        w->failed = f->program(f->ctx, w->at, w->bounce, len) != TK_FLASH_OK;
    w->at += len;
    w->fill = 0;
}

static void seal_bytes(struct writer *w, uint8_t *bytes, uint32_t len)
{
    const struct tk_store_seal *seal = w->s->seal;

    if (seal == NULL || w->part == FRAME)
        return;
    if (w->part == HEADS) {
        seal->head(seal->ctx, bytes, len);
        return;
    }
    if (!w->makes_nonce)
        seal->crypt(seal->ctx, w->nonce, w->sealed, bytes, len);
    seal->values(seal->ctx, bytes, len);
    w->sealed += len;
}

static void put(struct writer *w, const void *data, uint32_t len)
{
    const uint8_t *p = data;

    for (uint32_t n; len > 0 && !w->failed; len -= n, p += n) {
        uint8_t *to = w->bounce + w->fill;

        n = TK_BOUNCE - w->fill < (int)len ? (uint32_t)(TK_BOUNCE - w->fill) : len;
        memcpy(to, p, n);
        seal_bytes(w, to, n);
        if (w->makes_nonce)
            continue;
        w->crc = tk_crc_add(w->crc, to, n);
        w->fill = (uint8_t)(w->fill + n);
        if (w->fill == TK_BOUNCE)
            flush(w);
    }
}

/* What lies at `at` in the record that is copied. A frame is only read. */
static void copy(struct writer *w, uint32_t at, uint32_t end)
{
    uint8_t chunk[CHUNK];

    for (uint32_t n; at < end; at += n) {
        n = end - at < CHUNK ? end - at : CHUNK;
        tk_store_read(w->s, at, chunk, n);
        w->from_crc = tk_crc_add(w->from_crc, chunk, n);
        if (w->part == VALUES)
            tk_record_unseal(w->s, w->from, at, chunk, n);
        if (w->part != FRAME)
            put(w, chunk, n);
    }
}

static void put_number(struct writer *w, uint32_t number, int bytes)
{
    for (uint8_t byte; bytes-- > 0; number >>= 8) {
        byte = (uint8_t)number;
        put(w, &byte, 1);
    }
}

/* Ends what was begun, and makes it last. */
static void put_crc(struct writer *w)
{
    const struct tk_flash *f = w->s->flash;

    put_number(w, ~w->crc, 4);
    flush(w);
    if (!w->failed && f->sync != NULL)
        w->failed = f->sync(f->ctx) != TK_FLASH_OK;
}

/* --- records --- */

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

/* The next entry of what is written. */
static bool next_entry(struct writer *w, const struct tk_commit *c, struct tk_cursor *e)
{
    const struct tk_store_value *v = &c->values[e->next];

    if (w->from != NULL)
        return tk_cursor_entry(w->s, e);
    if (e->next++ == c->count)
        return false;
    e->key = v->key;
    e->deleted = v->count == 0;
    e->len = tk_value_len(v);
    return true;
}

static void put_heads(struct writer *w, const struct tk_cursor *e)
{
    uint32_t len = e->len;

    for (; len >= TK_HEAD_PART; len -= TK_HEAD_PART)
        put_number(w, e->key | TK_HEAD_LONG << 8, 2);
    put_number(w, e->key | (e->deleted ? TK_HEAD_DELETED : len) << 8, 2);
}

static void put_value(struct writer *w, const struct tk_commit *c, const struct tk_cursor *e)
{
    const struct tk_store_value *v = &c->values[e->next - 1];

    if (w->from != NULL) {
        copy(w, e->value, e->value + e->len);
        return;
    }
    for (size_t i = 0; i < v->count; i++)
        put(w, v->pieces[i].data, v->pieces[i].len);
}

/* What was written last before the start reads another way now: it was cut. */
static void void_last(struct writer *w)
{
    w->failed = true;
    if (w->s->unread)
        return;
    w->s->at = w->s->last;
    w->s->last = 0;
}

/* A record as it is, byte by byte, each read once: what its own CRC-32 then says holds for the copy
 * too, also where its cells read another way each time. */
static void put_whole(struct writer *w, enum part part)
{
    const struct tk_cursor *r = w->from;
    uint32_t values = tk_record_values(w->s, r);
    uint32_t behind = r->end - 4 - (w->s->seal != NULL ? TK_STORE_TAG : 0);

    w->part = part;
    if (part == HEADS) {
        w->from_crc = tk_crc_begin(w->s, r->seq);
        copy(w, r->at, r->at + 1 + 2u * r->heads);
        w->part = FRAME;
        copy(w, r->at + 1 + 2u * r->heads, values);
        return;
    }
    copy(w, values, behind);
    w->part = FRAME;
    copy(w, behind, r->end);
    if (w->from_crc != TK_CRC_RESIDUE)
        void_last(w);
}

/* Count and heads, or values, of the entries that mask has a bit for. */
static void put_part(struct writer *w, const struct tk_commit *c, enum part part, uint32_t mask,
                     uint32_t heads)
{
    struct tk_cursor e = {.next = 0};

    if (w->whole) {
        put_whole(w, part);
        return;
    }
    if (w->from != NULL)
        e = *w->from;
    w->part = part;
    if (part == HEADS)
        put_number(w, heads, 1);
    for (; next_entry(w, c, &e); mask >>= 1) {
        if ((mask & 1) == 0)
            continue;
        if (part == HEADS)
            put_heads(w, &e);
        else
            put_value(w, c, &e);
    }
    w->part = FRAME;
}

static void put_record(struct writer *w, const struct tk_commit *c, uint32_t mask, uint32_t heads)
{
    const struct tk_store_seal *seal = w->s->seal;

    if (seal != NULL)
        tk_store_begin_seal(w->s, w->makes_nonce ? NULL : w->nonce, w->seq);
    w->crc = tk_crc_begin(w->s, w->seq);
    w->sealed = 0;
    put_part(w, c, HEADS, mask, heads);
    put_number(w, w->crc, 2);
    if (seal != NULL)
        put(w, w->nonce, TK_STORE_NONCE);
    put_part(w, c, VALUES, mask, heads);
    if (seal == NULL)
        return;
    seal->end(seal->ctx, w->nonce);
    if (!w->makes_nonce)
        put(w, w->nonce, TK_STORE_TAG);
}

/* Writes what mask has a bit for, of the record that moves or of the commit, and reads it back. */
static void write_record(struct writer *w, const struct tk_commit *c, uint32_t mask, uint32_t heads)
{
    struct tk_cursor written = {.seq = w->seq, .at = w->at, .heads = heads % TK_RECORD_MOVED};

    w->makes_nonce = w->s->seal != NULL;
    if (w->makes_nonce)
        put_record(w, c, mask, heads);
    w->makes_nonce = false;
    put_record(w, c, mask, heads);
    written.end = w->at + w->fill + 4;
    put_crc(w);
    w->failed = w->failed || !tk_record_is_whole(w->s, &written) ||
                (w->s->seal != NULL && !tk_record_read(w->s, &written, NULL, 0));
}

/* --- what is alive --- */

/* Whether an entry is its key's newest, also with the commit. */
static bool is_alive(struct tk_store *s, const struct tk_commit *c, const struct tk_cursor *e)
{
    struct tk_store_want newest = {.key = e->key};

    for (size_t i = 0; i < c->count; i++) {
        if (c->values[i].key == e->key && (c->changed >> i & 1) != 0)
            return false;
    }
    tk_record_find(s, &newest, 1);
    return newest.found.at == e->at && newest.found.next == e->next;
}

/* Copies what is alive in a record. What is damaged is not sealed anew. */
static void carry(struct writer *w, const struct tk_commit *c, const struct tk_cursor *from)
{
    struct tk_cursor e = *from;
    uint32_t mask = 0, heads = TK_RECORD_MOVED;

    for (uint32_t bit = 1; tk_cursor_entry(w->s, &e); bit <<= 1) {
        if (e.deleted || !is_alive(w->s, c, &e))
            continue;
        mask |= bit;
        heads += tk_heads_of(e.len);
    }
    if (mask == 0 || !tk_record_read(w->s, from, NULL, 0))
        return;
    w->from = from;
    write_record(w, c, mask, heads);
    w->from = NULL;
}

/* What was written last before the start is copied as it is, not as something that moved: where it
 * lay is void then. */
static void carry_last(struct writer *w, const struct tk_commit *c, const struct tk_cursor *last)
{
    (void)tk_record_read(w->s, last, NULL, 0); /* looks for a wrong bit */
    w->from = last;
    w->whole = true;
    write_record(w, c, 0, last->heads);
    w->whole = false;
    w->from = NULL;
}

/* What is alive in a sector that is erased next, and where a bit is known to be wrong. */
static void carry_sector(struct writer *w, const struct tk_commit *c, uint32_t seq, bool dying)
{
    struct tk_store *s = w->s;
    struct tk_cursor r, last = {.at = 0};

    tk_cursor_first(s, &r, seq);
    while (tk_cursor_record(s, &r)) {
        if (r.at == s->last)
            last = r;
        else if (dying || s->fix / 8 - r.at < r.end - r.at)
            carry(w, c, &r);
    }
    if (last.at != 0)
        carry_last(w, c, &last);
    else if (seq == s->seq && s->last != 0)
        void_last(w);
}

uint32_t tk_value_cost(const struct tk_store *s, uint32_t len)
{
    return tk_store_align(s, tk_record_frame(s) + 2 * tk_heads_of(len) + len);
}

int32_t tk_store_slack(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t sum = 2 * tk_store_align(s, TK_HEADER_SIZE) + c->cost +
                   tk_value_cost(s, 2 * TK_RECORD_HEADS); /* keys that are deleted */
    struct tk_cursor e;

    for (uint32_t seq = tk_store_oldest(s); seq <= s->seq; seq++) {
        tk_cursor_first(s, &e, seq);
        while (tk_cursor_next(s, &e))
            sum += !e.deleted && is_alive(s, c, &e) ? tk_value_cost(s, e.len) : 0;
    }
    return (int32_t)(s->flash->sector_size - sum);
}

/* --- sectors --- */

int tk_store_erase(struct tk_store *s, uint32_t seq)
{
    int ret = s->flash->erase(s->flash->ctx, tk_store_sector(s, seq));

    if (s->fix / 8 / s->flash->sector_size == seq % s->flash->sectors)
        s->fix = UINT32_MAX;
    s->erased = ret == TK_FLASH_OK;
    s->erasing = ret == TK_FLASH_AGAIN;
    return ret == TK_FLASH_OK      ? TK_STORE_OK
           : ret == TK_FLASH_AGAIN ? TK_STORE_AGAIN
                                   : TK_STORE_FLASH;
}

void tk_store_end_erase(struct tk_store *s)
{
    if (s->erasing)
        (void)tk_store_erase_whole(s, s->seq + 1);
}

bool tk_store_erase_whole(struct tk_store *s, uint32_t seq)
{
    int ret;

    do {
        ret = tk_store_erase(s, seq);
    } while (ret == TK_STORE_AGAIN);
    return ret == TK_STORE_OK;
}

bool tk_store_is_blank(struct tk_store *s, uint32_t at, uint32_t end)
{
    while (at < end && tk_store_number(s, at, 1) == 0xff)
        at++;
    return at == end && !s->unread;
}

static bool write_header(struct tk_store *s, const struct tk_header *h, uint32_t copy)
{
    uint32_t at = tk_store_sector(s, h->seq) + copy * tk_store_align(s, TK_HEADER_SIZE);
    struct writer w = {.s = s, .at = at, .limit = UINT32_MAX, .crc = tk_crc_begin(s, 0)};
    struct tk_header back;

    put_number(&w, h->seq, 4);
    put_number(&w, h->end, 4);
    put_number(&w, h->opened, 4);
    put_crc(&w);
    return !w.failed && tk_header_read_copy(s, h->seq, copy, &back) && back.seq == h->seq;
}

/* The header of a sector that nothing was appended to yet is all that may be undecided. */
static int confirm(struct tk_store *s)
{
    uint32_t at = tk_store_sector(s, s->seq), len = tk_store_align(s, TK_HEADER_SIZE);
    const struct tk_header h = {s->seq, s->end, s->opened};

    if (tk_store_is_blank(s, at + len, at + 2 * len) && !write_header(s, &h, 1))
        return TK_STORE_FLASH;
    return s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}

/* Writes the records that a sector begins with. */
static int fill_sector(struct tk_store *s, const struct tk_commit *c, struct tk_header *h)
{
    uint32_t sector = tk_store_sector(s, h->seq), oldest = tk_store_oldest(s);
    struct writer w = {.s = s, .seq = h->seq, .limit = sector + s->flash->sector_size};

    w.at = sector + 2 * tk_store_align(s, TK_HEADER_SIZE);
    for (uint32_t seq = oldest; seq <= s->seq; seq++)
        carry_sector(&w, c, seq, seq == oldest && h->seq >= s->flash->sectors);
    if (c->changed != 0)
        write_record(&w, c, c->changed, c->heads);
    h->opened = w.at - sector;
    return w.full ? TK_STORE_FULL : w.failed || s->unread ? TK_STORE_FLASH : TK_STORE_OK;
}

/* All in it counts from the moment on that its header is there. */
int tk_store_open_sector(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t end = s->last != 0 ? s->last : s->at;
    struct tk_header h = {.seq = s->seq + 1, .end = end - tk_store_sector(s, s->seq)};

    if (!s->erased && !tk_store_erase_whole(s, h.seq))
        return TK_STORE_FLASH;
    s->erased = false;
    int ret = fill_sector(s, c, &h);

    if (ret != TK_STORE_OK)
        return ret;
    if (!write_header(s, &h, 0))
        return TK_STORE_FLASH;
    s->seq = h.seq;
    s->end = h.end;
    s->opened = h.opened;
    s->at = tk_store_sector(s, s->seq) + s->opened;
    s->last = 0;
    s->fresh = s->closed = s->wounded = false;
    return TK_STORE_OK;
}

int tk_store_settle(struct tk_store *s)
{
    static const struct tk_commit nothing;
    int ret;

    if (!s->fresh || s->seq == 0)
        return TK_STORE_OK;
    if (s->last != 0)
        return tk_store_open_sector(s, &nothing);
    ret = confirm(s);
    s->fresh = ret != TK_STORE_OK;
    return ret;
}

int tk_store_append(struct tk_store *s, const struct tk_commit *c)
{
    uint32_t limit = tk_store_sector(s, s->seq) + s->flash->sector_size;
    struct writer w = {.s = s, .seq = s->seq, .limit = limit, .at = s->at};

    write_record(&w, c, c->changed, c->heads);
    s->closed = w.failed;
    s->at = w.failed ? s->at : w.at;
    return w.failed ? TK_STORE_FLASH : TK_STORE_OK;
}
