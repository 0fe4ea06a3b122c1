/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_sealed.h"

void tk_sealed_begin(struct tk_store *s, const uint8_t *nonce, uint32_t seq)
{
    const uint8_t le[5] = {(uint8_t)seq, (uint8_t)(seq >> 8), (uint8_t)(seq >> 16),
                           (uint8_t)(seq >> 24), TK_FORMAT};

    s->seal->begin(s->seal->ctx, nonce);
    s->seal->add_head(s->seal->ctx, le, tk_media_is_old(s, seq) ? 4 : 5);
}

bool tk_sealed_is_authentic(struct tk_store *s, const struct tk_cursor *c,
                            uint8_t nonce[TK_STORE_NONCE])
{
    const struct tk_store_seal *seal = s->seal;
    uint32_t tag_at = c->end - 4 - TK_STORE_TAG;
    uint8_t tag[TK_STORE_TAG], differs = 0;

    tk_media_read(s, tk_record_values(s, c) - TK_STORE_NONCE, nonce, TK_STORE_NONCE);
    tk_sealed_begin(s, nonce, c->seq);
    tk_media_each(s, c->at, c->at + 1 + 2u * c->heads, seal->add_head, seal->ctx);
    tk_media_each(s, tk_record_values(s, c), tag_at, seal->add_values, seal->ctx);
    seal->end(seal->ctx, tag);
    for (uint32_t i = 0; i < TK_STORE_TAG; i++)
        differs |= tag[i] ^ (uint8_t)tk_media_number(s, tag_at + i, 1);
    return differs == 0;
}

void tk_sealed_decrypt(struct tk_store *s, const struct tk_cursor *c,
                       const uint8_t nonce[TK_STORE_NONCE], uint32_t at, void *data, size_t len)
{
    s->seal->crypt(s->seal->ctx, nonce, at - tk_record_values(s, c), data, len);
}
