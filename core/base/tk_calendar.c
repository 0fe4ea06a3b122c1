/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calendar.h"

#include "tk_assert.h"

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

void tk_calendar_from_unix(int64_t unix_s, struct tk_calendar *out)
{
    int days = (int)(unix_s / DAY_S) + EPOCH_DAY;
    int seconds = (int)(unix_s % DAY_S);
    int era = days / DAYS_PER_ERA;
    int day_of_era = days - era * DAYS_PER_ERA;
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;

    TK_ASSERT(unix_s >= 0 && unix_s <= LAST_SECOND);
    out->day = day_of_year - (153 * march_month + 2) / 5 + 1;
    out->month = march_month < 10 ? march_month + 3 : march_month - 9;
    out->year = year_of_era + era * 400 + (out->month <= 2);
    out->hour = seconds / 3600;
    out->minute = seconds / 60 % 60;
    out->second = seconds % 60;
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
