/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RISCV_H
#define TK_RISCV_H

/* RV32 in machine mode, one hart: start-up, faults, interrupts (RISC-V Privileged Architecture,
 * chapter 3). */

#include <stdint.h>

/* The first: puts up the stack, copies .data, clears .bss, paints the stack, calls main. */
void tk_riscv_start(void);

/* Interrupts of mcause, 3.1.15. */
enum { TK_RISCV_TIMER = 7, TK_RISCV_EXTERNAL = 11 };

/* Lets one of them through. The handler runs with all interrupts masked. */
void tk_riscv_enable(unsigned cause, void (*handler)(void));

/* From an interrupt: what was interrupted is a fault, and is told as one; mcause is its status. */
void tk_riscv_crash(void) __attribute__((noreturn));

/* --- what a board gives --- */

/* Resets the chip; the architecture has no word for it. Returns only where it cannot. */
void tk_riscv_reset(void);

#endif
