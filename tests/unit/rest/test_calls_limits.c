/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a whole gateway: the portal's limits, of requests and of operating time. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "rest_calls.h"

static struct test_call calls[60];

static int begin_calls(void **state)
{
    memset(calls, 0, sizeof calls);
    return begin(state);
}

static struct test_call *fresh(void)
{
    memset(&calls[0], 0, sizeof calls[0]);
    return &calls[0];
}

#define READ  "crm.deal.list"
#define WRITE "crm.deal.add"

static void the_portals_limit_is_never_met(void **state)
{
    struct server_bucket bucket = {.level = 0};
    uint64_t start_ms = w.port.now_ms;
    unsigned dones = 0;

    (void)state;
    w.server.bucket = &bucket;
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(start(&calls[i], WRITE, NULL), TK_OK);
    for (unsigned i = 0; i < 60; i++) {
        run_until_done(&calls[i]);
        dones += calls[i].result.err == TK_OK;
    }
    assert_int_equal(dones, 60);
    assert_int_equal(executed, 60);
    assert_int_equal(bucket.overflows, 0);
    assert_in_range(w.port.now_ms - start_ms, 4000, 7000); /* 10 beyond the depth, 2 a second */
}

/* Another gateway behind the same address has used it up. */
static void a_limit_that_is_met_is_waited_for(void **state)
{
    struct server_bucket bucket = {.level = 52, .at_ms = 0};
    struct test_call *x = fresh();

    (void)state;
    w.server.bucket = &bucket;
    bucket.at_ms = server_now(&w.server);
    run_call(x, WRITE, NULL);
    assert_int_equal(x->result.err, TK_OK);
    assert_int_equal(executed, 1);
    assert_int_equal(bucket.overflows, 1);
}

static void a_limit_ends_a_call_that_cannot_wait(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    x->call.timeout_ms = 1000;
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 0);
    run_call(x, READ, NULL);
    assert_int_equal(x->result.err, TK_E_REST_LIMIT);
    assert_int_equal(x->result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(x->result.retry_in_s, 2);
    x = &calls[1];
    assert_int_equal(start(x, READ, NULL), TK_OK);
    assert_in_range(tk_call_wait_ms(&w.keeper, &x->call), 1400, 1500);
    assert_int_equal(start(&calls[2], READ, NULL), TK_OK);
    assert_in_range(tk_call_wait_ms(&w.keeper, &calls[2].call), 1900, 2000);
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 3);
    run_until_done(x);
    assert_int_equal(x->result.err, TK_OK);
    run_until_done(&calls[2]);
    assert_int_equal(tk_call_wait_ms(&w.keeper, &calls[2].call), 0);
}

/* It would be sent when its time is over. */
static void a_limit_that_ends_with_the_timeout_ends_a_call(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    x->call.timeout_ms = 1500;
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 1);
    uint64_t start_ms = w.port.now_ms;

    run_call(x, READ, NULL);
    assert_int_equal(x->result.err, TK_E_REST_LIMIT);
    assert_in_range(x->done_ms - start_ms, 0, 10);
}

static void calls_of_another_portal_do_not_count(void **state)
{
    (void)state;
    world_assert_begins(world_type(&w, "ref add other"), "OK");
    world_assert_begins(world_type(&w, "set portal other.bitrix24.de"), "OK");
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 1);
    assert_int_equal(start(&calls[0], READ, NULL), TK_OK);
    world_run(&w, 100);
    assert_in_range(tk_call_wait_ms(&w.keeper, &calls[0].call), 1, 1500);
    tk_bucket_empty(&w.keeper.calls.buckets[1], w.port.now_ms, 1000);
    calls[1].call.ref = "other";
    assert_int_equal(start(&calls[1], READ, NULL), TK_OK);
    assert_in_range(tk_call_wait_ms(&w.keeper, &calls[1].call), 900, 1000);
    tk_call_cancel(&w.keeper, &calls[1].call);
    run_until_done(&calls[0]);
}

static void operating_time_holds_one_method(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    x->call.timeout_ms = 120000;
    world_error(&w, "OPERATION_TIME_LIMIT", 429, 1);
    uint64_t start_ms = w.port.now_ms;

    assert_int_equal(start(x, READ, NULL), TK_OK);
    world_run(&w, 100);
    run_call(&calls[1], "crm.lead.list", NULL);
    assert_true(w.port.now_ms < start_ms + 1000);
    calls[2].call.timeout_ms = 30000; /* cannot wait */
    run_call(&calls[2], READ, NULL);
    assert_int_equal(calls[2].result.err, TK_E_REST_LIMIT);
    assert_in_range(calls[2].result.retry_in_s, 59, 61);
    run_until_done(x);
    assert_int_equal(x->result.err, TK_OK);
    assert_in_range(w.port.now_ms - start_ms, 60000, 61000);
}

static const char *const methods[] = {"a.get", "b.get", "c.get", "d.get", "e.get",
                                      "f.get", "g.get", "h.get", "i.get", "j.get"};

/* The call of the method ends at once: its operating time is used up. */
static bool is_held(const char *method)
{
    struct test_call *x = fresh();

    x->call.timeout_ms = 100;
    run_call(x, method, NULL);
    assert_true(x->result.err == TK_OK || x->result.err == TK_E_REST_LIMIT);
    return x->result.err == TK_E_REST_LIMIT;
}

static void use_up(const char *method)
{
    world_error(&w, "OPERATION_TIME_LIMIT", 429, 1);
    assert_true(is_held(method));
}

