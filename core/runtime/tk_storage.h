/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORAGE_H
#define TK_STORAGE_H

/*
 * The device's store: opened and sealed with the device's key, prepared ahead by a timer, and the
 * place where the history is stored for free: it rides in commits that happen anyway.
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
    struct tk_timer timer; /* prepares the store ahead of the next commit */
    enum tk_err err;       /* of opening it; TK_OK, TK_E_STORAGE_* */
};

/* Opens the store and reads the history. The error stays in s->err; a store that did not open
 * refuses commits. */
void tk_storage_open(struct tk_storage *s, const struct tk_config *config, struct tk_timers *timers,
                     struct tk_history *history);

/* Wipes the key. */
void tk_storage_close(struct tk_storage *s);

/* All values or none, and with them what is new of the history. TK_OK, TK_E_STORAGE_FAILED,
 * TK_E_STORAGE_FULL, TK_E_STORAGE_SEALED. */
enum tk_err tk_storage_commit(struct tk_storage *s, const struct tk_store_value *values,
                              size_t count);

/* A commit of one value; len 0 deletes it. */
enum tk_err tk_storage_put(struct tk_storage *s, uint8_t key, const void *data, size_t len);

/* The length of a value copied to buf, or TK_STORE_* (below 0). */
int tk_storage_get(struct tk_storage *s, uint8_t key, void *buf, size_t size);

/* A value as NUL-terminated text, "" where there is none; whether it is not "". */
bool tk_storage_text(struct tk_storage *s, uint8_t key, char *out, size_t size);

bool tk_storage_is_sealed(const struct tk_storage *s);

#endif
