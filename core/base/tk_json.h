/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_JSON_H
#define TK_JSON_H

/*
 * A JSON reader (RFC 8259) on top of jsmn, for whole documents in memory. jsmn is a tokenizer: even
 * in strict mode it accepts {"a":} and [1,,3]. Each document is therefore checked against the
 * grammar before any of it is used.
 *
 * Strings are decoded in place: unescaped and NUL-terminated within the document, which never needs
 * more room. A pointer to one is valid as long as the text. Pure functions.
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
    jsmntok_t *tokens; /* in document order; 0 is the root */
    int count;
};

/* A value is the index of its token; TK_JSON_NONE: there is no such value. All functions below
 * accept TK_JSON_NONE, so that lookups can be chained. */
enum { TK_JSON_NONE = -1 };

/* Parses text[0..len). False unless it is one JSON value of at most max tokens, nested at most 32
 * deep, where a byte order mark may come first (RFC 8259 8.1). It is not checked that strings are
 * UTF-8. text and tokens are the caller's and must outlive j. text needs one byte after
 * text[len - 1], and is modified if it is JSON, also by tk_json_text and tk_json_int. */
bool tk_json_parse(struct tk_json *j, char *text, size_t len, jsmntok_t *tokens, unsigned max);

/* The value of the last member of this name. Names are compared after unescaping (RFC 8259 8.3). */
int tk_json_member(const struct tk_json *j, int object, const char *name);

/* Element i, from 0, of an array. */
int tk_json_element(const struct tk_json *j, int array, int i);

bool tk_json_is_object(const struct tk_json *j, int value);

/* A string's characters, or a number as written; NUL-terminated. NULL for any other value, and for
 * a string that contains \u0000. An unpaired surrogate becomes U+FFFD. Can be repeated. */
const char *tk_json_text(struct tk_json *j, int value);

/* An integer of at most 18 digits, written as a number or as a string of digits. */
bool tk_json_int(struct tk_json *j, int value, int64_t *out);

#endif
