/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Rotation of a pair: the server retires it before its successor is on flash. The power fails in
 * each flash operation, torn in each way, and in each millisecond of a refresh and of its recovery;
 * the request was not received, or its response was lost; with and without a grace time. The
 * account must become ready again where the server honours a pair on flash, and else report
 * rotation_lost.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WORLD_SEED 5
#include "one_world.h"
#include "tk_account_set.h"
#include "tk_token.h"

#include "tk_account_load.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* --- recovery --- */

static bool honours(const char *refresh_token)
{
    const struct rules *r = &w.server.rules;
    uint32_t pair = rules_number(r, RULES_REFRESH, refresh_token);

    return rules_honours(r, pair, server_now(&w.server));
}

/* Right after a restart. Ends the faults of the server. */
static void assert_recovers(void)
{
    char previous[TK_TOKEN_MAX + 1];
    bool current = honours(account()->pair.refresh);
    bool before = tk_account_previous_refresh_token(account(), previous) && honours(previous);

    assert_true(current || account()->refresh.intent || account()->revocation == TK_ROTATION_LOST);
    assert_true(account()->revocation == TK_NOT_REVOKED || (!current && !before));
    world_fault(&w, WORLD_WELL, 0);
    world_latency(&w, 0);
    world_run(&w, 2 * MINUTE);
    if (!current && !before) {
        world_assert_state(&w, "needs_code", "rotation_lost");
        return;
    }
    world_run(&w, 26 * MINUTE); /* until a refresh is due where none was under way */
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "intent"), "none");
    assert_true(honours(account()->pair.refresh));
}

/* --- power cuts in flash operations --- */

/* A pair, a previous one, and a refresh that is due in a millisecond. */
static void just_before_a_refresh(bool grace)
{
    uint32_t seconds;

    world_provision(&w);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.server.pairs, 2);
    w.server.rules.old_refresh_grace_ms = grace ? WORLD_GRACE_MS : 0;
    assert_true(tk_token_refresh_due_in(account(), w.port.now_ms, &seconds));
    world_run(&w, (uint64_t)seconds * 1000 - 1);
    assert_int_equal(w.server.pairs, 2);
}

static void plan_cut(uint64_t operation)
{
    w.flash.cut_at = w.flash.operations + operation;
    w.dies_with_flash = true;
}

/* At most ms. Returns whether the power has failed. */
static bool run_to_cut(uint64_t ms)
{
    for (uint64_t i = 0; i < ms && !w.flash.off; i++)
        world_run(&w, 1);
    return w.flash.off;
}

static void restore_power(void)
{
    w.dies_with_flash = false;
    world_restart(&w, 1000);
}

/* torn: in which way, and how much of it. False: the refresh has fewer operations. */
static bool try_cut(uint64_t operation, unsigned torn, bool grace)
{
    set_up(NULL);
    just_before_a_refresh(grace);
    w.flash.torn_program = (enum tk_sim_torn_program)(torn % TK_SIM_TORN_PROGRAMS);
    w.flash.random = torn + 1;
    plan_cut(operation);
    bool died = run_to_cut(3000);

    if (died) {
        restore_power();
        assert_recovers();
    }
    tear_down(NULL);
    return died;
}

static void power_fails_in_each_flash_operation(void **state)
{
    (void)state;
    for (unsigned torn = 0; torn < 20 * TK_SIM_TORN_PROGRAMS; torn++) {
        for (int grace = 0; grace < 2; grace++) {
            uint64_t operation = 1;

            while (try_cut(operation, torn, grace))
                operation++;
            assert_in_range(operation, 3, 20); /* at least the intent and the pair */
        }
    }
}

/* --- power cuts between them --- */

static void cut_power_after(uint64_t ms, enum world_fault fault, bool grace)
{
    set_up(NULL);
    just_before_a_refresh(grace);
    world_latency(&w, 20);
    if (fault != WORLD_WELL)
        world_fault(&w, fault, 1);
    world_run(&w, ms);
    world_restart(&w, 1000);
    assert_recovers();
    if (fault == WORLD_SILENT)
        assert_string_equal(world_status(&w, "state"),
                            "ready"); /* the request was not carried out */
    tear_down(NULL);
}

static void power_fails_in_each_millisecond(void **state)
{
    (void)state;
    for (uint64_t ms = 0; ms < 1100; ms += ms < 40 || ms > 990 ? 1 : 50) {
        for (int grace = 0; grace < 2; grace++) {
            cut_power_after(ms, WORLD_WELL, grace);
            cut_power_after(ms, WORLD_SILENT, grace);
            cut_power_after(ms, WORLD_LOSES, grace);
        }
    }
}

/* --- power cuts in the recovery --- */

