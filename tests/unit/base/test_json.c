/* SPDX-License-Identifier: Apache-2.0 */

/* Which documents are accepted. For values see test_json_values.c. */

#include "tk_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TOKENS 64

static jsmntok_t tokens[TOKENS];
static char text[4096];
static struct tk_json j;

/* Parses a copy in a buffer of exactly the required size, for the sanitizer. */
static bool parses_n(const char *document, size_t len, unsigned max)
{
    char *exact = malloc(len + 1);

    assert_non_null(exact);
    memcpy(exact, document, len);
    exact[len] = '}';
    bool ok = tk_json_parse(&j, exact, len, tokens, max);

    assert_int_equal(exact[len], '}');
    free(exact);
    return ok;
}

static bool parses(const char *document)
{
    return parses_n(document, strlen(document), TOKENS);
}

/* --- the grammar --- */

static void accepts_well_formed_documents(void **state)
{
    static const char *const rows[] = {
        "{}",
        "[]",
        " \t\r\n{ \"a\" : [ ] , \"b\" : { } } \n",
        "\"\"",
        "\"a\"",
        "0 ",
        "12\n",
        "true ",
        "[0,-0,12,-1.5e+10,1E-2,0.10]",
        "[true,false,null]",
        "[1,true,null,\"x\",[],{}]",
        "{\"a\":{\"b\":[{\"c\":[1,2,3]}]},\"d\":\"}],:{[\"}",
        "{\"\":1}",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\xc3\xa9\"",
        "[\"\x7f\"]",
        "0",
        "-1.5e3",
        "true",
        "null",
        "\xef\xbb\xbf{\"a\":1}",
        "\xef\xbb\xbf 7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!parses(rows[i]))
            fail_msg("rejected: %s", rows[i]);
    }
}

static void expect_rejected(const char *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parses(rows[i]))
            fail_msg("accepted: %s", rows[i]);
    }
}

/* A set of 18 used to compare tokenizers; jsmn accepts the first 12 even in strict mode. */
static void rejects_what_jsmn_accepts(void **state)
{
    static const char *const rows[] = {
        "{\"a\":}",
        "{\"a\"}",
        "{\"a\" \"b\"}",
        "{\"a\":::\"b\"}",
        "{\"a\":1\"b\":1}",
        "{}{}",
        ":,:{},:,",
        "[1,,3]",
        "{,}",
        "[ thanx ]",
        "{\"a\":1,}",
        "{\"expires_in\":3599x}",
        "{\"a\":\"b}",
        "{a:1}",
        "{\"a\":\"\\x\"}",
        "{\"a\":[1}",
        "[1",
        "",
    };

    (void)state;
    expect_rejected(rows, sizeof rows / sizeof rows[0]);
}

static void rejects_malformed_documents(void **state)
{
    static const char *const rows[] = {
        " ",
        ",",
        ":",
        "}",
        "]",
        "[,]",
        "[,1]",
        "[1,]",
        "[1 2]",
        "[1:2]",
        "[\"a\":1]",
        "[\"a\" \"b\"]",
        "{1:2}",
        "{null:2}",
        "{{}:2}",
        "{[]:2}",
        "{\"a\":1 2}",
        "{\"a\",1}",
        "{\"a\":1,,\"b\":2}",
        "{,\"a\":1}",
        "{\"a\":1:2}",
        "{\"a\":\"b\":\"c\"}",
        "{\"a\":1;\"b\":2}",
        "{\"a\":{}\"b\":{}}",
        "{\"a\":[]{}}",
        "{]",
        "[}",
        "[[]",
        "{} x",
        "{},",
        "1 2",
        "1,",
        "\"a\"\"b\"",
        "x{}",
        "'a'",
        "\"a",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\\"",
        "<html></html>",
        "\xef\xbb\xbf",
        "\xef\xbb\xbf\xef\xbb\xbf{}",
        "\xef\xbb{}",
        "\xfe\xff",
        "{}\xef\xbb\xbf",
    };

    (void)state;
    expect_rejected(rows, sizeof rows / sizeof rows[0]);
}

static void rejects_malformed_literals_and_numbers(void **state)
{
    static const char *const rows[] = {
        "tru",  "truex", "True",  "nul",   "nulll", "fals", "-",   "+1",    "01",       "-01",
        "1.",   ".5",    "1.e5",  "1e",    "1e+",   "0x10", "1 e", "NaN",   "Infinity", "-Infinity",
        "1e5x", "--1",   "1.2.3", "1e5e5", "1,5",   "n",    "t",   "-true", "00",       "1_000",
    };
    char document[40];

    (void)state;
    expect_rejected(rows, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *inside = document;

        if (strcmp(rows[i], "1,5") == 0)
            continue;
        snprintf(document, sizeof document, "[%s]", rows[i]);
        expect_rejected(&inside, 1);
        snprintf(document, sizeof document, "{\"a\":%s}", rows[i]);
        expect_rejected(&inside, 1);
    }
}

