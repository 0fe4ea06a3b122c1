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
    uint32_t magic;  /* tells a fault, a failed assertion, a stack overflow, and none of them */
    uint32_t pc, lr; /* the place, if known; lr only of a fault */
    uint32_t status; /* the architecture's status register; not of an assertion */
};

extern struct tk_bare_crash tk_bare_crash;

/* Records a fault, a stack overflow (pc 0: at an unknown place) or the failed assertion at pc, and
 * resets. From any context. */
void tk_bare_crashed(uint32_t pc, uint32_t lr, uint32_t status) __attribute__((noreturn));
void tk_bare_overflowed(uint32_t pc, uint32_t status) __attribute__((noreturn));
void tk_bare_asserted(uint32_t pc) __attribute__((noreturn));

/* "fault", "stack_overflow" or "assert" with the record in *out, if the last run ended that way;
 * NULL: it did not. A record is returned once. */
const char *tk_bare_crash_take(struct tk_bare_crash *out);

/* --- the stack --- */

/* Fills the stack below the caller's frame with a pattern. From the start-up code. */
void tk_bare_stack_paint(void);

/* Bytes of the stack that were never used: those that still hold the pattern. */
uint32_t tk_bare_stack_left(void);

#endif
