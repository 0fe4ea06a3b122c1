/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MEMO_H
#define TK_MEMO_H

/*
 * Signatures of certificates that were verified before: a chain's are the same at each handshake,
 * and verifying is a pure function of algorithm, key, hash and signature. Only that is remembered,
 * as the SHA-256 of all four, and only success; dates, names, constraints and roots are judged each
 * time. A few entries in RAM, the least recently used goes; empty after a start. Process-wide, as
 * mbedTLS's heap.
 */

#include <mbedtls/pk.h>
#include <stdbool.h>

/* As mbedtls_pk_verify_ext, of which x509_crt.c calls this one. */
int tk_memo_verify(mbedtls_pk_type_t type, const void *options, mbedtls_pk_context *pk,
                   mbedtls_md_type_t md, const unsigned char *hash, size_t hash_len,
                   const unsigned char *signature, size_t len);

/* Forgets all: for tests. */
void tk_memo_clear(void);

/* The public key in the memory of mbedTLS or of tk_pk_small.c, for tk_memo.c: up to two pieces, the
 * same ones for the same key and no other. False for a kind that is not known. */
struct tk_memo_key {
    const void *pieces[2];
    size_t sizes[2];
};

bool tk_memo_key(const mbedtls_pk_context *pk, struct tk_memo_key *key);

#endif
