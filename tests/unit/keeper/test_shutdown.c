/* SPDX-License-Identifier: Apache-2.0 */

/* Clean ends of a whole gateway, tk_keeper_shutdown and `reboot`, at any moment of a refresh or an
 * exchange. The server honours only its newest pair. */

#include "tk_auth.h"
#include "tk_refresh.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)

static struct tk_account *account(void)
{
    return &w.keeper.accounts.of[0];
}

static void type(const char *line)
{
    tk_sim_console_feed(&w.port, 0, line, strlen(line));
    tk_sim_console_feed(&w.port, 0, "\n", 1);
}

/* Runs pass by pass, like a main loop, for ms. */
static void run_passes(uint64_t ms)
{
    uint64_t end_ms = w.port.now_ms + ms;

    while (w.port.now_ms < end_ms) {
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        tk_wait(&w.port, until_ms < end_ms ? until_ms : end_ms);
    }
}

/* Ends the program as a main loop does. Returns the ms that it took. */
static uint64_t shut_down(void)
{
    uint64_t from_ms = w.port.now_ms;
    unsigned passes = 0;

    while (!tk_keeper_shutdown(&w.keeper)) {
        tk_wait(&w.port, tk_keeper_run(&w.keeper));
        assert_true(++passes < 1000);
    }
    return w.port.now_ms - from_ms;
}

/* Runs on until the device has been reset; returns the ms that it took. */
static uint64_t reboot(void)
{
    uint64_t from_ms = w.port.now_ms;

    type("reboot");
    while (w.port.reboots == 0) {
        assert_true(w.port.now_ms <= from_ms + 31 * SECOND);
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        if (w.port.reboots == 0)
            tk_wait(&w.port, until_ms);
    }
    w.port.reboots = 0;
    return w.port.now_ms - from_ms;
}

static void start_refresh(uint64_t latency_ms)
{
    server_set_latency(&w.server, 20);
    world_latency(&w, latency_ms);
    assert_int_equal(tk_refresh_start(account()), TK_OK);
}

static void run_until_sent(void)
{
    unsigned before = w.server.grants;

    while (w.server.grants == before)
        run_passes(1);
}

/* The pair on flash is the one that the server honours. */
static void assert_nothing_lost(void)
{
    world_restart(&w, 100);
    world_latency(&w, 0);
    assert_false(account()->refresh.intent);
    assert_int_equal(rules_number(&w.server.rules, RULES_REFRESH, account()->pair.refresh),
                     w.server.rules.pair_count);
    assert_int_equal(tk_refresh_start(account()), TK_OK);
    run_passes(2 * SECOND);
    assert_int_equal(account()->revocation, TK_NOT_REVOKED);
    assert_int_equal(rules_number(&w.server.rules, RULES_REFRESH, account()->pair.refresh),
                     w.server.rules.pair_count);
}

/* --- at any moment --- */

static void at_any_moment_of_a_refresh_no_pair_is_lost(void **state)
{
    (void)state;
    world_provision(&w);
    for (uint64_t i = 0; i < 200; i++) {
        world_restart(&w, 1000);
        start_refresh(i % 6 * SECOND);
        run_passes(i * i % 7001);
        if (i % 2 == 0)
            assert_in_range(shut_down(), 0, 5 * SECOND + 100);
        else
            assert_in_range(reboot(), 0, 5 * SECOND + 100);
        assert_nothing_lost();
    }
}

static void at_any_moment_of_an_exchange_no_pair_is_lost(void **state)
{
    char code[16];

    (void)state;
    world_provision(&w);
    for (unsigned i = 0; i < 60; i++) {
        snprintf(code, sizeof code, "code-%u", i);
        world_give_code(&w, code);
        world_restart(&w, 1000);
        server_set_latency(&w.server, 20);
        world_latency(&w, i % 6 * SECOND);
        assert_int_equal(tk_auth_code(account(), code), TK_OK);
        run_passes(i * i % 3001);
        unsigned exchanges = w.server.exchanges;

        assert_in_range(shut_down(), 0, 5 * SECOND + 100);
        assert_int_equal(w.server.exchanges, exchanges); /* begun before, or not at all */
        assert_nothing_lost();
    }
}

/* --- what is awaited, and what is not --- */

static void an_idle_gateway_ends_at_once(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(shut_down(), 0);
    world_restart(&w, 1000);
    world_run(&w, 10);
    assert_int_equal(reboot(), 0);
    assert_int_equal(world_count_events(&w, "EVT stopping"), 0);
    world_restart(&w, 1000);
}

