/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_HEADER_H
#define TK_STORE_HEADER_H

/* Headers of sectors, and marks: see FORMAT.md. */

#include "tk_store_media.h"

enum {
    TK_HEADER_SIZE = 32, /* of two halves, each from a write unit on; records follow */
    TK_HEADER_WORN = 26, /* bytes of it with the worn sectors: those that its tag covers */
    TK_HEADER_USED = 4,  /* bytes of a mark that are programmed when it is void */
    TK_FORMAT = 2
};

#define TK_HEADER_NUMBERS 0x7fffffffu /* numbers of sectors are at most this */
#define TK_HEADER_ERASED  0x80000000u /* in opened_end of a mark: the next sector is erased */
#define TK_HEADER_OPEN    0x40000000u /* in opened_end of a mark: records may follow */

struct tk_header {
    uint32_t seq;
    uint32_t prev_end;   /* end of the records of the sector before, as an offset in that sector */
    uint32_t opened_end; /* end of the records that are known to be complete, in this sector */
    uint32_t flags;      /* TK_HEADER_ERASED, TK_HEADER_OPEN */
    uint16_t worn;       /* bit i: sector i, of the first 16, is passed by */
    uint16_t sectors;    /* of its store */
    uint8_t format;
    bool has_sealed_crc;
    bool is_complete; /* no older sector counts */
    int error;        /* why it is not of this store: TK_STORE_SEALED, _SHAPE, _FORMAT; or 0 */
};

/* Reads the header at this flash offset, corrected where one bit is wrong. False if there is none;
 * see h->error, too. */
bool tk_header_at(struct tk_store *s, uint32_t at, struct tk_header *h);

/* Reads the header in the place of sector seq, or the next best copy of it. False if there is none
 * of this store. */
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Flash offsets of the copies of a header in a sector: 0 to TK_HEADER_COPIES - 1. */
enum { TK_HEADER_COPIES = 3 };
uint32_t tk_header_copy(const struct tk_store *s, uint32_t sector, uint32_t copy);

/* Flash offset in a sector at which its records begin. */
uint32_t tk_header_records(const struct tk_store *s);

/* Puts a header's bytes to out and returns how many of its second half are to be written. */
uint32_t tk_header_bytes(const struct tk_store *s, const struct tk_header *h,
                         uint8_t out[TK_HEADER_SIZE]);

/* Bytes of a mark. */
uint32_t tk_mark_size(const struct tk_store *s);

/* Reads the marks of the newest sector: s->limit, and from the last one s->opened_end and
 * s->is_marked. Returns the last one's flags; false if there is none. */
bool tk_marks_read(struct tk_store *s, uint32_t *flags);

#endif
