/* SPDX-License-Identifier: Apache-2.0 */

/* Roots of trust that the operator adds: in pieces, over power cuts, and what a change ends. */

#define _GNU_SOURCE /* strtok_r */
#include "tk_keys.h"
#include "tk_trust.h"
#include "world.h"

#include <mbedtls/platform.h>
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

/* A common name, or attributes and their values: "O=a,CN=b". */
static void name_subject(X509_NAME *subject, const char *name)
{
    char copy[100], *save;

    strcpy(copy, name);
    for (char *at = strtok_r(copy, ",", &save); at != NULL; at = strtok_r(NULL, ",", &save)) {
        char *value = strchr(at, '=');

        if (value != NULL)
            *value = '\0';
        X509_NAME_add_entry_by_txt(subject, value == NULL ? "CN" : at, MBSTRING_ASC,
                                   (const unsigned char *)(value == NULL ? at : value + 1), -1, -1,
                                   0);
    }
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
    name_subject(subject, name);
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

static void the_name_of_a_root_is_its_common_name(void **state)
{
    static const char *const rows[][2] = {{"O=Org,emailAddress=a@b.example,CN=Root", "Root"},
                                          {"CN=Root,O=Org", "Root"},
                                          {"C=DE,O=Org", "Org"}, /* the last one there is */
                                          {"C=DE,GN=Ann", "Ann"}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cert c = make(rows[i][0], true, 1);
        char expected[100];

        sprintf(expected, " subject=%s", rows[i][1]);
        world_assert_begins(add(&c), "OK");
        assert_string_equal(strstr(w.answer, " subject="), expected);
    }
}

static void without_the_time_an_expired_root_is_added(void **state)
{
    struct cert old = make("Old", true, 366);

    (void)state;
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 100);
    world_assert_begins(add(&old), "OK sha256=");
    assert_added(1);
}

/* Both connections read a response. */
static void use_all_buffers(bool in_use)
{
    for (int i = 0; i < TK_CONNECTIONS; i++)
        w.keeper.rt.https.connections[i].in_done = in_use;
}

static void while_all_buffers_are_in_use_it_is_to_be_tried_later(void **state)
{
    struct cert c = make("Root", true, 1), another = make("Another", true, 1);
    struct tk_ca_info info;

    (void)state;
    world_assert_begins(add(&c), "OK");
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    type_pieces(&another, 0);
    use_all_buffers(true);
    assert_int_equal(tk_ca_read_info(&w.keeper.rt.ca, &w.keeper.rt.ca.roots[0], &info),
                     TK_E_TRY_LATER);
    world_assert_begins(world_type(&w, "ca add end"), "ERR try_later");
    world_assert_begins(world_type(&w, "ca add AAAA"), "ERR try_later");
    use_all_buffers(false);
    world_assert_begins(world_type(&w, "ca add end"), "OK");
    assert_added(2);
}

static void flash_that_fails_changes_no_list(void **state)
{
    struct cert c = make("Root", true, 1), another = make("Another", true, 1);
    struct tk_ca_info info;
    char del[100];

    (void)state;
    world_assert_begins(add(&c), "OK");
    sprintf(del, "ca del %.8s", c.digest);
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    type_pieces(&another, 0);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "ca add end"), "ERR storage_failed");
    world_assert_begins(world_type(&w, "ca add AAAA"), "ERR storage_failed");
    assert_int_equal(tk_ca_read_info(&w.keeper.rt.ca, &w.keeper.rt.ca.roots[0], &info),
                     TK_E_CA_INVALID);
    w.flash.off = false;
    w.flash.fail_at = w.flash.operations + 1; /* all but reads */
    w.flash.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "ca add end"), "ERR storage_failed");
    world_assert_begins(world_type(&w, del), "ERR storage_failed");
    tk_sim_flash_heal(&w.flash);
    assert_added(1);
    world_restart(&w, 100);
    assert_added(1);
    world_assert_begins(world_type(&w, "ca add end"), "OK sha256=");
    assert_added(2);
}

static void a_digest_names_one_root(void **state)
{
    struct cert c = make("Root", true, 1);
    char del[100];

    (void)state;
    world_assert_begins(add(&c), "OK");
    world_assert_begins(world_type(&w, "ca del 0123456789"), "ERR no_such_ca");
    w.keeper.rt.ca.roots[1] = w.keeper.rt.ca.roots[0]; /* another one that begins with the same */
    w.keeper.rt.ca.roots[1].digest[31] ^= 1;
    sprintf(del, "ca del %.8s", c.digest);
    world_assert_begins(world_type(&w, del), "ERR bad_value");
    sprintf(del, "ca del %s", c.digest);
    assert_string_equal(world_type(&w, del), "OK");
    assert_int_equal(w.keeper.rt.ca.roots[0].len, 0);
}

static void put(uint16_t key, const void *data, size_t len)
{
    struct tk_store_piece piece = {data, (uint16_t)len};
    struct tk_store_value value = {key, 1, &piece};

    assert_int_equal(tk_store_commit(&w.keeper.rt.storage.store, &value, 1), TK_STORE_OK);
}

static void values_of_another_length_are_rejected(void **state)
{
    static const uint8_t bytes[TK_CA_MAX + 2] = {0};
    static const size_t lens[] = {0, sizeof bytes};
    char expected[32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        put(TK_KEY_CA_ROOT, bytes, lens[i]);
        world_restart(&w, 100);
        sprintf(expected, "corrupt key=%d", TK_KEY_CA_ROOT);
        assert_string_equal(world_status(&w, "store"), expected);
        assert_added(0);
        assert_int_equal(tk_storage_put(&w.keeper.rt.storage, TK_KEY_CA_ROOT, NULL, 0), TK_OK);
        world_restart(&w, 100);
        put(TK_KEY_CA_STAGED, bytes, lens[i]);
        world_assert_begins(world_type(&w, "ca add end"), "ERR ca_not_begun");
        sprintf(expected, "corrupt key=%d", TK_KEY_CA_STAGED);
        assert_string_equal(world_status(&w, "store"), expected);
        world_restart(&w, 100);
    }
}

