/* SPDX-License-Identifier: Apache-2.0 */
/* mbedTLS's functions with our arithmetic behind them: what a caller can hand over that no
 * certificate can, and what mbedTLS still computes. */
#include "pk_support.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecdsa.h>
#include <mbedtls/platform.h>
#include <mbedtls/rsa.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int octets_of_seven(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
    return 0;
}

static mbedtls_ecp_group group;
static mbedtls_ecp_point q;
static mbedtls_mpi d, r, s;

static int begin(void **state)
{
    (void)state;
    mbedtls_ecp_group_init(&group);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&r);
    mbedtls_mpi_init(&s);
    return mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_SECP256R1);
}

static int end(void **state)
{
    (void)state;
    mbedtls_ecp_group_free(&group);
    mbedtls_ecp_point_free(&q);
    mbedtls_mpi_free(&d);
    mbedtls_mpi_free(&r);
    mbedtls_mpi_free(&s);
    return 0;
}

/* As mbedTLS: coordinates below p, affine, on the curve. */
int tk_ecp_check_pubkey(const mbedtls_ecp_group *group, const mbedtls_ecp_point *point);

/* --- ECDSA --- */

/* With the key 1 and the nonce 1: r is x of the generator, s = hash + r modulo the order. */
static void make_signature(const uint8_t hash[32])
{
    assert_int_equal(mbedtls_mpi_copy(&r, &group.G.MBEDTLS_PRIVATE(X)), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&s, hash, 32), 0);
    assert_int_equal(mbedtls_mpi_add_mpi(&s, &s, &r), 0);
    assert_int_equal(mbedtls_mpi_mod_mpi(&s, &s, &group.N), 0);
    assert_int_equal(mbedtls_ecp_copy(&q, &group.G), 0);
}

static int verify(const uint8_t hash[32])
{
    return mbedtls_ecdsa_verify(&group, hash, 32, &q, &r, &s);
}

static void r_and_s_out_of_range_are_refused(void **state)
{
    const uint8_t hash[32] = {1, 2, 3};
    mbedtls_mpi *const numbers[] = {&r, &s};

    (void)state;
    make_signature(hash);
    assert_int_equal(verify(hash), 0);
    for (int i = 0; i < 2; i++) {
        mbedtls_mpi *number = numbers[i];

        number->MBEDTLS_PRIVATE(s) = -1;
        assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        number->MBEDTLS_PRIVATE(s) = 1;
        assert_int_equal(mbedtls_mpi_add_mpi(number, number, &group.N), 0);
        assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        assert_int_equal(mbedtls_mpi_shift_l(number, 300), 0);
        assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        assert_int_equal(mbedtls_mpi_lset(number, 0), 0);
        assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        make_signature(hash);
    }
    assert_int_equal(verify(hash), 0);
}

static void ecdsa_keys_off_the_curve_are_refused(void **state)
{
    const uint8_t hash[32] = {1, 2, 3};

    (void)state;
    make_signature(hash);
    q.MBEDTLS_PRIVATE(Y).MBEDTLS_PRIVATE(p)[0] ^= 1;
    assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
    q.MBEDTLS_PRIVATE(Y).MBEDTLS_PRIVATE(p)[0] ^= 1;
    assert_int_equal(verify(hash), 0);
    q.MBEDTLS_PRIVATE(Y).MBEDTLS_PRIVATE(s) = -1;
    assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
    assert_int_equal(mbedtls_ecp_set_zero(&q), 0);
    assert_int_equal(verify(hash), MBEDTLS_ERR_ECP_VERIFY_FAILED);
}

int tk_ecdsa_read_signature(mbedtls_ecdsa_context *key, const unsigned char *hash, size_t hash_len,
                            const unsigned char *signature, size_t len);

/* r and s in DER. The length. */
static size_t put_signature(uint8_t der[80])
{
    const mbedtls_mpi *const numbers[] = {&r, &s};
    uint8_t *at = der + 2;

    for (int i = 0; i < 2; i++) {
        size_t len = mbedtls_mpi_bitlen(numbers[i]) / 8 + 1;

        *at++ = 2;
        *at++ = (uint8_t)len;
        assert_int_equal(mbedtls_mpi_write_binary(numbers[i], at, len), 0);
        at += len;
    }
    der[0] = 0x30;
    der[1] = (uint8_t)(at - der - 2);
    return (size_t)(at - der);
}

