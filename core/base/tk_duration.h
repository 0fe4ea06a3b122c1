/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_DURATION_H
#define TK_DURATION_H

/* Durations as an operator writes them: "90s", "25m", "7d". Pure functions. */

#include "tk_text.h"

/* "<n>s|m|h|d" in seconds, min_s to max_s. False, with *out_s unchanged, for anything else. */
bool tk_parse_duration(const char *s, uint32_t min_s, uint32_t max_s, uint32_t *out_s);

/* seconds as "<n>s|m|h|d", in the largest unit that is exact. */
void tk_text_duration(struct tk_text *t, uint32_t seconds);

#endif
