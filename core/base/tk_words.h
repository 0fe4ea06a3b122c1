/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_WORDS_H
#define TK_WORDS_H

/*
 * The sentences that a person reads: what to do about an error, what a command does, what a setting
 * may be. They stand beside what they are about, in tk_errors.h, tk_commands.h and tk_settings.h,
 * and on the device packed to half their size (core/words.py). Pure functions.
 */

#include "tk_err.h"
#include "tk_text.h"

enum { TK_WORDS_MAX = 160 }; /* characters of one */

/* A sentence: that of an error is the error itself, and of TK_OK empty. row: of the table, from 0.
 */
unsigned tk_words_of_command(size_t row);
unsigned tk_words_of_setting(size_t row);

void tk_words_add(struct tk_text *t, unsigned sentence);

#endif
