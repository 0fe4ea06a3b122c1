/* SPDX-License-Identifier: Apache-2.0 */

/* Escalation: levels, messages to the webhook, and their delivery. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_alert_level.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static void a_fault_is_raised_once_and_cleared_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm?key=k");
    w.server.posts = 0;
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 70 * MINUTE); /* the webhook has the fault, too */
    assert_string_equal(world_status(&w, "escalation"), "3");
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=3"), 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 40 * MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_in_range(w.server.posts, 0, 2);
}

static void a_failed_refresh_is_logged_at_log_level_info(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(world_count_events(&w, "LOG "), 0);
    world_type(&w, "log info");
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(
        world_count_events(&w, "LOG refresh ref=token error=oauth_error failures=1 next_in="), 1);
}

/* The webhook works; the authorization server refuses the client secret. */
static void a_message_names_fault_cause_and_action(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    strcpy(w.server.rules.clients[0].secret, "another");
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    assert_non_null(strstr(w.last_post, "\"event\":\"raised\",\"account\":\"token\","
                                        "\"device\":\"SIM-0001\""));
    assert_non_null(strstr(w.last_post, "\"level\":4,"));
    char ref[80];

    snprintf(ref, sizeof ref, "\"ref\":\"SIM-0001-token-%lld\",",
             (long long)w.keeper.alerts.of[0].record.since);
    assert_non_null(strstr(w.last_post, ref));
    assert_non_null(strstr(w.last_post, "\"cause\":\"invalid_client\","));
    assert_non_null(strstr(w.last_post, "set client_secret"));
    assert_non_null(strstr(w.last_post, "\"said\":\"invalid_client\","));
    world_restart(&w, MINUTE);
    world_run(&w, 3 * HOUR);
    assert_int_equal(w.server.posts, 1); /* stored: not raised again after a restart */
    strcpy(w.server.rules.clients[0].secret, "s3cret");
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.last_post, ref)); /* the same ref */
    world_run(&w, DAY);
    assert_int_equal(w.server.posts, 2);
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

/* An account that is ready, and a webhook with faults of its own. */
static void provision_with_webhook(void)
{
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 11000); /* `auth refresh` is refused before */
}

/* Level 2 has just been raised; lasts until recover(). */
static void start_fault(void)
{
    unsigned events = world_count_events(&w, "event=raised level=2");

    world_run(&w, 11000); /* `auth refresh` is refused before */
    world_error(&w, "something", 500, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=2") == events)
        world_run(&w, 10);
}

static struct tk_alert_record *record(void)
{
    return &w.keeper.alerts.of[0].record;
}

static void recover(void)
{
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
}

static unsigned last_post_number(const char *event)
{
    return strstr(w.last_post, event) != NULL ? w.server.posts : 0;
}

/* CLEARED is the webhook's post of this number. */
static void recover_with_cleared_as_post(unsigned post)
{
    recover();
    world_run(&w, MINUTE);
    assert_int_equal(last_post_number("\"event\":\"cleared\""), post);
}

static void wait_posts(unsigned count)
{
    while (w.server.posts < count)
        world_run(&w, 10);
    world_run(&w, 100);
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
    recover();
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 0);
}

