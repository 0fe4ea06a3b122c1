/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_modulus.h"

#include <string.h>

/* Newton's iteration: each step doubles the bits that are right, of which m itself has 3. */
tk_limb tk_modulus_inverse(tk_limb m)
{
    tk_limb x = m;

    for (int bits = 3; bits < TK_LIMB_BITS; bits *= 2)
        x *= 2 - m * x;
    return 0 - x;
}

void tk_modulus_mul(const struct tk_modulus *m, tk_limb *r, const tk_limb *a, const tk_limb *b,
                    tk_limb *t)
{
    tk_modulus_mul_n(m, r, a, b, t, m->n);
}

void tk_modulus_double(const struct tk_modulus *m, tk_limb *r)
{
    tk_limb carry = tk_limbs_add(r, r, r, m->n);
    tk_limb borrow = tk_limbs_sub(r, r, m->m, m->n);

    (void)tk_limbs_add_masked(r, r, m->m, tk_opaque(0 - (borrow & (carry ^ 1))), m->n);
}

static size_t bits_of(tk_limb x)
{
    size_t bits = 0;

    for (; x != 0; x >>= 1)
        bits++;
    return bits;
}

/* Doubles the highest power of 2 below m to 2^k * R, which represents 2^k; squaring doubles
 * k, and doubling adds 1, until k is the bits of R. k begins below 64, where a squaring would cost
 * more than the doublings that it replaces. Variable time: m is public. */
void tk_modulus_square_of_r(const struct tk_modulus *m, tk_limb *r, tk_limb *t)
{
    size_t r_bits = m->n * TK_LIMB_BITS, top = bits_of(m->m[m->n - 1]), squarings = 0;

    while (r_bits >> squarings >= 64)
        squarings++;
    memset(r, 0, m->n * sizeof *r);
    r[m->n - 1] = (tk_limb)1 << (top - 1);
    for (size_t i = TK_LIMB_BITS - (top - 1) + (r_bits >> squarings); i > 0; i--)
        tk_modulus_double(m, r);
    while (squarings-- > 0) {
        tk_modulus_mul(m, r, r, r, t);
        if ((r_bits >> squarings & 1) != 0)
            tk_modulus_double(m, r);
    }
}
