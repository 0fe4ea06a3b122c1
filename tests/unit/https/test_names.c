/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_names.c on hand-made and damaged names and constraints; chains/ has those of
 * whole certificates. */

#include "tk_names.h"

#include <mbedtls/oid.h>
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

/* --- hand-made --- */

struct der {
    unsigned char p[120];
    size_t len;
};

static struct der bytes(const char *p, size_t len)
{
    struct der d = {.len = len};

    memcpy(d.p, p, len);
    return d;
}

static struct der join(struct der a, struct der b)
{
    memcpy(a.p + a.len, b.p, b.len);
    a.len += b.len;
    return a;
}

static struct der wrap(int tag, struct der in)
{
    struct der d = bytes((char[]){(char)tag, (char)in.len}, 2);

    return join(d, in);
}

/* NameConstraints with one subtree, which is permitted, as the only extension. */
static struct der permitted(int tag, const char *base, size_t len)
{
    struct der subtrees = wrap(0xa0, wrap(0x30, wrap(tag, bytes(base, len))));
    struct der value = wrap(4, wrap(0x30, subtrees));

    return wrap(0x30, wrap(0x30, join(bytes("\6\3\x55\x1d\x1e", 5), value)));
}

static bool permits_address(struct der d)
{
    return permits(d.p, d.len, 0x87, "\x0a\1\1\1", 4);
}

static void names_that_cannot_be_compared_are_refused(void **state)
{
    static const char network[32] = {10, 1, 1, 1, (char)255, (char)255, (char)255, (char)255};

    (void)state;
    assert_true(permits_address(permitted(0x87, network, 8)));
    assert_false(permits_address(permitted(0x87, network, 32))); /* of the other family */
    assert_false(permits_address(permitted(0x87, network, 7)));
    assert_false(permits_address(permitted(0x87, network, 4)));
    assert_false(permits_address(permitted(0x87, network, 0)));
}

static void other_extensions_are_passed_over(void **state)
{
    struct der constraints = permitted(0x82, "acme.example", 12), all;
    struct der info = wrap(0x30, bytes("\6\x08\x2b\6\1\5\5\7\1\1\4\2\x30\0", 14));
    struct der one = bytes((char *)constraints.p + 2, constraints.len - 2);

    (void)state;
    all = wrap(0x30, join(join(info, wrap(0x30, bytes("", 0))), one));
    assert_true(permits_host(all.p, (int)all.len, "acme.example"));
    assert_false(permits_host(all.p, (int)all.len, "other.example"));
    all = wrap(0x30, info);
    assert_true(permits_host(all.p, (int)all.len, "other.example"));
    assert_true(permits_host(all.p, 0, "other.example")); /* no extension */
}

/* RFC 5280 4.2.1.10; a dot in front is no name of its own. */
static void an_empty_constraint_is_the_whole_name_space(void **state)
{
    struct der all = permitted(0x82, "", 0), below = permitted(0x82, ".acme.example", 13);

    (void)state;
    assert_true(permits_host(all.p, (int)all.len, "any.example"));
    assert_true(permits_host(below.p, (int)below.len, "www.acme.example"));
    assert_false(permits_host(below.p, (int)below.len, "acme.example"));
    assert_false(permits_host(below.p, (int)below.len, "notacme.example"));
}

static bool permits_directory(const char *base, size_t base_len, const char *name, size_t name_len)
{
    struct der d = permitted(0xa4, base, base_len);

    return permits(d.p, d.len, 0xa4, name, name_len);
}

/* SEQUENCE of attributes; those of the constraint come first. */
static void directory_names_are_compared_whole(void **state)
{
    (void)state;
    assert_true(permits_directory("\x30\2ab", 4, "\x30\2ab", 4));
    assert_true(permits_directory("\x30\2ab", 4, "\x30\3abc", 5));
    assert_true(permits_directory("\x30\0", 2, "\x30\2ab", 4));
    assert_false(permits_directory("\x30\2ab", 4, "\x30\2ac", 4));
    assert_false(permits_directory("\x30\3abc", 5, "\x30\2ab", 4));
    assert_false(permits_directory("\x30\2ab", 4, "\x30\3ab", 4)); /* damaged */
    assert_false(permits_directory("\x30\3ab", 4, "\x30\2ab", 4));
    assert_false(permits_directory("", 0, "\x30\2ab", 4));
}

/* --- the host --- */

static mbedtls_x509_name attribute(const char *oid, size_t len, const char *value)
{
    mbedtls_x509_name n = {.oid = {.p = (unsigned char *)oid, .len = len}};

    n.val.p = (unsigned char *)value;
    n.val.len = strlen(value);
    return n;
}

/* Where there are no alternative names. */
static void a_host_is_one_of_the_common_names(void **state)
{
    struct tk_addr address = {4, {10, 0, 0, 1}};
    mbedtls_x509_name first, second = attribute("\x55\4\3", 3, "*.acme.example");
    mbedtls_x509_crt crt;

    (void)state;
    mbedtls_x509_crt_init(&crt);
    first = attribute("\x55\4\xa", 3, "localhost"); /* an organization */
    first.next = &second;
    crt.subject = first;
    assert_true(tk_names_match(&crt, "www.acme.example", NULL));
    assert_false(tk_names_match(&crt, "acme.example", NULL));
    assert_false(tk_names_match(&crt, "localhost", NULL));
    crt.subject.oid.p = (unsigned char *)"\x55\4\3";
    assert_true(tk_names_match(&crt, "localhost", NULL));
    second = attribute("\x55\4\3", 3, "*.0.0.1");
    assert_false(tk_names_match(&crt, "10.0.0.1", &address)); /* no pattern for addresses */
    second = attribute("\x55\4\3", 3, "10.0.0.1");
    assert_true(tk_names_match(&crt, "10.0.0.1", &address));
    /* an unstructuredName, PKCS #9, as long as that of mail */
    second = attribute("\x2a\x86\x48\x86\xf7\x0d\1\x09\2", 9, "10.0.0.1");
    assert_false(tk_names_match(&crt, "10.0.0.1", &address));
}

static void an_address_has_all_its_bytes(void **state)
{
    static const char sixteen[16] = {10, 0, 0, 1};
    struct tk_addr v4 = {4, {10, 0, 0, 1}}, v6 = {6, {10, 0, 0, 1}};
    mbedtls_x509_crt crt;

    (void)state;
    mbedtls_x509_crt_init(&crt);
    crt.MBEDTLS_PRIVATE(ext_types) = MBEDTLS_X509_EXT_SUBJECT_ALT_NAME;
    crt.subject_alt_names.buf =
        (mbedtls_x509_buf){.tag = 0x87, .len = 4, .p = (unsigned char *)sixteen};
    assert_true(tk_names_match(&crt, "10.0.0.1", &v4));
    assert_false(tk_names_match(&crt, "a00:1::", &v6));
    crt.subject_alt_names.buf.len = 16;
    assert_false(tk_names_match(&crt, "10.0.0.1", &v4));
    assert_true(tk_names_match(&crt, "a00:1::", &v6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_whole_constraints),
        cmocka_unit_test(survives_damage),
        cmocka_unit_test(permits_nothing_where_it_is_malformed),
        cmocka_unit_test(names_that_cannot_be_compared_are_refused),
        cmocka_unit_test(other_extensions_are_passed_over),
        cmocka_unit_test(an_empty_constraint_is_the_whole_name_space),
        cmocka_unit_test(directory_names_are_compared_whole),
        cmocka_unit_test(a_host_is_one_of_the_common_names),
        cmocka_unit_test(an_address_has_all_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
