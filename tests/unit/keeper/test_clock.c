/* SPDX-License-Identifier: Apache-2.0 */

/* Clocks of a whole gateway: unknown, wrong, jumping, beyond 32 bits; and sleeps that are too long.
 */

#include "tk_http_date.h"
#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 3
#include "clock_behind.h"

#define WRONG_DATE "Sun, 23 Nov 2036 12:00:00 GMT" /* ten years ahead */

static const char *type_time(int64_t unix_s)
{
    char line[40];

    snprintf(line, sizeof line, "time %lld", (long long)unix_s);
    return world_type(&w, line);
}

static void answer_sntp(int64_t unix_s)
{
    w.port.ntp_unix = unix_s;
    w.port.ntp_answered = true;
    world_run(&w, 1000);
}

static void lose_clock(void)
{
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
}

/* --- unknown --- */

static void an_unknown_time_is_escalated(void **state)
{
    (void)state;
    world_provision(&w);
    lose_clock();
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
    assert_int_equal(w.server.requests, requests); /* no TLS without a clock */
    world_assert_begins(world_type(&w, "token"), "ERR clock_unknown");
    world_assert_begins(type_time(truth()), "OK");
    world_run(&w, 1000);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    assert_status("last_error", "none");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
}

static void a_time_that_is_known_early_needs_no_escalation(void **state)
{
    (void)state;
    world_provision(&w);
    lose_clock();
    world_restart(&w, 1000);
    world_run(&w, MINUTE);
    answer_sntp(truth());
    world_run(&w, 20 * MINUTE);
    assert_int_equal(w.server.refreshes, 0);
    world_run(&w, 6 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
}

/* --- wrong --- */

static void recovers_from_sntp_that_is_years_ahead(void **state)
{
    (void)state;
    w.cert_from = WORLD_UNIX - 30 * 86400;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
    lose_clock();
    world_restart(&w, 1000);
    answer_sntp(truth() + 14 * (int64_t)YEAR_S);
    world_run(&w, HOUR);
    world_assert_state(&w, "retrying", "tls_expired");
    answer_sntp(truth());
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
    world_run(&w, HOUR);
    world_assert_state(&w, "ready", "none");
}

static void recovers_from_sntp_that_is_behind(void **state)
{
    (void)state;
    w.cert_from = WORLD_UNIX - 3600;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_provision(&w);
    lose_clock();
    world_restart(&w, 1000);
    answer_sntp(WORLD_UNIX - 80000);
    world_run(&w, HOUR);
    world_assert_state(&w, "retrying", "tls_not_yet_valid");
    answer_sntp(truth());
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

static void implausible_sntp_is_refused_and_logged(void **state)
{
    (void)state;
    lose_clock();
    world_restart(&w, 1000);
    answer_sntp(0);
    answer_sntp(WORLD_UNIX - 86401);
    answer_sntp(WORLD_UNIX + 21 * (int64_t)YEAR_S);
    answer_sntp(INT64_MAX);
    assert_status("time_quality", "floor");
    assert_int_equal(world_count_events(&w, "LOG ntp_refused time="), 4);
    answer_sntp(truth());
    assert_status("time_quality", "sntp");
}

/* --- a floor that is too late --- */

/* The operator sets a wrong year, and a server sends the same in its Date. */
static void raise_floor_to_wrong_year(void)
{
    int64_t wrong;

    assert_true(tk_http_date_parse(WRONG_DATE, &wrong));
    w.server.date = WRONG_DATE;
    lose_clock();
    world_restart(&w, 1000);
    world_assert_begins(type_time(wrong + 60), "OK");
    world_provision(&w);
    w.server.date = "";
    world_restart(&w, 1000);
    assert_int_equal(w.keeper.rt.time.floor_unix, wrong);
    answer_sntp(truth());
    assert_status("time_quality", "floor");
}

static void setting_the_time_lowers_a_wrong_floor_for_good(void **state)
{
    (void)state;
    raise_floor_to_wrong_year();
    w.cert_from = WORLD_UNIX - 30 * 86400;
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "retrying", "tls_expired"); /* and is escalated */
    world_assert_begins(type_time(truth()), "OK");
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
    world_restart(&w, 1000);
    answer_sntp(truth());
    assert_status("time_quality", "sntp");
    world_run(&w, HOUR);
    world_assert_state(&w, "ready", "none");
}

static void a_wrong_floor_is_lowered_after_auth_forget_too(void **state)
{
    (void)state;
    raise_floor_to_wrong_year();
    world_type(&w, "auth forget");
    world_assert_begins(type_time(truth()), "OK");
    world_restart(&w, 1000);
    answer_sntp(truth());
    assert_status("time_quality", "sntp");
}

/* The floor is stored together with the pair. */
static void lowering_the_floor_leaves_pair_and_intent(void **state)
{
    (void)state;
    raise_floor_to_wrong_year();
    world_fault(&w, WORLD_LOSES, 1);
    world_assert_begins(type_time(truth()), "OK");
    while (w.fault != WORLD_WELL)
        world_run(&w, 10);
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_assert_begins(type_time(truth() - 3600), "OK");
    world_restart(&w, 1000);
    assert_status("intent", "open");
    assert_status("generation", "1");
    answer_sntp(truth());
    world_run(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
}

/* --- a clock that jumps while it runs --- */

static void a_clock_that_jumps_ahead_and_back_loses_no_token(void **state)
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

static void a_clock_in_1970_counts_as_unknown(void **state)
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

static void small_jumps_have_no_effect(void **state)
{
    (void)state;
    world_provision(&w);
    for (int i = 0; i < 40; i++) {
        int64_t now = truth() + (i % 2 ? 200 : -90);

        tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, now);
        tk_time_note_server_date(&w.keeper.rt.time, now); /* servers send the same time */
        world_run(&w, 4 * MINUTE);
        world_assert_state(&w, "ready", "none");
        assert_status("time_quality", "system");
    }
    assert_in_range(w.server.refreshes, 5, 8);
    assert_int_equal(world_count_events(&w, "EVT escalation"), 0);
}

/* --- a clock that is behind --- */

static void set_behind(int64_t seconds)
{
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth() - seconds);
}

