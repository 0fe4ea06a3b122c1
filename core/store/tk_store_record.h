/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_RECORD_H
#define TK_STORE_RECORD_H

/* Writing one record or header, and reading it back. */

#include "tk_store_plan.h"
#include "tk_store_walk.h"

/* Writes records one after another: of a commit, or copies of records of other sectors. */
struct tk_writer {
    struct tk_store *s;
    const struct tk_commit *commit; /* NULL: the record at source is copied */
    uint8_t count;                  /* first byte of the record */
    uint8_t fill;                   /* bytes in the bounce buffer */
    uint8_t part;                   /* enum part */
    bool derives_nonce;             /* this pass programs nothing */
    bool failed;
    uint32_t mask;  /* bit i: entry i is written */
    uint32_t seq;   /* of the sector written to */
    uint32_t at;    /* flash offset for the bounce buffer */
    uint32_t limit; /* flash offset that records must not reach over */
    uint8_t *bounce;
    uint32_t crc;            /* of the record so far */
    uint32_t source_crc;     /* what the CRC of a record copied whole was in its own sector */
    uint32_t read_crc;       /* the same before the tag */
    struct tk_cursor source; /* walks over the entries of either */
};

/* Writes the record of w->commit, or a copy of the entries in w->mask of the one at w->source;
 * w->count is its first byte. Returns the flash offset of its end, without padding.
 * Sets w->failed. */
uint32_t tk_write_record(struct tk_writer *w);

/* Writes len bytes of words to a flash offset. False if that failed. */
bool tk_write_words(struct tk_store *s, const uint32_t *words, uint32_t at, uint32_t len);

/* Writes a header to a flash offset in its sector and reads it back. False if that failed. */
bool tk_write_header(struct tk_store *s, const struct tk_header *h, uint32_t at);

#endif
