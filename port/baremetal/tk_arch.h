/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ARCH_H
#define TK_ARCH_H

/* Implemented once per processor architecture. Callable from any context. */

#include <stdint.h>

/* Masks interrupts. Returns the state for tk_arch_unmask to restore, so that calls may be
 * nested. */
uint32_t tk_arch_mask(void);
void tk_arch_unmask(uint32_t before);

/* Sleeps until an interrupt is pending, even if interrupts are masked. */
void tk_arch_sleep(void);

void tk_arch_reset(void) __attribute__((noreturn));

#endif
