/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RSA_H
#define TK_RSA_H

/*
 * RSA's public operation (RFC 8017 5.2.2), without a heap. All values are public; time depends on
 * them.
 */

#include "tk_modulus.h"

#include <stdbool.h>

/* Bits of a modulus and, at most, of a public exponent: OpenSSL has the same limit for the latter.
 * What is too weak to trust is for the profile of a certificate chain to decide. */
enum { TK_RSA_MIN_BITS = 128, TK_RSA_MAX_BITS = 4096, TK_RSA_MAX_E_BITS = 64 };

/* Limbs of scratch memory for a modulus of n limbs. */
#define TK_RSA_WORK(n) (2 * (n) + 1)

/* x = x^e mod m, for x < m, e not 0 and the highest limb of m not 0. work: TK_RSA_WORK(m->n) limbs.
 * False, with x unchanged, where x is not below m. */
bool tk_rsa_public(const struct tk_modulus *m, tk_limb *x, uint64_t e, tk_limb *work);

#endif
