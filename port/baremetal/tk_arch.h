/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_ARCH_H
#define TK_ARCH_H

/* What differs between processor architectures. */

#include <stdint.h>

/* Masks interrupts; gives what tk_arch_unmask puts back, so that the two may be nested. */
uint32_t tk_arch_mask(void);
void tk_arch_unmask(uint32_t before);

/* Sleeps until an interrupt is pending, also while they are masked. */
void tk_arch_sleep(void);

void tk_arch_reset(void) __attribute__((noreturn));

#endif
