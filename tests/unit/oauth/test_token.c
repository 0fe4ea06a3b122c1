/* SPDX-License-Identifier: Apache-2.0 */

/* The life of a pair: when its refresh is due, over restarts and without a clock; how it is stored,
 * and forgotten. */

#include "tk_refresh.h"
#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "respond.h"

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* A pair, and a world without random numbers: of each jitter there is half. */
static struct tk_account *provision_without_jitter(void)
{
    world_provision(&w);
    world_run(&w, MINUTE);
    w.port.unseeded = true;
    return account();
}

/* --- delays --- */

static void a_backoff_doubles_to_its_cap(void **state)
{
    static const uint32_t delays[][2] = {{0, 1500}, {1, 2000}, {2, 3000}, {8, 129000}};
    struct tk_account *a = provision_without_jitter();

    (void)state;
    for (size_t i = 0; i < sizeof delays / sizeof delays[0]; i++)
        assert_int_equal(tk_token_backoff_ms(a, delays[i][0]), delays[i][1]);
    a->expires_ms = w.port.now_ms + 1000;
    assert_int_equal(tk_token_backoff_ms(a, 20), 1000 + (5 * MINUTE - 1000) / 2);
    a->expires_ms = w.port.now_ms + 999;
    assert_int_equal(tk_token_backoff_ms(a, 20), 1000 + (15 * MINUTE - 1000) / 2);
}

static void a_wait_that_the_server_names_is_longer_by_a_jitter(void **state)
{
    const struct tk_account *a = provision_without_jitter();
    static struct tk_http http;

    (void)state;
    assert_int_equal(tk_token_retry_after(a, NULL), 0);
    respond(&http, 503, "");
    assert_int_equal(tk_token_retry_after(a, &http), 0);
    (void)respond_in(&http, 1, 503, "Retry-After: 100\r\n", "", 0);
    assert_int_equal(tk_token_retry_after(a, &http), w.port.now_ms + 105000);
    (void)respond_in(&http, 1, 503, "Retry-After: 290\r\n", "", 0);
    assert_int_equal(tk_token_retry_after(a, &http), w.port.now_ms + 300000);
}

static void the_least_interval_ends_to_the_millisecond(void **state)
{
    struct tk_account *a = provision_without_jitter();

    (void)state;
    a->refresh.last_success_ms = w.port.now_ms - 9999;
    assert_int_equal(tk_token_wait_ms(a), 1);
    assert_true(tk_token_too_soon(a));
    a->refresh.last_success_ms--;
    assert_false(tk_token_too_soon(a));
}

/* --- refresh schedule --- */

static uint64_t due_after_issue(struct tk_account *a, uint32_t lifetime_s)
{
    a->pair.lifetime_s = lifetime_s;
    a->issued_ms = (int64_t)w.port.now_ms;
    tk_token_schedule(a);
    return a->refresh.timer.due_ms - w.port.now_ms;
}

static void a_refresh_is_due_before_four_fifths_of_the_life(void **state)
{
    struct tk_account *a = provision_without_jitter();

    (void)state;
    a->refresh.has_succeeded = false;
    assert_int_equal(due_after_issue(a, 4), 3000 - 150);
    assert_int_equal(due_after_issue(a, 1004), 803000 - 40150);
    assert_int_equal(due_after_issue(a, 3600), 1500000 - 75000);
    a->renew_s = TK_RENEW_ON_DEMAND;
    assert_int_equal(due_after_issue(a, 3600), 7 * DAY / 20 * 19);
    a->refresh.intent = true;
    assert_int_equal(due_after_issue(a, 3600), 500);
}

static void what_cannot_be_refreshed_has_no_refresh_due(void **state)
{
    struct tk_account *a = provision_without_jitter();

    (void)state;
    a->revocation = TK_REVOKED;
    tk_token_schedule(a);
    assert_int_equal(a->refresh.timer.due_ms, TK_NEVER);
    a->revocation = TK_NOT_REVOKED;
    tk_token_schedule(a);
    assert_int_not_equal(a->refresh.timer.due_ms, TK_NEVER);
    a->used = false;
    tk_token_schedule(a);
    assert_int_equal(a->refresh.timer.due_ms, TK_NEVER);
}

static void assert_overdue_in(struct tk_account *a, uint64_t ms)
{
    tk_token_schedule(a);
    assert_int_equal(a->refresh.timer.due_ms, w.port.now_ms + ms);
}

static void an_overdue_refresh_is_spread_after_a_start(void **state)
{
    struct tk_account *a = provision_without_jitter();

    (void)state;
    a->issued_ms = (int64_t)w.port.now_ms - (1500000 - 75000);
    assert_overdue_in(a, 0);
    a->refresh.last_success_ms = w.port.now_ms;
    assert_overdue_in(a, 10000);
    a->refresh.has_succeeded = false;
    assert_overdue_in(a, 12500);
    a->issued_ms++;
    assert_overdue_in(a, 1);
    a->times_known = false;
    tk_token_renew_first(a);
    assert_int_equal(a->refresh.timer.due_ms, w.port.now_ms + 12500 + 5000);
}

