/* SPDX-License-Identifier: Apache-2.0 */

/* port/mbedtls/small: the same results as mbedTLS's own functions. */

#include "tk_small.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* mbedTLS's, which no public header declares. */
int mbedtls_x509_get_time(unsigned char **p, const unsigned char *end, mbedtls_x509_time *time);
int mbedtls_x509_get_subject_alt_name(unsigned char **p, const unsigned char *end,
                                      mbedtls_x509_sequence *first);

/* --- dates --- */

/* Both read the same of the DER. Returns whether it is a date. */
static bool is_read(const unsigned char *der, size_t len)
{
    unsigned char *copy = malloc(len + 1), *p = copy, *q = copy;
    mbedtls_x509_time a = {0}, b = {0};

    memcpy(copy, der, len); /* so that sanitizers and valgrind see its end */
    int ours = tk_small_get_time(&p, copy + len, &a);
    int theirs = mbedtls_x509_get_time(&q, copy + len, &b);

    if (ours != theirs || (ours == 0 && (memcmp(&a, &b, sizeof a) != 0 || p != q)))
        fail_msg("%d and %d: %.*s", ours, theirs, (int)len, (const char *)der);
    free(copy);
    return ours == 0;
}

static bool is_date(int tag, const char *text)
{
    unsigned char der[40] = {(unsigned char)tag, (unsigned char)strlen(text)};

    memcpy(der + 2, text, strlen(text));
    return is_read(der, 2 + strlen(text));
}

static void reads_every_day(void **state)
{
    char text[48];
    int days = 0;

    (void)state;
    for (int year = 1896; year <= 2104; year++) {
        for (int day = 0; day < 14 * 33; day++) {
            snprintf(text, sizeof text, "%04d%02d%02d235959Z", year, day / 33, day % 33);
            days += is_date(MBEDTLS_ASN1_GENERALIZED_TIME, text);
            snprintf(text, sizeof text, "%02d%02d%02d000000Z", year % 100, day / 33, day % 33);
            (void)is_date(MBEDTLS_ASN1_UTC_TIME, text);
        }
    }
    assert_int_equal(days, 209 * 365 + 51); /* leap years: 1896 to 2104 without 1900 and 2100 */
}

static void reads_times_and_forms(void **state)
{
    static const char *const texts[] = {"",
                                        "Z",
                                        "260101000000",
                                        "260101000000Z",
                                        "20260101000000",
                                        "2601010000",
                                        "2601010000Z",
                                        "20260101000000Z",
                                        "260101240000Z",
                                        "260101006000Z",
                                        "000101000060Z",
                                        "490101000000Z",
                                        "500101000000Z",
                                        "2601010000000Z",
                                        "260101000000X",
                                        "20260101000000X",
                                        "2026010100000Z",
                                        "20260101000000.0Z",
                                        "260101000000+0100"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        (void)is_date(MBEDTLS_ASN1_UTC_TIME, texts[i]);
        (void)is_date(MBEDTLS_ASN1_GENERALIZED_TIME, texts[i]);
        (void)is_date(MBEDTLS_ASN1_PRINTABLE_STRING, texts[i]);
    }
    assert_true(is_date(MBEDTLS_ASN1_UTC_TIME, "260101000000Z"));
    assert_false(is_date(MBEDTLS_ASN1_UTC_TIME, "260101006000Z"));
}

static void reads_damaged_dates(void **state)
{
    static const unsigned char whole[] = "\x17\x0d"
                                         "260228235959Z"
                                         "\x18\x0f"
                                         "20280229000000Z";
    int dates = 0;

    (void)state;
    srand(1);
    for (int i = 0; i < 100000; i++) {
        unsigned char der[sizeof whole - 1];
        int begin = rand() % 2 * 15;

        memcpy(der, whole, sizeof der);
        for (int n = rand() % 3; n > 0; n--)
            der[(size_t)rand() % sizeof der] =
                (unsigned char)(rand() % 2 ? rand() : '0' + rand() % 10);
        dates += is_read(der + begin, (size_t)rand() % (sizeof der - (size_t)begin + 1));
    }
    assert_in_range(dates, 1000, 99000);
}

/* --- extensions --- */

static int theirs_of(const mbedtls_asn1_buf *oid)
{
    int type = 0, ret = mbedtls_oid_get_x509_ext_type(oid, &type);

    return ret == 0 && type != MBEDTLS_OID_X509_EXT_CERTIFICATE_POLICIES ? type : 0;
}

