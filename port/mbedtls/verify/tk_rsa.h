/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RSA_H
#define TK_RSA_H

/*
 * RSA as one who only verifies needs it (RFC 8017): half of the code, and less than half of the
 * heap, of what signs and decrypts too.
 */

#include <mbedtls/bignum.h>
#include <mbedtls/md.h>
#include <stddef.h>

/* Bits of n, and at most of e: one that is longer only costs time, and OpenSSL has the same limit.
 * What is too weak is for the profile of a chain to say. */
#define TK_RSA_MIN_BITS 128
#define TK_RSA_MAX_BITS 4096
#define TK_RSA_MAX_E    64

/* Reads the DER of an RSAPublicKey (A.1.1) into n and e. 0, or an error of mbedTLS. n has no
 * leading limbs of zero. */
int tk_rsa_read(mbedtls_mpi *n, mbedtls_mpi *e, const unsigned char *der, size_t len);

/* Verifies a signature of RSASSA-PKCS1-v1_5 (8.2.2), of as many bytes as n has. Takes four times
 * n from the heap meanwhile. 0, MBEDTLS_ERR_RSA_VERIFY_FAILED, or another error of mbedTLS. */
int tk_rsa_verify(const mbedtls_mpi *n, const mbedtls_mpi *e, mbedtls_md_type_t md,
                  const unsigned char *hash, size_t hash_len, const unsigned char *signature);

#endif
