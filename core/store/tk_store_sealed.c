/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_media.h"

#include <string.h>

#define CHUNK 32 /* bytes that are read at a time */

/* --- reading --- */

static void read_nonce(struct tk_store *s, const struct tk_cursor *c, uint8_t out[TK_STORE_NONCE])
{
    tk_store_read(s, tk_record_values(s, c) - TK_STORE_NONCE, out, TK_STORE_NONCE);
}

void tk_sealed_open(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *data,
                    size_t len)
{
    uint8_t nonce[TK_STORE_NONCE];

    read_nonce(s, c, nonce);
    s->seal->crypt(s->seal->ctx, nonce, at - tk_record_values(s, c), data, len);
}

/* What is sealed belongs to its sector. */
static void begin(struct tk_store *s, const uint8_t *nonce, uint32_t seq)
{
    const uint8_t le[4] = {(uint8_t)seq, (uint8_t)(seq >> 8), (uint8_t)(seq >> 16),
                           (uint8_t)(seq >> 24)};

    s->seal->begin(s->seal->ctx, nonce);
    s->seal->head(s->seal->ctx, le, sizeof le);
}

static void tell(struct tk_store *s, void (*to)(void *ctx, const void *data, size_t len),
                 uint32_t at, uint32_t end)
{
    uint8_t chunk[CHUNK];

    for (uint32_t n; at < end; at += n) {
        n = end - at < CHUNK ? end - at : CHUNK;
        tk_store_read(s, at, chunk, n);
        to(s->seal->ctx, chunk, n);
    }
}

bool tk_sealed_is_authentic(struct tk_store *s, const struct tk_cursor *c)
{
    const struct tk_store_seal *seal = s->seal;
    uint32_t tag_at = c->end - 4 - TK_STORE_TAG;
    uint8_t nonce[TK_STORE_NONCE], tag[TK_STORE_TAG], differs = 0;

    read_nonce(s, c, nonce);
    begin(s, nonce, c->seq);
    tell(s, seal->head, c->at, c->at + 1 + 2u * c->heads);
    tell(s, seal->values, tk_record_values(s, c), tag_at);
    seal->end(seal->ctx, tag);
    for (uint32_t i = 0; i < TK_STORE_TAG; i++)
        differs |= tag[i] ^ (uint8_t)tk_store_number(s, tag_at + i, 1);
    return differs == 0;
}

/* --- writing --- */

void tk_sealed_begin(struct tk_writer *w)
{
    w->s->seal->offset = 0;
    begin(w->s, w->makes_nonce ? NULL : w->s->seal->nonce, w->seq);
}

/* What a copy and its original have each of its own. */
static void put_own(struct tk_writer *w, uint32_t len, uint32_t at, uint8_t *from)
{
    tk_writer_put(w, w->s->seal->nonce, 0, len);
    if (w->of != NULL)
        return;
    tk_store_read(w->s, at, from, len);
    w->from_crc = tk_crc_add(w->from_crc, from, len);
}

void tk_sealed_nonce(struct tk_writer *w)
{
    put_own(w, TK_STORE_NONCE, tk_record_values(w->s, &w->from) - TK_STORE_NONCE, w->s->seal->from);
}

void tk_sealed_bytes(struct tk_writer *w, uint32_t at, void *data, uint32_t len)
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

void tk_sealed_tag(struct tk_writer *w)
{
    struct tk_store_seal *seal = w->s->seal;
    uint8_t from[TK_STORE_TAG];

    seal->end(seal->ctx, seal->nonce); /* which is a nonce still, or else the tag now */
    if (!w->makes_nonce)
        put_own(w, TK_STORE_TAG, w->from.end - 4 - TK_STORE_TAG, from);
}

/* --- of another key --- */

/* Whether the first record of the newest sector is whole, but not to be opened with this key. */
static bool is_of_another_key(struct tk_store *s)
{
    struct tk_cursor c;

    tk_cursor_first(s, &c, s->seq);
    return s->seal != NULL && tk_cursor_record(s, &c) && tk_record_is_whole(s, &c) &&
           !tk_record_read(s, &c, NULL, 0);
}

bool tk_sealed_otherwise(struct tk_store *s)
{
    struct tk_store_seal any; /* is only compared with NULL */
    struct tk_store other = *s;
    struct tk_header h;

    if (s->seq != 0)
        return is_of_another_key(s);
    other.seal = s->seal == NULL ? &any : NULL;
    for (uint32_t i = 0; i < s->flash->sectors; i++) {
        if (tk_header_read(&other, i, &h))
            return true;
    }
    return false;
}
