/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FIELD_H
#define TK_FIELD_H

/*
 * The field of a curve: numbers modulo its prime p in Montgomery's form. Multiplication belongs to
 * the prime, because the special form of NIST's primes (FIPS 186-4 D.2) makes its reduction cheap;
 * the rest is the same for all. No function branches on, or indexes by, a value.
 */

#include "tk_modulus.h"

enum { TK_FIELD_MAX = TK_LIMBS_OF(384) };

struct tk_field {
    struct tk_modulus p;
    const tk_limb *one;                                          /* R mod p */
    const tk_limb *square_of_r;                                  /* R * R mod p */
    void (*mul)(tk_limb *r, const tk_limb *a, const tk_limb *b); /* r = a * b / R mod p */
    void (*sqr)(tk_limb *r, const tk_limb *a);
};

typedef tk_limb tk_element[TK_FIELD_MAX];

void tk_field_add(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b);
void tk_field_sub(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b);

/* r = a^(p - 2), the inverse of a; 0 for 0. */
void tk_field_invert(const struct tk_field *f, tk_limb *r, const tk_limb *a);

/* Into Montgomery's form and out of it. */
void tk_field_enter(const struct tk_field *f, tk_limb *r, const tk_limb *a);
void tk_field_leave(const struct tk_field *f, tk_limb *r, const tk_limb *a);

#endif
