/* SPDX-License-Identifier: Apache-2.0 */

/* The outcomes of a refresh: errors and the reaction to them, and lost responses. test_rotation.c
 * cuts the power everywhere in between. */

#include "tk_refresh.h"
#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* --- retries --- */

static void transient_errors_are_retried_and_the_token_is_kept(void **state)
{
    static const struct {
        enum world_fault fault;
        int status;
        const char *word;
        const char *last_error;
    } rows[] = {
        {WORLD_UNREACHABLE, 0, NULL, "connect_failed"},
        {WORLD_UNTRUSTED, 0, NULL, "tls_untrusted"},
        {WORLD_SILENT, 0, NULL, "timeout"},
        {WORLD_CLOSES, 0, NULL, "connection_lost"},
        {WORLD_STATUS, 500, NULL, "server_error"},
        {WORLD_STATUS, 503, NULL, "server_busy"},
        {WORLD_STATUS, 429, NULL, "server_busy"},
        {WORLD_STATUS, 302, NULL, "http_redirect"},
        {WORLD_STATUS, 418, NULL, "http_status"},
        {WORLD_BODY, 0, "<html>", "bad_answer"},
        {WORLD_BODY, 0, "{\"refresh_token\":\"x\"}", "bad_answer"},
        {WORLD_BODY, 0, "", "bad_answer"},
        {WORLD_ERROR, 400, "something_new", "oauth_error"},
    };

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.fault_status = rows[i].status;
        w.fault_word = rows[i].word;
        world_fault(&w, rows[i].fault, 0);
        world_run(&w, 26 * MINUTE);
        world_assert_state(&w, "retrying", rows[i].last_error);
        world_assert_begins(world_type(&w, "token"), "OK ");
        world_fault(&w, WORLD_WELL, 0);
        world_run(&w, 5 * MINUTE + 31000);
        world_assert_state(&w, "ready", "none");
        assert_string_equal(world_status(&w, "last_error"), "none");
    }
}

static void a_name_that_does_not_resolve_is_retried(void **state)
{
    const struct server_fault no_name = {.kind = SERVER_NO_NAME};

    (void)state;
    world_provision(&w);
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_OAUTH), &no_name);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "retrying", "name_unknown");
    assert_string_equal(world_status(&w, "escalation"), "2");
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 5 * MINUTE + 31000);
    world_assert_state(&w, "ready", "none");
}

/* Full jitter: after the first second each wait is random, below a limit that doubles up to the
 * cap.
 */
static void backoff_doubles_to_5_minutes_and_to_15_after_expiry(void **state)
{
    uint64_t longest_valid = 0, longest = 0, last = 0, expires;

    (void)state;
    world_provision(&w);
    expires = w.port.now_ms + HOUR;
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    unsigned requests = w.server.requests, tries = 0;

    for (uint64_t end_ms = w.port.now_ms + 12 * HOUR; w.port.now_ms < end_ms;) {
        world_run(&w, 100);
        if (w.server.requests == requests)
            continue;
        uint64_t wait = tries == 0 ? 0 : w.server.last_ms - last;
        uint64_t cap = last < expires ? 5 * MINUTE : 15 * MINUTE;

        if (tries > 0 && tries < 8)
            assert_true(wait <= 1000 + ((uint64_t)1000 << (tries - 1)));
        assert_true(tries == 0 || wait >= 1000);
        assert_true(wait <= cap);
        longest = wait > longest ? wait : longest;
        if (w.server.last_ms < expires)
            longest_valid = longest;
        requests = w.server.requests;
        last = w.server.last_ms;
        tries++;
    }
    assert_true(longest_valid > 2 * MINUTE && longest > 10 * MINUTE);
    assert_in_range(tries, 60, 140);
}

/* Without a seed there is no jitter: a delay stays a delay. */
static void without_random_numbers_it_backs_off(void **state)
{
    (void)state;
    world_provision(&w);
    w.port.unseeded = true;
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "retrying", "connect_failed");
    assert_in_range(w.keeper.accounts.of[0].refresh.failures, 3, 60);
}