static int ours_of(const mbedtls_asn1_buf *oid)
{
    int type = -1, ret = tk_small_get_ext_type(oid, &type);

    assert_int_equal(ret, type == 0 ? MBEDTLS_ERR_OID_NOT_FOUND : 0);
    return type;
}

static void knows_the_same_extensions_but_policies(void **state)
{
    unsigned char netscape[] = MBEDTLS_OID_NS_CERT_TYPE, oid[3] = {0x55, 29};
    int known = 0;

    (void)state;
    for (int last = 0; last < 256; last++) {
        oid[2] = (unsigned char)last;
        for (size_t len = 0; len <= sizeof oid; len++) {
            const mbedtls_asn1_buf buf = {MBEDTLS_ASN1_OID, len, oid};

            assert_int_equal(ours_of(&buf), theirs_of(&buf));
            known += ours_of(&buf) != 0;
        }
    }
    assert_int_equal(known, 6);
    for (int flip = 0; flip < 2; flip++) {
        const mbedtls_asn1_buf buf = {MBEDTLS_ASN1_OID, sizeof netscape - 1, netscape};

        netscape[sizeof netscape - 2] ^= (unsigned char)flip;
        assert_int_equal(ours_of(&buf), flip ? 0 : MBEDTLS_OID_X509_EXT_NS_CERT_TYPE);
        assert_int_equal(ours_of(&buf), theirs_of(&buf));
    }
    oid[1] = 28;
    oid[2] = 19;
    assert_int_equal(ours_of(&(mbedtls_asn1_buf){MBEDTLS_ASN1_OID, 3, oid}), 0);
}

/* --- alternative names --- */

/* The names are the same, or mbedTLS refuses what is in one of them. */
static void compare_names(unsigned char *der, size_t len, int *read)
{
    mbedtls_x509_sequence a = {.next = NULL}, b = {.next = NULL};
    unsigned char *p = der, *q = der;
    int ours = tk_small_get_alt_name_list(&p, der + len, &a);
    int theirs = mbedtls_x509_get_subject_alt_name(&q, der + len, &b);

    *read += ours == 0;
    assert_true(ours == 0 || theirs != 0);
    if (ours == 0 && theirs == 0) {
        const mbedtls_x509_sequence *m = &a, *n = &b;

        for (; m != NULL && n != NULL; m = m->next, n = n->next)
            assert_true(m->buf.tag == n->buf.tag && m->buf.len == n->buf.len &&
                        m->buf.p == n->buf.p);
        assert_ptr_equal(m, n);
    }
    mbedtls_asn1_sequence_free(a.next);
    mbedtls_asn1_sequence_free(b.next);
}

static void reads_alternative_names(void **state)
{
    static const unsigned char whole[] = "\x30\x2d"
                                         "\x82\3a.b"
                                         "\x87\4\1\2\3\4"
                                         "\x86\x05https"
                                         "\x81\3m@b"
                                         "\xa4\x0f\x30\x0d\x31\x0b\x30\x09\6\3\x55\4\6\x13\2NL"
                                         "\x88\1\1"
                                         "\x82\0";
    int read = 0;

    (void)state;
    srand(1);
    for (int i = 0; i < 100000; i++) {
        size_t len = i % 2 ? sizeof whole - 1 : (size_t)rand() % sizeof whole;
        unsigned char *der = malloc(len + 1);

        memcpy(der, whole, len);
        if (len > 2 && rand() % 4 > 0)
            der[1] = (unsigned char)(len - 2);
        for (int n = rand() % 3; n > 0 && len > 0; n--)
            der[(size_t)rand() % len] = (unsigned char)rand();
        compare_names(der, len, &read);
        free(der);
    }
    assert_in_range(read, 10000, 90000);
}

/* The error for content that is no name, or is cut within one. */
static void reports_mbedtls_errors(void **state)
{
    unsigned char der[] = "\x30\0", *p = der;
    mbedtls_x509_sequence first = {.next = NULL};

    (void)state;
    assert_int_equal(tk_small_get_alt_names(&p, der + 2, &first),
                     MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG);
    p = der;
    assert_int_equal(tk_small_get_alt_names(&p, der + 1, &first),
                     MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_OUT_OF_DATA);
}

/* --- chains --- */

