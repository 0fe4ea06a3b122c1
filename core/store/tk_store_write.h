/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_WRITE_H
#define TK_STORE_WRITE_H

/* Appending, opening sectors, marks. An int is TK_STORE_OK or TK_STORE_FLASH, of
 * tk_write_opening also TK_STORE_FULL. */

#include "tk_store_plan.h"

/* Appends a planned commit to the newest sector. False if that failed. */
bool tk_write_append(struct tk_store *s, const struct tk_commit *c);

/* Opens the next sector that works with the live values that need it, and a planned commit. With
 * is_complete all live values are copied, so that no older sector counts. */
int tk_write_opening(struct tk_store *s, const struct tk_commit *c, bool is_complete);

/* Writes a mark: all of the newest sector is complete. */
int tk_write_mark(struct tk_store *s);

/* Flash offset of the sector that is opened next. */
uint32_t tk_write_next(const struct tk_store *s);

#endif