/* A key of this curve, and a signature of the hash by one of P-256. Returns its length. */
static size_t begin_key(mbedtls_ecdsa_context *key, mbedtls_ecp_group_id curve,
                        const uint8_t hash[32], uint8_t der[80])
{
    make_signature(hash);
    mbedtls_ecdsa_init(key);
    assert_int_equal(mbedtls_ecp_group_load(&key->MBEDTLS_PRIVATE(grp), curve), 0);
    return put_signature(der);
}

static void signatures_are_read_as_der(void **state)
{
    const uint8_t hash[32] = {1, 2, 3};
    mbedtls_ecdsa_context key;
    uint8_t der[80];
    size_t len = begin_key(&key, MBEDTLS_ECP_DP_SECP256R1, hash, der);

    (void)state;
    assert_int_equal(mbedtls_ecp_copy(&key.MBEDTLS_PRIVATE(Q), &group.G), 0);
    assert_int_equal(tk_ecdsa_read_signature(&key, hash, 32, der, len), 0);
    der[len - 1] ^= 1;
    assert_int_equal(tk_ecdsa_read_signature(&key, hash, 32, der, len),
                     MBEDTLS_ERR_ECP_VERIFY_FAILED);
    der[len - 1] ^= 1;
    assert_int_equal(tk_ecdsa_read_signature(&key, hash, 32, der, len - 1),
                     MBEDTLS_ERR_ECP_VERIFY_FAILED);
    mbedtls_ecdsa_free(&key);
}

static void other_curves_have_no_signatures(void **state)
{
    const uint8_t hash[32] = {1, 2, 3};
    mbedtls_ecdsa_context key;
    uint8_t der[80];
    size_t len = begin_key(&key, MBEDTLS_ECP_DP_CURVE25519, hash, der);

    (void)state;
    assert_int_equal(tk_ecdsa_read_signature(&key, hash, 32, der, len),
                     MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE);
    assert_int_equal(mbedtls_ecdsa_verify(&key.MBEDTLS_PRIVATE(grp), hash, 32, &q, &r, &s),
                     MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE);
    mbedtls_ecdsa_free(&key);
}

/* --- points and scalars --- */

static void only_affine_points_of_the_curve_are_keys(void **state)
{
    (void)state;
    assert_int_equal(tk_ecp_check_pubkey(&group, &group.G), 0);
    assert_int_equal(mbedtls_ecp_copy(&q, &group.G), 0);
    assert_int_equal(mbedtls_mpi_add_mpi(&q.MBEDTLS_PRIVATE(X), &q.MBEDTLS_PRIVATE(X), &group.P),
                     0);
    assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
    assert_int_equal(mbedtls_ecp_copy(&q, &group.G), 0);
    assert_int_equal(mbedtls_mpi_lset(&q.MBEDTLS_PRIVATE(Z), 2), 0);
    assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
    assert_int_equal(mbedtls_ecp_set_zero(&q), 0);
    assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
    for (int i = 0; i < 2; i++) { /* a coordinate that is negative, or too long for its octets */
        assert_int_equal(mbedtls_ecp_copy(&q, &group.G), 0);
        mbedtls_mpi *number = i == 0 ? &q.MBEDTLS_PRIVATE(X) : &q.MBEDTLS_PRIVATE(Y);

        number->MBEDTLS_PRIVATE(s) = -1;
        assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
        number->MBEDTLS_PRIVATE(s) = 1;
        assert_int_equal(mbedtls_mpi_shift_l(number, 300), 0);
        assert_int_equal(tk_ecp_check_pubkey(&group, &q), MBEDTLS_ERR_ECP_INVALID_KEY);
    }
}

int tk_ecp_mul(mbedtls_ecp_group *group, mbedtls_ecp_point *r, const mbedtls_mpi *m,
               const mbedtls_ecp_point *p, int (*random)(void *, unsigned char *, size_t),
               void *ctx);

