/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_RISCV_H
#define TK_RISCV_H

/* RV32 in machine mode, one hart: start-up, faults, interrupts (RISC-V Privileged Architecture,
 * chapter 3). */

#include <stdint.h>

/* Reset: sets the stack pointer, copies .data, clears .bss, paints the stack, calls main. */
void tk_riscv_start(void);

/* Interrupt causes in mcause (3.1.15). */
enum { TK_RISCV_TIMER = 7, TK_RISCV_EXTERNAL = 11 };

/* Enables an interrupt. Its handler runs with all interrupts masked. */
void tk_riscv_enable(unsigned cause, void (*handler)(void));

/* From an interrupt: records the interrupted place as a fault, with mcause as its status, and
 * resets. */
void tk_riscv_crash(void) __attribute__((noreturn));

/* --- implemented by a board --- */

/* Resets the chip, which the architecture does not define. Returns only if that fails. */
void tk_riscv_reset(void);

#endif