/* It was sent and not answered. Also over a restart. */
static void a_raised_that_may_be_delivered_is_cleared(void **state)
{
    (void)state;
    provision_with_webhook();
    world_webhook_fault(&w, WORLD_LOSES);
    start_fault();
    wait_posts(1);
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
    provision_with_webhook();
    world_webhook_fault(&w, WORLD_LOSES);
    start_fault();
    wait_posts(1);
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
    uint32_t at = w.keeper.rt.storage.store.append_at, seq = w.keeper.rt.storage.store.seq;
    unsigned requests = w.server.requests;

    world_run(&w, DAY);
    assert_in_range(w.server.requests - requests, 90, 300);
    assert_int_equal(w.keeper.alerts.of[0].posts_taken, 0);
    assert_in_range(w.keeper.alerts.of[0].posts_failed, 90, 310);
    assert_int_equal(w.keeper.rt.storage.store.append_at, at);
    assert_int_equal(w.keeper.rt.storage.store.seq, seq);
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
    world_assert_begins(world_type(&w, "ref del token"), "ERR storage_failed");
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

/* Until the operator acts. */
static void refuse_account(const char *word)
{
    unsigned events = world_count_events(&w, "event=raised level=4");

    world_error(&w, word, 400, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=4") == events)
        world_run(&w, 1);
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

static void a_template_is_used_and_stored(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_assert_begins(
        world_type(&w, "set escalate_template {\"text\": \"{device}: {account} {event}\"}"),
        "OK escalate_template_len=39 escalate_template_sha256=");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.last_post, "{\"text\": \"SIM-0001: token test\"}");
    world_restart(&w, 100);
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.last_post, "{\"text\": \"SIM-0001: token test\"}");
    world_assert_begins(world_type(&w, "set escalate_template {\"text\": \"{acount}\"}"),
                        "ERR template_word the words in braces are event, account,");
    world_assert_begins(world_type(&w, "set escalate_template {\"text\": {account}"),
                        "ERR template_json ");
    assert_string_equal(world_type(&w, "unset escalate_template"), "OK escalate_template=");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    world_assert_begins(w.last_post, "{\"event\":\"test\",\"account\":\"token\",");
}

/* tests/e2e verifies the signature. */
static void sends_signed_tasks_to_corezoid(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "set corezoid_login 98765"),
                        "OK corezoid_login=98765 note=corezoid_partly");
    world_assert_begins(world_type(&w, "escalate test"), "ERR corezoid_partly ");
    world_assert_begins(world_type(&w, "set corezoid_key topsecret"),
                        "OK corezoid_key_len=9 corezoid_key_sha256=53336a67");
    assert_string_equal(world_type(&w, "set corezoid_conv 12345"), "OK corezoid_conv=12345");
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.server.last_host, "api.corezoid.com");
    world_assert_begins(w.last_request, "POST /api/2/json/98765/");
    world_assert_begins(w.last_post,
                        "{\"ops\":[{\"type\":\"create\",\"obj\":\"task\",\"conv_id\":12345,"
                        "\"ref\":\"SIM-0001-token-");
    world_type(&w, "set escalate_url https://corezoid.example/base/");
    world_restart(&w, 100);
    world_assert_begins(world_type(&w, "escalate test"), "OK delivered=yes");
    assert_string_equal(w.server.last_host, "corezoid.example");
    world_assert_begins(w.last_request, "POST /base/api/2/json/98765/");
    world_type(&w, "unset corezoid_key");
    world_assert_begins(world_type(&w, "escalate test"), "ERR corezoid_partly ");
}

/* The ref of the newest task. */
static const char *task_ref(void)
{
    static char ref[80];
    const char *at = strstr(w.last_post, "\"ref\":\"");

    assert_non_null(at);
    at += strlen("\"ref\":\"SIM-0001-token-");
    snprintf(ref, sizeof ref, "%.*s", (int)strcspn(at, "\""), at);
    return ref + strspn(ref, "0123456789");
}

/* While the first task is active, Corezoid refuses another one with its ref. */
static void corezoid_gets_a_new_task_for_a_fault_that_returns(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    start_fault();
    wait_posts(1);
    assert_string_equal(task_ref(), "");
    for (unsigned i = 1; i < 3; i++) {
        char raised[8], cleared[16];

        snprintf(raised, sizeof raised, "-%u", i);
        snprintf(cleared, sizeof cleared, i == 1 ? "-cleared" : "-cleared-%u", i - 1);
        world_webhook_fault(&w, WORLD_LOSES);
        recover();
        wait_posts(2 * i);
        assert_string_equal(task_ref(), cleared);
        world_webhook_fault(&w, WORLD_UNREACHABLE);
        world_restart(&w, 100);
        start_fault();
        world_webhook_fault(&w, WORLD_WELL);
        wait_posts(2 * i + 1);
        assert_string_equal(task_ref(), raised);
    }
}

static void corezoid_gets_a_new_task_for_another_cause(void **state)
{
    (void)state;
    provision_with_webhook();
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    refuse_account("invalid_client");
    wait_posts(1);
    assert_string_equal(task_ref(), "");
    refuse_account("PAYMENT_REQUIRED");
    wait_posts(2);
    assert_string_equal(task_ref(), "-payment_required");
}

