/* SPDX-License-Identifier: Apache-2.0 */
#include "reference.h"

#include <mbedtls/bignum.h>
#include <mbedtls/ecdsa.h>
#include <openssl/obj_mac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLENTY = 4096 / 8 + 8 };

BN_CTX *bn;

static struct rng blinding = {1}; /* mbedTLS randomises coordinates; the result is the same */

static struct curve curves[] = {{&tk_p256, NULL, NULL, NULL, {0}, 32},
                                {&tk_p384, NULL, NULL, NULL, {0}, 48}};

static void stop(const char *what)
{
    fprintf(stderr, "differential: %s\n", what);
    abort();
}

struct curve *reference_curve(unsigned i)
{
    struct curve *c = &curves[i];

    if (bn == NULL)
        bn = BN_CTX_new();
    if (c->group != NULL)
        return c;
    c->group = EC_GROUP_new_by_curve_name(i == 0 ? NID_X9_62_prime256v1 : NID_secp384r1);
    c->order = EC_GROUP_get0_order(c->group);
    c->prime = BN_new();
    EC_GROUP_get_curve(c->group, c->prime, NULL, NULL, bn);
    mbedtls_ecp_group_init(&c->theirs);
    if (mbedtls_ecp_group_load(&c->theirs,
                               i == 0 ? MBEDTLS_ECP_DP_SECP256R1 : MBEDTLS_ECP_DP_SECP384R1) != 0)
        stop("mbedTLS has no such curve");
    return c;
}

static void to_mpi(mbedtls_mpi *out, const BIGNUM *x)
{
    uint8_t octets[PLENTY];

    mbedtls_mpi_init(out);
    if (mbedtls_mpi_read_binary(out, octets, (size_t)BN_bn2bin(x, octets)) != 0)
        stop("out of memory");
}

/* --- points --- */

static EC_POINT *openssl_point(const struct curve *c, const uint8_t *xy)
{
    uint8_t octets[1 + 2 * OCTETS_MAX] = {4};
    EC_POINT *point = EC_POINT_new(c->group);

    memcpy(octets + 1, xy, 2 * c->octets);
    if (EC_POINT_oct2point(c->group, point, octets, 1 + 2 * c->octets, bn) == 1)
        return point;
    EC_POINT_free(point);
    return NULL;
}

static bool openssl_octets(const struct curve *c, uint8_t *xy, const EC_POINT *point)
{
    uint8_t octets[1 + 2 * OCTETS_MAX];

    if (EC_POINT_is_at_infinity(c->group, point))
        return false;
    EC_POINT_point2oct(c->group, point, POINT_CONVERSION_UNCOMPRESSED, octets, sizeof octets, bn);
    memcpy(xy, octets + 1, 2 * c->octets);
    return true;
}

static bool mbedtls_point(struct curve *c, mbedtls_ecp_point *out, const uint8_t *xy)
{
    uint8_t octets[1 + 2 * OCTETS_MAX] = {4};

    memcpy(octets + 1, xy, 2 * c->octets);
    return mbedtls_ecp_point_read_binary(&c->theirs, out, octets, 1 + 2 * c->octets) == 0 &&
           mbedtls_ecp_check_pubkey(&c->theirs, out) == 0;
}

/* --- multiplication --- */

static bool openssl_multiply(const struct curve *c, uint8_t *xy, const BIGNUM *k,
                             const uint8_t *point)
{
    EC_POINT *p = point != NULL ? openssl_point(c, point) : NULL, *sum = EC_POINT_new(c->group);
    bool good = (point == NULL || p != NULL) && !BN_is_zero(k) && BN_cmp(k, c->order) < 0;

    good = good && EC_POINT_mul(c->group, sum, p == NULL ? k : NULL, p, p == NULL ? NULL : k, bn);
    good = good && openssl_octets(c, xy, sum);
    EC_POINT_free(p);
    EC_POINT_free(sum);
    return good;
}

static bool mbedtls_multiply(struct curve *c, uint8_t *xy, const BIGNUM *k, const uint8_t *point)
{
    uint8_t octets[1 + 2 * OCTETS_MAX];
    mbedtls_ecp_point p, sum;
    mbedtls_mpi scalar;
    size_t len;

    mbedtls_ecp_point_init(&p);
    mbedtls_ecp_point_init(&sum);
    to_mpi(&scalar, k);
    bool good = (point == NULL || mbedtls_point(c, &p, point)) &&
                mbedtls_ecp_mul(&c->theirs, &sum, &scalar, point == NULL ? &c->theirs.G : &p,
                                rng_for_mbedtls, &blinding) == 0 &&
                mbedtls_ecp_point_write_binary(&c->theirs, &sum, MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                               octets, sizeof octets) == 0;

    if (good)
        memcpy(xy, octets + 1, 2 * c->octets);
    mbedtls_ecp_point_free(&p);
    mbedtls_ecp_point_free(&sum);
    mbedtls_mpi_free(&scalar);
    return good;
}

