/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_read.h"

#include "tk_store_sealed.h"

#define TRIES 3 /* a read of good cells may be wrong once */

/* The syndrome of the record: 0 if its CRC-32 matches. */
static uint32_t read_through(struct tk_store *s, const struct tk_cursor *c, void *buf)
{
    uint32_t crc = tk_crc_begin(s, c->seq), len = buf == NULL ? 0 : c->len;
    uint32_t at = len == 0 ? c->at : c->value;

    tk_media_each(s, c->at, at, tk_crc_add, &crc);
    if (len > 0) {
        tk_media_read(s, at, buf, len);
        tk_crc_add(&crc, buf, len);
    }
    tk_media_each(s, at + len, c->end, tk_crc_add, &crc);
    return crc ^ TK_CRC_RESIDUE;
}

static uint32_t syndrome_of(struct tk_store *s, const struct tk_cursor *c, void *buf)
{
    uint32_t syndrome = 1;

    for (int i = 0; i < TRIES && !s->read_failed && syndrome != 0; i++)
        syndrome = read_through(s, c, buf);
    return syndrome;
}

bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c)
{
    return syndrome_of(s, c, NULL) == 0;
}

/* The last try is to correct. */
static bool read_checked(struct tk_store *s, const struct tk_cursor *c, void *buf)
{
    uint32_t syndrome = syndrome_of(s, c, buf), bad_bit = s->bad_bit, bit;

    if (syndrome == 0 || s->read_failed)
        return syndrome == 0;
    bit = tk_crc_wrong_bit(syndrome, 8 * (c->end - c->at));
    s->bad_bit = 8 * c->end - bit;
    if (bit == 0 || read_through(s, c, buf) != 0) {
        s->bad_bit = bad_bit;
        return false;
    }
    s->health |= TK_STORE_CORRECTED;
    s->needs_rewrite = true;
    return true;
}

bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, void *buf)
{
    uint8_t nonce[TK_STORE_NONCE];

    if (!read_checked(s, c, buf))
        return false;
    if (!tk_is_sealed(s))
        return true;
    for (int i = 0; !tk_sealed_is_authentic(s, c, nonce); i++) {
        if (i == TRIES - 1)
            return false;
    }
    if (buf != NULL)
        tk_sealed_decrypt(s, c, nonce, c->value, buf, c->len);
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
