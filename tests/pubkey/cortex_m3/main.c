/* SPDX-License-Identifier: Apache-2.0 */
/* operations.c on a Cortex-M3 with nothing else; output is by semihosting (ARM, "Semihosting for
 * AArch32 and AArch64", 2.0). */
#include "operations.h"

#include <stddef.h>
#include <stdint.h>

enum { SYS_WRITE0 = 0x04, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

extern uint32_t stack_top;
void reset(void);

static volatile unsigned marks;

static void semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

/* The emulator's plugin knows these two by their addresses. */
#define MARK __attribute__((noinline, noclone, used, externally_visible))

MARK void begin(void)
{
    marks++;
}

MARK void end(void)
{
    marks++;
}

void report(const char *name, const unsigned char *octets, unsigned len)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * 96 + 2], *at = text;

    semihost(SYS_WRITE0, name);
    semihost(SYS_WRITE0, " ");
    for (unsigned i = 0; i < len; i++) {
        *at++ = digits[octets[i] >> 4];
        *at++ = digits[octets[i] & 15];
    }
    *at++ = '\n';
    *at = 0;
    semihost(SYS_WRITE0, text);
}

__attribute__((used, externally_visible)) void reset(void)
{
    run_ecdh(SCALARS);
    const unsigned char wrong = (unsigned char)run_verifications();

    report("wrong", &wrong, 1);
    semihost(SYS_EXIT, (const void *)APPLICATION_EXIT);
    for (;;) {
    }
}

__attribute__((used, section(".vectors")))
const void *const vectors[] = {&stack_top, (const void *)reset};
