/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_riscv.h"

#include "tk_arch.h"
#include "tk_bare_fault.h"

#define MSTATUS_MIE 8u

/* From the linker script. */
extern uint32_t tk_data_from[], tk_data[], tk_data_end[], tk_bss[], tk_bss_end[];
extern uint32_t tk_stack_bottom[];

int main(void);

/* --- traps --- */

static void (*handlers[TK_RISCV_EXTERNAL + 1])(void);

/* Only causes that have a handler are enabled. */
__attribute__((used)) static void take_interrupt(uint32_t mcause)
{
    handlers[mcause & 0xF]();
}

__attribute__((used)) static void take_exception(uint32_t mepc, uint32_t ra, uint32_t mcause,
                                                 const uint32_t *sp)
{
    if (sp < tk_stack_bottom)
        tk_bare_overflowed(mepc, mcause);
    tk_bare_crashed(mepc, ra, mcause);
}

/* mcause is negative for an interrupt: the caller-saved registers are kept. An exception is a
 * fault: resets the stack pointer, which may be its cause. */
__attribute__((naked, aligned(4))) static void trap(void)
{
    __asm volatile("csrw mscratch, t0\n"
                   "csrr t0, mcause\n"
                   "bltz t0, 1f\n"
                   "mv a3, sp\n"
                   "la sp, tk_stack_top\n"
                   "csrr a0, mepc\n"
                   "mv a1, ra\n"
                   "mv a2, t0\n"
                   "tail take_exception\n"
                   "1: csrr t0, mscratch\n"
                   "addi sp, sp, -64\n"
                   "sw ra, 0(sp)\n sw t0, 4(sp)\n sw t1, 8(sp)\n sw t2, 12(sp)\n"
                   "sw t3, 16(sp)\n sw t4, 20(sp)\n sw t5, 24(sp)\n sw t6, 28(sp)\n"
                   "sw a0, 32(sp)\n sw a1, 36(sp)\n sw a2, 40(sp)\n sw a3, 44(sp)\n"
                   "sw a4, 48(sp)\n sw a5, 52(sp)\n sw a6, 56(sp)\n sw a7, 60(sp)\n"
                   "csrr a0, mcause\n"
                   "call take_interrupt\n"
                   "lw ra, 0(sp)\n lw t0, 4(sp)\n lw t1, 8(sp)\n lw t2, 12(sp)\n"
                   "lw t3, 16(sp)\n lw t4, 20(sp)\n lw t5, 24(sp)\n lw t6, 28(sp)\n"
                   "lw a0, 32(sp)\n lw a1, 36(sp)\n lw a2, 40(sp)\n lw a3, 44(sp)\n"
                   "lw a4, 48(sp)\n lw a5, 52(sp)\n lw a6, 56(sp)\n lw a7, 60(sp)\n"
                   "addi sp, sp, 64\n"
                   "mret\n");
}

void tk_riscv_crash(void)
{
    uint32_t pc, cause;

    __asm volatile("csrr %0, mepc\n csrr %1, mcause" : "=r"(pc), "=r"(cause));
    tk_bare_crashed(pc, 0, cause);
}

void tk_riscv_enable(unsigned cause, void (*handler)(void))
{
    handlers[cause] = handler;
    __asm volatile("csrs mie, %0" : : "r"(1u << cause) : "memory");
}

/* --- start --- */

__attribute__((used, noreturn)) static void start(void)
{
    const uint32_t *from = tk_data_from;

    for (uint32_t *to = tk_data; to < tk_data_end; to++)
        *to = *from++;
    for (uint32_t *to = tk_bss; to < tk_bss_end; to++)
        *to = 0;
    tk_bare_stack_paint();
    __asm volatile("csrw mie, zero\n csrw mtvec, %0" : : "r"(trap));
    tk_arch_unmask(MSTATUS_MIE);
    main();
    tk_arch_reset();
}

__attribute__((naked, section(".vectors"))) void tk_riscv_start(void)
{
    __asm volatile("csrci mstatus, 8\n"
                   "la sp, tk_stack_top\n"
                   "tail start\n");
}

/* --- the architecture's part --- */

uint32_t tk_arch_mask(void)
{
    uint32_t before;

    __asm volatile("csrrci %0, mstatus, 8" : "=r"(before) : : "memory");
    return before;
}

void tk_arch_unmask(uint32_t before)
{
    __asm volatile("csrs mstatus, %0" : : "r"(before & MSTATUS_MIE) : "memory");
}

/* wfi also ends for an interrupt that is masked in mstatus but enabled in mie (3.3.3). */
void tk_arch_sleep(void)
{
    __asm volatile("fence\n wfi" : : : "memory");
}

void tk_arch_reset(void)
{
    (void)tk_arch_mask();
    tk_riscv_reset();
    for (;;)
        continue;
}
