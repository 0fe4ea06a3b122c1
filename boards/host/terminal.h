/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TERMINAL_H
#define TK_TERMINAL_H

/* What `run --console` names becomes line 0 of the console, with bytes as they are. */

#include "tk_posix.h"

#include <termios.h>

struct tk_terminal {
    int fd;    /* ours to close; -1: none */
    int other; /* the far end of a pseudoterminal, kept open so that users may come and go */
    bool is_raw;
    int raw_fd;
    struct termios saved;
    char link[512]; /* to remove; "": none */
};

/* NULL is stdio. False, and a word on stderr, when it cannot be. */
bool tk_terminal_open(struct tk_terminal *t, struct tk_port *port, const char *console);
void tk_terminal_close(struct tk_terminal *t);

bool tk_terminal_is_stdio(const char *console);

/* Bytes as they are, but for the keys of `keep` (VQUIT, or -1) that the system still acts on. */
bool tk_terminal_make_raw(int fd, struct termios *saved, int keep);

#endif
