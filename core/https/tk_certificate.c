/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_certificate.h"

#include "tk_calendar.h"

#include <string.h>

int64_t tk_certificate_not_after(const mbedtls_x509_crt *crt)
{
    const mbedtls_x509_time *t = &crt->valid_to;
    struct tk_calendar c = {t->year, t->mon, t->day, t->hour, t->min, t->sec};

    return tk_calendar_to_unix(&c);
}

bool tk_certificate_is_self_signed(const mbedtls_x509_crt *crt)
{
    return crt->issuer_raw.len == crt->subject_raw.len &&
           memcmp(crt->issuer_raw.p, crt->subject_raw.p, crt->issuer_raw.len) == 0;
}

enum tk_err tk_certificate_error(uint32_t flags, bool self_signed)
{
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
        return self_signed ? TK_E_TLS_SELF_SIGNED : TK_E_TLS_UNTRUSTED;
    if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
        return TK_E_TLS_NAME;
    if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
        return TK_E_TLS_EXPIRED;
    if (flags & MBEDTLS_X509_BADCERT_FUTURE)
        return TK_E_TLS_NOT_YET;
    return TK_E_TLS_WEAK;
}