static void a_failure_is_logged_and_counted(void **state)
{
    const struct tk_counters *c = &account()->counters;

    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "log info"), "OK");
    world_run(&w, 11000);
    world_error(&w, "invalid_client", 400, 1);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR invalid_client");
    assert_non_null(strstr(w.events, "LOG refresh ref=token error=invalid_client failures=1 "
                                     "next_in=3600 said=invalid_client"));
    assert_int_equal(c->failed[TK_ACTION_BLOCK], 1);
    assert_int_equal(c->retries, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    assert_int_equal(c->ok, 1);
    assert_int_equal(c->retries, 1);
    world_run(&w, 11000);
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 1);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR server_error");
    assert_non_null(strstr(w.events, "error=server_error failures=1 next_in=1\n"));
    world_run(&w, 22000);
    assert_int_equal(c->retries, 2);
    rules_revoke(&w.server.rules);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR ");
    assert_non_null(strstr(w.events, "failures=1 next_in=none said="));
}

/* An error of an exchange or a REST call does not replace it. */
static void the_reason_of_a_retry_is_that_of_the_refresh(void **state)
{
    (void)state;
    world_provision(&w);
    w.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "retrying", "server_error");
    world_error(&w, "invalid_grant", 400, 1);
    world_assert_begins(world_type(&w, "auth code other"), "ERR code_rejected");
    assert_string_equal(world_status(&w, "last_error"), "code_rejected");
    assert_string_equal(world_status(&w, "state"), "retrying");
    assert_string_equal(world_status(&w, "reason"), "server_error");
}

/* --- probes --- */

static void configuration_errors_block_and_are_probed_slowly(void **state)
{
    static const char *const codes[] = {"invalid_client",         "wrong_client",
                                        "invalid_request",        "invalid_scope",
                                        "insufficient_scope",     "PAYMENT_REQUIRED",
                                        "NOT_INSTALLED",          "ERROR_OAUTH",
                                        "NO_AUTH_FOUND",          "unauthorized_client",
                                        "unsupported_grant_type", "authorization_error"};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        world_error(&w, codes[i], 400, 0);
        world_run(&w, 26 * MINUTE);
        assert_string_equal(world_status(&w, "state"), "blocked");
        assert_string_equal(world_status(&w, "escalation"), "4");
        unsigned before = w.server.requests;

        world_run(&w, HOUR + MINUTE);
        assert_int_equal(w.server.requests, before + 1);
        world_run(&w, 2 * HOUR + MINUTE);
        assert_int_equal(w.server.requests, before + 2);
        world_run(&w, 7 * DAY);
        assert_in_range(w.server.requests, before + 3, before + 12);
        world_fault(&w, WORLD_WELL, 0);
        world_run(&w, DAY + MINUTE);
        world_assert_state(&w, "ready", "none");
        assert_string_equal(world_status(&w, "escalation"), "0");
    }
}

/* The interval neither doubles with each try, ... */
static void auth_refresh_does_not_move_the_next_probe(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    for (int i = 0; i < 4; i++)
        world_assert_begins(world_type(&w, "auth refresh"), "ERR invalid_client");
    assert_string_equal(world_status(&w, "state"), "blocked");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
    w.fault_status = 500; /* ... nor restarts after a transient error */
    world_fault(&w, WORLD_STATUS, 0);
    unsigned requests = w.server.requests;

    world_assert_begins(world_type(&w, "auth refresh"), "ERR server_error");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.requests, requests + 1);
}

static void probes_are_an_hour_to_a_day_apart(void **state)
{
    static const unsigned hours[] = {1, 2, 4, 8, 16, 24, 24};

    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "invalid_client", 400, 0);
    assert_int_equal(tk_refresh_start(account()), TK_OK);
    world_run(&w, 10);
    for (size_t i = 0; i < sizeof hours / sizeof hours[0]; i++) {
        uint64_t due_ms = account()->refresh.timer.due_ms;

        assert_int_equal(account()->refresh.failures, i + 1);
        assert_int_equal(due_ms, account()->refresh.sent_ms + hours[i] * (uint64_t)HOUR);
        world_run(&w, due_ms + 10 - w.port.now_ms);
    }
}

static void a_changed_setting_restarts_the_probes(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_type(&w, "auth refresh");
    world_run(&w, 20 * HOUR);
    assert_true(w.keeper.accounts.of[0].refresh.probe_s > 3600);
    world_type(&w, "set scope crm");
    world_run(&w, 2000);
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
}

