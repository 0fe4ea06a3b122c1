/* SPDX-License-Identifier: Apache-2.0 */
#include "differential.h"
#include "tk_rsa.h"

#include <stdio.h>
#include <string.h>

enum { LIMBS_MAX = TK_LIMBS_OF(TK_RSA_MAX_BITS), LARGE = TK_RSA_MAX_BITS / 8 };

static void to_limbs(tk_limb *out, size_t n, const BIGNUM *x)
{
    uint8_t octets[LARGE];

    BN_bn2binpad(x, octets, (int)(n * sizeof *out));
    tk_limbs_load(out, n, octets, n * sizeof *out);
}

/* Whether the limbs are x. */
static bool is_number(const char *what, const tk_limb *ours, size_t n, const BIGNUM *x)
{
    uint8_t octets[LARGE], expected[LARGE];

    tk_limbs_store(octets, n * sizeof *ours, ours);
    BN_bn2binpad(x, expected, (int)(n * sizeof *ours));
    return same_octets(what, octets, expected, n * sizeof *ours);
}

/* 1 / R mod m, R = 2^(bits of n limbs) */
static BIGNUM *inverse_of_r(const BIGNUM *m, size_t n)
{
    BIGNUM *r = BN_new();

    BN_set_bit(r, (int)(n * TK_LIMB_BITS));
    BN_mod_inverse(r, r, m, bn);
    return r;
}

/* --- the field of a curve --- */

static bool check_products(const struct curve *c, const BIGNUM *a, const BIGNUM *b)
{
    const struct tk_field *f = c->ours->field;
    size_t n = f->p.n;
    BIGNUM *r = inverse_of_r(c->prime, n), *x = BN_new();
    tk_element la, lb, t;

    to_limbs(la, n, a);
    to_limbs(lb, n, b);
    BN_mod_mul(x, a, b, c->prime, bn);
    BN_mod_mul(x, x, r, c->prime, bn);
    f->mul(t, la, lb);
    bool good = is_number("mul", t, n, x);

    memcpy(t, lb, sizeof t);
    f->mul(t, la, t);
    good = is_number("mul in place", t, n, x) && good;
    BN_mod_sqr(x, a, c->prime, bn);
    BN_mod_mul(x, x, r, c->prime, bn);
    f->sqr(t, la);
    good = is_number("sqr", t, n, x) && good;
    BN_mod_mul(x, a, r, c->prime, bn);
    tk_field_leave(f, t, la);
    good = is_number("tk_field_leave", t, n, x) && good;
    tk_field_enter(f, t, t);
    good = is_number("tk_field_enter", t, n, a) && good;
    BN_free(r);
    BN_free(x);
    return good;
}

static bool check_sums(const struct curve *c, const BIGNUM *a, const BIGNUM *b)
{
    const struct tk_field *f = c->ours->field;
    size_t n = f->p.n;
    BIGNUM *x = BN_new();
    tk_element la, lb, t;

    to_limbs(la, n, a);
    to_limbs(lb, n, b);
    BN_mod_add(x, a, b, c->prime, bn);
    tk_field_add(f, t, la, lb);
    bool good = is_number("tk_field_add", t, n, x);

    BN_mod_sub(x, a, b, c->prime, bn);
    tk_field_sub(f, t, la, lb);
    good = is_number("tk_field_sub", t, n, x) && good;
    memcpy(t, lb, sizeof t);
    tk_field_sub(f, t, la, t);
    good = is_number("tk_field_sub in place", t, n, x) && good;
    BN_free(x);
    return good;
}

/* Of a * R: R / a, and 0 of 0. */
static bool check_inverse(const struct curve *c, const BIGNUM *a)
{
    const struct tk_field *f = c->ours->field;
    size_t n = f->p.n;
    BIGNUM *x = BN_new();
    tk_element t;

    if (!BN_is_zero(a))
        BN_mod_inverse(x, a, c->prime, bn);
    to_limbs(t, n, a);
    tk_field_enter(f, t, t);
    tk_field_invert(f, t, t);
    tk_field_leave(f, t, t);
    bool good = is_number("tk_field_invert", t, n, x);

    BN_free(x);
    return good;
}

bool check_field(struct curve *c, struct rng *rng)
{
    BIGNUM *a = edge_residue(rng, c->prime), *b = edge_residue(rng, c->prime);
    bool good = check_products(c, a, b) && check_sums(c, a, b) && check_inverse(c, a);

    if (!good) {
        print_number("a", a);
        print_number("b", b);
    }
    BN_free(a);
    BN_free(b);
    return good;
}

/* --- any modulus --- */

