/* SPDX-License-Identifier: Apache-2.0 */

/* Retry-After (RFC 9110 10.2.3): no request goes out before it, at most 5 minutes while the token
 * is valid and 15 afterwards; and without it none within a second. */

#include "tk_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"

#define SECOND ((uint64_t)1000)
#define MINUTE (60 * SECOND)

enum { ROWS = 3, STATUSES = 3 };

static const int statuses[STATUSES] = {429, 503, 502};
static char fields[80];

/* A Retry-After of so many seconds; as_date: as a time, in one of three ways. */
static void ask_to_wait(unsigned seconds, unsigned way)
{
    static const char *const dates[] = {"Wed, 18 Nov 2026 12:%02u:%02u GMT",
                                        "Wednesday, 18-Nov-26 12:%02u:%02u GMT",
                                        "Wed Nov 18 12:%02u:%02u 2026"};
    char date[60];

    w.server.date = "Wed, 18 Nov 2026 12:00:00 GMT";
    snprintf(date, sizeof date, "%u", seconds);
    if (way > 0)
        snprintf(date, sizeof date, dates[way - 1], seconds / 60, seconds % 60);
    snprintf(fields, sizeof fields, "Retry-After: %s\r\n", date);
    w.fault_fields = fields;
}

/* Runs until the next request; returns the ms since the answer to the one before. */
static uint64_t next_request(void)
{
    unsigned before = w.server.requests;
    uint64_t from_ms = w.port.now_ms;

    while (w.server.requests == before) {
        world_run(&w, 10);
        assert_true(w.port.now_ms < from_ms + 20 * MINUTE);
    }
    return w.server.last_ms - from_ms;
}

static void fail_a_refresh(int status)
{
    w.fault_status = status;
    world_fault(&w, WORLD_STATUS, 1);
    world_restart(&w, SECOND);
    world_type(&w, "auth refresh");
}

static void a_refresh_is_not_repeated_before_it(void **state)
{
    (void)state;
    world_provision(&w);
    for (unsigned i = 0; i < 4 * STATUSES; i++) {
        unsigned seconds = 2 + i * 25;

        ask_to_wait(seconds, i % 4);
        fail_a_refresh(statuses[i / 4]);
        uint64_t waited = next_request();

        assert_in_range(waited, seconds * SECOND - 20, seconds * SECOND * 11 / 10 + 20);
        assert_string_equal(world_status(&w, "state"), "ready");
    }
}

static void it_is_capped(void **state)
{
    (void)state;
    world_provision(&w);
    ask_to_wait(3000, 0);
    fail_a_refresh(503);
    assert_in_range(next_request(), 5 * MINUTE - 20, 5 * MINUTE + 20);
    ask_to_wait(4294967, 0);
    w.fault_status = 429;
    world_fault(&w, WORLD_STATUS, 0);
    world_run(&w, 90 * MINUTE);
    assert_string_equal(world_status(&w, "expires_in"), "0");
    (void)next_request();
    assert_in_range(next_request(), 15 * MINUTE - 20, 15 * MINUTE + 20);
}

/* Not a server of ours: no number, nothing to wait for, a date that is over. */
static void what_says_nothing_is_ignored(void **state)
{
    static const char *const rows[] = {"Retry-After: soon\r\n", "Retry-After: 0\r\n",
                                       "Retry-After: -3\r\n",
                                       "Retry-After: Mon, 02 Nov 2026 12:00:00 GMT\r\n"};

    (void)state;
    world_provision(&w);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        w.fault_fields = rows[i];
        fail_a_refresh(503);
        assert_in_range(next_request(), SECOND - 20, 2 * SECOND + 20);
    }
}

static void without_it_no_retry_follows_within_a_second(void **state)
{
    (void)state;
    world_provision(&w);
    for (unsigned i = 0; i < 60; i++) {
        fail_a_refresh(statuses[i % STATUSES]);
        assert_in_range(next_request(), SECOND - 20, 2 * SECOND + 20);
    }
}