static void scalars_out_of_range_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mbedtls_mpi_lset(&d, 1), 0);
    assert_int_equal(tk_ecp_mul(&group, &q, &d, &group.G, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_point_cmp(&q, &group.G), 0);
    assert_int_equal(mbedtls_ecdh_compute_shared(&group, &r, &group.G, &d, octets_of_seven, NULL),
                     0);
    assert_int_equal(mbedtls_mpi_cmp_mpi(&r, &group.G.MBEDTLS_PRIVATE(X)), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(mbedtls_mpi_lset(&d, i == 0 ? 0 : -1), 0);
        if (i >= 2)
            assert_int_equal(mbedtls_mpi_copy(&d, &group.N), 0);
        if (i == 3)
            assert_int_equal(mbedtls_mpi_shift_l(&d, 300), 0);
        assert_int_not_equal(tk_ecp_mul(&group, &q, &d, &group.G, octets_of_seven, NULL), 0);
        assert_int_not_equal(
            mbedtls_ecdh_compute_shared(&group, &r, &group.G, &d, octets_of_seven, NULL), 0);
    }
}

static int no_random(void *ctx, unsigned char *out, size_t len)
{
    (void)ctx;
    (void)out;
    (void)len;
    return MBEDTLS_ERR_ECP_RANDOM_FAILED;
}

/* The public key of a scalar that is drawn, and of one that is given. */
static void a_key_pair_is_a_scalar_and_its_point(void **state)
{
    mbedtls_ecp_point theirs;

    (void)state;
    mbedtls_ecp_point_init(&theirs);
    assert_int_equal(mbedtls_ecdh_gen_public(&group, &d, &q, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_mul(&group, &theirs, &d, &group.G, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_point_cmp(&q, &theirs), 0);
    assert_int_equal(mbedtls_ecdh_gen_public(&group, &d, &q, no_random, NULL),
                     MBEDTLS_ERR_ECP_RANDOM_FAILED);
    /* of another point than the generator, and on another curve: mbedTLS's product */
    assert_int_equal(mbedtls_mpi_lset(&d, 3), 0);
    assert_int_equal(tk_ecp_mul(&group, &q, &d, &theirs, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_mul(&group, &theirs, &d, &theirs, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_point_cmp(&q, &theirs), 0);
    mbedtls_ecp_group_free(&group);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_point_free(&theirs);
    assert_int_equal(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519), 0);
    assert_int_equal(mbedtls_ecp_gen_privkey(&group, &d, octets_of_seven, NULL), 0);
    assert_int_equal(tk_ecp_mul(&group, &q, &d, &group.G, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_mul(&group, &theirs, &d, &group.G, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_mpi_cmp_mpi(&q.MBEDTLS_PRIVATE(X), &theirs.MBEDTLS_PRIVATE(X)), 0);
    mbedtls_ecp_point_free(&theirs);
}

/* --- memory --- */

int tk_mpi_exp_mod(mbedtls_mpi *x, const mbedtls_mpi *a, const mbedtls_mpi *e, const mbedtls_mpi *n,
                   mbedtls_mpi *rr);

static int allocations_left = -1;

static void *limited_calloc(size_t count, size_t size)
{
    return allocations_left >= 0 && allocations_left-- == 0 ? NULL : calloc(count, size);
}

static int make_key(void)
{
    return mbedtls_ecdh_gen_public(&group, &d, &q, octets_of_seven, NULL);
}

/* Each allocation of the call fails once: an error, and no leak, as the sanitizer sees. */
static void fail_each_allocation(int (*call)(void), int error)
{
    int ret = error;

    for (int n = 0; ret != 0; n++) {
        end(NULL);
        begin(NULL);
        assert_in_range(n, 0, 100);
        allocations_left = n;
        ret = call();
        allocations_left = -1;
        if (ret != 0)
            assert_int_equal(ret, error);
    }
}

static void a_failed_allocation_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(mbedtls_platform_set_calloc_free(limited_calloc, free), 0);
    fail_each_allocation(make_key, MBEDTLS_ERR_MPI_ALLOC_FAILED);
    assert_int_equal(mbedtls_mpi_lset(&d, 1001), 0);
    assert_int_equal(mbedtls_mpi_lset(&r, 5), 0);
    assert_int_equal(mbedtls_mpi_lset(&s, 3), 0);
    mbedtls_mpi_free(&q.MBEDTLS_PRIVATE(X));
    allocations_left = 0;
    assert_int_equal(tk_mpi_exp_mod(&q.MBEDTLS_PRIVATE(X), &r, &s, &d, NULL),
                     MBEDTLS_ERR_MPI_ALLOC_FAILED);
    assert_int_equal(tk_mpi_exp_mod(&q.MBEDTLS_PRIVATE(X), &r, &s, &d, NULL), 0);
    assert_int_equal(mbedtls_mpi_cmp_int(&q.MBEDTLS_PRIVATE(X), 125), 0);
    assert_int_equal(mbedtls_platform_set_calloc_free(calloc, free), 0);
}

/* --- what mbedTLS computes --- */

static void x25519_agrees_with_openssl(void **state)
{
    uint8_t ours[32], theirs[32], shared[32], scalar[32];
    size_t len;

    (void)state;
    mbedtls_ecp_group_free(&group);
    assert_int_equal(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519), 0);
    assert_int_equal(mbedtls_ecdh_gen_public(&group, &d, &q, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_ecp_point_write_binary(&group, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
                                                    ours, sizeof ours),
                     0);
    assert_int_equal(mbedtls_mpi_write_binary_le(&d, scalar, sizeof scalar), 0);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, sizeof scalar);

    assert_non_null(key);
    len = sizeof theirs;
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, theirs, &len), 1);
    assert_memory_equal(ours, theirs, sizeof ours);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, key), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, theirs, &len), 1);
    assert_int_equal(mbedtls_ecdh_compute_shared(&group, &r, &q, &d, octets_of_seven, NULL), 0);
    assert_int_equal(mbedtls_mpi_write_binary_le(&r, shared, sizeof shared), 0);
    assert_memory_equal(shared, theirs, sizeof shared);
    assert_int_equal(tk_ecp_check_pubkey(&group, &q), 0);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
}

