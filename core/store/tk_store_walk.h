/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_WALK_H
#define TK_STORE_WALK_H

/* Walking over records and entries, and finding the entries of a key. */

#include "tk_store_header.h"

/* Places the cursor before the first record of sector seq. */
void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq);

/* Moves to the next record, before its first entry. False at the end of the sector. A single-bit
 * error in the heads is corrected. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c);

/* Moves to the next entry of the record; to the next entry of the sector; back before the record's
 * first entry. */
bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c);
void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c);

/* Places the cursor at the newest entry of a key, or at the one before. c->at is 0 if there is
 * none, or if it deletes the key. */
void tk_find(struct tk_store *s, struct tk_cursor *c, uint16_t key);
void tk_find_previous(struct tk_store *s, struct tk_cursor *c, uint16_t key);

/* Keys that have entries: a bit for each below 256, and 32 that the others share. */
struct tk_keys {
    uint32_t seen[9];
};

/* Adds the keys of sector seq; c walks over it. */
void tk_keys_add(struct tk_store *s, struct tk_keys *keys, struct tk_cursor *c, uint32_t seq);

/* Whether the entry is live: the newest of its key, and not a deletion. `newer`: keys of the newer
 * sectors. */
bool tk_cursor_is_live(struct tk_store *s, const struct tk_keys *newer, const struct tk_cursor *e);

#endif