static bool try_second_cut(uint64_t operation, enum world_fault fault, bool grace)
{
    set_up(NULL);
    just_before_a_refresh(grace);
    world_fault(&w, fault, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
    world_restart(&w, 1000);
    assert_true(account()->refresh.intent);
    plan_cut(operation);
    bool died = run_to_cut(3000);

    if (died) {
        restore_power();
        assert_recovers();
    }
    tear_down(NULL);
    return died;
}

static void power_fails_again_in_each_flash_operation_of_the_recovery(void **state)
{
    static const enum world_fault faults[] = {WORLD_SILENT, WORLD_LOSES};

    (void)state;
    for (int i = 0; i < 4; i++) {
        uint64_t operation = 1;

        while (try_second_cut(operation, faults[i / 2], i % 2))
            operation++;
        assert_in_range(operation, 2, 200);
    }
}

/* --- errors in the recovery --- */

static void lose_a_response(bool grace)
{
    just_before_a_refresh(grace);
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
}

static void meet_each_transient_error(const char *word)
{
    static const struct {
        enum world_fault fault;
        int status;
        const char *word;
    } rows[] = {
        {WORLD_UNREACHABLE, 0, NULL}, {WORLD_UNTRUSTED, 0, NULL},
        {WORLD_SILENT, 0, NULL},      {WORLD_CLOSES, 0, NULL},
        {WORLD_STATUS, 500, NULL},    {WORLD_STATUS, 403, NULL},
        {WORLD_STATUS, 429, NULL},    {WORLD_STATUS, 302, NULL},
        {WORLD_BODY, 0, "<html>"},    {WORLD_BODY, 0, ""},
        {WORLD_BODY, 0, "{"},         {WORLD_ERROR, 500, "invalid_grant"},
        {WORLD_ERROR, 400, "news"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.fault_status = rows[i].status;
        w.fault_word = rows[i].word;
        world_fault(&w, rows[i].fault, 0);
        world_run(&w, HOUR);
        if (strcmp(world_status(&w, "state"), "retrying") != 0)
            fail_msg("%s, %zu: %s", word, i, world_status(&w, "state"));
        assert_string_equal(world_status(&w, "intent"), "open");
        if (i % 2 == 0)
            world_restart(&w, 1000);
    }
    world_fault(&w, WORLD_WELL, 0);
}

static void transient_errors_do_not_end_a_recovery(void **state)
{
    (void)state;
    lose_a_response(true);
    meet_each_transient_error("current");
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "intent"), "none");
}

/* The server was restored from a backup and honours only the previous pair; it fails for hours
 * between the refusal of the one and the success of the other. */
static void transient_errors_do_not_end_a_recovery_with_the_previous_pair(void **state)
{
    (void)state;
    lose_a_response(false);
    rules_restore(&w.server.rules, 1);
    world_error(&w, "invalid_grant", 400, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
    assert_true(account()->refresh.try_previous);
    meet_each_transient_error("previous");
    world_run(&w, 16 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "intent"), "none");
}

/* Until the previous pair is refused too, it is not known whether an operator must act. */
static void an_authorization_is_not_asked_for_before_the_previous_pair_is_refused(void **state)
{
    (void)state;
    just_before_a_refresh(false);
    world_latency(&w, 2000);
    while (w.server.pairs == 2)
        world_run(&w, 1);
    world_restart(&w, 1000); /* before the response, so that no failure was reported */
    world_latency(&w, 0);
    world_error(&w, "invalid_grant", 400, 2);
    while (!account()->refresh.try_previous)
        world_run(&w, 1);
    assert_string_equal(world_status(&w, "last_error"), "grant_in_doubt");
    assert_null(strstr(world_status(&w, "action"), "auth begin"));
    assert_int_equal(world_count_events(&w, "cause=grant_in_doubt"), 1);
    assert_int_equal(world_count_events(&w, "auth begin"), 0);
    world_run(&w, 5 * MINUTE);
    world_assert_state(&w, "needs_code", "rotation_lost");
    assert_non_null(strstr(world_status(&w, "action"), "auth begin"));
    assert_int_equal(world_count_events(&w, "level=4 cause=invalid_grant"), 1);
}

