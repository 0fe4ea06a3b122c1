/* SPDX-License-Identifier: Apache-2.0 */
#include "differential.h"
#include "tk_ecc.h"

#include <stdio.h>
#include <string.h>

static struct tk_ecc_work work;

bool check_public(struct curve *c, const BIGNUM *k)
{
    uint8_t scalar[OCTETS_MAX], ours[2 * OCTETS_MAX], theirs[2 * OCTETS_MAX];

    BN_bn2binpad(k, scalar, (int)c->octets);
    bool exists = reference_multiply(c, theirs, k, NULL);

    if (tk_ecdh_public(c->ours, ours, scalar, &work) == exists &&
        (!exists || same_octets("the public key", ours, theirs, 2 * c->octets)))
        return true;
    print_number("scalar", k);
    return false;
}

/* --- points of others --- */

/* At x, 0 to 40 or p to p + 40 where that fits: its y, or one that is on no curve. */
static void point_at_small_x(struct curve *c, struct rng *rng, uint8_t *xy)
{
    EC_POINT *point = EC_POINT_new(c->group);
    BIGNUM *x = BN_new(), *y = BN_new();

    BN_set_word(x, rng_below(rng, 41));
    if (EC_POINT_set_compressed_coordinates(c->group, point, x, (int)rng_below(rng, 2), bn) == 1)
        EC_POINT_get_affine_coordinates(c->group, point, NULL, y, bn);
    if (rng_below(rng, 2) == 0)
        BN_add(x, x, c->prime);
    BN_bn2binpad(x, xy, (int)c->octets);
    BN_bn2binpad(y, xy + c->octets, (int)c->octets);
    EC_POINT_free(point);
    BN_free(x);
    BN_free(y);
}

static void multiple(struct curve *c, uint8_t *xy, const BIGNUM *k)
{
    EC_POINT *point = EC_POINT_new(c->group);
    uint8_t octets[1 + 2 * OCTETS_MAX];

    EC_POINT_mul(c->group, point, k, NULL, NULL, bn);
    EC_POINT_point2oct(c->group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof octets, bn);
    memcpy(xy, octets + 1, 2 * c->octets);
    EC_POINT_free(point);
}

/* x and y at random, which are hardly ever on the curve: edges of the prime among them. */
static void no_point(struct curve *c, struct rng *rng, uint8_t *xy)
{
    for (int i = 0; i < 2; i++) {
        BIGNUM *v = edge_number(rng, c->prime);

        BN_bn2binpad(v, xy + (size_t)i * c->octets, (int)c->octets);
        BN_free(v);
    }
}

static void any_point(struct curve *c, struct rng *rng, uint8_t *xy)
{
    unsigned choice = rng_below(rng, 16);
    BIGNUM *k = edge_scalar(rng, c->order);

    multiple(c, xy, k);
    if (choice == 0)
        no_point(c, rng, xy);
    if (choice == 1)
        memset(xy, 0, 2 * c->octets);
    if (choice == 2 || choice == 3)
        point_at_small_x(c, rng, xy);
    if (choice == 4)
        xy[rng_below(rng, 2 * (unsigned)c->octets)] ^= (uint8_t)(1 << rng_below(rng, 8));
    BN_free(k);
}

bool check_shared(struct curve *c, struct rng *rng, const BIGNUM *k)
{
    uint8_t scalar[OCTETS_MAX], point[2 * OCTETS_MAX], ours[OCTETS_MAX], theirs[2 * OCTETS_MAX];

    any_point(c, rng, point);
    BN_bn2binpad(k, scalar, (int)c->octets);
    bool exists = reference_multiply(c, theirs, k, point);

    if (tk_ecdh_shared(c->ours, ours, point, scalar, &work) == exists &&
        (!exists || same_octets("the shared secret", ours, theirs, c->octets)))
        return true;
    print_number("scalar", k);
    return false;
}

/* --- sums --- */

/* k * generator with a z at random. Also for k = 0: infinity, x and y any. */
static void jacobian(struct curve *c, struct rng *rng, tk_limb *p, const BIGNUM *k)
{
    const struct tk_field *f = c->ours->field;
    size_t n = f->p.n;
    uint8_t octets[2 * OCTETS_MAX];
    BIGNUM *number = edge_scalar(rng, c->prime);
    tk_element z, power;

    BN_bn2binpad(number, octets, (int)c->octets);
    BN_free(number);
    tk_limbs_load(z, n, octets, c->octets);
    tk_field_enter(f, z, z);
    if (BN_is_zero(k)) {
        memcpy(p, z, n * sizeof *p);
        memcpy(p + n, z, n * sizeof *p);
        memset(p + 2 * n, 0, n * sizeof *p);
        return;
    }
    multiple(c, octets, k);
    (void)tk_point_load(c->ours, p, octets);
    f->sqr(power, z);
    f->mul(p, p, power);
    f->mul(power, power, z);
    f->mul(p + n, p + n, power);
    memcpy(p + 2 * n, z, n * sizeof *p);
}

