/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_string.h"

#include "tk_wipe.h"

#include <string.h>

bool tk_is_alnum(char c)
{
    char lower = (char)(c | 0x20);

    return tk_is_digit(c) || (lower >= 'a' && lower <= 'z');
}

char tk_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool tk_same_nocase_n(const char *a, const char *b, size_t len)
{
    while (len > 0 && tk_lower(*a) == tk_lower(*b)) {
        a++;
        b++;
        len--;
    }
    return len == 0;
}

bool tk_same_nocase(const char *a, const char *b)
{
    /* Most names that are compared differ in the first character. */
    return tk_lower(*a) == tk_lower(*b) && tk_same_nocase_n(a, b, strlen(a) + 1);
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

bool tk_copy(char *dst, size_t size, const char *src)
{
    size_t len = strlen(src);

    if (len >= size) {
        tk_wipe(dst, size);
        return false;
    }
    memmove(dst, src, len);
    tk_wipe(dst + len, size - len);
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

const char *tk_read_u32(const char *s, uint32_t *out)
{
    uint32_t value = 0;

    for (; tk_is_digit(*s); s++)
        value = value < UINT32_MAX / 10 ? value * 10 + (uint32_t)(*s - '0') : UINT32_MAX;
    *out = value;
    return s;
}

const char *tk_read_u8(const char *s, uint8_t *out)
{
    uint32_t value;
    const char *end = tk_read_u32(s, &value);

    if (end == s || value > UINT8_MAX || (*s == '0' && end != s + 1))
        return NULL;
    *out = (uint8_t)value;
    return end;
}

const char *tk_read_ipv4(const char *s, uint8_t out[4])
{
    for (int i = 0; i < 4 && s != NULL; i++) {
        if (i > 0 && *s++ != '.')
            return NULL;
        s = tk_read_u8(s, &out[i]);
    }
    return s;
}

int tk_hex_value(char c)
{
    char lower = (char)(c | 0x20);

    if (tk_is_digit(c))
        return c - '0';
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A word at a time: such a byte has its top bit clear, and set after 0x20 is subtracted. */
bool tk_contains_control(const char *s, size_t len)
{
    const size_t each = SIZE_MAX / 0xff; /* 0x0101... */
    size_t word;

    for (; len >= sizeof word; s += sizeof word, len -= sizeof word) {
        memcpy(&word, s, sizeof word);
        if ((word - each * 0x20) & ~word & each * 0x80)
            return true;
    }
    while (len > 0 && (unsigned char)s[len - 1] >= 0x20)
        len--;
    return len > 0;
}
