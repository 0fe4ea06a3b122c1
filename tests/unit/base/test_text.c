/* SPDX-License-Identifier: Apache-2.0 */

/* Text in memory of a fixed size, and the numbers in it. */

#include "tk_text.h"

#include <limits.h>
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

static void text_is_added_up_to_its_size(void **state)
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

static void nothing_follows_what_was_left_out(void **state)
{
    (void)state;
    tk_text_init(&t, buf, 4);
    tk_text_add(&t, "abcd");
    tk_text_add(&t, "e");
    tk_text_add(&t, "");
    assert_string_equal(buf, "");
    assert_false(tk_text_ok(&t));
}

static void numbers_are_written(void **state)
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

static void form_values_are_encoded(void **state)
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

static void visible_text_is_one_plain_line(void **state)
{
    (void)state;
    tk_text_visible(fresh(), "a b\r\n\t\x1b[31m\\\"\x7f\x80\xff~");
    expect("a b\\x0d\\x0a\\x09\\x1b[31m\\x5c\"\\x7f\\x80\\xff~");
    tk_text_visible(fresh(), all_bytes());
    assert_true(tk_text_ok(&t));
    for (size_t i = 0; i < t.len; i++)
        assert_in_range(buf[i], 0x20, 0x7e);
}

static void json_strings_are_quoted(void **state)
{
    (void)state;
    tk_text_json(fresh(), "");
    expect("\"\"");
    tk_text_json(fresh(), "a\"b\\c/\n\x01\x1f\xc3\xa9");
    expect("\"a\\\"b\\\\c/\\u000a\\u0001\\u001f\xc3\xa9\"");
}

/* However little room there is: no half of an escape where the whole did not fit. */
static void what_does_not_fit_is_never_called_whole(void **state)
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

static void strings_are_copied_whole_or_not(void **state)
{
    char dst[4] = "xxx";

    (void)state;
    assert_true(tk_copy(dst, sizeof dst, "abc"));
    assert_string_equal(dst, "abc");
    assert_false(tk_copy(dst, sizeof dst, "abcd"));
    assert_string_equal(dst, "");
    assert_true(tk_copy(dst, 1, ""));
    assert_true(tk_copy(dst, sizeof dst, "abc"));
    assert_true(tk_copy(dst, sizeof dst, dst + 1));
    assert_string_equal(dst, "bc");
}

static void unsigned_numbers_are_read(void **state)
{
    static const struct {
        const char *s;
        uint64_t max;
        bool ok;
        uint64_t want;
    } rows[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 7, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"9999999999999999999", UINT64_MAX, true, 9999999999999999999u},
        {"0000000000000000001", 9, true, 1},
        {"00000000000000000001", 9, false, 0}, /* 20 digits */
        {"18446744073709551616", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1a", 9, false, 0},
        {"\xb1", 9, false, 0},
        {"/", 9, false, 0},
        {":", 9, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t got = 0;

        if (tk_parse_u64(rows[i].s, strlen(rows[i].s), rows[i].max, &got) != rows[i].ok ||
            got != rows[i].want)
            fail_msg("%s", rows[i].s);
    }
    uint64_t got;

    assert_true(tk_parse_u64("12x", 2, 99, &got) && got == 12);
    assert_false(tk_parse_u64("1\0002", 3, 999, &got));
}

static void hex_is_read(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
        const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

        assert_int_equal(tk_hex_value((char)c), at == NULL ? -1 : at - digits);
    }
}

