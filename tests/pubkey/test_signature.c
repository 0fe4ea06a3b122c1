/* SPDX-License-Identifier: Apache-2.0 */
/* ECDSA-Sig-Value and PKCS #1 1.5: one encoding is taken, everything that deviates from it is
 * refused.
 */
#include "tk_signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define LEN(a) (sizeof(a) / sizeof(a)[0])

static uint8_t r[48], s[48];

static bool reads(const uint8_t *der, size_t len)
{
    uint8_t copy[256]; /* of just that length, for the sanitizer */
    bool good;

    memcpy(copy + sizeof copy - len, der, len);
    good = tk_signature_read(&tk_p256, copy + sizeof copy - len, len, r, s);
    return good;
}

/* --- ECDSA-Sig-Value --- */

static const uint8_t plain[] = {0x30, 6, 2, 1, 0x7f, 2, 1, 1};

static void small_numbers_are_padded_with_zeros(void **state)
{
    (void)state;
    assert_true(reads(plain, sizeof plain));
    for (int i = 0; i < 31; i++)
        assert_int_equal(r[i] | s[i], 0);
    assert_int_equal(r[31], 0x7f);
    assert_int_equal(s[31], 1);
}

/* Both numbers of len octets, of which the first is given, or 0 and then it. */
static size_t put_numbers(uint8_t *der, size_t len, uint8_t first, bool zero)
{
    uint8_t *at = der + 2;

    for (int i = 0; i < 2; i++) {
        *at++ = 2;
        *at++ = (uint8_t)(len + zero);
        if (zero)
            *at++ = 0;
        memset(at, 0xa5, len);
        *at = first;
        at += len;
    }
    der[0] = 0x30;
    der[1] = (uint8_t)(at - der - 2);
    return (size_t)(at - der);
}

static bool reads_numbers(const struct tk_curve *c, size_t len, uint8_t first, bool zero)
{
    uint8_t der[256];
    size_t size = put_numbers(der, len, first, zero);

    return tk_signature_read(c, der, size, r, s);
}

/* Every length up to the curve's, with the zero that the highest bit needs, and only with it. */
static void each_length_is_accepted_in_der_only(void **state)
{
    const struct tk_curve *const curves[] = {&tk_p256, &tk_p384};

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct tk_curve *c = curves[i];

        for (size_t len = 1; len <= 60; len++) {
            bool fits = len <= c->octets;

            assert_int_equal(reads_numbers(c, len, 0x7f, false), fits);
            assert_int_equal(reads_numbers(c, len, 0x80, true), fits);
            assert_false(reads_numbers(c, len, 0x80, false)); /* negative */
            assert_false(reads_numbers(c, len, 0x7f, true));  /* needs no zero */
            assert_false(reads_numbers(c, len, 0, true));     /* two zeros */
        }
        assert_false(reads_numbers(c, 1, 0, false)); /* zero */
        assert_true(reads_numbers(c, c->octets, 0xff, true));
        assert_int_equal(r[0], 0xff);
        assert_int_equal(s[c->octets - 1], 0xa5);
    }
}

/* In a sequence of 128 octets and more, whose length takes more than one. */
static void numbers_longer_than_a_curve_s_are_refused(void **state)
{
    uint8_t der[300];

    (void)state;
    for (size_t len = 61; len <= 124; len++) {
        size_t size = put_numbers(der, len, 0x7f, false);

        assert_false(tk_signature_read(&tk_p384, der, size, r, s));
    }
    memset(der, 0xa5, sizeof der);
    memcpy(der, (const uint8_t[]){0x30, 0x80, 2, 1, 1, 2, 1, 1}, 8);
    assert_false(tk_signature_read(&tk_p384, der, 130, r, s));
}

