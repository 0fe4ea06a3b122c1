/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WORDS_H
#define TK_WORDS_H

/*
 * User-facing strings: codes and hints of errors, command and setting help, hints of commands, keys
 * of `status` and `check`; and the error codes of servers. The text stands beside what it
 * describes, in the tables that core/CMakeLists.txt names; core/words.py packs it for the device to
 * half its size. Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum { TK_WORDS_MAX = 160 }; /* characters of the longest string */

/* The number of a string. An error's hint has the number of the error (TK_OK: empty); for the
 * others, row is the index in the table, from 0. */
unsigned tk_words_of_command(size_t row);
unsigned tk_words_of_setting(size_t row);
unsigned tk_words_of_hint(size_t row);
unsigned tk_words_of_server_error(size_t row);
unsigned tk_words_of_status(size_t row);
unsigned tk_words_of_check(size_t row);

/* Appends the string. */
void tk_words_add(struct tk_text *t, unsigned string);

/* Copies the code of an error to out and returns it: the same as tk_err_code, whose table a device
 * need not carry. */
const char *tk_words_code(enum tk_err err, char out[TK_ERR_CODE_MAX + 1]);

/* The error with this code; TK_OK for any other string. Store codes, not numbers: numbers change
 * from build to build. */
enum tk_err tk_words_err(const char *code);

#endif
