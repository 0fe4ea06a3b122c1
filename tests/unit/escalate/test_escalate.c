/* SPDX-License-Identifier: Apache-2.0 */

/* Escalation, DESIGN section 3. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "tk_escalate.h"

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
    world_run(&w, 70 * MINUTE); /* the endpoint is on the same broken server: nothing arrives */
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

static void a_failed_refresh_is_logged_where_that_is_wanted(void **state)
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

/* The endpoint works, the authorization server does not honour the secret. */
static void what_is_posted_says_what_to_do(void **state)
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
             (long long)w.keeper.escalator.of[0].record.since);
    assert_non_null(strstr(w.last_post, ref));
    assert_non_null(strstr(w.last_post, "\"cause\":\"invalid_client\","));
    assert_non_null(strstr(w.last_post, "set client_secret"));
    assert_non_null(strstr(w.last_post, "\"said\":\"invalid_client\","));
    world_restart(&w, MINUTE);
    world_run(&w, 3 * HOUR);
    assert_int_equal(w.server.posts, 1); /* kept over a restart: not told again */
    strcpy(w.server.rules.clients[0].secret, "s3cret");
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.last_post, ref)); /* both belong together */
    world_run(&w, DAY);
    assert_int_equal(w.server.posts, 2);
}

/* The fault ends while its POST is under way: the endpoint learns of both. */
static void a_fault_that_ends_while_it_is_told_is_cleared_too(void **state)
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
    assert_int_equal(w.keeper.escalator.of[0].record.delivered, 0);
    world_latency(&w, 0);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_restart(&w, 1000); /* and the power fails before it is answered */
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.last_post, "\"level\":2,"));
    world_run(&w, 10 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* The same without the power cut: the answer to the first POST must not be taken for the second's.
 */
static void the_answer_to_a_raising_does_not_count_for_the_clearing(void **state)
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
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void a_fault_that_ends_before_it_is_told_is_told_to_nobody(void **state)
{

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    while (!tk_https_active(
        &w.keeper.escalator.of[0].request)) { /* pass by pass: it is sent in the next */
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        if (until_ms > w.port.now_ms)
            tk_sim_advance(&w.port, 1);
    }
    assert_false(w.keeper.escalator.of[0].request.sent);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 0);
}

/* A gateway that is well, and an endpoint that has faults of its own. */
static void provision_apart(void)
{
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 11000); /* until `auth refresh` may */
}

/* Ill until recover(), and just now so ill that it is told. */
static void fall_ill(void)
{
    unsigned events = world_count_events(&w, "event=raised level=2");

    world_run(&w, 11000); /* until `auth refresh` may */
    world_error(&w, "something", 500, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=2") == events)
        world_run(&w, 10);
}

static struct tk_escalation_record *record(void)
{
    return &w.keeper.escalator.of[0].record;
}

static void recover(void)
{
    world_fault(&w, WORLD_WELL, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
}

static unsigned posts_of(const char *event)
{
    return strstr(w.last_post, event) != NULL ? w.server.posts : 0;
}

/* The end of the fault is the post of this number. */
static void recover_and_tell(unsigned post)
{
    recover();
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"cleared\""), post);
}

static void wait_posts(unsigned count)
{
    while (w.server.posts < count)
        world_run(&w, 10);
    world_run(&w, 100);
}

/* The endpoint is away when the fault ends, and the fault is back before the endpoint is: for
 * whoever was told it is the same fault, and ends once. */
static void a_fault_that_returns_before_its_end_was_told_goes_on(void **state)
{
    char ref[80];

    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    snprintf(ref, sizeof ref, "\"ref\":\"SIM-0001-token-%lld\"", (long long)record()->since);
    assert_int_equal(record()->delivered, 2);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_run(&w, 100);
    assert_true(record()->cleared);
    fall_ill();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_and_tell(2);
    assert_non_null(strstr(w.last_post, ref));
    assert_false(record()->cleared);
}

/* ... and where its end may have arrived, it is told of anew, and ends once more. */
static void a_fault_that_returns_after_its_end_may_have_arrived_is_told_again(void **state)
{
    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_LOSES);
    recover();
    wait_posts(2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    fall_ill();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(posts_of("\"event\":\"raised\""), 3);
    recover_and_tell(4);
}

/* ... and where it does arrive, and the fault is over once more before that was told, nothing else
 * is to be said. */
static void an_end_that_arrives_is_the_last_word(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];

    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    tk_timer_stop(&w.keeper.rt.timers, &a->refresh.timer);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_latency(&w, 15000);
    wait_posts(2);
    assert_non_null(strstr(w.last_post, "\"event\":\"cleared\""));
    tk_escalate_look(&w.keeper.escalator.of[0]);
    assert_int_equal(record()->level, 2);
    world_run(&w, 20000);
    world_latency(&w, 0);
    recover();
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* It was sent, and refused in so many words: nobody heard of it, nobody needs to hear of its end.
 */
