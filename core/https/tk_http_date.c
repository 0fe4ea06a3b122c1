/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_http_date.h"

#include "tk_calendar.h"

/* What has been read of a date; 0: not yet. */
struct date {
    struct tk_calendar c;
    bool has_time;
    int zone_s; /* east of Greenwich */
};

static bool is_letter(char c)
{
    return tk_is_alnum(c) && !tk_is_digit(c);
}

/* A month, the name of a day, or the time zone, by its first three letters. */
static bool read_word(struct date *d, const char *s)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdecsunmontuewedthufrisatgmtutc";
    int i = 0;

    while (names[i] != '\0' && (tk_lower(s[0]) != names[i] || tk_lower(s[1]) != names[i + 1] ||
                                tk_lower(s[2]) != names[i + 2]))
        i += 3;
    if (i < 36 && d->c.month == 0)
        d->c.month = i / 3 + 1;
    else if (i < 36)
        return false;
    return names[i] != '\0';
}

/* Up to 4 digits; -1: none, or more. */
static int read_digits(const char **s)
{
    const char *from = *s;
    int value = 0;

    while (tk_is_digit(**s) && *s < from + 4)
        value = value * 10 + *(*s)++ - '0';
    return *s == from || tk_is_digit(**s) ? -1 : value;
}

/* hh:mm:ss or hh:mm; *s is behind hh. */
static bool read_time(struct date *d, int hour, const char **s)
{
    if (d->has_time)
        return false;
    d->has_time = true;
    d->c.hour = hour;
    ++*s;
    d->c.minute = read_digits(s);
    if (**s == ':') {
        ++*s;
        d->c.second = read_digits(s);
    }
    return d->c.minute >= 0 && d->c.second >= 0 && hour < 24 && d->c.minute < 60 &&
           d->c.second <= 60;
}

/* The time; a zone (+hhmm); the day; or the year, of two digits in RFC 850's form. */
static bool read_number(struct date *d, const char **s, char before)
{
    const char *from = *s;
    int value = read_digits(s);

    if (value < 0)
        return false;
    if (**s == ':')
        return read_time(d, value, s);
    if (d->has_time && (before == '+' || before == '-') && *s == from + 4 && value <= 1400)
        d->zone_s = (value / 100 * 60 + value % 100) * (before == '+' ? 60 : -60);
    else if (d->c.day == 0 && value >= 1 && value <= 31)
        d->c.day = value;
    else if (d->c.year == 0)
        d->c.year = value + (*s != from + 2 ? 0 : value > 70 ? 1900 : 2000);
    else
        return false;
    return true;
}

static bool read_date(struct date *d, const char *s)
{
    char before = ' ';

    while (*s != '\0') {
        if (is_letter(*s)) {
            if (!read_word(d, s))
                return false;
            while (is_letter(*s))
                s++;
        } else if (tk_is_digit(*s)) {
            if (!read_number(d, &s, before))
                return false;
        } else {
            before = *s++;
        }
    }
    return d->has_time && d->c.day > 0 && d->c.month > 0 && d->c.year >= 1970;
}

bool tk_http_date_parse(const char *s, int64_t *unix_s)
{
    struct date d = {.zone_s = 0};

    if (!read_date(&d, s) || !tk_calendar_is_day(&d.c))
        return false;
    *unix_s = tk_calendar_to_unix(&d.c) - d.zone_s;
    return true;
}
