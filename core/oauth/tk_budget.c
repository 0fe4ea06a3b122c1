/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_budget.h"

#include <string.h>

#define HOUR_S   3600
#define MINUTE_S 60

/* Seconds until interval_s have passed since at_s. */
static uint32_t left(uint32_t at_s, uint32_t interval_s, uint32_t now_s)
{
    return at_s == 0 || now_s - at_s >= interval_s ? 0 : at_s + interval_s - now_s;
}

uint32_t tk_budget_take(struct tk_budget *b, uint64_t now_ms)
{
    uint32_t now_s = (uint32_t)(now_ms / 1000) + 1;
    uint32_t by_hour = left(b->at_s[TK_BUDGET_HOURLY - 1], HOUR_S, now_s);
    uint32_t by_minute = left(b->at_s[0], MINUTE_S, now_s);

    if (by_hour > 0 || by_minute > 0)
        return by_hour > by_minute ? by_hour : by_minute;
    memmove(b->at_s + 1, b->at_s, sizeof b->at_s - sizeof b->at_s[0]);
    b->at_s[0] = now_s;
    return 0;
}
