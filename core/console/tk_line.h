/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LINE_H
#define TK_LINE_H

/*
 * The line editor of a console: bytes in, complete lines out, with echo for an operator. A line
 * that begins with @ comes from a program and is not echoed; the echo of a secret stops where the
 * secret begins. Backspace, Ctrl-U and Ctrl-C work, escape sequences are dropped. A line that is
 * too long or contains another control byte is refused as a whole.
 */

#include "tk_err.h"
#include "tk_limits.h"
#include "tk_output.h"

enum tk_line_event {
    TK_LINE_MORE,     /* the line is not complete */
    TK_LINE_DONE,     /* complete: read l->typed and l->refusal, then call tk_line_clear */
    TK_LINE_KILLED,   /* Ctrl-U: now empty, on a new line of the terminal */
    TK_LINE_INTERRUPT /* Ctrl-C */
};

struct tk_line {
    uint16_t len;         /* of typed */
    uint16_t kept;        /* bytes at the end of typed that are not the line's (tk_line_keep) */
    uint16_t secret_from; /* index in typed where the echo stopped; 0: it did not */
    enum tk_err refusal;  /* why the line must not be run, or TK_OK */
    uint8_t escape;       /* state within an escape sequence */
    bool after_cr;        /* the last byte was CR: a following LF belongs to it */
    bool no_echo;         /* the whole line is a secret; set by the owner */

    /* Whether what follows this unfinished line is a secret. */
    bool (*is_secret)(const void *ctx, const char *typed);
    const void *ctx;

    char typed[TK_LINE_MAX + 1];
};

/* is_secret is called with ctx after each space. */
void tk_line_init(struct tk_line *l, bool (*is_secret)(const void *ctx, const char *typed),
                  const void *ctx);

/* Takes one byte of input and writes its echo. */
enum tk_line_event tk_line_byte(struct tk_line *l, char byte, struct tk_output *echo);

/* Moves len bytes to the end of typed, where they stay while kept is not changed; a line may be so
 * much shorter meanwhile. Returns them. */
char *tk_line_keep(struct tk_line *l, const char *bytes, size_t len);

/* Wipes the line. */
void tk_line_clear(struct tk_line *l);

/* Starts a new line on the terminal and wipes the old one. */
void tk_line_kill(struct tk_line *l, struct tk_output *echo);

#endif
