/* SPDX-License-Identifier: Apache-2.0 */

/* The bounded text builder. */

#include "tk_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char buf[1024];
static struct tk_text t;

static struct tk_text *fresh(void)
{
    memset(buf, '#', sizeof buf);
    tk_text_init(&t, buf, sizeof buf);
    return &t;
}

static void expect(const char *want)
{
    assert_true(tk_text_ok(&t));
    assert_string_equal(buf, want);
    assert_int_equal(t.len, strlen(want));
}

static void appends_until_the_buffer_is_full(void **state)
{
    (void)state;
    for (size_t size = 1; size < 12; size++) {
        char *exact = malloc(size); /* so that a sanitizer sees a byte too many */

        tk_text_init(&t, exact, size);
        assert_string_equal(exact, "");
        tk_text_add(&t, "abc");
        tk_text_char(&t, 'd');
        tk_text_addn(&t, "efghij", 3);
        tk_text_int(&t, 12);
        tk_text_add(&t, "");
        assert_int_equal(tk_text_ok(&t), size >= 10);
        assert_string_equal(exact, size < 4    ? ""
                                   : size < 5  ? "abc"
                                   : size < 8  ? "abcd"
                                   : size < 10 ? "abcdefg"
                                               : "abcdefg12");
        assert_int_equal(t.len, strlen(exact));
        free(exact);
    }
}

static void appends_nothing_after_a_drop(void **state)
{
    (void)state;
    tk_text_init(&t, buf, 4);
    tk_text_add(&t, "abcd");
    tk_text_add(&t, "e");
    tk_text_add(&t, "");
    assert_string_equal(buf, "");
    assert_false(tk_text_ok(&t));
}

static void prints_strings_and_numbers(void **state)
{
    (void)state;
    tk_text_print(fresh(), "a=%s b=%u%s", "x", 4294967295u, "");
    expect("a=x b=4294967295");
    tk_text_print(fresh(), "%u/%u", 0u, 12u);
    expect("0/12");
}

static void writes_integers_and_hex(void **state)
{
    (void)state;
    tk_text_int(fresh(), 0);
    expect("0");
    tk_text_int(fresh(), -7);
    expect("-7");
    tk_text_int(fresh(), INT64_MAX);
    expect("9223372036854775807");
    tk_text_int(fresh(), INT64_MIN);
    expect("-9223372036854775808");
    tk_text_hex(fresh(), (const uint8_t *)"\x00\x0f\xa5\xff", 4);
    expect("000fa5ff");
}

static const char *all_bytes(void)
{
    static char bytes[256];

    for (int i = 0; i < 255; i++)
        bytes[i] = (char)(i + 1);
    return bytes;
}

static void encodes_form_values(void **state)
{
    char want[1024] = "", digits[4];

    (void)state;
    tk_text_form(fresh(), "");
    expect("");
    tk_text_form(fresh(), "a b+c&d=e%f/\xc3\xa9~*-._");
    expect("a+b%2bc%26d%3de%25f%2f%c3%a9%7e*-._");
    for (int c = 1; c < 256; c++) {
        bool plain = c < 128 && (tk_is_alnum((char)c) || strchr("*-._", c) != NULL);

        snprintf(digits, sizeof digits, plain ? "%c" : c == ' ' ? "+" : "%%%02x", c);
        strcat(want, digits);
    }
    tk_text_form(fresh(), all_bytes());
    expect(want);
}

static void escapes_to_one_printable_line(void **state)
{
    (void)state;
    tk_text_visible(fresh(), "a b\r\n\t\x1b[31m\\\"\x7f\x80\xff~");
    expect("a b\\x0d\\x0a\\x09\\x1b[31m\\x5c\"\\x7f\\x80\\xff~");
    tk_text_visible(fresh(), all_bytes());
    assert_true(tk_text_ok(&t));
    for (size_t i = 0; i < t.len; i++)
        assert_in_range(buf[i], 0x20, 0x7e);
}

static void quotes_json_strings(void **state)
{
    (void)state;
    tk_text_json(fresh(), "");
    expect("\"\"");
    tk_text_json(fresh(), "a\"b\\c/\n\x01\x1f\xc3\xa9");
    expect("\"a\\\"b\\\\c/\\u000a\\u0001\\u001f\xc3\xa9\"");
}

/* Appends whose pieces are escapes. */
static void reports_a_drop_at_every_buffer_size(void **state)
{
    (void)state;
    for (size_t size = 1; size < 40; size++) {
        char *exact = malloc(size);

        tk_text_init(&t, exact, size);
        tk_text_form(&t, "a&b c/d");
        assert_int_equal(tk_text_ok(&t), size > 11);
        tk_text_init(&t, exact, size);
        tk_text_visible(&t, "a\nb\\");
        assert_int_equal(tk_text_ok(&t), size > 10);
        tk_text_init(&t, exact, size);
        tk_text_json(&t, "a\nb\"");
        assert_int_equal(tk_text_ok(&t), size > 12);
        assert_true(strlen(exact) < size);
        free(exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_until_the_buffer_is_full),
        cmocka_unit_test(appends_nothing_after_a_drop),
        cmocka_unit_test(writes_integers_and_hex),
        cmocka_unit_test(prints_strings_and_numbers),
        cmocka_unit_test(encodes_form_values),
        cmocka_unit_test(escapes_to_one_printable_line),
        cmocka_unit_test(quotes_json_strings),
        cmocka_unit_test(reports_a_drop_at_every_buffer_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
