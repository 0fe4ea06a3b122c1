/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_MEDIA_H
#define TK_STORE_MEDIA_H

/* Inside of tk_store. What sectors and records look like is drawn in tk_store.h. */

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

enum tk_part { TK_FRAME, TK_HEADS, TK_VALUES };

/* Writes records one behind the other: those of a commit, or copies of others. */
struct tk_writer {
    struct tk_store *s;
    const struct tk_commit *of; /* what is written; NULL: a copy of what from stands at */
    struct tk_cursor from;      /* goes from entry to entry of either */
    uint32_t mask;              /* a bit for each entry that is written */
    uint32_t repeated;          /* as of tk_store_repeated, where records are copied */
    uint32_t seq;               /* of the sector it writes to */
    uint32_t at;                /* where the bounce buffer goes */
    uint8_t *bounce;            /* TK_BOUNCE bytes */
    uint32_t crc;               /* of what was written of the record */
    uint32_t from_crc; /* of the same where it is a copy of all, in the sector it is from */
    uint8_t count;     /* what the record begins with */
    uint8_t fill;      /* bytes in the bounce buffer */
    uint8_t part;      /* of the record, as enum tk_part */
    bool makes_nonce;  /* so far only that: nothing is programmed */
    bool failed;
};

/* --- tk_store_read.c --- */

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

/* The header of sector seq, one copy of it, or either; false where it is not whole. */
bool tk_header_read_copy(struct tk_store *s, uint32_t seq, uint32_t copy, struct tk_header *h);
bool tk_header_read(struct tk_store *s, uint32_t seq, struct tk_header *h);

/* Bytes of a record around heads and values. */
uint32_t tk_record_frame(const struct tk_store *s);

/* Where the values of its record begin. */
uint32_t tk_record_values(const struct tk_store *s, const struct tk_cursor *c);

/* Reads a record through, and out of it what the wants find in it. A wrong bit is put right where
 * it is only one. False where the record is damaged for all that. For what was whole once. */
bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, struct tk_store_want *wants,
                    size_t count);

/* The same without a cure, for what may have been cut. */
bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c);

/* The same of what was just written to sector seq. */
bool tk_record_reads_back(struct tk_store *s, uint32_t seq, uint32_t at, uint32_t end,
                          uint8_t heads);

/* --- tk_store_walk.c --- */

/* Stands before the first record of a sector. */
void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq);

/* The next record, before its first entry; the next entry of the record; the next of the sector;
 * before the first entry again. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c);
void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c);

/* The newest entry of each key that is wanted, or the one before it, as want.found. */
void tk_record_find(struct tk_store *s, struct tk_store_want *wants, size_t count);
void tk_record_find_before(struct tk_store *s, struct tk_store_want *want);

/* Where the records are that the newest entries of some values stand in, 0 for none, in one walk
 * over the memory; and a cursor at such an entry. */
void tk_record_find_each(struct tk_store *s, const struct tk_store_value *values, size_t count,
                         uint32_t *at);
void tk_cursor_find(struct tk_store *s, struct tk_cursor *c, uint8_t key, uint32_t at);

/* Keys that more than one entry has, a bit for each of their remainders by 32. */
uint32_t tk_store_repeated(struct tk_store *s);

/* Whether an entry is its key's newest, also with the commit. Newer ones are looked for where its
 * key is one of the repeated. */
bool tk_cursor_is_alive(struct tk_store *s, const struct tk_commit *c, uint32_t repeated,
                        const struct tk_cursor *e);

/* --- tk_store_plan.c --- */

/* What is new of the values, and whether there is room for it: TK_STORE_OK, TK_STORE_FULL,
 * TK_STORE_FLASH. */
int tk_store_plan(struct tk_store *s, struct tk_commit *c);

uint32_t tk_heads_of(uint32_t len);
uint32_t tk_value_len(const struct tk_store_value *v);

/* --- tk_store_write.c --- */

/* Writes a commit: behind the newest record, or in a sector of its own. TK_STORE_OK,
 * TK_STORE_FLASH. */
int tk_store_write(struct tk_store *s, const struct tk_commit *c, bool opens);

/* The same with no commit: opens a sector with what is alive, or writes the header of the newest
 * once more. */
int tk_store_rewrite(struct tk_store *s, bool opens);

/* One step: TK_STORE_OK, TK_STORE_AGAIN, TK_STORE_FLASH. */
int tk_store_erase(struct tk_store *s, uint32_t seq);
bool tk_store_erase_whole(struct tk_store *s, uint32_t seq);
bool tk_store_is_blank(struct tk_store *s, uint32_t at, uint32_t end);

/* Adds bytes to what is written: data, or where that is NULL what lies at `at`. */
void tk_writer_put(struct tk_writer *w, const void *data, uint32_t at, uint32_t len);

/* --- tk_store_sealed.c: of what is sealed --- */

/* Whether a store is there that this one cannot read: sealed with another key, or where this one is
 * not, or the other way. */
bool tk_sealed_otherwise(struct tk_store *s);

bool tk_sealed_is_authentic(struct tk_store *s, const struct tk_cursor *c);

/* Opens in place what was read at `at`, among the values of a record. */
void tk_sealed_open(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *data,
                    size_t len);

/* Of a record that is written: its beginning, its nonce, bytes of its values or heads (seals them
 * in place; at: where those of a copy were read), its tag. */
void tk_sealed_begin(struct tk_writer *w);
void tk_sealed_nonce(struct tk_writer *w);
void tk_sealed_bytes(struct tk_writer *w, uint32_t at, void *data, uint32_t len);
void tk_sealed_tag(struct tk_writer *w);

#endif
