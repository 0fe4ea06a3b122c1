/* SPDX-License-Identifier: Apache-2.0 */

/* A PEM file that an operator pastes after `ca add begin`. */

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_console.h"

struct cert {
    char pem[1500];
    char digest[96]; /* as openssl x509 -fingerprint prints it */
};

static struct cert make(const char *name)
{
    struct cert c;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
    BIO *bio = BIO_new(BIO_s_mem());
    unsigned char hash[32];

    X509_set_version(x, 2);
    ASN1_TIME_set(X509_getm_notBefore(x), WORLD_UNIX - 86400);
    ASN1_TIME_set(X509_getm_notAfter(x), WORLD_UNIX + 86400);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    X509_add_ext(x, ca, -1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    PEM_write_bio_X509(bio, x);
    c.pem[BIO_read(bio, c.pem, sizeof c.pem - 1)] = '\0';
    X509_digest(x, EVP_sha256(), hash, NULL);
    for (int i = 0; i < 32; i++)
        sprintf(c.digest + 3 * i, "%02X%s", hash[i], i < 31 ? ":" : "");
    X509_EXTENSION_free(ca);
    BIO_free(bio);
    X509_free(x);
    EVP_PKEY_free(key);
    return c;
}

/* Each line with this line end. */
static const char *paste(const char *text, const char *end)
{
    char line[200];

    out[0] = '\0';
    while (*text != '\0') {
        int len = (int)strcspn(text, "\n");
        size_t from = strlen(out);

        snprintf(line, sizeof line, "%.*s%s", len, text, end);
        tk_sim_console_feed(&w.port, 0, line, strlen(line));
        for (int i = 0; i < 20; i++) {
            tk_keeper_run(&w.keeper);
            collect();
        }
        assert_true(strlen(out) >= from);
        text += len + (text[len] == '\n');
    }
    return out;
}

static unsigned count(const char *text, const char *part)
{
    unsigned n = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        n++;
    return n;
}

static void a_file_is_taken_until_its_end(void **state)
{
    static const char *const ends[] = {"\r", "\n", "\r\n"};
    struct cert c = make("Our Root");
    char expected[200];

    (void)state;
    snprintf(expected, sizeof expected, "\r\nOK sha256=%s until=", c.digest);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_non_null(strstr(type("ca add begin\r"), "OK\r\ntk> "));
        paste(c.pem, ends[i]);
        assert_int_equal(count(out, "OK "), 1);
        assert_int_equal(count(out, "ERR"), 0);
        assert_int_equal(count(out, "tk> "), 1);
        assert_non_null(strstr(out, expected));
        assert_non_null(strstr(out, " subject=Our\\x20Root\r\ntk> "));
        assert_non_null(strstr(type("ca list\r"), "OK added=1 "));
        assert_non_null(strstr(out, c.digest));
    }
    snprintf(expected, sizeof expected, "ca del %.11s\r", c.digest); /* in capitals, with colons */
    assert_non_null(strstr(type(expected), "\r\nOK\r\n"));
    assert_non_null(strstr(type("ca list\r"), "OK added=0 "));
}

static void several_certificates_and_comments_are_taken(void **state)
{
    struct cert a = make("First"), b = make("Second");
    char file[4000];

    (void)state;
    snprintf(file, sizeof file,
             "Our first root\n==============\nsubject=CN = First\n# remark\n%s\n"
             "Our second root\n%stime\n",
             a.pem, b.pem);
    type("ca add begin\r");
    paste(file, "\r\n");
    assert_int_equal(count(out, "OK sha256="), 2);
    assert_int_equal(count(out, "(ignored: no certificate)"), 4);
    assert_int_equal(count(out, "ERR"), 0);
    assert_non_null(strstr(out, a.digest));
    assert_non_null(strstr(out, b.digest));
    assert_non_null(strstr(out, "OK time=2026-")); /* a command ends it */
    assert_non_null(strstr(type("remark\r"), "ERR unknown_command "));
}

static void a_damaged_file_is_refused_at_its_end(void **state)
{
    struct cert c = make("Damaged");
    char *line = strchr(c.pem, '\n') + 1;

    (void)state;
    type("ca add begin\r");
    line[9] = '!';
    paste(c.pem, "\r");
    assert_int_equal(count(out, "ERR "), 1);
    assert_non_null(strstr(out, "END CERTIFICATE-----\r\nERR ca_invalid "));
    assert_non_null(strstr(type("ca list\r"), "OK added=0 "));
}

#define KEY "-----BEGIN EC PRIVATE KEY-----\nMEECAQAwEwYHKoZIzj0C\n"

/* Its base64 is not echoed. */
static void a_private_key_is_not_taken(void **state)
{
    static const char *const before[] = {"", "ca add begin\r"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        type(before[i]);
        paste(KEY "-----END EC PRIVATE KEY-----\n", "\r");
        assert_int_equal(count(out, "ERR ca_invalid "), 1);
        assert_int_equal(count(out, "ERR "), 1);
        assert_null(strstr(out, "MEEC"));
        assert_null(strstr(type("\x10"), "MEEC"));
        assert_non_null(strstr(type("\x15ref\r"), "ref\r\ntoken=no_client\r\nOK ref=token"));
    }
    paste(KEY, "\r");
    assert_null(strstr(type("MEECBQ\x03"), "MEEC"));
    assert_non_null(strstr(type("ref\r"), "ref\r\ntoken=no_client\r\nOK ref=token"));
}

static void a_command_ends_an_unfinished_file(void **state)
{
    (void)state;
    type("ca add begin\r-----BEGIN CERTIFICATE-----\rMEECAQAwEwYHKoZIzj0C\r");
    assert_non_null(strstr(type("ref\r"), "OK ref=token"));
    assert_non_null(strstr(type("remark\r"), "ERR unknown_command "));
}

/* A program's lines are commands; without `ca add begin` nothing is taken. */
static void other_lines_are_commands(void **state)
{
    struct cert c = make("Unasked");

    (void)state;
    paste(c.pem, "\r");
    assert_int_equal(count(out, "OK"), 0);
    assert_true(count(out, "ERR unknown_command") > 5);
    type("ca add begin\r-----BEGIN CERTIFICATE-----\r");
    assert_string_equal(world_type(&w, "-----END CERTIFICATE-----"),
                        "ERR unknown_command type help for the list");
    assert_string_equal(world_type(&w, "ref"), "OK ref=token");
    assert_non_null(strstr(type("\x03-----END CERTIFICATE-----\r"), "ERR unknown_command "));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_taken_until_its_end),
        TEST(several_certificates_and_comments_are_taken),
        TEST(a_damaged_file_is_refused_at_its_end),
        TEST(a_private_key_is_not_taken),
        TEST(a_command_ends_an_unfinished_file),
        TEST(other_lines_are_commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
