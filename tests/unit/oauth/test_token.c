/* SPDX-License-Identifier: Apache-2.0 */

/* Refreshes, demands, retries and rotation of an account. test_auth.c exchanges codes. */

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

/* --- refreshing in time --- */

static void refreshes_every_25_minutes_less_up_to_a_tenth(void **state)
{
    uint64_t last = w.port.now_ms;

    (void)state;
    world_provision(&w);
    for (unsigned i = 1; i <= 50; i++) {
        while (w.server.refreshes < i)
            world_run(&w, 1000);
        assert_in_range(w.server.last_ms - last, 25 * MINUTE * 9 / 10 - 2000, 25 * MINUTE + 2000);
        last = w.server.last_ms;
    }
}

static void refreshes_short_lifetimes_at_80_percent(void **state)
{
    (void)state;
    w.server.rules.access_life_s = 15;
    world_set_client(&w);
    world_give_code(&w, "c");
    world_type(&w, "auth code c");
    uint64_t issued = w.port.now_ms;

    while (w.server.refreshes < 1)
        world_run(&w, 100);
    assert_in_range(w.server.last_ms - issued, 10000, 12100);
}

static void refreshes_are_10_s_apart(void **state)
{
    uint64_t last;

    (void)state;
    w.server.rules.access_life_s = 2;
    world_set_client(&w);
    world_give_code(&w, "c");
    world_type(&w, "auth code c");
    last = w.server.last_ms;
    world_assert_begins(world_type(&w, "auth refresh"), "ERR too_soon");
    for (unsigned i = 1; i <= 5; i++) {
        while (w.server.refreshes < i)
            world_run(&w, 100);
        assert_true(w.server.last_ms - last >= 10000);
        last = w.server.last_ms;
    }
}

static void on_demand_refreshes_on_demand_and_after_7_days(void **state)
{
    (void)state;
    world_provision(&w);
    assert_string_equal(world_type(&w, "set renew on-demand"), "OK renew=on-demand");
    world_run(&w, 6 * DAY);
    assert_int_equal(w.server.refreshes, 0);
    world_run(&w, DAY);
    assert_int_equal(w.server.refreshes, 1);
    world_run(&w, 2 * HOUR);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access3 ");
    assert_int_equal(w.server.refreshes, 2);
}

/* --- demand --- */

/* The operator must act: a probe that is under way is unlikely to help. */
static void a_demand_on_a_blocked_account_does_not_wait_for_its_probe(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "PAYMENT_REQUIRED", 401, 1);
    world_type(&w, "auth refresh");
    world_assert_state(&w, "blocked", "payment_required");
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(tk_refresh_start(&w.keeper.accounts.of[0]), TK_OK);
    world_run(&w, 100);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3600"), "OK access_token=access1 ");
    assert_in_range(w.port.now_ms - start_ms, 0, 1000);
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

static void a_pair_stored_late_is_stored_with_its_metadata(void **state)
{
    (void)state;
    world_set_client(&w);
    world_give_code(&w, "code1");
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth code code1"), "OK state=ready");
    w.flash.off = false;
    world_run(&w, 10 * MINUTE);
    world_restart(&w, 100);
    assert_string_equal(world_status(&w, "generation"), "1");
    assert_string_equal(world_status(&w, "user_id"), "1");
    assert_string_equal(world_status(&w, "client_endpoint"), "https://acme.bitrix24.com/rest/");
}

static void a_demand_that_times_out_gets_the_valid_token(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 20 * MINUTE);
    world_fault(&w, WORLD_SILENT, 0);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access1 expires_in=23");
    assert_non_null(strstr(w.answer, " generation=1 short=1"));
    assert_in_range(w.port.now_ms - start_ms, 25000, 25100);
    assert_string_equal(world_status(&w, "next_refresh_in"), "now");
    world_assert_begins(world_type(&w, "token 3000 rejected=1"),
                        "ERR "); /* rejected ones are not served */
}

