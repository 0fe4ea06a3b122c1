/* SPDX-License-Identifier: Apache-2.0 */
/* The boards' keys and ECDHE, in place of mbedTLS's: what OpenSSL signs is good, deviations from it
 * are not; keys, parameters and memory that are refused. */
#include "pk_support.h"
#include "tk_rsa.h"

#include <mbedtls/ecdh.h>
#include <mbedtls/ecp.h>
#include <mbedtls/rsa.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

int mbedtls_rsa_parse_pubkey(mbedtls_rsa_context *rsa, const unsigned char *der, size_t len);

struct key {
    EVP_PKEY *pkey;
    size_t len; /* of a signature */
    mbedtls_pk_context pk;
};

static const struct digest {
    mbedtls_md_type_t md;
    const char *name;
    size_t len;
} digests[] = {{MBEDTLS_MD_SHA256, "SHA256", 32},
               {MBEDTLS_MD_SHA384, "SHA384", 48},
               {MBEDTLS_MD_SHA512, "SHA512", 64}};

static uint8_t hash[64], signature[512 + 1];

static void fill_hash(unsigned seed)
{
    for (size_t i = 0; i < sizeof hash; i++)
        hash[i] = (uint8_t)((seed = seed * 1103515245u + 12345u) >> 16);
}

/* --- keys and signatures of OpenSSL --- */

static void make_rsa(struct key *key, unsigned bits, unsigned exponent)
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

    assert_int_equal(pk_read_key(&key->pk, 0, der, (size_t)len), 0);
    key->len = (size_t)EVP_PKEY_get_size(key->pkey);
    OPENSSL_free(der);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
}

static void make_ec(struct key *key, const char *curve, size_t octets)
{
    uint8_t point[97];
    size_t len;

    key->pkey = EVP_EC_gen(curve);
    assert_non_null(key->pkey);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof point, &len),
                     1);
    assert_int_equal(len, 1 + 2 * octets);
    assert_int_equal(pk_read_key(&key->pk, octets, point, len), 0);
    assert_int_equal(mbedtls_pk_get_bitlen(&key->pk), 8 * octets);
}

static void free_key(struct key *key)
{
    mbedtls_pk_free(&key->pk);
    EVP_PKEY_free(key->pkey);
}

/* With md NULL: the octets are what is signed, padding and all. padding: 0 for ECDSA. */
static void sign(struct key *key, const char *md, int padding, const uint8_t *data, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);

    key->len = sizeof signature;
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    if (padding != 0)
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
    if (md != NULL)
        assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(md)), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, signature, &key->len, data, len), 1);
    EVP_PKEY_CTX_free(ctx);
}

static int verify(struct key *key, const struct digest *digest)
{
    return mbedtls_pk_verify(&key->pk, digest->md, hash, digest->len, signature, key->len);
}

/* --- RSA: what is good --- */

static void only_unchanged_rsa_signatures_are_accepted(void **state)
{
    static const struct {
        unsigned bits, e;
    } keys[] = {{1024, 65537}, {2048, 65537}, {2048, 3},     {2048, 17},    {2047, 65537},
                {2049, 65537}, {2056, 65537}, {3072, 65537}, {1031, 65537}, {4096, 65537}};

    (void)state;
    for (size_t i = 0; i < LEN(keys); i++) {
        struct key key;

        make_rsa(&key, keys[i].bits, keys[i].e);
        assert_int_equal(mbedtls_pk_get_bitlen(&key.pk), EVP_PKEY_get_bits(key.pkey));
        for (size_t d = 0; d < LEN(digests); d++) {
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

/* Many keys, for the carries that few have. */
static void rsa_signatures_of_many_keys_are_accepted(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        struct key key;

        make_rsa(&key, 512 + i, 65537);
        for (unsigned j = 0; j < 20; j++) {
            fill_hash(i * 100 + j);
            sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
            assert_int_equal(verify(&key, &digests[0]), 0);
        }
        free_key(&key);
    }
}

/* --- RSA: what is not --- */

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

/* Every octet of what is signed counts; nothing may follow the hash (Bleichenbacher, 2006). */
static void a_change_of_any_octet_that_was_signed_is_refused(void **state)
{
    struct key key;
    uint8_t encoded[256];

    (void)state;
    fill_hash(1);
    make_rsa(&key, 2048, 3);
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
    (void)encode(encoded, 8); /* and what follows is the forger's */
    sign(&key, NULL, RSA_NO_PADDING, encoded, 256);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    free_key(&key);
}

static void put_modulus(struct key *key, BIGNUM **n)
{
    *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, n), 1);
}

