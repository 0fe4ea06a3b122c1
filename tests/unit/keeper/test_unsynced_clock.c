/* SPDX-License-Identifier: Apache-2.0 */

/* A whole gateway whose system clock nothing has synchronized: it may be one that was saved at the
 * stop, and is behind by as long as the machine was off. */

#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 4
#include "clock_behind.h"

static void provision(void)
{
    w.server.rules.refresh_life_ms = (int64_t)10 * YEAR_S * 1000;
    provision_with_dates();
}

/* Off for off_s, by a clock that is wrong by ahead_s afterwards. */
static void restart_unsynced(int64_t off_s, int64_t ahead_s)
{
    tk_sim_set_wall(&w.port, TK_TIME_UNSYNCED, truth() + ahead_s); /* advances with the tick */
    world_restart(&w, (uint64_t)off_s * 1000);
}

/* The clock stood still while the machine was off. */
static void a_stale_clock_serves_no_dead_token(void **state)
{
    (void)state;
    for (int i = 0; i < BEHINDS; i++) {
        provision();
        world_run(&w, MINUTE);
        restart_unsynced(behind_s[i], -behind_s[i]);
        w.cert_until = truth() + 86400;
        assert_status("time_quality", "unsynced");
        assert_status("expires_in", "unknown");
        assert_status("clock_behind", "0"); /* it is not below any bound */
        assert_renewed_then_served(1);
        assert_int_equal(w.server.heads, 1);
        assert_in_range(atoi(world_status(&w, "clock_behind")), behind_s[i] - 5, behind_s[i] + 5);
        assert_goes_on();
        tear_down(state);
        set_up(state);
    }
}

static void a_stale_clock_is_found_without_a_consumer(void **state)
{
    (void)state;
    provision();
    restart_unsynced(3 * 3600, -3 * 3600);
    world_run(&w, MINUTE);
    assert_status("generation", "2");
    assert_int_equal(world_count_events(&w, "EVT clock_behind"), 1);
    assert_goes_on();
}

/* A Date that agrees is enough: no pair is rotated for a restart. */
static void an_unsynced_clock_that_is_right_costs_no_refresh(void **state)
{
    (void)state;
    provision();
    for (unsigned i = 1; i <= 5; i++) {
        restart_unsynced(60, 0);
        world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
        assert_in_range(atoi(world_status(&w, "expires_in")), 3600 - 65 * i, 3600 - 60 * i);
        assert_status("time_quality", "system");
        assert_int_equal(w.server.heads, i);
        assert_int_equal(w.server.refreshes, 0);
        assert_int_equal(world_count_events(&w, "EVT clock_behind"), 0);
    }
    assert_goes_on();
    assert_int_equal(w.server.heads, 5);
}

/* Synchronized, no question is asked; and by an unsynced clock none twice. */
static void a_synchronized_clock_is_believed_at_once(void **state)
{
    (void)state;
    provision();
    world_restart(&w, MINUTE);
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth());
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    assert_int_equal(w.server.heads, 0);
    restart_unsynced(60, 0);
    tk_sim_set_wall(&w.port, TK_TIME_SYSTEM, truth()); /* before it was needed */
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.heads, 0);
}

/* A token that is still valid is served, one that is not is not; whatever the clock says. */
static void an_unsynced_clock_that_is_ahead_misleads_no_one(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * BEHINDS; i++) {
        int64_t ahead_s = behind_s[i / 2];
        bool is_dead = i % 2 == 1;

        w.server.date = NULL;
        w.cert_from = WORLD_UNIX - 30 * 86400;
        w.cert_until = WORLD_UNIX + 6 * (int64_t)YEAR_S;
        world_provision(&w);
        restart_unsynced(is_dead ? 2 * 3600 : 60, ahead_s);
        world_assert_begins(world_type(&w, "token"),
                            is_dead ? "OK access_token=access2 " : "OK access_token=access1 ");
        assert_status("time_quality", "server");
        assert_int_equal(world_count_events(&w, "EVT clock_behind"), 0);
        assert_goes_on();
        tear_down(state);
        set_up(state);
    }
}

static void in_an_outage_an_unsynced_clock_serves_nothing(void **state)
{
    (void)state;
    provision();
    restart_unsynced(3 * 3600, -3 * 3600);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "token"), "ERR connect_failed");
    assert_status("expires_in", "unknown");
    assert_status("state", "retrying");
    assert_status("time_quality", "unsynced");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 6 * MINUTE);
    assert_status("generation", "2"); /* no consumer had to ask */
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    world_assert_state(&w, "ready", "none");
    assert_status("escalation", "0");
}