static void a_request_that_was_not_sent_is_not_begun(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(0);
    run_passes(30); /* in the handshake */
    unsigned grants = w.server.grants;

    assert_int_equal(shut_down(), 0);
    run_passes(2 * MINUTE); /* a program that goes on all the same */
    assert_int_equal(w.server.grants, grants);
    assert_int_equal(world_count_events(&w, "event=raised"), 0);
    assert_nothing_lost();
}

/* The answer causes a call of the portal and a POST: neither is begun. */
static void what_an_answer_causes_is_not_begun(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(3 * SECOND);
    run_until_sent();
    unsigned posts = w.server.posts, checks = w.server.checks, requests = w.server.requests;

    world_type(&w, "set escalate_url https://hooks.example/x");
    assert_in_range(shut_down(), 2 * SECOND, 3100);
    assert_int_equal(w.server.posts, posts);
    assert_int_equal(w.server.checks, checks);
    assert_int_equal(w.server.requests, requests);
    assert_int_equal(world_count_events(&w, "EVT stopping awaits=answer"), 1);
    assert_nothing_lost();
}

/* A POST may be delivered twice: it is not awaited. */
static void a_post_is_not_awaited(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/x");
    world_latency(&w, 15 * SECOND);
    type("escalate test");
    run_passes(SECOND);
    assert_int_equal(w.server.posts, 1);
    assert_int_equal(shut_down(), 0);
}

static void a_silent_server_is_awaited_for_30_s(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    world_fault(&w, WORLD_SILENT, 0);
    start_refresh(0);
    run_until_sent();
    assert_in_range(shut_down(), 28 * SECOND, 30 * SECOND);
    world_fault(&w, WORLD_WELL, 0);
    world_restart(&w, 1000);
    assert_true(account()->refresh.intent); /* the answer may be lost: the next start knows */
}

static void a_pair_in_ram_is_stored_first(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(0);
    w.flash.off = true;
    run_passes(10 * MINUTE);
    assert_true(account()->refresh.unstored);
    w.flash.off = false;
    assert_in_range(shut_down(), 0, SECOND);
    assert_nothing_lost();
}

static void flash_that_fails_is_awaited_for_30_s(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(0);
    w.flash.off = true;
    run_passes(10 * MINUTE);
    assert_in_range(shut_down(), 29 * SECOND, 30 * SECOND);
    assert_int_equal(world_count_events(&w, "EVT stopping awaits=flash"), 1);
    w.flash.off = false;
}

/* --- meanwhile --- */

static void the_watchdog_is_fed_and_the_token_served(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(25 * SECOND);
    w.port.watchdog_ms = 10 * SECOND;
    run_until_sent();
    type("reboot");
    for (uint64_t from_ms = w.port.now_ms; w.port.now_ms < from_ms + 19 * SECOND;) {
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        assert_in_range(until_ms, w.port.now_ms, w.port.now_ms + 10 * SECOND);
        tk_wait(&w.port, until_ms);
    }
    assert_int_equal(w.port.reboots, 0);
    world_assert_begins(world_type(&w, "token"), "OK access_token=access1 ");
    world_assert_begins(world_type(&w, "reboot"), "OK");
    run_passes(6 * SECOND);
    assert_int_equal(w.port.reboots, 1);
    assert_nothing_lost();
}

static void a_factory_reset_waits_for_nothing(void **state)
{
    (void)state;
    world_provision(&w);
    world_restart(&w, 1000);
    start_refresh(20 * SECOND);
    run_until_sent();
    world_assert_begins(world_type(&w, "factory-reset 0001"), "OK");
    assert_int_equal(w.port.reboots, 1);
    world_restart(&w, 1000);
    world_assert_state(&w, "no_client", "portal_missing");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(at_any_moment_of_a_refresh_no_pair_is_lost),
        TEST(at_any_moment_of_an_exchange_no_pair_is_lost),
        TEST(an_idle_gateway_ends_at_once),
        TEST(a_request_that_was_not_sent_is_not_begun),
        TEST(what_an_answer_causes_is_not_begun),
        TEST(a_post_is_not_awaited),
        TEST(a_silent_server_is_awaited_for_30_s),
        TEST(a_pair_in_ram_is_stored_first),
        TEST(flash_that_fails_is_awaited_for_30_s),
        TEST(the_watchdog_is_fed_and_the_token_served),
        TEST(a_factory_reset_waits_for_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