static void other_paddings_digests_and_values_are_refused(void **state)
{
    struct key key;
    BIGNUM *n;

    (void)state;
    fill_hash(2);
    make_rsa(&key, 2048, 65537);
    sign(&key, "SHA256", RSA_PKCS1_PSS_PADDING, hash, 32);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    sign(&key, "SHA384", RSA_PKCS1_PADDING, hash, 48);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    memset(signature, 0, sizeof signature);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    put_modulus(&key, &n);
    BN_bn2bin(n, signature);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    memset(signature, 0xff, sizeof signature);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    BN_free(n);
    free_key(&key);
}

/* A zero in front, or one octet less, is another signature. */
static void rsa_signatures_of_another_length_are_refused(void **state)
{
    struct key key;

    (void)state;
    fill_hash(5);
    make_rsa(&key, 1024, 65537);
    do {
        hash[0]++;
        hash[1] = (uint8_t)(hash[1] + (hash[0] == 0));
        sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
    } while (signature[0] != 0); /* so that it would be as large without its first octet */
    assert_int_equal(verify(&key, &digests[0]), 0);
    memmove(signature, signature + 1, key.len);
    key.len--;
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    key.len += 2;
    memmove(signature + 2, signature, key.len - 2);
    signature[0] = signature[1] = 0;
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    free_key(&key);
}

/* The signature plus n would be as good a one, if it were not required to be below n. */
static void rsa_signatures_not_below_the_modulus_are_refused(void **state)
{
    struct key key;
    BIGNUM *n;

    (void)state;
    fill_hash(3);
    make_rsa(&key, 2041, 65537);
    put_modulus(&key, &n);
    sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
    assert_int_equal(verify(&key, &digests[0]), 0);
    BIGNUM *s = BN_bin2bn(signature, (int)key.len, NULL);

    BN_add(s, s, n);
    BN_bn2binpad(s, signature, (int)key.len);
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    BN_free(s);
    BN_free(n);
    free_key(&key);
}

static void unknown_digests_and_wrong_lengths_are_refused(void **state)
{
    struct key key;

    (void)state;
    make_rsa(&key, 512, 65537);
    assert_int_equal(verify(&key, &digests[2]),
                     MBEDTLS_ERR_RSA_VERIFY_FAILED); /* too long for it */
    assert_int_equal(mbedtls_pk_verify(&key.pk, MBEDTLS_MD_SHA256, hash, 31, signature, key.len),
                     MBEDTLS_ERR_RSA_VERIFY_FAILED);
    assert_int_equal(mbedtls_pk_verify(&key.pk, MBEDTLS_MD_MD5, hash, 16, signature, key.len),
                     MBEDTLS_ERR_RSA_VERIFY_FAILED);
    assert_int_equal(mbedtls_pk_verify(&key.pk, MBEDTLS_MD_NONE, hash, 32, signature, key.len),
                     MBEDTLS_ERR_RSA_VERIFY_FAILED);
    free_key(&key);
}

/* --- keys of RSA --- */

static int parse(const uint8_t *der, size_t len)
{
    mbedtls_pk_context pk;
    uint8_t *copy = malloc(len + 1); /* of just that length, for the sanitizer */

    mbedtls_pk_init(&pk);
    assert_int_equal(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(MBEDTLS_PK_RSA)), 0);
    memcpy(copy + 1, der, len);
    int ret = mbedtls_rsa_parse_pubkey(mbedtls_pk_rsa(pk), copy + 1, len);

    free(copy);
    mbedtls_pk_free(&pk);
    return ret;
}

