/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of verified signatures, in both profiles. The verification itself is played:
 * it says what the test wants, and counts. */
#include "pk_support.h"
#include "tk_memo.h"

#include <mbedtls/rsa.h>
#include <mbedtls/sha256.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRIES = 4 }; /* of tk_memo.c */

static int verdict;
static unsigned verifications;

int __wrap_mbedtls_pk_verify_ext(mbedtls_pk_type_t type, const void *options,
                                 mbedtls_pk_context *pk, mbedtls_md_type_t md,
                                 const unsigned char *hash, size_t hash_len,
                                 const unsigned char *signature, size_t len);

int __wrap_mbedtls_pk_verify_ext(mbedtls_pk_type_t type, const void *options,
                                 mbedtls_pk_context *pk, mbedtls_md_type_t md,
                                 const unsigned char *hash, size_t hash_len,
                                 const unsigned char *signature, size_t len)
{
    (void)type, (void)options, (void)pk, (void)md, (void)hash, (void)hash_len, (void)signature,
        (void)len;
    verifications++;
    return verdict;
}

/* --- keys --- */

static mbedtls_pk_context p256, p256_negative, p384, rsa, rsa_other_e;

/* The generator of a curve, or its negative: another key with the same x. */
static void make_ec(mbedtls_pk_context *pk, int nid, size_t octets, bool negative)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
    EC_POINT *point = EC_POINT_dup(EC_GROUP_get0_generator(group), group);
    uint8_t out[97];

    if (negative)
        EC_POINT_invert(group, point, NULL);
    EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out, sizeof out, NULL);
    assert_int_equal(pk_read_key(pk, octets, out, 1 + 2 * octets), 0);
    EC_POINT_free(point);
    EC_GROUP_free(group);
}

enum { RSA_OCTETS = 128, RSA_DER = 4 + 4 + RSA_OCTETS + 2 + 3 };

/* RSAPublicKey of 1024 bits, with one bit other than usual; bit 0: none. */
static int make_rsa(mbedtls_pk_context *pk, unsigned bit, uint8_t e)
{
    uint8_t der[RSA_DER] = {0x30, 0x82, 0, RSA_DER - 4, 2, 0x82, 0, RSA_OCTETS};

    memset(der + 8, 0xa5, RSA_OCTETS);
    if (bit > 0)
        der[8 + RSA_OCTETS - 1 - bit / 8] ^= (uint8_t)(1 << bit % 8);
    memcpy(der + 8 + RSA_OCTETS, (const uint8_t[]){2, 3, 1, 0, e}, 5);
    return pk_read_key(pk, 0, der, sizeof der);
}

static int make_keys(void **state)
{
    (void)state;
    make_ec(&p256, NID_X9_62_prime256v1, 32, false);
    make_ec(&p256_negative, NID_X9_62_prime256v1, 32, true);
    make_ec(&p384, NID_secp384r1, 48, false);
    return make_rsa(&rsa, 0, 1) | make_rsa(&rsa_other_e, 0, 3);
}

static int free_keys(void **state)
{
    (void)state;
    mbedtls_pk_free(&p256);
    mbedtls_pk_free(&p256_negative);
    mbedtls_pk_free(&p384);
    mbedtls_pk_free(&rsa);
    mbedtls_pk_free(&rsa_other_e);
    return 0;
}

/* --- a call --- */

static struct call {
    mbedtls_pk_type_t type;
    mbedtls_pk_rsassa_pss_options pss;
    mbedtls_pk_context *pk;
    mbedtls_md_type_t md;
    uint8_t hash[64], signature[128];
    size_t hash_len, len;
} usual;

static int begin(void **state)
{
    (void)state;
    usual = (struct call){.type = MBEDTLS_PK_ECDSA,
                          .pk = &p256,
                          .md = MBEDTLS_MD_SHA256,
                          .hash = {1, 2, 3},
                          .signature = {4, 5, 6},
                          .hash_len = 32,
                          .len = 71};
    verdict = 0;
    verifications = 0;
    tk_memo_clear();
    return 0;
}

