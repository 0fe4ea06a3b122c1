/* SPDX-License-Identifier: Apache-2.0 */

/* Strings: character classes, comparison, numbers; wiping of secrets. */

#include "tk_string.h"
#include "tk_wipe.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void copies_a_string_or_nothing(void **state)
{
    char dst[4] = "xxx";

    (void)state;
    assert_true(tk_copy(dst, sizeof dst, "abc"));
    assert_string_equal(dst, "abc");
    assert_false(tk_copy(dst, sizeof dst, "abcd"));
    assert_string_equal(dst, "");
    memcpy(dst, "old", sizeof dst);
    assert_true(tk_copy(dst, sizeof dst, "n"));
    assert_memory_equal(dst, "n\0\0", sizeof dst); /* nothing is left of a longer one */
    memcpy(dst, "old", sizeof dst);
    assert_false(tk_copy(dst, sizeof dst, "newer"));
    assert_memory_equal(dst, "\0\0\0", sizeof dst);
    assert_true(tk_copy(dst, 1, ""));
    assert_true(tk_copy(dst, sizeof dst, "abc"));
    assert_true(tk_copy(dst, sizeof dst, dst + 1));
    assert_string_equal(dst, "bc");
}

static void parses_unsigned_decimals(void **state)
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

static void converts_hex_digits(void **state)
{
    static const char digits[] = "0123456789abcdef";

    (void)state;
    for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
        const char *at = c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c);

        assert_int_equal(tk_hex_value((char)c), at == NULL ? -1 : at - digits);
    }
}

static void classifies_ascii_characters(void **state)
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

static void compares_strings(void **state)
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

static void wipes_memory(void **state)
{
    char secret[] = "xsecretx";

    (void)state;
    tk_wipe(secret + 1, 6);
    assert_memory_equal(secret, "x\0\0\0\0\0\0x", 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_a_string_or_nothing), cmocka_unit_test(parses_unsigned_decimals),
        cmocka_unit_test(converts_hex_digits),        cmocka_unit_test(classifies_ascii_characters),
        cmocka_unit_test(compares_strings),           cmocka_unit_test(wipes_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
