/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CALL_PARAMS_H
#define TK_CALL_PARAMS_H

/*
 * Parameters of a call on the command line, and the JSON object that they make:
 *
 *      fields[TITLE]=x             text, whatever it looks like
 *      fields[OPENED]:=false       JSON
 *      fields[COMMENTS]=@file      the text in a file; :=@file: the JSON in it
 *      select[]=ID                 names are nested as in PHP
 *
 * An object whose names are 0, 1, 2 ... in that order becomes a list.
 */

#include "buffer.h"

/* Adds the object that args[0..count) make to out. False after a message. */
bool tk_params_make(char *const *args, size_t count, struct tk_buffer *out);

/* Reads a JSON object from standard input. False after a message. */
bool tk_params_read(struct tk_buffer *out);

#endif