static void malformed_rsa_keys_are_refused(void **state)
{
    static const uint8_t good[] = {0x30, 23,   0x02, 16,   0x80, 1,    2,    3,    4, 5, 6, 7, 8,
                                   9,    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x02, 3, 1, 0, 1};
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0x31},  {1, 22}, {1, 24}, {2, 3},  {3, 15}, {3, 17}, {4, 0x7f},
                   {19, 0x14}, {20, 4}, {21, 2}, {21, 4}, {24, 0}, {3, 0},  {3, 0x80}};
    uint8_t bad[sizeof good + 1];

    (void)state;
    assert_int_equal(parse(good, sizeof good), 0);
    for (size_t len = 0; len < sizeof good; len++)
        assert_int_not_equal(parse(good, len), 0);
    for (size_t i = 0; i < LEN(changes); i++) {
        memcpy(bad, good, sizeof good);
        bad[changes[i].at] = changes[i].value;
        assert_int_not_equal(parse(bad, sizeof good), 0);
    }
    memcpy(bad, good, sizeof good);
    bad[sizeof good] = 0;
    assert_int_not_equal(parse(bad, sizeof bad), 0); /* an octet behind it */
    bad[1]++;
    assert_int_not_equal(parse(bad, sizeof bad), 0); /* and inside */
}

/* RSAPublicKey of a modulus of so many bits, all ones. */
static int parse_bits(size_t bits)
{
    uint8_t der[1024] = {0x30, 0x82, 0, 0, 0x02, 0x82};
    size_t len = (bits + 7) / 8, size = len + 1;

    der[2] = (uint8_t)((4 + size + 3) >> 8);
    der[3] = (uint8_t)(4 + size + 3);
    der[6] = (uint8_t)(size >> 8);
    der[7] = (uint8_t)size;
    memset(der + 9, 0xff, len);
    der[9] = (uint8_t)(0xff >> (8 * len - bits));
    memcpy(der + 9 + len, (const uint8_t[]){2, 1, 3}, 3);
    return parse(der, 9 + len + 3);
}