static int verify(const struct call *it)
{
    const void *options = it->type == MBEDTLS_PK_RSASSA_PSS ? &it->pss : NULL;

    return tk_memo_verify(it->type, options, it->pk, it->md, it->hash, it->hash_len, it->signature,
                          it->len);
}

/* Whether the memo knows this one: the verification would fail. */
static bool is_known(const struct call *it)
{
    unsigned before = verifications;

    verdict = MBEDTLS_ERR_PK_INVALID_ALG;
    int ret = verify(it);

    verdict = 0;
    if (verifications == before)
        return ret == 0;
    assert_int_equal(ret, MBEDTLS_ERR_PK_INVALID_ALG);
    return false;
}

/* The usual call with another number in its signature. */
static struct call numbered(uint8_t number)
{
    struct call it = usual;

    it.signature[0] = number;
    return it;
}

/* --- what is kept --- */

static void a_good_signature_is_verified_once(void **state)
{
    (void)state;
    assert_int_equal(verify(&usual), 0);
    assert_int_equal(verifications, 1);
    assert_int_equal(verify(&usual), 0);
    assert_int_equal(verifications, 1);
    assert_true(is_known(&usual));
}

static void a_bad_signature_is_verified_each_time(void **state)
{
    (void)state;
    verdict = MBEDTLS_ERR_PK_SIG_LEN_MISMATCH;
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(verify(&usual), MBEDTLS_ERR_PK_SIG_LEN_MISMATCH);
        assert_int_equal(verifications, i);
    }
    verdict = 0;
    assert_int_equal(verify(&usual), 0);
    assert_int_equal(verifications, 4);
    assert_true(is_known(&usual));
}

static void a_bad_signature_displaces_no_entry(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < ENTRIES; i++) {
        struct call it = numbered(i);

        assert_int_equal(verify(&it), 0);
    }
    verdict = MBEDTLS_ERR_PK_INVALID_ALG;
    for (uint8_t i = 0; i < 20; i++) {
        struct call it = numbered((uint8_t)(100 + i));

        assert_int_not_equal(verify(&it), 0);
    }
    for (uint8_t i = 0; i < ENTRIES; i++) {
        struct call it = numbered(i);

        assert_true(is_known(&it));
    }
}

static void the_least_recently_used_entry_is_replaced(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < ENTRIES; i++) {
        struct call it = numbered(i);

        assert_int_equal(verify(&it), 0);
    }
    struct call first = numbered(0), fifth = numbered(ENTRIES);

    assert_int_equal(verify(&first), 0); /* used again: 1 is the oldest now */
    assert_int_equal(verify(&fifth), 0);
    for (uint8_t i = 0; i <= ENTRIES; i++) {
        struct call it = numbered(i);

        assert_int_equal(is_known(&it), i != 1);
    }
}

static void no_entry_survives_clearing(void **state)
{
    (void)state;
    assert_int_equal(verify(&usual), 0);
    tk_memo_clear();
    assert_false(is_known(&usual));
}

/* --- all that a verdict depends on --- */

static void assert_unknown(struct call *other)
{
    assert_int_equal(verify(&usual), 0);
    assert_true(is_known(&usual));
    assert_false(is_known(other));
}

static void another_bit_of_hash_or_signature_is_unknown(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * (usual.hash_len + usual.len); bit++) {
        struct call other = usual;
        uint8_t *at = bit / 8 < usual.hash_len ? &other.hash[bit / 8]
                                               : &other.signature[bit / 8 - usual.hash_len];

        *at ^= (uint8_t)(1 << bit % 8);
        assert_unknown(&other);
    }
}

