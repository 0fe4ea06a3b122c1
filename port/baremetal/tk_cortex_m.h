/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CORTEX_M_H
#define TK_CORTEX_M_H

/* ARMv7-M (Cortex-M3 and up): start-up, faults, interrupts. For the vector table of a board. */

#include <stdint.h>

/* Reset: copies .data, clears .bss, paints the stack, calls main. */
void tk_cortex_start(void);

/* NMI and all faults: records the place with tk_bare_crashed and resets. */
void tk_cortex_fault(void);

/* Enables an interrupt of the chip in the NVIC. */
void tk_cortex_enable(unsigned irq);

#endif
