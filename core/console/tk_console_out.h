/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_OUT_H
#define TK_CONSOLE_OUT_H

/*
 * What goes out on a console line: answers, prompts and echoes, and between answers the lines that
 * come by themselves. All of it waits in c->out until the line takes it. For tk_console.c; commands
 * use tk_console.h.
 */

#include "tk_console.h"

/* Bytes that fit still. */
size_t tk_console_room(const struct tk_console *c);

/* Bytes as they are. What does not fit is dropped: steps are only made while a whole line fits. */
void tk_console_put(struct tk_console *c, const char *s, size_t len);
void tk_console_put_text(struct tk_console *c, const char *s);

/* CRLF, unless a line begins here. */
void tk_console_new_line(struct tk_console *c);

/* A line of its own. */
void tk_console_put_line(struct tk_console *c, const char *s);

/* ERR of a line that was not run: the command under way is left alone. Without the line's end.
 * sentence: of tk_words.h. */
void tk_console_put_err(struct tk_console *c, const char *prefix, enum tk_err err,
                        unsigned sentence);

/* The prompt, where a person may type and does not see one. */
void tk_console_prompt(struct tk_console *c);

/* The EVT and LOG lines that wait, between answers only. A prompt that stood there comes again
 * behind them; a half-typed line is left as it is. */
void tk_console_put_async(struct tk_console *c);

/* Gives the line what it takes now. 0, or TK_CONSOLE_CLOSED. */
int tk_console_flush(struct tk_console *c);

#endif
