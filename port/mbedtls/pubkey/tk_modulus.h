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

/* r = a * b / R mod m, for a < m or b < m and both below R. t: n limbs, overlapping nothing. */
void tk_modulus_mul(const struct tk_modulus *m, tk_limb *r, const tk_limb *a, const tk_limb *b,
                    tk_limb *t);

/* tk_modulus_mul for n limbs, which a caller may know while compiling. Row by row: add a[i] * b,
 * and the multiple q of m that makes the lowest limb 0, which then goes. */
TK_HOT void tk_modulus_mul_n(const struct tk_modulus *m, tk_limb *r, const tk_limb *a,
                             const tk_limb *b, tk_limb *t, size_t n)
{
    tk_limb top = 0;

    for (size_t i = 0; i < n; i++)
        t[i] = 0;
    for (size_t i = 0; i < n; i++) {
        tk_wide ab = (tk_wide)a[i] * b[0] + t[0];
        tk_limb q = (tk_limb)ab * m->inverse;
        tk_wide qm = (tk_wide)q * m->m[0] + (tk_limb)ab;

        TK_UNROLL
        for (size_t j = 1; j < n; j++) {
            ab = (tk_wide)a[i] * b[j] + t[j] + (tk_limb)(ab >> TK_LIMB_BITS);
            qm = (tk_wide)q * m->m[j] + (tk_limb)ab + (tk_limb)(qm >> TK_LIMB_BITS);
            t[j - 1] = (tk_limb)qm;
        }
        qm = (tk_wide)top + (tk_limb)(ab >> TK_LIMB_BITS) + (tk_limb)(qm >> TK_LIMB_BITS);
        t[n - 1] = (tk_limb)qm;
        top = (tk_limb)(qm >> TK_LIMB_BITS);
    }
    tk_limbs_settle(r, top, t, m->m, n);
}

/* r = 2 * r mod m, for r < m. */
void tk_modulus_double(const struct tk_modulus *m, tk_limb *r);

/* r = R * R mod m. t: n limbs. The highest limb of m is not 0. Variable time. */
void tk_modulus_square_of_r(const struct tk_modulus *m, tk_limb *r, tk_limb *t);

#endif
