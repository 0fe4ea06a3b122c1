/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORAGE_H
#define TK_STORAGE_H

/*
 * The device's store (tk_store.h): opened, sealed with the device key if there is one, and prepared
 * ahead of the next commit by a timer. Every commit also stores the events of the history that are
 * not on flash yet.
 *
 * Call from the main loop only; all calls block, see tk_store.h. Errors: TK_E_STORAGE_FAILED
 * (flash), TK_E_STORAGE_FULL, TK_E_STORAGE_SEALED (sealed with another key, or not sealed),
 * TK_E_STORAGE_FOREIGN, _SHAPE, _FORMAT (not this build's). What failed to open is opened again
 * each minute.
 */

#include "tk_config.h"
#include "tk_history.h"
#include "tk_keys.h"
#include "tk_store.h"
#include "tk_timer.h"

struct tk_storage {
    struct tk_store store;
    const struct tk_config *config;
    struct tk_timers *timers;
    struct tk_history *history;
    struct tk_timer timer;      /* prepares the store for the next commit */
    struct tk_store_seal *seal; /* NULL: the device has no key */
    enum tk_err err;            /* of tk_storage_open */
    bool reopened;              /* after it failed, the flash can be read: restart to load it */
    uint16_t corrupt_key;       /* of the first value that was rejected; 0: none */
};

/* Opens the store and loads the history. The result is in s->err; tk_store_open says what still
 * works after an error. All arguments must outlive s. */
void tk_storage_open(struct tk_storage *s, const struct tk_config *config, struct tk_timers *timers,
                     struct tk_history *history);

/* The last call before a stop in good order: the next start need not open a sector. */
void tk_storage_settle(struct tk_storage *s);

/* Wipes the sealing key. */
void tk_storage_close(struct tk_storage *s);

/* Writes all values, at most 25, or none; a value without pieces is deleted. count 0: the events
 * alone. */
enum tk_err tk_storage_commit(struct tk_storage *s, const struct tk_store_value *values,
                              size_t count);

/* A commit of one value of at most UINT16_MAX bytes; len 0 deletes it. */
enum tk_err tk_storage_put(struct tk_storage *s, uint16_t key, const void *data, size_t len);

/* Copies a value to buf. Returns its length, or TK_STORE_* (below 0). */
int tk_storage_get(struct tk_storage *s, uint16_t key, void *buf, size_t size);

/* A value is damaged although its CRC is right: no build stores such a one. The caller uses none;
 * status and history say that it is corrupt. */
void tk_storage_reject(struct tk_storage *s, uint16_t key);

/* Reads a value of exactly size bytes. False, with buf undefined, if it is absent; one of another
 * length is rejected. */
bool tk_storage_bytes(struct tk_storage *s, uint16_t key, void *buf, size_t size);

/* Copies a value to out of size bytes, 1 or more, and terminates it; "" if it is absent. One that
 * does not fit, has a control character, or that valid refuses (NULL: takes any) is rejected. True
 * if out is not "". */
bool tk_storage_text(struct tk_storage *s, uint16_t key, char *out, size_t size,
                     bool (*valid)(const char *text));

/* The value that the key had before (tk_store_previous); "" if there is none. */
bool tk_storage_previous_text(struct tk_storage *s, uint16_t key, char *out, size_t size);

/* The number of sectors that no longer erase, and of all. True if there is one: it may hold old
 * values, also deleted ones. Reads nothing. */
bool tk_storage_worn(const struct tk_storage *s, uint32_t *worn, uint32_t *sectors);

/* Erases deleted and replaced values. Returns how many of the sectors may still hold some. Blocks
 * for an erase of each sector. */
uint32_t tk_storage_scrub(struct tk_storage *s, uint32_t *sectors);

/* Erases all values; nothing is stored afterwards until a restart. TK_E_STORAGE_FAILED: what
 * tk_storage_worn counts is left. */
enum tk_err tk_storage_wipe(struct tk_storage *s);

/* As tk_store_health; a constant. */
const char *tk_storage_health(const struct tk_storage *s);

bool tk_storage_is_sealed(const struct tk_storage *s);

#endif