/* --- flash --- */

/* It is sent nevertheless. */
static void an_intent_that_cannot_be_stored_is_the_last_error(void **state)
{
    (void)state;
    world_provision(&w);
    world_latency(&w, 5000);
    for (unsigned i = 0; i < 2; i++) {
        world_run(&w, MINUTE);
        w.flash.off = i > 0;
        assert_int_equal(tk_refresh_start(account()), TK_OK);
        world_run(&w, 1000);
        assert_int_equal(w.server.refreshes, i + 1);
        assert_int_equal(account()->last_error, i > 0 ? TK_E_STORAGE_FAILED : TK_OK);
    }
}

/* --- revocation --- */

/* A setting that was changed meanwhile has scheduled the next one. */
static void a_refused_pair_is_not_refreshed_again(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_latency(&w, 5000);
    world_error(&w, "invalid_grant", 400, 0);
    assert_int_equal(tk_refresh_start(account()), TK_OK);
    assert_int_equal(account()->refresh.timer.due_ms, TK_NEVER);
    world_run(&w, 4950);
    world_assert_begins(world_type(&w, "set scope crm"), "OK");
    assert_int_not_equal(account()->refresh.timer.due_ms, TK_NEVER);
    unsigned requests = w.server.requests;

    world_run(&w, 10000);
    assert_int_equal(w.server.requests, requests);
    world_assert_state(&w, "needs_code", "revoked");
    assert_int_equal(account()->refresh.timer.due_ms, TK_NEVER);
}

static void a_revoked_pair_needs_a_code_after_a_restart_too(void **state)
{
    (void)state;
    world_provision(&w);
    rules_revoke(&w.server.rules);
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    unsigned before = w.server.requests;

    world_restart(&w, MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
    world_run(&w, 10 * DAY);
    assert_int_equal(w.server.requests, before);
    world_assert_begins(world_type(&w, "token"), "ERR needs_code");
}

static void a_refusal_after_an_unsent_attempt_is_revoked(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "intent"), "none");
    rules_revoke(&w.server.rules);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 6 * MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
}

static void a_refusal_after_a_configuration_error_is_revoked(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "intent"), "none");
    rules_revoke(&w.server.rules);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, HOUR + MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
}

/* The server answered: it has not rotated the pair. */
static void an_unknown_error_closes_the_intent(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "something_new", 400, 1);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR oauth_error");
    assert_status("intent", "none");
}

/* --- lost responses --- */

static void a_lost_response_is_recovered_in_the_grace_time(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_fault(&w, WORLD_LOSES, 1);
    world_run(&w, 27 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_string_equal(world_status(&w, "intent"), "none");
}

static void a_lost_response_without_grace_is_rotation_lost(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE); /* so that there is a previous pair */
    world_fault(&w, WORLD_LOSES, 1);
    world_run(&w, 27 * MINUTE);
    world_assert_state(&w, "needs_code", "rotation_lost");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void a_lost_response_is_recovered_with_the_previous_pair(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
    /* The server is restored from a backup and honours only pair 1. */
    world_fault(&w, WORLD_LOSES, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 10);
    rules_restore(&w.server.rules, 1);
    world_run(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "generation"), "3");
    assert_int_equal(account()->counters.recovered, 1);
    world_type(&w, "history");
    assert_non_null(strstr(w.answer, "recovered"));
}

/* After the restart the current pair is tried again. */
static void cut_power_with_an_open_request(bool carried_out)
{
    world_provision(&w);
    w.server.rules.old_refresh_grace_ms = WORLD_GRACE_MS;
    world_fault(&w, carried_out ? WORLD_LOSES : WORLD_SILENT, 1);
    while (w.fault != WORLD_WELL)
        world_run(&w, 10);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "intent"), "open");
    world_run(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "intent"), "none");
    assert_string_equal(world_status(&w, "generation"), "2");
}

static void a_power_cut_with_an_open_request_is_recovered(void **state)
{
    (void)state;
    cut_power_with_an_open_request(false);
}

static void a_power_cut_after_rotation_is_recovered_in_the_grace_time(void **state)
{
    (void)state;
    cut_power_with_an_open_request(true);
}

