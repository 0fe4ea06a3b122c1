/* SPDX-License-Identifier: Apache-2.0 */
/* P-256. Its prime p = 2^256 - 2^224 + 2^192 + 2^96 - 1 is -1 modulo 2^96, so that the multiple of
 * p that Montgomery's reduction adds to make the lowest limb 0 is that limb itself, times p. */
#include "tk_curve.h"

enum { N = TK_LIMBS_OF(256) };

/* Written by constants.py; elements of the field are in Montgomery form. */
static const tk_limb prime[] = {TK_LIMBS(ffffffff, ffffffff), TK_LIMBS(00000000, ffffffff),
                                TK_LIMBS(00000000, 00000000), TK_LIMBS(ffffffff, 00000001)};

static const tk_limb one[] = {TK_LIMBS(00000000, 00000001), TK_LIMBS(ffffffff, 00000000),
                              TK_LIMBS(ffffffff, ffffffff), TK_LIMBS(00000000, fffffffe)};

static const tk_limb square_of_r[] = {TK_LIMBS(00000000, 00000003), TK_LIMBS(fffffffb, ffffffff),
                                      TK_LIMBS(ffffffff, fffffffe), TK_LIMBS(00000004, fffffffd)};

static const tk_limb order[] = {TK_LIMBS(f3b9cac2, fc632551), TK_LIMBS(bce6faad, a7179e84),
                                TK_LIMBS(ffffffff, ffffffff), TK_LIMBS(ffffffff, 00000000)};

static const tk_limb order_square_of_r[] = {
    TK_LIMBS(83244c95, be79eea2), TK_LIMBS(4699799c, 49bd6fa6), TK_LIMBS(2845b239, 2b6bec59),
    TK_LIMBS(66e12d94, f3d95620)};

static const tk_limb curve_b[] = {TK_LIMBS(d89cdf62, 29c4bddf), TK_LIMBS(acf005cd, 78843090),
                                  TK_LIMBS(e5a220ab, f7212ed6), TK_LIMBS(dc30061d, 04874834)};

