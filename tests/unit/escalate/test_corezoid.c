/* SPDX-License-Identifier: Apache-2.0 */

/* Corezoid's API: SHA-1 compared with published vectors and OpenSSL, signatures, answers. */

#include "tk_corezoid.h"
#include "tk_sha1.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>

static void digest_of(const char *s, size_t len, size_t step, uint8_t out[TK_SHA1_SIZE])
{
    struct tk_sha1 sha1;

    tk_sha1_begin(&sha1);
    for (size_t at = 0; at < len; at += step)
        tk_sha1_add(&sha1, s + at, len - at < step ? len - at : step);
    tk_sha1_end(&sha1, out);
}

/* The examples of FIPS 180, and the empty message. */
static void sha1_of_published_test_vectors(void **state)
{
    static const struct {
        const char *message, *hex;
    } cases[] = {
        {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
        {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[TK_SHA1_SIZE];
        char hex[2 * TK_SHA1_SIZE + 1];
        struct tk_text t;

        digest_of(cases[i].message, strlen(cases[i].message), 64, out);
        tk_text_init(&t, hex, sizeof hex);
        tk_text_hex(&t, out, sizeof out);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void sha1_of_every_length_in_pieces(void **state)
{
    char data[300];
    uint8_t ours[TK_SHA1_SIZE], theirs[TK_SHA1_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (char)(i * 37 + 11);
    for (size_t len = 0; len <= sizeof data; len++) {
        SHA1((const unsigned char *)data, len, theirs);
        for (size_t step = 1; step < 140; step += 23) {
            digest_of(data, len, step, ours);
            assert_memory_equal(ours, theirs, TK_SHA1_SIZE);
        }
    }
}

static void signs_as_documented(void **state)
{
    static const char body[] = "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\",\"conv_id\":12345,"
                               "\"data\":{\"test_id\":\"123\"},\"ref\":\"1559655803\"}]}";
    char signature[TK_COREZOID_SIGNATURE];

    (void)state;
    tk_corezoid_sign(signature, "topsecret", 1559655803, body, strlen(body));
    assert_memory_equal(signature, "33e3b3c5fd6b3c2a2fef59eb827588b8adeccac3", sizeof signature);
}

static const struct {
    const char *valid, *invalid;
} logins[] = {{"10346", "a b"}, {"-a_.9", "a/b"}}, keys[] = {{"k}y!", "a b"}, {"~", "\x7f"}},
  convs[] = {
      {"123456789012345678", "1234567890123456789"}, {"-5", "05"}, {"5", "--5"}, {"5", "5x"}};

static void knows_valid_credentials(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_true(tk_corezoid_is_login(logins[i].valid) && tk_corezoid_is_key(keys[i].valid));
        assert_false(tk_corezoid_is_login(logins[i].invalid) ||
                     tk_corezoid_is_key(keys[i].invalid));
    }
    for (size_t i = 0; i < 4; i++)
        assert_true(tk_corezoid_is_conv(convs[i].valid) && !tk_corezoid_is_conv(convs[i].invalid));
}

static enum tk_err read_body(const char *text, struct tk_corezoid_seen *seen)
{
    char body[300];
    struct tk_http answer = {.status = 200, .body = body, .body_len = strlen(text)};

    snprintf(body, sizeof body, "%s", text);
    return tk_corezoid_result(TK_OK, &answer, seen);
}

/* Only the data of an operation counts, not what is nested in it or stands elsewhere. */
static void compares_values_of_a_task(void **state)
{
    static const struct {
        const char *op;
        uint8_t equal;
    } cases[] = {
        {"\"proc\":\"ok\",\"data\":{\"device\":\"1\",\"account\":\"2\",\"access_token\":\"\"}", 7},
        {"\"data\" : { \"x\":[{\"device\":\"1\"}], \"account\" : \"2\" },\"proc\":\"ok\"", 2},
        {"\"data\":{\"x\":{\"device\":\"1\"},\"account\":\"22\"},\"proc\":\"ok\"", 0},
        {"\"proc\":\"ok\",\"other\":{\"device\":\"1\"},\"data\":{\"device\":1,\"account\":null}",
         0},
        {"\"proc\":\"ok\",\"data\":{\"device\":\"***\",\"proc\":\"error\"}", 0},
    };
    static const char *const values[] = {"1", "2", ""};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tk_corezoid_seen seen = {.values = values};
        char body[300];

        snprintf(body, sizeof body, "{\"request_proc\":\"ok\",\"ops\":[{%s}]}", cases[i].op);
        assert_int_equal(read_body(body, &seen), TK_OK);
        assert_int_equal(seen.equal, cases[i].equal);
        assert_true(seen.is_answer);
    }
}

static void tells_an_error_of_an_operation(void **state)
{
    struct tk_corezoid_seen op = {.equal = 0}, package = {.equal = 0}, twice = {.equal = 0};

    (void)state;
    assert_int_equal(read_body("{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\","
                               "\"description\":\"not found task\"}]}",
                               &op),
                     TK_E_ESCALATE_REFUSED);
    assert_true(op.is_answer && !op.is_duplicate);
    assert_int_equal(read_body("{\"request_proc\":\"fail\",\"ops\":[]}", &package),
                     TK_E_ESCALATE_REFUSED);
    assert_false(package.is_answer);
    assert_int_equal(read_body("{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\","
                               "\"description\":\"not unical reference\"}]}",
                               &twice),
                     TK_OK);
    assert_true(twice.is_duplicate);
}

/* A status of another kind; and a response that was cut, whose error says more. */
static void a_bad_response_is_an_error(void **state)
{
    char body[] = "{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}";
    struct tk_http answer = {.status = 503, .body = body, .body_len = strlen(body)};
    struct tk_corezoid_seen seen = {.equal = 0};

    (void)state;
    assert_int_equal(tk_corezoid_result(TK_OK, &answer, &seen), TK_E_ESCALATE_REFUSED);
    assert_false(seen.is_answer);
    answer.status = 200;
    answer.body_len -= 2;
    assert_int_equal(tk_corezoid_result(TK_E_TIMEOUT, &answer, &seen), TK_E_TIMEOUT);
    assert_int_equal(tk_corezoid_result(TK_OK, &answer, &seen), TK_E_BAD_ANSWER);
}

static void tells_accepted_tasks_from_refused_ones(void **state)
{
    static const struct {
        const char *body;
        enum tk_err err;
    } cases[] = {
        {"", TK_E_BAD_ANSWER},
        {"thanks", TK_E_BAD_ANSWER},
        {"[]", TK_E_BAD_ANSWER},
        {"{\"ops\":1}", TK_E_BAD_ANSWER},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}", TK_E_BAD_ANSWER},
        {"\xef\xbb\xbf{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}", TK_OK},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}", TK_OK},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},{\"proc\":\"ok\"}]}", TK_OK},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},{\"proc\":\"error\"}]}",
         TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\"},{\"proc\":\"ok\"}]}",
         TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{}]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":1}]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":1,\"ops\":[]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"format_error\",\"ops\":[]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\",\"description\":"
         "\"not unical reference\"}]}",
         TK_OK},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"obj\":\"task\",\"proc\":\"error\","
         "\"description\":\"ref: not unical ref\"}]}",
         TK_OK},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"obj\":\"ok\",\"proc\":\"error\"}]}",
         TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},\"ok\"]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[1]}", TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\",\"description\":\"no access\"}]}",
         TK_E_ESCALATE_REFUSED},
        {"{\"request_proc\":\"fail\",\"ops\":[{\"proc\":\"error\",\"description\":"
         "\"not unical reference\"}]}",
         TK_E_ESCALATE_REFUSED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tk_corezoid_seen seen = {.equal = 0};

        if (read_body(cases[i].body, &seen) != cases[i].err)
            fail_msg("%s", cases[i].body);
    }
}

static void names_a_coding(void **state)
{
    char body[] = "\x1f\x8b\x08";
    struct tk_http answer = {.status = 200, .body = body, .body_len = 3, .coding = "gzip"};
    struct tk_corezoid_seen seen = {.equal = 0};

    (void)state;
    assert_int_equal(tk_corezoid_result(TK_OK, &answer, &seen), TK_E_HTTP_CODED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha1_of_published_test_vectors),
        cmocka_unit_test(sha1_of_every_length_in_pieces),
        cmocka_unit_test(signs_as_documented),
        cmocka_unit_test(knows_valid_credentials),
        cmocka_unit_test(compares_values_of_a_task),
        cmocka_unit_test(tells_an_error_of_an_operation),
        cmocka_unit_test(a_bad_response_is_an_error),
        cmocka_unit_test(tells_accepted_tasks_from_refused_ones),
        cmocka_unit_test(names_a_coding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