static void settings_of_corezoid_are_checked(void **state)
{
    static const struct {
        const char *line, *answer;
    } cases[] = {
        {"set corezoid_login a/b", "ERR bad_value "},
        {"set corezoid_login a b", "ERR bad_value "},
        {"set corezoid_login api-user_1.2", "OK corezoid_login=api-user_1.2"},
        {"set corezoid_conv 12a", "ERR bad_value "},
        {"set corezoid_conv 012", "ERR bad_value "},
        {"set corezoid_conv 1234567890123456789", "ERR bad_value "},
        {"set corezoid_key a b", "ERR bad_value "},
        {"set corezoid_key", "ERR need_value "},
        {"unset corezoid_login", "OK corezoid_login="},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        world_assert_begins(world_type(&w, cases[i].line), cases[i].answer);
}

static void expiry_raises_level_3_without_a_refresh(void **state)
{
    (void)state;
    world_provision(&w);
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    uint64_t expires_ms = w.keeper.accounts.of[0].expires_ms;

    while (world_count_events(&w, "event=raised level=3") == 0)
        world_run(&w, 50);
    assert_in_range(w.port.now_ms, expires_ms, expires_ms + 100);
}

/* A refresh fails within the second in which they begin, and the next one hangs. */
static void under_5_minutes_of_life_raise_level_2_in_time(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    world_provision(&w);
    tk_timer_stop(&w.keeper.rt.timers, &a->refresh.timer);
    world_run(&w, a->expires_ms - 300500 - w.port.now_ms);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR connect_failed");
    world_fault(&w, WORLD_SILENT, 0);
    world_run(&w, 100);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    world_run(&w, 2000);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
}

/* 2xx alone is not enough in an answer of Corezoid. */
static void delivered_means_accepted_by_the_receiver(void **state)
{
    static const struct {
        const char *body;
        const char *answer;
    } cases[] = {
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}", "OK delivered=yes"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\"}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},{}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"format_error\",\"ops\":[]}", "ERR escalate_refused"},
        {"{\"thanks\":1}", "OK delivered=yes"},
        {"thanks", "OK delivered=yes"},
    };

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w.fault_word = cases[i].body;
        world_fault(&w, WORLD_BODY, 1);
        world_assert_begins(world_type(&w, "escalate test"), cases[i].answer);
    }
    w.fault_status = 302;
    world_fault(&w, WORLD_STATUS, 1);
    world_assert_begins(world_type(&w, "escalate test"), "ERR escalate_refused");
    assert_non_null(strstr(w.answer, "@1 http=302\n"));
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

static void lower_levels_than_escalate_level_are_not_sent(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    assert_string_equal(world_type(&w, "set escalate_level 3"), "OK escalate_level=3");
    world_assert_begins(world_type(&w, "set escalate_level 4"), "ERR bad_value");
    world_error(&w, "something", 400, 2);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_int_equal(w.server.posts, 0);
}

static void the_board_gets_the_level(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(w.port.level, 0);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.port.level, 4);
    world_restart(&w, 100);
    assert_int_equal(w.port.level, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_fault_is_raised_once_and_cleared_once),
        TEST(a_failed_refresh_is_logged_at_log_level_info),
        TEST(a_message_names_fault_cause_and_action),
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
        TEST(a_template_is_used_and_stored),
        TEST(sends_signed_tasks_to_corezoid),
        TEST(corezoid_gets_a_new_task_for_a_fault_that_returns),
        TEST(corezoid_gets_a_new_task_for_another_cause),
        TEST(settings_of_corezoid_are_checked),
        TEST(expiry_raises_level_3_without_a_refresh),
        TEST(under_5_minutes_of_life_raise_level_2_in_time),
        TEST(delivered_means_accepted_by_the_receiver),
        TEST(a_cleared_that_was_not_stored_is_stored_later),
        TEST(a_long_answer_counts_as_delivered),
        TEST(lower_levels_than_escalate_level_are_not_sent),
        TEST(the_board_gets_the_level),
        TEST(a_revoked_pair_of_a_blocked_account_is_raised_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
