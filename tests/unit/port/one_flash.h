/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ONE_FLASH_H
#define ONE_FLASH_H

/* One simulated flash of 3 sectors of 1 KB with units of 8 bytes, and data to program. Included
 * once in a test. */

#include "tk_sim_flash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tk_sim_flash f;
static uint8_t data[1024];

static int set_up(void **state)
{
    (void)state;
    tk_sim_flash_init(&f, 1024, 3, 8);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 % 251);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_sim_flash_free(&f);
    return 0;
}

static int program(uint32_t at, size_t len)
{
    return f.flash.program(&f, at, data, len);
}

static int erase(uint32_t at)
{
    return f.flash.erase(&f, at);
}

/* Counts units that are programmed and units that are still erased; the rest is partial. */
static void count_units(size_t units, size_t *fresh, size_t *old)
{
    static const uint8_t blank[8] = {255, 255, 255, 255, 255, 255, 255, 255};

    *fresh = *old = 0;
    for (size_t i = 0; i < units; i++) {
        *fresh += memcmp(f.bytes + 8 * i, data + 8 * i, 8) == 0;
        *old += memcmp(f.bytes + 8 * i, blank, 8) == 0;
    }
}

#endif