static void a_refresh_that_is_wanted_soon_is_not_put_off(void **state)
{
    struct tk_account *a = provision_without_jitter();
    uint64_t now_ms = w.port.now_ms;

    (void)state;
    a->refresh.last_success_ms = now_ms;
    tk_token_refresh_at(a, now_ms + 20000);
    tk_token_refresh_soon(a);
    assert_int_equal(a->refresh.timer.due_ms, now_ms + 10000);
    tk_token_refresh_at(a, now_ms + 5000);
    tk_token_refresh_soon(a);
    assert_int_equal(a->refresh.timer.due_ms, now_ms + 5000);
    a->refresh.not_before_ms = now_ms + 7000;
    tk_token_refresh_at(a, now_ms + 5000);
    assert_int_equal(a->refresh.timer.due_ms, now_ms + 7000);
    a->refresh.not_before_ms = 0;
    a->refresh.has_succeeded = false;
    tk_token_refresh_soon(a);
    assert_int_equal(a->refresh.timer.due_ms, 0);
}

static void refreshes_every_25_minutes_less_up_to_10_percent(void **state)
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

static void gateways_that_boot_together_do_not_refresh_together(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 5 * HOUR);
    uint64_t started = w.port.now_ms;

    while (w.server.refreshes == 0)
        world_run(&w, 10);
    assert_in_range(w.server.last_ms - started, 100, 30000); /* no consumer asked */
}

/* --- restart and time --- */

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

static void a_restart_with_an_expired_token_refreshes_at_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 5 * HOUR);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
}

static void setting_the_clock_back_does_not_extend_a_token(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX - 3600);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "expires_in"), "unknown"); /* as its age is */
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 ");
    world_run(&w, HOUR);
    assert_in_range(atoi(world_status(&w, "generation")), 4, 5);
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

static void uptime_counts_from_boot(void **state)
{
    (void)state;
    world_run(&w, HOUR);
    assert_in_range(atoi(world_status(&w, "uptime")), 3600, 3601);
    world_restart(&w, 5000);
    assert_in_range(atoi(world_status(&w, "uptime")), 0, 1);
}

/* As after a restart: issued and expires are seconds of the wall clock from now. */
static void load_pair(struct tk_account *a, int issued, int expires)
{
    a->times_known = false;
    a->pair.issued_unix = truth() + issued;
    a->pair.expires_unix = truth() + expires;
    tk_token_schedule(a);
}

static void wall_times_become_ticks(void **state)
{
    static const struct {
        int issued, expires, issued_ms, expires_ms;
        bool known;
    } rows[] = {
        {-100, 3500, -100000, 3499000, true},
        {0, 3600, 0, 3599000, true},
        {-3600, 0, -3600000, 0, true},
        {-3598, 2, -3598000, 1000, true},
        {-4000, -400, -4000000, 0, true},
        {1, 3601, -1500000, 3600000, true}, /* its age is unknown: as if it were due */
        {301, 3901, -1500000, 3600000, true},
        {302, 3902, -1500000, 3600000, false},
    };
    struct tk_account *a = provision_without_jitter();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        load_pair(a, rows[i].issued, rows[i].expires);
        assert_int_equal(a->times_known, rows[i].known);
        assert_int_equal(a->issued_ms, (int64_t)w.port.now_ms + rows[i].issued_ms);
        assert_int_equal(a->expires_ms, w.port.now_ms + (uint64_t)rows[i].expires_ms);
    }
}

/* Within the tolerance between two clocks its age is not known to the second: it is renewed. */
static void a_clock_that_is_a_little_behind_its_issue_renews_it(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX - 100);
    world_restart(&w, 1000);
    assert_string_equal(world_status(&w, "expires_in"), "3600");
    world_run(&w, MINUTE);
    assert_string_equal(world_status(&w, "generation"), "2");
}

/* What failed since then is not the clock's. */
static void a_clock_that_is_set_drops_no_other_error(void **state)
{
    (void)state;
    world_provision(&w);
    tk_sim_set_wall(&w.port, TK_TIME_NONE, 0);
    world_restart(&w, 1000);
    world_run(&w, 10 * MINUTE);
    world_assert_state(&w, "retrying", "clock_unknown");
    tk_account_set_error(&w.keeper.accounts.of[0], TK_E_CODE_REJECTED);
    tk_sim_set_wall(&w.port, TK_TIME_RTC, WORLD_UNIX);
    world_run(&w, 1000);
    world_assert_state(&w, "ready", "none");
    assert_string_equal(world_status(&w, "last_error"), "code_rejected");
}