static void truncated_and_trailing_octets_are_refused(void **state)
{
    uint8_t der[sizeof plain + 1];

    (void)state;
    memcpy(der, plain, sizeof plain);
    der[sizeof plain] = 0;
    assert_false(reads(der, sizeof der)); /* an octet behind it */
    for (size_t len = 0; len < sizeof plain; len++) {
        assert_false(reads(der, len));
        if (len < 2)
            continue;
        der[1] = (uint8_t)(len - 2); /* the sequence is as short as what is there */
        assert_false(reads(der, len));
        der[1] = plain[1];
    }
    der[1] = 7;
    assert_false(reads(der, sizeof der)); /* an octet inside, behind s */
}

/* Each octet of the structure, with every other value. */
static void other_tags_and_lengths_are_refused(void **state)
{
    static const size_t structure[] = {0, 1, 2, 3, 5, 6};
    uint8_t der[sizeof plain];

    (void)state;
    for (size_t i = 0; i < LEN(structure); i++) {
        for (unsigned value = 0; value < 256; value++) {
            memcpy(der, plain, sizeof der);
            der[structure[i]] = (uint8_t)value;
            assert_int_equal(reads(der, sizeof der), value == plain[structure[i]]);
        }
    }
}

/* BER's other forms (X.690 8.1): lengths in the long form, indefinite ones, pieces, other tags. */
static void ber_that_is_not_der_is_refused(void **state)
{
    static const struct {
        size_t len;
        uint8_t der[16];
    } others[] = {{9, {0x30, 0x81, 6, 2, 1, 1, 2, 1, 1}},
                  {10, {0x30, 0x82, 0, 6, 2, 1, 1, 2, 1, 1}},
                  {10, {0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0}},
                  {9, {0x30, 7, 2, 0x81, 1, 1, 2, 1, 1}},
                  {9, {0x30, 7, 2, 1, 1, 2, 0x81, 1, 1}},
                  {8, {0x30, 6, 0x22, 1, 1, 2, 1, 1}},
                  {10, {0x30, 8, 0x22, 3, 2, 1, 1, 2, 1, 1}},
                  {8, {0x31, 6, 2, 1, 1, 2, 1, 1}},
                  {9, {0x3f, 0x10, 6, 2, 1, 1, 2, 1, 1}},
                  {8, {0x30, 6, 2, 0, 2, 2, 1, 1}},
                  {7, {0x30, 5, 2, 0, 2, 1, 1}},
                  {7, {0x30, 5, 2, 1, 1, 2, 0}},
                  {10, {0x30, 8, 2, 1, 1, 2, 1, 1, 5, 0}},
                  {5, {0x30, 3, 2, 1, 1}},
                  {11, {0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1}}};

    (void)state;
    for (size_t i = 0; i < LEN(others); i++)
        assert_false(reads(others[i].der, others[i].len));
}

/* --- PKCS #1 1.5 --- */

static const struct {
    mbedtls_md_type_t md;
    size_t len;
    uint8_t head[19];
} digests[] = {{MBEDTLS_MD_SHA256,
                32,
                {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                 0x01, 0x05, 0x00, 0x04, 0x20}},
               {MBEDTLS_MD_SHA384,
                48,
                {0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                 0x02, 0x05, 0x00, 0x04, 0x30}},
               {MBEDTLS_MD_SHA512,
                64,
                {0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                 0x03, 0x05, 0x00, 0x04, 0x40}}}; /* RFC 8017 9.2, note 1 */

static uint8_t hash[64], info[512];

static size_t digest_info(size_t i)
{
    for (size_t j = 0; j < sizeof hash; j++)
        hash[j] = (uint8_t)(j * 7 + i);
    return tk_signature_digest_info(digests[i].md, hash, digests[i].len, info);
}

static void digest_info_is_that_of_rfc_8017(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(digests); i++) {
        assert_int_equal(digest_info(i), 19 + digests[i].len);
        assert_memory_equal(info, digests[i].head, 19);
        assert_memory_equal(info + 19, hash, digests[i].len);
    }
}

