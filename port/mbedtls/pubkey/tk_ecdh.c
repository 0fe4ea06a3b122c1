/* SPDX-License-Identifier: Apache-2.0 */
/* The scalar is secret: no branch, no address and no number of steps depends on it. Tables are read
 * whole, under masks. */
#include "tk_ecc.h"

#include <string.h>

/* Tests tell valgrind here that a value which the caller learns anyway is not secret. */
#if !defined(TK_ECC_PUBLISH)
#define TK_ECC_PUBLISH(address, size) ((void)0)
#endif

enum { WINDOW = 4, MULTIPLES = 8 };

/* All ones if a == b. */
static tk_limb equal(unsigned a, unsigned b)
{
    return tk_limb_is_zero(a ^ b);
}

/* Whether k is 1 to n - 1. */
static bool load_scalar(const struct tk_curve *c, tk_limb *k, const uint8_t *octets)
{
    size_t n = c->order.n;

    tk_limbs_load(k, n, octets, c->octets);
    tk_limb good = ~tk_limbs_are_zero(k, n) & tk_limbs_are_less(k, c->order.m, n);

    TK_ECC_PUBLISH(&good, sizeof good);
    return good != 0;
}

/* --- the generator, by its comb --- */

/* q = entry column - 1 of the comb, anything for column 0. */
static void read_comb(const struct tk_curve *c, tk_limb *q, unsigned column)
{
    size_t size = 2 * c->field->p.n;

    memset(q, 0, size * sizeof *q);
    for (unsigned i = 1; i < 16; i++)
        tk_limbs_select(q, c->comb + (i - 1) * size, equal(column, i), size);
}

/*
 * sum = k * g, column by column. Until the first column that is not 0 the sum is infinity, which
 * the formulas do not know: a mask says so. No other exception is met: with the sum of the columns
 * so far at A < n / 2, 2 * A = T for a column T would need A = T = 0 (bits of rows do not carry),
 * and 2 * A + T, a prefix of k below n, is not 0 modulo n.
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
}

/* --- any point, by windows --- */

/* t = digit * p for an odd digit from -15 to 15, from p, 3 * p ... 15 * p. */
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

/* Digit i of an odd scalar, lowest first: all are odd, and 16^i times each, summed, is the scalar
 * (Joye and Tunstall, "Exponent Recoding and Regular Exponentiation Algorithms", 2009). */
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
 * sum = k * p for an odd k. Before each addition the sum is 16 * A * p with A at least 1, and the
 * digit at most 15 in amount, so they are equal, modulo the order, only in the last step and for
 * k = n - 2 * |digit|; the negative of each other never, since k is not 0 modulo n.
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
}

/* p, 3 * p ... 15 * p; p's order is a prime, so no sum is an exception. */
static void odd_multiples(const struct tk_curve *c, tk_limb *table, const tk_limb *p)
{
    size_t size = 3 * c->field->p.n;
    tk_point twice;

    memcpy(table, p, size * sizeof *p);
    tk_point_double(c, twice, p);
    for (unsigned i = 1; i < MULTIPLES; i++)
        tk_point_add(c, table + i * size, twice, table + (i - 1) * size);
}

/* k, or n - k where k is even: k * p with its y negated then. All ones for the latter. */
static tk_limb make_odd(const struct tk_curve *c, tk_limb *k)
{
    size_t n = c->order.n;
    tk_element other;
    tk_limb even = tk_opaque((k[0] & 1) - 1);

    (void)tk_limbs_sub(other, c->order.m, k, n);
    tk_limbs_select(k, other, even, n);
    return even;
}

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

bool tk_ecdh_public(const struct tk_curve *c, uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work)
{
    size_t n = c->field->p.n;
    tk_element scalar;
    tk_point g, sum;

    if (!load_scalar(c, scalar, k))
        return false;
    if (c->comb != NULL) {
        multiply_generator(c, sum, scalar);
    } else {
        memcpy(g, c->g, 2 * n * sizeof *g);
        memcpy(g + 2 * n, c->field->one, n * sizeof *g);
        multiply_any(c, sum, scalar, g, work);
    }
    tk_point_store(c, q, sum, true);
    return true;
}

bool tk_ecdh_shared(const struct tk_curve *c, uint8_t *x, const uint8_t *q, const uint8_t *k,
                    struct tk_ecc_work *work)
{
    tk_element scalar;
    tk_point point, sum;

    if (!load_scalar(c, scalar, k) || !tk_point_load(c, point, q))
        return false;
    multiply_any(c, sum, scalar, point, work);
    tk_point_store(c, x, sum, false);
    return true;
}

bool tk_ecc_is_point(const struct tk_curve *c, const uint8_t *q)
{
    tk_point point;

    return tk_point_load(c, point, q);
}
