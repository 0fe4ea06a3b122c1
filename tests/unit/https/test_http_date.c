/* SPDX-License-Identifier: Apache-2.0 */

/* The Date field of HTTP. */

#include "tk_http_date.h"
#include "tk_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void parses_imf_fixdates(void **state)
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

        if (!tk_http_date_parse(rows[i].date, &got) || got != rows[i].want)
            fail_msg("%s -> %lld", rows[i].date, (long long)got);
    }
}

static void rejects_other_dates(void **state)
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
        if (tk_http_date_parse(rows[i], &got) || got != 77)
            fail_msg("taken: %s", rows[i]);
    }
}

static void does_not_ignore_any_byte_but_the_name_of_the_day(void **state)
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
            if (tk_http_date_parse(date, &got))
                assert_true(got != 784111777 && tk_is_digit((char)c));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_imf_fixdates),
        cmocka_unit_test(rejects_other_dates),
        cmocka_unit_test(does_not_ignore_any_byte_but_the_name_of_the_day),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
