/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STORE_SEALED_H
#define TK_STORE_SEALED_H

/* Reading sealed records. */

#include "tk_store_header.h"

/* Begins the seal of a record of sector seq, whose number is associated data with that of the
 * format. nonce: NULL to derive one. */
void tk_sealed_begin(struct tk_store *s, const uint8_t *nonce, uint32_t seq);

/* Whether the record's tag is right, with the nonce that is returned. */
bool tk_sealed_is_authentic(struct tk_store *s, const struct tk_cursor *c,
                            uint8_t nonce[TK_STORE_NONCE]);

/* Decrypts in place what was read at flash offset `at`, among the values of the record. */
void tk_sealed_decrypt(struct tk_store *s, const struct tk_cursor *c,
                       const uint8_t nonce[TK_STORE_NONCE], uint32_t at, void *data, size_t len);

#endif