/* What is open may be refreshed within a second after a setting changes; not before it, though. */
static void a_setting_does_not_shorten_it(void **state)
{
    (void)state;
    world_provision(&w);
    ask_to_wait(100, 0);
    fail_a_refresh(503);
    assert_string_equal(world_status(&w, "intent"), "open");
    world_type(&w, "set renew 20m");
    assert_in_range(next_request(), 99 * SECOND, 110 * SECOND);
}

static void a_demand_does_not_shorten_it(void **state)
{
    (void)state;
    world_provision(&w);
    ask_to_wait(100, 0);
    fail_a_refresh(503);
    unsigned before = w.server.requests;

    for (int i = 0; i < 9; i++) {
        world_assert_begins(world_type(&w, "token 3600"), "OK access_token=");
        world_run(&w, 10 * SECOND);
    }
    assert_int_equal(w.server.requests, before);
}

/* --- webhooks and calls --- */

static void a_post_is_not_repeated_before_it(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/x");
    for (unsigned i = 0; i < 2 * STATUSES; i++) {
        unsigned seconds = 20 + i * 30;

        ask_to_wait(seconds, i % 2 * 2);
        w.webhook_status = statuses[i / 2];
        world_restart(&w, SECOND);
        world_webhook_fault(&w, WORLD_STATUS);
        world_error(&w, "invalid_client", 400, 0);
        world_type(&w, "auth refresh");
        (void)next_request(); /* the POST */
        world_fault(&w, WORLD_WELL, 0);
        world_run(&w, SECOND);
        world_webhook_fault(&w, WORLD_WELL);
        assert_in_range(next_request(), seconds * SECOND - 1100, seconds * SECOND * 11 / 10);
        world_type(&w, "auth refresh");
        world_run(&w, 20 * MINUTE);
        assert_string_equal(world_status(&w, "escalation"), "0");
    }
}

/* Another level, or the end of the fault, is posted at once as a rule. */
static void what_happens_meanwhile_is_posted_after_it(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/x");
    ask_to_wait(200, 0);
    w.webhook_status = 503;
    world_restart(&w, SECOND);
    world_webhook_fault(&w, WORLD_STATUS);
    world_error(&w, "invalid_client", 400, 0);
    world_type(&w, "auth refresh");
    (void)next_request();
    world_fault(&w, WORLD_WELL, 0);
    world_type(&w, "auth refresh");
    assert_string_equal(world_status(&w, "escalation"), "0");
    world_webhook_fault(&w, WORLD_WELL);
    world_run(&w, 190 * SECOND);
    assert_int_equal(w.server.posts, 0);
    world_run(&w, 40 * SECOND);
    assert_int_equal(w.server.posts, 1);
}

static void a_call_is_not_repeated_before_it(void **state)
{
    (void)state;
    world_set_client(&w);
    ask_to_wait(250, 0);
    w.fault_status = 503;
    const struct server_fault busy = {
        .kind = SERVER_STATUS, .status = 503, .body = "", .fields = fields};

    server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &busy);
    world_give_code(&w, "code1");
    world_assert_begins(world_type(&w, "auth code code1"), "OK state=ready generation=1");
    assert_string_equal(world_status(&w, "rest"), "unreachable");
    assert_in_range(next_request(), 249 * SECOND, 275 * SECOND);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_refresh_is_not_repeated_before_it),
        TEST(it_is_capped),
        TEST(what_says_nothing_is_ignored),
        TEST(without_it_no_retry_follows_within_a_second),
        TEST(a_setting_does_not_shorten_it),
        TEST(a_demand_does_not_shorten_it),
        TEST(a_post_is_not_repeated_before_it),
        TEST(what_happens_meanwhile_is_posted_after_it),
        TEST(a_call_is_not_repeated_before_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
