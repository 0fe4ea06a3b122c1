/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar is secret: no branch, no address and no loop count depends on it. Tables are read
 * whole, under masks. */
#include "tk_ecc.h"

#include <string.h>

/* For the test of constant time: marks a value as public, which the caller learns anyway. */
#if !defined(TK_ECC_PUBLISH)
#define TK_ECC_PUBLISH(address, size) ((void)0)
#endif

enum { WINDOW = 4, MULTIPLES = 8 };

/* Overwrites a secret. The barrier keeps the optimiser from leaving out what is not read again. */
static void wipe(void *secret, size_t size)
{
    memset(secret, 0, size);
    __asm__ volatile("" : : "r"(secret) : "memory");
}

/* A mask: all ones if a == b. */
static tk_limb equal(unsigned a, unsigned b)
{
    return tk_limb_is_zero(a ^ b);
}

/* Reads k. False unless it is from 1 to n - 1. */
static bool load_scalar(const struct tk_curve *c, tk_limb *k, const uint8_t *octets)
{
    size_t n = c->order.n;

    tk_limbs_load(k, n, octets, c->octets);
    tk_limb good = ~tk_limbs_are_zero(k, n) & tk_limbs_are_less(k, c->order.m, n);

    TK_ECC_PUBLISH(&good, sizeof good);
    return good != 0;
}

/* --- the generator, by its comb --- */

/* q = entry column - 1 of the comb; zeros, which are no point, for column 0. */
static void read_comb(const struct tk_curve *c, tk_limb *q, unsigned column)
{
    size_t size = 2 * c->field->p.n;

    memset(q, 0, size * sizeof *q);
    for (unsigned i = 1; i < 16; i++)
        tk_limbs_select(q, c->comb + (i - 1) * size, equal(column, i), size);
}

/*
 * sum = k * g, column by column from the highest. Until the first column that is not 0 the sum is
 * infinity, which the addition formula does not handle: the mask `infinite` replaces its result.
 *
 * The formula has no other exception here. Let A * g be the sum before a step and T * g the entry
 * of its column. As integers 2 * A + T is at most k, so 0 < 2 * A + T < n: the sum is never
 * infinity again. 2 * A = T would be an equality in each of the four rows of 64 bits, where 2 * A
 * is even and T is 0 or 1: both would be 0.
 */
static void multiply_generator(const struct tk_curve *c, tk_limb *sum, const tk_limb *k)
{
    size_t n = c->field->p.n;
    tk_limb infinite = ~(tk_limb)0;
    tk_point q, t;

    memcpy(q + 2 * n, c->field->one, n * sizeof *q);
    memset(sum, 0, 3 * n * sizeof *sum);
    for (unsigned i = TK_COMB_COLUMNS; i-- > 0;) {
        unsigned column = tk_curve_column(k, i);
        tk_limb none = equal(column, 0);

        read_comb(c, q, column);
        tk_point_double(c, sum, sum);
        tk_point_add_affine(c, t, sum, q);
        tk_limbs_select(t, q, infinite, 3 * n);
        tk_limbs_select(sum, t, ~none, 3 * n);
        infinite &= none;
    }
    wipe(q, sizeof q);
    wipe(t, sizeof t);
}

/* --- any point, by windows --- */

/* t = digit * p for an odd digit from -15 to 15. table: p, 3 * p ... 15 * p. */
static void read_multiple(const struct tk_curve *c, tk_limb *t, const tk_limb *table, int digit)
{
    size_t n = c->field->p.n;
    unsigned sign = (unsigned)digit >> 31, amount = ((unsigned)digit ^ (0 - sign)) + sign;
    tk_element y;

    memset(t, 0, 3 * n * sizeof *t);
    for (unsigned i = 0; i < MULTIPLES; i++)
        tk_limbs_select(t, table + i * 3 * n, equal(amount >> 1, i), 3 * n);
    (void)tk_limbs_sub(y, c->field->p.m, t + n, n);
    tk_limbs_select(t + n, y, tk_opaque(0 - (tk_limb)sign), n);
}

/* Digit i of an odd scalar, which is the sum of 16^i times digit i. All digits are odd, from -15 to
 * 15 (Joye and Tunstall, "Exponent Recoding and Regular Exponentiation Algorithms", AFRICACRYPT
 * 2009). last: the number of the highest digit. */
static int digit_of(const tk_limb *k, unsigned i, unsigned last, unsigned bits)
{
    unsigned window = 0;

    for (unsigned j = WINDOW; j > 0; j--) {
        unsigned at = WINDOW * i + j;

        window = window << 1 |
                 (at < bits ? (unsigned)(k[at / TK_LIMB_BITS] >> at % TK_LIMB_BITS & 1) : 0);
    }
    return (int)(2 * (i == last ? window | 8 : window) + 1) - 16;
}

