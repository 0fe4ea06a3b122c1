/* SPDX-License-Identifier: Apache-2.0 */

/* Dates in fields of HTTP. */

#include "tk_http_date.h"
#include "tk_string.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void parses_dates(void **state)
{
    static const struct {
        const char *date;
        int64_t want;
    } rows[] = {
        /* IMF-fixdate */
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Tue, 29 Feb 2000 12:34:56 GMT", 951827696},
        {"Thu, 29 Feb 2024 23:59:59 GMT", 1709251199},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second */
        {"Tue, 19 Jan 2038 03:14:08 GMT", (int64_t)INT32_MAX + 1},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
        /* RFC 850 */
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Wednesday, 01-Jan-25 00:00:00 GMT", 1735689600},
        {"Thursday, 01-Jan-70 00:00:00 GMT", 3155760000}, /* 2070, as curl */
        {"Friday, 01-Jan-71 00:00:00 GMT", 31536000},
        {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
        /* asctime */
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Sun Nov 16 08:49:37 1994", 784975777},
        /* others that curl reads */
        {"06 Nov 1994 08:49:37", 784111777},
        {"Sun, 6 Nov 1994 8:49:37 GMT", 784111777},
        {"SUN, 06 NOV 1994 08:49:37 gmt", 784111777},
        {"Sun,06-Nov-1994 08:49:37 UTC", 784111777},
        {"Sun; 06 Nov 1994 08:49:37", 784111777},
        {"Nov 6 1994, 08:49:37", 784111777},
        {"08:49:37 06 Nov 1994", 784111777},
        {"1994 06 Nov 08:49:37", 784111777},
        {"32 Dec 06 08:49:37", 1985935777}, /* no month has a day 32: the year */
        {"Sun, 06 Nov 1994 08:49 GMT", 784111740},
        {"Sun, 06 Nov 1994 08:49:37 +0000", 784111777},
        {"Sun, 06 Nov 1994 10:49:37 +0200", 784111777},
        {"Sun, 06 Nov 1994 05:19:37 GMT-0330", 784111777},
        {"Sun, 06 Nov 1994 22:49:37 +1400", 784111777}, /* the easternmost zone */
        {" Sun, 06 Nov 1994 08:49:37 GMT ", 784111777},
        {"Mon, 06 Nov 1994 08:49:37 GMT", 784111777}, /* the day's name is not compared */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t got = -1;

        if (!tk_http_date_parse(rows[i].date, &got) || got != rows[i].want)
            fail_msg("%s -> %lld", rows[i].date, (long long)got);
    }
}

static void rejects_what_is_no_date(void **state)
{
    static const char *const rows[] = {
        "",
        "now",
        "0",
        "120",
        "784111777",
        "1994-11-06T08:49:37Z",
        "19941106 08:49:37",
        "Sun, 06 Nov 1994",
        "Sun, 06 Nov 08:49:37 GMT",
        "Sun, Nov 1994 08:49:37 GMT",
        "06 1994 08:49:37",
        "Sun, 06 Nov Dec 1994 08:49:37 GMT",
        "Sun, 06 07 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 anF 1994 08:49:37 GMT",
        "Su, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +1401",
        "Sun, 06 Nov 1994 08:49:37 -1500",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Dec 1994 08:49:37 GMT",
        "Tue, 29 Feb 1994 08:49:37 GMT",
        "Thu, 29 Feb 2100 08:49:37 GMT",
        "Wed, 30 Feb 2000 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 994 08:49:37 GMT",
        "Sun, 06 Nov 19941 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49: GMT",
        "Sun, 06 Nov 1994 08: GMT",
        "Sun, 06 Nov 1994 8:49:370 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "+0000 06 Nov 1994",
        "99999999999999999999",
    };
    int64_t got = 77;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (tk_http_date_parse(rows[i], &got) || got != 77)
            fail_msg("taken: %s", rows[i]);
    }
}

/* For the sanitizers; and no digit is passed over, but for a leading 0. */
static void reads_every_digit(void **state)
{
    static const char good[] = "Sun, 06 Nov 1994 08:49:37 GMT";
    char date[sizeof good];
    int64_t got;

    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (int c = 0; c < 256; c++) {
            strcpy(date, good);
            date[at] = (char)c;
            if (tk_http_date_parse(date, &got) && got == 784111777)
                assert_true(c == good[at] || good[at] == '0' || !tk_is_digit(good[at]));
        }
        memcpy(date, good, at);
        date[at] = '\0';
        (void)tk_http_date_parse(date, &got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_dates),
        cmocka_unit_test(rejects_what_is_no_date),
        cmocka_unit_test(reads_every_digit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
