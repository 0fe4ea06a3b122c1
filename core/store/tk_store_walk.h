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

/* Finds, in one walk, the records that hold the newest entries of some keys: their flash offsets, 0
 * for none. Keys and offsets are so many bytes apart. */
void tk_find(struct tk_store *s, const uint16_t *key, size_t key_step, uint32_t *at, size_t at_step,
             size_t count);

/* Flash offset of the record with the entry before the newest one of a key; 0: none. */
uint32_t tk_find_previous(struct tk_store *s, uint16_t key);

/* Places the cursor at the entry of a key in the record at this flash offset, which has one. */
void tk_cursor_find(struct tk_store *s, struct tk_cursor *c, uint16_t key, uint32_t at);

/* Keys that have entries, exact below 256. */
struct tk_keys {
    uint32_t seen[8];
    bool has_more; /* keys from 256 on */
};

/* Adds the keys of sector seq; c walks over it. */
void tk_keys_add(struct tk_store *s, struct tk_keys *keys, struct tk_cursor *c, uint32_t seq);

/* Whether the record at c->at is right, as it reads now. */
bool tk_cursor_parse(struct tk_store *s, struct tk_cursor *c);

/* Whether the entry is live: the newest of its key, and not a deletion. `newer`: keys of the newer
 * sectors. */
bool tk_cursor_is_live(struct tk_store *s, const struct tk_keys *newer, const struct tk_cursor *e);

#endif
