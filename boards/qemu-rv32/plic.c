/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "virt.h"

enum { SOURCES = 11 }; /* IRQ_UART0 is the highest in use */

static void (*handlers[SOURCES])(void);

void tk_plic_init(void)
{
    PLIC_ENABLE = 0;
    PLIC_THRESHOLD = 0;
}

void tk_plic_enable(unsigned irq, void (*handler)(void))
{
    handlers[irq] = handler;
    PLIC_PRIORITY(irq) = 1;
    PLIC_ENABLE |= 1u << irq;
}

void tk_plic_interrupt(void)
{
    uint32_t irq = PLIC_CLAIM;

    if (irq < SOURCES && handlers[irq] != NULL)
        handlers[irq]();
    PLIC_CLAIM = irq;
}
