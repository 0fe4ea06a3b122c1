/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LINE_H
#define TK_LINE_H

/*
 * The line editor of a console: bytes in, complete lines out, with echo and editing for an
 * operator. A line that begins with @ comes from a program: it is not echoed, and a control
 * character in it is an error, but for Backspace, Ctrl-U and Ctrl-C. The echo of a secret stops
 * where it begins. A line that is too long, or that holds a character that is not ASCII, is refused
 * as a whole.
 */

#include "tk_output.h"
#include "tk_typed.h"

enum tk_line_event {
    TK_LINE_MORE,     /* the line is not complete */
    TK_LINE_DONE,     /* complete: call tk_line_finish, read it, then call tk_line_clear */
    TK_LINE_KILLED,   /* now empty, on a new line of the terminal */
    TK_LINE_INTERRUPT /* Ctrl-C */
};

/* Takes one byte of input and writes its echo. A mail program breaks an address into lines: an
 * operator's address is held for the owner to complete once nothing follows. */
enum tk_line_event tk_line_byte(struct tk_line *l, char byte, struct tk_output *echo);

/* Writes the end of the echo of a complete line. */
void tk_line_finish(struct tk_line *l, struct tk_output *echo);

/* Writes prompt and line in place of those on the screen, as TK_LINE_MORE and l->is_stale ask for
 * once no input waits, and where other output came between. */
void tk_line_draw(struct tk_line *l, struct tk_output *echo);

/* Starts a new line on the terminal and wipes the old one. */
void tk_line_kill(struct tk_line *l, struct tk_output *echo);

#endif
