/* SPDX-License-Identifier: Apache-2.0 */
/* Formulas: Bernstein and Lange, Explicit-Formulas Database, short Weierstrass, a = -3, Jacobian:
 * dbl-2001-b (3M + 5S) and the addition of Cohen, Miyaji and Ono, 1998 (12M + 4S; 8M + 3S with
 * z = 1). */
#include "tk_curve.h"

#include <string.h>

#define X(p) (p)
#define Y(p) ((p) + n)
#define Z(p) ((p) + 2 * n)

void tk_point_double(const struct tk_curve *c, tk_limb *r, const tk_limb *p)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element delta, gamma, beta, alpha, t;

    f->sqr(delta, Z(p));
    f->sqr(gamma, Y(p));
    f->mul(beta, X(p), gamma);
    tk_field_sub(f, t, X(p), delta); /* alpha = 3 * (x - delta) * (x + delta) */
    tk_field_add(f, alpha, X(p), delta);
    f->mul(alpha, alpha, t);
    tk_field_add(f, t, alpha, alpha);
    tk_field_add(f, alpha, alpha, t);
    tk_field_add(f, t, Y(p), Z(p)); /* z = (y + z)^2 - gamma - delta */
    f->sqr(t, t);
    tk_field_sub(f, t, t, gamma);
    tk_field_sub(f, Z(r), t, delta);
    tk_field_add(f, beta, beta, beta); /* x = alpha^2 - 8 * beta */
    tk_field_add(f, beta, beta, beta);
    f->sqr(t, alpha);
    tk_field_sub(f, t, t, beta);
    tk_field_sub(f, X(r), t, beta);
    tk_field_sub(f, beta, beta, X(r)); /* y = alpha * (4 * beta - x) - 8 * gamma^2 */
    f->mul(alpha, alpha, beta);
    tk_field_add(f, gamma, gamma, gamma);
    f->sqr(gamma, gamma);
    tk_field_add(f, gamma, gamma, gamma);
    tk_field_sub(f, Y(r), alpha, gamma);
}

/* From u = x1 * z2^2, s = y1 * z2^3, h = x2 * z1^2 - u, i = y2 * z1^3 - s and zz = z1 * z2. */
static void finish_add(const struct tk_field *f, tk_limb *r, tk_limb *u, tk_limb *s, tk_limb *h,
                       tk_limb *i, const tk_limb *zz)
{
    size_t n = f->p.n;
    tk_element t;

    f->mul(Z(r), zz, h);
    f->sqr(t, h);
    f->mul(u, u, t); /* u * h^2 */
    f->mul(h, h, t); /* h^3 */
    f->mul(s, s, h);
    f->sqr(t, i); /* x = i^2 - h^3 - 2 * u * h^2 */
    tk_field_sub(f, t, t, h);
    tk_field_sub(f, t, t, u);
    tk_field_sub(f, X(r), t, u);
    tk_field_sub(f, u, u, X(r)); /* y = i * (u * h^2 - x) - s * h^3 */
    f->mul(i, i, u);
    tk_field_sub(f, Y(r), i, s);
}

void tk_point_add(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element u, s, h, i, zz;

    f->sqr(zz, Z(q));
    f->mul(u, X(p), zz);
    f->mul(s, Y(p), zz);
    f->mul(s, s, Z(q));
    f->sqr(zz, Z(p));
    f->mul(h, X(q), zz);
    f->mul(i, Y(q), zz);
    f->mul(i, i, Z(p));
    tk_field_sub(f, h, h, u);
    tk_field_sub(f, i, i, s);
    f->mul(zz, Z(p), Z(q));
    finish_add(f, r, u, s, h, i, zz);
}

void tk_point_add_affine(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element u, s, h, i, zz;

    memcpy(u, X(p), n * sizeof *u);
    memcpy(s, Y(p), n * sizeof *s);
    f->sqr(zz, Z(p));
    f->mul(h, X(q), zz);
    f->mul(i, Y(q), zz);
    f->mul(i, i, Z(p));
    tk_field_sub(f, h, h, u);
    tk_field_sub(f, i, i, s);
    memcpy(zz, Z(p), n * sizeof *zz);
    finish_add(f, r, u, s, h, i, zz);
}

/* For p = q the formula gives x = y = z = 0, for p = -q only z = 0. */
void tk_point_add_any(const struct tk_curve *c, tk_limb *r, const tk_limb *p, const tk_limb *q)
{
    size_t n = c->field->p.n;
    tk_point twice;

    tk_point_double(c, twice, p);
    tk_point_add(c, r, p, q);
    tk_limb same = tk_limbs_are_zero(r, 3 * n);

    tk_limbs_select(r, twice, same, 3 * n);
}

/* y^2 = x^3 - 3 * x + b */
static bool is_on_curve(const struct tk_curve *c, const tk_limb *p)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element t, u;

    f->sqr(t, X(p));
    f->mul(t, t, X(p));
    for (int i = 0; i < 3; i++)
        tk_field_sub(f, t, t, X(p));
    tk_field_add(f, t, t, c->b);
    f->sqr(u, Y(p));
    tk_field_sub(f, t, t, u);
    return tk_limbs_are_zero(t, n) != 0;
}

bool tk_point_load(const struct tk_curve *c, tk_limb *r, const uint8_t *xy)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;

    tk_limbs_load(X(r), n, xy, c->octets);
    tk_limbs_load(Y(r), n, xy + c->octets, c->octets);
    if (!tk_limbs_are_less(X(r), f->p.m, n) || !tk_limbs_are_less(Y(r), f->p.m, n))
        return false;
    tk_field_enter(f, X(r), X(r));
    tk_field_enter(f, Y(r), Y(r));
    memcpy(Z(r), f->one, n * sizeof *r);
    return is_on_curve(c, r);
}

void tk_point_store(const struct tk_curve *c, uint8_t *xy, const tk_limb *p, bool with_y)
{
    const struct tk_field *f = c->field;
    size_t n = f->p.n;
    tk_element z, t;

    tk_field_invert(f, z, Z(p));
    f->sqr(t, z);
    f->mul(z, z, t);
    f->mul(t, t, X(p));
    tk_field_leave(f, t, t);
    tk_limbs_store(xy, c->octets, t);
    if (!with_y)
        return;
    f->mul(t, z, Y(p));
    tk_field_leave(f, t, t);
    tk_limbs_store(xy + c->octets, c->octets, t);
}