static void operating_time_holds_each_method(void **state)
{
    (void)state;
    for (unsigned i = 0; i < TK_LIMITED; i++) {
        use_up(methods[i]);
        world_run(&w, 1000);
    }
    for (unsigned i = 0; i < TK_LIMITED; i++)
        assert_true(is_held(methods[i]));
    use_up(methods[TK_LIMITED]); /* one too many: the first would end first */
    assert_false(is_held(methods[0]));
    for (unsigned i = 1; i <= TK_LIMITED; i++)
        assert_true(is_held(methods[i]));
    use_up(methods[0]); /* now the second */
    assert_false(is_held(methods[1]));
    for (unsigned i = 2; i <= TK_LIMITED; i++)
        assert_true(is_held(methods[i]));
    world_run(&w, 62000);
    for (unsigned i = 0; i <= TK_LIMITED; i++)
        assert_false(is_held(methods[i]));
}

/* Two calls learn it at once. */
static void a_method_is_held_once(void **state)
{
    (void)state;
    use_up(methods[1]);
    world_run(&w, 1000);
    world_latency(&w, 50);
    world_error(&w, "OPERATION_TIME_LIMIT", 429, 2);
    for (unsigned i = 0; i < 2; i++) {
        calls[i].call.user = i;
        assert_int_equal(start(&calls[i], methods[0], NULL), TK_OK);
    }
    world_run(&w, 100);
    tk_call_cancel(&w.keeper, &calls[0].call);
    tk_call_cancel(&w.keeper, &calls[1].call);
    for (unsigned i = 2; i < TK_LIMITED; i++)
        use_up(methods[i]);
    for (unsigned i = 0; i < TK_LIMITED; i++)
        assert_true(is_held(methods[i]));
}

/* For hours, and no wait becomes short again. */
static void a_limit_that_stays_is_tried_less_than_once_a_minute(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    x->call.timeout_ms = 10 * 3600 * 1000;
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL),
                     &(struct server_fault){.kind = SERVER_ERROR, .error = "QUERY_LIMIT_EXCEEDED"});
    assert_int_equal(start(x, READ, NULL), TK_OK);
    world_run(&w, 10);
    assert_in_range(tk_call_wait_ms(&w.keeper, &x->call), 1480, 1500);
    world_run(&w, 1500);
    assert_in_range(tk_call_wait_ms(&w.keeper, &x->call), 2220, 2250);
    for (unsigned hour = 0; hour < 9; hour++) {
        unsigned before = w.server.faulty;

        world_run(&w, 3600000);
        assert_in_range(w.server.faulty - before, 38, hour == 0 ? 60 : 45);
    }
    tk_call_cancel(&w.keeper, &x->call);
}

/* More often than a failure is repeated. */
static void a_429_without_a_code_is_a_limit(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    w.fault_status = 429;
    world_fault(&w, WORLD_STATUS, 5);
    run_call(x, WRITE, NULL);
    assert_int_equal(x->result.err, TK_OK);
    assert_int_equal(executed, 1);
}

/* It waits for so long; or a minute, if that is more than the portal's 10 minutes. */
static void the_portal_says_how_long_a_method_is_held(void **state)
{
    static const struct {
        unsigned in_s, held_s;
    } rows[] = {{300, 300}, {600, 600}, {601, 60}};
    char body[120];

    (void)state;
    world_run(&w, 10000000); /* so that a tick counts */
    for (size_t i = 0; i < 3; i++) {
        struct server_fault fault = {.kind = SERVER_STATUS, .status = 429, .body = body};

        snprintf(body, sizeof body,
                 "{\"error\":\"OPERATION_TIME_LIMIT\",\"time\":{\"operating_reset_at\":%lld}}",
                 (long long)(truth() + rows[i].in_s));
        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &fault);
        assert_true(is_held(methods[i]));
        assert_in_range(calls[0].result.retry_in_s, rows[i].held_s - 1, rows[i].held_s + 1);
        server_set_fault(&w.server, SERVER_ALL, &(struct server_fault){.kind = SERVER_WELL});
        world_run(&w, 1000 * rows[i].held_s - 3000);
        assert_true(is_held(methods[i]));
        world_run(&w, 5000);
        assert_false(is_held(methods[i]));
    }
}

static void users_share_the_limit_evenly(void **state)
{
    (void)state;
    world_error(&w, "QUERY_LIMIT_EXCEEDED", 503, 1);
    for (unsigned i = 0; i < 20; i++) {
        calls[i].call.user = 1;
        assert_int_equal(start(&calls[i], READ, NULL), TK_OK);
    }
    world_run(&w, 2000);
    calls[20].call.user = 2;
    assert_int_equal(start(&calls[20], READ, NULL), TK_OK);
    run_until_done(&calls[20]);
    assert_in_range(executed, 1, 6);
    for (unsigned i = 0; i < 20; i++)
        run_until_done(&calls[i]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_calls, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_portals_limit_is_never_met),
        TEST(a_limit_that_is_met_is_waited_for),
        TEST(a_limit_ends_a_call_that_cannot_wait),
        TEST(a_limit_that_ends_with_the_timeout_ends_a_call),
        TEST(calls_of_another_portal_do_not_count),
        TEST(operating_time_holds_one_method),
        TEST(operating_time_holds_each_method),
        TEST(a_method_is_held_once),
        TEST(a_limit_that_stays_is_tried_less_than_once_a_minute),
        TEST(a_429_without_a_code_is_a_limit),
        TEST(the_portal_says_how_long_a_method_is_held),
        TEST(users_share_the_limit_evenly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
