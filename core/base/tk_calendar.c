/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_calendar.h"

#include "tk_assert.h"

#include <mbedtls/platform_util.h>
#include <string.h>

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

bool tk_calendar_is_day(const struct tk_calendar *c)
{
    struct tk_calendar day = {.year = c->year, .month = c->month, .day = c->day};

    tk_calendar_from_unix(tk_calendar_to_unix(&day), &day);
    return day.day == c->day;
}

/* Reads digits where shape has 0, and else its character, in either case: numbers, one for each run
 * of digits. Returns what follows; NULL: it is something else. */
static const char *read_shape(const char *s, const char *shape, int *numbers)
{
    *numbers = 0;
    for (; *shape != '\0'; shape++, s++) {
        if (*shape == '0' && tk_is_digit(*s))
            *numbers = *numbers * 10 + *s - '0';
        else if (*shape != '0' && tk_lower(*s) == *shape)
            *++numbers = 0;
        else
            return NULL;
    }
    return s;
}

/* Z, or an offset in hours and minutes; a fraction before it is skipped. */
static bool read_zone(const char *s, int zone[2])
{
    zone[0] = zone[1] = 0;
    if (*s == '.' && tk_is_digit(s[1]))
        s += 1 + strspn(s + 1, "0123456789");
    if (tk_lower(*s) == 'z')
        return s[1] == '\0';
    bool is_west = *s == '-';

    s = *s == '+' || is_west ? read_shape(s + 1, "00:00", zone) : NULL;
    zone[0] *= is_west ? -1 : 1;
    zone[1] *= is_west ? -1 : 1;
    return s != NULL && *s == '\0';
}

enum tk_calendar_error tk_calendar_parse(const char *s, int64_t *unix_s)
{
    int n[6], zone[2];
    const char *end = read_shape(s, "0000-00-00t00:00:00", n);

    if (end == NULL || !read_zone(end, zone))
        return TK_CALENDAR_SHAPE;
    struct tk_calendar c = {n[0], n[1], n[2], n[3], n[4], n[5]};

    if (c.year < 1970 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 31 || c.hour > 23 ||
        c.minute > 59 || c.second > 60 || zone[0] > 23 || zone[0] < -23 || zone[1] > 59 ||
        zone[1] < -59 || !tk_calendar_is_day(&c))
        return TK_CALENDAR_VALUE;
    *unix_s = tk_calendar_to_unix(&c) - zone[0] * 3600 - zone[1] * 60;
    return TK_CALENDAR_OK;
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