bool reference_multiply(struct curve *c, uint8_t *xy, const BIGNUM *k, const uint8_t *point)
{
    uint8_t other[2 * OCTETS_MAX];
    bool good = openssl_multiply(c, xy, k, point);

    if (mbedtls_multiply(c, other, k, point) != good ||
        (good && memcmp(xy, other, 2 * c->octets) != 0))
        stop("OpenSSL and mbedTLS differ about a multiple");
    return good;
}

bool reference_sum(struct curve *c, uint8_t *xy, const BIGNUM *u1, const BIGNUM *u2,
                   const uint8_t *point)
{
    EC_POINT *p = openssl_point(c, point), *sum = EC_POINT_new(c->group);
    bool good =
        p != NULL && EC_POINT_mul(c->group, sum, u1, p, u2, bn) == 1 && openssl_octets(c, xy, sum);

    EC_POINT_free(p);
    EC_POINT_free(sum);
    return good;
}

/* --- ECDSA --- */

static bool is_scalar(const struct curve *c, const BIGNUM *x)
{
    return !BN_is_zero(x) && BN_cmp(x, c->order) < 0;
}

static bool openssl_verify(struct curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                           const BIGNUM *r, const BIGNUM *s)
{
    uint8_t xy[2 * OCTETS_MAX];

    if (!is_scalar(c, r) || !is_scalar(c, s))
        return false;
    BIGNUM *u1 = BN_bin2bn(hash, (int)(len < c->octets ? len : c->octets), NULL);
    BIGNUM *u2 = BN_new(), *w = BN_mod_inverse(NULL, s, c->order, bn), *x = BN_new();

    BN_mod_mul(u1, u1, w, c->order, bn);
    BN_mod_mul(u2, r, w, c->order, bn);
    bool good = reference_sum(c, xy, u1, u2, q);

    if (good) {
        BN_bin2bn(xy, (int)c->octets, x);
        BN_nnmod(x, x, c->order, bn);
        good = BN_cmp(x, r) == 0;
    }
    BN_free(u1);
    BN_free(u2);
    BN_free(w);
    BN_free(x);
    return good;
}

static bool mbedtls_verify(struct curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                           const BIGNUM *r, const BIGNUM *s)
{
    mbedtls_ecp_point p;
    mbedtls_mpi mpi_r, mpi_s;

    mbedtls_ecp_point_init(&p);
    to_mpi(&mpi_r, r);
    to_mpi(&mpi_s, s);
    bool good = mbedtls_point(c, &p, q) &&
                mbedtls_ecdsa_verify(&c->theirs, hash, len, &p, &mpi_r, &mpi_s) == 0;

    mbedtls_ecp_point_free(&p);
    mbedtls_mpi_free(&mpi_r);
    mbedtls_mpi_free(&mpi_s);
    return good;
}

bool reference_verify(struct curve *c, const uint8_t *q, const uint8_t *hash, size_t len,
                      const BIGNUM *r, const BIGNUM *s)
{
    bool good = openssl_verify(c, q, hash, len, r, s);

    if (mbedtls_verify(c, q, hash, len, r, s) != good)
        stop("OpenSSL and mbedTLS differ about a signature");
    return good;
}

/* --- RSA --- */

BIGNUM *reference_power(const BIGNUM *x, const BIGNUM *e, const BIGNUM *n)
{
    uint8_t octets[PLENTY];
    mbedtls_mpi mpi_x, mpi_e, mpi_n, mpi_y;
    BIGNUM *y = BN_new();

    to_mpi(&mpi_x, x);
    to_mpi(&mpi_e, e);
    to_mpi(&mpi_n, n);
    mbedtls_mpi_init(&mpi_y);
    if (BN_mod_exp(y, x, e, n, bn) != 1 ||
        mbedtls_mpi_exp_mod(&mpi_y, &mpi_x, &mpi_e, &mpi_n, NULL) != 0 ||
        mbedtls_mpi_write_binary(&mpi_y, octets, sizeof octets) != 0)
        stop("a power cannot be computed");
    BIGNUM *other = BN_bin2bn(octets, sizeof octets, NULL);

    if (BN_cmp(y, other) != 0)
        stop("OpenSSL and mbedTLS differ about a power");
    BN_free(other);
    mbedtls_mpi_free(&mpi_x);
    mbedtls_mpi_free(&mpi_e);
    mbedtls_mpi_free(&mpi_n);
    mbedtls_mpi_free(&mpi_y);
    return y;
}

/* --- messages --- */

static void print_octets(const char *name, const uint8_t *octets, size_t len)
{
    printf("  %-8s ", name);
    for (size_t i = 0; i < len; i++)
        printf("%02x", octets[i]);
    printf("\n");
}

bool same_octets(const char *what, const uint8_t *ours, const uint8_t *theirs, size_t len)
{
    if (memcmp(ours, theirs, len) == 0)
        return true;
    printf("%s:\n", what);
    print_octets("ours", ours, len);
    print_octets("theirs", theirs, len);
    return false;
}

void print_number(const char *name, const BIGNUM *x)
{
    uint8_t octets[PLENTY];

    print_octets(name, octets, (size_t)BN_bn2bin(x, octets));
}
