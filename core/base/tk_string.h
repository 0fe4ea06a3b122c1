/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_STRING_H
#define TK_STRING_H

/*
 * Strings of protocols: classes of characters, comparison, decimal and hexadecimal numbers. ASCII
 * only and independent of any locale. Pure functions, callable from any context.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool tk_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tk_is_alnum(char c);
char tk_lower(char c);

bool tk_same_nocase(const char *a, const char *b);
/* The same of the first len characters; a and b may end before, but not both. */
bool tk_same_nocase_n(const char *a, const char *b, size_t len);
bool tk_ends_with(const char *s, const char *tail);

/* True if every character is a VCHAR (RFC 5234: 0x21 to 0x7e, thus no space). */
bool tk_is_vchar(const char *s);

/* Copies src with its terminator into dst of size bytes, and wipes the rest of it: what was there
 * may have been a longer secret. The two may overlap. False, with dst empty, if it does not fit. */
bool tk_copy(char *dst, size_t size, const char *src);

/* Parses s[0..len) as a decimal number of 1 to 19 digits, without sign or space, that is at most
 * max. False, with *out unchanged, for anything else. */
bool tk_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out);

/* Reads the digits at s, perhaps none: a larger number than *out can hold is UINT32_MAX. Returns
 * what follows them. */
const char *tk_read_u32(const char *s, uint32_t *out);

/* Reads a decimal number of 0 to 255, or four of them with dots between them (an IPv4 address, RFC
 * 3986 3.2.2), without leading zeros. Returns what follows; NULL: there is none. */
const char *tk_read_u8(const char *s, uint8_t *out);
const char *tk_read_ipv4(const char *s, uint8_t out[4]);

/* The value of a hex digit of either case; -1 for any other character. */
int tk_hex_value(char c);

/* True if one of len bytes is below 0x20. */
bool tk_contains_control(const char *s, size_t len);

#endif
