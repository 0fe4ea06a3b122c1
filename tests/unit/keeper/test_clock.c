/* SPDX-License-Identifier: Apache-2.0 */

/* Time, as a whole gateway lives with it: unknown, wrong, jumping, wrapping, slept through. */

#include "tk_http_date.h"
#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 3
#include "one_world.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)
#define YEAR_S 31557600

#define WRONG_DATE "Sun, 23 Nov 2036 12:00:00 GMT" /* ten years ahead */

static void assert_status(const char *key, const char *value)
{
    assert_string_equal(world_status(&w, key), value);
}

/* What time it is; the world began at tick 0. */
static int64_t truth(void)
{
    return WORLD_UNIX + (int64_t)(w.port.now_ms / 1000);
}

static const char *type_time(int64_t unix_s)
{
    char line[40];

    snprintf(line, sizeof line, "time %lld", (long long)unix_s);
    return world_type(&w, line);
}

static void sntp_says(int64_t unix_s)
{
    w.port.ntp_unix = unix_s;
    w.port.ntp_answered = true;
    world_run(&w, 1000);
}

static void no_clock(void)
{
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
}

/* --- unknown --- */

static void where_nobody_tells_the_time_that_is_told(void **state)
{
    (void)state;
    world_provision(&w);
    no_clock();
    world_restart(&w, 1000);
    world_run(&w, 4 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    unsigned requests = w.server.requests;

    world_run(&w, HOUR);
    world_assert_state(&w, "retrying", "clock_unknown");
    assert_status("escalation", "2");
    assert_status("expires_in", "unknown");
    assert_int_equal(world_count_events(&w, "event=raised level=1 cause=clock_unknown"), 1);
    assert_int_equal(w.server.requests, requests); /* nothing leaves without a clock */
    world_assert_begins(world_type(&w, "token"), "ERR clock_unknown");
    world_assert_begins(type_time(truth()), "OK");
    world_run(&w, 1000);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    assert_status("last_error", "none");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
}

static void a_time_that_is_told_early_is_the_end_of_it(void **state)
{
    (void)state;
    world_provision(&w);
    no_clock();
    world_restart(&w, 1000);
    world_run(&w, MINUTE);
    sntp_says(truth());
    world_run(&w, 20 * MINUTE);
    assert_int_equal(w.server.refreshes, 0);
    world_run(&w, 6 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
}

/* --- wrong --- */

static void sntp_that_is_years_ahead_is_got_over(void **state)
{
    (void)state;
    w.cert_from = WORLD_UNIX - 30 * 86400;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
    no_clock();
    world_restart(&w, 1000);
    sntp_says(truth() + 14 * (int64_t)YEAR_S);
    world_run(&w, HOUR);
    world_assert_state(&w, "retrying", "tls_expired");
    sntp_says(truth());
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    world_run(&w, HOUR);
    world_assert_state(&w, "ready", "none");
}

static void sntp_that_is_behind_is_got_over(void **state)
{
    (void)state;
    w.cert_from = WORLD_UNIX - 3600;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
    no_clock();
    world_restart(&w, 1000);
    sntp_says(WORLD_UNIX - 80000);
    world_run(&w, HOUR);
    world_assert_state(&w, "retrying", "tls_not_yet_valid");
    sntp_says(truth());
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

static void sntp_that_cannot_be_is_refused_and_logged(void **state)
{
    (void)state;
    no_clock();
    world_restart(&w, 1000);
    sntp_says(0);
    sntp_says(WORLD_UNIX - 86401);
    sntp_says(WORLD_UNIX + 21 * (int64_t)YEAR_S);
    sntp_says(INT64_MAX);
    assert_status("time_quality", "floor");
    assert_int_equal(world_count_events(&w, "LOG ntp_refused time="), 4);
    sntp_says(truth());
    assert_status("time_quality", "sntp");
}

/* --- a floor that is too late --- */

/* A person mistook the year, and a server of their own agreed. */
static void learn_a_wrong_floor(void)
{
    int64_t wrong;

    assert_true(tk_http_date_parse(WRONG_DATE, &wrong));
    w.server.date = WRONG_DATE;
    no_clock();
    world_restart(&w, 1000);
    world_assert_begins(type_time(wrong + 60), "OK");
    world_provision(&w);
    w.server.date = NULL;
    world_restart(&w, 1000);
    assert_int_equal(w.keeper.rt.time.floor_unix, wrong);
    sntp_says(truth());
    assert_status("time_quality", "floor");
}

static void a_person_gets_out_of_a_wrong_floor_for_good(void **state)
{
    (void)state;
    learn_a_wrong_floor();
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "retrying", "clock_unknown"); /* somebody is told */
    world_assert_begins(type_time(truth()), "OK");
    world_run(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
    world_restart(&w, 1000);
    sntp_says(truth());
    assert_status("time_quality", "sntp");
    world_run(&w, HOUR);
    world_assert_state(&w, "ready", "none");
}

static void nor_is_it_kept_by_a_pair_that_was_forgotten(void **state)
{
    (void)state;
    learn_a_wrong_floor();
    world_type(&w, "auth forget");
    world_assert_begins(type_time(truth()), "OK");
    world_restart(&w, 1000);
    sntp_says(truth());
    assert_status("time_quality", "sntp");
}

/* The floor is written beside a pair: nothing of the pair on flash may change by that. */
static void a_floor_that_is_lowered_leaves_the_pair_and_its_intent(void **state)
{
    (void)state;
    learn_a_wrong_floor();
    world_fault(&w, WORLD_LOSES, 1);
    world_assert_begins(type_time(truth()), "OK");
    while (w.fault != WORLD_WELL)
        world_run(&w, 10);
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_assert_begins(type_time(truth() - 3600), "OK");
    world_restart(&w, 1000);
    assert_status("intent", "open");
    assert_status("generation", "1");
    sntp_says(truth());
    world_run(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
}

/* --- a clock that jumps while it runs --- */

static void a_clock_that_jumps_ahead_and_back_costs_no_token(void **state)
{
    (void)state;
    w.cert_from = WORLD_UNIX - 30 * 86400;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth() + YEAR_S);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "retrying", "tls_expired");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    assert_in_range(atoi(world_status(&w, "expires_in")), 1700, 1810);
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth());
    world_run(&w, 6 * MINUTE);
    world_assert_state(&w, "ready", "none");
    world_run(&w, 3 * HOUR);
    world_assert_state(&w, "ready", "none");
}

static void a_clock_that_falls_to_1970_is_no_clock_until_it_is_back(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, 0);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "retrying", "clock_unknown");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth());
    world_run(&w, 6 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

static void small_jumps_are_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    for (int i = 0; i < 40; i++) {
        int64_t now = truth() + (i % 2 ? 200 : -90);

        tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, now);
        tk_time_note_server_date(&w.keeper.rt.time, now); /* servers agree with the fast ones */
        world_run(&w, 4 * MINUTE);
        world_assert_state(&w, "ready", "none");
        assert_status("time_quality", "system");
    }
    assert_in_range(w.server.refreshes, 5, 8);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
}

