/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_FIELD_H
#define TK_FIELD_H

/*
 * The field of a curve: numbers modulo its prime p in Montgomery form (tk_modulus.h), p.n limbs
 * each. Every operand is below p, and so is every result. A result may be the same array as an
 * operand. Each curve has its own multiplication: the special form of NIST's primes (SP 800-186
 * 3.2.1) makes reduction cheap.
 *
 * Constant time: no function branches on, or indexes by, a value.
 */

#include "tk_modulus.h"

enum { TK_FIELD_MAX = TK_LIMBS_OF(384) }; /* limbs of the largest field */

struct tk_field {
    struct tk_modulus p;
    const tk_limb *one;                                          /* R mod p */
    const tk_limb *square_of_r;                                  /* R * R mod p */
    void (*mul)(tk_limb *r, const tk_limb *a, const tk_limb *b); /* r = a * b / R mod p */
    void (*sqr)(tk_limb *r, const tk_limb *a);
};

typedef tk_limb tk_element[TK_FIELD_MAX];

/* r = a + b and r = a - b, mod p. */
void tk_field_add(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b);
void tk_field_sub(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b);

/* r = 1 / a mod p by Fermat: a^(p - 2). 0 for 0. */
void tk_field_invert(const struct tk_field *f, tk_limb *r, const tk_limb *a);

/* Into Montgomery form, r = a * R mod p, and out of it, r = a / R mod p. */
void tk_field_enter(const struct tk_field *f, tk_limb *r, const tk_limb *a);
void tk_field_leave(const struct tk_field *f, tk_limb *r, const tk_limb *a);

#endif