/* A response was lost, and the server refuses the second pair: it is the first one's turn. */
static void refuse_until_the_previous_pair(void)
{
    world_provision(&w);
    world_run(&w, 11000);
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    world_run(&w, 11000);
    world_fault(&w, WORLD_SILENT, 1);
    world_type(&w, "auth refresh");
    world_error(&w, "invalid_grant", 400, 0);
    while (!w.keeper.accounts.of[0].refresh.try_previous)
        world_run(&w, 100);
    assert_status("last_error", "grant_in_doubt");
}

static void fail_reads(struct server *s, unsigned host, const char *request)
{
    (void)s;
    (void)host;
    (void)request;
    w.flash.fail_read_at = w.flash.reads + 1;
    w.flash.fail_read_until = UINT64_MAX;
}

/* Flash cannot be read when it is the previous pair's turn: the current one is sent again. */
static void a_previous_pair_that_cannot_be_read_is_not_tried(void **state)
{
    (void)state;
    refuse_until_the_previous_pair();
    fail_reads(&w.server, 0, "");
    world_run(&w, 5000);
    w.flash.fail_read_until = 0;
    assert_non_null(strstr(w.last_request, "refresh_token=refresh2"));
    assert_string_equal(world_status(&w, "state"), "needs_code");
}

/* The answer to the previous pair has no refresh token, which would be that pair's. */
static void a_previous_pair_that_cannot_be_read_again_is_not_kept(void **state)
{
    struct server_fault x = {.kind = SERVER_STATUS,
                             .status = 200,
                             .type = "application/json",
                             .body = "{\"access_token\":\"new\",\"expires_in\":3600}"};

    (void)state;
    refuse_until_the_previous_pair();
    server_set_fault(&w.server, SERVER_ALL, &x);
    w.server.on_request = fail_reads;
    world_run(&w, 5000);
    w.flash.fail_read_until = 0;
    world_assert_begins(world_type(&w, "token"), "OK access_token=new ");
    assert_string_equal(w.keeper.accounts.of[0].pair.refresh, "refresh2");
}

/* --- connections --- */

/* auth begin opens one to the authorization server and keeps it for the code. */
static void a_refresh_uses_a_connection_that_is_open(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 24 * MINUTE);
    world_assert_begins(world_type(&w, "auth begin"), "OK");
    world_run(&w, 1000);
    unsigned begun = w.port.connections_begun;

    world_run(&w, 65000);
    assert_string_equal(world_status(&w, "generation"), "2");
    assert_int_equal(w.port.connections_begun, begun);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(transient_errors_are_retried_and_the_token_is_kept),
        TEST(a_name_that_does_not_resolve_is_retried),
        TEST(backoff_doubles_to_5_minutes_and_to_15_after_expiry),
        TEST(without_random_numbers_it_backs_off),
        TEST(a_failure_is_logged_and_counted),
        TEST(the_reason_of_a_retry_is_that_of_the_refresh),
        TEST(configuration_errors_block_and_are_probed_slowly),
        TEST(auth_refresh_does_not_move_the_next_probe),
        TEST(probes_are_an_hour_to_a_day_apart),
        TEST(a_changed_setting_restarts_the_probes),
        TEST(an_intent_that_cannot_be_stored_is_the_last_error),
        TEST(a_refused_pair_is_not_refreshed_again),
        TEST(a_revoked_pair_needs_a_code_after_a_restart_too),
        TEST(a_refusal_after_an_unsent_attempt_is_revoked),
        TEST(a_refusal_after_a_configuration_error_is_revoked),
        TEST(an_unknown_error_closes_the_intent),
        TEST(a_lost_response_is_recovered_in_the_grace_time),
        TEST(a_lost_response_without_grace_is_rotation_lost),
        TEST(a_lost_response_is_recovered_with_the_previous_pair),
        TEST(a_power_cut_with_an_open_request_is_recovered),
        TEST(a_power_cut_after_rotation_is_recovered_in_the_grace_time),
        TEST(a_refresh_uses_a_connection_that_is_open),
        TEST(a_previous_pair_that_cannot_be_read_is_not_tried),
        TEST(a_previous_pair_that_cannot_be_read_again_is_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