static void a_demand_for_a_longer_validity_refreshes_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 15 * MINUTE);
    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access2 expires_in=3600 ");
    world_assert_begins(world_type(&w, "token 7200"),
                        "OK access_token=access2 expires_in=3600 generation=2 short=1");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_rejected_generation_is_refreshed_only_if_current(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    world_assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    assert_int_equal(w.server.refreshes, 1);
}

static void a_valid_token_is_served_in_every_state(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "blocked", "invalid_client");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_run(&w, 40 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "ERR invalid_client");
}

static void without_a_clock_it_is_ready_but_serves_no_token(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "expires_in"), "unknown");
    world_assert_begins(world_type(&w, "token"), "ERR clock_unknown");
    world_run(&w, DAY);
    assert_int_equal(w.server.requests, 2); /* no TLS without a clock */
    world_type(&w, "time 1795000600");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* --- restart --- */

static void a_restart_needs_no_request(void **state)
{
    (void)state;
    world_provision(&w);
    unsigned before = w.server.requests;

    world_restart(&w, 5 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "generation"), "1");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 expires_in=3299 ");
    world_run(&w, 15 * MINUTE);
    assert_int_equal(w.server.requests, before);
    world_run(&w, 6 * MINUTE);
    assert_int_equal(w.server.refreshes, 1);
}

static void setting_the_clock_back_does_not_extend_a_token(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX - 3600);
    world_restart(&w, 1000);
    assert_in_range(atoi(world_status(&w, "expires_in")), 1, 3600);
    world_run(&w, MINUTE); /* of unknown age: is refreshed at once */
    assert_string_equal(world_status(&w, "generation"), "2");
    world_run(&w, HOUR);
    assert_in_range(atoi(world_status(&w, "generation")), 4, 5);
}

static void the_store_prepares_after_a_commit_and_then_sleeps(void **state)
{
    (void)state;
    world_provision(&w);
    assert_true(w.keeper.rt.storage.timer.due_ms <= w.port.now_ms + 20);
    world_run(&w, MINUTE);
    assert_int_equal(w.keeper.rt.storage.timer.due_ms, TK_NEVER);
    for (unsigned i = 0; i < 100 && w.flash.erases < 2;
         i++) { /* until the next sector is opened, in advance */
        world_run(&w, 30 * MINUTE);
        assert_int_equal(w.keeper.rt.storage.timer.due_ms, TK_NEVER);
    }
    assert_true(w.flash.erases > 1);
}

static void uptime_counts_from_boot(void **state)
{
    (void)state;
    world_run(&w, HOUR);
    assert_in_range(atoi(world_status(&w, "uptime")), 3600, 3601);
    world_restart(&w, 5000);
    assert_in_range(atoi(world_status(&w, "uptime")), 0, 1);
}

static void a_restart_with_an_expired_token_refreshes_at_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 5 * HOUR);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void gateways_that_boot_together_do_not_refresh_together(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 5 * HOUR);
    uint64_t started = w.port.now_ms;

    while (w.server.refreshes == 0)
        world_run(&w, 10);
    assert_in_range(w.server.last_ms - started, 100, 30000); /* without a demand */
}

/* --- errors and their actions --- */

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
        {WORLD_BODY, 0, "{\"access_token\":\"x\"}", "bad_answer"},
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

/* Full jitter: each wait is random, below a limit that doubles up to the cap. */
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
            assert_true(wait <= (uint64_t)1000 << (tries - 1));
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