static void the_refresh_that_failed_follows_the_time(void **state)
{
    const struct tk_refresh *r = &w.keeper.accounts.of[0].refresh;

    (void)state;
    provision();
    restart_unsynced(3 * 3600, -3 * 3600);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    while (r->failures == 0)
        world_run(&w, 100);
    assert_int_equal(r->failures, 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 10000);
    assert_int_equal(w.server.heads, 1);
    assert_status("generation", "2");
}

/* Without a Date, or with no answer to HEAD, a refresh goes first. */
static void where_a_date_is_not_to_be_had_it_is_refreshed(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct server_fault x = {.kind = i == 1 ? SERVER_CLOSES : SERVER_IGNORES};

        provision();
        restart_unsynced(3 * 3600, -3 * 3600);
        w.server.date = i == 0 ? "" : NULL;
        if (i > 0)
            server_set_fault(&w.server, SERVER_ALL, &x);
        while (w.server.heads == 0)
            world_run(&w, 100);
        x.kind = SERVER_WELL;
        server_set_fault(&w.server, SERVER_ALL, &x);
        world_run(&w, 4000); /* gateways that boot together do not refresh together */
        assert_int_equal(w.server.refreshes, 0);
        world_run(&w, 2 * MINUTE);
        assert_status("generation", "2");
        world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
        assert_int_equal(w.server.heads, 1);
        world_assert_state(&w, "ready", "none");
        tear_down(state);
        set_up(state);
    }
}

/* A command to refresh is not answered by a question for the time. */
static void auth_refresh_refreshes_by_an_unsynced_clock_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct server_fault x = {.kind = SERVER_SLOW, .ms = 5000};

        provision();
        restart_unsynced(60, 0);
        if (i == 1)
            server_set_fault(&w.server, SERVER_ALL, &x);
        while (i == 1 && !tk_account_refreshing(&w.keeper.accounts.of[0]))
            world_run(&w, 10);
        world_assert_begins(world_type(&w, "auth refresh"), "OK ");
        assert_int_equal(w.server.refreshes, 1);
        assert_status("generation", "2");
        tear_down(state);
        set_up(state);
    }
}

/* The refusal's Date makes the time known, which is no reason to try again. */
static void a_refusal_that_confirms_the_clock_is_not_probed_at_once(void **state)
{
    (void)state;
    provision();
    restart_unsynced(60, 0);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_type(&w, "auth refresh");
    world_run(&w, 10 * MINUTE);
    world_assert_state(&w, "blocked", "payment_required");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 2900, 3000);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* A refresh that was cut is completed at once. */
static void an_open_intent_goes_before_the_time(void **state)
{
    (void)state;
    provision();
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1000);
    restart_unsynced(60, 0);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.heads, 0);
    world_assert_state(&w, "ready", "none");
}

static void an_unsynced_clock_provisions_a_gateway(void **state)
{
    (void)state;
    tk_sim_set_wall(&w.port, TK_TIME_UNSYNCED, truth());
    world_restart(&w, 1000);
    provision();
    assert_status("time_quality", "system");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* A setting lets the refresh become due meanwhile. */
static void a_question_for_the_time_is_asked_once(void **state)
{
    struct server_fault x = {.kind = SERVER_SLOW, .ms = 25000};

    (void)state;
    provision();
    restart_unsynced(60, 0);
    server_set_fault(&w.server, SERVER_ALL, &x);
    while (!tk_account_refreshing(&w.keeper.accounts.of[0]))
        world_run(&w, 10);
    tk_token_refresh_at(&w.keeper.accounts.of[0], w.port.now_ms + 1000);
    world_run(&w, 30000);
    assert_int_equal(w.server.heads, 1);
    assert_int_equal(w.server.refreshes, 0);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stale_clock_serves_no_dead_token),
        TEST(a_stale_clock_is_found_without_a_consumer),
        TEST(an_unsynced_clock_that_is_right_costs_no_refresh),
        TEST(a_synchronized_clock_is_believed_at_once),
        TEST(an_unsynced_clock_that_is_ahead_misleads_no_one),
        TEST(in_an_outage_an_unsynced_clock_serves_nothing),
        TEST(the_refresh_that_failed_follows_the_time),
        TEST(where_a_date_is_not_to_be_had_it_is_refreshed),
        TEST(auth_refresh_refreshes_by_an_unsynced_clock_too),
        TEST(a_refusal_that_confirms_the_clock_is_not_probed_at_once),
        TEST(an_open_intent_goes_before_the_time),
        TEST(an_unsynced_clock_provisions_a_gateway),
        TEST(a_question_for_the_time_is_asked_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
