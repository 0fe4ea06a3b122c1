/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_RING_H
#define TK_STORE_RING_H

/* How the store's records lie in its sectors, and how they are found again. Inside of tk_store. */

#include "tk_store.h"

enum {
    TK_RING_HEADER = 16, /* bytes of a sector's header */
    TK_RING_LINE = 64,   /* a record that is not behind its predecessor begins on a line */
    TK_RING_FIXED = 7,   /* bytes of a record beside its entries */
    TK_RING_ALL = 255    /* not a key: deletes all of them */
};

enum tk_ring_kind { TK_RING_PLAIN, TK_RING_MOVED, TK_RING_BEFORE, TK_RING_DELETED };

struct tk_ring_record {
    uint32_t seq;    /* of its sector */
    uint32_t at;     /* offsets in the memory: of the record, */
    uint32_t heads;  /* of its first head, */
    uint32_t values; /* of its first value, */
    uint32_t end;    /* and behind its CRC-32 */
    uint32_t from;   /* resumed: what lies from here on before this record is void; else 0 */
    uint32_t fix;    /* 1 + the number of a bit in the memory that reads wrong; 0: none */
};

/* An entry of a record; begin with at = heads and value = values. */
struct tk_ring_entry {
    uint32_t at;    /* of the next head */
    uint32_t value; /* of this entry's value, then of the next one's */
    uint16_t len;
    uint8_t key;
    uint8_t kind;
};

struct tk_ring_cursor {
    uint32_t seq;
    uint32_t at;
    uint32_t limit; /* offset behind the last record of the sector */
    bool on_line;   /* nothing is known of what stands here */
    bool damaged;   /* something was met that is neither a record nor blank */
};

/* Where a value lies. */
struct tk_ring_place {
    struct tk_ring_record record;
    uint32_t value;
    uint16_t len;
    bool there;
    bool deleted; /* known to be not there */
};

uint32_t tk_ring_crc(uint32_t crc, const uint8_t *p, size_t len);
uint8_t tk_ring_check(uint8_t check, const uint8_t *p, size_t len);
void tk_ring_put(uint8_t *p, uint32_t value, int bytes);

uint32_t tk_ring_sector(struct tk_store *s, uint32_t seq);
uint32_t tk_ring_align(struct tk_store *s, uint32_t at);

/* As the flash reads, with the record's bit put right. */
int tk_ring_read(struct tk_store *s, const struct tk_ring_record *r, uint32_t at, void *buf,
                 size_t len);

/* Whether the sector of that number has a header; *end: where its predecessor's records end. */
bool tk_ring_header(struct tk_store *s, uint32_t seq, uint32_t *end);

void tk_ring_begin(struct tk_store *s, struct tk_ring_cursor *c, uint32_t seq);
bool tk_ring_next(struct tk_store *s, struct tk_ring_cursor *c, struct tk_ring_record *r);
bool tk_ring_entry(struct tk_store *s, const struct tk_ring_record *r, struct tk_ring_entry *e);

/* How far a record that was not finished here would have gone. */
uint32_t tk_ring_claimed(struct tk_store *s, uint32_t at);

/* Whether all bytes of the record are as they were written; *syndrome: how its CRC-32 differs. */
bool tk_ring_whole(struct tk_store *s, const struct tk_ring_record *r, uint32_t *syndrome);

/* The record from one bit that flipped, told by the syndrome. */
bool tk_ring_correct(struct tk_store *s, struct tk_ring_record *r, uint32_t syndrome);

/* Whether a record's values may be given out, one wrong bit put right if need be. */
bool tk_ring_sound(struct tk_store *s, struct tk_ring_record *r);

/* The value of a key, and the one before it. */
void tk_ring_find(struct tk_store *s, uint8_t key, struct tk_ring_place *place);
void tk_ring_find_before(struct tk_store *s, uint8_t key, struct tk_ring_place *place);

#endif
