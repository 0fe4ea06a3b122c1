/* SPDX-License-Identifier: Apache-2.0 */

/* Delivery of RAISED and CLEARED: over answers that are lost or refused, faults that return, other
 * causes, power cuts and flash errors. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_webhook.h"
#include "tk_alert_level.h"

static void wait_until_sent(void)
{
    const struct tk_request *r = &w.keeper.alerts.of[0].request;

    while (!tk_https_active(r) || !r->sent)
        world_run(&w, 100);
}

static void a_fault_that_ends_during_its_post_is_cleared_too(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    world_latency(&w, 5000);
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    assert_int_equal(w.keeper.alerts.of[0].record.delivered, 0);
    world_latency(&w, 0);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_restart(&w, 1000); /* then the power fails before its answer */
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.last_post, "\"level\":2,"));
    world_run(&w, 10 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* The same without the power cut. */
static void the_answer_to_raised_does_not_count_for_cleared(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    world_latency(&w, 5000);
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void a_fault_that_ends_before_it_is_sent_is_not_sent(void **state)
{

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    while (!tk_https_active(
        &w.keeper.alerts.of[0].request)) { /* one pass: the POST would be sent in the next */
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        if (until_ms > w.port.now_ms)
            tk_sim_advance(&w.port, 1);
    }
    assert_false(w.keeper.alerts.of[0].request.sent);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 0);
}

/* The webhook is down when the fault ends, and back after the fault has returned: for the receiver
 * it is one fault, which ends once. */
static void a_fault_that_returns_before_cleared_is_sent_goes_on(void **state)
{
    char ref[80];

    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    snprintf(ref, sizeof ref, "\"ref\":\"SIM-0001-token-%lld\"", (long long)record()->since);
    assert_int_equal(record()->delivered, 2);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_run(&w, 100);
    assert_true(record()->clear_pending);
    start_fault();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_with_cleared_as_post(2);
    assert_non_null(strstr(w.last_post, ref));
    assert_false(record()->clear_pending);
}

static void a_fault_that_returns_after_cleared_may_be_delivered_is_raised_again(void **state)
{
    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_LOSES);
    recover();
    wait_posts(2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    start_fault();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 3);
    recover_with_cleared_as_post(4);
}

/* The fault returns while CLEARED is under way, and ends before RAISED is sent. */
static void nothing_follows_a_cleared_that_is_delivered(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    tk_timer_stop(&w.keeper.rt.timers, &a->refresh.timer);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_latency(&w, 15000);
    wait_posts(2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    tk_alert_level_update(&w.keeper.alerts.of[0]);
    assert_int_equal(record()->level, 2);
    world_run(&w, 20000);
    world_latency(&w, 0);
    recover();
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* With 4xx, so it was not delivered. */
static void a_raised_that_was_refused_is_not_cleared(void **state)
{
    (void)state;
    provision_with_webhook();
    world_webhook_fault(&w, WORLD_STATUS);
    start_fault();
    world_latency(&w, 3000);
    world_run(&w, 1500);
    while (record()->sent == 0)
        world_run(&w, 10);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    assert_true(record()->clear_pending);
    world_run(&w, 4000);
    assert_false(record()->clear_pending);
    world_webhook_fault(&w, WORLD_WELL);
    world_latency(&w, 0);
    while (tk_account_refreshing(&w.keeper.accounts.of[0]))
        world_run(&w, 10);
    recover();
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 0);
}

/* RAISED arrives, but its response is lost. */
static void lose_raised(void)
{
    provision_with_webhook();
    world_webhook_fault(&w, WORLD_LOSES);
    start_fault();
    wait_posts(1);
}

/* It was sent and not answered. Also over a restart. */
static void a_raised_that_may_be_delivered_is_cleared(void **state)
{
    (void)state;
    lose_raised();
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_fault(&w, WORLD_WELL, 0);
    assert_int_equal(record()->delivered, 0);
    world_restart(&w, 1000);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), 2);
}

static void a_fault_that_returns_after_cleared_was_refused_goes_on(void **state)
{
    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_STATUS);
    recover();
    world_run(&w, MINUTE);
    start_fault();
    world_run(&w, MINUTE);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_with_cleared_as_post(2);
}

