/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MODULUS_H
#define TK_MODULUS_H

/*
 * Arithmetic modulo an odd number m in Montgomery form (P. Montgomery, "Modular Multiplication
 * Without Trial Division", Mathematics of Computation 44, 1985): x is represented by x * R mod m
 * with R = 2^(bits of n limbs). For the orders of curves and for RSA; the fields of the curves have
 * their own reductions (tk_field.h).
 *
 * Constant time but for tk_modulus_square_of_r: branches and addresses depend on n only.
 */

#include "tk_limbs.h"

struct tk_modulus {
    const tk_limb *m; /* odd; the caller's, must outlive the struct */
    size_t n;         /* limbs of m, and of every operand; at least 1 */
    tk_limb inverse;  /* tk_modulus_inverse(m[0]) */
};

/* -1/m mod 2^(bits of a limb), for the lowest limb m of an odd modulus. */
tk_limb tk_modulus_inverse(tk_limb m);

/* r = a * b / R mod m, below m. One of a and b is below m, the other may be any n limbs. r may be a
 * or b. t: n limbs of scratch memory that overlap no other operand. */
void tk_modulus_mul(const struct tk_modulus *m, tk_limb *r, const tk_limb *a, const tk_limb *b,
                    tk_limb *t);

/* tk_modulus_mul, inlined, for an n that the compiler may know. Row by row: add a[i] * b, add the
 * multiple q of m that makes the lowest limb 0, drop that limb (Koc, Acar and Kaliski, "Analyzing
 * and Comparing Montgomery Multiplication Algorithms", IEEE Micro 16, 1996: FIOS, here with a carry
 * for each of the two products). */
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

/* r = R * R mod m, which tk_modulus_mul by brings x into Montgomery form. The highest limb of m is
 * not 0. t: as above. Variable time in m, which is public. */
void tk_modulus_square_of_r(const struct tk_modulus *m, tk_limb *r, tk_limb *t);

#endif
