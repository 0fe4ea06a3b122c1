/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TEMPLATE_H
#define TK_TEMPLATE_H

/*
 * JSON with places for values: a word in braces. Inside a string it becomes the value's
 * characters, escaped; anywhere else a JSON value of its own, a string or a number:
 *
 *      {"text": "{account} is at level {level}", "level": {level}}
 *
 * So a template that gives JSON once gives JSON whatever its values are. A brace that no word and
 * closing brace follow stands for itself; one that is meant where they do is \u007b. Pure
 * functions.
 */

#include "tk_err.h"
#include "tk_text.h"

struct tk_word {
    const char *name; /* of lower-case letters and _ */
    const char *text; /* NULL: it is a number */
    int64_t number;
};

/* TK_E_TEMPLATE_WORD: it names a word that is none of these. */
enum tk_err tk_template_write(struct tk_text *t, const char *template, const struct tk_word *words,
                              size_t count);

#endif