static void a_refresh_that_is_due_is_due_in_no_time(void **state)
{
    const struct tk_account *a = &w.keeper.accounts.of[0];
    uint32_t seconds = 9;

    (void)state;
    assert_false(tk_token_refresh_due_in(a, w.port.now_ms, &seconds));
    assert_int_equal(seconds, 9);
    world_provision(&w);
    assert_true(tk_token_refresh_due_in(a, a->refresh.timer.due_ms - 1999, &seconds));
    assert_int_equal(seconds, 1);
    assert_true(tk_token_refresh_due_in(a, a->refresh.timer.due_ms + 5000, &seconds));
    assert_int_equal(seconds, 0);
}

/* --- storing --- */

static void a_pair_stored_late_is_stored_with_its_grant_info(void **state)
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

static void a_commit_is_retried_with_backoff(void **state)
{
    struct tk_account *a = provision_without_jitter();
    const struct tk_timer *timer = &a->refresh.store_timer;

    (void)state;
    world_run(&w, 11000);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    assert_true(a->info_stored); /* it is as before */
    assert_int_equal(timer->due_ms, a->refresh.last_success_ms + 1500);
    tk_account_set_error(a, TK_E_CODE_REJECTED);
    world_run(&w, timer->due_ms - w.port.now_ms);
    assert_int_equal(timer->due_ms, w.port.now_ms + 2000);
    assert_status("last_error", "storage_failed");
    w.flash.off = false;
    world_run(&w, 2000);
    assert_int_equal(timer->due_ms, TK_NEVER);
    assert_int_equal(a->refresh.store_failures, 0);
    assert_status("last_error", "none");
}

static void a_new_pair_clears_intent_and_revocation_on_flash(void **state)
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

/* --- replacing and forgetting --- */

static void begin_slow_refresh(void)
{
    world_run(&w, MINUTE);
    world_latency(&w, 5000);
    assert_int_equal(tk_refresh_start(&w.keeper.accounts.of[0]), TK_OK);
    world_run(&w, 100);
    assert_int_equal(w.server.refreshes, 1); /* carried out; the response is under way */
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

static void a_response_after_auth_forget_is_dropped(void **state)
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

/* The pair was only in RAM, waiting for its commit to be retried. */
static void a_forgotten_pair_is_not_stored_later(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    w.flash.off = true;
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
    w.flash.off = false;
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    assert_int_equal(account()->refresh.timer.due_ms, TK_NEVER);
    assert_string_equal(world_status(&w, "store"), "ok");
    world_run(&w, 10 * MINUTE);
    world_assert_state(&w, "needs_code", "new");
}

static void forgetting_drops_what_failed(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "PAYMENT_REQUIRED", 401, 0);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR payment_required");
    assert_string_equal(world_type(&w, "auth forget"), "OK");
    assert_int_equal(account()->refresh.failures, 0);
    assert_int_equal(account()->refresh.blocked_by, TK_OK);
    assert_status("last_error", "none");
}

static void refreshes_continue_if_forget_fails(void **state)
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_backoff_doubles_to_its_cap),
        TEST(a_wait_that_the_server_names_is_longer_by_a_jitter),
        TEST(the_least_interval_ends_to_the_millisecond),
        TEST(a_refresh_is_due_before_four_fifths_of_the_life),
        TEST(what_cannot_be_refreshed_has_no_refresh_due),
        TEST(an_overdue_refresh_is_spread_after_a_start),
        TEST(a_refresh_that_is_wanted_soon_is_not_put_off),
        TEST(wall_times_become_ticks),
        TEST(a_commit_is_retried_with_backoff),
        TEST(refreshes_every_25_minutes_less_up_to_10_percent),
        TEST(refreshes_short_lifetimes_at_80_percent),
        TEST(refreshes_are_10_s_apart),
        TEST(on_demand_refreshes_on_demand_and_after_7_days),
        TEST(gateways_that_boot_together_do_not_refresh_together),
        TEST(a_restart_needs_no_request),
        TEST(a_restart_with_an_expired_token_refreshes_at_once),
        TEST(setting_the_clock_back_does_not_extend_a_token),
        TEST(without_a_clock_it_is_ready_but_serves_no_token),
        TEST(the_time_is_set_for_all_accounts),
        TEST(uptime_counts_from_boot),
        TEST(a_pair_stored_late_is_stored_with_its_grant_info),
        TEST(flash_errors_do_not_stop_refreshes),
        TEST(a_new_pair_clears_intent_and_revocation_on_flash),
        TEST(the_store_prepares_after_a_commit_and_then_sleeps),
        TEST(an_exchange_cancels_the_refresh_of_the_previous_pair),
        TEST(a_response_after_auth_forget_is_dropped),
        TEST(a_forgotten_pair_is_not_stored_later),
        TEST(forgetting_drops_what_failed),
        TEST(refreshes_continue_if_forget_fails),
        TEST(a_clock_that_is_a_little_behind_its_issue_renews_it),
        TEST(a_clock_that_is_set_drops_no_other_error),
        TEST(a_refresh_that_is_due_is_due_in_no_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
