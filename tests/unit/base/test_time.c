/* SPDX-License-Identifier: Apache-2.0 */

/* Dates and wall time. The clock is the simulated one. */

#include "tk_sim.h"
#include "tk_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUILD ((int64_t)1700000000)
#define YEAR  ((int64_t)31557600)

static struct tk_port port;
static struct tk_time t;

static int begin(void **state)
{
    (void)state;
    tk_sim_init(&port, 1);
    tk_sim_advance(&port, 12345678);
    tk_time_init(&t, &port, BUILD);
    return 0;
}

static int end(void **state)
{
    (void)state;
    tk_sim_free(&port);
    return 0;
}

/* --- the calendar --- */

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
static void every_day_there_is(void **state)
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

static void every_second_of_a_day(void **state)
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

static void times_are_written(void **state)
{
    (void)state;
    assert_string_equal(written(0), "1970-01-01T00:00:00Z");
    assert_string_equal(written(784111777), "1994-11-06T08:49:37Z");
    assert_string_equal(written(951827696), "2000-02-29T12:34:56Z");
    assert_string_equal(written(INT32_MAX), "2038-01-19T03:14:07Z");
    assert_string_equal(written((int64_t)INT32_MAX + 1), "2038-01-19T03:14:08Z");
    assert_string_equal(written(4107542400), "2100-03-01T00:00:00Z");
    assert_string_equal(written(253402300799), "9999-12-31T23:59:59Z");
}

/* --- the Date field --- */

static void dates_of_servers_are_read(void **state)
{
    static const struct {
        const char *date;
        int64_t want;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Tue, 29 Feb 2000 12:34:56 GMT", 951827696},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second */
        {"Tue, 19 Jan 2038 03:14:08 GMT", (int64_t)INT32_MAX + 1},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = -1;

        if (!tk_time_parse_http(rows[i].date, &got) || got != rows[i].want)
            fail_msg("%s -> %lld", rows[i].date, (long long)got);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "now",
        "0",
        "784111777",
        "1994-11-06T08:49:37Z",
        "Sunday, 06-Nov-94 08:49:37 GMT", /* RFC 850 */
        "Sun Nov  6 08:49:37 1994",       /* asctime */
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Dec 1994 08:49:37 GMT",
        "Tue, 29 Feb 1994 08:49:37 GMT",
        "Thu, 29 Feb 2100 08:49:37 GMT",
        "Wed, 30 Feb 2000 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 19 4 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 8:49:370 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun; 06 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
    };
    int64_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (tk_time_parse_http(rows[i], &got) || got != 77)
            fail_msg("taken: %s", rows[i]);
    }
}

static void a_date_with_any_byte_changed_is_another_or_none(void **state)
{
    static const char good[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    char date[sizeof good];
    int64_t got;

    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int c = 0; c < 256; c++) {
            strcpy(date, good);
            date[at] = (char)c;
            if (at < 3 || c == good[at]) /* the day's name says nothing that the date does not */
                continue;
            if (tk_time_parse_http(date, &got))
                assert_true(got != 784111777 && tk_is_digit((char)c));
        }
    }
}

/* --- wall time --- */

static int64_t now(enum tk_time_quality want)
{
    int64_t unix_s = 0;

    assert_int_equal(tk_time_now(&t, &unix_s), want);
    return unix_s;
}

static void at_first_there_is_a_floor_alone(void **state)
{
    int64_t unix_s;

    (void)state;
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    tk_sim_advance(&port, 100000000);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD); /* a lower bound does not run */
    assert_false(tk_time_known(&t, &unix_s));
    assert_int_equal(tk_time_or_0(&t), 0);
}

static void a_time_told_runs_on_the_tick(void **state)
{
    int64_t unix_s;

    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD + 5, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(port.published_unix, BUILD + 5);
    assert_int_equal(port.published, TK_TIME_CONSOLE);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 5);
    tk_sim_advance(&port, 999);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 5);
    tk_sim_advance(&port, 1);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 6);
    tk_sim_advance(&port, (uint64_t)YEAR * 1000 * 5);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 6 + 5 * YEAR);
    assert_true(tk_time_known(&t, &unix_s));
    assert_int_equal(tk_time_or_0(&t), unix_s);
    assert_int_equal(tk_time_set(&t, BUILD + 9, TK_TIME_SNTP), TK_OK);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 9);
}

static void a_time_that_cannot_be_is_refused(void **state)
{
    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD - 1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, 0, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, -1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, INT64_MIN, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, INT64_MAX, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR + 1, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    assert_int_equal(port.published, TK_TIME_NONE);
    assert_int_equal(tk_time_set(&t, BUILD, TK_TIME_SNTP), TK_OK);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR, TK_TIME_SNTP), TK_OK);
}

static void a_clock_of_the_system_comes_first(void **state)
{
    (void)state;
    assert_int_equal(tk_time_set(&t, BUILD + 5, TK_TIME_CONSOLE), TK_OK);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 1000);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_E_CLOCK_SYSTEM);
    tk_sim_set_wall(&port, TK_TIME_RTC, BUILD + 1000);
    assert_int_equal(now(TK_TIME_RTC), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_OK); /* sets that clock */
    assert_int_equal(port.published_unix, BUILD + 7);
}

