/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_trust.h"

#include "tk_x509.h"

#include <mbedtls/asn1.h>
#include <mbedtls/platform.h>
#include <mbedtls/sha256.h>

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

/* A root that mbedTLS cannot parse is skipped. */
static int add(mbedtls_x509_crt **list, const struct tk_root *root)
{
    mbedtls_x509_crt *crt = tk_trust_new();
    int ret =
        crt == NULL ? MBEDTLS_ERR_X509_ALLOC_FAILED : tk_x509_parse(crt, root->der, root->len, 0);

    if (ret == 0) {
        crt->next = *list;
        *list = crt;
        return 0;
    }
    mbedtls_free(crt);
    return ret == MBEDTLS_ERR_X509_ALLOC_FAILED ? ret : 0;
}

int tk_trust_find(void *ctx, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
    const struct tk_trust *trust = ctx;
    mbedtls_x509_buf issuer, subject;
    int ret = 0;

    *candidates = NULL;
    for (size_t i = 0; i < trust->count && ret == 0; i++) {
        const struct tk_root *root = &trust->roots[i];

        if (tk_x509_names(root->der, root->len, &issuer, &subject) == 0 &&
            same_name(&subject, &child->issuer_raw))
            ret = add(candidates, root);
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