static void rejects_raw_control_characters(void **state)
{
    (void)state;
    for (int c = 0; c < 0x20; c++) {
        char value[] = {'"', 'a', (char)c, 'b', '"'};
        char name[] = {'{', '"', (char)c, '"', ':', '1', '}'};

        assert_false(parses_n(value, sizeof value, TOKENS));
        assert_false(parses_n(name, sizeof name, TOKENS));
    }
    assert_false(parses_n("{}\0{}", 5, TOKENS));
    assert_false(parses_n("{}\0", 3, TOKENS));
    assert_false(parses_n("\0{}", 3, TOKENS));
    assert_false(parses_n("[1\0]", 4, TOKENS));
}

/* --- a real response --- */

static const char response[] =
    "{\"access_token\":\"af9b\\/c2\",\"expires\":1700003600,\"expires_in\":\"3600\","
    "\"scope\":\"crm,user\",\"domain\":\"oauth.bitrix.info\",\"server_endpoint\":"
    "\"https:\\/\\/oauth.bitrix.info\\/rest\\/\",\"status\":\"L\",\"user_id\":1,"
    "\"list\":[1,[2,3],{\"x\":\"y\"},4],\"client_endpoint\":null,\"ok\":true}";

static void rejects_a_truncated_document(void **state)
{
    (void)state;
    assert_true(parses(response));
    for (size_t len = 0; len < strlen(response); len++) {
        if (parses_n(response, len, TOKENS))
            fail_msg("accepted, truncated to %zu", len);
    }
}

/* Accepted or not, no access is out of bounds: for the sanitizers. */
static void survives_any_changed_byte(void **state)
{
    static const char bytes[] = "{}[]\":,\\0u \x01\x80";
    char changed[sizeof response];

    (void)state;
    for (size_t at = 0; at < strlen(response); at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            strcpy(changed, response);
            changed[at] = bytes[i];
            if (!parses_n(changed, strlen(response), TOKENS))
                continue;
            strcpy(text, changed);
            assert_true(tk_json_parse(&j, text, strlen(response), tokens, TOKENS));
            for (int value = -1; value <= j.count; value++)
                tk_json_text(&j, value);
            tk_json_element(&j, tk_json_member(&j, 0, "list"), 3);
        }
    }
}

/* --- bounds --- */

static void nested(char *document, int depth, char open, char close)
{
    memset(document, open, (size_t)depth);
    memset(document + depth, close, (size_t)depth);
    document[2 * depth] = '\0';
}

static void limits_the_depth(void **state)
{
    char document[2048], objects[800] = "";

    (void)state;
    nested(document, 32, '[', ']');
    assert_true(parses(document));
    nested(document, 33, '[', ']');
    assert_false(parses(document));
    nested(document, 1000, '[', ']');
    assert_false(parses(document));
    nested(document, 1000, '[', '[');
    assert_false(parses(document));
    for (int i = 0; i < 31; i++) /* two tokens each */
        strcat(objects, "{\"a\":");
    strcat(objects, "1}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}}");
    assert_true(parses(objects));
    strcpy(document, "[[");
    strcat(document, objects);
    strcat(document, "]]");
    assert_false(parses(document));
    assert_true(parses("[[[[[[[[]]]]]]],[[[[[[[[]]]]]]],[],[[[]]]]]"));
}

static void limits_the_number_of_tokens(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 12; max++) /* object, name, array, 4 values, name, value */
        assert_int_equal(parses_n("{\"a\":[1,2,\"x\",{}],\"b\":null}", 27, max), max >= 9);
}

/* Tokens of jsmn hold positions as int. Nothing behind the byte order mark is read. */
static void a_length_beyond_int_is_refused(void **state)
{
    char document[] = "{} ";

    (void)state;
    assert_false(tk_json_parse(&j, document, INT32_MAX, tokens, TOKENS));
    assert_true(tk_json_parse(&j, document, 2, tokens, TOKENS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_well_formed_documents),
        cmocka_unit_test(rejects_what_jsmn_accepts),
        cmocka_unit_test(rejects_malformed_documents),
        cmocka_unit_test(rejects_malformed_literals_and_numbers),
        cmocka_unit_test(rejects_raw_control_characters),
        cmocka_unit_test(rejects_a_truncated_document),
        cmocka_unit_test(survives_any_changed_byte),
        cmocka_unit_test(limits_the_depth),
        cmocka_unit_test(limits_the_number_of_tokens),
        cmocka_unit_test(a_length_beyond_int_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
