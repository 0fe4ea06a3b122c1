/* SPDX-License-Identifier: Apache-2.0 */

/* Values of JSON documents. For which documents are accepted see test_json.c. */

#include "tk_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TOKENS 64

static jsmntok_t tokens[TOKENS];
static char text[4096];
static struct tk_json j;

static const char response[] =
    "{\"access_token\":\"af9b\\/c2\",\"expires\":1700003600,\"expires_in\":\"3600\","
    "\"scope\":\"crm,user\",\"domain\":\"oauth.bitrix.info\",\"server_endpoint\":"
    "\"https:\\/\\/oauth.bitrix.info\\/rest\\/\",\"status\":\"L\",\"user_id\":1,"
    "\"list\":[1,[2,3],{\"x\":\"y\"},4],\"client_endpoint\":null,\"ok\":true}";

/* Parses a well-formed document into `text`. */
static void parse(const char *document)
{
    size_t len = strlen(document);

    assert_true(len < sizeof text);
    memset(text, '#', sizeof text);
    memcpy(text, document, len);
    if (!tk_json_parse(&j, text, len, tokens, TOKENS))
        fail_msg("rejected: %s", document);
}

static const char *member_text(const char *name)
{
    return tk_json_text(&j, tk_json_member(&j, 0, name));
}

static bool member_int(const char *name, int64_t *out)
{
    return tk_json_int(&j, tk_json_member(&j, 0, name), out);
}

static void finds_members(void **state)
{
    int64_t number;

    (void)state;
    parse(response);
    assert_int_equal(j.tokens[0].type, JSMN_OBJECT);
    assert_string_equal(member_text("access_token"), "af9b/c2");
    assert_string_equal(member_text("server_endpoint"), "https://oauth.bitrix.info/rest/");
    assert_string_equal(member_text("status"), "L");
    assert_true(member_int("expires", &number) && number == 1700003600);
    assert_true(member_int("expires_in", &number) && number == 3600);
    assert_true(member_int("user_id", &number) && number == 1);
    assert_int_equal(tk_json_member(&j, 0, "expire"), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, 0, "expires_"), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, 0, ""), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, 0, "x"), TK_JSON_NONE); /* of a nested object */
    assert_null(member_text("client_endpoint"));
    assert_null(member_text("ok"));
    assert_null(member_text("list"));
    assert_null(member_text("nothing"));
}

static void decodes_values_repeatedly_and_in_any_order(void **state)
{
    (void)state;
    for (int round = 0; round < 2; round++) {
        parse(response);
        for (int value = round ? 0 : j.count; value >= 0 && value <= j.count;
             value += round ? 1 : -1)
            tk_json_text(&j, value);
        for (int again = 0; again < 2; again++) {
            assert_string_equal(member_text("access_token"), "af9b/c2");
            assert_string_equal(member_text("expires"), "1700003600");
            assert_string_equal(member_text("expires_in"), "3600");
            assert_string_equal(member_text("user_id"), "1");
        }
        int list = tk_json_member(&j, 0, "list");
        int object = tk_json_element(&j, list, 2);

        assert_string_equal(tk_json_text(&j, tk_json_member(&j, object, "x")), "y");
        assert_string_equal(tk_json_text(&j, tk_json_element(&j, list, 3)), "4");
    }
}

static void finds_elements(void **state)
{
    (void)state;
    parse(response);
    int list = tk_json_member(&j, 0, "list");
    int inner = tk_json_element(&j, list, 1);

    assert_string_equal(tk_json_text(&j, tk_json_element(&j, list, 0)), "1");
    assert_string_equal(tk_json_text(&j, tk_json_element(&j, inner, 1)), "3");
    assert_int_equal(tk_json_element(&j, inner, 2), TK_JSON_NONE);
    assert_true(tk_json_is_object(&j, tk_json_element(&j, list, 2)));
    assert_int_equal(tk_json_element(&j, list, 4), TK_JSON_NONE);
    assert_int_equal(tk_json_element(&j, 0, 0), TK_JSON_NONE);
    assert_int_equal(tk_json_element(&j, TK_JSON_NONE, 0), TK_JSON_NONE);
    assert_int_equal(tk_json_element(&j, j.count, 0), TK_JSON_NONE);
    parse("[]");
    assert_int_equal(tk_json_element(&j, 0, 0), TK_JSON_NONE);
}

