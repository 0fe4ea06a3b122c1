/* SPDX-License-Identifier: Apache-2.0 */
/* Compares the roots that roots.py wrote with the certificates that this machine trusts. */
#include "tk_trust.h"

#include <mbedtls/x509_crt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct tk_trust tk_roots;

static mbedtls_x509_crt bundle;

static int read_bundle(void **state)
{
    FILE *file = fopen(TK_BUNDLE, "rb");
    size_t size = 4u << 20, len;
    unsigned char *pem = calloc(1, size);

    (void)state;
    assert_non_null(file);
    assert_non_null(pem);
    len = fread(pem, 1, size - 1, file);
    (void)fclose(file);
    mbedtls_x509_crt_init(&bundle);
    assert_true(mbedtls_x509_crt_parse(&bundle, pem, len + 1) >= 0);
    free(pem);
    return 0;
}

static int free_bundle(void **state)
{
    (void)state;
    mbedtls_x509_crt_free(&bundle);
    return 0;
}

static bool same(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

static const mbedtls_x509_crt *original_of(const mbedtls_x509_crt *root)
{
    const mbedtls_x509_crt *crt = &bundle;

    while (crt != NULL &&
           !(same(&crt->subject_raw, &root->subject_raw) && same(&crt->pk_raw, &root->pk_raw) &&
             memcmp(&crt->valid_to, &root->valid_to, sizeof crt->valid_to) == 0 &&
             memcmp(&crt->valid_from, &root->valid_from, sizeof crt->valid_from) == 0))
        crt = crt->next;
    return crt;
}

/* An authority for all chains, which a certificate of version 1 is as a trust anchor. */
static bool limits_nothing(const mbedtls_x509_crt *crt)
{
    return mbedtls_x509_crt_get_ca_istrue(crt) == 1 && crt->MBEDTLS_PRIVATE(max_pathlen) == 0 &&
           mbedtls_x509_crt_check_key_usage(crt, MBEDTLS_X509_KU_KEY_CERT_SIGN) == 0 &&
           crt->ext_key_usage.buf.len == 0;
}

static void compare(const mbedtls_x509_crt *root, const mbedtls_x509_crt *original)
{
    const int usages[] = {MBEDTLS_X509_KU_KEY_CERT_SIGN, MBEDTLS_X509_KU_CRL_SIGN,
                          MBEDTLS_X509_KU_DIGITAL_SIGNATURE, MBEDTLS_X509_KU_KEY_ENCIPHERMENT};

    if (root->version == 1 && original->version > 1) {
        assert_true(limits_nothing(original));
        return;
    }
    assert_int_equal(root->version, original->version);
    assert_int_equal(mbedtls_x509_crt_get_ca_istrue(root),
                     mbedtls_x509_crt_get_ca_istrue(original));
    assert_int_equal(root->MBEDTLS_PRIVATE(max_pathlen), original->MBEDTLS_PRIVATE(max_pathlen));
    for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++)
        assert_int_equal(mbedtls_x509_crt_check_key_usage(root, (unsigned)usages[i]),
                         mbedtls_x509_crt_check_key_usage(original, (unsigned)usages[i]));
    assert_int_equal(root->ext_key_usage.buf.len, original->ext_key_usage.buf.len);
}

/* Those of the list, and then all of the machine. */
static void roots_py_keeps_name_key_and_dates(void **state)
{
    size_t found = 0;

    (void)state;
    assert_true(tk_roots.count > 100);
    for (size_t i = 0; i < tk_roots.count; i++) {
        mbedtls_x509_crt root;

        mbedtls_x509_crt_init(&root);
        if (mbedtls_x509_crt_parse_der_nocopy(&root, tk_roots.roots[i].der,
                                              tk_roots.roots[i].len) == 0) {
            const mbedtls_x509_crt *original = original_of(&root);

            assert_int_equal(root.raw.len, tk_roots.roots[i].len);
            assert_non_null(original);
            compare(&root, original);
            assert_true(root.raw.len < original->raw.len);
            found++;
        }
        mbedtls_x509_crt_free(&root);
        assert_true(found > i || i >= 13);
    }
    assert_true(found * 10 > tk_roots.count * 9); /* mbedTLS does not support every curve */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(roots_py_keeps_name_key_and_dates)};

    return cmocka_run_group_tests(tests, read_bundle, free_bundle);
}