static void a_modulus_has_128_to_4096_bits(void **state)
{
    (void)state;
    for (size_t bits = TK_RSA_MIN_BITS - 20; bits < TK_RSA_MAX_BITS + 100; bits++) {
        bool fits = bits >= TK_RSA_MIN_BITS && bits <= TK_RSA_MAX_BITS;

        assert_int_equal(parse_bits(bits), fits ? 0 : MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    }
}

/* An exponent of one is none; a long one is only there to take our time. */
static void an_exponent_is_odd_and_has_2_to_64_bits(void **state)
{
    uint8_t der[] = {0x30, 29,   0x02, 16,   0x80, 1, 2,    3,    4, 5, 6, 7, 8, 9, 0x10, 0x11,
                     0x12, 0x13, 0x14, 0x15, 0x02, 9, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 1};

    (void)state;
    assert_int_equal(parse(der, sizeof der), 0);
    der[22] = 1; /* 65 bits */
    assert_int_equal(parse(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    der[22] = der[23] = 0; /* 1 */
    assert_int_equal(parse(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    der[30] = 2;
    assert_int_equal(parse(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    der[30] = 0;
    assert_int_equal(parse(der, sizeof der), MBEDTLS_ERR_RSA_BAD_INPUT_DATA);
    der[30] = 3;
    assert_int_equal(parse(der, sizeof der), 0);
}

/* An exponent of 64 bits takes part as a whole. */
static void all_64_bits_of_an_exponent_are_used(void **state)
{
    struct key key;
    BIGNUM *n, *x = BN_new(), *e = NULL;
    BN_CTX *bn = BN_CTX_new();
    uint8_t encoded[64], der[96] = {0x30, 2 + 65 + 2 + 9, 2, 65};

    (void)state;
    fill_hash(6);
    make_rsa(&key, 512, 65537);
    put_modulus(&key, &n);
    mbedtls_pk_free(&key.pk);
    BN_bn2binpad(n, der + 4, 65);
    memcpy(der + 69, (const uint8_t[]){2, 9, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc5},
           11);
    assert_int_equal(pk_read_key(&key.pk, 0, der, 80), 0);
    BN_hex2bn(&e, "FFFFFFFFFFFFFFC5"); /* a prime: it has an inverse */
    (void)encode(encoded, 64 - 3 - sizeof info - 32);
    BN_bin2bn(encoded, 64, x);

    BIGNUM *p = NULL, *q = NULL, *d = BN_new();

    EVP_PKEY_get_bn_param(key.pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, &p);
    EVP_PKEY_get_bn_param(key.pkey, OSSL_PKEY_PARAM_RSA_FACTOR2, &q);
    BN_sub_word(p, 1);
    BN_sub_word(q, 1);
    BN_mul(d, p, q, bn);
    assert_non_null(BN_mod_inverse(d, e, d, bn));
    BN_mod_exp(x, x, d, n, bn);
    BN_bn2binpad(x, signature, 64);
    key.len = 64;
    assert_int_equal(verify(&key, &digests[0]), 0);
    signature[63] ^= 1;
    assert_int_equal(verify(&key, &digests[0]), MBEDTLS_ERR_RSA_VERIFY_FAILED);
    BN_free(p);
    BN_free(q);
    BN_free(d);
    BN_free(e);
    BN_free(n);
    BN_free(x);
    BN_CTX_free(bn);
    free_key(&key);
}

static void a_second_key_replaces_the_first(void **state)
{
    static const uint8_t der[] = {0x30, 23,   0x02, 16,   0x80, 1,    2,    3,    4, 5, 6, 7, 8,
                                  9,    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x02, 3, 1, 0, 1};
    struct key key;

    (void)state;
    make_rsa(&key, 512, 65537);
    assert_int_equal(mbedtls_rsa_parse_pubkey(mbedtls_pk_rsa(key.pk), der, sizeof der), 0);
    assert_int_equal(mbedtls_pk_get_bitlen(&key.pk), 128);
    free_key(&key);
}

/* --- ECDSA --- */

static void only_unchanged_ecdsa_signatures_are_accepted(void **state)
{
    static const struct {
        const char *name;
        size_t octets;
    } curves[] = {{"P-256", 32}, {"P-384", 48}};

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        const struct digest *digest = &digests[i % LEN(digests)];
        struct key key;

        make_ec(&key, curves[i % 2].name, curves[i % 2].octets);
        fill_hash(i);
        sign(&key, NULL, 0, hash, digest->len);
        assert_int_equal(verify(&key, digest), 0);
        hash[i % 32] ^= 4;
        assert_int_equal(verify(&key, digest), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        hash[i % 32] ^= 4;
        signature[key.len - 1] ^= 1;
        assert_int_equal(verify(&key, digest), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        signature[key.len - 1] ^= 1;
        key.len++;
        assert_int_equal(verify(&key, digest), MBEDTLS_ERR_ECP_VERIFY_FAILED);
        free_key(&key);
    }
}

static void only_uncompressed_points_are_keys(void **state)
{
    struct key key;
    mbedtls_pk_context pk;
    uint8_t point[98];
    size_t len;

    (void)state;
    make_ec(&key, "P-256", 32);
    EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    point[64] ^= 1; /* not on the curve */
    assert_int_not_equal(pk_read_key(&pk, 32, point, len), 0);
    mbedtls_pk_free(&pk);
    point[64] ^= 1;
    for (unsigned first = 0; first < 256; first++) {
        point[0] = (uint8_t)first;
        assert_int_equal(pk_read_key(&pk, 32, point, len) == 0, first == 4);
        mbedtls_pk_free(&pk);
        assert_int_not_equal(pk_read_key(&pk, 32, point, 33), 0); /* compressed */
        mbedtls_pk_free(&pk);
    }
    point[0] = 4;
    for (len = 1; len < sizeof point; len++) {
        assert_int_equal(pk_read_key(&pk, 32, point, len) == 0, len == 65);
        mbedtls_pk_free(&pk);
    }
    assert_int_not_equal(pk_read_key(&pk, 48, point, 65), 0); /* another curve */
    mbedtls_pk_free(&pk);
    free_key(&key);
}

static void a_key_verifies_only_its_own_kind(void **state)
{
    struct key key;

    (void)state;
    make_ec(&key, "P-384", 48);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_ECDSA), 1);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_ECKEY), 1);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_RSA), 0);
    free_key(&key);
    make_rsa(&key, 512, 65537);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_RSA), 1);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_ECDSA), 0);
    assert_int_equal(mbedtls_pk_can_do(&key.pk, MBEDTLS_PK_RSASSA_PSS), 0);
    free_key(&key);
}

