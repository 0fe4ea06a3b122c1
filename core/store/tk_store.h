/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_H
#define TK_STORE_H

/*
 * Values under small numbers, kept on flash so that no power cut can lose or mix them: the values
 * of one commit are there all together, or those before it are. It needs the flash contract
 * (platform/tk_flash.h) and nothing else, and can be lifted out with that: tk_store.h,
 * tk_store_media.h, and the files tk_store*.c.
 *
 * The value that a key had before the one it has can be asked for too, for who must go one step
 * back. Deleting a key deletes both.
 *
 * What lies on the flash (integers little-endian): sectors are filled one behind the other, round
 * and round. Sector number n, counted from 1, is the memory's n modulo the count of sectors.
 * Headers and records begin at a write unit.
 *
 *      | header | header once more | record | record | ... 0xFF        a sector
 *
 *      0     4     8        12       16
 *      | n   | end | opened | CRC-32 |                                 a header
 *
 *      | count 1 | heads | check 2 | values | CRC-32 |                 a record
 *
 *      | count 1 | heads | check 2 | nonce 12 | values, sealed | tag 16 | CRC-32 |
 *
 *      | key 1 | length 1 |                                            a head
 *
 * end: where the records of sector n - 1 end; what lies behind was cut, and is void for good.
 *
 * opened: where the records end that were written before the header.
 *
 * count: of heads, 1 to 31; 128 more where the values are copies of what an earlier sector held.
 *
 * length: 0 to 253; or 254, there is no value any more (of key 255: of no key); or 255, these are
 * 254 bytes, and the next head goes on with the same value.
 *
 * check: the lower half of a CRC-32, not inverted at its end, over n, count and heads.
 *
 * CRC-32: of a record, over n and all that it has before; of a header, over 0 and the same. Where
 * records are sealed, n and 0 stand with other bits in it (SEALED in tk_store_read.c).
 *
 * A sector is opened by writing records first and its header then, which makes all of them count:
 * copies of what is alive in the sector that will be erased next, and the commit that found no room
 * in the sector before. Further commits are appended.
 *
 * After a start what stands last may be undecided: power may have gone in the middle of its seal.
 * Before anything else is written a sector is opened with a copy of it, and it is void where it
 * lay; where nothing was appended since the sector was opened, its header is written once more.
 *
 * Invariants, each a test in tests/unit/store/test_store_format.c:
 *   a_commit_is_one_record           its seal, the CRC-32, goes last
 *   a_sector_counts_from_its_header  until then all that is alive lies in others
 *   the_oldest_sector_is_dead        it will be erased next; so a cut there, however often, costs
 *                                    the new sector alone
 *   a_unit_is_programmed_once        between erases
 *   sectors_are_erased_in_turn       wear is spread by at most one
 *   an_earlier_lap_never_validates
 *   opening_writes_nothing
 *   a_start_alone_erases_nothing     when nothing was committed since the one before it
 *   what_was_cut_is_void_for_good    once something else was committed
 */

#include "tk_store_types.h"

/* Finds the store in whatever the memory holds: blank, ours, torn or foreign. Writes nothing.
 * flash and seal must outlive s; seal: NULL for none. TK_STORE_OK, TK_STORE_FLASH;
 * TK_STORE_GEOMETRY, TK_STORE_SEALED: nothing can be read or written then, and only a wipe changes
 * what is there. */
int tk_store_open(struct tk_store *s, const struct tk_flash *flash, struct tk_store_seal *seal);

/* All the values or none. Each key once, 31 of them at most; a value of over 253 bytes counts as
 * one more for each 254 bytes. Values that are there already cost no write. When it
 * answers TK_STORE_OK they were read back and are durable. May erase: takes up to seconds where
 * tk_store_prepare was not called before. TK_STORE_OK, TK_STORE_FULL, TK_STORE_FLASH. */
int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count);

/* The length of a key's value, copied to buf; TK_STORE_MISSING; TK_STORE_FULL when it is longer
 * than size; TK_STORE_FLASH. */
int tk_store_get(struct tk_store *s, uint8_t key, void *buf, size_t size);

/* Several at once, for the price of one walk over the memory. TK_STORE_OK, TK_STORE_FLASH. */
int tk_store_get_all(struct tk_store *s, struct tk_store_want *wants, size_t count);

/* The same of the value before it. It is kept as long as its sector is; with three sectors and more
 * it is moved on like any other. */
int tk_store_previous(struct tk_store *s, uint8_t key, void *buf, size_t size);

/* Work that can be done ahead, in idle time: after a start what was written last is written once
 * more, so that a bit which power left undecided cannot take it away; and the next sector is
 * erased, a step at most 10 ms. TK_STORE_AGAIN while there is more to do, TK_STORE_OK,
 * TK_STORE_FLASH. Never needed for all or nothing. */
int tk_store_prepare(struct tk_store *s);

/* The worst that was met, as a word: ok, corrected, older, corrupt. */
const char *tk_store_health(const struct tk_store *s);

/* Erases everything and checks that it is gone. The store is blank then. */
int tk_store_wipe(struct tk_store *s);

/* From now on commits answer TK_STORE_FLASH and leave nothing, until it is opened again. */
void tk_store_close(struct tk_store *s);

#endif