static void a_configuration_error_does_not_end_a_recovery(void **state)
{
    (void)state;
    lose_a_response(true);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_run(&w, HOUR);
    world_assert_state(&w, "blocked", "payment_required");
    assert_string_equal(world_status(&w, "intent"), "open");
    world_restart(&w, 1000);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 5 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

static void lost_responses_are_recovered_while_grace_lasts(void **state)
{
    (void)state;
    lose_a_response(true);
    world_fault(&w, WORLD_LOSES, 1);
    world_run(&w, 5 * MINUTE);
    world_assert_state(&w, "ready", "none");
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
    w.server.rules.old_refresh_grace_ms = 0;
    world_run(&w, 5 * MINUTE);
    world_assert_state(&w, "needs_code", "rotation_lost");
}

/* --- flash errors --- */

/* The operator sets the clock back while the newest pair is only in RAM. */
static void the_times_of_a_pair_are_not_stored_without_it(void **state)
{
    char line[40];

    (void)state;
    world_provision(&w);
    w.server.date = "Wed, 18 Nov 2026 11:06:40 GMT";
    world_run(&w, 11000);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    w.flash.off = false;
    assert_int_equal(w.keeper.rt.time.floor_unix, WORLD_UNIX);
    snprintf(line, sizeof line, "time %d", WORLD_UNIX - 3600);
    world_assert_begins(world_type(&w, line), "OK ");
    world_restart(&w, 100);
    assert_string_equal(world_status(&w, "generation"), "1");
}

static void flash_errors_do_not_delay_refreshes(void **state)
{
    (void)state;
    world_provision(&w);
    w.flash.off = true;
    for (unsigned hour = 1; hour <= 10; hour++) {
        unsigned tried = (unsigned)w.flash.operations;

        world_run(&w, HOUR);
        assert_in_range(w.server.pairs, 2 * hour, 3 * hour + 1);
        world_assert_begins(world_type(&w, "token 600"), "OK access_token=");
        world_assert_state(&w, "ready", "storage_failed");
        assert_string_equal(world_status(&w, "escalation"), "2");
        assert_in_range(w.flash.operations - tried, 0, 200); /* with backoff */
    }
    assert_int_equal(world_count_events(&w, "event=raised"), 1);
    w.flash.off = false;
    world_run(&w, 6 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    world_restart(&w, 1000);
    assert_true(honours(account()->pair.refresh));
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

/* A refresh with it may have been sent meanwhile. */
static void a_pair_stored_late_is_stored_with_the_open_intent(void **state)
{
    (void)state;
    just_before_a_refresh(false);
    w.flash.off = true;
    world_run(&w, 3000);
    assert_int_equal(w.server.pairs, 3);
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
    assert_true(account()->refresh.unstored);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    w.flash.off = false;
    while (account()->refresh.unstored)
        world_run(&w, 1000);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "intent"), "open");
    assert_recovers();
}

/* The server has revoked it meanwhile. */
static void a_pair_stored_late_stays_revoked(void **state)
{
    (void)state;
    just_before_a_refresh(false);
    w.flash.off = true;
    world_run(&w, 3000);
    rules_revoke(&w.server.rules);
    while (account()->revocation == TK_NOT_REVOKED)
        world_run(&w, 1000);
    w.flash.off = false;
    while (account()->refresh.unstored)
        world_run(&w, 1000);
    world_restart(&w, 1000);
    world_assert_state(&w, "needs_code", "revoked");
}

/* Flash failed when the request was sent, and works again when it is repeated. */
static void an_intent_that_was_not_stored_is_stored_with_the_retry(void **state)
{
    (void)state;
    just_before_a_refresh(false);
    w.flash.off = true;
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 1);
    w.flash.off = false;
    world_fault(&w, WORLD_SILENT, 0);
    world_run(&w, 10000);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "intent"), "open");
    assert_recovers();
}

static void a_forgotten_pair_is_not_a_previous_pair(void **state)
{
    char previous[TK_TOKEN_MAX + 1];

    (void)state;
    world_provision(&w);
    world_type(&w, "auth forget");
    assert_false(tk_account_previous_refresh_token(account(), previous));
    world_give_code(&w, "another");
    world_assert_begins(world_type(&w, "auth code another"), "OK state=ready ");
    assert_false(tk_account_previous_refresh_token(account(), previous));
}

/* With any content left behind, and the power on. */
static void each_flash_operation_may_fail(void **state)
{
    (void)state;
    for (uint64_t operation = 1; operation < 60; operation++) {
        set_up(NULL);
        just_before_a_refresh(false);
        w.flash.torn_program = (enum tk_sim_torn_program)(operation % TK_SIM_TORN_PROGRAMS);
        w.flash.fail_at = w.flash.operations + operation;
        w.flash.fail_until = w.flash.fail_at + operation % 4;
        world_run(&w, 6 * MINUTE);
        world_assert_state(&w, "ready", "none");
        assert_int_equal(w.server.pairs, 3);
        world_restart(&w, 1000);
        assert_true(honours(account()->pair.refresh));
        assert_string_equal(world_status(&w, "intent"), "none");
        tear_down(NULL);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_fails_in_each_flash_operation),
        cmocka_unit_test(power_fails_in_each_millisecond),
        cmocka_unit_test(power_fails_again_in_each_flash_operation_of_the_recovery),
        TEST(transient_errors_do_not_end_a_recovery),
        TEST(transient_errors_do_not_end_a_recovery_with_the_previous_pair),
        TEST(an_authorization_is_not_asked_for_before_the_previous_pair_is_refused),
        TEST(a_configuration_error_does_not_end_a_recovery),
        TEST(lost_responses_are_recovered_while_grace_lasts),
        TEST(flash_errors_do_not_delay_refreshes),
        cmocka_unit_test(each_flash_operation_may_fail),
        TEST(a_pair_stored_late_is_stored_with_the_open_intent),
        TEST(a_pair_stored_late_stays_revoked),
        TEST(an_intent_that_was_not_stored_is_stored_with_the_retry),
        TEST(a_forgotten_pair_is_not_a_previous_pair),
        TEST(the_times_of_a_pair_are_not_stored_without_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
