/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SEAL_H
#define TK_SEAL_H

/*
 * Seals the records of a store with a key that the board keeps elsewhere: AES-128-GCM (NIST SP
 * 800-38D) over the values, with the number of the sector and all keys and lengths as additional
 * data.
 *
 * The nonce is synthetic, as in SIV (RFC 5297): the first 12 bytes of HMAC-SHA256 over all of that
 * and the values in plain. So a commit that was cut and is tried again with other values has
 * another nonce, also on a board without a random source; the same nonce means the same bytes.
 *
 * What it does not see: that somebody put an older copy of the whole memory back.
 */

#include "tk_store.h"

#include <mbedtls/aes.h>
#include <mbedtls/gcm.h>
#include <mbedtls/sha256.h>

enum { TK_SEAL_KEY = 32 };

struct tk_seal {
    struct tk_store_seal store; /* for tk_store_open */
    mbedtls_aes_context aes;
    mbedtls_gcm_context gcm;
    mbedtls_sha256_context sha;
    uint8_t nonce_key[TK_SEAL_KEY];
    bool makes_nonce;
};

/* Both keys that it uses follow from this one. seal must not move. False where mbedTLS had no
 * memory; nothing is to be freed then. */
bool tk_seal_init(struct tk_seal *seal, const uint8_t key[TK_SEAL_KEY]);

/* Wipes it. */
void tk_seal_free(struct tk_seal *seal);

#endif
