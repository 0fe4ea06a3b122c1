/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_H
#define TK_STORE_H

/*
 * Values under small numbers, kept on flash so that no power cut can lose or mix them: the values
 * of one commit are there all together, or those before it are. Depends on the flash contract
 * alone.
 *
 * The value that a key had before the one it has can be asked for too, for who must go one step
 * back. Deleting a key deletes both.
 *
 * What lies on the flash (integers little-endian; two copies, each half of the sectors):
 *
 *      0        4        8        12       16 (or the next unit)
 *      | magic  | number | length | CRC-32 | record | record | ... 0xFF
 *
 *      record: | key 1 | age 1 | length 2 | value |        age 0: the value, 1: the one before
 *
 * A commit writes all records to the copy that is not in use, then its header. The copy with the
 * highest number whose CRC-32 (over records, number and length) is right is the store. A commit
 * that was cut leaves that copy without a right header, and the other one untouched.
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

struct tk_store {
    const struct tk_flash *flash;
    uint32_t number; /* of the commit that is the store; 0: blank */
    uint32_t copy;   /* 0 or 1 */
    uint32_t length; /* of its records */
};

/* A value is the concatenation of its pieces, so that a caller needs no buffer to join them. */
struct tk_store_piece {
    const void *data;
    uint16_t len;
};

struct tk_store_value {
    uint8_t key;
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
int tk_store_get(const struct tk_store *s, uint8_t key, void *buf, size_t size);

/* The same of the value before it. */
int tk_store_previous(const struct tk_store *s, uint8_t key, void *buf, size_t size);

/* Work that can be done ahead, in idle time, a step at most 10 ms: TK_STORE_AGAIN while there is
 * more of it. Never needed for safety. */
int tk_store_prepare(struct tk_store *s);

/* Erases everything and checks that it is gone. The store is blank then. */
int tk_store_wipe(struct tk_store *s);

#endif
