/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_text.h"

#include "tk_assert.h"

#include <stdarg.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void tk_text_init(struct tk_text *t, char *buf, size_t size)
{
    TK_ASSERT(size > 0);
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

void tk_text_print(struct tk_text *t, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    for (; *format != '\0'; format++) {
        if (*format != '%')
            tk_text_char(t, *format);
        else if (*++format == 's')
            tk_text_add(t, va_arg(args, const char *));
        else
            tk_text_int(t, va_arg(args, unsigned));
    }
    va_end(args);
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
