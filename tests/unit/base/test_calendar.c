/* SPDX-License-Identifier: Apache-2.0 */

/* Dates, converted and written. */

#include "tk_calendar.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return days[month - 1] + (month == 2 && leap(year));
}

/* Each day of 8030 years, counted one by one. */
static void converts_every_day_from_1970_to_9999(void **state)
{
    struct tk_calendar c = {1970, 1, 1, 23, 59, 58}, got;

    (void)state;
    for (int64_t unix_s = 86398; c.year < 10000; unix_s += 86400) {
        assert_int_equal(tk_calendar_to_unix(&c), unix_s);
        tk_calendar_from_unix(unix_s, &got);
        assert_memory_equal(&got, &c, sizeof c);
        if (++c.day > days_in(c.year, c.month)) {
            c.day = 1;
            c.month++;
        }
        if (c.month > 12) {
            c.month = 1;
            c.year++;
        }
    }
}

static void converts_every_second_of_a_leap_day(void **state)
{
    struct tk_calendar c;

    (void)state;
    for (int s = 0; s < 86400; s++) {
        tk_calendar_from_unix(951782400 + s, &c); /* 2000-02-29 */
        assert_int_equal(c.day, 29);
        assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second, s);
        assert_true(c.minute < 60 && c.second < 60);
        assert_int_equal(tk_calendar_to_unix(&c), 951782400 + s);
    }
}

static const char *written(int64_t unix_s)
{
    static char buf[24];
    struct tk_text text;

    tk_text_init(&text, buf, sizeof buf);
    tk_text_time(&text, unix_s);
    return buf;
}

static void writes_times(void **state)
{
    (void)state;
    assert_string_equal(written(0), "1970-01-01T00:00:00Z");
    assert_string_equal(written(784111777), "1994-11-06T08:49:37Z");
    assert_string_equal(written(951827696), "2000-02-29T12:34:56Z");
    assert_string_equal(written(1003572610), "2001-10-20T10:10:10Z");
    assert_string_equal(written(INT32_MAX), "2038-01-19T03:14:07Z");
    assert_string_equal(written((int64_t)INT32_MAX + 1), "2038-01-19T03:14:08Z");
    assert_string_equal(written(4107542400), "2100-03-01T00:00:00Z");
    assert_string_equal(written(253402300799), "9999-12-31T23:59:59Z");
}

static void reads_times(void **state)
{
    static const struct {
        const char *text;
        int error;
        int64_t unix_s;
    } rows[] = {
        {"1970-01-01T00:00:00Z", TK_CALENDAR_OK, 0},
        {"2026-11-29T12:00:00Z", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29t12:00:00z", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29T12:00:00.5Z", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29T12:00:00.123456789012Z", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29T14:00:00+02:00", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29T08:30:00-03:30", TK_CALENDAR_OK, 1795953600},
        {"2026-11-30T11:59:00+23:59", TK_CALENDAR_OK, 1795953600},
        {"2026-11-29T12:00:00-00:00", TK_CALENDAR_OK, 1795953600},
        {"2024-02-29T00:00:00Z", TK_CALENDAR_OK, 1709164800},
        {"2016-12-31T23:59:60Z", TK_CALENDAR_OK, 1483228800},
        {"9999-12-31T23:59:59Z", TK_CALENDAR_OK, 253402300799},
        {"2026-02-29T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-02-30T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-04-31T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-13-01T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-00-01T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-00T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-32T12:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-01T24:00:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-01T12:60:00Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-01T12:00:61Z", TK_CALENDAR_VALUE, 0},
        {"2026-01-01T12:00:00+24:00", TK_CALENDAR_VALUE, 0},
        {"2026-01-01T12:00:00-02:60", TK_CALENDAR_VALUE, 0},
        {"1969-12-31T23:59:59Z", TK_CALENDAR_VALUE, 0},
        {"0000-01-01T00:00:00Z", TK_CALENDAR_VALUE, 0},
        {"", TK_CALENDAR_SHAPE, 0},
        {"now", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00.Z", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00Zx", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00+0200", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00+02:00x", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00+", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00Z", TK_CALENDAR_SHAPE, 0},
        {"26-11-29T12:00:00Z", TK_CALENDAR_SHAPE, 0},
        {"02026-11-29T12:00:00Z", TK_CALENDAR_SHAPE, 0},
        {"2026/11/29T12:00:00Z", TK_CALENDAR_SHAPE, 0},
        {"2026-1-29T12:00:00Z", TK_CALENDAR_SHAPE, 0},
        {"2026-11-29T12:00:00,5Z", TK_CALENDAR_SHAPE, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t unix_s = 0;

        if ((int)tk_calendar_parse(rows[i].text, &unix_s) != rows[i].error ||
            unix_s != rows[i].unix_s)
            fail_msg("%s: %lld", rows[i].text, (long long)unix_s);
    }
}

/* What is written is read as the same time. */
static void reads_what_it_writes(void **state)
{
    (void)state;
    for (int64_t unix_s = 0; unix_s < 253402300799; unix_s += 86400 * 367 + 12345) {
        int64_t got = -1;

        assert_int_equal(tk_calendar_parse(written(unix_s), &got), TK_CALENDAR_OK);
        assert_int_equal(got, unix_s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converts_every_day_from_1970_to_9999),
        cmocka_unit_test(converts_every_second_of_a_leap_day),
        cmocka_unit_test(writes_times),
        cmocka_unit_test(reads_times),
        cmocka_unit_test(reads_what_it_writes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
