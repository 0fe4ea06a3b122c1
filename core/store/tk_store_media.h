/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MEDIA_H
#define TK_STORE_MEDIA_H

/* The bottom of the store: sectors, bytes, CRC-32 and headers. The format is drawn in
 * tk_store.h. */

#include "tk_store_types.h"

enum {
    TK_BOUNCE = 64, /* bytes of stack that everything written passes through: the largest unit */
    TK_HEADER_SIZE = 16,
    TK_RECORD_HEADS = 31,   /* at most */
    TK_RECORD_BLANK = 0x7f, /* count of heads in erased flash */
    TK_RECORD_COPY = 0x80,  /* bit of the count: copies of values of an earlier sector */
    TK_RECORD_FRAME = 7,    /* bytes of count, check and CRC-32 */
    TK_HEAD_PART = 254,     /* bytes of value that a head with TK_HEAD_LONG stands for */
    TK_HEAD_DELETED = 254,  /* length of a head: the key was deleted */
    TK_HEAD_LONG = 255,     /* length of a head: TK_HEAD_PART, continued by the next head */
    TK_KEY_ALL = 255        /* of a deleted head: all keys */
};

#define TK_CRC_RESIDUE 0xdebb20e3u /* of data followed by its own CRC-32 */

struct tk_header {
    uint32_t seq;
    uint32_t prev_end;   /* end of the records of the sector before, as an offset in that sector */
    uint32_t opened_end; /* end of the records written before this header, in this sector */
};

static inline bool tk_is_sealed(const struct tk_store *s)
{
    return TK_STORE_SEALING && s->seal != NULL;
}

/* --- sectors --- */

/* Flash offsets at which sector seq starts and ends. */
uint32_t tk_media_sector(const struct tk_store *s, uint32_t seq);
uint32_t tk_media_sector_end(const struct tk_store *s, uint32_t seq);

/* Rounds up to a write unit. */
uint32_t tk_media_align(const struct tk_store *s, uint32_t at);

/* Number of the oldest sector that may hold live values. */
uint32_t tk_media_oldest(const struct tk_store *s);

/* Erases sector seq: one step of it (TK_STORE_OK, TK_STORE_AGAIN, TK_STORE_FLASH), or all. */
int tk_media_erase_step(struct tk_store *s, uint32_t seq);
bool tk_media_erase(struct tk_store *s, uint32_t seq);

/* --- bytes --- */

/* Reads with the known bad bit corrected. If the flash refuses, reads 0xFF and sets s->read_failed,
 * which stays set: the public function that began the operation reports it at its end. */
void tk_media_read(struct tk_store *s, uint32_t at, void *buf, size_t len);

/* Reads a little-endian number of 1 to 4 bytes. */
uint32_t tk_media_number(struct tk_store *s, uint32_t at, int bytes);

bool tk_media_is_blank(struct tk_store *s, uint32_t at, uint32_t end);

/* Makes what was programmed durable. */
bool tk_media_sync(const struct tk_store *s);

/* --- CRC-32 --- */

/* A running CRC-32, without the final inversion. It is seeded with the number of the sector, or 0
 * for a header. */
uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq);
uint32_t tk_crc_add(uint32_t crc, const void *data, size_t len);
uint32_t tk_crc_add_number(uint32_t crc, uint32_t number, int bytes);

/* Finds a single-bit error: its position, counted from 1 at the last of so many bits; 0 if the
 * syndrome (CRC-32 xor TK_CRC_RESIDUE) is not that of one. */
uint32_t tk_crc_wrong_bit(uint32_t syndrome, uint32_t bits);

/* --- headers and records --- */

/* Reads a header of sector seq, a given copy or the first valid one. False if there is none. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h);
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Bytes of a record apart from heads and values. */
uint32_t tk_record_frame(const struct tk_store *s);

/* Flash offset of the first value of the record. */
uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c);

#endif
