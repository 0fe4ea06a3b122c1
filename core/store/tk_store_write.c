/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_write.h"

#include "tk_store_read.h"
#include "tk_store_sealed.h"
#include "tk_store_walk.h"

#include <string.h>

enum tk_part { TK_FRAME, TK_HEADS, TK_VALUES };

/* Writes records one behind the other: those of a commit, or copies of others. */
struct tk_writer {
    struct tk_store *s;
    const struct tk_commit *of; /* what is written; NULL: a copy of what from stands at */
    struct tk_cursor from;      /* goes from entry to entry of either */
    uint32_t mask;              /* a bit for each entry that is written */
    uint32_t repeated;          /* as of tk_store_repeated, where records are copied */
    uint32_t seq;               /* of the sector it writes to */
    uint32_t at;                /* where the bounce buffer goes */
    uint8_t *bounce;            /* TK_BOUNCE bytes */
    uint32_t crc;               /* of what was written of the record */
    uint32_t from_crc; /* of the same where it is a copy of all, in the sector it is from */
    uint8_t count;     /* what the record begins with */
    uint8_t fill;      /* bytes in the bounce buffer */
    uint8_t part;      /* of the record, as enum tk_part */
    bool makes_nonce;  /* so far only that: nothing is programmed */
    bool failed;
};

/* --- bytes --- */

static void flush(struct tk_writer *w)
{
    const struct tk_flash *f = w->s->flash;
    uint32_t len = tk_store_align(w->s, w->fill);

    memset(w->bounce + w->fill, 0xff, len - w->fill);
    w->failed = w->failed || w->s->unread ||
                (w->at + len - 1) / f->sector_size != w->seq % f->sectors ||
                f->program(f->ctx, w->at, w->bounce, len) != TK_FLASH_OK;
    w->at += len;
    w->fill = 0;
}

static void seal_bytes(struct tk_writer *w, uint32_t at, void *data, uint32_t len)
{
    struct tk_store_seal *seal = w->s->seal;

    if (w->part == TK_HEADS) {
        seal->head(seal->ctx, data, len);
        return;
    }
    if (at != 0)
        seal->crypt(seal->ctx, seal->from, at - tk_record_values(w->s, &w->from), data, len);
    if (!w->makes_nonce)
        seal->crypt(seal->ctx, seal->nonce, seal->offset, data, len);
    seal->values(seal->ctx, data, len);
    seal->offset += len;
}

static void put(struct tk_writer *w, const void *data, uint32_t at, uint32_t len)
{
    for (uint32_t i = 0, n; i < len; i += n) {
        if (w->fill == TK_BOUNCE)
            flush(w);
        uint8_t *to = w->bounce + w->fill;

        n = (uint32_t)TK_BOUNCE - w->fill;
        n = n < len - i ? n : len - i;
        if (data != NULL)
            memcpy(to, (const uint8_t *)data + i, n);
        else
            tk_store_read(w->s, at + i, to, n);
        if (w->part != TK_FRAME && w->of == NULL)
            w->from_crc = tk_crc_add(w->from_crc, to, n);
        if (w->part != TK_FRAME && w->s->seal != NULL)
            seal_bytes(w, data != NULL ? 0 : at + i, to, n);
        w->crc = tk_crc_add(w->crc, to, n);
        w->fill = (uint8_t)(w->fill + (w->makes_nonce ? 0 : n));
    }
}

static void put_number(struct tk_writer *w, uint32_t number, uint32_t bytes)
{
    const uint8_t le[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                           (uint8_t)(number >> 24)};

    put(w, le, 0, bytes);
}

/* Ends what was begun, and makes it last. */
static void put_crc(struct tk_writer *w)
{
    const struct tk_flash *f = w->s->flash;

    put_number(w, ~w->crc, 4);
    flush(w);
    w->failed = w->failed || (f->sync != NULL && f->sync(f->ctx) != TK_FLASH_OK);
}

/* --- what is sealed --- */

static void seal_begin(struct tk_writer *w)
{
    w->s->seal->offset = 0;
    tk_sealed_begin(w->s, w->makes_nonce ? NULL : w->s->seal->nonce, w->seq);
}

/* What a copy and its original have each of its own. */
static void put_own(struct tk_writer *w, uint32_t len, uint32_t at, uint8_t *from)
{
    put(w, w->s->seal->nonce, 0, len);
    if (w->of != NULL)
        return;
    tk_store_read(w->s, at, from, len);
    w->from_crc = tk_crc_add(w->from_crc, from, len);
}

