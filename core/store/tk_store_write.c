/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_write.h"

#include "tk_store_read.h"
#include "tk_store_sealed.h"
#include "tk_store_walk.h"

#include <string.h>

/* Parts of a record: those of which there is one an entry, and the rest. */
enum part { FRAME, HEADS, VALUES };

/* Writes records one after another: of a commit, or copies of records of other sectors. */
struct writer {
    struct tk_store *s;
    const struct tk_commit *commit; /* NULL: the record at source is copied */
    struct tk_cursor source;        /* walks over the entries of either */
    uint32_t mask;                  /* bit i: entry i is written */
    uint32_t repeated;              /* of tk_keys_repeated, while copying */
    uint32_t seq;                   /* of the sector written to */
    uint32_t at;                    /* flash offset for the bounce buffer */
    uint8_t *bounce;
    uint32_t crc;        /* of the record so far */
    uint32_t source_crc; /* what the CRC of a record copied whole was in its own sector */
    uint8_t count;       /* first byte of the record */
    uint8_t fill;        /* bytes in the bounce buffer */
    uint8_t part;        /* enum part */
    bool derives_nonce;  /* this pass programs nothing */
    bool failed;
};

/* --- bytes --- */

static void flush(struct writer *w)
{
    const struct tk_flash *f = w->s->flash;
    uint32_t len = tk_media_align(w->s, w->fill);

    memset(w->bounce + w->fill, 0xff, len - w->fill);
    w->failed = w->failed || w->s->read_failed ||
                (w->at + len - 1) / f->sector_size != w->seq % f->sectors ||
                f->program(f->ctx, w->at, w->bounce, len) != TK_FLASH_OK;
    w->at += len;
    w->fill = 0;
}

/* Seals bytes of heads or values in place. `at`: where those of a copy were read, else 0. */
static void seal_bytes(struct writer *w, uint32_t at, void *data, uint32_t len)
{
    struct tk_store_seal *seal = w->s->seal;

    if (w->part == HEADS) {
        seal->add_head(seal->ctx, data, len);
        return;
    }
    if (at != 0)
        seal->crypt(seal->ctx, seal->source_nonce, at - tk_record_values(w->s, &w->source), data,
                    len);
    if (!w->derives_nonce)
        seal->crypt(seal->ctx, seal->nonce, seal->offset, data, len);
    seal->add_values(seal->ctx, data, len);
    seal->offset += len;
}

/* Writes data; if it is NULL, what the flash has at `at`. */
static void put(struct writer *w, const void *data, uint32_t at, uint32_t len)
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
            tk_media_read(w->s, at + i, to, n);
        if (w->part != FRAME && w->commit == NULL)
            w->source_crc = tk_crc_add(w->source_crc, to, n);
        if (w->part != FRAME && tk_is_sealed(w->s))
            seal_bytes(w, data != NULL ? 0 : at + i, to, n);
        w->crc = tk_crc_add(w->crc, to, n);
        w->fill = (uint8_t)(w->fill + (w->derives_nonce ? 0 : n));
    }
}

static void put_number(struct writer *w, uint32_t number, uint32_t bytes)
{
    const uint8_t le[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                           (uint8_t)(number >> 24)};

    put(w, le, 0, bytes);
}

/* Completes what was begun: after this it is valid and durable. */
static void put_crc(struct writer *w)
{
    put_number(w, ~w->crc, 4);
    flush(w);
    w->failed = w->failed || !tk_media_sync(w->s);
}

/* --- nonce and tag --- */

static void seal_begin(struct writer *w)
{
    w->s->seal->offset = 0;
    tk_sealed_begin(w->s, w->derives_nonce ? NULL : w->s->seal->nonce, w->seq);
}

/* Writes nonce or tag. A copy has another one than its source, whose is at `at` and goes to
 * source. */
static void put_own(struct writer *w, uint32_t len, uint32_t at, uint8_t *source)
{
    put(w, w->s->seal->nonce, 0, len);
    if (w->commit != NULL)
        return;
    tk_media_read(w->s, at, source, len);
    w->source_crc = tk_crc_add(w->source_crc, source, len);
}

static void put_nonce(struct writer *w)
{
    put_own(w, TK_STORE_NONCE, tk_record_values(w->s, &w->source) - TK_STORE_NONCE,
            w->s->seal->source_nonce);
}

static void put_tag(struct writer *w)
{
    struct tk_store_seal *seal = w->s->seal;
    uint8_t source_tag[TK_STORE_TAG];

    seal->end(seal->ctx, seal->nonce); /* the nonce in the first pass, the tag in the second */
    if (!w->derives_nonce)
        put_own(w, TK_STORE_TAG, w->source.end - 4 - TK_STORE_TAG, source_tag);
}

