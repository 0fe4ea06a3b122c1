/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_H
#define TK_STORE_H

/*
 * Values under small numbers, kept on flash so that no power cut can lose or mix them: the values
 * of one commit are there all together, or those before it are. Depends on the flash contract
 * alone, and can be lifted out with it: this header, tk_store.c, tk_store_ring.[ch].
 *
 * The value that a key had before the one it has can be asked for too, for who must go one step
 * back. Deleting a key deletes both.
 *
 * What lies on the flash (integers little-endian): sectors are filled one behind the other, round
 * and round. Sector number n, counted from 1, is the memory's n modulo the count of sectors.
 *
 *      0       4        8        12       16
 *      | magic | n      | end    | CRC-32 | record | record | ... 0xFF          a sector
 *
 *      | length 2 | heads | check 1 | values | CRC-32 |                        a record
 *      | length 2 | from 4 | heads | check 1 | values | CRC-32 |               a resumed one
 *
 *      | key 1 | code 1 |  or  | key 1 | code 1 | length 2 |                   a head
 *      code: 0 to 123 the value's length, +128 where it was moved here; 127 a length follows, 126
 *      the same of one moved; 124 a length follows, of the value before; 125 deleted (key 255: all
 * are)
 *
 * `length` counts heads, check and values; its top bit marks a resumed record. `check` is a CRC-8
 * over n and all up to it, the CRC-32 over n and all up to it: what an earlier lap left behind is
 * no record. `end` is where the records of sector n - 1 end. A record begins where the one before
 * it ends, at the next unit; after a restart, or when a write failed, on a later line of 64 bytes,
 * resumed: what lies from `from` up to it is void, whatever it may read like one day.
 *
 * Invariants, each a test in tests/unit/test_store_format.c:
 *   a_commit_is_one_record           its seal, the CRC-32, goes last
 *   the_oldest_sector_is_dead        opening sector n, its first record has all that is alive in
 *                                    the one that will be erased next; so a cut there, however
 *                                    often, costs the new sector alone
 *   a_unit_is_programmed_once        between erases
 *   sectors_are_erased_in_turn       wear is spread by at most one
 *   an_earlier_lap_never_validates
 *   opening_writes_nothing
 */

#include "tk_flash.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TK_STORE_OK = 0,
    TK_STORE_MISSING = -1,  /* no such value */
    TK_STORE_FULL = -2,     /* the values do not fit the flash, or a value its buffer */
    TK_STORE_FLASH = -3,    /* the memory failed; the store holds what it held before */
    TK_STORE_GEOMETRY = -4, /* no store fits a memory of this shape */
    TK_STORE_AGAIN = -5     /* tk_store_prepare: there is more to do */
};

/* What was met on the flash, as bits of tk_store.health; a cut may look like the second. */
enum {
    TK_STORE_CORRECTED = 1, /* one wrong bit, put right */
    TK_STORE_OLDER = 2,     /* a record is damaged: a value may be the one before it */
    TK_STORE_CORRUPT = 4    /* a value is damaged, and was not given out */
};

struct tk_store {
    const struct tk_flash *flash;
    uint32_t seq;  /* number of the newest sector; 0: blank */
    uint32_t at;   /* offset in the memory: where its next record goes, */
    uint32_t last; /* and where its newest one lies */
    uint32_t last_size;
    uint32_t alive; /* bytes of all entries that are; 0: not counted yet */
    bool resumes;   /* what lies behind `at` is not known */
    bool moving;    /* the next sector was begun: nothing goes into this one any more */
    bool erased;    /* the next sector was, since the opening */
    bool unread;    /* the memory refused a read */
    uint8_t health;
};

/* A value is the concatenation of its pieces, so that a caller needs no buffer to join them. */
struct tk_store_piece {
    const void *data;
    uint16_t len;
};

struct tk_store_value {
    uint8_t key;   /* 0 to 254 */
    uint8_t count; /* of pieces; 0 deletes the key */
    const struct tk_store_piece *pieces;
};

/* Finds the store in whatever the memory holds: blank, ours, torn or foreign. Writes nothing.
 * flash must outlive s. TK_STORE_OK, TK_STORE_GEOMETRY, TK_STORE_FLASH. */
int tk_store_open(struct tk_store *s, const struct tk_flash *flash);

/* All the values or none. Each key once. Values that are there already cost no write. When it
 * answers TK_STORE_OK they were read back and are durable. May erase: takes up to seconds where
 * tk_store_prepare was not called before. TK_STORE_OK, TK_STORE_FULL, TK_STORE_FLASH. */
int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count);

/* The length of a key's value, copied to buf; TK_STORE_MISSING; TK_STORE_FULL when it is longer
 * than size; TK_STORE_FLASH. */
int tk_store_get(struct tk_store *s, uint8_t key, void *buf, size_t size);

/* The same of the value before it. It is kept as long as its sector is; with three sectors and more
 * it is moved on like any other. */
int tk_store_previous(struct tk_store *s, uint8_t key, void *buf, size_t size);

/* Work that can be done ahead, in idle time: after a start what was written last is written once
 * more, so that a bit which power left undecided cannot take it away; and the next sector is
 * erased, a step at most 10 ms. TK_STORE_AGAIN while there is more to do, TK_STORE_OK,
 * TK_STORE_FLASH. Never needed for all or nothing. */
int tk_store_prepare(struct tk_store *s);

/* The worst that was met, as a word: ok, corrected, older, corrupt. */
const char *tk_store_health(const struct tk_store *s);

/* Erases everything and checks that it is gone. The store is blank then. */
int tk_store_wipe(struct tk_store *s);

#endif
