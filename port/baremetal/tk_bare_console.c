/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_arch.h"
#include "tk_bare.h"
#include "tk_board.h"
#include "tk_console_io.h"

static uint16_t next_of(uint16_t i)
{
    return i + 1 == TK_BARE_LINE ? 0 : (uint16_t)(i + 1);
}

static void put(struct tk_bare_ring *rx, uint8_t byte)
{
    rx->bytes[rx->in] = byte;
    rx->in = next_of(rx->in);
}

void tk_bare_overrun(struct tk_port *port)
{
    port->rx.lost = true;
    port->rx.end = 0;
    port->rx.overruns++;
    port->woken = true;
}

/* After a loss nothing is stored until the main loop has read the bytes before it and received
 * TK_CONSOLE_OVERRUN, so that the loss is reported where it happened. */
void tk_bare_received(struct tk_port *port, uint8_t byte)
{
    struct tk_bare_ring *rx = &port->rx;

    if (rx->lost || next_of(rx->in) == rx->out) {
        tk_bare_overrun(port);
        rx->end = byte == '\r' || byte == '\n' ? byte : 0;
        return;
    }
    put(rx, byte);
    port->woken = true;
}

/* Stores bytes again. If the loss ended with the end of a line, that end is stored: the sender
 * waits for an answer to the line. */
static void resume(struct tk_bare_ring *rx)
{
    uint32_t before = tk_arch_mask();

    if (rx->end != 0)
        put(rx, rx->end);
    rx->lost = false;
    tk_arch_unmask(before);
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
    resume(rx);
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
        tk_board_enable_tx_interrupt();
    return (int)n;
}
