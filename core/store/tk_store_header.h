/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_HEADER_H
#define TK_STORE_HEADER_H

/* Headers of sectors, and marks: see FORMAT.md. */

#include "tk_store_media.h"

enum {
    TK_HEADER_WORDS = 8, /* of 4 bytes; each half begins at a write unit, records follow */
    TK_HEADER_HALF = 16, /* bytes of a half */
    TK_HEADER_COPIES = 3,
    TK_MARK_VOID = 4, /* bytes of a mark that are programmed when it is void */
};

/* The seed of the CRC-32 of headers. Format 1 has it where it is sealed, else 0. */
#define TK_CRC_HEADER TK_CRC_SEALED

#define TK_HEADER_ERASED 0x80000000u /* in opened_end of a mark: the next sector is erased */
#define TK_HEADER_OPEN   0x40000000u /* in opened_end of a mark: records may follow */
#define TK_HEADER_OFFSET 0x3fffffffu /* the offset in opened_end */

/* Reads the header at this flash offset, corrected where one bit is wrong. False if there is none;
 * see h->error, too. */
bool tk_header_at(struct tk_store *s, uint32_t at, struct tk_header *h);

/* Reads the header of sector seq, or the next best copy of it. False if there is none. */
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Reads one of the copies of a header of the sector at this flash offset, 0 to TK_HEADER_COPIES
 * - 1. */
bool tk_header_copy(struct tk_store *s, uint32_t sector, uint32_t copy, struct tk_header *h);

/* Flash offset in a sector at which its records begin. */
uint32_t tk_header_records(const struct tk_store *s);

/* Puts a header's words to out and returns how many bytes of its second half are to be written. */
uint32_t tk_header_words(const struct tk_store *s, const struct tk_header *h,
                         uint32_t out[TK_HEADER_WORDS]);

/* Count of the bits that are 1. */
uint32_t tk_bits_of(uint32_t word);

/* Bytes of a mark. */
uint32_t tk_mark_size(const struct tk_store *s);

/* Reads the marks of the newest sector: s->limit, and from the last one s->top.opened_end and
 * s->is_marked. Returns the last one's opened_end; 0: there is none. */
uint32_t tk_marks_read(struct tk_store *s);

#endif
