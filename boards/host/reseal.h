/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_HOST_RESEAL_H
#define TK_HOST_RESEAL_H

/* Copies the values of a store to another one, which may be sealed with another key. */

#include "tk_store.h"

enum { TK_RESEAL_VALUE_MAX = 16384 }; /* bytes: more than any value has */

/* Owned by the caller, private; holds secrets afterwards: wipe it. */
struct tk_reseal {
    struct tk_store *from, *to;
    uint16_t key; /* of the value that is copied or failed */
    unsigned count;
    uint8_t value[TK_RESEAL_VALUE_MAX];
    uint8_t other[TK_RESEAL_VALUE_MAX];
};

/* Copies all values from r->from, and the one that each had before its newest commit, to r->to,
 * which must be empty. Returns TK_STORE_OK with the number of values in r->count, or the first
 * error, TK_STORE_*, with the key in r->key. Blocks. */
int tk_reseal_copy(struct tk_reseal *r);

/* Reads both stores. TK_STORE_OK, or TK_STORE_FLASH: they differ. */
int tk_reseal_compare(struct tk_reseal *r);

/* Both, with r->to on this flash, which must be empty, and sealed with this seal or, if NULL, not
 * sealed. */
int tk_reseal(struct tk_reseal *r, const struct tk_flash *flash, struct tk_store_seal *seal);

#endif
