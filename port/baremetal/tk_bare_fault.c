/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_bare_fault.h"

#include "tk_arch.h"

#include <stddef.h>
#include <string.h>

#define FAULT_MAGIC  0x43524153u
#define ASSERT_MAGIC 0x41535254u
#define STACK_MAGIC  0x5354434bu
#define STACK_PAINT  0xa5a5a5a5u

/* From the linker script. */
extern uint32_t tk_stack_bottom[], tk_stack_top[];

struct tk_bare_crash tk_bare_crash __attribute__((section(".noinit")));

void tk_bare_crashed(uint32_t pc, uint32_t lr, uint32_t status)
{
    tk_bare_crash = (struct tk_bare_crash){FAULT_MAGIC, pc, lr, status};
    tk_arch_reset();
}

void tk_bare_overflowed(uint32_t pc, uint32_t status)
{
    tk_bare_crash = (struct tk_bare_crash){.magic = STACK_MAGIC, .pc = pc, .status = status};
    tk_arch_reset();
}

void tk_bare_asserted(uint32_t pc)
{
    tk_bare_crash = (struct tk_bare_crash){.magic = ASSERT_MAGIC, .pc = pc};
    tk_arch_reset();
}

const char *tk_bare_crash_take(struct tk_bare_crash *out)
{
    static const struct {
        uint32_t magic;
        const char *cause;
    } causes[] = {
        {FAULT_MAGIC, "fault"}, {ASSERT_MAGIC, "assert"}, {STACK_MAGIC, "stack_overflow"}};

    *out = tk_bare_crash;
    memset(&tk_bare_crash, 0, sizeof tk_bare_crash);
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (causes[i].magic == out->magic)
            return causes[i].cause;
    }
    return NULL;
}

/* --- the stack --- */

/* Leaves out this frame and a margin below it. */
void tk_bare_stack_paint(void)
{
    uint32_t *here = (uint32_t *)__builtin_frame_address(0);

    for (volatile uint32_t *at = tk_stack_bottom; at < here - 8; at++)
        *at = STACK_PAINT;
}

uint32_t tk_bare_stack_left(void)
{
    const uint32_t *at = tk_stack_bottom;

    while (at < tk_stack_top && *at == STACK_PAINT)
        at++;
    return (uint32_t)((at - tk_stack_bottom) * sizeof *at);
}
