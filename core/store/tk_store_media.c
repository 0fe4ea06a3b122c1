/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_store_media.h"

#include <string.h>

#define POLYNOMIAL 0xedb88320u /* of CRC-32/ISO-HDLC, reflected */
#define CHUNK      24u         /* bytes read at a time */
#define ROUNDS     16          /* of reads where one failed */
#define ASKED      0xb2d5u     /* bit i: in this round the byte is asked for, else another place */
#define DAMAGED    0x5a /* what a damaged unit reads as: neither blank nor a count of heads */

/* --- sectors --- */

/* Until a larger area is taken over, numbers up to the newest lie in the smaller ring. */
uint32_t tk_media_sector(const struct tk_store *s, uint32_t seq)
{
    return seq % (seq > s->top.seq ? s->flash->sectors : s->top.sectors) * s->flash->sector_size;
}

/* The unit is a power of two. */
uint32_t tk_media_align(const struct tk_store *s, uint32_t at)
{
    return (at + s->flash->unit - 1) & -s->flash->unit;
}

bool tk_media_is_worn(const struct tk_store *s, uint32_t seq)
{
    uint32_t place = seq % s->top.sectors;

    return place < TK_WORN_PLACES && (s->top.worn >> place & 1) != 0;
}

/* All but the dead ones: what the next sector takes the place of, and what is older. The newest one
 * counts where all others are worn, too. */
uint32_t tk_media_oldest(const struct tk_store *s)
{
    uint32_t next = s->top.seq + 1, oldest;

    while (next + 1 < s->top.seq + s->top.sectors && tk_media_is_worn(s, next))
        next++;
    oldest = next >= s->top.sectors ? next - s->top.sectors + 1 : 1;
    return oldest > s->oldest ? oldest : s->oldest;
}

int tk_media_erase_step(struct tk_store *s, uint32_t at)
{
    int ret = s->flash->erase(s->flash->ctx, at);

#if TK_STORE_INDEX > 0
    s->index.append_at = 0;
#endif
    if (s->bad_bit / 8 - at < s->flash->sector_size)
        s->bad_bit = UINT32_MAX;
    s->next_erased = ret == TK_FLASH_OK;
    s->next_erasing = ret == TK_FLASH_AGAIN;
    return ret == TK_FLASH_OK      ? TK_STORE_OK
           : ret == TK_FLASH_AGAIN ? TK_STORE_AGAIN
                                   : TK_STORE_FLASH;
}

bool tk_media_erase(struct tk_store *s, uint32_t at)
{
    int ret;

    do {
        ret = tk_media_erase_step(s, at);
    } while (ret == TK_STORE_AGAIN);
    return ret == TK_STORE_OK;
}

/* --- bytes --- */

/* Reads a byte where a read failed: it is asked for again, and in between other places are. Where
 * one of those answers, its unit is damaged. Failures of all places for a while end before the last
 * round, or no place answers; those in a rhythm do not meet each round. */
static void read_byte(struct tk_store *s, uint32_t at, uint8_t *to)
{
    const struct tk_flash *f = s->flash;

    for (uint32_t i = s->read_failed ? ROUNDS : 0; i < ROUNDS; i++) {
        bool is_asked = (ASKED >> i & 1) != 0;

        s->read_failed = i == 0 || s->read_failed;
        if (f->read(f->ctx, is_asked ? at : i % f->sectors * f->sector_size, to, 1) != TK_FLASH_OK)
            continue;
        s->read_failed = false;
        if (is_asked)
            return;
    }
    *to = s->read_failed ? 0xff : DAMAGED;
}

void tk_media_read(struct tk_store *s, uint32_t at, void *buf, size_t len)
{
    uint8_t *bytes = buf;

    if (s->read_failed || s->flash->read(s->flash->ctx, at, buf, len) != TK_FLASH_OK) {
        for (size_t i = 0; i < len; i++)
            read_byte(s, at + (uint32_t)i, bytes + i);
    }
    at = s->bad_bit / 8 - at;
    if (at < len)
        bytes[at] ^= (uint8_t)(1 << s->bad_bit % 8);
}

uint32_t tk_media_number(struct tk_store *s, uint32_t at, int bytes)
{
    uint8_t le[4] = {0};

    tk_media_read(s, at, le, (size_t)bytes);
    return le[0] | (uint32_t)le[1] << 8 | (uint32_t)le[2] << 16 | (uint32_t)le[3] << 24;
}

void tk_media_each(struct tk_store *s, uint32_t at, uint32_t end,
                   void (*to)(void *ctx, const void *data, size_t len), void *ctx)
{
    uint8_t some[CHUNK];

    for (uint32_t n; at < end; at += n) {
        n = end - at < CHUNK ? end - at : CHUNK;
        tk_media_read(s, at, some, n);
        to(ctx, some, n);
    }
}

bool tk_media_is_blank(struct tk_store *s, uint32_t at, uint32_t end)
{
    int n;

    for (; at < end; at += (uint32_t)n) {
        n = end - at < 4 ? 1 : 4;
        if (~tk_media_number(s, at, n) << (32 - 8 * n) != 0)
            return false;
    }
    return !s->read_failed;
}

bool tk_media_sync(const struct tk_store *s)
{
    return s->flash->sync == NULL || s->flash->sync(s->flash->ctx) == TK_FLASH_OK;
}

/* --- CRC-32 --- */

/* Two bits at a time: a larger table costs more code than its time is worth. */
uint32_t tk_crc_add_number(uint32_t crc, uint32_t number, int bytes)
{
    static const uint32_t halves[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc ^= number;
    for (int i = 2 * bytes; i > 0; i--)
        crc = crc >> 4 ^ halves[crc & 15];
    return crc;
}

uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq)
{
    return tk_crc_add_number(UINT32_MAX, seq ^ (s->seal != NULL ? TK_CRC_SEALED : 0), 4);
}

void tk_crc_add(void *crc, const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t *sum = crc;

    while (len-- > 0)
        *sum = tk_crc_add_number(*sum, *p++, 1);
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
