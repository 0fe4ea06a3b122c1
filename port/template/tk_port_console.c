/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_io.h"

/* FIXME tk_console_io.h: the bytes that the UART's interrupt has put into a ring of one line, for
 * this function is not called for up to 2 s at a time; and TK_CONSOLE_OVERRUN once for those that
 * did not fit. To begin with, what the UART holds now will do. */
int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    (void)port;
    (void)line;
    (void)buf;
    (void)size;
    return TK_CONSOLE_CLOSED;
}

/* FIXME tk_console_io.h: as many bytes as the UART takes now, for line 0. Its interrupt ends
 * tk_wait when there is room again. */
int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    (void)port;
    (void)line;
    (void)data;
    (void)len;
    return TK_CONSOLE_CLOSED;
}
