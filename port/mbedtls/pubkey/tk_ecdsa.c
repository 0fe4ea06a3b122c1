/* SPDX-License-Identifier: Apache-2.0 */
/* Verification: u1 * g + u2 * q with the doublings in common (Straus; "Shamir's trick"), the
 * scalars in width-w non-adjacent form (Solinas, "Efficient Arithmetic on Koblitz Curves", 2000),
 * or u1 by the comb. All inputs are public: variable time. */
#include "tk_ecc.h"

#include <string.h>

/* --- modulo the order --- */

static void halve(tk_limb *a, tk_limb carry, size_t n)
{
    for (size_t i = 0; i < n; i++)
        a[i] = a[i] >> 1 | (i + 1 < n ? a[i + 1] : carry) << (TK_LIMB_BITS - 1);
}

/* While u is even: u / 2, and x / 2 mod m. */
static void make_odd(const struct tk_modulus *m, tk_limb *u, tk_limb *x)
{
    while ((u[0] & 1) == 0) {
        halve(u, 0, m->n);
        halve(x, (x[0] & 1) != 0 ? tk_limbs_add(x, x, m->m, m->n) : 0, m->n);
    }
}

/* u -= v, and x -= y mod m. */
static void subtract(const struct tk_modulus *m, tk_limb *u, const tk_limb *v, tk_limb *x,
                     const tk_limb *y)
{
    (void)tk_limbs_sub(u, u, v, m->n);
    if (tk_limbs_sub(x, x, y, m->n) != 0)
        (void)tk_limbs_add(x, x, m->m, m->n);
}

/* r = 1 / a mod m for an odd prime m and an a from 1 to m - 1, by the binary Euclidean algorithm
 * (Knuth, TAOCP 2, 4.5.2). u = a * x and v = a * y mod m hold throughout; in the end u = v = 1. */
static void invert(const struct tk_modulus *m, tk_limb *r, const tk_limb *a)
{
    tk_element u, v, x = {1}, y = {0};
    size_t size = m->n * sizeof *r;

    memcpy(u, a, size);
    memcpy(v, m->m, size);
    make_odd(m, u, x);
    while (memcmp(u, v, size) != 0) {
        if (tk_limbs_are_less(u, v, m->n)) {
            subtract(m, v, u, y, x);
            make_odd(m, v, y);
        } else {
            subtract(m, u, v, x, y);
            make_odd(m, u, x);
        }
    }
    memcpy(r, x, size);
}

static bool is_scalar(const struct tk_curve *c, const tk_limb *a)
{
    size_t n = c->order.n;

    return !tk_limbs_are_zero(a, n) && tk_limbs_are_less(a, c->order.m, n);
}

/* u1 = hash / s and u2 = r / s mod n; s is overwritten. 1 / s in Montgomery form makes the products
 * plain ones. The hash need not be below n. */
static void scalars(const struct tk_curve *c, tk_limb *u1, tk_limb *u2, const tk_limb *hash,
                    const tk_limb *r, tk_limb *s)
{
    tk_element t;

    invert(&c->order, s, s);
    tk_modulus_mul(&c->order, s, s, c->order_square_of_r, t);
    tk_modulus_mul(&c->order, u1, hash, s, t);
    tk_modulus_mul(&c->order, u2, r, s, t);
}

/* --- points --- */

/* The width-w non-adjacent form: a digit for each bit, lowest first, 0 or odd and below 2^(width -
 * 1) in absolute value; of `width` neighbours at most one is not 0. Returns their count, at most
 * one more than the scalar has bits. */
static int recode(int8_t *digits, const tk_limb *scalar, size_t n, unsigned width)
{
    tk_element k;
    int count = 0;

    memcpy(k, scalar, n * sizeof *k);
    while (!tk_limbs_are_zero(k, n)) {
        int digit = 0;

        if ((k[0] & 1) != 0) {
            digit = (int)(k[0] & ((1u << width) - 1));
            digit -= digit >> (width - 1) << width;
            tk_element amount = {(tk_limb)(digit < 0 ? -digit : digit)};

            if (digit > 0)
                (void)tk_limbs_sub(k, k, amount, n);
            else
                (void)tk_limbs_add(k, k, amount, n); /* no carry: the order is far below R */
        }
        digits[count++] = (int8_t)digit;
        halve(k, 0, n);
    }
    return count;
}

/* table = p, 3 * p, 5 * p ..., count of them. */
static void odd_multiples(const struct tk_curve *c, tk_limb *table, const tk_limb *p,
                          unsigned count)
{
    size_t size = 3 * c->field->p.n;
    tk_point twice;

    memcpy(table, p, size * sizeof *p);
    tk_point_double(c, twice, p);
    for (unsigned i = 1; i < count; i++)
        tk_point_add(c, table + i * size, twice, table + (i - 1) * size);
}

