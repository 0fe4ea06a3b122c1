/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_text.h"

#include <mbedtls/platform_util.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void tk_text_init(struct tk_text *t, char *buf, size_t size)
{
    t->buf = buf;
    t->size = size;
    t->len = 0;
    t->full = false;
    buf[0] = '\0';
}

bool tk_text_ok(const struct tk_text *t)
{
    return !t->full;
}

void tk_text_addn(struct tk_text *t, const char *s, size_t len)
{
    if (t->full || len >= t->size - t->len) {
        t->full = true;
        return;
    }
    memcpy(t->buf + t->len, s, len);
    t->len += len;
    t->buf[t->len] = '\0';
}

void tk_text_char(struct tk_text *t, char c)
{
    tk_text_addn(t, &c, 1);
}

void tk_text_add(struct tk_text *t, const char *s)
{
    tk_text_addn(t, s, strlen(s));
}

void tk_text_int(struct tk_text *t, int64_t value)
{
    char digits[21];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0)
        digits[--at] = '-';
    tk_text_addn(t, digits + at, sizeof digits - at);
}

void tk_text_hex(struct tk_text *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char pair[2] = {hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15]};

        tk_text_addn(t, pair, sizeof pair);
    }
}

static void add_escaped(struct tk_text *t, const char *prefix, char c)
{
    uint8_t byte = (uint8_t)c;

    tk_text_add(t, prefix);
    tk_text_hex(t, &byte, 1);
}

void tk_text_form(struct tk_text *t, const char *s)
{
    while (*s != '\0') {
        size_t plain = 0;

        while (tk_is_alnum(s[plain]) || s[plain] == '*' || s[plain] == '-' || s[plain] == '.' ||
               s[plain] == '_')
            plain++;
        tk_text_addn(t, s, plain);
        s += plain;
        if (*s == '\0')
            break;
        if (*s == ' ')
            tk_text_char(t, '+');
        else
            add_escaped(t, "%", *s);
        s++;
    }
}

void tk_text_visible(struct tk_text *t, const char *s)
{
    while (*s != '\0') {
        size_t plain = 0;

        while (s[plain] >= 0x20 && s[plain] <= 0x7e && s[plain] != '\\')
            plain++;
        tk_text_addn(t, s, plain);
        s += plain;
        if (*s != '\0')
            add_escaped(t, "\\x", *s++);
    }
}

void tk_text_json_part(struct tk_text *t, const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20) {
            add_escaped(t, "\\u00", *s);
            continue;
        }
        if (*s == '"' || *s == '\\')
            tk_text_char(t, '\\');
        tk_text_char(t, *s);
    }
}

void tk_text_json(struct tk_text *t, const char *s)
{
    tk_text_char(t, '"');
    tk_text_json_part(t, s);
    tk_text_char(t, '"');
}

bool tk_copy(char *dst, size_t size, const char *src)
{
    size_t len = strlen(src);

    if (len >= size) {
        dst[0] = '\0';
        return false;
    }
    memmove(dst, src, len + 1);
    return true;
}

bool tk_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (len == 0 || len > 19)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!tk_is_digit(s[i]))
            return false;
        value = value * 10 + (uint64_t)(s[i] - '0');
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

int tk_hex_value(char c)
{
    char lower = (char)(c | 0x20);

    if (tk_is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static const struct {
    char letter;
    uint32_t seconds;
} duration_units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNITS (sizeof duration_units / sizeof duration_units[0])

bool tk_parse_duration(const char *s, uint32_t min_s, uint32_t max_s, uint32_t *out_s)
{
    size_t len = strlen(s);
    uint64_t count;

    if (len < 2 || !tk_parse_u64(s, len - 1, UINT32_MAX, &count))
        return false;
    for (size_t i = 0; i < UNITS; i++) {
        if (s[len - 1] != duration_units[i].letter)
            continue;
        count *= duration_units[i].seconds;
        if (count < min_s || count > max_s)
            return false;
        *out_s = (uint32_t)count;
        return true;
    }
    return false;
}

void tk_text_duration(struct tk_text *t, uint32_t seconds)
{
    size_t i = 0;

    while (i < UNITS - 1 && (seconds == 0 || seconds % duration_units[i].seconds != 0))
        i++;
    tk_text_int(t, seconds / duration_units[i].seconds);
    tk_text_char(t, duration_units[i].letter);
}

bool tk_is_alnum(char c)
{
    char lower = (char)(c | 0x20);

    return tk_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

char tk_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool tk_same_nocase(const char *a, const char *b)
{
    while (*a != '\0' && tk_lower(*a) == tk_lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool tk_ends_with(const char *s, const char *tail)
{
    size_t len = strlen(s);
    size_t tail_len = strlen(tail);

    return len >= tail_len && strcmp(s + len - tail_len, tail) == 0;
}

bool tk_is_vchar(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s < 0x21 || *s > 0x7e)
            return false;
    }
    return true;
}

void tk_wipe(void *p, size_t len)
{
    mbedtls_platform_zeroize(p, len);
}
