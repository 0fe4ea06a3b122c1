/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ECC_H
#define TK_ECC_H

/*
 * ECDSA verification (FIPS 186-5 6.4.2, SEC 1 4.1.4) and ECDH (SP 800-56A 5.7.1.2, SEC 1 3.3.1) on
 * P-256 and P-384, without a heap. Scalars (private keys, r, s) and coordinates are big-endian,
 * c->octets each; a point is x and y one behind the other. n is the order of the curve.
 *
 * tk_ecdh_public and tk_ecdh_shared are constant time in the scalar k: instructions and addresses
 * are the same for every k from 1 to n - 1, and only whether it is in that range shows. The time of
 * everything else depends on its inputs, which are public.
 */

#include "tk_curve.h"

/* Scratch memory of one call, 1.9 KB. Uninitialised before it; tk_ecdh_* leave multiples of points
 * in it, which the caller wipes. */
struct tk_ecc_work {
    tk_limb table[8 * TK_POINT_MAX];
    int8_t digits[2][385];
};

/* Whether (r, s) is a signature of the hash, len octets, by the key of the point q. Of a hash that
 * is longer than n the leftmost bits count. False if r or s is not from 1 to n - 1, or q not on the
 * curve. */
bool tk_ecdsa_verify(const struct tk_curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                     const uint8_t *r, const uint8_t *s, struct tk_ecc_work *work);

/* Writes the public key of k, the point k * generator, to q. False, with q untouched, if k is not
 * from 1 to n - 1. */
bool tk_ecdh_public(const struct tk_curve *c, uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work);

/* Writes the shared secret, x of k * q, to x. False, with x untouched, if k is not from 1 to n - 1
 * or the peer's q not on the curve. */
bool tk_ecdh_shared(const struct tk_curve *c, uint8_t *x, const uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work);

/* Whether q is a point of the curve: see tk_point_load. */
bool tk_ecc_is_point(const struct tk_curve *c, const uint8_t *q);

#endif
