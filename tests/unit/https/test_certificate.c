/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_certificate.c: the errors of mbedTLS for a certificate that it cannot read. */

#include "tk_certificate.h"

#include <mbedtls/asn1.h>
#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_error_says_what_is_wrong_with_a_certificate(void **state)
{
    static const struct {
        int ret;
        enum tk_err err;
    } rows[] = {
        {MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE, TK_E_TLS_CURVE},
        {MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE + MBEDTLS_ERR_ASN1_OUT_OF_DATA, TK_E_TLS_CURVE},
        {MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE, TK_E_TLS_EXTENSION},
        {MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG, TK_E_TLS_EXTENSION},
        {MBEDTLS_ERR_X509_INVALID_EXTENSIONS + MBEDTLS_ERR_ASN1_OUT_OF_DATA,
         TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_INVALID_EXTENSIONS, TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_X509_INVALID_ALG, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_PK_UNKNOWN_PK_ALG, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_PK_INVALID_ALG, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_PK_INVALID_PUBKEY, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE, TK_E_TLS_ALGORITHM},
        {MBEDTLS_ERR_PK_KEY_INVALID_FORMAT, TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_UNKNOWN_OID, TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_INVALID_DATE + MBEDTLS_ERR_ASN1_UNEXPECTED_TAG, TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_FATAL_ERROR, TK_E_TLS_BAD_CERTIFICATE},
        {MBEDTLS_ERR_X509_FATAL_ERROR - 0x80, TK_E_TLS_FAILED}, /* of no certificate */
        {MBEDTLS_ERR_SSL_INTERNAL_ERROR, TK_E_TLS_FAILED},
        {MBEDTLS_ERR_ASN1_OUT_OF_DATA, TK_E_TLS_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (tk_certificate_error(rows[i].ret) != rows[i].err)
            fail_msg("-0x%04x: %s", -rows[i].ret, tk_err_code(tk_certificate_error(rows[i].ret)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_says_what_is_wrong_with_a_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