static void finds_no_member_in_other_values(void **state)
{
    (void)state;
    parse("[{\"a\":1},\"a\",2]");
    assert_int_equal(tk_json_member(&j, 0, "a"), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, TK_JSON_NONE, "a"), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, j.count, "a"), TK_JSON_NONE);
    assert_int_equal(tk_json_member(&j, tk_json_element(&j, 0, 1), "a"), TK_JSON_NONE);
    assert_false(tk_json_is_object(&j, 0));
    assert_true(tk_json_is_object(&j, 1));
    assert_false(tk_json_is_object(&j, TK_JSON_NONE));
    assert_false(tk_json_is_object(&j, j.count));
    parse("{}");
    assert_int_equal(tk_json_member(&j, 0, "a"), TK_JSON_NONE);
}

static void finds_the_last_of_two_equal_names(void **state)
{
    (void)state;
    parse("{\"a\":\"first\",\"a\":\"second\",\"x\":{\"a\":\"inside\"}}");
    assert_string_equal(member_text("a"), "second");
    parse("{\"a\":\"first\",\"a\":null}");
    assert_null(member_text("a"));
}

static void compares_names_unescaped(void **state)
{
    (void)state;
    parse("{\"a\":\"first\",\"\\u0061\":\"second\",\"\\u0000\":1,\"a\\/b\":\"third\"}");
    assert_string_equal(member_text("a"), "second");
    assert_string_equal(member_text("a/b"), "third");
    assert_null(member_text("\\u0061"));
    assert_null(member_text(""));
}

/* --- strings --- */

static void escapes(const char *document, const char *want)
{
    char inside[200];

    snprintf(inside, sizeof inside, "{\"a\":\"%s\"}", document);
    parse(inside);
    const char *got = member_text("a");

    if (want == NULL ? got != NULL : got == NULL || strcmp(got, want) != 0)
        fail_msg("%s -> %s", document, got == NULL ? "NULL" : got);
    assert_ptr_equal(member_text("a"), got);
}

