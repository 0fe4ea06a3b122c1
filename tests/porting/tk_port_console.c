/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_console_io.h"

#include <stdint.h>

/* A first version for an LM3S6965: UART 0 as reset leaves it in the emulator, polled. */
#define UART0_DR    (*(volatile uint32_t *)0x4000C000)
#define UART0_FR    (*(volatile uint32_t *)0x4000C018)
#define UART0_CTL   (*(volatile uint32_t *)0x4000C030)
#define FR_RX_EMPTY (1u << 4)
#define FR_TX_FULL  (1u << 5)
#define CTL_ENABLE  0x301u

int tk_console_read(struct tk_port *port, unsigned line, void *buf, size_t size)
{
    uint8_t *to = buf;
    int n = 0;

    (void)port;
    if (line != 0)
        return TK_CONSOLE_CLOSED;
    UART0_CTL = CTL_ENABLE;
    while ((size_t)n < size && (UART0_FR & FR_RX_EMPTY) == 0)
        to[n++] = (uint8_t)UART0_DR;
    return n;
}

int tk_console_write(struct tk_port *port, unsigned line, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t n = 0;

    (void)port;
    if (line != 0)
        return TK_CONSOLE_CLOSED;
    for (; n < len && (UART0_FR & FR_TX_FULL) == 0; n++)
        UART0_DR = from[n];
    return (int)n;
}