static bool is_infinity(const struct curve *c, const tk_limb *p)
{
    size_t n = c->ours->field->p.n;

    return tk_limbs_are_zero(p + 2 * n, n) != 0;
}

/* Whether p is k * generator, k modulo the order. */
static bool is_multiple(struct curve *c, const char *what, const tk_limb *p, const BIGNUM *k)
{
    uint8_t ours[2 * OCTETS_MAX] = {0}, theirs[2 * OCTETS_MAX] = {0};
    BIGNUM *rest = BN_new();

    BN_nnmod(rest, k, c->order, bn);
    bool finite = !BN_is_zero(rest);

    if (finite)
        multiple(c, theirs, rest);
    BN_free(rest);
    if (is_infinity(c, p) == finite) {
        printf("%s: infinity, or not\n", what);
        return false;
    }
    if (finite)
        tk_point_store(c->ours, ours, p, true);
    return same_octets(what, ours, theirs, 2 * c->octets);
}

/* q: equal to p, its negative, a neighbour, or any. */
static BIGNUM *other_factor(struct curve *c, struct rng *rng, const BIGNUM *k)
{
    BIGNUM *other = BN_dup(k);

    switch (rng_below(rng, 4)) {
    case 0:
        break;
    case 1:
        BN_sub(other, c->order, k);
        break;
    case 2:
        BN_add_word(other, 1);
        BN_nnmod(other, other, c->order, bn);
        break;
    default:
        BN_free(other);
        return edge_scalar(rng, c->order);
    }
    if (BN_is_zero(other))
        BN_one(other);
    return other;
}

static bool check_sums(struct curve *c, struct rng *rng, const BIGNUM *k, const BIGNUM *l)
{
    size_t size = 3 * c->ours->field->p.n * sizeof(tk_limb);
    uint8_t affine[2 * OCTETS_MAX];
    tk_point p, q, r, plain;
    BIGNUM *sum = BN_new();

    BN_add(sum, k, l);
    jacobian(c, rng, p, k);
    jacobian(c, rng, q, l);
    multiple(c, affine, l);
    (void)tk_point_load(c->ours, plain, affine);
    tk_point_add_any(c->ours, r, p, q);
    bool good = is_multiple(c, "tk_point_add_any", r, sum);

    if (BN_cmp(k, l) != 0) {
        tk_point_add(c->ours, r, p, q);
        good = is_multiple(c, "tk_point_add", r, sum) && good;
        tk_point_add_affine(c->ours, r, p, plain);
        good = is_multiple(c, "tk_point_add_affine", r, sum) && good;
        memcpy(r, p, size);
        tk_point_add(c->ours, r, r, q);
        good = is_multiple(c, "tk_point_add in place", r, sum) && good;
    }
    memcpy(r, p, size);
    tk_point_add_any(c->ours, r, r, q);
    good = is_multiple(c, "tk_point_add_any in place", r, sum) && good;
    BN_free(sum);
    return good;
}

static bool check_double(struct curve *c, struct rng *rng, const BIGNUM *k)
{
    tk_point p, r;
    BIGNUM *twice = BN_new();

    BN_lshift1(twice, k);
    jacobian(c, rng, p, k);
    tk_point_double(c->ours, r, p);
    tk_point_double(c->ours, p, p);
    bool good = is_multiple(c, "tk_point_double", r, twice) &&
                is_multiple(c, "tk_point_double in place", p, twice);

    BN_free(twice);
    return good;
}

bool check_points(struct curve *c, struct rng *rng)
{
    BIGNUM *k = edge_scalar(rng, c->order), *l = other_factor(c, rng, k), *zero = BN_new();
    bool good = check_sums(c, rng, k, l) && check_double(c, rng, k) && check_double(c, rng, zero);

    if (!good) {
        print_number("k", k);
        print_number("l", l);
    }
    BN_free(k);
    BN_free(l);
    BN_free(zero);
    return good;
}

/* --- ECDSA --- */

struct signature {
    uint8_t q[2 * OCTETS_MAX], hash[64 + OCTETS_MAX];
    size_t len;
    BIGNUM *r, *s;
};

