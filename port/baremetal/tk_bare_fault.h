/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BARE_FAULT_H
#define TK_BARE_FAULT_H

/* Crash records and stack use. Needs an architecture (tk_arch.h) and a linker script, but no port.
 */

#include <stdbool.h>
#include <stdint.h>

/* --- why the last run ended --- */

/* Lives in RAM that start-up does not clear. */
struct tk_bare_crash {
    uint32_t magic;  /* tells a fault, a failed assertion, and neither */
    uint32_t pc, lr; /* the place; lr only of a fault */
    uint32_t status; /* only of a fault: the architecture's status register */
};

extern struct tk_bare_crash tk_bare_crash;

/* Records a fault, or the failed assertion at pc, and resets. From any context. */
void tk_bare_crashed(uint32_t pc, uint32_t lr, uint32_t status) __attribute__((noreturn));
void tk_bare_asserted(uint32_t pc) __attribute__((noreturn));

/* "fault" or "assert" with the record in *out, if the last run ended that way; NULL: it did not. A
 * record is returned once. */
const char *tk_bare_crash_take(struct tk_bare_crash *out);

/* --- the stack --- */

/* Fills the stack below the caller's frame with a pattern. From the start-up code. */
void tk_bare_stack_paint(void);

/* Bytes of the stack that were never used: those that still hold the pattern. */
uint32_t tk_bare_stack_left(void);

#endif
