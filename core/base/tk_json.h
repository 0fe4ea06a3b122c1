/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JSON_H
#define TK_JSON_H

/*
 * JSON documents (RFC 8259) read whole, on jsmn. jsmn alone is a tokenizer: it accepts `{"a":}`,
 * `[1,,3]` and 10 more of 18 malformed documents, so every document is walked once more against
 * the grammar before anything of it is used.
 *
 * Values are taken out in place: a string is unescaped where it stands and NUL-terminated, which
 * never needs more room than the document has. A pointer so given lives as long as the text.
 */

#ifndef JSMN_H
#define JSMN_HEADER
#endif
#include <jsmn.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tk_json {
    char *text;
    size_t len;
    jsmntok_t *tokens; /* the caller's, in document order; the root is 0 */
    int count;
};

enum { TK_JSON_NONE = -1 };

/* Whether text[0..len) is one JSON value of at most max tokens, nested at most 16 deep. A bare
 * number or word is one only with white space behind it. text may be changed by the functions
 * below, must outlive j, and has one byte of room behind it. */
bool tk_json_parse(struct tk_json *j, char *text, size_t len, jsmntok_t *tokens, unsigned max);

/* The value of the first member of that name (as it stands in the document, without escapes), or
 * TK_JSON_NONE; also when `object` is TK_JSON_NONE or no object. */
int tk_json_member(const struct tk_json *j, int object, const char *name);

/* Element i of an array, or TK_JSON_NONE. */
int tk_json_element(const struct tk_json *j, int array, int i);

bool tk_json_is_object(const struct tk_json *j, int value);

/* A string's characters, or a number's digits (Bitrix24 writes numbers either way); NULL for any
 * other value, and for a string with \u0000 or an unpaired surrogate in it. Each value may be
 * taken once or often. */
const char *tk_json_text(struct tk_json *j, int value);

/* An integer, as a number or as a string of digits, at most 18 digits. */
bool tk_json_int(struct tk_json *j, int value, int64_t *out);

#endif