/* u1 * g and u2 * q that are equal, or the negative of each other: the sum is infinity then. */
static void relate(struct curve *c, struct rng *rng, BIGNUM *u1, const BIGNUM *u2, const BIGNUM *d)
{
    unsigned choice = rng_below(rng, 6);

    if (choice == 0)
        BN_zero(u1);
    if (choice == 1 || choice == 2)
        BN_mod_mul(u1, u2, d, c->order, bn);
    if (choice == 2)
        BN_mod_sub(u1, c->order, u1, c->order, bn);
}

/* The hash whose number is e: as many octets as the order, or fewer where its highest are zeros, or
 * more, of which the first count; e + order where that fits is the same. */
static void put_hash(struct curve *c, struct rng *rng, struct signature *it, BIGNUM *e)
{
    if (rng_below(rng, 4) == 0) {
        BN_add(e, e, c->order);
        if ((unsigned)BN_num_bits(e) > 8 * c->octets)
            BN_sub(e, e, c->order);
    }
    rng_fill(rng, it->hash, sizeof it->hash);
    it->len = rng_below(rng, 2) == 0 ? (size_t)BN_num_bytes(e) : c->octets;
    BN_bn2binpad(e, it->hash, (int)it->len);
    if (it->len == c->octets && rng_below(rng, 4) == 0)
        it->len += rng_below(rng, 65);
}

/* A signature with these u1 and u2, made with the key d, without knowing a nonce: with R = u1 * g +
 * u2 * q, r is its x, s = r / u2 and the hash u1 * s. */
static void make_signature(struct curve *c, struct rng *rng, struct signature *it)
{
    uint8_t xy[2 * OCTETS_MAX];
    BIGNUM *d = edge_scalar(rng, c->order), *u1 = edge_residue(rng, c->order);
    BIGNUM *u2 = edge_scalar(rng, c->order), *e = BN_new();

    relate(c, rng, u1, u2, d);
    multiple(c, it->q, d);
    it->r = edge_number(rng, c->order);
    if (reference_sum(c, xy, u1, u2, it->q)) {
        BN_bin2bn(xy, (int)c->octets, it->r);
        BN_nnmod(it->r, it->r, c->order, bn);
    }
    it->s = BN_mod_inverse(NULL, u2, c->order, bn);
    BN_mod_mul(it->s, it->s, it->r, c->order, bn);
    BN_mod_mul(e, u1, it->s, c->order, bn);
    put_hash(c, rng, it, e);
    BN_free(d);
    BN_free(u1);
    BN_free(u2);
    BN_free(e);
}

/* Which may be good still: -s is as good as s. */
static void change(struct curve *c, struct rng *rng, struct signature *it)
{
    switch (rng_below(rng, 12)) {
    case 0:
        BN_sub(it->s, c->order, it->s);
        break;
    case 1:
        BN_add(it->s, c->order, it->s);
        break;
    case 2:
        BN_add(it->r, c->order, it->r);
        break;
    case 3:
        BN_free(it->r);
        it->r = edge_number(rng, c->order);
        break;
    case 4:
        BN_free(it->s);
        it->s = edge_number(rng, c->order);
        break;
    case 5:
        any_point(c, rng, it->q);
        break;
    case 6:
        it->hash[it->len == 0 ? 0 : rng_below(rng, (unsigned)it->len)] ^=
            (uint8_t)(1 << rng_below(rng, 8));
        break;
    default:
        break;
    }
}

static bool fits(const struct curve *c, const BIGNUM *x)
{
    return !BN_is_negative(x) && (size_t)BN_num_bytes(x) <= c->octets;
}

static void print_signature(const struct curve *c, const struct signature *it)
{
    BIGNUM *x = BN_bin2bn(it->q, 2 * (int)c->octets, NULL);

    print_number("q", x);
    BN_bin2bn(it->hash, (int)it->len, x);
    print_number("hash", x);
    print_number("r", it->r);
    print_number("s", it->s);
    BN_free(x);
}

bool check_ecdsa(struct curve *c, struct rng *rng)
{
    struct signature it;
    uint8_t r[OCTETS_MAX], s[OCTETS_MAX];
    bool good = true;

    make_signature(c, rng, &it);
    change(c, rng, &it);
    if (fits(c, it.r) && fits(c, it.s)) {
        BN_bn2binpad(it.r, r, (int)c->octets);
        BN_bn2binpad(it.s, s, (int)c->octets);
        bool expected = reference_verify(c, it.q, it.hash, it.len, it.r, it.s);

        good = tk_ecdsa_verify(c->ours, it.q, it.hash, it.len, r, s, &work) == expected;
        if (!good) {
            printf("tk_ecdsa_verify says %s:\n", expected ? "bad" : "good");
            print_signature(c, &it);
        }
    }
    BN_free(it.r);
    BN_free(it.s);
    return good;
}
