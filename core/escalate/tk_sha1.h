/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_SHA1_H
#define TK_SHA1_H

/*
 * SHA-1 (FIPS 180-4 section 6.1), for Corezoid's signatures only. mbedTLS's is not enabled: it
 * would cost a board ten times the flash, and TLS could then be made to accept it. Pure functions.
 */

#include <stddef.h>
#include <stdint.h>

enum { TK_SHA1_SIZE = 20, TK_SHA1_BLOCK = 64 };

struct tk_sha1 {
    uint32_t h[5];
    uint32_t len; /* bytes so far */
    uint8_t block[TK_SHA1_BLOCK];
};

void tk_sha1_begin(struct tk_sha1 *s);

/* At most 2^32 - 1 bytes in all. */
void tk_sha1_add(struct tk_sha1 *s, const void *data, size_t len);

/* Writes the digest and wipes s. */
void tk_sha1_end(struct tk_sha1 *s, uint8_t out[TK_SHA1_SIZE]);

#endif
