/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http_date.h"

#include "tk_calendar.h"

#include <string.h>

static bool two_digits(const char *s, int max, int *out)
{
    uint64_t value;

    if (!tk_parse_u64(s, 2, (uint64_t)max, &value))
        return false;
    *out = (int)value;
    return true;
}

static bool parse_month(const char *s, int *month)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

    for (int i = 0; i < 12; i++) {
        if (memcmp(names + 3 * i, s, 3) == 0) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

/* True if the month has that day. */
static bool is_day(const struct tk_calendar *c)
{
    struct tk_calendar day = {.year = c->year, .month = c->month, .day = c->day};

    tk_calendar_from_unix(tk_calendar_to_unix(&day), &day);
    return day.day == c->day;
}

bool tk_http_date_parse(const char *s, int64_t *unix_s)
{
    struct tk_calendar c;
    uint64_t year;

    /* 0    5  8   12   17 20 23 26
     * Sun, 06 Nov 1994 08:49:37 GMT */
    if (strlen(s) != 29 || memcmp(s + 3, ", ", 2) != 0 || memcmp(s + 25, " GMT", 4) != 0)
        return false;
    if (s[7] != ' ' || s[11] != ' ' || s[16] != ' ' || s[19] != ':' || s[22] != ':')
        return false;
    if (!two_digits(s + 5, 31, &c.day) || !parse_month(s + 8, &c.month) ||
        !tk_parse_u64(s + 12, 4, 9999, &year) || !two_digits(s + 17, 23, &c.hour) ||
        !two_digits(s + 20, 59, &c.minute) || !two_digits(s + 23, 60, &c.second))
        return false;
    c.year = (int)year;
    if (year < 1970 || !is_day(&c))
        return false;
    *unix_s = tk_calendar_to_unix(&c);
    return true;
}
