/* SPDX-License-Identifier: Apache-2.0 */
/* P-384. Its prime is p = 2^384 - 2^128 - 2^96 + 2^32 - 1. */
#include "tk_curve.h"

enum { N = TK_LIMBS_OF(384) };

/* Written by constants.py; elements of the field are in Montgomery form. */
static const tk_limb prime[] = {TK_LIMBS(00000000, ffffffff), TK_LIMBS(ffffffff, 00000000),
                                TK_LIMBS(ffffffff, fffffffe), TK_LIMBS(ffffffff, ffffffff),
                                TK_LIMBS(ffffffff, ffffffff), TK_LIMBS(ffffffff, ffffffff)};

static const tk_limb one[] = {TK_LIMBS(ffffffff, 00000001), TK_LIMBS(00000000, ffffffff),
                              TK_LIMBS(00000000, 00000001), TK_LIMBS(00000000, 00000000),
                              TK_LIMBS(00000000, 00000000), TK_LIMBS(00000000, 00000000)};

static const tk_limb square_of_r[] = {TK_LIMBS(fffffffe, 00000001), TK_LIMBS(00000002, 00000000),
                                      TK_LIMBS(fffffffe, 00000000), TK_LIMBS(00000002, 00000000),
                                      TK_LIMBS(00000000, 00000001), TK_LIMBS(00000000, 00000000)};

static const tk_limb order[] = {TK_LIMBS(ecec196a, ccc52973), TK_LIMBS(581a0db2, 48b0a77a),
                                TK_LIMBS(c7634d81, f4372ddf), TK_LIMBS(ffffffff, ffffffff),
                                TK_LIMBS(ffffffff, ffffffff), TK_LIMBS(ffffffff, ffffffff)};

static const tk_limb order_square_of_r[] = {
    TK_LIMBS(2d319b24, 19b409a9), TK_LIMBS(ff3d81e5, df1aa419), TK_LIMBS(bc3e483a, fcb82947),
    TK_LIMBS(d40d4917, 4aab1cc5), TK_LIMBS(3fb05b7a, 28266895), TK_LIMBS(0c84ee01, 2b39bf21)};

static const tk_limb curve_b[] = {TK_LIMBS(08118871, 9d412dcc), TK_LIMBS(f729add8, 7a4c32ec),
                                  TK_LIMBS(77f2209b, 1920022e), TK_LIMBS(e3374bee, 94938ae2),
                                  TK_LIMBS(b62b21f4, 1f022094), TK_LIMBS(cd08114b, 604fbff9)};

static const tk_limb g[] = {
    TK_LIMBS(3dd07566, 49c0b528), TK_LIMBS(20e378e2, a0d6ce38), TK_LIMBS(879c3afc, 541b4d6e),
    TK_LIMBS(64548684, 59a30eff), TK_LIMBS(812ff723, 614ede2b), TK_LIMBS(4d3aadc2, 299e1513),
    TK_LIMBS(23043dad, 4b03a4fe), TK_LIMBS(a1bfa8bf, 7bb4a9ac), TK_LIMBS(8bade756, 2e83b050),
    TK_LIMBS(c6c35219, 68f4ffd9), TK_LIMBS(dd800226, 3969a840), TK_LIMBS(2b78abc2, 5a15c5e9)};

/* --- multiplication --- */

#if TK_LIMB_BITS == 32

/* r = t / R mod p, column by column: m[k] is limb k when its turn comes, and m[k] * p adds m[k] to
 * the limbs k + 1 and k + 12, and subtracts it from k, which becomes 0, k + 3 and k + 4. The sum of
 * a column is signed. */
static void reduce(tk_limb *r, const tk_limb *t)
{
    tk_limb m[N], high[N];
    int64_t sum = 0;

    for (int k = 0; k < 2 * N; k++) {
        sum += t[k];
        if (k >= 1 && k < 1 + N)
            sum += m[k - 1];
        if (k >= 3 && k < 3 + N)
            sum -= m[k - 3];
        if (k >= 4 && k < 4 + N)
            sum -= m[k - 4];
        if (k >= N)
            sum += m[k - N];
        if (k < N)
            m[k] = (tk_limb)sum;
        else
            high[k - N] = (tk_limb)sum;
        sum >>= 32;
    }
    tk_limbs_settle(r, (tk_limb)sum, high, prime, N);
}

static void mul(tk_limb *r, const tk_limb *a, const tk_limb *b)
{
    tk_limb t[2 * N];

    for (int i = 0; i < N; i++)
        t[i] = 0;
    for (int i = 0; i < N; i++)
        t[i + N] = tk_limbs_mul_add(t + i, a, b[i], N);
    reduce(r, t);
}

#define PRIME_INVERSE 1
#define ORDER_INVERSE 0xe88fdc45

#else

#define PRIME_INVERSE UINT64_C(0x0000000100000001)
#define ORDER_INVERSE UINT64_C(0x6ed46089e88fdc45)

static void mul(tk_limb *r, const tk_limb *a, const tk_limb *b)
{
    static const struct tk_modulus p = {prime, N, PRIME_INVERSE};
    tk_limb t[N];

    tk_modulus_mul_n(&p, r, a, b, t, N);
}

#endif

static void sqr(tk_limb *r, const tk_limb *a)
{
    mul(r, a, a);
}

static const struct tk_field field = {
    .p = {prime, N, PRIME_INVERSE}, .one = one, .square_of_r = square_of_r, .mul = mul, .sqr = sqr};

const struct tk_curve tk_p384 = {.field = &field,
                                 .order = {order, N, ORDER_INVERSE},
                                 .order_square_of_r = order_square_of_r,
                                 .b = curve_b,
                                 .g = g,
                                 .octets = 48};
