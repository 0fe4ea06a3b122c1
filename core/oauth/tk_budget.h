/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_BUDGET_H
#define TK_BUDGET_H

/* How often something may be done: ten times in any hour, and once in a minute. */

#include <stdint.h>

enum { TK_BUDGET_HOURLY = 10 };

struct tk_budget {
    uint32_t at_s[TK_BUDGET_HOURLY]; /* the last times, newest first: seconds of the tick plus one;
                                        0: none */
};

/* Takes one at tick now_ms: 0. Else the seconds until there is one, and nothing is taken. */
uint32_t tk_budget_take(struct tk_budget *b, uint64_t now_ms);

#endif