static void durations_are_read(void **state)
{
    static const struct {
        const char *s;
        uint32_t want; /* 0: refused */
    } rows[] = {
        {"60s", 60},
        {"1m", 60},
        {"90m", 5400},
        {"2h", 7200},
        {"7d", 604800},
        {"007m", 420},
        {"59s", 0},
        {"604801s", 0},
        {"8d", 0},
        {"0m", 0},
        {"", 0},
        {"m", 0},
        {"60", 0},
        {"1M", 0},
        {"1 m", 0},
        {" 1m", 0},
        {"1m ", 0},
        {"1mm", 0},
        {"-1m", 0},
        {"+1m", 0},
        {"1.5h", 0},
        {"1h30m", 0},
        {"1w", 0},
        {"71582789m", 0}, /* 2^32 s and a minute */
        {"4294967296s", 0},
        {"4294967356s", 0},
        {"99999999999999999999d", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t got = 0;

        if (tk_parse_duration(rows[i].s, 60, 604800, &got) != (rows[i].want > 0) ||
            got != rows[i].want)
            fail_msg("%s -> %u", rows[i].s, (unsigned)got);
    }
}

static void durations_are_written_as_they_are_read(void **state)
{
    static const uint32_t rows[] = {1, 59, 60, 61, 3600, 5400, 86400, 90000, 604800, UINT32_MAX};
    uint32_t got;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tk_text_duration(fresh(), rows[i]);
        assert_true(tk_parse_duration(buf, 0, UINT32_MAX, &got) && got == rows[i]);
    }
    tk_text_duration(fresh(), 0);
    expect("0s");
    tk_text_duration(fresh(), 7200);
    expect("2h");
    tk_text_duration(fresh(), 1500);
    expect("25m");
}

static void letters_are_those_of_ascii(void **state)
{
    (void)state;
    for (int c = -128; c < 256; c++) {
        bool digit = c >= '0' && c <= '9';
        bool upper = c >= 'A' && c <= 'Z';
        bool lower = c >= 'a' && c <= 'z';

        assert_int_equal(tk_is_digit((char)c), digit);
        assert_int_equal(tk_is_alnum((char)c), digit || upper || lower);
        assert_int_equal(tk_lower((char)c), (char)(upper ? c + 32 : c));
    }
}

static void strings_are_compared(void **state)
{
    (void)state;
    assert_true(tk_same_nocase("", ""));
    assert_true(tk_same_nocase("Chunked", "cHUNKED"));
    assert_false(tk_same_nocase("chunked", "chunke"));
    assert_false(tk_same_nocase("chunke", "chunked"));
    assert_false(tk_same_nocase("[", "{"));
    assert_true(tk_ends_with("acme.bitrix24.ru", ".ru"));
    assert_true(tk_ends_with(".ru", ".ru"));
    assert_true(tk_ends_with("x", ""));
    assert_false(tk_ends_with("ru", ".ru"));
    assert_false(tk_ends_with("acme.rus", ".ru"));
    assert_true(tk_is_vchar(""));
    assert_true(tk_is_vchar("!~azAZ09"));
    assert_false(tk_is_vchar("a b"));
    assert_false(tk_is_vchar("a\x7f"));
    assert_false(tk_is_vchar("a\n"));
    assert_false(tk_is_vchar("\xc3\xa9"));
}

static void a_secret_is_overwritten(void **state)
{
    char secret[] = "xsecretx";

    (void)state;
    tk_wipe(secret + 1, 6);
    assert_memory_equal(secret, "x\0\0\0\0\0\0x", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_added_up_to_its_size),
        cmocka_unit_test(nothing_follows_what_was_left_out),
        cmocka_unit_test(numbers_are_written),
        cmocka_unit_test(form_values_are_encoded),
        cmocka_unit_test(visible_text_is_one_plain_line),
        cmocka_unit_test(json_strings_are_quoted),
        cmocka_unit_test(what_does_not_fit_is_never_called_whole),
        cmocka_unit_test(strings_are_copied_whole_or_not),
        cmocka_unit_test(unsigned_numbers_are_read),
        cmocka_unit_test(hex_is_read),
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(durations_are_written_as_they_are_read),
        cmocka_unit_test(letters_are_those_of_ascii),
        cmocka_unit_test(strings_are_compared),
        cmocka_unit_test(a_secret_is_overwritten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
