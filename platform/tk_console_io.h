/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CONSOLE_IO_H
#define TK_CONSOLE_IO_H

/*
 * Console lines as byte streams. A board has one line, its UART, numbered 0; a host may have more,
 * one per terminal. The port buffers input while core is busy (up to 2 s in a step of TLS): at
 * least one line of 1024 bytes. Main loop only; no function blocks.
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tk_port;

enum {
    TK_CONSOLE_CLOSED = -1, /* no terminal is attached to this line */
    TK_CONSOLE_OVERRUN = -2 /* input was lost here; reported once, then reading continues */
};

/* Reads up to size bytes. Returns the number of bytes moved to buf, 0 when there are none now,
 * TK_CONSOLE_CLOSED or TK_CONSOLE_OVERRUN. */
int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size);

/* Writes up to len bytes; data is copied before the call returns. Returns the number of bytes
 * taken, 0 when there is no room now, or TK_CONSOLE_CLOSED. */
int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len);

#ifdef __cplusplus
}
#endif

#endif