static void put_nonce(struct tk_writer *w)
{
    put_own(w, TK_STORE_NONCE, tk_record_values(w->s, &w->from) - TK_STORE_NONCE, w->s->seal->from);
}

static void put_tag(struct tk_writer *w)
{
    struct tk_store_seal *seal = w->s->seal;
    uint8_t from[TK_STORE_TAG];

    seal->end(seal->ctx, seal->nonce); /* which is a nonce still, or else the tag now */
    if (!w->makes_nonce)
        put_own(w, TK_STORE_TAG, w->from.end - 4 - TK_STORE_TAG, from);
}

/* --- records --- */

/* The next entry of what is written. */
static bool next_entry(struct tk_writer *w)
{
    struct tk_cursor *e = &w->from;

    if (w->of == NULL)
        return tk_cursor_entry(w->s, e);
    if (e->next == w->of->count)
        return false;
    const struct tk_store_value *v = &w->of->values[e->next++];

    e->key = v->key;
    e->deleted = v->count == 0;
    e->len = (uint16_t)tk_value_len(v);
    return true;
}

static void put_heads(struct tk_writer *w)
{
    const struct tk_cursor *e = &w->from;
    uint32_t len = e->len;

    for (; len >= TK_HEAD_PART; len -= TK_HEAD_PART)
        put_number(w, e->key | TK_HEAD_LONG << 8, 2);
    put_number(w, e->key | (e->deleted ? TK_HEAD_DELETED : len) << 8, 2);
}

static void put_value(struct tk_writer *w)
{
    const struct tk_cursor *e = &w->from;

    if (w->of == NULL) {
        put(w, NULL, e->value, e->len);
        return;
    }
    const struct tk_store_value *v = &w->of->values[e->next - 1];

    for (size_t i = 0; i < v->count; i++)
        put(w, v->pieces[i].data, 0, v->pieces[i].len);
}

static void put_part(struct tk_writer *w, enum tk_part part)
{
    tk_cursor_rewind(w->s, &w->from);
    w->part = (uint8_t)part;
    if (part == TK_HEADS)
        put(w, &w->count, 0, 1);
    for (uint32_t mask = w->mask; next_entry(w); mask >>= 1) {
        if ((mask & 1) == 0)
            continue;
        if (part == TK_HEADS)
            put_heads(w);
        else
            put_value(w);
    }
    w->part = TK_FRAME;
}

/* Where it ends, when the last of it is written. */
static uint32_t put_record(struct tk_writer *w, bool makes_nonce)
{
    uint8_t bounce[TK_BOUNCE];
    uint32_t end;

    w->bounce = bounce;
    w->makes_nonce = makes_nonce;
    w->crc = tk_crc_begin(w->s, w->seq);
    w->from_crc = tk_crc_begin(w->s, w->from.seq);
    if (w->s->seal != NULL)
        seal_begin(w);
    put_part(w, TK_HEADS);
    put_number(w, w->crc, 2);
    w->from_crc >>= 16; /* what a CRC-32 becomes when its lower half is added to it */
    if (w->s->seal != NULL)
        put_nonce(w);
    put_part(w, TK_VALUES);
    if (w->s->seal != NULL)
        put_tag(w);
    end = w->at + w->fill + 4;
    if (!makes_nonce)
        put_crc(w);
    return end;
}

/* Writes a record and reads it back. */
static void write_record(struct tk_writer *w)
{
    uint32_t at = w->at, end;

    if (w->s->seal != NULL)
        (void)put_record(w, true);
    end = put_record(w, false);
    w->failed =
        w->failed || !tk_record_reads_back(w->s, w->seq, at, end, w->count % TK_RECORD_MOVED);
}

/* --- what moves --- */

/* What was written last before the start reads another way now: it was cut. */
static void void_last(struct tk_writer *w)
{
    struct tk_store *s = w->s;

    w->failed = true;
    if (s->unread)
        return;
    s->at = s->last;
    s->last = 0;
}

/* What was written last before the start is copied as it is, not as something that moved: where it
 * lay is void then. What its own seal says of the bytes that were copied holds for the copy, also
 * where cells read another way each time. */
static void carry_last(struct tk_writer *w)
{
    const struct tk_cursor *r = &w->from;

    (void)tk_record_read(w->s, r, NULL, 0); /* looks for a wrong bit */
    w->mask = UINT32_MAX;
    w->count = r->heads;
    write_record(w);
    if (~w->from_crc != tk_store_number(w->s, r->end - 4, 4))
        void_last(w);
}

