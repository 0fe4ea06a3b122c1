/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the boards' RSA with OpenSSL: accepts its signatures and nothing else. */
#include "tk_rsa.h"

#include <mbedtls/rsa.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct key {
    EVP_PKEY *pkey;
    size_t len;
    mbedtls_mpi n, e;
};

static const struct digest {
    mbedtls_md_type_t md;
    const char *name;
    size_t len;
} digests[] = {{MBEDTLS_MD_SHA256, "SHA256", 32},
               {MBEDTLS_MD_SHA384, "SHA384", 48},
               {MBEDTLS_MD_SHA512, "SHA512", 64}};

static uint8_t hash[64], signature[512];

static int read_der(struct key *key, const uint8_t *der, size_t len)
{
    mbedtls_mpi_init(&key->n);
    mbedtls_mpi_init(&key->e);
    return tk_rsa_read(&key->n, &key->e, der, len);
}

static void free_key(struct key *key)
{
    mbedtls_mpi_free(&key->n);
    mbedtls_mpi_free(&key->e);
    EVP_PKEY_free(key->pkey);
}

static int make_key(struct key *key, unsigned bits, unsigned exponent)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    BIGNUM *e = BN_new();
    uint8_t *der = NULL;

    key->pkey = NULL;
    BN_set_word(e, exponent);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key->pkey), 1);
    int len = i2d_PublicKey(key->pkey, &der);
    int ret = read_der(key, der, (size_t)len);

    key->len = (size_t)EVP_PKEY_get_size(key->pkey);
    OPENSSL_free(der);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
    return ret;
}

/* md NULL: data is signed as it is, with its padding. */
static void sign(struct key *key, const char *md, int padding, const uint8_t *data, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    size_t size = sizeof signature;

    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
    if (md != NULL)
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(md)), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, signature, &size, data, len), 1);
    assert_int_equal(size, key->len);
    EVP_PKEY_CTX_free(ctx);
}

static int verify(const struct key *key, const struct digest *digest)
{
    return tk_rsa_verify(&key->n, &key->e, digest->md, hash, digest->len, signature);
}

