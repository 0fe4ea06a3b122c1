/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_WRITE_H
#define TK_STORE_WRITE_H

/* Writing records and opening sectors. */

#include "tk_store_plan.h"

/* Writes a planned commit, appended to the newest sector or, if opens, as part of opening the next
 * one. TK_STORE_OK, TK_STORE_FLASH. */
int tk_write_commit(struct tk_store *s, const struct tk_commit *c, bool opens);

/* Without a commit: opens the next sector with the live values, or writes the second copy of the
 * newest sector's header. TK_STORE_OK, TK_STORE_FLASH. */
int tk_write_again(struct tk_store *s, bool opens);

#endif