static void behind_at_a_start_the_token_is_renewed_then_served(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * BEHINDS; i++) {
        int64_t seconds = behind_s[i / 2];
        uint64_t off_ms = i % 2 == 0 ? MINUTE : 2 * HOUR; /* the token expires meanwhile */

        provision_with_dates();
        set_behind(seconds + (int64_t)off_ms / 1000);
        world_restart(&w, off_ms);
        set_behind(seconds + (int64_t)off_ms / 1000);
        world_run(&w, 10);
        assert_status("last_error", "clock_behind");
        assert_in_range(atoi(world_status(&w, "clock_behind")), seconds, seconds + 61);
        assert_status("state", "ready");
        assert_renewed_then_served(1);
        assert_goes_on();
        tear_down(state);
        set_up(state);
    }
}

/* `expires` says nothing where the time is only a lower bound. */
static void behind_and_without_a_date_a_lifetime_is_taken_for_short(void **state)
{
    char body[120];
    struct server_fault x = {
        .kind = SERVER_STATUS, .status = 200, .type = "application/json", .body = body};

    (void)state;
    provision_with_dates();
    set_behind(4 * 3600);
    world_restart(&w, HOUR);
    set_behind(4 * 3600);
    w.server.date = "";
    snprintf(body, sizeof body, "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires\":%lld}",
             (long long)truth() + 3600);
    server_set_fault(&w.server, SERVER_ALL, &x);
    world_assert_begins(world_type(&w, "token"), "OK access_token=a ");
    assert_in_range(atoi(world_status(&w, "expires_in")), 110, 120);
}

static void without_a_consumer_it_is_renewed_too(void **state)
{
    (void)state;
    provision_with_dates();
    set_behind(3600);
    world_restart(&w, MINUTE);
    world_run(&w, MINUTE);
    assert_status("generation", "2");
    assert_goes_on();
}

static void behind_while_it_runs_the_token_is_renewed_then_served(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * BEHINDS; i++) {
        provision_with_dates();
        world_run(&w, 20 * MINUTE);
        if (i % 2 == 1)
            tk_sim_advance(&w.port, 2 * HOUR); /* suspended: the token has expired */
        set_behind(behind_s[i / 2]);
        assert_renewed_then_served(1);
        assert_goes_on();
        tear_down(state);
        set_up(state);
    }
}

