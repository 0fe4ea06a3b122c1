/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_SEALED_H
#define TK_STORE_SEALED_H

#include "tk_store_media.h"

/* Begins the seal of a record of sector seq; nonce: NULL to make one. */
void tk_sealed_begin(struct tk_store *s, const uint8_t *nonce, uint32_t seq);

bool tk_sealed_is_authentic(struct tk_store *s, const struct tk_cursor *c);

/* Opens in place what was read at `at`, among the values of a record. */
void tk_sealed_open(struct tk_store *s, const struct tk_cursor *c, uint32_t at, void *data,
                    size_t len);

#endif
