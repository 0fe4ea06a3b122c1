/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_H
#define TK_STORE_H

/*
 * A transactional key-value store on NOR flash or EEPROM: the values of one commit are written
 * together or not at all, whenever power fails. It needs a flash driver (platform/tk_flash.h) and
 * can be used in other projects: see README.md beside this file.
 *
 * Besides the value of a key its previous value can be read, for rollback. Deleting a key deletes
 * both.
 *
 * No function is reentrant for one store, and none may be called from an interrupt. Different
 * stores are independent. All calls block; only erases take long (tk_store_prepare).
 *
 * A caller's mistake fails a TK_ASSERT: a struct tk_store that is zero but was not opened, a NULL
 * buffer or piece with a length, a driver or seal without a function.
 *
 * The format is in FORMAT.md beside this file. The flash is a ring of sectors. A new sector is
 * opened by writing records first and the header last, which makes all of them count: copies of the
 * live values of the sector that will be erased next, then the commit that did not fit into the
 * sector before. Further commits are appended.
 *
 * After a mount the last record may be torn or marginal, that is, read differently each time. So
 * before anything else is written, a sector is opened with a copy of it, and the original becomes
 * void; unless a mark proves that it is whole (tk_store_close).
 *
 * Invariants, each with a test of the same name in tests/unit/store/test_store_format.c:
 *   a_commit_is_one_record               its CRC-32 is written last
 *   a_sector_counts_from_its_header      until then all live values are in other sectors
 *   the_oldest_sector_is_dead            it is erased next; a cut there, however often, costs only
 *                                        the new sector
 *   a_unit_is_programmed_once            between erases
 *   sectors_are_erased_in_turn           erase counts differ by at most one
 *   an_earlier_lap_never_validates
 *   mounting_writes_nothing
 *   restarts_alone_erase_nothing         if nothing was committed in between
 *   a_torn_record_stays_void             once something else was committed
 */

#include "tk_store_types.h"

/* Mounts what the flash holds, and writes nothing. A blank flash is an empty store. flash and seal
 * must outlive s; seal: NULL for plaintext. Sectors must have 1 KB to 256 KB in multiples of 16,
 * and there must be 2 to 4095; the write unit must be a power of two, at most 64. An area larger
 * than the store in it (more sectors, the rest equal) is taken over by the first commit or prepare,
 * and so is the previous format. TK_STORE_OK, or TK_STORE_FLASH, _GEOMETRY, _SEALED, _FOREIGN,
 * _SHAPE, _FORMAT: then nothing can be read or written, and all functions return that error. After
 * TK_STORE_FLASH open it again; tk_store_wipe makes what another key, format, shape or program has
 * left usable. */
int tk_store_open(struct tk_store *s, const struct tk_flash *flash, struct tk_store_seal *seal);

/* Writes all values or none. At most 31 different keys; see tk_store_status for what fits. Values
 * that are stored already are not written again. On TK_STORE_OK they were read back and are
 * durable. May erase a sector, which can take seconds, unless tk_store_prepare is called when idle.
 * A sector that does not erase or program any more is passed by. TK_STORE_FULL, too, if each other
 * sector is worn or has live values for which the newest has no room. TK_STORE_OK, TK_STORE_FULL,
 * TK_STORE_FLASH, TK_STORE_KEY, TK_STORE_CLOSED, or the error of tk_store_open. After a failure the
 * values are as before, but if the flash failed, the commit may be found complete after a restart.
 */
int tk_store_commit(struct tk_store *s, const struct tk_store_value *values, size_t count);

/* Copies the value of a key to buf and returns its length. TK_STORE_MISSING; TK_STORE_SHORT or
 * below if it is longer than size: tk_store_need tells its length; TK_STORE_FLASH, TK_STORE_KEY,
 * TK_STORE_CLOSED, or the error of tk_store_open. */
int tk_store_get(struct tk_store *s, uint16_t key, void *buf, size_t size);

/* The length of the value if the result says that the buffer was too small, else 0. */
static inline size_t tk_store_need(int result)
{
    return result <= TK_STORE_SHORT ? (size_t)(TK_STORE_SHORT - result) : 0;
}

/* Whether the result says that there is a value, which may be longer than the buffer. */
static inline bool tk_store_found(int result)
{
    return result >= 0 || result <= TK_STORE_SHORT;
}

/* tk_store_get for several keys; results are in each query. TK_STORE_OK, or the worst of them that
 * is neither a length nor of its own key alone. */
static inline int tk_store_get_all(struct tk_store *s, struct tk_store_query *queries, size_t count)
{
    int ret = s->top.error;

    for (size_t i = 0; i < count; i++) {
        struct tk_store_query *q = &queries[i];

        q->len = tk_store_get(s, q->key, q->buf, q->size);
        ret = s->read_failed ? TK_STORE_FLASH : ret;
    }
    return ret;
}

/* Like tk_store_get, for the value that the key had before its newest commit. It exists only until
 * its sector is recycled: nothing copies it on. With more than two sectors the one that the last
 * commit replaced is there, unless a sector was passed by or recovered in between; with two
 * sectors, or after later commits, it may be TK_STORE_MISSING. */
int tk_store_previous(struct tk_store *s, uint16_t key, void *buf, size_t size);

/* Does work ahead of time, for idle loops: after a mount it writes again what was written last, in
 * case it is marginal; later it erases the next sector, in steps of at most 10 ms. Optional:
 * atomicity does not depend on it. TK_STORE_AGAIN (call it again), TK_STORE_OK, TK_STORE_FLASH,
 * TK_STORE_FULL as of tk_store_commit, TK_STORE_CLOSED, or the error of tk_store_open. */
int tk_store_prepare(struct tk_store *s);

/* Erases deleted and replaced values, which are in the flash until their sector is recycled; also
 * for tk_store_previous. Costs an erase of each sector. TK_STORE_OK; those that tk_store_status
 * counts as worn may still hold some. Else some are left: TK_STORE_FLASH, _FULL (as of
 * tk_store_commit), _CLOSED, or the error of tk_store_open. */
int tk_store_scrub(struct tk_store *s);

/* Ends in good order: notes on flash that all was written completely, so that the next start
 * appends instead of opening a sector. From now on everything returns TK_STORE_CLOSED until the
 * store is opened again. Optional. */
void tk_store_close(struct tk_store *s);

/* Erases all sectors and checks that they are blank, also if the store is not open. It is open and
 * empty afterwards. TK_STORE_OK; TK_STORE_FLASH: some sectors could not be erased and may still
 * hold values; tk_store_status names those of the first 10. */
int tk_store_wipe(struct tk_store *s);

/* Figures, also of a store that is not open. Reads all of the flash, some of it often. */
void tk_store_status(struct tk_store *s, struct tk_store_status *status);

/* Its count of worn sectors alone. Reads nothing. */
uint32_t tk_store_worn(const struct tk_store *s);

/* The worst since tk_store_open: "ok", "corrected", "worn" (sectors are passed by), "older" or
 * "corrupt". */
const char *tk_store_health(const struct tk_store *s);

#endif
