/* SPDX-License-Identifier: Apache-2.0 */

/* The items of a document. Which documents are accepted: test_json.c, whose parser uses the scan.
 */

#include "tk_json_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The items as one string: { [ } ] as they are, names n:, strings s:, others o:, with their text.
 */
static enum tk_scan_item scan(const char *text, size_t len, char out[256])
{
    struct tk_json_scan s;
    enum tk_scan_item item;
    size_t at = 0;

    out[0] = '\0';
    tk_json_scan_begin(&s, text, len);
    while ((item = tk_json_scan(&s)) > TK_SCAN_END) {
        if (item == TK_SCAN_OPEN || item == TK_SCAN_CLOSE)
            at += (size_t)snprintf(out + at, 256 - at, "%c%u ", s.at[-1], s.depth);
        else
            at += (size_t)snprintf(out + at, 256 - at, "%c:%.*s ", " ????nso"[item + 1], (int)s.len,
                                   s.text);
    }
    assert_int_equal(tk_json_scan(&s), item);
    return item;
}

static void gives_each_item_as_it_stands(void **state)
{
    static const char text[] =
        "\xef\xbb\xbf {\"a\\\"\":[1, -0.5e+3,\"x\\u00e4\"],\n\"\":{\"b\":null}} ";
    char out[256];

    (void)state;
    assert_int_equal(scan(text, strlen(text), out), TK_SCAN_END);
    assert_string_equal(out, "{1 n:a\\\" [2 o:1 o:-0.5e+3 s:x\\u00e4 ]1 n: {2 n:b o:null }1 }0 ");
}

static void refuses_each_beginning(void **state)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"c\\n\"},true],\"d\":{}}";
    char out[256];

    (void)state;
    for (size_t len = 0; len < strlen(text); len++)
        assert_int_equal(scan(text, len, out), TK_SCAN_BAD);
}

static void compares_words(void **state)
{
    struct tk_json_scan s;

    (void)state;
    tk_json_scan_begin(&s, "\"proc\"", 6);
    assert_int_equal(tk_json_scan(&s), TK_SCAN_STRING);
    assert_true(tk_json_scan_is(&s, "proc"));
    assert_false(tk_json_scan_is(&s, "pro"));
    assert_false(tk_json_scan_is(&s, "proc_"));
}

static void tells_objects(void **state)
{
    (void)state;
    assert_true(tk_json_is_valid(" {}", 3, true));
    assert_false(tk_json_is_valid("[]", 2, true));
    assert_true(tk_json_is_valid("[]", 2, false));
    assert_false(tk_json_is_valid("{}{}", 4, true));
}

static void an_escape_has_four_hex_digits(void **state)
{
    char text[] = "\"\\u12aF\"";

    (void)state;
    assert_true(tk_json_is_valid(text, sizeof text - 1, false));
    for (int i = 3; i < 7; i++) {
        char digit = text[i];

        text[i] = 'g';
        assert_false(tk_json_is_valid(text, sizeof text - 1, false));
        text[i] = digit;
    }
    assert_false(tk_json_is_valid("\"\\u12a\"", 7, false));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_item_as_it_stands),
        cmocka_unit_test(refuses_each_beginning),
        cmocka_unit_test(compares_words),
        cmocka_unit_test(tells_objects),
        cmocka_unit_test(an_escape_has_four_hex_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