static void configuration_errors_block_and_are_probed_slowly(void **state)
{
    static const char *const words[] = {"invalid_client", "wrong_client",       "invalid_request",
                                        "invalid_scope",  "insufficient_scope", "PAYMENT_REQUIRED",
                                        "NOT_INSTALLED",  "ERROR_OAUTH",        "NO_AUTH_FOUND"};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        world_error(&w, words[i], 400, 0);
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

/* Neither further away, where the operator tries several times. */
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
    w.fault_status = 500; /* nor nearer, where the result is transient */
    world_fault(&w, WORLD_STATUS, 0);
    unsigned requests = w.server.requests;

    world_assert_begins(world_type(&w, "auth refresh"), "ERR server_error");
    assert_in_range(atoi(world_status(&w, "next_refresh_in")), 3500, 3600);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(w.server.requests, requests + 1);
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

/* --- rotation --- */

static void a_lost_answer_is_recovered_in_the_grace_time(void **state)
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

static void a_lost_answer_without_grace_is_rotation_lost(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 26 * MINUTE); /* so that there is a previous pair */
    world_fault(&w, WORLD_LOSES, 1);
    world_run(&w, 27 * MINUTE);
    world_assert_state(&w, "needs_code", "rotation_lost");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void a_lost_answer_is_recovered_with_the_previous_pair(void **state)
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

/* Afterwards the current pair is tried again. */
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

static void flash_errors_do_not_stop_refreshes(void **state)
{
    (void)state;
    world_provision(&w);
    w.flash.off = true;
    world_run(&w, 26 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    world_assert_state(&w, "ready", "storage_failed");
    assert_string_equal(world_status(&w, "escalation"), "2");
    world_run(&w, 26 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access3 ");
    w.flash.off = false;
    world_run(&w, 6 * MINUTE);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "escalation"), "0");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "generation"), "3");
}

/* Without a seed nothing can be sent. */
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

static void the_time_is_set_for_all_accounts(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "ref add b");
    world_set_client(&w);
    world_give_code(&w, "second");
    world_assert_begins(world_type(&w, "auth code second"), "OK state=ready");
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    world_run(&w, 1000);
    assert_false(w.keeper.accounts.of[0].times_known || w.keeper.accounts.of[1].times_known);
    world_assert_begins(world_type(&w, "time 1795000100"), "OK ");
    world_run(&w, 1000);
    assert_true(w.keeper.accounts.of[0].times_known && w.keeper.accounts.of[1].times_known);
}

/* Where the server repeats a secret, only its length is shown. */
static void no_secret_is_shown_as_server_error(void **state)
{
    static const char *const words[] = {"s3cret", "refresh1", "access1", "say access1 again"};
    char said[32];

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        world_run(&w, 11000);
        world_error(&w, words[i], 400, 1);
        world_type(&w, "auth refresh");
        snprintf(said, sizeof said, "%zu characters", strlen(words[i]));
        assert_string_equal(world_status(&w, "said"), said);
        w.keeper.accounts.of[0].refresh.failures = 0;
        tk_token_schedule(&w.keeper.accounts.of[0]);
    }
    world_error(&w, "third", 400, 1);
    world_type(&w, "auth code third");
    assert_string_equal(world_status(&w, "said"), "5 characters");
}

/* It was only in RAM, and waited for flash. */
static void a_forgotten_pair_is_not_stored_later(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    w.flash.off = false;
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    assert_string_equal(world_status(&w, "store"), "ok");
    world_run(&w, 10 * MINUTE);
    world_assert_state(&w, "needs_code", "new");
}

static void where_forget_fails_refreshes_go_on(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 30 * MINUTE);
    w.flash.off = true;
    world_latency(&w, 5000);
    world_fault(&w, WORLD_WELL, 0);
    while (!tk_https_active(&w.keeper.accounts.of[0].refresh.request))
        world_run(&w, 1);
    world_assert_begins(world_type(&w, "auth forget"), "ERR storage_failed");
    w.flash.off = false;
    world_run(&w, 20 * MINUTE);
    assert_string_equal(world_status(&w, "state"), "ready");
}

static void begin_slow_refresh(void)
{
    world_run(&w, MINUTE);
    world_latency(&w, 5000);
    assert_int_equal(tk_refresh_start(&w.keeper.accounts.of[0]), TK_OK);
    world_run(&w, 100);
    assert_int_equal(w.server.refreshes, 1); /* carried out, not answered yet */
    world_latency(&w, 0);
}

