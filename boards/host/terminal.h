/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TERMINAL_H
#define TK_TERMINAL_H

/* Line 0 of the console, given with `run --console`, in raw mode. */

#include "tk_posix.h"

#include <termios.h>

struct tk_terminal {
    int fd;    /* closed by tk_terminal_close; -1: none */
    int other; /* slave of a pseudoterminal, kept open so that terminals may come and go */
    bool is_raw;
    int raw_fd;
    struct termios saved;
    char link[512]; /* removed by tk_terminal_close; "": none */
};

/* Opens and attaches the console; NULL: stdio. Returns false after a message. */
bool tk_terminal_open(struct tk_terminal *t, struct tk_port *port, const char *console);
void tk_terminal_close(struct tk_terminal *t);

bool tk_terminal_is_stdio(const char *console);

/* Switches to raw mode. keep: index of a control character that stays active, such as VQUIT; or
 * -1. */
bool tk_terminal_make_raw(int fd, struct termios *saved, int keep);

#endif
