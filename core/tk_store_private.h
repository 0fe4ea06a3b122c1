/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_PRIVATE_H
#define TK_STORE_PRIVATE_H

/* Inside of tk_store: how sectors and records are read (tk_store_read.c) and written
 * (tk_store_write.c), and what of a commit is new (tk_store_take.c). What they look like is drawn
 * in tk_store.h. */

#include "tk_store.h"

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

/* The values of a commit, and what is new of it. */
struct tk_commit {
    const struct tk_store_value *values;
    size_t count;
    uint32_t changed; /* a bit for each that is not there yet */
    uint32_t heads;   /* of those */
    uint32_t size;    /* of their record */
    uint32_t cost;    /* what they take at most when they are moved */
};

/* --- tk_store_read.c --- */

uint32_t tk_store_sector(const struct tk_store *s, uint32_t seq);
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

/* The header of sector seq, one copy of it, or either; false where it is not whole. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h);
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Stands before the first record of a sector. */
void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq);

/* The next record, before its first entry; the next entry of the record; the next of the sector. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c);

/* Where the values of its record begin. */
uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c);

/* Bytes of a record around heads and values. */
uint32_t tk_record_frame(const struct tk_store *s);

/* Reads a record through, and out of it what the wants find in it. A wrong bit is put right where
 * it is only one. False where the record is damaged for all that. For what was whole once. */
bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, struct tk_store_want *wants,
                    size_t count);

/* The same without a cure, for what may have been cut. */
bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c);

/* The newest entry of each key that is wanted, or the one before it, as want.found. */
void tk_record_find(struct tk_store *s, struct tk_store_want *wants, size_t count);
void tk_record_find_before(struct tk_store *s, struct tk_store_want *want);

/* Opens in place what was read at `at`, among the values of a record that may be sealed. */
void tk_record_unseal(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *data,
                      size_t len);

/* What is sealed belongs to its sector. */
void tk_store_begin_seal(struct tk_store *s, const uint8_t *nonce, uint32_t seq);

/* --- tk_store_take.c --- */

/* What of a commit is not there yet: all of c behind count and size. How much more is alive then
 * than before, at most. */
uint32_t tk_store_take(struct tk_store *s, struct tk_commit *c);

/* --- tk_store_write.c --- */

/* Writes a commit behind the newest record, where there is room, or in a sector of its own. */
int tk_store_append(struct tk_store *s, const struct tk_commit *c);
int tk_store_open_sector(struct tk_store *s, const struct tk_commit *c);

/* Writes once more what was written last before the start, which power may have left undecided. */
int tk_store_settle(struct tk_store *s);

/* One step: TK_STORE_OK, TK_STORE_AGAIN, TK_STORE_FLASH. */
int tk_store_erase(struct tk_store *s, uint32_t seq);
bool tk_store_erase_whole(struct tk_store *s, uint32_t seq);

/* Nothing is read or programmed while an erase is not done. */
void tk_store_end_erase(struct tk_store *s);
bool tk_store_is_blank(struct tk_store *s, uint32_t at, uint32_t end);

/* What would be free in a sector that had to hold all that is alive with the commit; below 0: it
 * could not. */
int32_t tk_store_slack(struct tk_store *s, const struct tk_commit *c);

uint32_t tk_heads_of(uint32_t len);
uint32_t tk_value_len(const struct tk_store_value *v);

/* What a value takes at most when it is moved. */
uint32_t tk_value_cost(const struct tk_store *s, uint32_t len);

#endif
