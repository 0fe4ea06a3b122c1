/* SPDX-License-Identifier: Apache-2.0 */

/* Roots of trust that the operator adds: in pieces, over power cuts, and what a change ends. */

#include "world.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world w;

struct cert {
    unsigned char der[2048];
    int len;
    char digest[65];
};

static void extend(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* Self-signed, valid for a year from `days` days before WORLD_UNIX. Takes the key. nid: of a
 * further extension. */
static struct cert make_with(const char *name, bool is_ca, long days, EVP_PKEY *key, int nid,
                             const char *value)
{
    struct cert c = {.len = 0};
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);
    bool hashes = EVP_PKEY_get_base_id(key) != EVP_PKEY_ED25519;
    unsigned char hash[32], *p = c.der;

    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    ASN1_TIME_set(X509_getm_notBefore(x), WORLD_UNIX - days * 86400);
    ASN1_TIME_set(X509_getm_notAfter(x), WORLD_UNIX + (365 - days) * 86400);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, subject);
    X509_set_pubkey(x, key);
    extend(x, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (value != NULL)
        extend(x, nid, value);
    assert_true(X509_sign(x, key, hashes ? EVP_sha256() : NULL) > 0);
    c.len = i2d_X509(x, &p);
    SHA256(c.der, (size_t)c.len, hash);
    for (int i = 0; i < 32; i++)
        sprintf(c.digest + 2 * i, "%02x", hash[i]);
    X509_free(x);
    EVP_PKEY_free(key);
    return c;
}

static struct cert make(const char *name, bool is_ca, long days)
{
    return make_with(name, is_ca, days, EVP_EC_gen("P-256"), 0, NULL);
}

static int set_up(void **state)
{
    (void)state;
    world_init(&w, 17);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

/* From this byte on, 48 bytes a line. */
static void type_pieces(const struct cert *c, int from)
{
    for (int at = from; at < c->len; at += 48) {
        char line[100] = "ca add ";
        char expected[32];
        int n = c->len - at < 48 ? c->len - at : 48;

        EVP_EncodeBlock((unsigned char *)line + 7, c->der + at, n);
        sprintf(expected, "OK bytes=%d", at + n);
        assert_string_equal(world_type(&w, line), expected);
    }
}

static const char *add(const struct cert *c)
{
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    type_pieces(c, 0);
    return world_type(&w, "ca add end");
}

static void assert_added(unsigned count)
{
    char expected[32];

    sprintf(expected, "OK added=%u most=%d", count, TK_CAS);
    assert_string_equal(world_type(&w, "ca list"), expected);
}

static void an_added_root_is_kept_over_a_restart(void **state)
{
    struct cert c = make("Our Root", true, 1);
    char expected[200], line[100];

    (void)state;
    sprintf(expected, "OK sha256=%s until=", c.digest);
    world_assert_begins(add(&c), expected);
    assert_non_null(strstr(w.answer, " subject=Our\\x20Root"));
    assert_added(1);
    world_restart(&w, 100);
    assert_added(1);
    assert_non_null(strstr(w.answer, c.digest));
    assert_non_null(strstr(w.answer, "subject=Our Root"));
    sprintf(line, "ca del %.8s", c.digest);
    assert_string_equal(world_type(&w, line), "OK");
    world_assert_begins(world_type(&w, line), "ERR no_such_ca");
    world_restart(&w, 100);
    assert_added(0);
}

static void adding_continues_after_a_power_cut(void **state)
{
    struct cert c = make("Root", true, 1);
    struct cert half = c;

    (void)state;
    half.len = 96;
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    type_pieces(&half, 0);
    world_restart(&w, 100);
    assert_added(0);
    world_assert_begins(world_type(&w, "ca add end"), "ERR ca_invalid");
    type_pieces(&c, 96);
    world_assert_begins(world_type(&w, "ca add end"), "OK sha256=");
    assert_added(1);
    world_assert_begins(world_type(&w, "ca add end"), "ERR ca_not_begun");
    assert_added(1);
}

static void invalid_certificates_are_refused(void **state)
{
    struct cert good = make("Root", true, 1), leaf = make("Leaf", false, 1);
    struct cert old = make("Old", true, 366), longer = good;

    (void)state;
    world_assert_begins(world_type(&w, "ca add AAAA"), "ERR ca_not_begun");
    world_assert_begins(add(&good), "OK");
    world_assert_begins(add(&leaf), "ERR ca_invalid");
    world_assert_begins(add(&old), "ERR ca_expired");
    longer.len += 3;
    world_assert_begins(add(&longer), "ERR ca_invalid");
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    world_assert_begins(world_type(&w, "ca add end"), "ERR ca_invalid");
    for (const char *const *bad = (const char *const[]){"ca add AAA", "ca add A=AA", "ca add ====",
                                                        "ca add AA-A", "ca add AAAA AAA", NULL};
         *bad != NULL; bad++)
        world_assert_begins(world_type(&w, *bad), "ERR bad_value");
    assert_string_equal(world_type(&w, "ca add AAA="), "OK bytes=2");
    for (int i = 0; i < 30; i++) {
        char line[100] = "ca add ";

        memset(line + 7, 'A', 92);
        if (world_type(&w, line)[0] == 'E')
            break;
    }
    world_assert_begins(strstr(w.answer, "ERR"), "ERR ca_too_large");
    assert_added(1);
    world_assert_begins(world_type(&w, "ca del 0123456"), "ERR bad_value");
}

static void roots_that_cannot_be_read_are_refused_as_such(void **state)
{
    static const char constraints[] = "critical,permitted;DNS:example";
    struct cert curve = make_with("P-521", true, 1, EVP_EC_gen("P-521"), 0, NULL);
    struct cert algorithm =
        make_with("Ed25519", true, 1, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), 0, NULL);
    struct cert unknown = make_with("TLS feature", true, 1, EVP_EC_gen("P-256"), NID_tlsfeature,
                                    "critical,status_request");
    struct cert good =
        make_with("Constraints", true, 1, EVP_EC_gen("P-256"), NID_name_constraints, constraints);

    (void)state;
    world_assert_begins(add(&curve), "ERR ca_unsupported");
    world_assert_begins(add(&algorithm), "ERR ca_unsupported");
    world_assert_begins(add(&unknown), "ERR ca_unsupported");
    assert_added(0);
    world_assert_begins(add(&good), "OK");
}

