/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SHA1_H
#define TK_SHA1_H

/*
 * SHA-1 (FIPS 180-4 section 6.1), for who still asks for it: Corezoid's signatures. It is here
 * because mbedTLS's, which its TLS could then be made to accept, costs a board ten times the flash.
 * Pure functions.
 */

#include <stddef.h>
#include <stdint.h>

enum { TK_SHA1_SIZE = 20, TK_SHA1_BLOCK = 64 };

struct tk_sha1 {
    uint32_t h[5];
    uint32_t len; /* bytes so far, below 2^29 */
    uint8_t block[TK_SHA1_BLOCK];
};

void tk_sha1_begin(struct tk_sha1 *s);
void tk_sha1_add(struct tk_sha1 *s, const void *data, size_t len);

/* Wipes s. */
void tk_sha1_end(struct tk_sha1 *s, uint8_t out[TK_SHA1_SIZE]);

#endif
