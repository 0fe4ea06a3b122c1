/* SPDX-License-Identifier: Apache-2.0 */

/* port/mbedtls: certificates that mbedTLS cannot read, in a server's chain and among the roots. */

#include "tk_trust.h"
#include "tk_x509.h"

#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

enum kind { READABLE, CURVE, ALGORITHM, EXTENSION, CONSTRAINTS, KINDS };

static struct tk_root made[KINDS];

static EVP_PKEY *make_key(enum kind kind)
{
    return kind == ALGORITHM ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                             : EVP_EC_gen(kind == CURVE ? "P-521" : "P-256");
}

static void extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_int_equal(X509_add_ext(x, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* A self-signed authority; all have the same name. */
static void make(enum kind kind)
{
    EVP_PKEY *key = make_key(kind);
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    unsigned char *der = NULL;

    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"Root", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    extend(x, NID_basic_constraints, "critical,CA:TRUE");
    if (kind == EXTENSION)
        extend(x, NID_tlsfeature, "critical,status_request");
    if (kind == CONSTRAINTS)
        extend(x, NID_name_constraints, "critical,permitted;DNS:example");
    assert_true(X509_sign(x, key, kind == ALGORITHM ? NULL : EVP_sha256()) > 0);
    int len = i2d_X509(x, &der);

    assert_true(len > 0);
    made[kind] = (struct tk_root){der, (size_t)len};
    X509_free(x);
    EVP_PKEY_free(key);
}

static int set_up(void **state)
{
    (void)state;
    for (enum kind kind = READABLE; kind < KINDS; kind++)
        make(kind);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (enum kind kind = READABLE; kind < KINDS; kind++)
        OPENSSL_free((void *)made[kind].der);
    return 0;
}

static int parse_peer(mbedtls_x509_crt *chain, enum kind kind)
{
    return tk_x509_parse_peer(chain, made[kind].der, made[kind].len);
}

/* --- a server's chain --- */

static void a_leaf_must_be_readable(void **state)
{
    static const int errors[KINDS] = {[CURVE] = MBEDTLS_ERR_PK_UNKNOWN_NAMED_CURVE,
                                      [ALGORITHM] = MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG,
                                      [EXTENSION] = MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE};
    mbedtls_x509_crt chain;

    (void)state;
    for (enum kind kind = READABLE; kind < KINDS; kind++) {
        mbedtls_x509_crt_init(&chain);
        int ret = parse_peer(&chain, kind);

        assert_int_equal(ret - ret % 128, errors[kind]);
        /* which mbedTLS would ignore */
        assert_int_not_equal(ret, MBEDTLS_ERR_X509_UNKNOWN_SIG_ALG + MBEDTLS_ERR_OID_NOT_FOUND);
        mbedtls_x509_crt_free(&chain);
    }
}

static void others_are_kept_with_their_names_alone(void **state)
{
    static const enum kind sent[] = {READABLE, CURVE, ALGORITHM, EXTENSION, CONSTRAINTS, READABLE};
    const mbedtls_x509_crt *crt;
    mbedtls_x509_crt chain;
    int i = 0;

    (void)state;
    mbedtls_x509_crt_init(&chain);
    for (i = 0; i < 6; i++)
        assert_int_equal(parse_peer(&chain, sent[i]), 0);
    for (i = 0, crt = &chain; crt != NULL; i++, crt = crt->next) {
        bool readable = sent[i] == READABLE || sent[i] == CONSTRAINTS;

        assert_int_equal(crt->version < 0, !readable);
        assert_int_equal(mbedtls_pk_get_type(&crt->pk) == MBEDTLS_PK_NONE, !readable);
        assert_int_equal(crt->raw.len, made[sent[i]].len);
        assert_int_equal(crt->subject_raw.len, chain.subject_raw.len);
        assert_memory_equal(crt->subject_raw.p, chain.subject_raw.p, crt->subject_raw.len);
        assert_memory_equal(crt->issuer_raw.p, chain.issuer_raw.p, crt->issuer_raw.len);
    }
    assert_int_equal(i, 6);
    mbedtls_x509_crt_free(&chain);
}

static void what_is_no_certificate_is_refused(void **state)
{
    mbedtls_x509_crt chain;
    unsigned char zeros[200] = {0};

    (void)state;
    mbedtls_x509_crt_init(&chain);
    assert_int_equal(parse_peer(&chain, READABLE), 0);
    assert_int_equal(tk_x509_parse_peer(&chain, zeros, sizeof zeros),
                     MBEDTLS_ERR_X509_INVALID_FORMAT);
    for (size_t len = 1; len < made[CURVE].len && len < 100; len++)
        assert_int_not_equal(tk_x509_parse_peer(&chain, made[READABLE].der, len), 0);
    assert_null(chain.next);
    mbedtls_x509_crt_free(&chain);
}

/* --- roots --- */

static size_t count_candidates(const struct tk_root *roots, size_t count)
{
    struct tk_trust trust = {roots, count};
    mbedtls_x509_crt child, *candidates = NULL;
    size_t found = 0;

    mbedtls_x509_crt_init(&child);
    assert_int_equal(parse_peer(&child, READABLE), 0);
    assert_int_equal(tk_trust_find(&trust, &child, &candidates), 0);
    for (const mbedtls_x509_crt *crt = candidates; crt != NULL; crt = crt->next) {
        assert_int_equal(crt->version, 3); /* 0: an empty one */
        found++;
    }
    mbedtls_x509_crt_free(candidates);
    mbedtls_free(candidates);
    mbedtls_x509_crt_free(&child);
    return found;
}

static void roots_that_cannot_be_read_are_no_candidates(void **state)
{
    (void)state;
    assert_int_equal(count_candidates(&made[READABLE], 1), 1);
    assert_int_equal(count_candidates(&made[CURVE], 1), 0);
    assert_int_equal(count_candidates(&made[CURVE], 3), 0);
    assert_int_equal(count_candidates(made, KINDS), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_must_be_readable),
        cmocka_unit_test(others_are_kept_with_their_names_alone),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(roots_that_cannot_be_read_are_no_candidates),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
