/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_certificate.h"

#include "tk_calendar.h"

#include <string.h>

static int64_t unix_of(const mbedtls_x509_time *t)
{
    struct tk_calendar c = {t->year, t->mon, t->day, t->hour, t->min, t->sec};

    return tk_calendar_to_unix(&c);
}

int64_t tk_certificate_not_before(const mbedtls_x509_crt *crt)
{
    return unix_of(&crt->valid_from);
}

int64_t tk_certificate_not_after(const mbedtls_x509_crt *crt)
{
    return unix_of(&crt->valid_to);
}

bool tk_certificate_is_self_signed(const mbedtls_x509_crt *crt)
{
    return crt->issuer_raw.len == crt->subject_raw.len &&
           memcmp(crt->issuer_raw.p, crt->subject_raw.p, crt->issuer_raw.len) == 0;
}

/* An error of mbedTLS is a multiple of 128 of one module, and a smaller one of another. */
enum tk_err tk_certificate_error(int ret)
{
    int low = -ret & 0x7f;

    switch (ret + low) {
    case MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE:
        return TK_E_TLS_CURVE;
    case MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE:
        return TK_E_TLS_EXTENSION;
    case MBEDTLS_ERR_X509_INVALID_EXTENSIONS:
        return low == -MBEDTLS_ERR_ASN1_UNEXPECTED_TAG ? TK_E_TLS_EXTENSION
                                                       : TK_E_TLS_BAD_CERTIFICATE;
    case MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG:
    case MBEDTLS_ERR_X509_INVALID_ALG:
    case MBEDTLS_ERR_PK_UNKNOWN_PK_ALG:
    case MBEDTLS_ERR_PK_INVALID_ALG:
    case MBEDTLS_ERR_PK_INVALID_PUBKEY:
    case MBEDTLS_ERR_PK_FEATURE_UNAVAILABLE:
    case MBEDTLS_ERR_ECP_FEATURE_UNAVAILABLE: /* a compressed point, an explicit curve */
        return TK_E_TLS_ALGORITHM;
    case MBEDTLS_ERR_PK_KEY_INVALID_FORMAT:
        return TK_E_TLS_BAD_CERTIFICATE;
    default:
        return ret < MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && ret >= MBEDTLS_ERR_X509_FATAL_ERROR
                   ? TK_E_TLS_BAD_CERTIFICATE
                   : TK_E_TLS_FAILED;
    }
}
