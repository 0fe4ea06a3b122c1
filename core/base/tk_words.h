/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WORDS_H
#define TK_WORDS_H

/*
 * User-facing strings: codes and hints of errors, command and setting help, hints of commands, keys
 * of `status` and `check`; and the error codes of servers. The text stands beside what it
 * describes, in the tables that core/CMakeLists.txt names; core/words.py packs it for the device to
 * less than half its size. Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum { TK_WORDS_MAX = 160 }; /* characters of the longest string */

/* The tables of strings in the order in which core/words.py is given them, after codes and errors.
 */
enum tk_words_table {
    TK_WORDS_COMMANDS = 2,
    TK_WORDS_SETTINGS,
    TK_WORDS_HINTS,
    TK_WORDS_SERVER_ERRORS,
    TK_WORDS_STATUS,
    TK_WORDS_CHECK
};

/* The number of the string of a row of a table, from 0. The hint of an error has the number of the
 * error (TK_OK: empty). */
unsigned tk_words_of(enum tk_words_table table, size_t row);

/* Appends the string. */
void tk_words_add(struct tk_text *t, unsigned string);

/* Copies the code of an error to out and returns it: the same as tk_err_code, whose table a device
 * need not carry. */
const char *tk_words_code(enum tk_err err, char out[TK_ERR_CODE_MAX + 1]);

/* The error with this code; TK_OK for any other string. Store codes, not numbers: numbers change
 * from build to build. */
enum tk_err tk_words_err(const char *code);

#endif