/* So the fault goes on, and is not raised again. */
static void a_cleared_that_is_refused_after_the_fault_returned_ends_nothing(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set escalate_level 1");
    world_error(&w, "something", 400, 1);
    world_type(&w, "auth refresh");
    wait_posts(1);
    world_webhook_fault(&w, WORLD_STATUS);
    world_latency(&w, 15000);
    recover();
    world_run(&w, 11000); /* the POST is under way */
    world_latency(&w, 0);
    world_error(&w, "something", 400, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
    world_run(&w, 10000);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 15 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_with_cleared_as_post(2);
}

/* The refusal is of a later POST. */
static void a_raised_that_may_be_delivered_is_cleared_though_refused_later(void **state)
{
    (void)state;
    lose_raised();
    world_webhook_fault(&w, WORLD_STATUS);
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 1);
    world_webhook_fault(&w, WORLD_WELL);
    world_fault(&w, WORLD_WELL, 0);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), 2);
}

static void a_raised_answered_with_5xx_may_be_delivered(void **state)
{
    (void)state;
    provision_with_webhook();
    w.webhook_status = 502;
    world_webhook_fault(&w, WORLD_STATUS);
    start_fault();
    while (record()->sent == 0)
        world_run(&w, 10);
    world_webhook_fault(&w, WORLD_WELL);
    world_fault(&w, WORLD_WELL, 0);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), 1);
}

/* So the fault that returns is raised again. */
static void a_cleared_that_may_be_delivered_counts_though_refused_later(void **state)
{
    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_LOSES);
    recover();
    wait_posts(2);
    world_webhook_fault(&w, WORLD_STATUS);
    world_run(&w, MINUTE);
    start_fault();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 3);
}

/* Neither replaces the other while it waits for a connection. */
static void a_test_message_and_a_fault_are_both_sent(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    enum tk_err err;
    int status;

    (void)state;
    provision_with_webhook();
    assert_int_equal(tk_alerts_test(&w.keeper.alerts, a), TK_OK);
    a->refresh.failures = 1; /* a fault below escalate_level */
    tk_alert_level_update(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_false(tk_alerts_testing(&w.keeper.alerts, a, &err, &status));
    assert_int_equal(tk_alerts_test(&w.keeper.alerts, a), TK_OK);
    a->refresh.blocked_by = TK_E_INVALID_CLIENT;
    tk_alert_level_update(&w.keeper.alerts.of[0]);
    world_run(&w, MINUTE);
    assert_false(tk_alerts_testing(&w.keeper.alerts, a, &err, &status));
    assert_int_equal(status, 200);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 3);
}

static void refused_posts_write_nothing_to_flash(void **state)
{
    (void)state;
    provision_with_webhook();
    world_webhook_fault(&w, WORLD_STATUS);
    strcpy(w.server.rules.clients[0].secret, "another");
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    tk_timer_stop(&w.keeper.rt.timers, &w.keeper.accounts.of[0].refresh.timer);
    uint32_t at = w.keeper.rt.storage.store.append_at, seq = w.keeper.rt.storage.store.top.seq;
    unsigned requests = w.server.requests;

    world_run(&w, DAY);
    assert_in_range(w.server.requests - requests, 90, 300);
    assert_int_equal(w.keeper.alerts.of[0].posts_taken, 0);
    assert_in_range(w.keeper.alerts.of[0].posts_failed, 90, 310);
    assert_int_equal(w.keeper.rt.storage.store.append_at, at);
    assert_int_equal(w.keeper.rt.storage.store.top.seq, seq);
}

/* Flash fails, so the account stays. */
static void where_removing_the_account_fails_cleared_is_still_sent(void **state)
{
    (void)state;
    provision_with_webhook();
    start_fault();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "ref del token"), "ERR storage_f"); /* failed, or full */
    w.flash.fail_at = w.flash.fail_until = 0;
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), 2);
}

static void new_faults_are_sent_ten_minutes_apart(void **state)
{
    (void)state;
    provision_with_webhook();
    uint64_t begin_ms = w.port.now_ms;

    for (int i = 0; i < 30; i++) {
        start_fault();
        world_run(&w, 1000);
        recover();
        world_run(&w, MINUTE);
    }
    assert_in_range(w.server.posts, 4, 2 * ((w.port.now_ms - begin_ms) / (10 * MINUTE) + 1));
    assert_int_equal(last_post_number("\"event\":\"cleared\""), w.server.posts);
}

