/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_field.h"

TK_HOT void add(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b, size_t n)
{
    tk_element sum;
    tk_limb carry = tk_limbs_add(sum, a, b, n);

    tk_limbs_settle(r, carry, sum, f->p.m, n);
}

TK_HOT void sub(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b, size_t n)
{
    tk_limb borrow = tk_limbs_sub(r, a, b, n);

    (void)tk_limbs_add_masked(r, r, f->p.m, tk_opaque(0 - borrow), n);
}

/* n is a constant for P-256, so that its loops are unrolled. */
void tk_field_add(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b)
{
    if (f->p.n == TK_LIMBS_OF(256))
        add(f, r, a, b, TK_LIMBS_OF(256));
    else
        add(f, r, a, b, f->p.n);
}

void tk_field_sub(const struct tk_field *f, tk_limb *r, const tk_limb *a, const tk_limb *b)
{
    if (f->p.n == TK_LIMBS_OF(256))
        sub(f, r, a, b, TK_LIMBS_OF(256));
    else
        sub(f, r, a, b, f->p.n);
}

void tk_field_enter(const struct tk_field *f, tk_limb *r, const tk_limb *a)
{
    f->mul(r, a, f->square_of_r);
}

void tk_field_leave(const struct tk_field *f, tk_limb *r, const tk_limb *a)
{
    static const tk_element one = {1}; /* not in Montgomery form */

    f->mul(r, a, one);
}

/* Square and multiply along the bits of p - 2, which are public. p ends in ...ff, so p - 2 differs
 * from p in bit 1 only. */
void tk_field_invert(const struct tk_field *f, tk_limb *r, const tk_limb *a)
{
    tk_element x;
    size_t bit = f->p.n * TK_LIMB_BITS - 1;

    for (size_t i = 0; i < f->p.n; i++)
        x[i] = a[i];
    while (bit-- > 0) {
        f->sqr(x, x);
        if (bit != 1 && (f->p.m[bit / TK_LIMB_BITS] >> bit % TK_LIMB_BITS & 1) != 0)
            f->mul(x, x, a);
    }
    for (size_t i = 0; i < f->p.n; i++)
        r[i] = x[i];
}
