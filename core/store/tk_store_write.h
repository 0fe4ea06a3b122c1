/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_WRITE_H
#define TK_STORE_WRITE_H

#include "tk_store_plan.h"

/* Writes a commit: behind the newest record, or in a sector of its own. TK_STORE_OK,
 * TK_STORE_FLASH. */
int tk_store_write(struct tk_store *s, const struct tk_commit *c, bool opens);

/* The same with no commit: opens a sector with what is alive, or writes the header of the newest
 * once more. */
int tk_store_rewrite(struct tk_store *s, bool opens);

#endif