/* --- sleeps --- */

/* The machine was suspended, or its main loop had something else to do. */
static void a_sleep_that_was_too_long_is_made_up_for_once(void **state)
{
    (void)state;
    world_provision(&w);
    for (unsigned i = 1; i <= 5; i++) {
        tk_sim_advance(&w.port, i * 7 * HOUR);
        world_assert_begins(world_type(&w, "token"), "OK access_token=");
        assert_int_equal(w.server.refreshes, i);
        world_run(&w, MINUTE);
        assert_int_equal(w.server.refreshes, i);
        assert_status("escalation", "0");
    }
}

static void a_sleep_in_an_outage_is_no_storm(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 30 * MINUTE);
    tk_sim_advance(&w.port, 10 * HOUR);
    world_run(&w, MINUTE);
    assert_status("escalation", "3");
    assert_in_range(atoi(world_status(&w, "failures")), 5, 16);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

/* --- ticks that leave 31 and 32 bits --- */

static void across(uint64_t tick)
{
    unsigned before;
    uint64_t last;

    world_restart(&w, tick - 3 * HOUR - w.port.now_ms);
    world_run(&w, MINUTE); /* what is overdue */
    for (last = w.server.last_ms; last < tick + 3 * HOUR; last = w.server.last_ms) {
        before = w.server.refreshes;
        while (w.server.refreshes == before)
            world_run(&w, 1000);
        assert_in_range(w.server.last_ms - last, 25 * MINUTE * 9 / 10 - 2000, 25 * MINUTE + 2000);
        assert_in_range(atoi(world_status(&w, "expires_in")), 3590, 3600);
        world_assert_state(&w, "ready", "none");
    }
    assert_in_range(atoi(world_status(&w, "uptime")), 6 * 3600, 7 * 3600);
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 1300, 1500);
}

static void ticks_beyond_31_and_32_bits_change_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    across((uint64_t)1 << 31); /* 24.8 days */
    across((uint64_t)1 << 32); /* 49.7 days */
    across((uint64_t)3 << 31);
    across((uint64_t)1 << 33);
}

/* An outage, a block and a late clearing lie across it too. */
static void backoff_and_probes_go_on_across_32_bits(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, ((uint64_t)1 << 32) - 2 * HOUR - w.port.now_ms);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_run(&w, MINUTE);
    world_assert_state(&w, "blocked", "payment_required");
    unsigned before = w.server.requests;

    world_run(&w, 8 * HOUR); /* probes after 1, 3 and 7 hours */
    assert_int_equal(w.server.requests, before + 3);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_type(&w, "auth refresh");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 9 * HOUR);
    world_assert_state(&w, "ready", "none");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(where_nobody_tells_the_time_that_is_told),
        TEST(a_time_that_is_told_early_is_the_end_of_it),
        TEST(sntp_that_is_years_ahead_is_got_over),
        TEST(sntp_that_is_behind_is_got_over),
        TEST(sntp_that_cannot_be_is_refused_and_logged),
        TEST(a_person_gets_out_of_a_wrong_floor_for_good),
        TEST(nor_is_it_kept_by_a_pair_that_was_forgotten),
        TEST(a_floor_that_is_lowered_leaves_the_pair_and_its_intent),
        TEST(a_clock_that_jumps_ahead_and_back_costs_no_token),
        TEST(a_clock_that_falls_to_1970_is_no_clock_until_it_is_back),
        TEST(small_jumps_are_nothing),
        TEST(a_sleep_that_was_too_long_is_made_up_for_once),
        TEST(a_sleep_in_an_outage_is_no_storm),
        TEST(ticks_beyond_31_and_32_bits_change_nothing),
        TEST(backoff_and_probes_go_on_across_32_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