/* --- records --- */

static bool next_entry(struct writer *w)
{
    struct tk_cursor *e = &w->source;

    if (w->commit == NULL)
        return tk_cursor_entry(w->s, e);
    if (e->next_head == w->commit->count)
        return false;
    const struct tk_store_value *v = &w->commit->values[e->next_head++];

    e->key = v->key;
    e->deleted = v->count == 0;
    e->len = (uint16_t)tk_value_len(v);
    return true;
}

static void put_heads(struct writer *w)
{
    const struct tk_cursor *e = &w->source;
    uint32_t len = e->len;

    for (; len >= TK_HEAD_PART; len -= TK_HEAD_PART)
        put_number(w, e->key | TK_HEAD_LONG << 8, 2);
    put_number(w, e->key | (e->deleted ? TK_HEAD_DELETED : len) << 8, 2);
}

static void put_value(struct writer *w)
{
    const struct tk_cursor *e = &w->source;

    if (w->commit == NULL) {
        put(w, NULL, e->value, e->len);
        return;
    }
    const struct tk_store_value *v = &w->commit->values[e->next_head - 1];

    for (size_t i = 0; i < v->count; i++)
        put(w, v->pieces[i].data, 0, v->pieces[i].len);
}

static void put_part(struct writer *w, enum part part)
{
    tk_cursor_rewind(w->s, &w->source);
    w->part = (uint8_t)part;
    if (part == HEADS)
        put(w, &w->count, 0, 1);
    for (uint32_t mask = w->mask; next_entry(w); mask >>= 1) {
        if ((mask & 1) == 0)
            continue;
        if (part == HEADS)
            put_heads(w);
        else
            put_value(w);
    }
    w->part = FRAME;
}

static uint32_t put_record(struct writer *w, bool derives_nonce)
{
    uint8_t bounce[TK_BOUNCE];
    uint32_t end;

    w->bounce = bounce;
    w->derives_nonce = derives_nonce;
    w->crc = tk_crc_begin(w->s, w->seq);
    w->source_crc = tk_crc_begin(w->s, w->source.seq);
    if (tk_is_sealed(w->s))
        seal_begin(w);
    put_part(w, HEADS);
    put_number(w, w->crc, 2);
    w->source_crc >>= 16; /* the same as adding its own lower half */
    if (tk_is_sealed(w->s))
        put_nonce(w);
    put_part(w, VALUES);
    if (tk_is_sealed(w->s))
        put_tag(w);
    end = w->at + w->fill + 4;
    if (!derives_nonce)
        put_crc(w);
    return end;
}

/* Returns the flash offset of the record's end, without padding. */
static uint32_t write_record(struct writer *w)
{
    if (tk_is_sealed(w->s))
        (void)put_record(w, true);
    return put_record(w, false);
}

/* Reads a record back. Called once write_record has given its buffer back: it needs the stack. */
static void check_record(struct writer *w, uint32_t at, uint32_t end)
{
    uint8_t heads = w->count % TK_RECORD_COPY;

    w->failed = w->failed || !tk_record_reads_back(w->s, w->seq, at, end, heads);
}

static void write_commit(struct writer *w, const struct tk_commit *c)
{
    uint32_t at = w->at;

    w->commit = c;
    w->mask = c->changed;
    w->count = (uint8_t)c->heads;
    check_record(w, at, write_record(w));
}

/* --- copying to the sector that is opened --- */

/* The unsettled record reads differently than before: it was torn. Drops it. */
static void drop_unsettled(struct writer *w)
{
    struct tk_store *s = w->s;

    w->failed = true;
    if (s->read_failed)
        return;
    s->append_at = s->unsettled;
    s->unsettled = 0;
}

/* Copies the unsettled record whole, and not marked as a copy: the original becomes void. The CRC
 * of the original is checked over the very bytes that were copied, so that marginal bits, which
 * read differently each time, cannot slip through. */
static void copy_unsettled(struct writer *w)
{
    const struct tk_cursor *r = &w->source;
    uint32_t at = w->at;

    (void)tk_record_read(w->s, r, NULL, 0); /* finds a bad bit */
    w->mask = UINT32_MAX;
    w->count = r->heads;
    check_record(w, at, write_record(w));
    if (~w->source_crc != tk_media_number(w->s, r->end - 4, 4))
        drop_unsettled(w);
}