static struct tk_modulus modulus_of(tk_limb *limbs, const BIGNUM *m)
{
    size_t n = ((size_t)BN_num_bytes(m) + sizeof *limbs - 1) / sizeof *limbs;

    to_limbs(limbs, n, m);
    return (struct tk_modulus){limbs, n, tk_modulus_inverse(limbs[0])};
}

/* a: below R; b: below m. Either may be the one that is below m. */
static bool check_product(const struct tk_modulus *m, const BIGNUM *number, const BIGNUM *a,
                          const BIGNUM *b)
{
    tk_limb la[LIMBS_MAX], lb[LIMBS_MAX], r[LIMBS_MAX], t[LIMBS_MAX + 1];
    BIGNUM *x = inverse_of_r(number, m->n);

    to_limbs(la, m->n, a);
    to_limbs(lb, m->n, b);
    BN_mod_mul(x, x, a, number, bn);
    BN_mod_mul(x, x, b, number, bn);
    tk_modulus_mul(m, r, la, lb, t);
    bool good = is_number("tk_modulus_mul", r, m->n, x);

    tk_modulus_mul(m, r, lb, la, t);
    good = is_number("tk_modulus_mul, the other way round", r, m->n, x) && good;
    BN_mod_lshift1(x, b, number, bn);
    tk_modulus_double(m, lb);
    good = is_number("tk_modulus_double", lb, m->n, x) && good;
    BN_zero(x);
    BN_set_bit(x, (int)(2 * m->n * TK_LIMB_BITS));
    BN_nnmod(x, x, number, bn);
    tk_modulus_square_of_r(m, r, t);
    good = is_number("tk_modulus_square_of_r", r, m->n, x) && good;
    BN_free(x);
    return good;
}

bool check_modulus(struct rng *rng)
{
    tk_limb limbs[LIMBS_MAX];
    BIGNUM *number = edge_modulus(rng, 128 + rng_below(rng, 400)), *limit = BN_new();
    struct tk_modulus m = modulus_of(limbs, number);

    BN_set_bit(limit, (int)(m.n * TK_LIMB_BITS));
    BIGNUM *a = edge_residue(rng, rng_below(rng, 2) == 0 ? limit : number);
    BIGNUM *b = edge_residue(rng, number);
    bool good = check_product(&m, number, a, b);

    if (!good) {
        print_number("modulus", number);
        print_number("a", a);
        print_number("b", b);
    }
    BN_free(number);
    BN_free(limit);
    BN_free(a);
    BN_free(b);
    return good;
}

/* --- RSA --- */

static unsigned modulus_bits(struct rng *rng)
{
    static const unsigned usual[] = {1023, 1024, 1025, 1031, 1056, 2047, 2048,
                                     2049, 2056, 2080, 3072, 4095, 4096, 128};
    unsigned choice = rng_below(rng, 18);

    return choice < 14 ? usual[choice] : 128 + rng_below(rng, 4096 - 128 + 1);
}

static uint64_t exponent(struct rng *rng)
{
    static const uint64_t usual[] = {3, 65537, 65537, 1, 2, 17, UINT64_MAX, UINT64_C(1) << 63};
    unsigned choice = rng_below(rng, 10);

    return choice < 8 ? usual[choice] : rng_next(rng) >> rng_below(rng, 63) | 1;
}

static bool check_power(const struct tk_modulus *m, const BIGNUM *n, const BIGNUM *x, uint64_t e)
{
    static tk_limb memory[TK_RSA_WORK(LIMBS_MAX)];
    tk_limb limbs[LIMBS_MAX];
    bool is_below = BN_cmp(x, n) < 0;
    BIGNUM *be = BN_new(), *expected = BN_dup(x);

    BN_set_word(be, e);
    to_limbs(limbs, m->n, x);
    bool good = tk_rsa_public(m, limbs, e, memory) == is_below;

    if (is_below) {
        BN_free(expected);
        expected = reference_power(x, be, n);
    }
    good = is_number("tk_rsa_public", limbs, m->n, expected) && good;
    BN_free(be);
    BN_free(expected);
    return good;
}

bool check_rsa(struct rng *rng)
{
    tk_limb limbs[LIMBS_MAX];
    BIGNUM *n = edge_modulus(rng, modulus_bits(rng)), *x;
    struct tk_modulus m = modulus_of(limbs, n);
    uint64_t e = exponent(rng);

    while (x = edge_number(rng, n),
           BN_is_negative(x) || (size_t)BN_num_bytes(x) > m.n * sizeof(tk_limb))
        BN_free(x);
    bool good = check_power(&m, n, x, e);

    if (!good) {
        print_number("n", n);
        print_number("x", x);
        printf("  e %llx\n", (unsigned long long)e);
    }
    BN_free(n);
    BN_free(x);
    return good;
}
