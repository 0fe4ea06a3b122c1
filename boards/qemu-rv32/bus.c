/* SPDX-License-Identifier: Apache-2.0 */
#include "board.h"

#include <string.h>

/* The flash is memory-mapped. Separate from nor.c, so that a test can simulate the chips. */

void tk_nor_put(uint32_t address, uint32_t word)
{
    *(volatile uint32_t *)(uintptr_t)address = word;
}

uint32_t tk_nor_status(uint32_t address)
{
    return *(volatile uint32_t *)(uintptr_t)address;
}

void tk_nor_copy(void *to, uint32_t address, size_t len)
{
    memcpy(to, (const void *)(uintptr_t)address, len);
}
