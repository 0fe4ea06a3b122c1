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

/* Add one. Of TK_OK it is empty. which: the row, from 0. */
void tk_words_error(struct tk_text *t, enum tk_err err);
void tk_words_command(struct tk_text *t, size_t which);
void tk_words_setting(struct tk_text *t, size_t which);

#endif
