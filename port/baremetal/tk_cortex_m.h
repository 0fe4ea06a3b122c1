/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_CORTEX_M_H
#define TK_CORTEX_M_H

/* ARMv7-M (Cortex-M3 and up): start-up, faults, interrupts. A board's vector table holds these. */

#include <stdint.h>

/* The first: copies .data, clears .bss, paints the stack, calls main. */
void tk_cortex_start(void);

/* NMI and every fault: says where through tk_bare_crashed. */
void tk_cortex_fault(void);

/* Lets an interrupt of the chip through. */
void tk_cortex_enable(unsigned irq);

#endif
