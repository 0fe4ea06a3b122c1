/* SPDX-License-Identifier: Apache-2.0 */

/* Durations, parsed and written. */

#include "tk_duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char buf[32];
static struct tk_text t;

static struct tk_text *fresh(void)
{
    tk_text_init(&t, buf, sizeof buf);
    return &t;
}

static void parses_durations(void **state)
{
    static const struct {
        const char *s;
        uint32_t want; /* 0: refused */
    } rows[] = {
        {"60s", 60},
        {"1m", 60},
        {"90m", 5400},
        {"2h", 7200},
        {"7d", 604800},
        {"007m", 420},
        {"59s", 0},
        {"604801s", 0},
        {"8d", 0},
        {"0m", 0},
        {"", 0},
        {"m", 0},
        {"60", 0},
        {"1M", 0},
        {"1 m", 0},
        {" 1m", 0},
        {"1m ", 0},
        {"1mm", 0},
        {"-1m", 0},
        {"+1m", 0},
        {"1.5h", 0},
        {"1h30m", 0},
        {"1w", 0},
        {"71582789m", 0}, /* 2^32 s and a minute */
        {"4294967296s", 0},
        {"4294967356s", 0},
        {"99999999999999999999d", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t got = 0;

        if (tk_parse_duration(rows[i].s, 60, 604800, &got) != (rows[i].want > 0) ||
            got != rows[i].want)
            fail_msg("%s -> %u", rows[i].s, (unsigned)got);
    }
}

static void writes_durations_that_parse_to_the_same(void **state)
{
    static const uint32_t rows[] = {1, 59, 60, 61, 3600, 5400, 86400, 90000, 604800, UINT32_MAX};
    uint32_t got;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tk_text_duration(fresh(), rows[i]);
        assert_true(tk_parse_duration(buf, 0, UINT32_MAX, &got) && got == rows[i]);
    }
    tk_text_duration(fresh(), 0);
    assert_string_equal(buf, "0s");
    tk_text_duration(fresh(), 7200);
    assert_string_equal(buf, "2h");
    tk_text_duration(fresh(), 1500);
    assert_string_equal(buf, "25m");
    tk_text_duration(fresh(), 604800);
    assert_string_equal(buf, "7d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_durations),
        cmocka_unit_test(writes_durations_that_parse_to_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
