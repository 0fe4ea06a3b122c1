/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ANSWER_H
#define TK_ANSWER_H

/* The lines of an answer: what tk_console.h offers to commands, and what the console itself uses.
 */

#include "tk_console.h"

/* Queues "<prefix>ERR <code> <string>" without a line end. string: of tk_words.h. */
void tk_answer_err(struct tk_console *c, const char *prefix, enum tk_err err, unsigned string);

/* Implemented by the console: ends the answer's last line, and the command. */
void tk_console_answered(struct tk_console *c);

#endif
