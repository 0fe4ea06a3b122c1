/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BARE_FAULT_H
#define TK_BARE_FAULT_H

/* What is left when a program goes astray: where it was, and how much of its stack was used. It
 * needs an architecture and a linker script, and no port. */

#include <stdbool.h>
#include <stdint.h>

/* --- what happened before this start --- */

/* Lives in RAM that a start does not clear. */
struct tk_bare_crash {
    uint32_t magic;
    uint32_t pc, lr, status; /* where; status: the architecture's own words */
};

extern struct tk_bare_crash tk_bare_crash;

/* From the fault handler: remembers where, and starts anew. */
void tk_bare_crashed(uint32_t pc, uint32_t lr, uint32_t status) __attribute__((noreturn));

/* Whether the last run ended in a fault; *out says where. Asked once. */
bool tk_bare_crash_take(struct tk_bare_crash *out);

/* --- the stack --- */

/* Called by the start-up code, in a frame as small as can be. */
void tk_bare_stack_paint(void);

/* Bytes of the stack that were never used. */
uint32_t tk_bare_stack_left(void);

#endif