/* Without a callback, or with roots in a list, no name would be compared. */
static void verifies_nothing_without_callback(void **state)
{
    mbedtls_x509_crt crt;
    uint32_t flags = 0;

    (void)state;
    mbedtls_x509_crt_init(&crt);
    flags = 0;
    assert_int_equal(tk_small_verify(&crt, NULL, NULL, &mbedtls_x509_crt_profile_default, "host",
                                     &flags, NULL, NULL),
                     MBEDTLS_ERR_X509_BAD_INPUT_DATA);
    assert_int_equal(flags, UINT32_MAX);
    flags = 0;
    assert_int_equal(tk_small_verify_listed(&crt, &crt, NULL, &mbedtls_x509_crt_profile_default,
                                            "host", &flags, NULL, NULL, NULL),
                     MBEDTLS_ERR_X509_BAD_INPUT_DATA);
    assert_int_equal(flags, UINT32_MAX);
}

/* --- AES-128 --- */

static void our_block(const unsigned char *key, const unsigned char *in, unsigned char *out)
{
    mbedtls_aes_context ctx;

    mbedtls_aes_init(&ctx);
    assert_int_equal(tk_small_aes_setkey(&ctx, key, 128), 0);
    assert_int_equal(tk_small_aes_crypt(&ctx, MBEDTLS_AES_ENCRYPT, in, out), 0);
    mbedtls_aes_free(&ctx);
}

/* FIPS 197, appendices B and C.1. */
static void encrypts_as_fips_197(void **state)
{
    static const struct {
        unsigned char key[16], in[16], out[16];
    } known[] = {{{0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09,
                   0xcf, 0x4f, 0x3c},
                  {0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0,
                   0x37, 0x07, 0x34},
                  {0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb, 0xdc, 0x11, 0x85, 0x97, 0x19,
                   0x6a, 0x0b, 0x32}},
                 {{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c,
                   0x0d, 0x0e, 0x0f},
                  {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
                   0xdd, 0xee, 0xff},
                  {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70,
                   0xb4, 0xc5, 0x5a}}};
    unsigned char out[16];

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        our_block(known[i].key, known[i].in, out);
        assert_memory_equal(out, known[i].out, 16);
    }
}

/* Each result is the next key or block, so that all bytes come at all places. */
static void encrypts_as_mbedtls(void **state)
{
    unsigned char key[16] = {1}, block[16] = {2}, out[16], theirs[16];
    mbedtls_aes_context ctx;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        our_block(key, block, out);
        mbedtls_aes_init(&ctx);
        assert_int_equal(mbedtls_aes_setkey_enc(&ctx, key, 128), 0);
        assert_int_equal(mbedtls_aes_crypt_ecb(&ctx, MBEDTLS_AES_ENCRYPT, block, theirs), 0);
        mbedtls_aes_free(&ctx);
        assert_memory_equal(out, theirs, 16);
        memcpy(i % 2 == 0 ? key : block, out, 16);
    }
}

/* GCM encrypts a counter in place. */
static void encrypts_in_place(void **state)
{
    unsigned char key[16] = {3}, block[16] = {4}, out[16];

    (void)state;
    our_block(key, block, out);
    our_block(key, block, block);
    assert_memory_equal(out, block, 16);
}

static void refuses_other_ciphers(void **state)
{
    unsigned char key[32] = {0}, block[16] = {0};
    mbedtls_aes_context ctx;

    (void)state;
    mbedtls_aes_init(&ctx);
    assert_int_equal(tk_small_aes_setkey(&ctx, key, 192), MBEDTLS_ERR_AES_INVALID_KEY_LENGTH);
    assert_int_equal(tk_small_aes_setkey(&ctx, key, 256), MBEDTLS_ERR_AES_INVALID_KEY_LENGTH);
    assert_int_equal(tk_small_aes_setkey(&ctx, key, 128), 0);
    assert_int_equal(tk_small_aes_crypt(&ctx, MBEDTLS_AES_DECRYPT, block, block),
                     MBEDTLS_ERR_AES_BAD_INPUT_DATA);
    mbedtls_aes_free(&ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_day),
        cmocka_unit_test(reads_times_and_forms),
        cmocka_unit_test(reads_damaged_dates),
        cmocka_unit_test(reads_alternative_names),
        cmocka_unit_test(reports_mbedtls_errors),
        cmocka_unit_test(verifies_nothing_without_callback),
        cmocka_unit_test(encrypts_as_fips_197),
        cmocka_unit_test(encrypts_as_mbedtls),
        cmocka_unit_test(encrypts_in_place),
        cmocka_unit_test(refuses_other_ciphers),
        cmocka_unit_test(knows_the_same_extensions_but_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