/* sum += q for any two points, of which q is not infinity. */
static void accumulate(const struct tk_curve *c, tk_limb *sum, const tk_limb *q)
{
    size_t n = c->field->p.n;
    tk_point t;

    if (tk_limbs_are_zero(sum + 2 * n, n)) {
        memcpy(sum, q, 3 * n * sizeof *q);
        return;
    }
    tk_point_add(c, t, sum, q);
    if (tk_limbs_are_zero(t, 3 * n)) /* sum = q */
        tk_point_double(c, t, sum);
    memcpy(sum, t, 3 * n * sizeof *t);
}

static void accumulate_digit(const struct tk_curve *c, tk_limb *sum, const tk_limb *table,
                             int digit)
{
    size_t n = c->field->p.n;
    tk_point q;

    if (digit == 0)
        return;
    memcpy(q, table + (size_t)(digit < 0 ? -digit : digit) / 2 * 3 * n, 3 * n * sizeof *q);
    if (digit < 0)
        (void)tk_limbs_sub(q + n, c->field->p.m, q + n, n);
    accumulate(c, sum, q);
}

/* One scalar and its point. */
struct term {
    const tk_limb *table;
    const int8_t *digits;
    int count;
};

static struct term make_term(const struct tk_curve *c, const tk_limb *scalar, const tk_limb *p,
                             unsigned width, tk_limb *table, int8_t *digits)
{
    odd_multiples(c, table, p, 1u << (width - 2));
    return (struct term){table, digits, recode(digits, scalar, c->order.n, width)};
}

/* Adds column i of the comb. */
static void accumulate_column(const struct tk_curve *c, tk_limb *sum, const tk_limb *scalar, int i)
{
    size_t n = c->field->p.n;
    unsigned column = tk_curve_column(scalar, (unsigned)i);
    tk_point q;

    if (column == 0)
        return;
    memcpy(q, c->comb + (column - 1) * 2 * n, 2 * n * sizeof *q);
    memcpy(q + 2 * n, c->field->one, n * sizeof *q);
    accumulate(c, sum, q);
}

/* sum = u1 * g + u2 * q */
static void multiply(const struct tk_curve *c, tk_limb *sum, const tk_limb *u1, const tk_limb *u2,
                     const tk_limb *q, struct tk_ecc_work *work)
{
    size_t n = c->field->p.n;
    unsigned width = c->comb != NULL ? 5 : 4;
    struct term terms[2] = {{NULL, NULL, 0}, {NULL, NULL, 0}};
    int top = c->comb != NULL ? TK_COMB_COLUMNS : 0;

    terms[0] = make_term(c, u2, q, width, work->table, work->digits[0]);
    if (c->comb == NULL) {
        tk_point g;

        memcpy(g, c->g, 2 * n * sizeof *g);
        memcpy(g + 2 * n, c->field->one, n * sizeof *g);
        terms[1] = make_term(c, u1, g, width, work->table + 4 * 3 * n, work->digits[1]);
    }
    memset(sum, 0, 3 * n * sizeof *sum);
    for (int i = 0; i < 2; i++)
        top = terms[i].count > top ? terms[i].count : top;
    for (int i = top - 1; i >= 0; i--) {
        tk_point_double(c, sum, sum);
        for (int j = 0; j < 2; j++) {
            if (i < terms[j].count)
                accumulate_digit(c, sum, terms[j].table, terms[j].digits[i]);
        }
        if (c->comb != NULL && i < TK_COMB_COLUMNS)
            accumulate_column(c, sum, u1, i);
    }
}

/* Whether x of p, modulo n, is r, without an inversion: x is r or, where that is below the prime,
 * r + n, and Jacobian x is affine x * z^2. r is overwritten. */
static bool has_x(const struct tk_curve *c, const tk_limb *p, tk_limb *r)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element zz, t;

    f->sqr(zz, p + 2 * n);
    if (tk_limbs_are_zero(zz, n))
        return false;
    for (;;) { /* at most twice: the order is above half of what limbs hold */
        tk_field_enter(f, t, r);
        f->mul(t, t, zz);
        tk_field_sub(f, t, t, p);
        if (tk_limbs_are_zero(t, n))
            return true;
        if (tk_limbs_add(r, r, c->order.m, n) != 0 || !tk_limbs_are_less(r, f->p.m, n))
            return false;
    }
}

bool tk_ecdsa_verify(const struct tk_curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                     const uint8_t *r, const uint8_t *s, struct tk_ecc_work *work)
{
    size_t n = c->order.n;
    tk_element er, es, u1, u2;
    tk_point point, sum;

    tk_limbs_load(er, n, r, c->octets);
    tk_limbs_load(es, n, s, c->octets);
    if (!is_scalar(c, er) || !is_scalar(c, es) || !tk_point_load(c, point, q))
        return false;
    tk_limbs_load(u1, n, hash, len < c->octets ? len : c->octets);
    scalars(c, u1, u2, u1, er, es);
    multiply(c, sum, u1, u2, point, work);
    return has_x(c, sum, er);
}