static void other_digests_and_lengths_have_no_digest_info(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(digests); i++) {
        for (size_t len = 0; len <= 65; len++) {
            if (len != digests[i].len)
                assert_int_equal(tk_signature_digest_info(digests[i].md, hash, len, info), 0);
        }
    }
    assert_int_equal(tk_signature_digest_info(MBEDTLS_MD_NONE, hash, 0, info), 0);
    assert_int_equal(tk_signature_digest_info(MBEDTLS_MD_MD5, hash, 16, info), 0);
    assert_int_equal(tk_signature_digest_info((mbedtls_md_type_t)99, hash, 32, info), 0);
}

/* 00 01, FF to the end, 00 and the DigestInfo. */
static void encode(uint8_t *out, size_t len, size_t info_len)
{
    memset(out, 0xff, len);
    out[0] = 0;
    out[1] = 1;
    out[len - info_len - 1] = 0;
    memcpy(out + len - info_len, info, info_len);
}

/* The shortest that is allowed has 8 octets of FF. */
static void fewer_than_eight_octets_of_padding_are_refused(void **state)
{
    uint8_t encoded[512];

    (void)state;
    for (size_t i = 0; i < LEN(digests); i++) {
        size_t info_len = digest_info(i);

        for (size_t len = info_len + 3; len < info_len + 300; len++) {
            encode(encoded, len, info_len);
            assert_int_equal(tk_signature_is_encoded(encoded, len, info, info_len),
                             len >= info_len + 11);
        }
        encode(encoded, info_len + 11, info_len);
        assert_true(tk_signature_is_encoded(encoded, info_len + 11, info, info_len));
        for (size_t len = 0; len < info_len + 11; len++)
            assert_false(tk_signature_is_encoded(encoded, len, info, info_len));
        assert_false(tk_signature_is_encoded(encoded, info_len + 11, info, 0));
    }
}

static void a_change_of_any_bit_of_the_encoding_is_refused(void **state)
{
    uint8_t encoded[128];
    size_t info_len = digest_info(0);

    (void)state;
    encode(encoded, sizeof encoded, info_len);
    assert_true(tk_signature_is_encoded(encoded, sizeof encoded, info, info_len));
    for (size_t i = 0; i < 8 * sizeof encoded; i++) {
        encoded[i / 8] ^= (uint8_t)(1 << i % 8);
        assert_false(tk_signature_is_encoded(encoded, sizeof encoded, info, info_len));
        encoded[i / 8] ^= (uint8_t)(1 << i % 8);
    }
}

/* Padding that ends early, so that octets could follow (Bleichenbacher, 2006). */
static void octets_behind_the_hash_are_refused(void **state)
{
    uint8_t encoded[256];
    size_t info_len = digest_info(0);

    (void)state;
    for (size_t padding = 0; padding < sizeof encoded - 3 - info_len; padding++) {
        memset(encoded, 0, sizeof encoded);
        encode(encoded, 3 + padding + info_len, info_len);
        assert_false(tk_signature_is_encoded(encoded, sizeof encoded, info, info_len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_numbers_are_padded_with_zeros),
        cmocka_unit_test(each_length_is_accepted_in_der_only),
        cmocka_unit_test(truncated_and_trailing_octets_are_refused),
        cmocka_unit_test(other_tags_and_lengths_are_refused),
        cmocka_unit_test(ber_that_is_not_der_is_refused),
        cmocka_unit_test(digest_info_is_that_of_rfc_8017),
        cmocka_unit_test(other_digests_and_lengths_have_no_digest_info),
        cmocka_unit_test(fewer_than_eight_octets_of_padding_are_refused),
        cmocka_unit_test(a_change_of_any_bit_of_the_encoding_is_refused),
        cmocka_unit_test(octets_behind_the_hash_are_refused),
        cmocka_unit_test(numbers_longer_than_a_curve_s_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