static void what_was_refused_needs_no_end(void **state)
{
    (void)state;
    provision_apart();
    world_webhook_fault(&w, WORLD_STATUS);
    fall_ill();
    world_latency(&w, 3000);
    world_run(&w, 1500);
    while (record()->sent == 0)
        world_run(&w, 10);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    assert_true(record()->cleared);
    world_run(&w, 4000);
    assert_false(record()->cleared);
    world_webhook_fault(&w, WORLD_WELL);
    world_latency(&w, 0);
    recover();
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 0);
}

/* It was sent, and no answer came: it may have arrived, so its end is told, over a restart too. */
static void what_may_have_arrived_is_ended(void **state)
{
    (void)state;
    provision_apart();
    world_webhook_fault(&w, WORLD_LOSES);
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    world_fault(&w, WORLD_WELL, 0);
    assert_int_equal(record()->delivered, 0);
    world_restart(&w, 1000);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"cleared\""), 2);
}

/* Its end was refused in so many words: nobody heard of it, so the fault that returns goes on. */
static void an_end_that_was_refused_is_none(void **state)
{
    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_STATUS);
    recover();
    world_run(&w, MINUTE);
    fall_ill();
    world_run(&w, MINUTE);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_and_tell(2);
}

/* The end leaves, the fault is back, and only then the end is refused: nobody heard of either. */
static void an_end_that_is_refused_when_the_fault_is_back_is_none(void **state)
{
    (void)state;
    provision_apart();
    world_type(&w, "set escalate_level 1");
    world_error(&w, "something", 400, 1);
    world_type(&w, "auth refresh");
    wait_posts(1);
    world_webhook_fault(&w, WORLD_STATUS);
    world_latency(&w, 15000);
    recover();
    world_run(&w, 11000); /* it is under way */
    world_latency(&w, 0);
    world_error(&w, "something", 400, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
    world_run(&w, 10000);
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 15 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    recover_and_tell(2);
}

/* A refusal is one of that POST, and not of one before that may have arrived. */
static void what_may_have_arrived_is_ended_though_it_was_refused_later(void **state)
{
    (void)state;
    provision_apart();
    world_webhook_fault(&w, WORLD_LOSES);
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_STATUS);
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"raised\""), 1);
    world_webhook_fault(&w, WORLD_WELL);
    world_fault(&w, WORLD_WELL, 0);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"cleared\""), 2);
}

/* ... nor is a fault of the endpoint's own one. */
static void what_met_a_fault_of_the_endpoint_may_have_arrived(void **state)
{
    (void)state;
    provision_apart();
    w.webhook_status = 502;
    world_webhook_fault(&w, WORLD_STATUS);
    fall_ill();
    while (record()->sent == 0)
        world_run(&w, 10);
    world_webhook_fault(&w, WORLD_WELL);
    world_fault(&w, WORLD_WELL, 0);
    tk_escalate_clear(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"cleared\""), 1);
}

/* The same of an end: where it may have arrived, the fault that returns is told again. */
static void an_end_that_may_have_arrived_is_one_though_it_was_refused_later(void **state)
{
    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_LOSES);
    recover();
    wait_posts(2);
    world_webhook_fault(&w, WORLD_STATUS);
    world_run(&w, MINUTE);
    fall_ill();
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(posts_of("\"event\":\"raised\""), 3);
}