/* The same octets behind each other, but more of them in the hash; and shorter ones. */
static void another_length_is_unknown(void **state)
{
    struct call other = usual;

    (void)state;
    other.hash_len++;
    other.len--;
    memset(other.hash, 7, sizeof other.hash);
    memset(other.signature, 7, sizeof other.signature);
    memset(usual.hash, 7, sizeof usual.hash);
    memset(usual.signature, 7, sizeof usual.signature);
    assert_unknown(&other);
    for (size_t len = 0; len < 128; len++) {
        other = usual;
        other.len = len;
        if (len != usual.len)
            assert_unknown(&other);
    }
}

/* 0 octets of a hash stand for the digest's length: they are looked at, and they count. */
static void a_hash_of_length_0_is_as_long_as_its_digest(void **state)
{
    (void)state;
    usual.hash_len = 0;
    struct call other = usual;

    other.hash[31] ^= 1;
    assert_int_equal(verify(&usual), 0);
    assert_false(is_known(&other));
}

static void another_algorithm_is_unknown(void **state)
{
    struct call other = usual;

    (void)state;
    other.md = MBEDTLS_MD_SHA384;
    assert_unknown(&other);
    other = usual;
    other.type = MBEDTLS_PK_ECKEY;
    assert_unknown(&other);
}

static void another_key_is_unknown(void **state)
{
    mbedtls_pk_context *const keys[] = {&p256, &p256_negative, &p384, &rsa, &rsa_other_e};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            struct call other = usual;

            usual.pk = keys[i];
            other.pk = keys[j];
            tk_memo_clear();
            assert_int_equal(verify(&usual), 0);
            assert_int_equal(is_known(&other), i == j);
        }
    }
}

static void another_bit_of_the_modulus_is_unknown(void **state)
{
    (void)state;
    usual.type = MBEDTLS_PK_RSA;
    usual.pk = &rsa;
    for (unsigned bit = 1; bit < 8 * RSA_OCTETS - 1; bit++) {
        mbedtls_pk_context pk;
        struct call other = usual;

        assert_int_equal(make_rsa(&pk, bit, 1), 0);
        other.pk = &pk;
        assert_unknown(&other);
        mbedtls_pk_free(&pk);
    }
}

/* The same key in other memory is the same. */
static void an_equal_key_in_other_memory_is_known(void **state)
{
    mbedtls_pk_context pk;
    struct call other = usual;

    (void)state;
    make_ec(&pk, NID_X9_62_prime256v1, 32, false);
    other.pk = &pk;
    assert_int_equal(verify(&usual), 0);
    assert_true(is_known(&other));
    mbedtls_pk_free(&pk);
}

static void without_a_key_each_call_is_verified(void **state)
{
    mbedtls_pk_context none;

    (void)state;
    mbedtls_pk_init(&none);
    usual.pk = &none;
    assert_int_equal(verify(&usual), 0); /* as the verification says, which a test plays */
    assert_int_equal(verify(&usual), 0);
    assert_int_equal(verifications, 2);
}

/* No hash is for the verification to refuse. */
static void without_a_hash_each_call_is_verified(void **state)
{
    (void)state;
    verdict = MBEDTLS_ERR_PK_BAD_INPUT_DATA;
    assert_int_equal(
        tk_memo_verify(usual.type, NULL, usual.pk, usual.md, NULL, 32, usual.signature, usual.len),
        MBEDTLS_ERR_PK_BAD_INPUT_DATA);
    assert_int_equal(verifications, 1);
}

/* --- a digest that fails --- */

static int sha_calls_left = -1;

static int fails(void)
{
    return sha_calls_left >= 0 && sha_calls_left-- == 0;
}

int __real_mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224);
int __wrap_mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224);
int __real_mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *in, size_t len);
int __wrap_mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *in, size_t len);
int __real_mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *out);
int __wrap_mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *out);

int __wrap_mbedtls_sha256_starts(mbedtls_sha256_context *ctx, int is224)
{
    return fails() ? -1 : __real_mbedtls_sha256_starts(ctx, is224);
}