/* --- ECDHE --- */

static const uint8_t generator[] = {
    3,    0,    23,   65,   4,    0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8,
    0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33,
    0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe,
    0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33,
    0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5};

static int read_params(const uint8_t *params, size_t len, size_t *used)
{
    mbedtls_ecdh_context ecdh;
    uint8_t *copy = malloc(len + 1);
    const unsigned char *at = copy + 1;

    memcpy(copy + 1, params, len);
    mbedtls_ecdh_init(&ecdh);
    int ret = mbedtls_ecdh_read_params(&ecdh, &at, copy + 1 + len);

    *used = (size_t)(at - copy - 1);
    mbedtls_ecdh_free(&ecdh);
    free(copy);
    return ret;
}

static void ecdhe_parameters_that_differ_in_any_field_are_refused(void **state)
{
    uint8_t params[sizeof generator + 4] = {0};
    size_t used;

    (void)state;
    memcpy(params, generator, sizeof generator);
    assert_int_equal(read_params(params, sizeof params, &used), 0);
    assert_int_equal(used, sizeof generator); /* the signature follows */
    for (size_t len = 0; len < sizeof generator; len++)
        assert_int_not_equal(read_params(params, len, &used), 0);
    for (size_t i = 0; i < 5; i++) {
        for (unsigned value = 0; value < 256; value++) {
            params[i] = (uint8_t)value;
            assert_int_equal(read_params(params, sizeof params, &used) == 0, value == generator[i]);
        }
        params[i] = generator[i];
    }
    mbedtls_ecdh_free(NULL);
}

/* Scalars in the order in which the random source gives them. */
struct source {
    const uint8_t *scalars; /* each of 32 octets, all the same */
    unsigned given, failing;
};

static int give(void *ctx, unsigned char *out, size_t len)
{
    struct source *source = ctx;

    memset(out, source->scalars[source->given++], len);
    return source->given == source->failing ? -1 : 0;
}

static int make_public(struct source *source, size_t size, uint8_t *out)
{
    mbedtls_ecdh_context ecdh;
    const unsigned char *at = generator;
    size_t len = 0;

    mbedtls_ecdh_init(&ecdh);
    assert_int_equal(mbedtls_ecdh_read_params(&ecdh, &at, generator + sizeof generator), 0);
    int ret = mbedtls_ecdh_make_public(&ecdh, &len, out, size, give, source);

    if (ret == 0)
        assert_int_equal(len, 66);
    mbedtls_ecdh_free(&ecdh);
    return ret;
}

static void a_scalar_out_of_range_is_drawn_again(void **state)
{
    uint8_t out[66], always[100];
    struct source good = {(const uint8_t[]){7}, 0, 0};
    struct source again = {(const uint8_t[]){0, 0xff, 0xff, 7}, 0, 0};
    struct source broken = {(const uint8_t[]){0, 7}, 0, 2};
    struct source never = {always, 0, 0};

    (void)state;
    memset(always, 0xff, sizeof always);
    assert_int_equal(make_public(&good, sizeof out, out), 0);
    assert_int_equal(good.given, 1);
    assert_int_equal(out[0], 65);
    assert_int_equal(out[1], 4);
    assert_int_equal(make_public(&again, sizeof out, out),
                     0); /* 0, and two that are above the order */
    assert_int_equal(again.given, 4);
    assert_int_equal(make_public(&broken, sizeof out, out), MBEDTLS_ERR_ECP_RANDOM_FAILED);
    assert_int_equal(make_public(&never, sizeof out, out), MBEDTLS_ERR_ECP_RANDOM_FAILED);
    assert_int_equal(never.given, 30);
    good.given = 0;
    assert_int_equal(make_public(&good, sizeof out - 1, out), MBEDTLS_ERR_ECP_BUFFER_TOO_SMALL);
}

