/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_cortex_m.h"

extern uint32_t tk_stack_top[];

typedef void (*vector)(void);

/* FIXME tk_cortex_m.h: [16 + IRQ number] for each interrupt passed to tk_cortex_enable. */
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    [0] = (vector)tk_stack_top,
    [1] = tk_cortex_start,
    [2] = tk_cortex_fault, /* NMI */
    [3] = tk_cortex_fault, /* HardFault; the other faults escalate to it while not enabled */
};