/* Copies the live entries of a record. A damaged one is not given a fresh CRC. */
static void copy_live(struct writer *w, const struct tk_commit *c)
{
    struct tk_cursor *e = &w->source;

    w->mask = 0;
    w->count = TK_RECORD_COPY;
    for (uint32_t bit = 1; tk_cursor_entry(w->s, e); bit <<= 1) {
        if (tk_commit_replaces(c, e->key) || !tk_cursor_is_live(w->s, w->repeated, e))
            continue;
        w->mask |= bit;
        w->count = (uint8_t)(w->count + tk_value_heads(e->len));
    }
    if (w->mask == 0 || !tk_record_read(w->s, e, NULL, 0))
        return;
    uint32_t at = w->at;

    check_record(w, at, write_record(w));
}

/* Copies the unsettled record, one with a bad bit, and all others if the sector dies. */
static void copy_sector(struct writer *w, const struct tk_commit *c, uint32_t seq, bool dies)
{
    struct tk_store *s = w->s;
    struct tk_cursor *r = &w->source;

    tk_cursor_first(s, r, seq);
    while (tk_cursor_record(s, r)) {
        if (r->at == s->unsettled)
            copy_unsettled(w);
        else if (dies || s->bad_bit / 8 - r->at < r->end - r->at)
            copy_live(w, c);
    }
    if (seq == s->seq && s->unsettled != 0 && r->at <= s->unsettled)
        drop_unsettled(w); /* it no longer parses */
}

/* Erases the next sector and begins it with the copies. */
static void copy_all(struct writer *w, const struct tk_commit *c)
{
    struct tk_store *s = w->s;
    uint32_t oldest = tk_media_oldest(s);

    w->failed = !s->next_erased && !tk_media_erase(s, w->seq);
    if (w->failed)
        return;
    s->next_erased = false;
    w->repeated = tk_keys_repeated(s);
    w->at = tk_media_sector(s, w->seq) + 2 * tk_media_align(s, TK_HEADER_SIZE);
    for (uint32_t seq = oldest; seq <= s->seq; seq++)
        copy_sector(w, c, seq, seq == oldest && w->seq >= s->flash->sectors);
}

/* --- headers --- */

static bool write_header(struct writer *w, uint32_t prev_end, uint32_t opened_end, uint32_t copy)
{
    struct tk_store *s = w->s;
    uint32_t at = w->at;
    uint8_t bounce[TK_BOUNCE];
    struct tk_header back;

    w->bounce = bounce;
    w->at = tk_media_sector(s, w->seq) + copy * tk_media_align(s, TK_HEADER_SIZE);
    w->crc = tk_crc_begin(s, 0);
    put_number(w, w->seq, 4);
    put_number(w, prev_end, 4);
    put_number(w, opened_end, 4);
    put_crc(w);
    w->at = at;
    return !w->failed && tk_header_read_copy(s, w->seq, copy, &back) && back.seq == w->seq;
}

/* Where nothing was appended to the newest sector, only its header may be torn: writes the second
 * copy. */
static void confirm_header(struct writer *w)
{
    struct tk_store *s = w->s;
    uint32_t at = tk_media_sector(s, s->seq), len = tk_media_align(s, TK_HEADER_SIZE);

    if (tk_media_is_blank(s, at + len, at + 2 * len))
        w->failed = !write_header(w, s->prev_end, s->opened_end, 1);
    w->failed = w->failed || s->read_failed;
}

/* The header makes all records in the sector count. */
static void finish_sector(struct writer *w)
{
    struct tk_store *s = w->s;
    uint32_t opened_end = w->at - tk_media_sector(s, w->seq);
    uint32_t prev_end =
        (s->unsettled != 0 ? s->unsettled : s->append_at) - tk_media_sector(s, s->seq);

    w->failed = w->failed || s->read_failed || !write_header(w, prev_end, opened_end, 0);
    if (w->failed)
        return;
    s->seq = w->seq;
    s->prev_end = prev_end;
    s->opened_end = opened_end;
    s->unsettled = 0;
    s->sector_closed = s->needs_rewrite = false;
}

int tk_write_commit(struct tk_store *s, const struct tk_commit *c, bool opens)
{
    struct writer w = {.s = s, .seq = s->seq + opens, .at = s->append_at};

    if (opens)
        copy_all(&w, c);
    if (c->changed != 0)
        write_commit(&w, c);
    else if (!opens)
        confirm_header(&w);
    if (opens)
        finish_sector(&w);
    if (w.failed) {
        s->sector_closed = s->sector_closed || !opens;
        return TK_STORE_FLASH;
    }
    s->append_at = w.at;
    s->unwritten_since_mount = false;
    return TK_STORE_OK;
}

int tk_write_again(struct tk_store *s, bool opens)
{
    static const struct tk_commit nothing;

    return tk_write_commit(s, &nothing, opens);
}
