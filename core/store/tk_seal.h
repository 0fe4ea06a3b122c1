/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SEAL_H
#define TK_SEAL_H

/*
 * Seals the records of a store: AES-128-GCM (NIST SP 800-38D) over the values, with the number of
 * the sector, the format, and the record's count and heads as associated data.
 *
 * The nonce is synthetic, as in SIV (RFC 5297): the first 12 bytes of HMAC-SHA256 over the
 * associated data and the plaintext. So a commit that was torn and is tried again with other values
 * gets another nonce, also on a board without a random source; equal nonces mean equal bytes.
 *
 * Not protected against rollback: replaying an older image of the whole flash is not detected.
 */

#include "tk_store_types.h"

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>

enum { TK_SEAL_KEY = 32 };

struct tk_seal {
    struct tk_store_seal store; /* pass this to tk_store_open */
    mbedtls_aes_context aes;
    mbedtls_gcm_context gcm;
    mbedtls_sha256_context sha;
    uint8_t nonce_key[TK_SEAL_KEY];
    bool derives_nonce;
};

/* Derives the two keys it uses from this one, which the board keeps outside the flash. *seal must
 * not move afterwards: the store and mbedTLS hold pointers into it. False if mbedTLS ran out of
 * memory; then nothing needs to be freed. */
bool tk_seal_init(struct tk_seal *seal, const uint8_t key[TK_SEAL_KEY]);

/* Erases all keys from it. No store may use it afterwards. */
void tk_seal_free(struct tk_seal *seal);

#endif
