/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_record.h"

#include "tk_store_read.h"
#include "tk_store_sealed.h"
#include "tk_store_walk.h"

#include <string.h>

/* Parts of what is written: those of a record of which there is one an entry, and the rest. */
enum part { HEADS, VALUES, FRAME };

/* --- bytes --- */

static void flush(struct tk_writer *w)
{
    const struct tk_flash *f = w->s->flash;
    uint32_t len = tk_media_align(w->s, w->fill);

    memset(w->bounce + w->fill, 0xff, len - w->fill);
    w->failed = w->failed || w->s->read_failed || w->at + len > w->limit ||
                f->program(f->ctx, w->at, w->bounce, len) != TK_FLASH_OK;
    w->at += len;
    w->fill = 0;
}

/* Seals bytes of heads or values in place. `at`: where those of a copy were read, else 0. */
static void seal_bytes(struct tk_writer *w, uint32_t at, void *data, uint32_t len)
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
            tk_media_read(w->s, at + i, to, n);
        if (w->part < FRAME && w->commit == NULL)
            tk_crc_add(&w->source_crc, to, n);
        if (w->part < FRAME && tk_is_sealed(w->s))
            seal_bytes(w, data != NULL ? 0 : at + i, to, n);
        tk_crc_add(&w->crc, to, n);
        w->fill = (uint8_t)(w->fill + (w->derives_nonce ? 0 : n));
    }
}

static void put_number(struct tk_writer *w, uint32_t number, uint32_t bytes)
{
    const uint8_t le[4] = {(uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16),
                           (uint8_t)(number >> 24)};

    put(w, le, 0, bytes);
}

/* Completes what was begun: after this it is valid and durable. */
static void put_crc(struct tk_writer *w)
{
    put_number(w, ~w->crc, 4);
    flush(w);
    w->failed = w->failed || !tk_media_sync(w->s);
}

/* --- nonce and tag --- */

static void seal_begin(struct tk_writer *w)
{
    w->s->seal->offset = 0;
    tk_sealed_begin(w->s, w->derives_nonce ? NULL : w->s->seal->nonce, w->seq);
}

/* Writes nonce or tag. A copy has another one than its source, whose is at `at` and goes to
 * source. */
static void put_own(struct tk_writer *w, uint32_t len, uint32_t at, uint8_t *source)
{
    put(w, w->s->seal->nonce, 0, len);
    if (w->commit != NULL)
        return;
    tk_media_read(w->s, at, source, len);
    tk_crc_add(&w->source_crc, source, len);
}

static void put_nonce(struct tk_writer *w)
{
    put_own(w, TK_STORE_NONCE, tk_record_values(w->s, &w->source) - TK_STORE_NONCE,
            w->s->seal->source_nonce);
}

static void put_tag(struct tk_writer *w)
{
    struct tk_store_seal *seal = w->s->seal;
    uint8_t source_tag[TK_STORE_TAG];

    seal->end(seal->ctx, seal->nonce); /* the nonce in the first pass, the tag in the second */
    if (!w->derives_nonce)
        put_own(w, TK_STORE_TAG, w->source.end - 4 - TK_STORE_TAG, source_tag);
}

/* --- records --- */

static bool next_entry(struct tk_writer *w)
{
    struct tk_cursor *e = &w->source;

    if (w->commit == NULL)
        return tk_cursor_entry(w->s, e);
    if (e->next_head == w->commit->count)
        return false;
    const struct tk_store_value *v = &w->commit->values[e->next_head++];

    e->key = v->key;
    e->deleted = v->count == 0;
    e->is_all = w->commit->is_wipe;
    e->len = (uint16_t)tk_value_len(v);
    return true;
}

static void put_heads(struct tk_writer *w)
{
    const struct tk_cursor *e = &w->source;
    uint32_t len = e->len, key = e->key, wide = key - TK_KEY_WIDE;

    if (key >= TK_KEY_WIDE && !e->is_all) {
        put_number(w, (TK_KEY_WIDE + wide / 256) | wide % 256 << 8, 2);
        key = 0;
    }
    for (; len >= TK_HEAD_PART; len -= TK_HEAD_PART)
        put_number(w, key | TK_HEAD_LONG << 8, 2);
    put_number(w, key | (e->deleted ? TK_HEAD_DELETED : len) << 8, 2);
}

static void put_value(struct tk_writer *w)
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

static void put_part(struct tk_writer *w, enum part part)
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

/* What is copied is read in both passes. Where they differ, one was a misread: a tag over other
 * bytes than those that the nonce is derived from would give the key away. */
static uint32_t put_record(struct tk_writer *w, bool derives_nonce)
{
    uint8_t bounce[TK_BOUNCE];
    bool is_misread;
    uint32_t end;

    w->bounce = bounce;
    w->fill = 0;
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
    is_misread = !derives_nonce && w->commit == NULL && w->read_crc != w->source_crc;
    w->read_crc = w->source_crc;
    w->failed = w->failed || is_misread;
    if (is_misread)
        return w->at;
    if (tk_is_sealed(w->s))
        put_tag(w);
    end = w->at + w->fill + 4;
    if (!derives_nonce)
        put_crc(w);
    return end;
}

/* The first pass derives the nonce. */
uint32_t tk_write_record(struct tk_writer *w)
{
    if (w->commit == NULL || tk_is_sealed(w->s))
        (void)put_record(w, true);
    return put_record(w, false);
}

/* --- headers --- */

bool tk_write_words(struct tk_store *s, const uint32_t *words, uint32_t at, uint32_t len)
{
    uint8_t bounce[TK_BOUNCE];
    struct tk_writer w = {.s = s, .part = FRAME, .at = at, .limit = UINT32_MAX, .bounce = bounce};

    for (uint32_t i = 0; i < len; i += 4)
        put_number(&w, *words++, len - i < 4 ? len - i : 4);
    flush(&w);
    return !w.failed && tk_media_sync(s);
}

/* The first half, which has the CRC-32, goes last: where it is right, the second one is complete.
 */
bool tk_write_header(struct tk_store *s, const struct tk_header *h, uint32_t at)
{
    struct tk_header back;
    uint32_t words[TK_HEADER_WORDS], len = tk_header_words(s, h, words);

    return tk_write_words(s, words + TK_HEADER_WORDS / 2, at + tk_media_align(s, TK_HEADER_HALF),
                          len) &&
           tk_write_words(s, words, at, TK_HEADER_HALF) && tk_header_at(s, at, &back) &&
           back.error == 0 && back.format == TK_FORMAT && back.seq == h->seq;
}