static void fill_hash(unsigned seed)
{
    for (size_t i = 0; i < sizeof hash; i++)
        hash[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
}

/* --- accepted --- */

static void accepts_signatures_of_openssl(void **state)
{
    static const struct {
        unsigned bits, e;
    } keys[] = {{1024, 65537}, {2048, 65537}, {2048, 3},     {2048, 17},    {2047, 65537},
                {2049, 65537}, {2056, 65537}, {3072, 65537}, {1031, 65537}, {4096, 65537}};

    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct key key;

        assert_int_equal(make_key(&key, keys[i].bits, keys[i].e), 0);
        assert_int_equal(mbedtls_mpi_size(&key.n), key.len);
        for (size_t d = 0; d < sizeof digests / sizeof digests[0]; d++) {
            fill_hash((unsigned)(i * 3 + d));
            sign(&key, digests[d].name, RSA_PKCS1_PADDING, hash, digests[d].len);
            assert_int_equal(verify(&key, &digests[d]), 0);
            hash[d] ^= 1;
            assert_int_equal(verify(&key, &digests[d]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
            hash[d] ^= 1;
            signature[key.len / 2] ^= 0x10;
            assert_int_equal(verify(&key, &digests[d]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
        }
        free_key(&key);
    }
}

/* For carries that are rare. */
static void accepts_signatures_of_many_keys(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct key key;

        assert_int_equal(make_key(&key, 512 + i, 65537), 0);
        for (unsigned j = 0; j < 20; j++) {
            fill_hash(i * 100 + j);
            sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
            assert_int_equal(verify(&key, &digests[0]), 0);
        }
        free_key(&key);
    }
}

/* --- refused --- */

static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                               0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

/* 00 01, so many FF, 00, DigestInfo and hash. */
static size_t encode(uint8_t *out, size_t padding)
{
    out[0] = 0;
    out[1] = 1;
    memset(out + 2, 0xff, padding);
    out[2 + padding] = 0;
    memcpy(out + 3 + padding, info, sizeof info);
    memcpy(out + 3 + padding + sizeof info, hash, 32);
    return 3 + padding + sizeof info + 32;
}

/* Every byte counts, and nothing may follow the hash (Bleichenbacher, 2006). */
static void refuses_wrong_padding(void **state)
{
    struct key key;
    uint8_t encoded[256];

    (void)state;
    fill_hash(1);
    assert_int_equal(make_key(&key, 2048, 3), 0);
    assert_int_equal(encode(encoded, 256 - 3 - sizeof info - 32), 256);
    sign(&key, NULL, RSA_NO_PADDING, encoded, 256);
    assert_int_equal(verify(&key, &digests[0]), 0);
    for (size_t i = 1; i < 256; i++) {
        encoded[i] ^= i == 1 ? 3 : 0x80;
        sign(&key, NULL, RSA_NO_PADDING, encoded, 256);
        assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
        encoded[i] ^= i == 1 ? 3 : 0x80;
    }
    memset(encoded, 0, sizeof encoded);
    (void)encode(encoded, 8); /* followed by any bytes */
    sign(&key, NULL, RSA_NO_PADDING, encoded, 256);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    free_key(&key);
}

static void refuses_signatures_of_other_data_or_keys(void **state)
{
    struct key key;

    (void)state;
    fill_hash(2);
    assert_int_equal(make_key(&key, 2048, 65537), 0);
    sign(&key, "SHA256", RSA_PKCS1_PSS_PADDING, hash, 32);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    sign(&key, "SHA384", RSA_PKCS1_PADDING, hash, 48);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    memset(signature, 0, sizeof signature);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    assert_int_equal(mbedtls_mpi_write_binary(&key.n, signature, key.len), 0);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    memset(signature, 0xff, sizeof signature);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    free_key(&key);
}

/* The signature plus n would verify, too. */
static void refuses_signatures_not_below_n(void **state)
{
    struct key key;
    mbedtls_mpi s;

    (void)state;
    fill_hash(3);
    mbedtls_mpi_init(&s);
    assert_int_equal(make_key(&key, 2041, 65537), 0);
    sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
    assert_int_equal(verify(&key, &digests[0]), 0);
    assert_int_equal(mbedtls_mpi_read_binary(&s, signature, key.len), 0);
    assert_int_equal(mbedtls_mpi_add_mpi(&s, &s, &key.n), 0);
    assert_int_equal(mbedtls_mpi_write_binary(&s, signature, key.len), 0);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    mbedtls_mpi_free(&s);
    free_key(&key);
}

static void refuses_unknown_digests(void **state)
{
    struct key key;

    (void)state;
    assert_int_equal(make_key(&key, 512, 65537), 0);
    assert_int_equal(verify(&key, &digests[2]), MBEDTLS_ERR_RSA_BAD_INPUT_DATA); /* too short */
    assert_int_equal(tk_rsa_verify(&key.n, &key.e, MBEDTLS_MD_SHA256, hash, 31, signature),
                     MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    assert_int_equal(tk_rsa_verify(&key.n, &key.e, MBEDTLS_MD_NONE, hash, 32, signature),
                     MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    free_key(&key);
}

/* --- keys --- */

static int key_of(const uint8_t *der, size_t len)
{
    struct key key = {.pkey = NULL};
    int ret = read_der(&key, der, len);

    free_key(&key);
    return ret;
}

static void refuses_malformed_keys(void **state)
{
    static const uint8_t good[] = {0x30, 23,   0x02, 16,   0x80, 1,    2,    3,    4, 5, 6, 7, 8,
                                   9,    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x02, 3, 1, 0, 1};
    uint8_t bad[sizeof good];

    (void)state;
    assert_int_equal(key_of(good, sizeof good), 0);
    for (size_t len = 0; len < sizeof good; len++)
        assert_int_not_equal(key_of(good, len), 0);
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0x31},  {1, 22}, {2, 3},  {3, 15}, {3, 17}, {4, 0x7f},
                   {19, 0x14}, {20, 4}, {21, 2}, {21, 4}, {24, 0}};

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(bad, good, sizeof bad);
        bad[changes[i].at] = changes[i].value;
        assert_int_not_equal(key_of(bad, sizeof bad), 0);
    }
}

/* 1 is no exponent, and a long one only costs time. */
static void refuses_bad_exponents(void **state)
{
    uint8_t der[] = {0x30, 29,   0x02, 16,   0x80, 1, 2,    3,    4, 5, 6, 7, 8, 9, 0x10, 0x11,
                     0x12, 0x13, 0x14, 0x15, 0x02, 9, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 1};

    (void)state;
    assert_int_equal(key_of(der, sizeof der), 0);
    der[22] = 1;
    assert_int_equal(key_of(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    der[22] = der[23] = 0;
    assert_int_equal(key_of(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(accepts_signatures_of_openssl),
                                       cmocka_unit_test(accepts_signatures_of_many_keys),
                                       cmocka_unit_test(refuses_wrong_padding),
                                       cmocka_unit_test(refuses_signatures_of_other_data_or_keys),
                                       cmocka_unit_test(refuses_signatures_not_below_n),
                                       cmocka_unit_test(refuses_unknown_digests),
                                       cmocka_unit_test(refuses_malformed_keys),
                                       cmocka_unit_test(refuses_bad_exponents)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
