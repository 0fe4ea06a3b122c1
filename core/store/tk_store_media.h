/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MEDIA_H
#define TK_STORE_MEDIA_H

#include "tk_store_types.h"

enum {
    TK_BOUNCE = 64, /* bytes on the stack that everything written passes through */
    TK_HEADER_SIZE = 16,
    TK_RECORD_HEADS = 31,
    TK_RECORD_BLANK = 0x7f, /* heads of what was never written */
    TK_RECORD_MOVED = 0x80, /* in the count: copies of what an earlier sector held */
    TK_RECORD_FRAME = 7,    /* bytes around heads and values: count, check, CRC-32 */
    TK_HEAD_PART = 254,     /* bytes of a value for each head with TK_HEAD_LONG */
    TK_HEAD_DELETED = 254,  /* a head's second byte: there is no value any more, */
    TK_HEAD_LONG = 255,     /* or TK_HEAD_PART bytes of it, and the next head goes on */
    TK_KEY_ALL = 255        /* deleted: all keys are */
};

#define TK_CRC_RESIDUE 0xdebb20e3u /* a CRC-32 that has its own seal behind it */

struct tk_header {
    uint32_t seq;
    uint32_t end;    /* where the records of the sector before it end, from its beginning */
    uint32_t opened; /* where those end that this one was opened with */
};

uint32_t tk_store_sector(const struct tk_store *s, uint32_t seq);
uint32_t tk_store_sector_end(const struct tk_store *s, uint32_t seq);
uint32_t tk_store_align(const struct tk_store *s, uint32_t at);

/* The oldest sector in which something may be alive. */
uint32_t tk_store_oldest(const struct tk_store *s);

/* Reads with the bit put right that is known to be wrong. Where the memory refuses it reads blank,
 * and s->unread stays set: whoever is asked from outside answers with that in the end. */
void tk_store_read(struct tk_store *s, uint32_t at, void *buf, size_t len);

/* A little-endian number of up to 4 bytes. */
uint32_t tk_store_number(struct tk_store *s, uint32_t at, int bytes);

/* CRC-32 as it runs: not inverted at its end. It begins with the number of the sector, 0 for that
 * sector's header. */
uint32_t tk_crc_begin(const struct tk_store *s, uint32_t seq);
uint32_t tk_crc_add(uint32_t crc, const void *data, size_t len);
uint32_t tk_crc_add_number(uint32_t crc, uint32_t number, int bytes);

/* Which of so many bits, counted from 1 at their end, is wrong where it alone is; 0: none. */
uint32_t tk_crc_wrong_bit(uint32_t syndrome, uint32_t bits);

/* The header of sector seq, one copy of it, or either; false where it is not whole. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h);
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Bytes of a record around heads and values. */
uint32_t tk_record_frame(const struct tk_store *s);

/* Where the values of its record begin. */
uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c);

/* One step: TK_STORE_OK, TK_STORE_AGAIN, TK_STORE_FLASH. */
int tk_store_erase(struct tk_store *s, uint32_t seq);
bool tk_store_erase_whole(struct tk_store *s, uint32_t seq);
bool tk_store_is_blank(struct tk_store *s, uint32_t at, uint32_t end);

#endif
