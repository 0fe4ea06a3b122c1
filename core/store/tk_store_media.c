/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_media.h"

#include <string.h>

#define POLYNOMIAL 0xedb88320u /* of CRC-32/ISO-HDLC, reflected */
#define SEALED     0x5ea1ed00u /* in the seed: no sealed record validates as plaintext */

/* --- sectors --- */

uint32_t tk_media_sector(const struct tk_store *s, uint32_t seq)
{
    return seq % s->flash->sectors * s->flash->sector_size;
}

uint32_t tk_media_sector_end(const struct tk_store *s, uint32_t seq)
{
    return tk_media_sector(s, seq) + s->flash->sector_size;
}

/* The unit is a power of two. */
uint32_t tk_media_align(const struct tk_store *s, uint32_t at)
{
    return (at + s->flash->unit - 1) & -s->flash->unit;
}

uint32_t tk_media_oldest(const struct tk_store *s)
{
    uint32_t others = s->flash->sectors - 2; /* without the newest and the dead one */

    return s->seq > others + 1 ? s->seq - others : 1;
}

int tk_media_erase_step(struct tk_store *s, uint32_t seq)
{
    int ret = s->flash->erase(s->flash->ctx, tk_media_sector(s, seq));

    if (s->bad_bit / 8 / s->flash->sector_size == seq % s->flash->sectors)
        s->bad_bit = UINT32_MAX;
    s->next_erased = ret == TK_FLASH_OK;
    s->next_erasing = ret == TK_FLASH_AGAIN;
    return ret == TK_FLASH_OK      ? TK_STORE_OK
           : ret == TK_FLASH_AGAIN ? TK_STORE_AGAIN
                                   : TK_STORE_FLASH;
}

bool tk_media_erase(struct tk_store *s, uint32_t seq)
{
    int ret;

    do {
        ret = tk_media_erase_step(s, seq);
    } while (ret == TK_STORE_AGAIN);
    return ret == TK_STORE_OK;
}

/* --- bytes --- */

void tk_media_read(struct tk_store *s, uint32_t at, void *buf, size_t len)
{
    uint32_t wrong = s->bad_bit / 8 - at;

    if (s->read_failed || s->flash->read(s->flash->ctx, at, buf, len) != TK_FLASH_OK) {
        s->read_failed = true;
        memset(buf, 0xff, len);
    }
    if (wrong < len)
        ((uint8_t *)buf)[wrong] ^= (uint8_t)(1 << s->bad_bit % 8);
}

uint32_t tk_media_number(struct tk_store *s, uint32_t at, int bytes)
{
    uint8_t le[4] = {0};

    tk_media_read(s, at, le, (size_t)bytes);
    return le[0] | (uint32_t)le[1] << 8 | (uint32_t)le[2] << 16 | (uint32_t)le[3] << 24;
}

bool tk_media_is_blank(struct tk_store *s, uint32_t at, uint32_t end)
{
    while (at < end && tk_media_number(s, at, 1) == 0xff)
        at++;
    return at == end && !s->read_failed;
}

bool tk_media_sync(const struct tk_store *s)
{
    return s->flash->sync == NULL || s->flash->sync(s->flash->ctx) == TK_FLASH_OK;
}

/* --- CRC-32 --- */

/* Two tables of 16, one for each half of a byte: the lookups do not depend on each other. */
uint32_t tk_crc_add_number(uint32_t crc, uint32_t number, int bytes)
{
    static const uint32_t low[16] = {
        0x00000000, 0x77073096, 0xee0e612c, 0x990951ba, 0x076dc419, 0x706af48f,
        0xe963a535, 0x9e6495a3, 0x0edb8832, 0x79dcb8a4, 0xe0d5e91e, 0x97d2d988,
        0x09b64c2b, 0x7eb17cbd, 0xe7b82d07, 0x90bf1d91,
    };
    static const uint32_t high[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc ^= number;
    for (; bytes > 0; bytes--)
        crc = crc >> 8 ^ low[crc & 15] ^ high[crc >> 4 & 15];
    return crc;
}

uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq)
{
    return tk_crc_add_number(UINT32_MAX, seq ^ (s->seal != NULL ? SEALED : 0), 4);
}

uint32_t tk_crc_add(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len-- > 0)
        crc = tk_crc_add_number(crc, *p++, 1);
    return crc;
}

uint32_t tk_crc_wrong_bit(uint32_t syndrome, uint32_t bits)
{
    uint32_t difference = POLYNOMIAL;

    for (uint32_t bit = 1; bit <= bits; bit++) {
        if (difference == syndrome)
            return bit;
        difference = difference >> 1 ^ (-(difference & 1) & POLYNOMIAL);
    }
    return 0;
}

/* --- headers and records --- */

/* A header only states what was true before it was programmed. So it is safe to correct one that
 * was torn with a single bit missing. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h)
{
    uint32_t at = tk_media_sector(s, seq) + copy * tk_media_align(s, TK_HEADER_SIZE);
    uint32_t numbers[TK_HEADER_SIZE / 4], crc = tk_crc_begin(s, 0), bit;

    for (uint32_t i = 0; i < TK_HEADER_SIZE / 4; i++) {
        numbers[i] = tk_media_number(s, at + 4 * i, 4);
        crc = tk_crc_add_number(crc, numbers[i], 4);
    }
    if (crc != TK_CRC_RESIDUE) {
        bit = 8 * TK_HEADER_SIZE - tk_crc_wrong_bit(crc ^ TK_CRC_RESIDUE, 8 * TK_HEADER_SIZE);
        if (bit == 8 * TK_HEADER_SIZE)
            return false;
        numbers[bit / 32] ^= (uint32_t)1 << bit % 32;
        s->health |= TK_STORE_CORRECTED;
    }
    *h = (struct tk_header){numbers[0], numbers[1], numbers[2]};
    return h->seq != 0 && h->seq % s->flash->sectors == seq % s->flash->sectors &&
           h->prev_end <= s->flash->sector_size && h->opened_end <= s->flash->sector_size;
}

bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h)
{
    return tk_header_read_copy(s, seq, 0, h) || tk_header_read_copy(s, seq, 1, h);
}

uint32_t tk_record_frame(const struct tk_store *s)
{
    return TK_RECORD_FRAME + (tk_is_sealed(s) ? TK_STORE_NONCE + TK_STORE_TAG : 0);
}

uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c)
{
    return c->at + 3 + 2u * c->heads + (tk_is_sealed(s) ? TK_STORE_NONCE : 0);
}
