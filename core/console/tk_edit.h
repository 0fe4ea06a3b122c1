/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_EDIT_H
#define TK_EDIT_H

/*
 * Editing of an operator's line. A build may leave it out (TK_EDITING=0): then only Backspace and
 * Ctrl-U are left.
 *
 * The terminal is not asked for its width: the line is kept in 79 columns, and one that is longer
 * scrolls by half of them. CR, BS and ESC [ K are all that the terminal must know. Where the echo
 * has stopped the cursor stays at the end.
 */

#include "tk_output.h"
#include "tk_typed.h"

/* Whether the cursor has left the visible columns; if so, scrolls them to it. */
bool tk_edit_scrolls(struct tk_line *l);

/* Writes a byte; one that is not printable ASCII as ?. */
void tk_edit_echo(struct tk_output *echo, char byte);

/* Writes prompt and line in place of those on the screen. */
void tk_edit_draw(struct tk_line *l, struct tk_output *echo);

/* Carries out an editing key in an operator's line; false: the key is not one. */
bool tk_edit_key(struct tk_line *l, uint8_t key);

#endif