/* RFC 7748 6.1: points of small order would give a secret that anyone knows. */
static void x25519_points_of_small_order_are_refused(void **state)
{
    static const char *const orders[] = {
        "00", "01", "00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0",
        "57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F",
        "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEC"};

    (void)state;
    mbedtls_ecp_group_free(&group);
    assert_int_equal(mbedtls_ecp_group_load(&group, MBEDTLS_ECP_DP_CURVE25519), 0);
    assert_int_equal(mbedtls_ecdh_gen_public(&group, &d, &q, octets_of_seven, NULL), 0);
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        assert_int_equal(mbedtls_mpi_read_string(&q.MBEDTLS_PRIVATE(X), 16, orders[i]), 0);
        assert_int_not_equal(mbedtls_ecdh_compute_shared(&group, &r, &q, &d, octets_of_seven, NULL),
                             0);
        assert_int_not_equal(tk_ecp_check_pubkey(&group, &q), 0);
    }
}

/* --- RSA --- */

static void to_mpi(mbedtls_mpi *out, const BIGNUM *x)
{
    uint8_t octets[512];

    assert_int_equal(mbedtls_mpi_read_binary(out, octets, (size_t)BN_bn2bin(x, octets)), 0);
}

/* A number that RSA raises to e, against OpenSSL; e of up to 64 bits is ours, a longer one not. */
static void check_public(const char *n_hex, const char *e_hex)
{
    mbedtls_rsa_context rsa;
    BIGNUM *n = NULL, *e = NULL, *x = BN_new();
    BN_CTX *bn = BN_CTX_new();
    uint8_t in[512], out[512], expected[512];

    assert_true(BN_hex2bn(&n, n_hex) > 0 && BN_hex2bn(&e, e_hex) > 0);
    int len = BN_num_bytes(n);

    mbedtls_rsa_init(&rsa);
    to_mpi(&r, n);
    to_mpi(&s, e);
    assert_int_equal(mbedtls_rsa_import(&rsa, &r, NULL, NULL, NULL, &s), 0);
    assert_int_equal(mbedtls_rsa_complete(&rsa), 0);
    memset(in, 0x5a, (size_t)len);
    in[0] = 0;
    BN_bin2bn(in, len, x);
    BN_mod_exp(x, x, e, n, bn);
    BN_bn2binpad(x, expected, len);
    assert_int_equal(mbedtls_rsa_public(&rsa, in, out), 0);
    assert_memory_equal(out, expected, (size_t)len);
    memset(in, 0, (size_t)len); /* 0 and n, the least and the first that is refused */
    assert_int_equal(mbedtls_rsa_public(&rsa, in, out), 0);
    assert_memory_equal(out, in, (size_t)len);
    BN_bn2bin(n, in);
    assert_int_not_equal(mbedtls_rsa_public(&rsa, in, out), 0);
    mbedtls_rsa_free(&rsa);
    BN_free(n);
    BN_free(e);
    BN_free(x);
    BN_CTX_free(bn);
}

