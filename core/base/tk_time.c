/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_time.h"

#include <string.h>

#define YEAR_S     31557600 /* a mean year */
#define FUTURE_MAX ((int64_t)20 * YEAR_S)
#define SKEW_S     300 /* by which the clocks of good servers may differ */

void tk_time_init(struct tk_time *t, struct tk_port *port, int64_t build_unix)
{
    *t = (struct tk_time){.port = port, .build_unix = build_unix, .floor_unix = build_unix};
}

/* 20 years is how long a device may live; a clock further ahead is wrong, and would make every
 * certificate look expired. */
static bool fits_build(const struct tk_time *t, int64_t unix_s)
{
    return unix_s >= t->build_unix && unix_s <= t->build_unix + FUTURE_MAX;
}

/* A clock that is a little behind the server which the floor is from is a clock all the same. */
static bool plausible(const struct tk_time *t, int64_t unix_s)
{
    return fits_build(t, unix_s) && unix_s >= t->floor_unix - SKEW_S;
}

static int64_t not_below_floor(const struct tk_time *t, int64_t unix_s)
{
    return unix_s < t->floor_unix ? t->floor_unix : unix_s;
}

enum tk_time_quality tk_time_now(const struct tk_time *t, int64_t *unix_s)
{
    enum tk_time_quality quality = tk_clock_unix(t->port, unix_s);

    if (quality != TK_TIME_NONE && plausible(t, *unix_s)) {
        *unix_s = not_below_floor(t, *unix_s);
        return quality;
    }
    if (t->set_quality != TK_TIME_NONE) {
        *unix_s = t->set_unix + (int64_t)((tk_clock_now_ms(t->port) - t->set_ms) / 1000);
        return t->set_quality;
    }
    *unix_s = t->floor_unix;
    return TK_TIME_FLOOR;
}

bool tk_time_known(const struct tk_time *t, int64_t *unix_s)
{
    return tk_time_now(t, unix_s) > TK_TIME_FLOOR;
}

int64_t tk_time_or_0(const struct tk_time *t)
{
    int64_t now;

    return tk_time_known(t, &now) ? now : 0;
}

enum tk_err tk_time_set(struct tk_time *t, int64_t unix_s, enum tk_time_quality quality)
{
    int64_t now;

    if (!(quality == TK_TIME_CONSOLE ? fits_build(t, unix_s) : plausible(t, unix_s)))
        return TK_E_TIME_RANGE;
    if (tk_time_now(t, &now) >= TK_TIME_RTC && tk_clock_unix(t->port, &now) == TK_TIME_SYSTEM)
        return TK_E_CLOCK_SYSTEM;
    if (quality == TK_TIME_CONSOLE && unix_s < t->floor_unix)
        t->floor_unix = unix_s;
    unix_s = not_below_floor(t, unix_s);
    t->set_unix = unix_s;
    t->set_ms = tk_clock_now_ms(t->port);
    t->set_quality = quality;
    tk_clock_set_unix(t->port, unix_s, quality);
    return TK_OK;
}

void tk_time_note_server_date(struct tk_time *t, int64_t unix_s)
{
    int64_t now;

    if (!tk_time_known(t, &now))
        return;
    tk_time_restore_floor(t, unix_s < now ? unix_s : now);
}

void tk_time_restore_floor(struct tk_time *t, int64_t unix_s)
{
    if (fits_build(t, unix_s))
        t->floor_unix = not_below_floor(t, unix_s);
}

/* Days since 1970-01-01 of a civil date, and back: years begin in March, so that the leap day is
 * the last of its year (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = year / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

void tk_calendar_from_unix(int64_t unix_s, struct tk_calendar *out)
{
    int64_t days = unix_s / 86400 + 719468;
    int seconds = (int)(unix_s % 86400);
    int64_t era = days / 146097;
    int day_of_era = (int)(days - era * 146097);
    int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int march_month = (5 * day_of_year + 2) / 153;

    out->day = day_of_year - (153 * march_month + 2) / 5 + 1;
    out->month = march_month < 10 ? march_month + 3 : march_month - 9;
    out->year = (int)(year_of_era + era * 400) + (out->month <= 2);
    out->hour = seconds / 3600;
    out->minute = seconds / 60 % 60;
    out->second = seconds % 60;
}

int64_t tk_calendar_to_unix(const struct tk_calendar *c)
{
    return days_from_civil(c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 +
           c->second;
}

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

/* Whether the month has that day. */
static bool is_day(const struct tk_calendar *c)
{
    struct tk_calendar same;

    tk_calendar_from_unix(days_from_civil(c->year, c->month, c->day) * 86400, &same);
    return same.day == c->day;
}

bool tk_time_parse_http(const char *s, int64_t *unix_s)
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

static void add_padded(struct tk_text *text, int value, char before)
{
    if (before != '\0')
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

const char *tk_time_quality_name(enum tk_time_quality quality)
{
    static const char *const names[] = {"none", "floor", "console", "sntp", "rtc", "system"};

    return names[quality];
}
