/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_trust.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>
#include <mbedtls/sha256.h>

#define SEQUENCE (MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE)
#define VERSION  (MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0)

static int skip(unsigned char **p, const unsigned char *end, int tag)
{
    size_t len;
    int ret = mbedtls_asn1_get_tag(p, end, &len, tag);

    if (ret == 0)
        *p += len;
    return ret;
}

/* Finds the DER of the subject (RFC 5280 4.1): certificate { tbs { [0] version, serial, signature,
 * issuer, validity, subject ... */
static int find_subject(const struct tk_root *root, mbedtls_x509_buf *subject)
{
    unsigned char *p = (unsigned char *)root->der;
    const unsigned char *end = p + root->len;
    size_t len;

    if (mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE) != 0 ||
        mbedtls_asn1_get_tag(&p, end, &len, SEQUENCE) != 0)
        return -1;
    (void)skip(&p, end, VERSION); /* version 1 has none */
    if (skip(&p, end, MBEDTLS_ASN1_INTEGER) != 0 || skip(&p, end, SEQUENCE) != 0 ||
        skip(&p, end, SEQUENCE) != 0 || skip(&p, end, SEQUENCE) != 0)
        return -1;
    subject->p = p;
    if (skip(&p, end, SEQUENCE) != 0)
        return -1;
    subject->len = (size_t)(p - subject->p);
    return 0;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int is_string_tag(int c)
{
    return c == MBEDTLS_ASN1_UTF8_STRING || c == MBEDTLS_ASN1_PRINTABLE_STRING;
}

/* A pre-filter: mbedTLS compares the names again. Names of cross-signed roots differ in string type
 * and letter case. */
static int same_name(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
    if (a->len != b->len)
        return 0;
    for (size_t i = 0; i < a->len; i++) {
        if (lower(a->p[i]) != lower(b->p[i]) && !(is_string_tag(a->p[i]) && is_string_tag(b->p[i])))
            return 0;
    }
    return 1;
}

mbedtls_x509_crt *tk_trust_new(void)
{
    mbedtls_x509_crt *crt = mbedtls_calloc(1, sizeof *crt);

    if (crt != NULL)
        mbedtls_x509_crt_init(crt);
    return crt;
}

static int add(mbedtls_x509_crt **list, const struct tk_root *root)
{
    if (*list == NULL)
        *list = tk_trust_new();
    if (*list == NULL)
        return MBEDTLS_ERR_X509_ALLOC_FAILED;
    int ret = mbedtls_x509_crt_parse_der_nocopy(*list, root->der, root->len);

    /* A root that mbedTLS cannot parse is skipped. */
    return ret == MBEDTLS_ERR_X509_ALLOC_FAILED ? ret : 0;
}

int tk_trust_find(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
    const struct tk_trust *trust = ctx;
    mbedtls_x509_buf subject;
    int ret = 0;

    *candidates = NULL;
    for (size_t i = 0; i < trust->count && ret == 0; i++) {
        if (find_subject(&trust->roots[i], &subject) == 0 &&
            same_name(&subject, &child->issuer_raw))
            ret = add(candidates, &trust->roots[i]);
    }
    if (ret != 0) {
        mbedtls_x509_crt_free(*candidates);
        mbedtls_free(*candidates);
        *candidates = NULL;
    }
    return ret;
}

uint64_t tk_trust_id(const struct tk_trust *trust)
{
    mbedtls_sha256_context sha;
    uint8_t digest[32];
    uint64_t id = 0;

    mbedtls_sha256_init(&sha);
    (void)mbedtls_sha256_starts(&sha, 0);
    for (size_t i = 0; i < trust->count; i++)
        (void)mbedtls_sha256_update(&sha, trust->roots[i].der, trust->roots[i].len);
    (void)mbedtls_sha256_finish(&sha, digest);
    mbedtls_sha256_free(&sha);
    for (int i = 0; i < 8; i++)
        id = id << 8 | digest[i];
    return id;
}
