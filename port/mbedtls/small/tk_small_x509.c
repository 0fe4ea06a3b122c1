/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_small.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <string.h>

/* --- dates --- */

static int is_date(const mbedtls_x509_time *t)
{
    int is_leap = (t->year % 100 != 0 ? t->year : t->year / 100) % 4 == 0;
    int days = t->mon == 2 ? 28 + is_leap : 30 + ((t->mon ^ t->mon >> 3) & 1);

    return t->mon >= 1 && t->mon <= 12 && t->day >= 1 && t->day <= days && t->hour < 24 &&
           t->min < 60 && t->sec < 60;
}

/* Reads numbers of two digits. */
static int read_pairs(const unsigned char *s, int *out, int count)
{
    for (; count > 0; count--, s += 2) {
        unsigned tens = s[0] - '0', ones = s[1] - '0';

        if (tens > 9 || ones > 9)
            return MBEDTLS_ERR_X509_INVALID_DATE;
        *out++ = (int)(10 * tens + ones);
    }
    return 0;
}

/* UTCTime has no century (RFC 5280 4.1.2.5). */
int tk_small_get_time(unsigned char **p, const unsigned char *end, mbedtls_x509_time *time)
{
    int is_utc = *p < end && **p == MBEDTLS_ASN1_UTC_TIME, n[7];
    size_t len, digits = is_utc ? 12 : 14;
    int ret = mbedtls_asn1_get_tag(p, end, &len,
                                   is_utc ? MBEDTLS_ASN1_UTC_TIME : MBEDTLS_ASN1_GENERALIZED_TIME);

    if (ret != 0)
        return MBEDTLS_ERR_X509_INVALID_DATE + ret;
    if (len != digits && (len != digits + 1 || (*p)[digits] != 'Z'))
        return MBEDTLS_ERR_X509_INVALID_DATE;
    ret = read_pairs(*p, n + is_utc, 7 - is_utc);
    *p += len;
    if (ret != 0)
        return ret;
    if (is_utc)
        n[0] = n[1] < 50 ? 20 : 19;
    *time = (mbedtls_x509_time){100 * n[0] + n[1], n[2], n[3], n[4], n[5], n[6]};
    return is_date(time) ? 0 : MBEDTLS_ERR_X509_INVALID_DATE;
}

/* --- extensions --- */

/* 2.5.29.x (RFC 5280 4.2.1), by x. */
static int standard_type(unsigned char x)
{
    switch (x) {
    case 14:
        return MBEDTLS_OID_X509_EXT_SUBJECT_KEY_IDENTIFIER;
    case 15:
        return MBEDTLS_OID_X509_EXT_KEY_USAGE;
    case 17:
        return MBEDTLS_OID_X509_EXT_SUBJECT_ALT_NAME;
    case 19:
        return MBEDTLS_OID_X509_EXT_BASIC_CONSTRAINTS;
    case 35:
        return MBEDTLS_OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER;
    case 37:
        return MBEDTLS_OID_X509_EXT_EXTENDED_KEY_USAGE;
    default:
        return 0;
    }
}

int tk_small_get_ext_type(const mbedtls_asn1_buf *oid, int *type)
{
    *type = 0;
    if (oid->len == 3 && memcmp(oid->p, MBEDTLS_OID_ID_CE, 2) == 0)
        *type = standard_type(oid->p[2]);
    else if (MBEDTLS_OID_CMP(MBEDTLS_OID_NS_CERT_TYPE, oid) == 0)
        *type = MBEDTLS_OID_X509_EXT_NS_CERT_TYPE;
    return *type != 0 ? 0 : MBEDTLS_ERR_OID_NOT_FOUND;
}

/* --- alternative names --- */

int tk_small_get_alt_names(unsigned char **p, const unsigned char *end,
                           mbedtls_x509_sequence *first)
{
    mbedtls_x509_sequence *last = first;

    while (*p < end) {
        mbedtls_x509_buf name = {.tag = **p};
        int ret = mbedtls_asn1_get_tag(p, end, &name.len, name.tag);

        if (ret == 0 && (name.tag & MBEDTLS_ASN1_TAG_CLASS_MASK) != MBEDTLS_ASN1_CONTEXT_SPECIFIC)
            ret = MBEDTLS_ERR_ASN1_UNEXPECTED_TAG;
        if (ret == 0 && last->buf.p != NULL) {
            last->next = mbedtls_calloc(1, sizeof *last);
            last = last->next;
            ret = last == NULL ? MBEDTLS_ERR_ASN1_ALLOC_FAILED : 0;
        }
        if (ret != 0)
            return MBEDTLS_ERR_X509_INVALID_EXTENSIONS + ret;
        name.p = *p;
        last->buf = name;
        *p += name.len;
    }
    return 0;
}

int tk_small_get_alt_name_list(unsigned char **p, const unsigned char *end,
                               mbedtls_x509_sequence *first)
{
    size_t len;
    int ret = mbedtls_asn1_get_tag(p, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);

    if (ret == 0 && *p + len != end)
        ret = MBEDTLS_ERR_ASN1_LENGTH_MISMATCH;
    return ret != 0 ? MBEDTLS_ERR_X509_INVALID_EXTENSIONS + ret
                    : tk_small_get_alt_names(p, end, first);
}

/* --- chains --- */

int tk_small_verify(mbedtls_x509_crt *chain, mbedtls_x509_crt_ca_cb_t find, void *trust,
                    const mbedtls_x509_crt_profile *profile, const char *host, uint32_t *flags,
                    int (*check)(void *, mbedtls_x509_crt *, int, uint32_t *), void *ctx)
{
    (void)host;
    *flags = UINT32_MAX;
    if (check == NULL)
        return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
    return mbedtls_x509_crt_verify_with_ca_cb(chain, find, trust, profile, NULL, flags, check, ctx);
}

int tk_small_verify_listed(mbedtls_x509_crt *chain, mbedtls_x509_crt *roots, mbedtls_x509_crl *crl,
                           const mbedtls_x509_crt_profile *profile, const char *host,
                           uint32_t *flags,
                           int (*check)(void *, mbedtls_x509_crt *, int, uint32_t *), void *ctx,
                           mbedtls_x509_crt_restart_ctx *restart)
{
    (void)chain;
    (void)roots;
    (void)crl;
    (void)profile;
    (void)host;
    (void)check;
    (void)ctx;
    (void)restart;
    *flags = UINT32_MAX;
    return MBEDTLS_ERR_X509_BAD_INPUT_DATA;
}