static void unescapes_strings(void **state)
{
    (void)state;
    escapes("", "");
    escapes("https:\\/\\/a\\/b", "https://a/b");
    escapes("\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t");
    escapes("\\\\n", "\\n");
    escapes("\\u0041\\u007f", "A\x7f");
    escapes("\\u0080\\u00e9\\u00E9\\u07ff", "\xc2\x80\xc3\xa9\xc3\xa9\xdf\xbf");
    escapes("\\u0800\\u20ac\\uffff", "\xe0\xa0\x80\xe2\x82\xac\xef\xbf\xbf");
    escapes("\\u041e\\u041a", "\xd0\x9e\xd0\x9a");
    escapes("\\ud7ff\\ue000", "\xed\x9f\xbf\xee\x80\x80");
    escapes("x\\ud83d\\ude00y", "x\xf0\x9f\x98\x80y");
    escapes("\\uD800\\uDC00\\uDBFF\\uDFFF", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    escapes("\xc3\xa9", "\xc3\xa9");
}

#define REPLACED "\xef\xbf\xbd" /* U+FFFD */

static void replaces_unpaired_surrogates(void **state)
{
    (void)state;
    escapes("\\ud800", REPLACED);
    escapes("\\udc00", REPLACED);
    escapes("\\udfffx", REPLACED "x");
    escapes("\\ud800x", REPLACED "x");
    escapes("\\ud800\\n1234", REPLACED "\n1234");
    escapes("\\ud800\\u0041", REPLACED "A");
    escapes("\\ud800\\ud83d\\ude00", REPLACED "\xf0\x9f\x98\x80");
    escapes("x\\udbffffffff", "x" REPLACED "ffffff");
    escapes("\\ude00\\ud83d", REPLACED REPLACED);
    escapes("\\udc00\\udc00", REPLACED REPLACED);
    escapes("ab\\ud83d\\ue000", "ab" REPLACED "\xee\x80\x80");
}

static void rejects_strings_that_c_cannot_hold(void **state)
{
    (void)state;
    escapes("\\u0000", NULL);
    escapes("a\\u0000b", NULL);
    parse("{\"b\":\"\\u0000\",\"c\":\"fine\"}");
    assert_null(member_text("b"));
    assert_string_equal(member_text("c"), "fine");
}

/* --- numbers --- */

static void reads_integers_from_numbers_and_strings(void **state)
{
    static const struct {
        const char *value;
        bool ok;
        int64_t want;
    } rows[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"3600", true, 3600},
        {"-3600", true, -3600},
        {"\"3600\"", true, 3600},
        {"\"-5\"", true, -5},
        {"\"0010\"", true, 10},
        {"999999999999999999", true, 999999999999999999},
        {"-999999999999999999", true, -999999999999999999},
        {"1000000000000000000", false, 0},
        {"99999999999999999999999999", false, 0},
        {"1.0", false, 0},
        {"1e3", false, 0},
        {"\"\"", false, 0},
        {"\"-\"", false, 0},
        {"\"--1\"", false, 0},
        {"\"+1\"", false, 0},
        {"\" 1\"", false, 0},
        {"\"1 \"", false, 0},
        {"\"1x\"", false, 0},
        {"\"0x1\"", false, 0},
        {"\"1\\u0000\"", false, 0},
        {"null", false, 0},
        {"true", false, 0},
        {"{}", false, 0},
        {"[1]", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char document[100];
        int64_t got = 0;

        snprintf(document, sizeof document, "{\"a\":%s,\"b\":7}", rows[i].value);
        parse(document);
        if (member_int("a", &got) != rows[i].ok || got != rows[i].want)
            fail_msg("%s -> %lld", rows[i].value, (long long)got);
        assert_true(member_int("b", &got) && got == 7);
        assert_false(member_int("c", &got));
    }
}

/* Tokens of an earlier document lie there. */
static void a_value_beyond_the_last_is_none(void **state)
{
    (void)state;
    parse("[{},[1],\"x\"]");
    parse("{}");
    assert_int_equal(j.count, 1);
    assert_false(tk_json_is_object(&j, 1));
    assert_false(tk_json_is_object(&j, -1));
    assert_int_equal(tk_json_element(&j, 2, 0), TK_JSON_NONE);
    parse("[[1]]");
    parse("1");
    assert_int_equal(tk_json_element(&j, 1, 0), TK_JSON_NONE);
    parse("[\"x\"]");
    parse("1");
    assert_null(tk_json_text(&j, 1));
    assert_null(tk_json_text(&j, -1));
}

static void the_first_value_may_be_any(void **state)
{
    int64_t number;

    (void)state;
    parse("\"\\u0042\"");
    assert_string_equal(tk_json_text(&j, 0), "B");
    parse("17");
    assert_true(tk_json_int(&j, 0, &number) && number == 17);
    parse("[18]");
    assert_true(tk_json_int(&j, tk_json_element(&j, 0, 0), &number) && number == 18);
    parse("{\"a\":19}");
    assert_true(tk_json_is_object(&j, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_members),
        cmocka_unit_test(decodes_values_repeatedly_and_in_any_order),
        cmocka_unit_test(finds_elements),
        cmocka_unit_test(finds_no_member_in_other_values),
        cmocka_unit_test(finds_the_last_of_two_equal_names),
        cmocka_unit_test(compares_names_unescaped),
        cmocka_unit_test(unescapes_strings),
        cmocka_unit_test(replaces_unpaired_surrogates),
        cmocka_unit_test(rejects_strings_that_c_cannot_hold),
        cmocka_unit_test(reads_integers_from_numbers_and_strings),
        cmocka_unit_test(a_value_beyond_the_last_is_none),
        cmocka_unit_test(the_first_value_may_be_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
