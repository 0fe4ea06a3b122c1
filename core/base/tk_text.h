/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TEXT_H
#define TK_TEXT_H

/*
 * Text in memory of a fixed size. A tk_text never writes past its buffer and is always
 * NUL-terminated; what does not fit is left out whole from there on, and tk_text_ok says so.
 * All functions are pure: no clock, no I/O, callable from anywhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_text {
    char *buf;   /* the caller's, at least 1 byte */
    size_t size; /* of buf, the NUL included */
    size_t len;  /* characters so far, the NUL not included */
    bool full;   /* something was left out */
};

void tk_text_init(struct tk_text *t, char *buf, size_t size);
bool tk_text_ok(const struct tk_text *t);

void tk_text_char(struct tk_text *t, char c);
void tk_text_add(struct tk_text *t, const char *s);
void tk_text_addn(struct tk_text *t, const char *s, size_t len);
void tk_text_int(struct tk_text *t, int64_t value);
void tk_text_hex(struct tk_text *t, const uint8_t *bytes, size_t len); /* lower case */

/* s as a value of application/x-www-form-urlencoded (WHATWG URL 5.2: space is +). */
void tk_text_form(struct tk_text *t, const char *s);

/* s with control bytes, backslash and bytes from 0x7f up as \xHH: fit for one console line. */
void tk_text_visible(struct tk_text *t, const char *s);

/* s as a JSON string with its quotes (RFC 8259 section 7), or as a part of one. */
void tk_text_json(struct tk_text *t, const char *s);
void tk_text_json_part(struct tk_text *t, const char *s);

/* Copies a NUL-terminated string into dst, or answers false and leaves dst empty when it is too
 * long for size. */
bool tk_copy(char *dst, size_t size, const char *src);

/* A decimal number of 1 to 19 digits and nothing else, at most max. */
bool tk_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out);

/* Of a hex digit; -1 for any other character. */
int tk_hex_value(char c);

/* "<n>s|m|h|d" to seconds, from min_s to max_s. */
bool tk_parse_duration(const char *s, uint32_t min_s, uint32_t max_s, uint32_t *out_s);

/* seconds as the shortest of "<n>s|m|h|d" that is exact. */
void tk_text_duration(struct tk_text *t, uint32_t seconds);

/* ASCII only, whatever the locale: a protocol's letters are no language's. */
static inline bool tk_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool tk_is_alnum(char c);
char tk_lower(char c);
bool tk_same_nocase(const char *a, const char *b);
bool tk_ends_with(const char *s, const char *tail);

/* Every character is printable ASCII without space: 0x21 to 0x7e. */
bool tk_is_vchar(const char *s);

/* Overwrites a secret; the compiler cannot leave it out. */
void tk_wipe(void *p, size_t len);

#endif