/* What rsa.c does not hand over is left to mbedTLS: its result, or its error. */
static void any_other_power_is_mbedtls_own(void **state)
{
    static const struct {
        int n, a, e;
        unsigned shift; /* of a, to the left */
    } powers[] = {{1001, 1001, 3, 0}, {1001, 1002, 3, 0},     {1001, 5, 3, 200}, {1001, -5, 3, 0},
                  {1001, -5, 2, 300}, {1001, 5, 0, 0},        {1001, 5, -1, 0},  {1000, 5, 3, 0},
                  {-1001, 5, 3, 0},   {1001, 1000, 65537, 0}, {1, 0, 3, 0},      {1001, 0, 3, 0}};
    mbedtls_mpi n, a, e, ours, theirs;

    (void)state;
    for (size_t i = 0; i < sizeof powers / sizeof powers[0]; i++) {
        mbedtls_mpi_init(&n), mbedtls_mpi_init(&a), mbedtls_mpi_init(&e);
        mbedtls_mpi_init(&ours), mbedtls_mpi_init(&theirs);
        assert_int_equal(mbedtls_mpi_lset(&n, powers[i].n), 0);
        assert_int_equal(mbedtls_mpi_lset(&a, powers[i].a), 0);
        assert_int_equal(mbedtls_mpi_shift_l(&a, powers[i].shift), 0);
        assert_int_equal(mbedtls_mpi_lset(&e, powers[i].e), 0);
        assert_int_equal(tk_mpi_exp_mod(&ours, &a, &e, &n, NULL),
                         mbedtls_mpi_exp_mod(&theirs, &a, &e, &n, NULL));
        assert_int_equal(mbedtls_mpi_cmp_mpi(&ours, &theirs), 0);
        mbedtls_mpi_free(&n), mbedtls_mpi_free(&a), mbedtls_mpi_free(&e);
        mbedtls_mpi_free(&ours), mbedtls_mpi_free(&theirs);
    }
}

/* 2^4160 + 1 is longer than a key may be. */
static void a_longer_modulus_is_mbedtls_own(void **state)
{
    (void)state;
    assert_int_equal(mbedtls_mpi_lset(&d, 1), 0);
    assert_int_equal(mbedtls_mpi_shift_l(&d, 4160), 0);
    assert_int_equal(mbedtls_mpi_add_int(&d, &d, 1), 0);
    assert_int_equal(mbedtls_mpi_lset(&r, 5), 0);
    assert_int_equal(mbedtls_mpi_lset(&s, 3), 0);
    assert_int_equal(tk_mpi_exp_mod(&q.MBEDTLS_PRIVATE(X), &r, &s, &d, NULL),
                     mbedtls_mpi_exp_mod(&q.MBEDTLS_PRIVATE(Y), &r, &s, &d, NULL));
    assert_int_equal(mbedtls_mpi_cmp_mpi(&q.MBEDTLS_PRIVATE(X), &q.MBEDTLS_PRIVATE(Y)), 0);
}

static void rsa_agrees_with_openssl_for_any_exponent(void **state)
{
    static const char *const exponents[] = {"03", "010001", "FFFFFFFFFFFFFFFF",
                                            "010000000000000001",
                                            "0123456789ABCDEF0123456789ABCDEF"};
    char n[1025];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t digits = 32; digits <= 1024; digits = digits * 5 / 3 + 1) {
            memset(n, 'D', digits);
            n[digits] = 0;
            check_public(n, exponents[i]);
        }
        memset(n, 'F', 1024);
        n[1024] = 0;
        check_public(n, exponents[i]);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(r_and_s_out_of_range_are_refused),
        TEST(ecdsa_keys_off_the_curve_are_refused),
        TEST(only_affine_points_of_the_curve_are_keys),
        TEST(scalars_out_of_range_are_refused),
        TEST(x25519_agrees_with_openssl),
        TEST(x25519_points_of_small_order_are_refused),
        TEST(any_other_power_is_mbedtls_own),
        TEST(a_longer_modulus_is_mbedtls_own),
        TEST(signatures_are_read_as_der),
        TEST(other_curves_have_no_signatures),
        TEST(a_key_pair_is_a_scalar_and_its_point),
        TEST(a_failed_allocation_is_an_error),
        TEST(rsa_agrees_with_openssl_for_any_exponent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
