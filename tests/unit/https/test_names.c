/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_names.c on damaged name constraints; what is right of whole ones is in chains/. */

#include "tk_names.h"

#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 20000

static const char CONSTRAINTS[] = "permitted;DNS:acme.example,permitted;IP:10.0.0.0/255.0.0.0,"
                                  "excluded;DNS:evil.acme.example,excluded;email:mail.example";

/* The extensions of a certificate, in DER: SEQUENCE { Extension }. */
static unsigned char *extensions(int *len)
{
    X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, NULL, NID_name_constraints, CONSTRAINTS);
    STACK_OF(X509_EXTENSION) *all = sk_X509_EXTENSION_new_null();
    unsigned char *der = NULL;

    assert_non_null(one);
    assert_int_equal(sk_X509_EXTENSION_push(all, one), 1);
    *len = i2d_X509_EXTENSIONS(all, &der);
    assert_true(*len > 60);
    sk_X509_EXTENSION_pop_free(all, X509_EXTENSION_free);
    return der;
}

static bool permits(unsigned char *der, size_t len, int tag, const char *name, size_t name_len)
{
    mbedtls_x509_crt authority, crt;

    mbedtls_x509_crt_init(&authority);
    mbedtls_x509_crt_init(&crt);
    authority.v3_ext.p = der;
    authority.v3_ext.len = len;
    crt.subject_alt_names.buf.tag = tag;
    crt.subject_alt_names.buf.p = (unsigned char *)name;
    crt.subject_alt_names.buf.len = name_len;
    return tk_names_permitted(&authority, &crt, true);
}

static bool permits_host(unsigned char *der, int len, const char *host)
{
    return permits(der, (size_t)len, 0x82, host, strlen(host));
}

static void reads_whole_constraints(void **state)
{
    int len;
    unsigned char *der = extensions(&len);

    (void)state;
    assert_true(permits_host(der, len, "acme.example"));
    assert_true(permits_host(der, len, "www.acme.example"));
    assert_false(permits_host(der, len, "evil.acme.example"));
    assert_false(permits_host(der, len, "example"));
    assert_false(permits_host(der, len, ""));
    assert_true(permits(der, (size_t)len, 0x87, "\x0a\1\1\1", 4));
    assert_false(permits(der, (size_t)len, 0x87, "\x0b\1\1\1", 4));
    assert_false(permits(der, (size_t)len, 0x87, "\x0a\1\1\1\0\0\0\0\0\0\0\0\0\0\0\0", 16));
    assert_false(permits(der, (size_t)len, 0x81, "me@any.example", 14));
    OPENSSL_free(der);
}

/* mbedTLS has parsed the lengths up to the OCTET STRING, which stay as they are. What is in it may
 * be anything; whatever it is, memory is read only inside (as sanitizers and valgrind see). */
static void survives_damage(void **state)
{
    enum { INSIDE = 2 + 2 + 5 + 2 };
    unsigned permitted = 0;
    int len;
    unsigned char *der = extensions(&len);

    (void)state;
    srand(1);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char *copy = malloc((size_t)len);

        memcpy(copy, der, (size_t)len);
        for (int changes = 1 + rand() % 3; changes > 0; changes--)
            copy[INSIDE + rand() % (len - INSIDE)] = (unsigned char)rand();
        permitted += permits_host(copy, len, "www.acme.example");
        permitted += permits(copy, (size_t)len, 0x87, "\x0a\1\1\1", 4);
        free(copy);
    }
    assert_in_range(permitted, ROUNDS / 10, 2 * ROUNDS - ROUNDS / 10);
    OPENSSL_free(der);
}

/* A length that is too short or too long for what it holds. */
static void permits_nothing_where_it_is_malformed(void **state)
{
    enum { CONTENT = 2 + 2 + 5 + 2 + 2 }; /* of NameConstraints: [0] permitted, [1] excluded */
    int len;
    unsigned char *der = extensions(&len);

    (void)state;
    for (int less = 1; less < der[CONTENT + 1]; less++) {
        unsigned char length = der[CONTENT + 1];

        der[CONTENT + 1] = (unsigned char)(length - less);
        assert_false(permits_host(der, len, "www.acme.example"));
        der[CONTENT + 1] = length;
    }
    der[CONTENT + 1]++;
    assert_false(permits_host(der, len, "www.acme.example"));
    der[CONTENT - 1]++;
    assert_false(permits_host(der, len, "any.example"));
    OPENSSL_free(der);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_constraints),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(permits_nothing_where_it_is_malformed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
