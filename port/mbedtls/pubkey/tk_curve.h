/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CURVE_H
#define TK_CURVE_H

/*
 * NIST's curves P-256 and P-384 (SP 800-186 3.2.1, SEC 2 2.4.2 and 2.5.1): y^2 = x^3 - 3x + b, of
 * prime order. A point is in Jacobian coordinates: x, y and z, elements of the field one behind the
 * other, are the affine point (x / z^2, y / z^3); z = 0 is the point at infinity. In octets a point
 * is x and y, big-endian, c->octets each, without the 04 of SEC 1 2.3.3.
 *
 * Constant time: no function branches on, or indexes by, a coordinate, except tk_point_load, whose
 * point is a peer's.
 */

#include "tk_field.h"

#include <stdbool.h>

struct tk_curve {
    const struct tk_field *field;
    struct tk_modulus order;
    const tk_limb *order_square_of_r;
    const tk_limb *b;    /* Montgomery form */
    const tk_limb *comb; /* affine multiples of the generator, see below; NULL: none */
    const tk_limb *g;    /* x, y of the generator, Montgomery form */
    size_t octets;       /* of a coordinate or a scalar: 32, 48 */
};

extern const struct tk_curve tk_p256;
extern const struct tk_curve tk_p384;

/*
 * The comb (Lim and Lee, "More Flexible Exponentiation with Precomputation", CRYPTO '94): the 256
 * bits of a scalar in four rows of 64, of which a column is 4 bits, one of each row. Entry i - 1 of
 * c->comb is x and y of the sum of 2^(64 * row) * g over the bits set in i, in Montgomery form, so
 * that a column costs one addition. Only P-256 has one.
 */
enum { TK_COMB_COLUMNS = 64 };

/* Column i of a scalar, 0 to 15. Constant time. */
static inline unsigned tk_curve_column(const tk_limb *scalar, unsigned i)
{
    unsigned column = 0;

    for (unsigned row = 0; row < 4; row++, i += TK_COMB_COLUMNS)
        column |= (unsigned)(scalar[i / TK_LIMB_BITS] >> i % TK_LIMB_BITS & 1) << row;
    return column;
}

enum { TK_POINT_MAX = 3 * TK_FIELD_MAX };

typedef tk_limb tk_point[TK_POINT_MAX];

/* r = 2 * p, for infinity too. r may be p. */
void tk_point_double(const struct tk_curve *c, tk_limb *r, const tk_limb *p);

/* r = p + q, infinity if p = -q. Neither p nor q is infinity. r may be p. If p = q, all of r is
 * zeros: the formula is incomplete, and tk_point_add_any is complete in this respect. */
void tk_point_add(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* The same for an affine q: x and y only. */
void tk_point_add_affine(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* r = p + q, for p = q too, without a branch. Neither is infinity. r may be p. */
void tk_point_add_any(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* Reads a point from 2 * c->octets octets. False, with r undefined, unless x and y are below p and
 * on the curve: with its prime order that is the full validation of SP 800-56A 5.6.2.3.3 and SEC 1
 * 3.2.2.1. Infinity has no such octets. Variable time in the verdict. */
bool tk_point_load(const struct tk_curve *c, tk_limb *r, const uint8_t *xy);

/* Writes x, c->octets octets, and if with_y also y. p is not infinity. */
void tk_point_store(const struct tk_curve *c, uint8_t *xy, const tk_limb *p, bool with_y);

#endif