/* A fault that begins does not end a test that waits for a connection, nor the test the fault. */
static void a_test_and_a_fault_are_both_told(void **state)
{
    struct tk_account *a = &w.keeper.accounts.of[0];
    enum tk_err err;
    int status;

    (void)state;
    provision_apart();
    assert_int_equal(tk_escalator_test(&w.keeper.escalator, a), TK_OK);
    a->refresh.failures = 1; /* a fault of which nothing is to be told */
    tk_escalate_look(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_false(tk_escalator_testing(&w.keeper.escalator, a, &err, &status));
    assert_int_equal(tk_escalator_test(&w.keeper.escalator, a), TK_OK);
    a->refresh.blocked_by = TK_E_INVALID_CLIENT;
    tk_escalate_look(&w.keeper.escalator.of[0]);
    world_run(&w, MINUTE);
    assert_false(tk_escalator_testing(&w.keeper.escalator, a, &err, &status));
    assert_int_equal(status, 200);
    assert_int_equal(posts_of("\"event\":\"raised\""), 3);
}

/* An endpoint that refuses for a day costs the flash no more than one that takes it. */
static void refusals_write_nothing(void **state)
{
    (void)state;
    provision_apart();
    world_webhook_fault(&w, WORLD_STATUS);
    strcpy(w.server.rules.clients[0].secret, "another");
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    tk_timer_stop(&w.keeper.rt.timers, &w.keeper.accounts.of[0].refresh.timer);
    uint32_t at = w.keeper.rt.storage.store.append_at, seq = w.keeper.rt.storage.store.seq;
    unsigned requests = w.server.requests;

    world_run(&w, DAY);
    assert_in_range(w.server.requests - requests, 90, 300);
    assert_int_equal(w.keeper.escalator.of[0].posts_taken, 0);
    assert_in_range(w.keeper.escalator.of[0].posts_failed, 90, 310);
    assert_int_equal(w.keeper.rt.storage.store.append_at, at);
    assert_int_equal(w.keeper.rt.storage.store.seq, seq);
}

/* Flash fails, the account stays, and so does what is to be told of it. */
static void what_could_not_be_removed_is_ended(void **state)
{
    (void)state;
    provision_apart();
    fall_ill();
    wait_posts(1);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    w.flash.fail_at = w.flash.operations + 1;
    w.flash.fail_until = UINT64_MAX;
    world_assert_begins(world_type(&w, "ref del token"), "ERR storage_failed");
    w.flash.fail_at = w.flash.fail_until = 0;
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(posts_of("\"event\":\"cleared\""), 2);
}

static void faults_that_come_and_go_are_told_every_ten_minutes(void **state)
{
    (void)state;
    provision_apart();
    uint64_t begin_ms = w.port.now_ms;

    for (int i = 0; i < 30; i++) {
        fall_ill();
        world_run(&w, 1000);
        recover();
        world_run(&w, MINUTE);
    }
    assert_in_range(w.server.posts, 4, 2 * ((w.port.now_ms - begin_ms) / (10 * MINUTE) + 1));
    assert_int_equal(posts_of("\"event\":\"cleared\""), w.server.posts);
}

static void another_cause_is_told_too(void **state)
{
    (void)state;
    provision_apart();
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

/* Not paid for so long that the refresh token died: to pay is not what is to be done any more. */
static void a_blocked_pair_that_dies_wants_a_code(void **state)
{
    (void)state;
    provision_apart();
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

/* The server refuses the account for a reason that a person must remove. */
static void refuse_account(const char *word)
{
    unsigned events = world_count_events(&w, "event=raised level=4");

    world_error(&w, word, 400, 0);
    world_type(&w, "auth refresh");
    while (world_count_events(&w, "event=raised level=4") == events)
        world_run(&w, 1);
}

/* Though the POST of the first is under way, and is taken, while the second comes. */
static void another_cause_is_told_while_the_first_is(void **state)
{
    (void)state;
    provision_apart();
    world_latency(&w, 5000);
    refuse_account("invalid_client");
    wait_posts(1);
    world_latency(&w, 0);
    refuse_account("PAYMENT_REQUIRED");
    world_run(&w, 30 * MINUTE);
    assert_int_equal(posts_of("\"cause\":\"payment_required\""), 2);
}

/* ... and where the fault returns with it before its end was told. */
static void another_cause_is_told_when_a_fault_returns(void **state)
{
    (void)state;
    provision_apart();
    refuse_account("invalid_client");
    wait_posts(1);
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    recover();
    world_run(&w, 11000);
    refuse_account("PAYMENT_REQUIRED");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(posts_of("\"cause\":\"payment_required\""), 2);
    recover_and_tell(3);
}

static void another_address_is_told_what_lasts(void **state)
{
    (void)state;
    provision_apart();
    strcpy(w.server.rules.clients[0].secret, "another");
    world_type(&w, "auth refresh");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 1);
    world_type(&w, "set escalate_url https://hooks.example/alarm"); /* the same one */
    world_type(&w, "set escalate_level 3");
    world_type(&w, "set escalate_template {\"event\": {event}}");
    world_type(&w, "unset escalate_template");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 1);
    world_type(&w, "set escalate_url https://other.example/alarm");
    world_run(&w, MINUTE);
    assert_int_equal(posts_of("\"event\":\"raised\""), 2);
    assert_string_equal(w.server.last_host, "other.example");
    world_webhook_fault(&w, WORLD_UNREACHABLE);
    strcpy(w.server.rules.clients[0].secret, "s3cret");
    recover();
    world_type(&w, "set escalate_url https://third.example/alarm"); /* was told of nothing */
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

static void a_template_of_ones_own(void **state)
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

/* tests/e2e verifies the signature; here are the forms of it. */
static void corezoid_s_signed_api(void **state)
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

/* The name of the newest task. */
static const char *task_ref(void)
{
    static char ref[80];
    const char *at = strstr(w.last_post, "\"ref\":\"");

    assert_non_null(at);
    at += strlen("\"ref\":\"SIM-0001-token-");
    snprintf(ref, sizeof ref, "%.*s", (int)strcspn(at, "\""), at);
    return ref + strspn(ref, "0123456789");
}

/* Where the first task is active yet, one of the same name would not be taken. */
static void corezoid_is_told_of_a_fault_that_returns_by_another_task(void **state)
{
    (void)state;
    provision_apart();
    world_type(&w, "set corezoid_login 98765");
    world_type(&w, "set corezoid_key topsecret");
    world_type(&w, "set corezoid_conv 12345");
    fall_ill();
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
        fall_ill();
        world_webhook_fault(&w, WORLD_WELL);
        wait_posts(2 * i + 1);
        assert_string_equal(task_ref(), raised);
    }
}

/* ... and of another thing to be done. */
static void corezoid_is_told_of_another_cause_by_another_task(void **state)
{
    (void)state;
    provision_apart();
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

static void what_corezoid_s_settings_may_be(void **state)
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

static void time_alone_brings_the_next_level(void **state)
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

/* Also where a refresh fails within the second in which they begin, and the next hangs. */
static void less_than_5_minutes_are_told_in_time(void **state)
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

/* 2xx alone is not enough where the answer is Corezoid's. */
static void delivered_means_that_it_was_taken(void **state)
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

/* Flash fails for a moment in which a fault ends: what it holds then must not outlive the next
 * refresh, or the same fault would be thought told after a restart. */
static void an_end_that_flash_did_not_take(void **state)
{
    for (unsigned operation = 1; operation < 12; operation++) {
        provision_apart();
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
        assert_int_equal(posts_of("\"event\":\"raised\""), posts + 1);
        tear_down(state);
        set_up(state);
    }
}

/* Also where the answer is a page that is longer than any that is read: it is told once. */
static void a_long_answer_takes_it_too(void **state)
{
    static char page[3001];

    (void)state;
    provision_apart();
    memset(page, 'x', sizeof page - 1);
    w.fault_word = page;
    world_webhook_fault(&w, WORLD_BODY);
    refuse_account("invalid_client");
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "posts_taken"), "1");
    assert_string_equal(world_status(&w, "posts_failed"), "0");
}