static void both_sides_agree_unless_a_point_is_off_the_curve(void **state)
{
    mbedtls_ecdh_context ecdh;
    uint8_t params[sizeof generator], out[66], secret[32];
    struct source source = {(const uint8_t[]){7}, 0, 0};

    (void)state;
    memcpy(params, generator, sizeof params);
    for (int i = 0; i < 3; i++) {
        const unsigned char *at = params;
        size_t len = 0;

        params[20] ^= i == 2; /* a point that is not on the curve */
        source.given = 0;
        mbedtls_ecdh_init(&ecdh);
        assert_int_equal(mbedtls_ecdh_read_params(&ecdh, &at, params + sizeof params), 0);
        assert_int_equal(mbedtls_ecdh_make_public(&ecdh, &len, out, sizeof out, give, &source), 0);
        int ret = mbedtls_ecdh_calc_secret(&ecdh, &len, secret, i == 1 ? 31 : 32, give, &source);

        if (i == 0) { /* k * generator is both */
            assert_int_equal(ret, 0);
            assert_int_equal(len, 32);
            assert_memory_equal(secret, out + 2, 32);
        } else {
            assert_int_not_equal(ret, 0);
        }
        mbedtls_ecdh_free(&ecdh);
    }
}

static void only_p256_and_p384_are_groups(void **state)
{
    mbedtls_ecp_group group;

    (void)state;
    for (int id = 0; id < 20; id++) {
        bool known = id == MBEDTLS_ECP_DP_SECP256R1 || id == MBEDTLS_ECP_DP_SECP384R1;

        mbedtls_ecp_group_init(&group);
        assert_int_equal(mbedtls_ecp_group_load(&group, (mbedtls_ecp_group_id)id),
                         known ? 0 : MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE);
        mbedtls_ecp_group_free(&group);
    }
}

/* --- memory --- */

static int handshake(void)
{
    mbedtls_ecdh_context ecdh;
    const unsigned char *at = generator;
    uint8_t out[66];
    size_t len = 0;
    struct source source = {(const uint8_t[]){7}, 0, 0};

    mbedtls_ecdh_init(&ecdh);
    int ret = mbedtls_ecdh_read_params(&ecdh, &at, generator + sizeof generator);

    if (ret == 0)
        ret = mbedtls_ecdh_make_public(&ecdh, &len, out, sizeof out, give, &source);
    if (ret == 0)
        ret = mbedtls_ecdh_calc_secret(&ecdh, &len, out, sizeof out, give, &source);
    mbedtls_ecdh_free(&ecdh);
    return ret;
}

/* Parses a key and verifies with it. */
static int use_key(size_t octets, const uint8_t *key, size_t key_len, size_t len)
{
    mbedtls_pk_context pk;
    int ret = pk_read_key(&pk, octets, key, key_len);

    if (ret == 0)
        ret = mbedtls_pk_verify(&pk, MBEDTLS_MD_SHA256, hash, 32, signature, len);
    mbedtls_pk_free(&pk);
    return ret;
}

/* Each allocation fails in turn: an error, never a good signature; the sanitizer sees leaks. */
static void each_failed_allocation_is_an_error(void **state)
{
    struct key key;
    uint8_t *der = NULL, point[97];
    size_t len;
    int failures[3] = {0, 0, 0};

    (void)state;
    fill_hash(4);
    make_rsa(&key, 1024, 65537);
    sign(&key, "SHA256", RSA_PKCS1_PADDING, hash, 32);
    size_t der_len = (size_t)i2d_PublicKey(key.pkey, &der);

    for (int left = 0;; left++) {
        pk_allocations_left = left;
        if (use_key(0, der, der_len, key.len) == 0)
            break;
        failures[0]++;
    }
    pk_allocations_left = -1;
    OPENSSL_free(der);
    free_key(&key);
    make_ec(&key, "P-256", 32);
    sign(&key, NULL, 0, hash, 32);
    EVP_PKEY_get_octet_string_param(key.pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len);
    for (int left = 0;; left++) {
        pk_allocations_left = left;
        if (use_key(32, point, len, key.len) == 0)
            break;
        failures[1]++;
    }
    for (int left = 0;; left++) {
        pk_allocations_left = left;
        if (handshake() == 0)
            break;
        failures[2]++;
    }
    pk_allocations_left = -1;
    free_key(&key);
    assert_int_equal(failures[0], 3); /* context, modulus, work */
    assert_int_equal(failures[1], 3); /* context, point, work */
    assert_int_equal(failures[2], 4); /* point, scalar, work twice */
}

