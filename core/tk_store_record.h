/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_RECORD_H
#define TK_STORE_RECORD_H

/* How a commit becomes a record on the flash. Inside of tk_store. */

#include "tk_store_ring.h"

/* A commit: new values, and old ones that are carried along. */
struct tk_record {
    struct tk_store *s;
    const struct tk_store_value *values;
    size_t count;
    uint32_t changed; /* a bit for each value that is not there yet */
    uint32_t seq;     /* of the sector it goes to */
    bool opens;       /* ... which it opens */
    bool cramped;     /* values before others do not fit */
    uint32_t from;    /* resumed */
    uint32_t len;     /* of heads, check and values */
};

size_t tk_record_value_len(const struct tk_store_value *v);

/* Sets c->len. Whether the record fits into so many bytes. */
bool tk_record_count(struct tk_record *c, uint32_t room);

/* Bytes on flash, without what fills its last unit. */
uint32_t tk_record_size(const struct tk_record *c);

/* Writes a record that was counted, and reads it back. */
int tk_record_write(struct tk_record *c, uint32_t at);

#endif
