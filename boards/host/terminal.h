/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_TERMINAL_H
#define TK_TERMINAL_H

/* Line 0 of the console, given with `run --console`, in raw mode. */

#include "leave.h"
#include "tk_posix.h"
#include "tokenkeeper.h"

#include <termios.h>

struct tk_terminal {
    int fd;      /* closed by tk_terminal_close; -1: none */
    int pipe[2]; /* of a terminal at stdio: what was typed, for the console; -1: none */
    struct tk_leave leave;
    const char *device; /* is opened again when it comes back; NULL: there is none */
    uint64_t retry_ms;  /* the tick of the next attempt */
    int other;          /* slave of a pseudoterminal, kept open so that terminals may come and go */
    bool is_raw;
    int raw_fd;
    struct termios saved;
    char link[512]; /* removed by tk_terminal_close; "": none */
};

/* Opens and attaches the console; NULL: stdio. Returns false after a message. */
bool tk_terminal_open(struct tk_terminal *t, struct tk_port *port, const char *console);

/* In each pass of the main loop: passes on what was typed at stdio, and opens a serial device again
 * that was unplugged. Returns the tick of its next run, or UINT64_MAX; *stops becomes true when the
 * operator wants the service to stop. */
uint64_t tk_terminal_run(struct tk_terminal *t, struct tk_keeper *keeper, uint64_t now_ms,
                         bool *stops);
void tk_terminal_close(struct tk_terminal *t);

bool tk_terminal_is_stdio(const char *console);

/* Switches to raw mode. keep: index of a control character that stays active, such as VQUIT; or
 * -1. */
bool tk_terminal_make_raw(int fd, struct termios *saved, int keep);

#endif