static void another_cause_at_level_4_is_raised_again(void **state)
{
    (void)state;
    provision_with_webhook();
    world_error(&w, "invalid_client", 400, 1);
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 1);
    world_error(&w, "PAYMENT_REQUIRED", 400, 1);
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"cause\":\"payment_required\""));
    assert_int_equal(world_count_events(&w, "event=raised level=4"), 2);
    world_error(&w, "PAYMENT_REQUIRED", 400, 1);
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* Not paid until the refresh token has expired: the operator must enter a code. */
static void a_revoked_pair_of_a_blocked_account_is_raised_again(void **state)
{
    (void)state;
    provision_with_webhook();
    world_error(&w, "PAYMENT_REQUIRED", 401, 1);
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_non_null(strstr(w.last_post, "\"cause\":\"payment_required\""));
    rules_revoke(&w.server.rules);
    world_run(&w, 61 * MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"cause\":\"invalid_grant\""));
    world_restart(&w, 1000);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* That post is delivered afterwards. */
static void another_cause_during_the_first_post_is_raised(void **state)
{
    (void)state;
    provision_with_webhook();
    world_latency(&w, 5000);
    refuse_account("invalid_client");
    wait_posts(1);
    world_latency(&w, 0);
    refuse_account("PAYMENT_REQUIRED");
    world_run(&w, 30 * MINUTE);
    assert_int_equal(last_post_number("\"cause\":\"payment_required\""), 2);
}

/* Before CLEARED is sent. */
static void a_fault_that_returns_with_another_cause_is_raised_again(void **state)
{
    (void)state;
    provision_with_webhook();
    refuse_account("invalid_client");
    wait_posts(1);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_run(&w, 11000);
    refuse_account("PAYMENT_REQUIRED");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(last_post_number("\"cause\":\"payment_required\""), 2);
    recover_with_cleared_as_post(3);
}

static void a_new_webhook_gets_faults_that_last(void **state)
{
    (void)state;
    provision_with_webhook();
    strcpy(w.server.rules.clients[0].secret, "another");
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 1);
    world_type(&w, "set escalate_url https://hooks.example/alarm"); /* unchanged */
    world_type(&w, "set escalate_level 3");
    world_type(&w, "set escalate_template {\"event\": {event}}");
    world_type(&w, "unset escalate_template");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 1);
    world_type(&w, "set escalate_url https://other.example/alarm");
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 2);
    assert_string_equal(w.server.last_host, "other.example");
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    strcpy(w.server.rules.clients[0].secret, "s3cret");
    recover();
    world_type(&w, "set escalate_url https://third.example/alarm"); /* has got no RAISED */
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* Flash fails while a fault ends. Else the next fault would count as delivered after a restart. */
static void a_cleared_that_was_not_stored_is_stored_later(void **state)
{
    for (unsigned operation = 1; operation < 12; operation++) {
        provision_with_webhook();
        refuse_account("invalid_client");
        wait_posts(1);
        world_fault(&w, WORLD_WELL, 0);
        w.flash.fail_at = w.flash.operations + operation;
        w.flash.fail_until = w.flash.fail_at + 12;
        world_type(&w, "auth refresh");
        world_run(&w, MINUTE);
        w.flash.fail_at = w.flash.fail_until = 0;
        world_run(&w, 30 * MINUTE);
        unsigned posts = w.server.posts;

        world_error(&w, "invalid_client", 400, 0);
        world_restart(&w, 1000);
        world_type(&w, "auth refresh");
        world_run(&w, MINUTE);
        assert_int_equal(w.server.posts, posts + 1);
        assert_int_equal(last_post_number("\"event\":\"raised\""), posts + 1);
        tear_down(state);
        set_up(state);
    }
}

/* A page that is too long to be read. */
static void a_long_answer_counts_as_delivered(void **state)
{
    static char page[3001];

    (void)state;
    provision_with_webhook();
    memset(page, 'x', sizeof page - 1);
    w.fault_word = page;
    world_webhook_fault(&w, WORLD_BODY);
    refuse_account("invalid_client");
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "posts_taken"), "1");
    assert_string_equal(world_status(&w, "posts_failed"), "0");
}