static void a_clock_of_the_system_that_is_wrong_is_passed_over(void **state)
{
    static const int64_t wrong[] = {
        0, 1, 946684800, BUILD - 1, BUILD + 20 * YEAR + 1, INT64_MAX / 2};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        tk_time_init(&t, &port, BUILD);
        tk_sim_set_wall(&port, TK_TIME_SYSTEM, wrong[i]);
        assert_int_equal(now(TK_TIME_FLOOR), BUILD);
        assert_int_equal(tk_time_set(&t, BUILD + 7, TK_TIME_CONSOLE), TK_OK);
        assert_int_equal(now(TK_TIME_CONSOLE), BUILD + 7);
    }
}

static void a_server_raises_the_floor_up_to_our_clock(void **state)
{
    (void)state;
    tk_time_note_server_date(
        &t, BUILD + 50); /* without a clock nothing says that the server is right */
    assert_int_equal(now(TK_TIME_FLOOR), BUILD);
    assert_int_equal(tk_time_set(&t, BUILD + 100, TK_TIME_SNTP), TK_OK);
    tk_time_note_server_date(&t, BUILD + 50);
    assert_int_equal(t.floor_unix, BUILD + 50);
    tk_time_note_server_date(&t, BUILD + 40);
    tk_time_note_server_date(&t, 0);
    tk_time_note_server_date(&t, -1);
    assert_int_equal(t.floor_unix, BUILD + 50);
    tk_time_note_server_date(&t, BUILD + 10 * YEAR);
    assert_int_equal(t.floor_unix, BUILD + 100);
    tk_time_note_server_date(&t, INT64_MAX);
    assert_int_equal(t.floor_unix, BUILD + 100);
}

/* A floor that a server raised, from a clock of our own that was as wrong. */
static void raise_floor(int64_t unix_s)
{
    assert_int_equal(tk_time_set(&t, unix_s, TK_TIME_SNTP), TK_OK);
    tk_time_note_server_date(&t, unix_s);
    assert_int_equal(t.floor_unix, unix_s);
}

static void clocks_that_differ_by_little_are_taken_for_the_floor(void **state)
{
    (void)state;
    raise_floor(BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 700, TK_TIME_SNTP), TK_OK);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 1000);
    assert_int_equal(tk_time_set(&t, BUILD + 699, TK_TIME_SNTP), TK_E_TIME_RANGE);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 700);
    assert_int_equal(now(TK_TIME_SYSTEM), BUILD + 1000);
    tk_sim_set_wall(&port, TK_TIME_SYSTEM, BUILD + 699);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 1000);
    assert_int_equal(t.floor_unix, BUILD + 1000);
}

static void a_person_may_go_below_what_was_learnt_not_below_the_build(void **state)
{
    (void)state;
    raise_floor(BUILD + 10 * YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR, TK_TIME_SNTP), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD - 1, TK_TIME_CONSOLE), TK_E_TIME_RANGE);
    assert_int_equal(tk_time_set(&t, BUILD + 20 * YEAR + 1, TK_TIME_CONSOLE), TK_E_TIME_RANGE);
    assert_int_equal(now(TK_TIME_SNTP), BUILD + 10 * YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR, TK_TIME_CONSOLE), TK_OK);
    assert_int_equal(now(TK_TIME_CONSOLE), BUILD + YEAR);
    assert_int_equal(t.floor_unix, BUILD + YEAR);
    assert_int_equal(tk_time_set(&t, BUILD + YEAR + 9, TK_TIME_SNTP), TK_OK);
}

static void a_stored_floor_only_rises(void **state)
{
    (void)state;
    tk_time_restore_floor(&t, BUILD + 10);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 10);
    tk_time_restore_floor(&t, BUILD + 9);
    tk_time_restore_floor(&t, 0);
    tk_time_restore_floor(&t, INT64_MIN);
    tk_time_restore_floor(&t, BUILD + 20 * YEAR + 1);
    tk_time_restore_floor(&t, INT64_MAX);
    assert_int_equal(now(TK_TIME_FLOOR), BUILD + 10);
}

static void qualities_have_names(void **state)
{
    (void)state;
    assert_string_equal(tk_time_quality_name(TK_TIME_NONE), "none");
    assert_string_equal(tk_time_quality_name(TK_TIME_FLOOR), "floor");
    assert_string_equal(tk_time_quality_name(TK_TIME_CONSOLE), "console");
    assert_string_equal(tk_time_quality_name(TK_TIME_SNTP), "sntp");
    assert_string_equal(tk_time_quality_name(TK_TIME_RTC), "rtc");
    assert_string_equal(tk_time_quality_name(TK_TIME_SYSTEM), "system");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_day_there_is),
        TEST(every_second_of_a_day),
        TEST(times_are_written),
        TEST(dates_of_servers_are_read),
        TEST(what_is_no_date_is_refused),
        TEST(a_date_with_any_byte_changed_is_another_or_none),
        TEST(at_first_there_is_a_floor_alone),
        TEST(a_time_told_runs_on_the_tick),
        TEST(a_time_that_cannot_be_is_refused),
        TEST(a_clock_of_the_system_comes_first),
        TEST(a_clock_of_the_system_that_is_wrong_is_passed_over),
        TEST(a_server_raises_the_floor_up_to_our_clock),
        TEST(clocks_that_differ_by_little_are_taken_for_the_floor),
        TEST(a_person_may_go_below_what_was_learnt_not_below_the_build),
        TEST(a_stored_floor_only_rises),
        TEST(qualities_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
