/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_PLAN_H
#define TK_STORE_PLAN_H

/* What a commit changes, and whether there is room for it. */

#include "tk_store_header.h"

struct tk_commit {
    const struct tk_store_value *values;
    size_t count;
    bool is_wipe;     /* values[0] is TK_KEY_ALL, deleted: all keys */
    uint32_t changed; /* bit i: values[i] is not stored yet */
    uint32_t heads;   /* of the changed values */
    uint32_t size;    /* bytes of their record */
    uint32_t cost;    /* bytes that they take at most, in their record or once they are copied */
};

/* Changes nothing: for opening a sector with copies alone. */
extern const struct tk_commit tk_commit_nothing;

/* Fills in what follows from values and count. TK_STORE_OK, TK_STORE_FULL, TK_STORE_FLASH. */
int tk_commit_plan(struct tk_store *s, struct tk_commit *c);

/* Whether the commit changes the value of this key. */
bool tk_commit_replaces(const struct tk_commit *c, uint16_t key);

uint32_t tk_value_len(const struct tk_store_value *v);

/* Count of heads of a value of this length. */
uint32_t tk_value_heads(uint16_t key, uint32_t len);

/* What a value takes at most once it is copied to another sector. */
uint32_t tk_value_cost(const struct tk_store *s, uint16_t key, uint32_t len);

/* Length of the largest value that fits. */
uint32_t tk_value_largest(const struct tk_store *s);

/* What would be left of a sector that held all live values and the commit; negative: they do not
 * fit. */
int32_t tk_store_slack(struct tk_store *s, const struct tk_commit *c);

#endif
