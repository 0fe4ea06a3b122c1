/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_PLAN_H
#define TK_STORE_PLAN_H

#include "tk_store_media.h"

/* The values of a commit, and what is new of it. */
struct tk_commit {
    const struct tk_store_value *values;
    size_t count;
    uint32_t changed; /* a bit for each that is not there yet */
    uint32_t heads;   /* of those */
    uint32_t size;    /* of their record */
    uint32_t cost;    /* what they take at most when they are moved */
};

/* What is new of the values, and whether there is room for it: TK_STORE_OK, TK_STORE_FULL,
 * TK_STORE_FLASH. */
int tk_store_plan(struct tk_store *s, struct tk_commit *c);

/* Whether an entry is its key's newest, also with the commit: tk_cursor_is_alive. */
bool tk_commit_is_alive(struct tk_store *s, const struct tk_commit *c, uint32_t repeated,
                        const struct tk_cursor *e);

uint32_t tk_heads_of(uint32_t len);
uint32_t tk_value_len(const struct tk_store_value *v);

#endif
