/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_read.h"

#include "tk_store_sealed.h"

#include <string.h>

#define CHUNK 24 /* bytes read at a time */
#define TRIES 3  /* a read of good cells may be wrong once */

/* Copies to each query the part of its value that lies in the chunk. */
static void hand_out(const struct tk_cursor *c, uint32_t at, const uint8_t *chunk, uint32_t n,
                     struct tk_store_query *queries, size_t count)
{
    for (struct tk_store_query *q = queries; q < queries + count; q++) {
        const struct tk_cursor *f = &q->found;
        uint32_t from = at > f->value ? at : f->value;
        uint32_t to = at + n < f->value + f->len ? at + n : f->value + f->len;

        if (f->at == c->at && from < to)
            memcpy((uint8_t *)q->buf + (from - f->value), chunk + (from - at), to - from);
    }
}

/* The syndrome of the record: 0 if its CRC-32 matches. */
static uint32_t read_through(struct tk_store *s, const struct tk_cursor *c,
                             struct tk_store_query *queries, size_t count)
{
    uint32_t crc = tk_crc_begin(s, c->seq);
    uint8_t chunk[CHUNK];

    for (uint32_t at = c->at, n; at < c->end; at += n) {
        n = c->end - at < CHUNK ? c->end - at : CHUNK;
        tk_media_read(s, at, chunk, n);
        crc = tk_crc_add(crc, chunk, n);
        hand_out(c, at, chunk, n, queries, count);
    }
    return crc ^ TK_CRC_RESIDUE;
}

bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c)
{
    for (int i = 0; i < TRIES && !s->read_failed; i++) {
        if (read_through(s, c, NULL, 0) == 0)
            return true;
    }
    return false;
}

bool tk_record_reads_back(struct tk_store *s, uint32_t seq, uint32_t at, uint32_t end,
                          uint8_t heads)
{
    const struct tk_cursor c = {.seq = seq, .at = at, .end = end, .heads = heads};

    return tk_record_is_whole(s, &c) && (!tk_is_sealed(s) || tk_record_read(s, &c, NULL, 0));
}

static bool read_corrected(struct tk_store *s, const struct tk_cursor *c, uint32_t syndrome,
                           struct tk_store_query *queries, size_t count)
{
    uint32_t bit = tk_crc_wrong_bit(syndrome, 8 * (c->end - c->at)), bad_bit = s->bad_bit;

    if (bit == 0)
        return false;
    s->bad_bit = 8 * c->end - bit;
    if (read_through(s, c, queries, count) != 0) {
        s->bad_bit = bad_bit;
        return false;
    }
    s->health |= TK_STORE_CORRECTED;
    s->needs_rewrite = true;
    return true;
}

/* The last try is to correct. */
static bool read_checked(struct tk_store *s, const struct tk_cursor *c,
                         struct tk_store_query *queries, size_t count)
{
    uint32_t syndrome = 1;

    for (int i = 0; i < TRIES && !s->read_failed && syndrome != 0; i++)
        syndrome = read_through(s, c, queries, count);
    return syndrome == 0 || (!s->read_failed && read_corrected(s, c, syndrome, queries, count));
}

bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, struct tk_store_query *queries,
                    size_t count)
{
    uint8_t nonce[TK_STORE_NONCE];

    if (!read_checked(s, c, queries, count))
        return false;
    if (!tk_is_sealed(s))
        return true;
    for (int i = 0; !tk_sealed_is_authentic(s, c, nonce); i++) {
        if (i == TRIES - 1)
            return false;
    }
    for (struct tk_store_query *q = queries; q < queries + count; q++) {
        if (q->found.at == c->at)
            tk_sealed_decrypt(s, c, nonce, q->found.value, q->buf, q->found.len);
    }
    return true;
}

void tk_record_bytes(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *buf,
                     uint32_t len)
{
    uint8_t nonce[TK_STORE_NONCE];

    tk_media_read(s, at, buf, len);
    if (!tk_is_sealed(s))
        return;
    tk_media_read(s, tk_record_values(s, c) - TK_STORE_NONCE, nonce, TK_STORE_NONCE);
    tk_sealed_decrypt(s, c, nonce, at, buf, len);
}
