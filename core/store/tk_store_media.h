/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MEDIA_H
#define TK_STORE_MEDIA_H

/* The bottom of the store: sectors, bytes and CRC-32. The format is in FORMAT.md. */

#include "tk_store_types.h"

enum {
    TK_BOUNCE = 64, /* bytes of stack that everything written passes through: the largest unit */
    TK_COMMIT_VALUES = 31, /* at most */
    TK_RECORD_HEADS = 62,  /* at most: two for each */
    TK_WORN_PLACES = 10,   /* sectors of which it is remembered that they are worn */
    TK_VALUE_MAX = 61 * 254 + 253,
    TK_RECORD_BLANK = 0x7f, /* count of heads in erased flash */
    TK_RECORD_COPY = 0x80,  /* bit of the count: copies of values of an earlier sector */
    TK_RECORD_FRAME = 7,    /* bytes of count, check and CRC-32 */
    TK_HEAD_PART = 254,     /* bytes of value that a head with TK_HEAD_LONG stands for */
    TK_HEAD_DELETED = 254,  /* length of a head: the key was deleted */
    TK_HEAD_LONG = 255,     /* length of a head: TK_HEAD_PART, continued by the next head */
    TK_KEY_WIDE = 240,      /* first key that takes two heads, and first key byte of such a pair */
    TK_KEY_ALL = 255,       /* key byte of a deleted head: all keys */
    TK_FORMAT = 2
};

#define TK_CRC_RESIDUE 0xdebb20e3u /* of data followed by its own CRC-32 */
#define TK_CRC_SEALED  0x5ea1ed00u /* in the seed: no sealed record validates as plaintext */

static inline bool tk_is_sealed(const struct tk_store *s)
{
    return TK_STORE_SEALING && s->seal != NULL;
}

/* --- sectors --- */

/* Flash offset at which sector seq starts. */
uint32_t tk_media_sector(const struct tk_store *s, uint32_t seq);

/* Whether sector seq was written by format 1. */
static inline bool tk_media_is_old(const struct tk_store *s, uint32_t seq)
{
    return s->top.format < TK_FORMAT && seq <= s->top.seq;
}

/* Rounds up to a write unit. */
uint32_t tk_media_align(const struct tk_store *s, uint32_t at);

/* Whether the place of sector seq was known to be worn when the newest one was opened. */
bool tk_media_is_worn(const struct tk_store *s, uint32_t seq);

/* Number of the oldest sector that may hold live values. */
uint32_t tk_media_oldest(const struct tk_store *s);

/* Erases the sector at this flash offset, which is to be opened: one step of it (TK_STORE_OK,
 * TK_STORE_AGAIN, TK_STORE_FLASH), or all. */
int tk_media_erase_step(struct tk_store *s, uint32_t at);
bool tk_media_erase(struct tk_store *s, uint32_t at);

/* --- bytes --- */

/* Reads with the known bad bit corrected. A unit that alone does not answer, however often it is
 * asked, is damaged: it reads as bytes that are no record. If the flash does not answer at all,
 * reads 0xFF and sets s->read_failed, which stays set: the public function that began the operation
 * reports it at its end. */
void tk_media_read(struct tk_store *s, uint32_t at, void *buf, size_t len);

/* Reads a little-endian number of 1 to 4 bytes. */
uint32_t tk_media_number(struct tk_store *s, uint32_t at, int bytes);

/* Passes the bytes to a function, in pieces. */
void tk_media_each(struct tk_store *s, uint32_t at, uint32_t end,
                   void (*to)(void *ctx, const void *data, size_t len), void *ctx);

bool tk_media_is_blank(struct tk_store *s, uint32_t at, uint32_t end);

/* Makes what was programmed durable. */
bool tk_media_sync(const struct tk_store *s);

/* --- CRC-32 --- */

/* A running CRC-32, without the final inversion, seeded with the number of the sector. */
uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq);
uint32_t tk_crc_add_number(uint32_t crc, uint32_t number, int bytes);
void tk_crc_add(void *crc, const void *data, size_t len);

/* Finds a single-bit error: its position, counted from 1 at the last of so many bits; 0 if the
 * syndrome (CRC-32 xor TK_CRC_RESIDUE) is not that of one. */
uint32_t tk_crc_wrong_bit(uint32_t syndrome, uint32_t bits);

/* --- records --- */

/* Bytes of a record apart from heads and values. */
static inline uint32_t tk_record_frame(const struct tk_store *s)
{
    return TK_RECORD_FRAME + (tk_is_sealed(s) ? TK_STORE_NONCE + TK_STORE_TAG : 0);
}

/* Flash offset of the first value of the record. */
static inline uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c)
{
    return c->at + 3 + 2u * c->heads + (tk_is_sealed(s) ? TK_STORE_NONCE : 0);
}

#endif