/* mbedTLS asks before it uses a key. */
static void a_key_does_what_its_type_says(void **state)
{
    static const struct {
        mbedtls_pk_type_t key, use;
        int can;
    } rows[] = {
        {MBEDTLS_PK_ECKEY, MBEDTLS_PK_ECKEY, 1},    {MBEDTLS_PK_ECKEY, MBEDTLS_PK_ECKEY_DH, 1},
        {MBEDTLS_PK_ECKEY, MBEDTLS_PK_ECDSA, 1},    {MBEDTLS_PK_ECKEY, MBEDTLS_PK_RSA, 0},
        {MBEDTLS_PK_ECKEY_DH, MBEDTLS_PK_ECKEY, 1}, {MBEDTLS_PK_ECKEY_DH, MBEDTLS_PK_ECKEY_DH, 1},
        {MBEDTLS_PK_ECKEY_DH, MBEDTLS_PK_ECDSA, 0}, {MBEDTLS_PK_ECKEY_DH, MBEDTLS_PK_RSA, 0},
        {MBEDTLS_PK_ECDSA, MBEDTLS_PK_ECKEY, 0},    {MBEDTLS_PK_ECDSA, MBEDTLS_PK_ECKEY_DH, 0},
        {MBEDTLS_PK_ECDSA, MBEDTLS_PK_ECDSA, 1},    {MBEDTLS_PK_ECDSA, MBEDTLS_PK_RSA, 0}};

    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        mbedtls_pk_context pk;

        mbedtls_pk_init(&pk);
        assert_int_equal(mbedtls_pk_setup(&pk, mbedtls_pk_info_from_type(rows[i].key)), 0);
        assert_int_equal(mbedtls_pk_can_do(&pk, rows[i].use), rows[i].can);
        mbedtls_pk_free(&pk);
    }
}

static void a_point_of_no_group_is_refused(void **state)
{
    static const uint8_t octets[65] = {4};
    mbedtls_ecp_group group;
    mbedtls_ecp_point point;

    (void)state;
    memset(&group, 0, sizeof group);
    memset(&point, 0, sizeof point);
    assert_int_equal(mbedtls_ecp_point_read_binary(&group, &point, octets, sizeof octets),
                     MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_unchanged_rsa_signatures_are_accepted),
        cmocka_unit_test(rsa_signatures_of_many_keys_are_accepted),
        cmocka_unit_test(a_change_of_any_octet_that_was_signed_is_refused),
        cmocka_unit_test(other_paddings_digests_and_values_are_refused),
        cmocka_unit_test(rsa_signatures_of_another_length_are_refused),
        cmocka_unit_test(rsa_signatures_not_below_the_modulus_are_refused),
        cmocka_unit_test(unknown_digests_and_wrong_lengths_are_refused),
        cmocka_unit_test(malformed_rsa_keys_are_refused),
        cmocka_unit_test(a_modulus_has_128_to_4096_bits),
        cmocka_unit_test(an_exponent_is_odd_and_has_2_to_64_bits),
        cmocka_unit_test(all_64_bits_of_an_exponent_are_used),
        cmocka_unit_test(a_second_key_replaces_the_first),
        cmocka_unit_test(only_unchanged_ecdsa_signatures_are_accepted),
        cmocka_unit_test(only_uncompressed_points_are_keys),
        cmocka_unit_test(a_key_verifies_only_its_own_kind),
        cmocka_unit_test(ecdhe_parameters_that_differ_in_any_field_are_refused),
        cmocka_unit_test(a_scalar_out_of_range_is_drawn_again),
        cmocka_unit_test(both_sides_agree_unless_a_point_is_off_the_curve),
        cmocka_unit_test(only_p256_and_p384_are_groups),
        cmocka_unit_test(each_failed_allocation_is_an_error),
        cmocka_unit_test(a_key_does_what_its_type_says),
        cmocka_unit_test(a_point_of_no_group_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
