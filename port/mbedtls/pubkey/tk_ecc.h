/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ECC_H
#define TK_ECC_H

/*
 * ECDSA verification (FIPS 186-4 6.4, SEC 1 4.1.4) and ECDH (SEC 1 3.3.1) on P-256 and P-384, on
 * octets, without a heap. Scalars and coordinates are big-endian, of curve->octets each; a point is
 * x and y behind each other.
 *
 * Verification has public inputs and takes the time that they need. tk_ecdh_* run the same
 * instructions on the same addresses whatever the scalar is; only whether it is in range shows.
 */

#include "tk_curve.h"

/* Scratch memory of one call, 1.9 KB on a 32-bit processor; the caller wipes it. */
struct tk_ecc_work {
    tk_limb table[8 * TK_POINT_MAX];
    int8_t digits[2][385];
};

/* Whether r and s sign the hash for the point q. The leftmost bits of a longer hash count. False
 * also for r or s out of 1 to n - 1, and for a q that is not on the curve. */
bool tk_ecdsa_verify(const struct tk_curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                     const uint8_t *r, const uint8_t *s, struct tk_ecc_work *work);

/* q = k * generator. False for k out of 1 to n - 1. */
bool tk_ecdh_public(const struct tk_curve *c, uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work);

/* x of k * q. False for k out of 1 to n - 1, and for a q that is not on the curve. */
bool tk_ecdh_shared(const struct tk_curve *c, uint8_t *x, const uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work);

/* Whether q is a point of the curve. */
bool tk_ecc_is_point(const struct tk_curve *c, const uint8_t *q);

#endif
