/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_WALK_H
#define TK_STORE_WALK_H

#include "tk_store_media.h"

/* Stands before the first record of a sector. */
void tk_cursor_first(struct tk_store *s, struct tk_cursor *c, uint32_t seq);

/* The next record, before its first entry; the next entry of the record; the next of the sector;
 * before the first entry again. */
bool tk_cursor_record(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_entry(struct tk_store *s, struct tk_cursor *c);
bool tk_cursor_next(struct tk_store *s, struct tk_cursor *c);
void tk_cursor_rewind(const struct tk_store *s, struct tk_cursor *c);

/* The newest entry of each key that is wanted, or the one before it, as want.found. */
void tk_record_find(struct tk_store *s, struct tk_store_want *wants, size_t count);
void tk_record_find_before(struct tk_store *s, struct tk_store_want *want);

/* Where the records are that the newest entries of some values stand in, 0 for none, in one walk
 * over the memory; and a cursor at such an entry. */
void tk_record_find_each(struct tk_store *s, const struct tk_store_value *values, size_t count,
                         uint32_t *at);
void tk_cursor_find(struct tk_store *s, struct tk_cursor *c, uint8_t key, uint32_t at);

/* Keys that more than one entry has, a bit for each of their remainders by 32. */
uint32_t tk_store_repeated(struct tk_store *s);

/* Whether an entry is its key's newest. Newer ones are looked for where its
 * key is one of the repeated. */
bool tk_cursor_is_alive(struct tk_store *s, uint32_t repeated, const struct tk_cursor *e);

#endif
