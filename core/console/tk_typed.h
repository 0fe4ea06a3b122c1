/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TYPED_H
#define TK_TYPED_H

/*
 * What is typed on a console line: its text, its cursor, and which part of it is hidden. See
 * tk_line.h.
 */

#include "tk_err.h"
#include "tk_keyboard.h"
#include "tk_limits.h"

#include <stddef.h>

/* What the end of an unfinished line begins. */
enum tk_line_hides {
    TK_HIDES_NOTHING,
    TK_HIDES_SECRET,
    TK_HIDES_ADDRESS /* an address or a code: ASCII, whatever was copied along with it */
};

struct tk_line {
    uint16_t len;         /* of typed */
    uint16_t kept;        /* bytes at the end of typed that are not the line's (tk_line_keep) */
    uint16_t secret_from; /* index in typed where the echo stopped; 0: it did not */
    uint16_t at;          /* index in typed of the cursor; len where the line is not shown */
    uint16_t from;        /* index in typed of the first character on the screen */
    uint16_t last;        /* length of the line before, which typed holds until a key is typed */
    struct tk_keyboard keyboard;
    enum tk_err refusal; /* why the line must not be run, or TK_OK */
    bool after_cr : 1;   /* the last byte was CR: a following LF belongs to it */
    bool is_address : 1; /* TK_HIDES_ADDRESS */
    bool is_done : 1;    /* it has ended and is not cleared yet */
    bool is_held : 1;    /* it has ended, and what follows is a part of it; set by the owner */
    bool no_echo : 1;    /* the whole line is a secret; set by the owner */
    bool is_stale : 1;   /* the screen shows it as it was before the last key: tk_line_draw */
    bool is_quiet : 1;   /* not echoed yet: a command is in progress; set by the owner */

    enum tk_line_hides (*hides)(const struct tk_line *l);

    char typed[TK_LINE_MAX + 1];
};

/* hides is called where an operator's line, in l->typed, ends in a space, / or =. */
void tk_line_init(struct tk_line *l, enum tk_line_hides (*hides)(const struct tk_line *l));

/* Whether it is a program's line. */
bool tk_line_is_program(const struct tk_line *l);

/* Whether the terminal sees what is typed; if so, up to secret_from. */
bool tk_line_has_echo(const struct tk_line *l);

/* Whether an unfinished line is on the screen, or the part of it that is not hidden. */
bool tk_line_is_shown(const struct tk_line *l);

/* The index of the first byte for which the line is refused; len: there is none. */
size_t tk_line_bad(const struct tk_line *l);

static inline bool tk_line_is_text(char byte)
{
    return byte >= ' ' && byte <= '~';
}

/* Inserts a byte at the cursor, for which there is room. */
void tk_line_insert(struct tk_line *l, char byte);

/* Deletes typed[from..to), where the cursor then is. */
void tk_line_delete(struct tk_line *l, size_t from, size_t to);

/* Cuts and wipes typed[len..], the cursor at the end; but TK_PRESS_UP brings the line before back.
 */
void tk_line_cut(struct tk_line *l, size_t len);

/* Makes the line empty. */
static inline void tk_line_clear(struct tk_line *l)
{
    tk_line_cut(l, 0);
}

/* Moves len bytes to the end of typed, where they stay while kept is not changed; a line may be so
 * much shorter meanwhile. Returns them. */
char *tk_line_keep(struct tk_line *l, const char *bytes, size_t len);

/* Swaps the line with the one before it, which typed still holds: the line is then typed[0..len),
 * and last the length of what TK_PRESS_UP would bring back. */
void tk_line_swap_last(struct tk_line *l, uint16_t len, uint16_t last);

#endif