static void an_exchange_cancels_the_refresh_of_the_previous_pair(void **state)
{
    (void)state;
    world_provision(&w);
    begin_slow_refresh();
    world_give_code(&w, "second");
    world_assert_begins(world_type(&w, "auth code second"), "OK state=ready");
    world_run(&w, MINUTE); /* longer than the refresh would take */
    world_assert_begins(world_type(&w, "token"), "OK access_token=access3 ");
    assert_true(world_honours_newest(&w));
    world_run(&w, 26 * MINUTE);
    world_assert_state(&w, "ready", "none");
}

static void an_answer_after_auth_forget_is_dropped(void **state)
{
    (void)state;
    world_provision(&w);
    begin_slow_refresh();
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    world_run(&w, MINUTE);
    world_assert_state(&w, "needs_code", "new");
    world_restart(&w, 1000);
    world_assert_state(&w, "needs_code", "new");
}

static void a_new_pair_clears_intent_and_revocation_in_flash(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 30 * MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "intent"), "none");
    rules_revoke(&w.server.rules);
    world_run(&w, 30 * MINUTE);
    world_assert_state(&w, "needs_code", "revoked");
    world_give_code(&w, "second");
    world_assert_begins(world_type(&w, "auth code second"), "OK state=ready");
    world_restart(&w, 1000);
    world_assert_state(&w, "ready", "none");
}

/* Errors of an exchange or a REST call do not replace it. */
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(refreshes_every_25_minutes_less_up_to_a_tenth),
        TEST(refreshes_short_lifetimes_at_80_percent),
        TEST(refreshes_are_10_s_apart),
        TEST(on_demand_refreshes_on_demand_and_after_7_days),
        TEST(a_demand_that_times_out_gets_the_valid_token),
        TEST(a_forgotten_pair_is_not_stored_later),
        TEST(the_time_is_set_for_all_accounts),
        TEST(no_secret_is_shown_as_server_error),
        TEST(a_demand_on_a_blocked_account_does_not_wait_for_its_probe),
        TEST(a_changed_setting_restarts_the_probes),
        TEST(a_pair_stored_late_is_stored_with_its_metadata),
        TEST(a_demand_for_a_longer_validity_refreshes_once),
        TEST(a_rejected_generation_is_refreshed_only_if_current),
        TEST(a_valid_token_is_served_in_every_state),
        TEST(without_a_clock_it_is_ready_but_serves_no_token),
        TEST(a_restart_needs_no_request),
        TEST(setting_the_clock_back_does_not_extend_a_token),
        TEST(the_store_prepares_after_a_commit_and_then_sleeps),
        TEST(uptime_counts_from_boot),
        TEST(a_restart_with_an_expired_token_refreshes_at_once),
        TEST(gateways_that_boot_together_do_not_refresh_together),
        TEST(transient_errors_are_retried_and_the_token_is_kept),
        TEST(backoff_doubles_to_5_minutes_and_to_15_after_expiry),
        TEST(configuration_errors_block_and_are_probed_slowly),
        TEST(auth_refresh_does_not_move_the_next_probe),
        TEST(a_revoked_pair_needs_a_code_after_a_restart_too),
        TEST(a_lost_answer_is_recovered_in_the_grace_time),
        TEST(a_lost_answer_without_grace_is_rotation_lost),
        TEST(a_lost_answer_is_recovered_with_the_previous_pair),
        TEST(a_refusal_after_an_unsent_attempt_is_revoked),
        TEST(a_refusal_after_a_configuration_error_is_revoked),
        TEST(a_power_cut_with_an_open_request_is_recovered),
        TEST(a_power_cut_after_rotation_is_recovered_in_the_grace_time),
        TEST(flash_errors_do_not_stop_refreshes),
        TEST(an_exchange_cancels_the_refresh_of_the_previous_pair),
        TEST(an_answer_after_auth_forget_is_dropped),
        TEST(a_new_pair_clears_intent_and_revocation_in_flash),
        TEST(the_reason_of_a_retry_is_that_of_the_refresh),
        TEST(without_random_numbers_it_backs_off),
        TEST(where_forget_fails_refreshes_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
