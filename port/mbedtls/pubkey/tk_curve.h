/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CURVE_H
#define TK_CURVE_H

/*
 * NIST's curves P-256 and P-384 (FIPS 186-4 D.1.2, SEC 2): y^2 = x^3 - 3x + b. A point is in
 * Jacobian coordinates: x, y and z, n limbs each, stand for (x / z^2, y / z^3); z = 0 is infinity.
 */

#include "tk_field.h"

#include <stdbool.h>

struct tk_curve {
    const struct tk_field *field;
    struct tk_modulus order;
    const tk_limb *order_square_of_r;
    const tk_limb *b;    /* Montgomery's form */
    const tk_limb *comb; /* affine multiples of the generator, see below; NULL: none */
    const tk_limb *g;    /* x, y of the generator, Montgomery's form */
    size_t octets;       /* of a coordinate or a scalar */
};

extern const struct tk_curve tk_p256;
extern const struct tk_curve tk_p384;

/*
 * The comb (Lim and Lee, "More Flexible Exponentiation with Precomputation", 1994): the bits of a
 * scalar in four rows of 64. Entry i - 1 of c->comb is the sum of 2^(64 * row) * g over the bits of
 * i, so that each column of the four rows is one addition.
 */
enum { TK_COMB_COLUMNS = 64 };

static inline unsigned tk_curve_column(const tk_limb *scalar, unsigned i)
{
    unsigned column = 0;

    for (unsigned row = 0; row < 4; row++, i += TK_COMB_COLUMNS)
        column |= (unsigned)(scalar[i / TK_LIMB_BITS] >> i % TK_LIMB_BITS & 1) << row;
    return column;
}

enum { TK_POINT_MAX = 3 * TK_FIELD_MAX };

typedef tk_limb tk_point[TK_POINT_MAX];

/* r = 2 * p. Right for infinity. r may be p. */
void tk_point_double(const struct tk_curve *c, tk_limb *r, const tk_limb *p);

/* r = p + q for p != q and neither infinity; infinity for p = -q. r may be p. Wrong for p = q:
 * tk_point_add_any. */
void tk_point_add(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* The same for q with z = 1, which stands without its z. */
void tk_point_add_affine(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* r = p + q also for p = q, by masks: no branch. Neither is infinity. */
void tk_point_add_any(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q);

/* x, y, both below the prime, to a point; false where it is not on the curve. */
bool tk_point_load(const struct tk_curve *c, tk_limb *r, const uint8_t *xy);

/* The affine coordinates, octets each; xy without y where y is false. p is not infinity. */
void tk_point_store(const struct tk_curve *c, uint8_t *xy, const tk_limb *p, bool y);

#endif