int __wrap_mbedtls_sha256_update(mbedtls_sha256_context *ctx, const unsigned char *in, size_t len)
{
    return fails() ? -1 : __real_mbedtls_sha256_update(ctx, in, len);
}

int __wrap_mbedtls_sha256_finish(mbedtls_sha256_context *ctx, unsigned char *out)
{
    return fails() ? -1 : __real_mbedtls_sha256_finish(ctx, out);
}

/* As an accelerator may: then nothing is known, and nothing is kept. */
static void without_a_digest_each_call_is_verified(void **state)
{
    int calls = 0;

    (void)state;
    for (bool has_failed = true; has_failed; calls++) {
        tk_memo_clear();
        verifications = 0;
        sha_calls_left = calls;
        assert_int_equal(verify(&usual), 0);
        has_failed = sha_calls_left < 0;
        sha_calls_left = -1;
        assert_int_equal(is_known(&usual), !has_failed);
        sha_calls_left = calls;
        assert_int_equal(verify(&usual), 0);
        sha_calls_left = -1;
        assert_int_equal(verifications, has_failed ? 3 : 1);
    }
    assert_in_range(calls, 12, 13); /* starts, 5 values with their lengths, finish; none */
}

#if defined(MBEDTLS_X509_RSASSA_PSS_SUPPORT)
/* Among them salts that would be the same if the parameters shared a word. */
static void another_parameter_of_pss_is_unknown(void **state)
{
    static const mbedtls_pk_rsassa_pss_options all[] = {
        {MBEDTLS_MD_SHA256, 32},
        {MBEDTLS_MD_SHA256, 33},
        {MBEDTLS_MD_SHA384, 32},
        {MBEDTLS_MD_SHA256, MBEDTLS_RSA_SALT_LEN_ANY},
        {MBEDTLS_MD_SHA384, MBEDTLS_RSA_SALT_LEN_ANY},
        {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384 << 16 | 32},
        {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA256 << 16 | 32},
        {MBEDTLS_MD_NONE, MBEDTLS_MD_SHA256 << 16 | 32}};

    (void)state;
    usual.type = MBEDTLS_PK_RSASSA_PSS;
    usual.pk = &rsa;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        for (size_t j = 0; j < sizeof all / sizeof all[0]; j++) {
            struct call other = usual;

            usual.pss = all[i];
            other.pss = all[j];
            tk_memo_clear();
            assert_int_equal(verify(&usual), 0);
            assert_int_equal(is_known(&other), i == j);
        }
    }
    struct call pkcs1 = usual;

    pkcs1.type = MBEDTLS_PK_RSA;
    assert_unknown(&pkcs1);
    verdict = MBEDTLS_ERR_PK_BAD_INPUT_DATA; /* of a call without parameters */
    assert_int_equal(tk_memo_verify(usual.type, NULL, usual.pk, usual.md, usual.hash,
                                    usual.hash_len, usual.signature, usual.len),
                     MBEDTLS_ERR_PK_BAD_INPUT_DATA);
}
#endif

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_good_signature_is_verified_once),
        TEST(a_bad_signature_is_verified_each_time),
        TEST(a_bad_signature_displaces_no_entry),
        TEST(the_least_recently_used_entry_is_replaced),
        TEST(no_entry_survives_clearing),
        TEST(another_bit_of_hash_or_signature_is_unknown),
        TEST(another_length_is_unknown),
        TEST(a_hash_of_length_0_is_as_long_as_its_digest),
        TEST(another_algorithm_is_unknown),
        TEST(another_key_is_unknown),
        TEST(another_bit_of_the_modulus_is_unknown),
        TEST(an_equal_key_in_other_memory_is_known),
        TEST(without_a_key_each_call_is_verified),
        TEST(without_a_hash_each_call_is_verified),
#if defined(MBEDTLS_X509_RSASSA_PSS_SUPPORT)
        TEST(another_parameter_of_pss_is_unknown),
#endif
        TEST(without_a_digest_each_call_is_verified),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
