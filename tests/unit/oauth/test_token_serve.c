/* SPDX-License-Identifier: Apache-2.0 */

/* A consumer demands a token: served at once, after a refresh, or refused. */

#include "tk_refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define MINUTE 60000

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

/* --- demands --- */

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

static void a_demand_for_a_longer_validity_refreshes_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set renew 1h");
    world_run(&w, 31 * MINUTE);
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

static void a_demand_that_times_out_is_served_the_valid_token(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set renew 1h");
    world_run(&w, 35 * MINUTE);
    world_fault(&w, WORLD_SILENT, 0);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access1 expires_in=14");
    assert_non_null(strstr(w.answer, " generation=1 short=1"));
    assert_in_range(w.port.now_ms - start_ms, 25000, 25100);
    assert_string_equal(world_status(&w, "next_refresh_in"), "now");
    world_assert_begins(world_type(&w, "token 3000 rejected=1"),
                        "ERR "); /* a rejected token is not served */
}

/* The next attempt is as likely to fail. */
static void a_demand_after_a_failed_refresh_does_not_wait_for_the_next(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, 31 * MINUTE);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "token 3000"), "OK access_token=access1 ");
    assert_int_equal(account()->refresh.failures, 1);
}

/* Nothing renews the token, which has this long to live. */
static void leave_life_of(uint64_t ms)
{
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, account()->expires_ms - ms - w.port.now_ms);
}

static void a_token_with_half_of_its_life_is_not_renewed(void **state)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    leave_life_of(30 * MINUTE);
    assert_int_equal(tk_token_get(&w.keeper, NULL, 1801, token, sizeof token, &info),
                     TK_TOKEN_VALUE);
    assert_int_equal(info.expires_in, 1800);
    assert_true(info.is_short);
    world_run(&w, 1000);
    assert_int_equal(tk_token_get(&w.keeper, NULL, 1801, token, sizeof token, &info),
                     TK_TOKEN_WAIT);
}

static void a_token_is_served_in_its_last_second(void **state)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    leave_life_of(1000);
    assert_int_equal(tk_token_get(&w.keeper, NULL, 0, token, sizeof token, &info), TK_TOKEN_VALUE);
    assert_int_equal(info.expires_in, 1);
    world_run(&w, 1);
    assert_int_equal(tk_token_get(&w.keeper, NULL, 0, token, sizeof token, &info), TK_TOKEN_WAIT);
}

/* --- budgets --- */

#define DAY (24 * 60 * MINUTE)

/* A consumer asks every second for what no token has. */
static void min_valid_counts_half_of_the_life(void **state)
{
    static const char *const renew[] = {"set renew 25m", "set renew on-demand"};
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < 2; i++) {
        unsigned before = w.server.refreshes;
        uint64_t end_ms = w.port.now_ms + DAY;

        world_assert_begins(world_type(&w, renew[i]), "OK");
        while (w.port.now_ms < end_ms) {
            if (tk_token_get(&w.keeper, NULL, 3600, token, sizeof token, &info) == TK_TOKEN_VALUE)
                assert_int_equal(info.is_short, info.expires_in < 3600);
            world_run(&w, 1000);
        }
        assert_in_range(w.server.refreshes - before, 40, 66);
    }
}

#define TAKE(at_s) tk_budget_take(&b, (at_s)*1000ull)

static void a_budget_says_when_there_is_one_again(void **state)
{
    struct tk_budget b = {{0}};

    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(TAKE(i * 60), 0);
        assert_int_equal(TAKE(i * 60), 60);
        assert_int_equal(TAKE(i * 60 + 59), 1);
    }
    assert_int_equal(TAKE(540), 0);
    assert_int_equal(TAKE(541), 3600 - 541);
    assert_int_equal(TAKE(3599), 1);
    assert_int_equal(TAKE(3600), 0);
    assert_int_equal(TAKE(3601), 59);
    assert_int_equal(TAKE(3660), 0);
    for (unsigned i = 2; i < 9; i++)
        assert_int_equal(TAKE(3600 + i * 60), 0);
    assert_int_equal(TAKE(7190), 0);
    assert_int_equal(TAKE(7191), 59); /* 9 s by the hour */
}

/* 10 in any hour, 1 in any minute. */
static void a_rejection_has_a_budget(void **state)
{
    uint64_t at_ms[400] = {0};
    unsigned count = 0;
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, 11000); /* between two refreshes */
    for (uint64_t end_ms = w.port.now_ms + DAY; w.port.now_ms < end_ms;) {
        uint32_t generation = w.keeper.accounts.of[0].pair.generation;

        (void)tk_token_rejected(&w.keeper, NULL, generation);
        (void)tk_token_get(&w.keeper, NULL, 60, token, sizeof token, &info);
        world_run(&w, 1000);
        if (w.keeper.accounts.of[0].pair.generation != generation)
            at_ms[count++] = w.port.now_ms;
    }
    assert_in_range(count, 230, 241);
    for (unsigned i = 1; i < count; i++)
        assert_true(at_ms[i] - at_ms[i - 1] >= MINUTE - 1000);
    for (unsigned i = 10; i < count; i++)
        assert_true(at_ms[i] - at_ms[i - 10] >= 60 * MINUTE - 1000);
}

