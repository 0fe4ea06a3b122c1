/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_duration.h"

#include <string.h>

static const struct {
    char letter;
    uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

#define UNIT_COUNT (sizeof units / sizeof units[0])

bool tk_parse_duration(const char *s, uint32_t min_s, uint32_t max_s, uint32_t *out_s)
{
    size_t len = strlen(s);
    uint64_t count;

    if (len < 2 || !tk_parse_u64(s, len - 1, UINT32_MAX, &count))
        return false;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (s[len - 1] != units[i].letter)
            continue;
        count *= units[i].seconds;
        if (count < min_s || count > max_s)
            return false;
        *out_s = (uint32_t)count;
        return true;
    }
    return false;
}

void tk_text_duration(struct tk_text *t, uint32_t seconds)
{
    size_t i = 0;

    while (i < UNIT_COUNT - 1 && (seconds == 0 || seconds % units[i].seconds != 0))
        i++;
    tk_text_int(t, seconds / units[i].seconds);
    tk_text_char(t, units[i].letter);
}