static const tk_limb comb[] = {
    TK_LIMBS(79e730d4, 18a9143c), TK_LIMBS(75ba95fc, 5fedb601), TK_LIMBS(79fb732b, 77622510),
    TK_LIMBS(18905f76, a53755c6), TK_LIMBS(ddf25357, ce95560a), TK_LIMBS(8b4ab8e4, ba19e45c),
    TK_LIMBS(d2e88688, dd21f325), TK_LIMBS(8571ff18, 25885d85), TK_LIMBS(4f922fc5, 16a0d2bb),
    TK_LIMBS(0d5cc16c, 1a623499), TK_LIMBS(9241cf3a, 57c62c8b), TK_LIMBS(2f5e6961, fd1b667f),
    TK_LIMBS(5c15c70b, f5a01797), TK_LIMBS(3d20b44d, 60956192), TK_LIMBS(04911b37, 071fdb52),
    TK_LIMBS(f648f916, 8d6f0f7b), TK_LIMBS(9e566847, e137bbbc), TK_LIMBS(e434469e, 8a6a0bec),
    TK_LIMBS(b1c42761, 79d73463), TK_LIMBS(5abe0285, 133d0015), TK_LIMBS(92aa837c, c04c7dab),
    TK_LIMBS(573d9f4c, 43260c07), TK_LIMBS(0c931562, 78e6cc37), TK_LIMBS(94bb725b, 6b6f7383),
    TK_LIMBS(62a8c244, bfe20925), TK_LIMBS(91c19ac3, 8fdce867), TK_LIMBS(5a96a5d5, dd387063),
    TK_LIMBS(61d587d4, 21d324f6), TK_LIMBS(e87673a2, a37173ea), TK_LIMBS(23848008, 53778b65),
    TK_LIMBS(10f8441e, 05bab43e), TK_LIMBS(fa11fe12, 4621efbe), TK_LIMBS(1c891f2b, 2cb19ffd),
    TK_LIMBS(01ba8d5b, b1923c23), TK_LIMBS(b6d03d67, 8ac5ca8e), TK_LIMBS(586eb04c, 1f13bedc),
    TK_LIMBS(0c35c6e5, 27e8ed09), TK_LIMBS(1e81a33c, 1819ede2), TK_LIMBS(278fd6c0, 56c652fa),
    TK_LIMBS(19d5ac08, 70864f11), TK_LIMBS(62577734, d2b533d5), TK_LIMBS(673b8af6, a1bdddc0),
    TK_LIMBS(577e7c9a, a79ec293), TK_LIMBS(bb6de651, c3b266b1), TK_LIMBS(e7e9303a, b65259b3),
    TK_LIMBS(d6a0afd3, d03a7480), TK_LIMBS(c5ac83d1, 9b3cfc27), TK_LIMBS(60b4619a, 5d18b99b),
    TK_LIMBS(bd6a38e1, 1ae5aa1c), TK_LIMBS(b8b7652b, 49e73658), TK_LIMBS(0b130014, ee5f87ed),
    TK_LIMBS(9d0f27b2, aeebffcd), TK_LIMBS(ca924631, 7a730a55), TK_LIMBS(9c955b2f, ddbbc83a),
    TK_LIMBS(07c1dfe0, ac019a71), TK_LIMBS(244a566d, 356ec48d), TK_LIMBS(56f8410e, f4f8b16a),
    TK_LIMBS(97241afe, c47b266a), TK_LIMBS(0a406b8e, 6d9c87c1), TK_LIMBS(803f3e02, cd42ab1b),
    TK_LIMBS(7f0309a8, 04dbec69), TK_LIMBS(a83b85f7, 3bbad05f), TK_LIMBS(c6097273, ad8e197f),
    TK_LIMBS(c097440e, 5067adc1), TK_LIMBS(846a56f2, c379ab34), TK_LIMBS(a8ee068b, 841df8d1),
    TK_LIMBS(20314459, 176c68ef), TK_LIMBS(f1af32d5, 915f1f30), TK_LIMBS(99c37531, 5d75bd50),
    TK_LIMBS(837cffba, f72f67bc), TK_LIMBS(0613a418, 48d7723f), TK_LIMBS(23d0f130, e2d41c8b),
    TK_LIMBS(ed93e225, d5be5a2b), TK_LIMBS(6fe79983, 5934f3c6), TK_LIMBS(43140926, 22626ffc),
    TK_LIMBS(50bbb4d9, 7990216a), TK_LIMBS(378191c6, e57ec63e), TK_LIMBS(65422c40, 181dcdb2),
    TK_LIMBS(41a8099b, 0236e0f6), TK_LIMBS(2b100118, 01fe49c3), TK_LIMBS(fc68b5c5, 9b391593),
    TK_LIMBS(c385f5a2, 598270fc), TK_LIMBS(7144f3aa, d19adcbb), TK_LIMBS(dd558999, 83fbae0c),
    TK_LIMBS(93b88b8e, 74b82ff4), TK_LIMBS(d2e03c40, 71e734c9), TK_LIMBS(9a7a9eaf, 43c0322a),
    TK_LIMBS(e6e4c551, 149d6041), TK_LIMBS(5fe14bfe, 80ec21fe), TK_LIMBS(f6ce116a, c255be82),
    TK_LIMBS(98bc5a07, 2f4a5d67), TK_LIMBS(fad27148, db7e63af), TK_LIMBS(90c0b6ac, 29ab05b3),
    TK_LIMBS(37a9a83c, 4e251ae6), TK_LIMBS(0a7dc875, c2aade7d), TK_LIMBS(77387de3, 9f0e1a84),
    TK_LIMBS(1e9ecc49, a56c0dd7), TK_LIMBS(a5cffcd8, 46086c74), TK_LIMBS(8f7a1408, f505aece),
    TK_LIMBS(b37b85c0, bef0c47e), TK_LIMBS(3596b6e4, cc0e6a8f), TK_LIMBS(fd6d4bbf, 6b388f23),
    TK_LIMBS(aba453fa, c39cef4e), TK_LIMBS(9c135ac8, f9f628d5), TK_LIMBS(0a1c7294, 95c8f8be),
    TK_LIMBS(2961c480, 3bf362bf), TK_LIMBS(9e418403, df63d4ac), TK_LIMBS(c109f9cb, 91ece900),
    TK_LIMBS(c2d095d0, 58945705), TK_LIMBS(b9083d96, ddeb85c0), TK_LIMBS(84692b8d, 7a40449b),
    TK_LIMBS(9bc3344f, 2eee1ee1), TK_LIMBS(0d5ae356, 42913074), TK_LIMBS(55491b27, 48a542b1),
    TK_LIMBS(469ca665, b310732a), TK_LIMBS(29591d52, 5f1a4cc1), TK_LIMBS(e76f5b6b, b84f983f),
    TK_LIMBS(be7eef41, 9f5f84e1), TK_LIMBS(1200d496, 80baa189), TK_LIMBS(6376551f, 18ef332c)};

