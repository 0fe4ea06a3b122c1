/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TEMPLATE_H
#define TK_TEMPLATE_H

/*
 * JSON with placeholders: a word in braces. Inside a JSON string it is replaced by the value's
 * characters, escaped; elsewhere by a JSON value, a string or a number:
 *
 *      {"text": "{account} is at level {level}", "level": {level}}
 *
 * So a template that yields JSON with one set of values does so with any. A brace that does not
 * begin a placeholder is literal; write \u007b where it would. Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum tk_word_kind {
    TK_WORD_TEXT,
    TK_WORD_NUMBER, /* an int64_t */
    TK_WORD_UTC     /* the same, a Unix time, as text (RFC 3339); "" for 0 */
};

struct tk_word {
    const char *name; /* lower-case letters and _ */
    uint8_t offset;   /* of its value in a struct: a const char *, or an int64_t */
    uint8_t kind;     /* enum tk_word_kind */
};

/* Appends the template with its placeholders replaced; values: the struct. TK_E_TEMPLATE_WORD: one
 * is not in words. TK_E_TEMPLATE_JSON: one is part of an escape sequence, or, outside of strings,
 * of a longer value. */
enum tk_err tk_template_write(struct tk_text *t, const char *template, const struct tk_word *words,
                              size_t count, const void *values);

/* Appends a JSON object with all words in order. */
void tk_template_write_all(struct tk_text *t, const struct tk_word *words, size_t count,
                           const void *values);

#endif
