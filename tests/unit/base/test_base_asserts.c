/* SPDX-License-Identifier: Apache-2.0 */

/* Mistakes of callers that TK_ASSERT catches. */

#include "tk_err.h"
#include "tk_json.h"
#include "tk_text.h"
#include "tk_time.h"
#include "tk_timer.h"
#include "tk_words.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_text_has_room_for_its_terminator(void **state)
{
    struct tk_text t;
    char buf[1];

    (void)state;
    tk_text_init(&t, buf, 1);
    expect_assert_failure(tk_text_init(&t, buf, 0));
}

static void run(struct tk_timer *timer, uint64_t now_ms)
{
    (void)timer;
    (void)now_ms;
}

static void a_timer_is_initialized_before_it_starts(void **state)
{
    struct tk_timers timers;
    struct tk_timer timer = {.due_ms = TK_NEVER};

    (void)state;
    tk_timers_init(&timers);
    expect_assert_failure(tk_timer_start(&timers, &timer, 1));
    expect_assert_failure(tk_timer_stop(&timers, &timer));
    expect_assert_failure(tk_timer_init(&timer, NULL));
    tk_timer_init(&timer, run);
    tk_timer_start(&timers, &timer, 1);
}

static void a_started_timer_is_stopped_in_its_own_list(void **state)
{
    struct tk_timers timers, others;
    struct tk_timer timer;

    (void)state;
    tk_timers_init(&timers);
    tk_timers_init(&others);
    tk_timer_init(&timer, run);
    tk_timer_start(&timers, &timer, 1);
    expect_assert_failure(tk_timer_stop(&others, &timer));
}

static void an_error_is_in_the_table(void **state)
{
    (void)state;
    expect_assert_failure(tk_err_code(TK_E_COUNT));
    expect_assert_failure(tk_err_action(TK_E_COUNT));
}

static void an_element_is_counted_from_0(void **state)
{
    char text[] = "[1]";
    jsmntok_t tokens[2];
    struct tk_json j;

    (void)state;
    assert_true(tk_json_parse(&j, text, 3, tokens, 2));
    expect_assert_failure(tk_json_element(&j, 0, -1));
}

static void a_time_comes_from_the_operator_or_from_sntp(void **state)
{
    struct tk_time t = {.build_unix = 1};

    (void)state;
    expect_assert_failure(tk_time_set(&t, 2, TK_TIME_RTC));
    expect_assert_failure(tk_time_quality_name(TK_TIME_SYSTEM + 1));
}

static void a_string_is_in_the_tables(void **state)
{
    char buf[TK_WORDS_MAX + 1];
    struct tk_text t;

    (void)state;
    tk_text_init(&t, buf, sizeof buf);
    expect_assert_failure(tk_words_add(&t, tk_words_of(TK_WORDS_SETTINGS, 1000)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_has_room_for_its_terminator),
        cmocka_unit_test(a_timer_is_initialized_before_it_starts),
        cmocka_unit_test(an_error_is_in_the_table),
        cmocka_unit_test(a_string_is_in_the_tables),
        cmocka_unit_test(an_element_is_counted_from_0),
        cmocka_unit_test(a_time_comes_from_the_operator_or_from_sntp),
        cmocka_unit_test(a_started_timer_is_stopped_in_its_own_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
