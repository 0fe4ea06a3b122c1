/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOARD_TICKS_H
#define BOARD_TICKS_H

/* A board's clock, which the test advances, for drivers of slow chips. Include after cmocka.h. */

#include "tk_board.h"
#include "tk_flash.h"

enum { TICKS = 1000 /* in a millisecond */ };

const uint32_t tk_board_ticks_per_ms = TICKS;

static uint32_t now;

uint32_t tk_board_ticks(void)
{
    return now;
}

/* Repeats an erase until it ends; no call may take more than 10 ms. */
static int erase_whole(const struct tk_flash *flash, uint32_t offset)
{
    int ret;

    do {
        uint32_t before = now;

        ret = flash->erase(flash->ctx, offset);
        assert_true(now - before <= 10 * TICKS);
    } while (ret == TK_FLASH_AGAIN);
    return ret;
}

#endif