/* --- multiplication --- */

#if TK_LIMB_BITS == 32

/* r = t / R mod p, column by column: m[k] is limb k when its turn comes, and m[k] * p adds m[k] to
 * the limbs k + 3, k + 6 and k + 8, and subtracts it from k, which becomes 0, and k + 7. The sum of
 * a column is signed. */
static void reduce(tk_limb *r, const tk_limb *t)
{
    tk_limb m[N], high[N];
    int64_t sum = 0;

    TK_UNROLL
    for (int k = 0; k < 2 * N; k++) {
        sum += t[k];
        if (k >= 3 && k < 3 + N)
            sum += m[k - 3];
        if (k >= 6 && k < 6 + N)
            sum += m[k - 6];
        if (k >= 7 && k < 7 + N)
            sum -= m[k - 7];
        if (k >= 8)
            sum += m[k - 8];
        if (k < N)
            m[k] = (tk_limb)sum;
        else
            high[k - N] = (tk_limb)sum;
        sum >>= 32;
    }
    tk_limbs_settle(r, (tk_limb)sum, high, prime, N);
}

static void product(tk_limb *t, const tk_limb *a, const tk_limb *b)
{
    for (int i = 0; i < N; i++)
        t[i] = 0;
    for (int i = 0; i < N; i++)
        t[i + N] = tk_limbs_mul_add(t + i, a, b[i], N);
}

#else

/* r = t / R mod p, limb by limb. With m = t[i], m * p is m * 2^96 - m, and m * (2^64 - 2^32 + 1)
 * three limbs above. */
TK_HOT void reduce(tk_limb *r, tk_limb *t)
{
    tk_limb carry = 0;

    TK_UNROLL
    for (int i = 0; i < N; i++) {
        tk_wide high = (tk_wide)t[i] * prime[3];
        tk_limb c = 0;

        t[i + 1] = tk_limb_add(t[i + 1], t[i] << 32, &c);
        t[i + 2] = tk_limb_add(t[i + 2], t[i] >> 32, &c);
        t[i + 3] = tk_limb_add(t[i + 3], (tk_limb)high, &c);
        t[i + 4] = tk_limb_add(t[i + 4], (tk_limb)(high >> 64) + carry, &c);
        carry = c;
    }
    tk_limbs_settle(r, carry, t + N, prime, N);
}

/* t = a * b, column by column, each summed in three limbs. */
TK_HOT void product(tk_limb *t, const tk_limb *a, const tk_limb *b)
{
    tk_limb sum[3] = {0, 0, 0};

    TK_UNROLL
    for (int k = 0; k < 2 * N - 1; k++) {
        TK_UNROLL
        for (int i = k < N ? 0 : k - N + 1; i <= (k < N ? k : N - 1); i++)
            tk_limbs_accumulate(sum, a[i], b[k - i]);
        t[k] = sum[0];
        sum[0] = sum[1];
        sum[1] = sum[2];
        sum[2] = 0;
    }
    t[2 * N - 1] = sum[0];
}

#endif

static void mul(tk_limb *r, const tk_limb *a, const tk_limb *b)
{
    tk_limb t[2 * N];

    product(t, a, b);
    reduce(r, t);
}

static void sqr(tk_limb *r, const tk_limb *a)
{
    mul(r, a, a);
}

static const struct tk_field field = {
    .p = {prime, N, 1}, .one = one, .square_of_r = square_of_r, .mul = mul, .sqr = sqr};

#if TK_LIMB_BITS == 64
#define ORDER_INVERSE UINT64_C(0xccd1c8aaee00bc4f)
#else
#define ORDER_INVERSE 0xee00bc4f
#endif

const struct tk_curve tk_p256 = {.field = &field,
                                 .order = {order, N, ORDER_INVERSE},
                                 .order_square_of_r = order_square_of_r,
                                 .b = curve_b,
                                 .comb = comb,
                                 .g = comb,
                                 .octets = 32};
