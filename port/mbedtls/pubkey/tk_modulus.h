/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MODULUS_H
#define TK_MODULUS_H

/*
 * Arithmetic modulo an odd number m in Montgomery's form (P. Montgomery, "Modular Multiplication
 * Without Trial Division", 1985): x stands as x * R mod m, R = 2^(bits of n limbs). For the orders
 * of curves and for RSA; the fields of the curves have reductions of their own (tk_field.h).
 */

#include "tk_limbs.h"

struct tk_modulus {
    const tk_limb *m;
    size_t n;        /* limbs */
    tk_limb inverse; /* -1/m[0] modulo 2^(bits of a limb) */
};

/* -1/m modulo 2^(bits of a limb), m odd. */
tk_limb tk_modulus_inverse(tk_limb m);

/* r = a * b / R mod m, for a < m or b < m and both below R. t: n + 1 limbs, overlapping nothing. */
void tk_modulus_mul(const struct tk_modulus *m, tk_limb *r, const tk_limb *a, const tk_limb *b,
                    tk_limb *t);

/* t = (t + m * q) >> (bits of a limb), whose lowest limb is 0 before the shift; what carries into
 * t[n - 1]. */
TK_HOT tk_limb tk_modulus_reduce_row(tk_limb *t, const tk_limb *m, tk_limb q, size_t n)
{
    tk_limb carry = (tk_limb)(((tk_wide)m[0] * q + t[0]) >> TK_LIMB_BITS);

    TK_UNROLL
    for (size_t i = 1; i < n; i++) {
        tk_wide v = (tk_wide)m[i] * q + t[i] + carry;

        t[i - 1] = (tk_limb)v;
        carry = (tk_limb)(v >> TK_LIMB_BITS);
    }
    return carry;
}

/* tk_modulus_mul for n limbs, which a caller may know while compiling. Row by row: add a[i] * b,
 * then the multiple of m that makes the lowest limb 0. */
TK_HOT void tk_modulus_mul_n(const struct tk_modulus *m, tk_limb *r, const tk_limb *a,
                                    const tk_limb *b, tk_limb *t, size_t n)
{
    for (size_t i = 0; i <= n; i++)
        t[i] = 0;
    TK_UNROLL
    for (size_t i = 0; i < n; i++) {
        tk_wide high = (tk_wide)t[n] + tk_limbs_mul_add(t, b, a[i], n);

        high += tk_modulus_reduce_row(t, m->m, t[0] * m->inverse, n);
        t[n - 1] = (tk_limb)high;
        t[n] = (tk_limb)(high >> TK_LIMB_BITS);
    }
    tk_limbs_settle(r, t[n], t, m->m, n);
}

/* r = 2 * r mod m, for r < m. */
void tk_modulus_double(const struct tk_modulus *m, tk_limb *r);

/* r = R * R mod m. t: n + 1 limbs. The highest limb of m is not 0. Variable time. */
void tk_modulus_square_of_r(const struct tk_modulus *m, tk_limb *r, tk_limb *t);

#endif