/* The tick says that it is valid. */
static void behind_while_it_runs_an_outage_takes_no_valid_token(void **state)
{
    (void)state;
    provision_with_dates();
    world_run(&w, 15 * MINUTE);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    set_behind(3 * 3600);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_run(&w, HOUR);
    assert_status("escalation", "3");
    world_assert_begins(world_type(&w, "token"), "ERR connect_failed");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 16 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

/* It may have expired: with the lower bound of the time it would look valid. */
static void behind_at_a_start_an_outage_serves_no_token(void **state)
{
    (void)state;
    provision_with_dates();
    set_behind(30 * 86400);
    world_restart(&w, 10 * MINUTE);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    assert_status("expires_in", "unknown");
    world_assert_begins(world_type(&w, "token"), "ERR connect_failed");
    world_run(&w, 30 * MINUTE);
    assert_status("escalation", "2");
    assert_status("expires_in", "unknown");
    world_assert_begins(world_type(&w, "token"), "ERR ");
    world_run(&w, HOUR); /* now it has expired for certain */
    assert_status("expires_in", "0");
    assert_status("escalation", "3");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 16 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void a_clock_that_is_set_right_is_believed_again(void **state)
{
    (void)state;
    provision_with_dates();
    for (unsigned i = 1; i <= 3; i++) {
        set_behind(3600);
        world_run(&w, MINUTE);
        assert_status("time_quality", "server");
        assert_int_equal(world_count_events(&w, "clock_behind"), i);
        set_behind(0);
        world_run(&w, 10 * MINUTE);
        assert_status("time_quality", "system");
        assert_status("clock_behind", "0");
    }
}

/* At a start, before the refresh: then the stored times say whether the token is valid. */
static void a_clock_that_is_set_right_in_time_saves_the_refresh(void **state)
{
    (void)state;
    provision_with_dates();
    set_behind(3600);
    world_restart(&w, MINUTE);
    world_run(&w, 10);
    set_behind(0);
    world_run(&w, 10);
    assert_in_range(atoi(world_status(&w, "expires_in")), 3500, 3560);
}

static void a_clock_that_goes_back_and_forth_causes_no_burst(void **state)
{
    (void)state;
    provision_with_dates();
    for (int i = 0; i < 360; i++) {
        set_behind(i % 2 == 0 ? 3600 : 0);
        world_run(&w, 10000);
    }
    assert_in_range(w.server.refreshes, 2, 16);
    assert_in_range(world_count_events(&w, "clock_behind"), 2, 13);
}

static void a_little_behind_is_tolerated(void **state)
{
    (void)state;
    provision_with_dates();
    set_behind(298);
    world_restart(&w, MINUTE);
    set_behind(298);
    world_run(&w, MINUTE);
    assert_status("time_quality", "system");
    assert_status("generation", "1");
    assert_int_equal(world_count_events(&w, "clock_behind"), 0);
}

/* --- no clock at all --- */

/* Without RTC, SNTP and operator, off for three months: the certificates are newer than the time
 * that was saved. */
static void a_stale_saved_time_is_enough(void **state)
{
    (void)state;
    provision_with_dates();
    lose_clock();
    for (int i = 0; i < 4; i++) {
        world_restart(&w, 80 * DAY);
        w.cert_from = truth() - 86400;
        w.cert_until = truth() + 89 * 86400;
        assert_status("time_quality", "floor");
        assert_status("clock_behind", "0"); /* there is none */
        assert_status("expires_in", "unknown");
        assert_renewed_then_served(0);
        assert_in_range(w.keeper.rt.time.floor_unix, truth() - 10, truth());
        assert_goes_on();
    }
}

/* notAfter is judged: by the time that is known at least. */
static void certificates_that_have_expired_by_then_are_refused(void **state)
{
    (void)state;
    provision_with_dates();
    lose_clock();
    world_restart(&w, DAY);
    w.cert_until = WORLD_UNIX - 1;
    world_assert_begins(world_type(&w, "token"), "ERR tls_expired");
    w.cert_until = WORLD_UNIX + 60 * 86400;
    world_run(&w, 16 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

/* A server without Date vouches for nothing, and neither does a build. */
static void the_build_date_alone_is_no_time(void **state)
{
    (void)state;
    world_provision(&w);
    lose_clock();
    world_restart(&w, 1000);
    unsigned requests = w.server.requests;
    uint64_t from_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token"), "ERR clock_unknown set the clock");
    assert_true(w.port.now_ms <= from_ms + 10); /* at once */
    assert_status("state", "ready");
    assert_status("expires_in", "unknown");
    world_assert_begins(world_status(&w, "action"), "set the clock: type time 20");
    world_assert_begins(world_type(&w, "check"), "ERR clock_unknown");
    assert_int_equal(w.server.requests, requests);
    world_assert_begins(type_time(truth()), "OK");
    assert_status("action", "");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_assert_begins(world_type(&w, "time 2026-02-30T12:00:00Z"),
                        "ERR bad_value there is no such day or time; give it as 2026-");
    world_assert_begins(world_type(&w, "time tomorrow"), "ERR bad_value give 2026-11-29T12:00:00Z");
    world_assert_begins(world_type(&w, "time 2036-11-18T12:06:41+01:00"),
                        "OK time=2036-11-18T11:06:41Z unix=2110619201 quality=console");
}

/* A new program is a lower bound too: the gateway does not stand still after an update. */
static void a_newer_build_keeps_what_a_server_vouched_for(void **state)
{
    (void)state;
    provision_with_dates();
    lose_clock();
    w.config.build_unix = WORLD_UNIX + 86400;
    world_restart(&w, 2 * DAY);
    assert_renewed_then_served(0);
}

static void a_wrong_date_is_corrected_by_the_operator(void **state)
{
    int64_t wrong;

    (void)state;
    assert_true(tk_http_date_parse(WRONG_DATE, &wrong));
    provision_with_dates();
    lose_clock();
    world_restart(&w, 1000);
    w.cert_until = wrong + 86400;
    w.server.date = WRONG_DATE;
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    assert_true(truth() < w.keeper.rt.time.floor_unix);
    w.server.date = NULL;
    answer_sntp(truth());
    assert_int_equal(world_count_events(&w, "LOG ntp_refused"), 1);
    world_assert_begins(type_time(truth()), "OK");
    assert_status("time_quality", "console");
    world_restart(&w, 1000);
    answer_sntp(truth());
    assert_status("time_quality", "sntp");
}

/* The response's Date says when the token was issued, not a clock that is ahead. */
static void ahead_at_the_issue_does_not_extend_a_token(void **state)
{
    (void)state;
    w.server.date = NULL;
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth() + 3600);
    world_provision(&w);
    set_behind(0);
    world_restart(&w, 10 * MINUTE);
    assert_in_range(atoi(world_status(&w, "expires_in")), 2990, 3000);
    world_restart(&w, 70 * MINUTE);
    assert_status("expires_in", "0");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

/* --- sleeps --- */

/* The machine was suspended, or its main loop was busy. */
static void a_sleep_past_many_deadlines_causes_one_refresh(void **state)
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

static void a_sleep_in_an_outage_causes_no_burst(void **state)
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

/* --- ticks beyond 31 and 32 bits --- */

static void cross(uint64_t tick)
{
    unsigned before;
    uint64_t last;

    world_restart(&w, tick - 3 * HOUR - w.port.now_ms);
    world_run(&w, MINUTE); /* overdue refreshes */
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

static void ticks_beyond_31_and_32_bits_have_no_effect(void **state)
{
    (void)state;
    world_provision(&w);
    cross((uint64_t)1 << 31); /* 24.8 days */
    cross((uint64_t)1 << 32); /* 49.7 days */
    cross((uint64_t)3 << 31);
    cross((uint64_t)1 << 33);
}

/* A blocked account and an outage across it. */
static void backoff_and_probes_continue_across_32_bits(void **state)
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

/* It is due within a second, whatever the clock says. */
static void behind_at_a_start_an_open_refresh_goes_on_at_once(void **state)
{
    (void)state;
    provision_with_dates();
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1000);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX - 3 * 3600);
    world_restart(&w, 1000);
    uint64_t started_ms = w.port.now_ms;

    world_run(&w, MINUTE);
    assert_in_range(w.server.last_ms - started_ms, 0, 1500);
    world_assert_state(&w, "ready", "none");
    assert_true(world_honours_newest(&w));
    assert_int_equal(world_count_events(&w, "EVT clock_behind seconds="), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_unknown_time_is_escalated),
        TEST(a_time_that_is_known_early_needs_no_escalation),
        TEST(recovers_from_sntp_that_is_years_ahead),
        TEST(recovers_from_sntp_that_is_behind),
        TEST(implausible_sntp_is_refused_and_logged),
        TEST(setting_the_time_lowers_a_wrong_floor_for_good),
        TEST(a_wrong_floor_is_lowered_after_auth_forget_too),
        TEST(lowering_the_floor_leaves_pair_and_intent),
        TEST(a_clock_that_jumps_ahead_and_back_loses_no_token),
        TEST(a_clock_in_1970_counts_as_unknown),
        TEST(small_jumps_have_no_effect),
        TEST(behind_at_a_start_the_token_is_renewed_then_served),
        TEST(behind_and_without_a_date_a_lifetime_is_taken_for_short),
        TEST(without_a_consumer_it_is_renewed_too),
        TEST(behind_while_it_runs_the_token_is_renewed_then_served),
        TEST(behind_while_it_runs_an_outage_takes_no_valid_token),
        TEST(behind_at_a_start_an_outage_serves_no_token),
        TEST(a_clock_that_is_set_right_is_believed_again),
        TEST(a_clock_that_is_set_right_in_time_saves_the_refresh),
        TEST(a_clock_that_goes_back_and_forth_causes_no_burst),
        TEST(a_little_behind_is_tolerated),
        TEST(a_stale_saved_time_is_enough),
        TEST(certificates_that_have_expired_by_then_are_refused),
        TEST(the_build_date_alone_is_no_time),
        TEST(a_newer_build_keeps_what_a_server_vouched_for),
        TEST(ahead_at_the_issue_does_not_extend_a_token),
        TEST(a_wrong_date_is_corrected_by_the_operator),
        TEST(a_sleep_past_many_deadlines_causes_one_refresh),
        TEST(a_sleep_in_an_outage_causes_no_burst),
        TEST(ticks_beyond_31_and_32_bits_have_no_effect),
        TEST(backoff_and_probes_continue_across_32_bits),
        TEST(behind_at_a_start_an_open_refresh_goes_on_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
