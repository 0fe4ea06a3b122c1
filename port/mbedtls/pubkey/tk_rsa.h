/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RSA_H
#define TK_RSA_H

/*
 * RSA's public operation, RSAVP1 of RFC 8017 5.2.2, without a heap. All values are public: the time
 * depends on the modulus and the exponent.
 */

#include "tk_modulus.h"

#include <stdbool.h>

/* Limits in bits. A longer exponent only costs time; OpenSSL limits it to the same 64 bits for a
 * modulus of more than 3072. Whether a key is long enough to be trusted is decided where a chain is
 * verified (mbedtls_x509_crt_profile). */
enum { TK_RSA_MIN_BITS = 128, TK_RSA_MAX_BITS = 4096, TK_RSA_MAX_E_BITS = 64 };

/* Limbs of scratch memory for a modulus of n limbs. */
#define TK_RSA_WORK(n) (2 * (n))

/* x = x^e mod m, for m->n limbs of x, not in Montgomery form. e is not 0, and the highest limb of m
 * is not 0. work: TK_RSA_WORK(m->n) limbs, uninitialised. False, with x unchanged, if x is not
 * below m. */
bool tk_rsa_public(const struct tk_modulus *m, tk_limb *x, uint64_t e, tk_limb *work);

#endif