static void a_rejection_too_soon_says_when_and_changes_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_assert_begins(world_type(&w, "token rejected=1"), "OK access_token=access2 ");
    world_assert_begins(world_type(&w, "token rejected=2"), "ERR too_soon retry_in=60 ");
    world_run(&w, MINUTE / 2);
    world_assert_begins(world_type(&w, "token rejected=2"), "ERR too_soon retry_in=");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access2 "); /* of another one */
    world_run(&w, MINUTE / 2);
    world_assert_begins(world_type(&w, "token rejected=2"), "OK access_token=access3 ");
}

/* What one consumer says of a valid token keeps it from no other while refreshes fail. */
static void a_rejection_does_not_keep_others_out(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_assert_begins(world_type(&w, "token rejected=1"), "ERR connect_failed");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_assert_begins(world_type(&w, "token rejected=1"), "ERR connect_failed");
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
}

/* Nor while a refresh gets no answer. */
static void a_rejection_in_progress_does_not_keep_others_out(void **state)
{
    char token[TK_TOKEN_MAX + 1];
    struct tk_token_info info;

    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 1), 0);
    assert_int_equal(tk_token_get(&w.keeper, NULL, 60, token, sizeof token, &info), TK_TOKEN_WAIT);
    assert_int_equal(tk_token_get_last(&w.keeper, NULL, 60, token, sizeof token, &info),
                     TK_TOKEN_VALUE);
    assert_string_equal(token, "access1");
    assert_int_equal(info.generation, 1);
    for (uint32_t left = info.expires_in, longer = 0; longer < 2; longer++) {
        (void)tk_token_get_last(&w.keeper, NULL, left + longer, token, sizeof token, &info);
        assert_int_equal(info.is_short, longer);
    }
    world_assert_begins(world_type(&w, "token rejected=1"), "ERR ");
}

/* A refresh that is in progress already costs none. */
static void a_rejection_during_a_refresh_has_no_budget(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(tk_refresh_start(account()), TK_OK);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 1), 0);
    assert_int_equal(account()->refresh.rejected_generation, 1);
    assert_int_equal(account()->refresh.forced.at_s[0], 0);
}

/* `auth refresh` waits for nothing but the interval of 10 s. */
static void an_operator_needs_no_budget(void **state)
{
    (void)state;
    world_provision(&w);
    world_assert_begins(world_type(&w, "auth refresh"), "ERR too_soon retry_in=10 ");
    for (int i = 0; i < 20; i++) {
        world_run(&w, 10000);
        world_assert_begins(world_type(&w, "auth refresh"), "OK");
    }
    world_run(&w, 10000);
    world_assert_begins(world_type(&w, "token rejected=21"), "OK ");
}

/* An operator must act; a probe in progress is unlikely to succeed. */
static void a_demand_on_a_blocked_account_does_not_wait_for_its_probe(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, 11000);
    world_error(&w, "PAYMENT_REQUIRED", 401, 1);
    world_type(&w, "auth refresh");
    world_assert_state(&w, "blocked", "payment_required");
    world_run(&w, 40 * MINUTE); /* under half of its life is left */
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(tk_refresh_start(&w.keeper.accounts.of[0]), TK_OK);
    world_run(&w, 100);
    uint64_t start_ms = w.port.now_ms;

    world_assert_begins(world_type(&w, "token 3600"), "OK access_token=access1 ");
    assert_in_range(w.port.now_ms - start_ms, 0, 1000);
}

static enum tk_token_answer get(const char *ref, size_t size, struct tk_token_info *info)
{
    static char token[TK_TOKEN_MAX + 1];

    return tk_token_get(&w.keeper, ref, 60, token, size, info);
}

static void what_cannot_be_served_is_refused_at_once(void **state)
{
    struct tk_token_info info;
    char token[TK_TOKEN_MAX + 1];

    (void)state;
    assert_int_equal(get(NULL, sizeof token, &info), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_CLIENT);
    w.keeper.rt.storage.err = TK_E_STORAGE_SEALED;
    assert_int_equal(get(NULL, sizeof token, &info), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_STORAGE_SEALED);
    w.keeper.rt.storage.err = TK_OK;
    world_provision(&w);
    assert_int_equal(get("none", sizeof token, &info), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_SUCH_REF);
    assert_int_equal(get(NULL, sizeof "access1" - 1, &info), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_MEMORY);
    assert_int_equal(get(NULL, sizeof "access1", &info), TK_TOKEN_VALUE);
    assert_int_equal(info.generation, 1);
}

