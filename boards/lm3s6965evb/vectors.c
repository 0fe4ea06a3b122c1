/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"
#include "lm3s6965.h"
#include "tk_cortex_m.h"

extern uint32_t tk_stack_top[];

typedef void (*vector)(void);

#pragma weak tk_sensor_interrupt /* 0 where there is none */

/* Other interrupts are not enabled. */
__attribute__((section(".vectors"), used)) static const vector vectors[16 + IRQ_MAC + 1] = {
    [0] = (vector)tk_stack_top,
    [1] = tk_cortex_start,
    [2] = tk_cortex_fault, /* NMI */
    [3] = tk_cortex_fault, /* HardFault; the other faults escalate to it while not enabled */
    [16 + IRQ_UART0] = tk_uart_interrupt,
    [16 + IRQ_TIMER0A] = tk_timer_interrupt,
    [16 + IRQ_TIMER1A] = tk_sensor_interrupt,
    [16 + IRQ_MAC] = tk_ethernet_interrupt,
};