/* --- in a handshake --- */

static int none_ret;

static int find_none(void *trust, const mbedtls_x509_crt *child, mbedtls_x509_crt **candidates)
{
    (void)trust;
    (void)child;
    *candidates = NULL;
    return none_ret;
}

static mbedtls_x509_crt *no_memory(void)
{
    return NULL;
}

/* Adds a root, and reads it as the certificate that it issued. */
static struct cert begin_handshake(mbedtls_x509_crt *child)
{
    struct cert c = make("Root", true, 1);

    w.config.find_root = find_none;
    w.config.new_root = tk_trust_new;
    none_ret = 0;
    world_assert_begins(add(&c), "OK");
    mbedtls_x509_crt_init(child);
    assert_int_equal(mbedtls_x509_crt_parse_der(child, c.der, (size_t)c.len), 0);
    return c;
}

/* The number of roots that mbedTLS is to try; -1: an error. */
static int candidates_for(const mbedtls_x509_crt *child)
{
    mbedtls_x509_crt *list = NULL;
    int ret = tk_ca_find(&w.keeper.rt.ca, child, &list), count = 0;

    for (const mbedtls_x509_crt *crt = list; crt != NULL; crt = crt->next) {
        assert_int_equal(crt->subject_raw.len, child->issuer_raw.len);
        count++;
    }
    mbedtls_x509_crt_free(list);
    mbedtls_free(list);
    return ret == 0 ? count : -1;
}

static void an_added_root_is_a_candidate_for_its_name(void **state)
{
    mbedtls_x509_crt child, other;
    struct cert longer = make("Longer", true, 1), again = make("Root", true, 1);

    (void)state;
    (void)begin_handshake(&child);
    assert_int_equal(candidates_for(&child), 1);
    world_assert_begins(add(&again), "OK"); /* with another key */
    assert_int_equal(candidates_for(&child), 2);
    mbedtls_x509_crt_init(&other);
    assert_int_equal(mbedtls_x509_crt_parse_der(&other, longer.der, (size_t)longer.len), 0);
    assert_int_equal(candidates_for(&other), 0);
    use_all_buffers(true);
    assert_int_equal(candidates_for(&child), 0);
    mbedtls_x509_crt_free(&child);
    mbedtls_x509_crt_free(&other);
}

static void a_root_that_flash_no_longer_holds_is_no_candidate(void **state)
{
    mbedtls_x509_crt child;
    struct cert c = begin_handshake(&child);

    (void)state;
    c.der[c.len - 1] ^= 1;
    put(TK_KEY_CA_ROOT, c.der, (size_t)c.len);
    assert_int_equal(candidates_for(&child), 0);
    c.der[c.len - 1] ^= 1;
    put(TK_KEY_CA_ROOT, c.der, (size_t)c.len - 1);
    assert_int_equal(candidates_for(&child), 0);
    put(TK_KEY_CA_ROOT, c.der, (size_t)c.len);
    assert_int_equal(candidates_for(&child), 1);
    mbedtls_x509_crt_free(&child);
}

static void errors_of_the_candidates_end_the_handshake(void **state)
{
    mbedtls_x509_crt child;

    (void)state;
    (void)begin_handshake(&child);
    w.config.new_root = no_memory;
    assert_int_equal(candidates_for(&child), -1);
    w.config.new_root = tk_trust_new;
    none_ret = MBEDTLS_ERR_X509_ALLOC_FAILED;
    assert_int_equal(candidates_for(&child), -1);
    mbedtls_x509_crt_free(&child);
}

/* --- the list --- */

static void an_expired_root_is_listed_with_its_date(void **state)
{
    struct cert c = make("Root", true, 10);
    char line[200];

    (void)state;
    world_assert_begins(add(&c), "OK");
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX + 366 * 86400);
    world_restart(&w, 1000);
    world_assert_begins(world_type(&w, "ca list"), "OK added=1 ");
    snprintf(line, sizeof line, "@1 %s=until=", c.digest);
    assert_non_null(strstr(w.answer, line));
    assert_non_null(strstr(w.answer, " subject=Root\n"));
}

static void a_line_of_padding_is_no_base64(void **state)
{
    static const char *const bad[] = {"ca add =",   "ca add ==",   "ca add ====", "ca add A===",
                                      "ca add AAA", "ca add AA=A", "ca add AA-_"};

    (void)state;
    assert_string_equal(world_type(&w, "ca add begin"), "OK");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        world_assert_begins(world_type(&w, bad[i]), "ERR bad_value");
    assert_string_equal(world_type(&w, "ca add AA=="), "OK bytes=1");
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
        TEST(the_name_of_a_root_is_its_common_name),
        TEST(without_the_time_an_expired_root_is_added),
        TEST(while_all_buffers_are_in_use_it_is_to_be_tried_later),
        TEST(flash_that_fails_changes_no_list),
        TEST(a_digest_names_one_root),
        TEST(values_of_another_length_are_rejected),
        TEST(an_added_root_is_a_candidate_for_its_name),
        TEST(a_root_that_flash_no_longer_holds_is_no_candidate),
        TEST(errors_of_the_candidates_end_the_handshake),
        TEST(an_expired_root_is_listed_with_its_date),
        TEST(a_line_of_padding_is_no_base64),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
