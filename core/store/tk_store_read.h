/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_READ_H
#define TK_STORE_READ_H

#include "tk_store_media.h"

/* Reads a record through, and out of it what the wants find in it. A wrong bit is put right where
 * it is only one. False where the record is damaged for all that. For what was whole once. */
bool tk_record_read(struct tk_store *s, const struct tk_cursor *c, struct tk_store_want *wants,
                    size_t count);

/* The same without a cure, for what may have been cut. */
bool tk_record_is_whole(struct tk_store *s, const struct tk_cursor *c);

/* The same of what was just written to sector seq. */
bool tk_record_reads_back(struct tk_store *s, uint32_t seq, uint32_t at, uint32_t end,
                          uint8_t heads);

#endif
