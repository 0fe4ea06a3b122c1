/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MEMO_H
#define TK_MEMO_H

/*
 * A memo of certificate signatures that were verified. Verification is a pure function of
 * algorithm, key, hash and signature, and the certificates of a chain are the same at each
 * handshake. An entry is the SHA-256 of these four; only success is kept. Dates, names, constraints
 * and roots are judged at each handshake, by mbedTLS.
 *
 * 4 entries in RAM, the least recently used is replaced; empty after a start. One for the process,
 * without a lock: call from one thread, like the rest of TLS. All values are public: variable time.
 */

#include <mbedtls/pk.h>
#include <stdbool.h>

/* mbedtls_pk_verify_ext with the memo in front; x509_crt.c calls this in its place. The arguments
 * and the result are the same. */
int tk_memo_verify(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *pk,
                   mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
                   const unsigned char *signature, size_t len);

/* Empties the memo, for tests. */
void tk_memo_clear(void);

/* The octets that identify a public key, for tk_memo.c: up to two pieces, in the memory of the key.
 * With the type and mbedtls_pk_get_bitlen() they are equal for equal keys only. */
struct tk_memo_key {
    const void *pieces[2];
    size_t sizes[2];
};

/* False if pk holds no key of a known kind. In tk_pk_host.c and tk_pk_small.c. */
bool tk_memo_key(const mbedtls_pk_context *pk, struct tk_memo_key *key);

#endif