/* For a caller that cannot wait. */
static void the_last_answer_does_not_wait(void **state)
{
    struct tk_token_info info;
    char token[TK_TOKEN_MAX + 1];

    (void)state;
    world_provision(&w);
    assert_int_equal(tk_token_get_last(&w.keeper, NULL, 60, token, sizeof token, &info),
                     TK_TOKEN_VALUE);
    assert_false(info.is_short);
    world_type(&w, "set renew 1h");
    world_run(&w, 35 * MINUTE);
    assert_int_equal(tk_token_get_last(&w.keeper, NULL, 3000, token, sizeof token, &info),
                     TK_TOKEN_VALUE);
    assert_string_equal(token, "access1");
    assert_true(info.is_short);
}

static void a_rejection_of_what_is_not_in_use_does_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    world_run(&w, MINUTE);
    assert_int_equal(tk_token_rejected(&w.keeper, "none", 1), 0);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 0), 0);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 2), 0);
    assert_int_equal(w.keeper.accounts.of[0].refresh.rejected_generation, 0);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 1), 0);
    assert_int_equal(tk_token_rejected(&w.keeper, NULL, 1), 0); /* costs its budget once */
    assert_int_equal(w.keeper.accounts.of[0].refresh.rejected_generation, 1);
}

/* A refresh would not help, and the token may still do for another consumer. */
static void a_rejection_forces_no_refresh_that_needs_an_operator(void **state)
{
    static const char *const words[] = {"PAYMENT_REQUIRED", "invalid_grant"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        world_provision(&w);
        world_run(&w, 11000);
        world_error(&w, words[i], 400, 0);
        world_type(&w, "auth refresh");
        unsigned grants = w.server.grants;

        assert_int_equal(tk_token_rejected(&w.keeper, NULL, 1), 0);
        world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
        world_run(&w, MINUTE);
        assert_int_equal(w.server.grants, grants);
        tear_down(NULL);
        set_up(NULL);
    }
}

/* Two refreshes are 10 s apart, however short the life; in between it is served while it lasts. */
static void a_demand_waits_for_the_interval_between_refreshes(void **state)
{
    struct tk_token_info info;

    (void)state;
    w.server.rules.access_life_s = 6;
    world_set_client(&w);
    world_type(&w, "set renew on-demand");
    world_give_code(&w, "c");
    world_assert_begins(world_type(&w, "auth code c"), "OK state=ready");
    world_run(&w, 4000);
    assert_int_equal(get(NULL, TK_TOKEN_MAX, &info), TK_TOKEN_VALUE);
    assert_true(info.is_short);
    world_run(&w, 4000);
    assert_int_equal(info.generation, 1);
    assert_int_equal(w.server.refreshes, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(get(NULL, TK_TOKEN_MAX, &info), TK_TOKEN_WAIT);
        assert_int_equal(info.err, TK_OK);
    }
    world_run(&w, 1000);
    assert_int_equal(w.server.refreshes, 0);
    world_run(&w, 2000);
    assert_int_equal(w.server.refreshes, 1);
    assert_int_equal(get(NULL, TK_TOKEN_MAX, &info), TK_TOKEN_VALUE);
    assert_int_equal(info.generation, 2);
}

/* Flash holds none that is valid: the server says that it is missing. */
static void a_demand_without_the_client_secret_is_answered(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(
        tk_storage_put(&w.keeper.rt.storage, tk_account_key(0, TK_KEY_CLIENT_SECRET), "a b", 3),
        TK_OK);
    world_restart(&w, 2 * 60 * MINUTE);
    world_assert_begins(world_type(&w, "token"), "ERR http_status");
    assert_non_null(strstr(w.last_request, "&client_secret=&"));
    world_assert_begins(world_type(&w, "set client_secret s3cret"), "OK");
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready generation=2");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_valid_token_is_served_in_every_state),
        TEST(a_demand_for_a_longer_validity_refreshes_once),
        TEST(a_rejected_generation_is_refreshed_only_if_current),
        TEST(a_demand_that_times_out_is_served_the_valid_token),
        TEST(a_demand_after_a_failed_refresh_does_not_wait_for_the_next),
        TEST(a_token_with_half_of_its_life_is_not_renewed),
        TEST(a_token_is_served_in_its_last_second),
        TEST(min_valid_counts_half_of_the_life),
        cmocka_unit_test(a_budget_says_when_there_is_one_again),
        TEST(a_rejection_has_a_budget),
        TEST(a_rejection_too_soon_says_when_and_changes_nothing),
        TEST(a_rejection_does_not_keep_others_out),
        TEST(a_rejection_in_progress_does_not_keep_others_out),
        TEST(a_rejection_during_a_refresh_has_no_budget),
        TEST(an_operator_needs_no_budget),
        TEST(a_demand_on_a_blocked_account_does_not_wait_for_its_probe),
        TEST(what_cannot_be_served_is_refused_at_once),
        TEST(the_last_answer_does_not_wait),
        TEST(a_rejection_of_what_is_not_in_use_does_nothing),
        TEST(a_rejection_forces_no_refresh_that_needs_an_operator),
        TEST(a_demand_waits_for_the_interval_between_refreshes),
        TEST(a_demand_without_the_client_secret_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
