/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_console_io.h"

static uint16_t next_of(uint16_t place)
{
    return place + 1 == TK_BARE_LINE ? 0 : (uint16_t)(place + 1);
}

void tk_bare_overrun(struct tk_port *port)
{
    port->rx.lost = true;
    port->rx.overruns++;
    port->woken = true;
}

/* After a loss nothing is taken until the main loop has read what came before it and was told: so
 * the loss is told at the place where it happened. */
void tk_bare_received(struct tk_port *port, uint8_t byte)
{
    struct tk_bare_ring *rx = &port->rx;

    if (rx->lost || next_of(rx->in) == rx->out) {
        tk_bare_overrun(port);
        return;
    }
    rx->bytes[rx->in] = byte;
    rx->in = next_of(rx->in);
    port->woken = true;
}

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    struct tk_bare_ring *rx = &port->rx;
    uint8_t *to = buf;
    int n = 0;

    if (line != 0)
        return TK_CONSOLE_CLOSED;
    for (; (size_t)n < size && rx->out != rx->in; n++) {
        to[n] = rx->bytes[rx->out];
        rx->out = next_of(rx->out);
    }
    if (n > 0 || size == 0 || !rx->lost)
        return n;
    rx->lost = false;
    return TK_CONSOLE_OVERRUN;
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t n = 0;

    (void)port;
    if (line != 0)
        return TK_CONSOLE_CLOSED;
    while (n < len && tk_board_put(from[n]))
        n++;
    if (n < len)
        tk_board_want_room();
    return (int)n;
}
