/* SPDX-License-Identifier: Apache-2.0 */
#ifndef STACK_H
#define STACK_H

/*
 * Searches the stack for what a call left behind:
 *
 *      stack_paint();
 *      (void)the_call(...);
 *      assert_false(stack_has(secret));
 *
 * One function makes all three calls, so that their frames begin at the same place. What the call
 * itself overwrote later is not found. Not for valgrind: the bytes are below the stack pointer.
 */

#include <stdbool.h>
#include <string.h>

enum { STACK_SEARCHED = 65536 };

/* The compiler must not see that area is written, or read, without effect. */
#define STACK_KEEP(area) __asm__ volatile("" : : "r"(area) : "memory")

__attribute__((noinline)) static void stack_paint(void)
{
    char area[STACK_SEARCHED];

    memset(area, 'p', sizeof area);
    STACK_KEEP(area);
}

__attribute__((noinline)) static bool stack_has(const char *text)
{
    char area[STACK_SEARCHED];
    size_t len = strlen(text), at = 0;

    STACK_KEEP(area);
    while (at + len <= sizeof area && memcmp(area + at, text, len) != 0)
        at++;
    return at + len <= sizeof area;
}

#endif