/* CLEARED was sent before and not answered, so it may be delivered: the fault is raised again. */
static void a_fault_that_returns_during_a_second_cleared_is_raised_again(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set escalate_level 1");
    world_error(&w, "something", 400, 1);
    world_type(&w, "auth refresh");
    wait_posts(1);
    world_webhook_fault(&w, WORLD_LOSES);
    recover();
    wait_posts(2);
    world_webhook_fault(&w, WORLD_STATUS);
    world_latency(&w, 15000);
    wait_until_sent();
    world_latency(&w, 0);
    world_run(&w, 1000);
    world_error(&w, "something", 400, 0);
    w.keeper.accounts.of[0].refresh.has_succeeded = false; /* not too soon */
    world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
    assert_int_equal(record()->level, 1);
    world_run(&w, 16000);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 15 * MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 3);
}

/* RAISED was not answered, so the fault that returns during CLEARED is raised again. */
static void a_fault_whose_raised_was_lost_is_raised_again(void **state)
{
    (void)state;
    lose_raised();
    world_webhook_fault(&w, WORLD_STATUS);
    world_fault(&w, WORLD_WELL, 0);
    tk_timer_stop(&w.keeper.rt.timers, &w.keeper.accounts.of[0].refresh.timer);
    world_latency(&w, 10000);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    wait_until_sent();
    world_latency(&w, 0);
    tk_alert_level_update(&w.keeper.alerts.of[0]);
    assert_int_equal(record()->level, 2);
    world_run(&w, 11000); /* CLEARED is refused */
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 15 * MINUTE);
    assert_int_equal(last_post_number("\"event\":\"raised\""), 2);
}

/* The fault ends while a second RAISED is under way; the first may be delivered. */
static void a_raised_that_was_lost_is_cleared_though_the_next_is_refused(void **state)
{
    (void)state;
    lose_raised();
    world_webhook_fault(&w, WORLD_STATUS);
    world_latency(&w, 10000);
    wait_until_sent();
    world_latency(&w, 0);
    world_fault(&w, WORLD_WELL, 0);
    tk_alert_level_clear(&w.keeper.alerts.of[0]);
    world_run(&w, 11000);
    assert_true(record()->clear_pending);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fault_that_ends_during_its_post_is_cleared_too),
        TEST(the_answer_to_raised_does_not_count_for_cleared),
        TEST(a_fault_that_ends_before_it_is_sent_is_not_sent),
        TEST(a_fault_that_returns_before_cleared_is_sent_goes_on),
        TEST(a_fault_that_returns_after_cleared_may_be_delivered_is_raised_again),
        TEST(nothing_follows_a_cleared_that_is_delivered),
        TEST(a_raised_that_was_refused_is_not_cleared),
        TEST(a_raised_that_may_be_delivered_is_cleared),
        TEST(a_fault_that_returns_after_cleared_was_refused_goes_on),
        TEST(a_cleared_that_is_refused_after_the_fault_returned_ends_nothing),
        TEST(a_raised_that_may_be_delivered_is_cleared_though_refused_later),
        TEST(a_raised_answered_with_5xx_may_be_delivered),
        TEST(a_cleared_that_may_be_delivered_counts_though_refused_later),
        TEST(a_test_message_and_a_fault_are_both_sent),
        TEST(refused_posts_write_nothing_to_flash),
        TEST(where_removing_the_account_fails_cleared_is_still_sent),
        TEST(new_faults_are_sent_ten_minutes_apart),
        TEST(another_cause_at_level_4_is_raised_again),
        TEST(another_cause_during_the_first_post_is_raised),
        TEST(a_fault_that_returns_with_another_cause_is_raised_again),
        TEST(a_new_webhook_gets_faults_that_last),
        TEST(a_cleared_that_was_not_stored_is_stored_later),
        TEST(a_long_answer_counts_as_delivered),
        TEST(a_revoked_pair_of_a_blocked_account_is_raised_again),
        TEST(a_fault_that_returns_during_a_second_cleared_is_raised_again),
        TEST(a_fault_whose_raised_was_lost_is_raised_again),
        TEST(a_raised_that_was_lost_is_cleared_though_the_next_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
