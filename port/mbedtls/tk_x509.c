/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_x509.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <string.h>

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)
#define VERSION  (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0)

/* --- extensions --- */

/* The last octet of 2.5.29.x (RFC 5280 4.2.1). Without a demand for policies, those restrict
 * nothing. */
static const unsigned char accepted[] = {
    30 /* nameConstraints */, 31 /* cRLDistributionPoints */, 32 /* certificatePolicies */,
    33 /* policyMappings */,  36 /* policyConstraints */,     54 /* inhibitAnyPolicy */};

/* An mbedtls_x509_crt_ext_cb_t, for the extensions that mbedTLS does not know. */
static int accept_extension(void *ctx, const mbedtls_x509_crt *crt, const mbedtls_x509_buf *oid,
                            int critical, const unsigned char *p, const unsigned char *end)
{
    (void)ctx;
    (void)crt;
    (void)critical;
    (void)p;
    (void)end;
    if (oid->len == 3 && oid->p[0] == 0x55 && oid->p[1] == 29 &&
        memchr(accepted, oid->p[2], sizeof accepted) != NULL)
        return 0;
    return MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE;
}

int tk_x509_parse(mbedtls_x509_crt *chain, const unsigned char *der, size_t len, int copy)
{
    return mbedtls_x509_crt_parse_der_with_ext_cb(chain, der, len, copy, accept_extension, NULL);
}

/* --- names --- */

static int skip(unsigned char **p, const unsigned char *end, int tag)
{
    size_t len;
    int ret = mbedtls_asn1_get_tag(p, end, &len, tag);

    if (ret == 0)
        *p += len;
    return ret;
}

static int find_name(unsigned char **p, const unsigned char *end, mbedtls_x509_buf *name)
{
    name->p = *p;
    if (skip(p, end, SEQUENCE) != 0)
        return -1;
    name->len = (size_t)(*p - name->p);
    return 0;
}

/* RFC 5280 4.1: certificate { tbs { [0] version, serial, signature, issuer, validity, subject ...
 */
int tk_x509_names(const unsigned char *der, size_t len, mbedtls_x509_buf *issuer,
                  mbedtls_x509_buf *subject)
{
    unsigned char *p = (unsigned char *)der;
    const unsigned char *end = p + len;

    if (mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE) != 0 ||
        mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE) != 0)
        return -1;
    (void)skip(&p, end, VERSION); /* version 1 has none */
    if (skip(&p, end, MBEDTLS_ASN1_INTEGER) != 0 || skip(&p, end, SEQUENCE) != 0 ||
        find_name(&p, end, issuer) != 0 || skip(&p, end, SEQUENCE) != 0)
        return -1;
    return find_name(&p, end, subject);
}

/* --- a server's certificates --- */

static int append_unreadable(mbedtls_x509_crt *chain, const unsigned char *der, size_t len, int why)
{
    mbedtls_x509_crt *crt = mbedtls_calloc(1, sizeof *crt);

    if (crt == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    mbedtls_x509_crt_init(crt);
    crt->version = why;
    crt->raw.p = (unsigned char *)der;
    crt->raw.len = len;
    if (tk_x509_names(der, len, &crt->issuer_raw, &crt->subject_raw) != 0) {
        mbedtls_free(crt);
        return MBEDTLS_ERR_X509_INVALID_FORMAT;
    }
    while (chain->next != NULL)
        chain = chain->next;
    chain->next = crt;
    return 0;
}

static int parse_peer(mbedtls_x509_crt *chain, const unsigned char *der, size_t len, int copy)
{
    int is_leaf = chain->version == 0;
    int ret = tk_x509_parse(chain, der, len, copy);

    if (ret == 0 || ret == MBEDTLS_ERR_X509_ALLOC_FAILED)
        return ret;
    if (!is_leaf)
        return append_unreadable(chain, der, len, ret);
    /* mbedTLS would go on, and take the next certificate for the leaf */
    return ret == MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND
               ? MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG
               : ret;
}

int tk_x509_parse_peer(mbedtls_x509_crt *chain, const unsigned char *der, size_t len)
{
    return parse_peer(chain, der, len, 1);
}

int tk_x509_parse_peer_nocopy(mbedtls_x509_crt *chain, const unsigned char *der, size_t len)
{
    return parse_peer(chain, der, len, 0);
}
