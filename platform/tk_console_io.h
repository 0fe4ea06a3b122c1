/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_IO_H
#define TK_CONSOLE_IO_H

/*
 * Console lines as bytes. A board has one line, its UART, numbered 0; a host may have more, each
 * a terminal of its own. A port keeps what arrives while the core is busy (up to 2 s of a TLS
 * step: at least one line of 1024 bytes).
 */

#include <stddef.h>

struct tk_port;

enum {
    TK_CONSOLE_CLOSED = -1, /* nobody is attached to this line */
    TK_CONSOLE_OVERRUN =
        -2 /* bytes were lost since the last call; said once, then reading goes on */
};

/* The number of bytes moved to buf, 0 when there are none now, or TK_CONSOLE_CLOSED or
 * TK_CONSOLE_OVERRUN. Never blocks. */
int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size);

/* The number of bytes taken, 0 when there is no room now, or TK_CONSOLE_CLOSED. Never blocks. */
int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len);

#endif