/*
 * sum = k * p for an odd k, by 4 bits from the highest.
 *
 * Let A * p be the sum before a step and d its digit. A and 16 * A + d are prefixes of k with the
 * lowest bit set, from 1 to k: neither is 0 modulo n, so that no sum is infinity. The formula needs
 * a doubling if 16 * A = d modulo n. As integers they differ (16 * A > 15), and 16 * A = n + d
 * means that the prefix 16 * A + d is n + 2 * d: only the last prefix, k itself, is that large. So
 * the last step uses the addition that handles it.
 */
static void multiply_point(const struct tk_curve *c, tk_limb *sum, const tk_limb *k,
                           const tk_limb *table)
{
    unsigned bits = 8 * (unsigned)c->octets, last = bits / WINDOW - 1;
    tk_point t;

    read_multiple(c, sum, table, digit_of(k, last, last, bits));
    for (unsigned i = last; i-- > 0;) {
        for (int j = 0; j < WINDOW; j++)
            tk_point_double(c, sum, sum);
        read_multiple(c, t, table, digit_of(k, i, last, bits));
        if (i > 0)
            tk_point_add(c, sum, sum, t);
        else
            tk_point_add_any(c, sum, sum, t);
    }
    wipe(t, sizeof t);
}

/* table = p, 3 * p ... 15 * p. The order of p is a large prime: no sum is an exception. */
static void odd_multiples(const struct tk_curve *c, tk_limb *table, const tk_limb *p)
{
    size_t size = 3 * c->field->p.n;
    tk_point twice;

    memcpy(table, p, size * sizeof *p);
    tk_point_double(c, twice, p);
    for (unsigned i = 1; i < MULTIPLES; i++)
        tk_point_add(c, table + i * size, twice, table + (i - 1) * size);
}

/* Replaces an even k by n - k, which is odd; k * p is the negative of (n - k) * p. Returns a mask:
 * all ones if it did. */
static tk_limb make_odd(const struct tk_curve *c, tk_limb *k)
{
    size_t n = c->order.n;
    tk_element other;
    tk_limb even = tk_opaque((k[0] & 1) - 1);

    (void)tk_limbs_sub(other, c->order.m, k, n);
    tk_limbs_select(k, other, even, n);
    wipe(other, sizeof other);
    return even;
}

/* p = -p under a mask. Its y is not 0: no point has order 2. */
static void negate(const struct tk_curve *c, tk_limb *p, tk_limb mask)
{
    size_t n = c->field->p.n;
    tk_element y;

    (void)tk_limbs_sub(y, c->field->p.m, p + n, n);
    tk_limbs_select(p + n, y, mask, n);
}

static void multiply_any(const struct tk_curve *c, tk_limb *sum, tk_limb *k, const tk_limb *p,
                         struct tk_ecc_work *work)
{
    tk_limb negative = make_odd(c, k);

    odd_multiples(c, work->table, p);
    multiply_point(c, sum, k, work->table);
    negate(c, sum, negative);
}

/* --- ECDH --- */

/* The z of a sum, too, tells of the scalar (Naccache, Smart and Stern, "Projective Coordinates
 * Leak", EUROCRYPT 2004). */
struct secret {
    tk_element scalar;
    tk_point sum;
};

bool tk_ecdh_public(const struct tk_curve *c, uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work)
{
    size_t n = c->field->p.n;
    struct secret it;
    tk_point g;

    if (!load_scalar(c, it.scalar, k))
        return false;
    if (c->comb != NULL) {
        multiply_generator(c, it.sum, it.scalar);
    } else {
        memcpy(g, c->g, 2 * n * sizeof *g);
        memcpy(g + 2 * n, c->field->one, n * sizeof *g);
        multiply_any(c, it.sum, it.scalar, g, work);
    }
    tk_point_store(c, q, it.sum, true);
    wipe(&it, sizeof it);
    return true;
}

bool tk_ecdh_shared(const struct tk_curve *c, uint8_t *x, const uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work)
{
    struct secret it;
    tk_point point;
    bool good = load_scalar(c, it.scalar, k) && tk_point_load(c, point, q);

    if (good) {
        multiply_any(c, it.sum, it.scalar, point, work);
        tk_point_store(c, x, it.sum, false);
    }
    wipe(&it, sizeof it);
    return good;
}

bool tk_ecc_is_point(const struct tk_curve *c, const uint8_t *q)
{
    tk_point point;

    return tk_point_load(c, point, q);
}
