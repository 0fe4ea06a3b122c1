/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RSA_H
#define TK_RSA_H

/*
 * Verification of RSA signatures (RFC 8017), with half of the code and less than half of the heap
 * of an implementation that also signs and decrypts.
 */

#include <mbedtls/bignum.h>
#include <mbedtls/md.h>
#include <stddef.h>

/* Limits of n and e in bits. A longer e only costs time; OpenSSL has the same limit. Keys that are
 * too weak are rejected by the certificate profile. */
#define TK_RSA_MIN_BITS 128
#define TK_RSA_MAX_BITS 4096
#define TK_RSA_MAX_E    64

/* Reads the DER of an RSAPublicKey (A.1.1) into n and e; n has no leading zero limbs. Returns 0, or
 * an error of mbedTLS. */
int tk_rsa_read(mbedtls_mpi *n, mbedtls_mpi *e, const unsigned char *der, size_t len);

/* Verifies a signature of RSASSA-PKCS1-v1_5 (8.2.2), which is as long as n. Allocates four times
 * the size of n meanwhile. Returns 0, MBEDTLS_ERR_RSA_VERIFY_FAILED, or another error of
 * mbedTLS. */
int tk_rsa_verify(const mbedtls_mpi *n, const mbedtls_mpi *e, mbedtls_md_type_t md,
                  const unsigned char *hash, size_t hash_len, const unsigned char *signature);

#endif