/* Copies what is alive in a record. What is damaged is not sealed anew. */
static void carry(struct tk_writer *w, const struct tk_commit *c)
{
    struct tk_cursor *e = &w->from;

    w->mask = 0;
    w->count = TK_RECORD_MOVED;
    for (uint32_t bit = 1; tk_cursor_entry(w->s, e); bit <<= 1) {
        if (!tk_commit_is_alive(w->s, c, w->repeated, e))
            continue;
        w->mask |= bit;
        w->count = (uint8_t)(w->count + tk_heads_of(e->len));
    }
    if (w->mask != 0 && tk_record_read(w->s, e, NULL, 0))
        write_record(w);
}

/* What is alive in a sector that is erased next, and where a bit is known to be wrong. */
static void carry_sector(struct tk_writer *w, const struct tk_commit *c, uint32_t seq, bool dying)
{
    struct tk_store *s = w->s;
    struct tk_cursor *r = &w->from;

    tk_cursor_first(s, r, seq);
    while (tk_cursor_record(s, r)) {
        if (r->at == s->last)
            carry_last(w);
        else if (dying || s->fix / 8 - r->at < r->end - r->at)
            carry(w, c);
    }
    if (seq == s->seq && s->last != 0 && r->at <= s->last)
        void_last(w); /* it is not there any more */
}

/* --- sectors --- */

static bool write_header(struct tk_writer *w, uint32_t end, uint32_t opened, uint32_t copy)
{
    struct tk_store *s = w->s;
    uint32_t at = w->at;
    uint8_t bounce[TK_BOUNCE];
    struct tk_header back;

    w->bounce = bounce;
    w->at = tk_store_sector(s, w->seq) + copy * tk_store_align(s, TK_HEADER_SIZE);
    w->crc = tk_crc_begin(s, 0);
    put_number(w, w->seq, 4);
    put_number(w, end, 4);
    put_number(w, opened, 4);
    put_crc(w);
    w->at = at;
    return !w->failed && tk_header_read_copy(s, w->seq, copy, &back) && back.seq == w->seq;
}

/* The header of a sector that nothing was appended to yet is all that may be undecided. */
static void confirm(struct tk_writer *w)
{
    struct tk_store *s = w->s;
    uint32_t at = tk_store_sector(s, s->seq), len = tk_store_align(s, TK_HEADER_SIZE);

    if (tk_store_is_blank(s, at + len, at + 2 * len))
        w->failed = !write_header(w, s->end, s->opened, 1);
    w->failed = w->failed || s->unread;
}

/* What a sector begins with before its commit. */
static void carry_all(struct tk_writer *w, const struct tk_commit *c)
{
    struct tk_store *s = w->s;
    uint32_t oldest = tk_store_oldest(s);

    w->failed = !s->erased && !tk_store_erase_whole(s, w->seq);
    if (w->failed)
        return;
    s->erased = false;
    w->repeated = tk_store_repeated(s);
    w->at = tk_store_sector(s, w->seq) + 2 * tk_store_align(s, TK_HEADER_SIZE);
    for (uint32_t seq = oldest; seq <= s->seq; seq++)
        carry_sector(w, c, seq, seq == oldest && w->seq >= s->flash->sectors);
}

/* All in it counts from the moment on that its header is there. */
static void finish_sector(struct tk_writer *w)
{
    struct tk_store *s = w->s;
    uint32_t opened = w->at - tk_store_sector(s, w->seq);
    uint32_t end = (s->last != 0 ? s->last : s->at) - tk_store_sector(s, s->seq);

    w->failed = w->failed || s->unread || !write_header(w, end, opened, 0);
    if (w->failed)
        return;
    s->seq = w->seq;
    s->end = end;
    s->opened = opened;
    s->last = 0;
    s->closed = s->wounded = false;
}

static void write_commit(struct tk_writer *w, const struct tk_commit *c)
{
    w->of = c;
    w->mask = c->changed;
    w->count = (uint8_t)c->heads;
    write_record(w);
}

int tk_store_write(struct tk_store *s, const struct tk_commit *c, bool opens)
{
    struct tk_writer w = {.s = s, .seq = s->seq + opens, .at = s->at};

    if (opens)
        carry_all(&w, c);
    if (c->changed != 0)
        write_commit(&w, c);
    else if (!opens)
        confirm(&w);
    if (opens)
        finish_sector(&w);
    if (w.failed) {
        s->closed = s->closed || !opens;
        return TK_STORE_FLASH;
    }
    s->at = w.at;
    s->fresh = false;
    return TK_STORE_OK;
}

int tk_store_rewrite(struct tk_store *s, bool opens)
{
    static const struct tk_commit nothing;

    return tk_store_write(s, &nothing, opens);
}