static void the_number_of_roots_is_limited(void **state)
{
    struct cert c;

    (void)state;
    for (int i = 0; i < TK_CAS; i++) {
        c = make("Root", true, 1);
        world_assert_begins(add(&c), "OK");
        world_assert_begins(add(&c), "OK"); /* the same again is no error */
    }
    assert_added(TK_CAS);
    c = make("Root", true, 1);
    world_assert_begins(add(&c), "ERR ca_limit");
    assert_added(TK_CAS);
}

static void a_changed_list_ends_stored_sessions(void **state)
{
    struct cert c = make("Root", true, 1);
    struct tk_tls_session given = {.len = 300, .not_after = WORLD_UNIX + 86400, .lifetime_s = 7200};
    uint64_t before;

    (void)state;
    world_provision(&w);
    tk_account_auth_host(&w.keeper.accounts.of[0], &given.host);
    tk_https_restore_session(&w.keeper.rt.https, &given);
    world_run(&w, 20000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    world_run(&w, 5000);
    before = tk_ca_id(&w.keeper.rt.ca);
    world_assert_begins(add(&c), "OK");
    assert_null(tk_https_session(&w.keeper.rt.https, &given.host));
    assert_true(tk_ca_id(&w.keeper.rt.ca) != before);
    world_restart(&w, 100);
    assert_null(
        tk_https_session(&w.keeper.rt.https, &given.host)); /* it was stored with another list */
    world_run(&w, 20000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_added_root_is_kept_over_a_restart),
        TEST(adding_continues_after_a_power_cut),
        TEST(invalid_certificates_are_refused),
        TEST(roots_that_cannot_be_read_are_refused_as_such),
        TEST(the_number_of_roots_is_limited),
        TEST(a_changed_list_ends_stored_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
