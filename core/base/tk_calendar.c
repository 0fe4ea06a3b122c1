/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calendar.h"

#include "tk_assert.h"

#include <mbedtls/platform_util.h>

#define EPOCH_DAY    719468 /* days from 0000-03-01 to 1970-01-01 */
#define DAYS_PER_ERA 146097 /* 400 years */
#define DAY_S        86400
#define LAST_SECOND  253402300799 /* of the year 9999 */

/* Days since 1970-01-01. Years start in March, which makes the leap day the last of its year
 * (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int days_from_civil(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400;
    int year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * DAYS_PER_ERA + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
           day_of_year - EPOCH_DAY;
}

/* By the function that port/mbedtls gives mbedTLS for the dates of certificates. */
void tk_calendar_from_unix(int64_t unix_s, struct tk_calendar *out)
{
    mbedtls_time_t time = (mbedtls_time_t)unix_s;
    struct tm t;

    TK_ASSERT(unix_s >= 0 && unix_s <= LAST_SECOND);
    (void)mbedtls_platform_gmtime_r(&time, &t);
    *out = (struct tk_calendar){t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                                t.tm_hour,        t.tm_min,     t.tm_sec};
}

int64_t tk_calendar_to_unix(const struct tk_calendar *c)
{
    int days = days_from_civil(c->year, c->month, c->day);

    return days * (int64_t)DAY_S + c->hour * 3600 + c->minute * 60 + c->second;
}

/* Two digits, after a separator. */
static void add_padded(struct tk_text *text, int value, char before)
{
    tk_text_char(text, before);
    if (value < 10)
        tk_text_char(text, '0');
    tk_text_int(text, value);
}

void tk_text_time(struct tk_text *text, int64_t unix_s)
{
    struct tk_calendar c;

    tk_calendar_from_unix(unix_s, &c);
    tk_text_int(text, c.year);
    add_padded(text, c.month, '-');
    add_padded(text, c.day, '-');
    add_padded(text, c.hour, 'T');
    add_padded(text, c.minute, ':');
    add_padded(text, c.second, ':');
    tk_text_char(text, 'Z');
}
