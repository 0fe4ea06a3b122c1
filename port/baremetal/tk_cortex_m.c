/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_cortex_m.h"

#include "tk_arch.h"
#include "tk_bare_fault.h"

/* ARMv7-M Architecture Reference Manual, B3.2 and B3.4. */
#define NVIC_ISER ((volatile uint32_t *)0xE000E100)
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0C)
#define SCB_CCR   (*(volatile uint32_t *)0xE000ED14)
#define SCB_CFSR  (*(volatile uint32_t *)0xE000ED28)

#define AIRCR_RESET 0x05FA0004u
#define CCR_TRAPS   (1u << 4) /* division by zero; unaligned access is used by mbedTLS */

/* From the linker script. */
extern uint32_t tk_data_from[], tk_data[], tk_data_end[], tk_bss[], tk_bss_end[];
extern uint32_t tk_stack_bottom[], tk_stack_top[];

int main(void);

void tk_cortex_start(void)
{
    const uint32_t *from = tk_data_from;

    for (uint32_t *to = tk_data; to < tk_data_end; to++)
        *to = *from++;
    for (uint32_t *to = tk_bss; to < tk_bss_end; to++)
        *to = 0;
    tk_bare_stack_paint();
    SCB_CCR |= CCR_TRAPS;
    main();
    tk_arch_reset();
}

/* frame: r0 to r3, r12, lr, pc and xpsr as stacked by the processor. After a stack overflow it lies
 * outside of RAM, and the place is unknown. */
__attribute__((used)) static void take_fault(const uint32_t *frame)
{
    if (frame < tk_stack_bottom || frame + 8 > tk_stack_top)
        tk_bare_overflowed(0, SCB_CFSR);
    tk_bare_crashed(frame[6], frame[5], SCB_CFSR);
}

/* Resets the stack pointer, which may be the cause of the fault. */
__attribute__((naked)) void tk_cortex_fault(void)
{
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =tk_stack_top\n"
                   "mov sp, r1\n"
                   "b take_fault\n");
}

void tk_cortex_enable(unsigned irq)
{
    NVIC_ISER[irq / 32] = 1u << irq % 32;
}

uint32_t tk_arch_mask(void)
{
    uint32_t before;

    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(before) : : "memory");
    return before;
}

void tk_arch_unmask(uint32_t before)
{
    __asm volatile("msr primask, %0" : : "r"(before) : "memory");
}

void tk_arch_sleep(void)
{
    __asm volatile("dsb\n wfi" : : : "memory");
}

void tk_arch_reset(void)
{
    __asm volatile("dsb" : : : "memory");
    SCB_AIRCR = AIRCR_RESET;
    for (;;)
        continue;
}