static void escalate_level_holds_lesser_faults_back(void **state)
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

static void the_board_is_told_too(void **state)
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
        TEST(a_failed_refresh_is_logged_where_that_is_wanted),
        TEST(what_is_posted_says_what_to_do),
        TEST(a_fault_that_ends_while_it_is_told_is_cleared_too),
        TEST(the_answer_to_a_raising_does_not_count_for_the_clearing),
        TEST(a_fault_that_ends_before_it_is_told_is_told_to_nobody),
        TEST(a_fault_that_returns_before_its_end_was_told_goes_on),
        TEST(a_fault_that_returns_after_its_end_may_have_arrived_is_told_again),
        TEST(an_end_that_arrives_is_the_last_word),
        TEST(what_was_refused_needs_no_end),
        TEST(what_may_have_arrived_is_ended),
        TEST(an_end_that_was_refused_is_none),
        TEST(an_end_that_is_refused_when_the_fault_is_back_is_none),
        TEST(what_may_have_arrived_is_ended_though_it_was_refused_later),
        TEST(what_met_a_fault_of_the_endpoint_may_have_arrived),
        TEST(an_end_that_may_have_arrived_is_one_though_it_was_refused_later),
        TEST(a_test_and_a_fault_are_both_told),
        TEST(refusals_write_nothing),
        TEST(what_could_not_be_removed_is_ended),
        TEST(faults_that_come_and_go_are_told_every_ten_minutes),
        TEST(another_cause_is_told_too),
        TEST(another_cause_is_told_while_the_first_is),
        TEST(another_cause_is_told_when_a_fault_returns),
        TEST(another_address_is_told_what_lasts),
        TEST(a_template_of_ones_own),
        TEST(corezoid_s_signed_api),
        TEST(corezoid_is_told_of_a_fault_that_returns_by_another_task),
        TEST(corezoid_is_told_of_another_cause_by_another_task),
        TEST(what_corezoid_s_settings_may_be),
        TEST(time_alone_brings_the_next_level),
        TEST(less_than_5_minutes_are_told_in_time),
        TEST(delivered_means_that_it_was_taken),
        TEST(an_end_that_flash_did_not_take),
        TEST(a_long_answer_takes_it_too),
        TEST(escalate_level_holds_lesser_faults_back),
        TEST(the_board_is_told_too),
        TEST(a_blocked_pair_that_dies_wants_a_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
