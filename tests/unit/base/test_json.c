/* SPDX-License-Identifier: Apache-2.0 */

/* What is JSON and what is not. test_json_values.c takes the values out. */

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

/* Parses a copy that has just the room it must have, so that a sanitizer sees a byte too many. */
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

static void well_formed_documents_are_read(void **state)
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
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!parses(rows[i]))
            fail_msg("refused: %s", rows[i]);
    }
}

static void refused(const char *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parses(rows[i]))
            fail_msg("taken: %s", rows[i]);
    }
}

/* The 18 with which tokenizers are compared; jsmn takes the first 12 in its strict mode too. */
static void what_jsmn_takes_is_refused(void **state)
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
    refused(rows, sizeof rows / sizeof rows[0]);
}

static void more_malformed_documents_are_refused(void **state)
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
        "1",
        "true",
        "\"a",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\\"",
        "<html></html>",
        "\xef\xbb\xbf{}",
    };

    (void)state;
    refused(rows, sizeof rows / sizeof rows[0]);
}

static void words_and_numbers_are_held_to_the_grammar(void **state)
{
    static const char *const rows[] = {
        "tru",  "truex", "True",  "nul",   "nulll", "fals", "-",   "+1",    "01",       "-01",
        "1.",   ".5",    "1.e5",  "1e",    "1e+",   "0x10", "1 e", "NaN",   "Infinity", "-Infinity",
        "1e5x", "--1",   "1.2.3", "1e5e5", "1,5",   "n",    "t",   "-true", "00",       "1_000",
    };
    char document[40];

    (void)state;
    refused(rows, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *inside = document;

        if (strcmp(rows[i], "1,5") == 0)
            continue;
        snprintf(document, sizeof document, "[%s]", rows[i]);
        refused(&inside, 1);
        snprintf(document, sizeof document, "{\"a\":%s}", rows[i]);
        refused(&inside, 1);
    }
}

static void raw_control_characters_are_refused(void **state)
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

/* --- a real answer --- */

static const char answer[] =
    "{\"access_token\":\"af9b\\/c2\",\"expires\":1700003600,\"expires_in\":\"3600\","
    "\"scope\":\"crm,user\",\"domain\":\"oauth.bitrix.info\",\"server_endpoint\":"
    "\"https:\\/\\/oauth.bitrix.info\\/rest\\/\",\"status\":\"L\",\"user_id\":1,"
    "\"list\":[1,[2,3],{\"x\":\"y\"},4],\"client_endpoint\":null,\"ok\":true}";

static void an_answer_cut_anywhere_is_refused(void **state)
{
    (void)state;
    assert_true(parses(answer));
    for (size_t len = 0; len < strlen(answer); len++) {
        if (parses_n(answer, len, TOKENS))
            fail_msg("taken, cut at %zu", len);
    }
}

/* Whatever it says then: nothing is read or written outside, which the sanitizers watch. */
static void an_answer_with_any_byte_changed_harms_nothing(void **state)
{
    static const char bytes[] = "{}[]\":,\\0u \x01\x80";
    char changed[sizeof answer];

    (void)state;
    for (size_t at = 0; at < strlen(answer); at++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            strcpy(changed, answer);
            changed[at] = bytes[i];
            if (!parses_n(changed, strlen(answer), TOKENS))
                continue;
            strcpy(text, changed);
            assert_true(tk_json_parse(&j, text, strlen(answer), tokens, TOKENS));
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

static void depth_is_bounded(void **state)
{
    char document[2048], objects[400] = "";

    (void)state;
    nested(document, 16, '[', ']');
    assert_true(parses(document));
    nested(document, 17, '[', ']');
    assert_false(parses(document));
    nested(document, 1000, '[', ']');
    assert_false(parses(document));
    nested(document, 1000, '[', '[');
    assert_false(parses(document));
    for (int i = 0; i < 16; i++)
        strcat(objects, "{\"a\":");
    strcat(objects, "1}}}}}}}}}}}}}}}}");
    assert_true(parses(objects));
    snprintf(document, sizeof document, "[%s]", objects);
    assert_false(parses(document));
    assert_true(parses("[[[[[[[[]]]]]]],[[[[[[[[]]]]]]],[],[[[]]]]]"));
}

static void the_number_of_tokens_is_bounded(void **state)
{
    (void)state;
    for (unsigned max = 0; max < 12; max++) /* object, name, array, 4 values, name, value */
        assert_int_equal(parses_n("{\"a\":[1,2,\"x\",{}],\"b\":null}", 27, max), max >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_documents_are_read),
        cmocka_unit_test(what_jsmn_takes_is_refused),
        cmocka_unit_test(more_malformed_documents_are_refused),
        cmocka_unit_test(words_and_numbers_are_held_to_the_grammar),
        cmocka_unit_test(raw_control_characters_are_refused),
        cmocka_unit_test(an_answer_cut_anywhere_is_refused),
        cmocka_unit_test(an_answer_with_any_byte_changed_harms_nothing),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(the_number_of_tokens_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
