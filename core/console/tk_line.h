/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LINE_H
#define TK_LINE_H

/*
 * The line editor of a console: bytes in, whole lines out, with an echo for a person. A line that
 * begins with @ comes from a program and is not echoed; the echo of a secret stops where it
 * begins. A line that is too long, or that holds a byte no command has, is refused whole.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_output.h"

enum tk_line_event {
    TK_LINE_MORE,     /* the line goes on */
    TK_LINE_DONE,     /* it is whole: take l->typed, then tk_line_clear */
    TK_LINE_KILLED,   /* Ctrl-U: it is empty again, on a new line of the terminal */
    TK_LINE_INTERRUPT /* Ctrl-C */
};

struct tk_line {
    uint16_t len;
    uint16_t hidden_from; /* where the echo stopped; 0: it did not */
    enum tk_err refusal;  /* why the line cannot be run; TK_OK */
    uint8_t escape;       /* state within a terminal's escape sequence */
    bool after_cr;
    bool asked; /* a value was asked for: no echo at all */

    /* Whether what follows this unfinished line is a secret. */
    bool (*hides)(const void *ctx, const char *typed);
    const void *ctx;

    char typed[TK_LINE_MAX + 1];
};

void tk_line_init(struct tk_line *l, bool (*hides)(const void *ctx, const char *typed),
                  const void *ctx);

enum tk_line_event tk_line_byte(struct tk_line *l, char byte, struct tk_output *echo);

/* Wipes what was typed. */
void tk_line_clear(struct tk_line *l);

/* Ends the line on the terminal and clears it. */
void tk_line_kill(struct tk_line *l, struct tk_output *echo);

#endif
