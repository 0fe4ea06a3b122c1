/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a whole gateway: who gets a connection while others keep theirs. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "rest_calls.h"

#define WRITE "crm.deal.add"

enum { SLOW_MS = 50000, SOON_MS = 200, OTHER_PORTAL = 1 << 5 /* in world.c */ };

static struct test_call calls[20];

static int begin_calls(void **state)
{
    memset(calls, 0, sizeof calls);
    begin(state);
    world_assert_begins(world_type(&w, "ref add other"), "OK");
    world_assert_begins(world_type(&w, "set portal other.bitrix24.com"), "OK");
    world_type(&w, "set client_id local.1");
    world_type(&w, "set client_secret s3cret");
    world_give_code(&w, "code2");
    w.server.client_endpoint = "https://other.bitrix24.com/rest/";
    world_assert_begins(world_type(&w, "auth code code2"), "OK state=ready");
    w.server.client_endpoint = NULL;
    executed = 0;
    return 0;
}

static void start_for(unsigned i, const char *ref, uint32_t user)
{
    calls[i].call.ref = ref;
    calls[i].call.user = user;
    assert_int_equal(start(&calls[i], WRITE, NULL), TK_OK);
}

/* It is sent and answered at once. */
static void assert_not_delayed(unsigned i, const char *ref, uint32_t user)
{
    start_for(i, ref, user);
    world_run(&w, SOON_MS);
    assert_int_equal(calls[i].dones, 1);
    assert_int_equal(calls[i].result.err, TK_OK);
}

static size_t read_nothing(struct tk_call *call, const char *data, size_t len)
{
    (void)call;
    (void)data;
    (void)len;
    return 0;
}

/* A call whose caller reads nothing, for as long as it may. */
static void start_reader_of_nothing(unsigned i, uint32_t user)
{
    start_for(i, "token", user);
    calls[i].call.on_body = read_nothing;
    world_run(&w, SOON_MS);
    assert_int_equal(calls[i].dones, 0);
}

static void slow_down(unsigned hosts)
{
    server_set_fault(&w.server, hosts, &(struct server_fault){.kind = SERVER_SLOW, .ms = SLOW_MS});
}

/* Also of the same user. */
static void a_caller_that_reads_nothing_delays_no_other(void **state)
{
    (void)state;
    start_reader_of_nothing(0, 1);
    for (unsigned i = 1; i < 10; i++)
        assert_not_delayed(i, i % 2 == 0 ? "other" : "token", i % 3);
}

static void a_portal_that_answers_late_delays_no_other(void **state)
{
    (void)state;
    slow_down(OTHER_PORTAL);
    for (unsigned i = 0; i < 10; i++)
        start_for(i, "other", i % 3);
    world_run(&w, SOON_MS);
    for (unsigned i = 10; i < 16; i++)
        assert_not_delayed(i, "token", i % 3);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(calls[i].dones, 0);
}

static void both_at_once_delay_no_other(void **state)
{
    (void)state;
    start_reader_of_nothing(0, 1);
    slow_down(OTHER_PORTAL);
    for (unsigned i = 1; i < 10; i++)
        start_for(i, "other", 1);
    world_run(&w, SOON_MS);
    for (unsigned i = 10; i < 16; i++)
        assert_not_delayed(i, "token", i % 3);
}

/* The portal is slow for one method: that of one user. */
static void a_user_with_many_slow_calls_delays_no_other(void **state)
{
    (void)state;
    slow_down(SERVER_ALL);
    for (unsigned i = 0; i < 10; i++)
        start_for(i, "token", 1);
    world_run(&w, SOON_MS);
    server_set_fault(&w.server, SERVER_ALL, &(struct server_fault){.kind = SERVER_WELL});
    for (unsigned i = 10; i < 13; i++)
        assert_not_delayed(i, "token", 2);
    assert_not_delayed(13, "other", 1);
}

static void a_call_without_a_connection_ends_in_time(void **state)
{
    struct test_call *x = &calls[10];
    uint64_t start_ms = w.port.now_ms;

    (void)state;
    slow_down(OTHER_PORTAL);
    for (unsigned i = 0; i < 10; i++)
        start_for(i, "other", i);
    x->call.timeout_ms = 5000;
    start_for(10, "other", 10);
    run_until_done(x);
    assert_int_equal(x->result.err, TK_E_TIMEOUT);
    assert_int_equal(x->result.outcome, TK_CALL_NOT_SENT);
    assert_in_range(x->done_ms - start_ms, 5000, 5010);
}

static unsigned count_sent(uint32_t user)
{
    unsigned n = 0;

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        n += calls[i].call.user == user && tk_call_was_sent(&calls[i].call);
    return n;
}

static void connections_are_shared_by_users(void **state)
{
    (void)state;
    slow_down(SERVER_ALL);
    for (unsigned i = 0; i < 12; i++)
        start_for(i, i % 2 == 0 ? "token" : "other", 1);
    world_run(&w, SOON_MS);
    assert_int_equal(count_sent(1), TK_CONNECTIONS - 1); /* at both portals */
    for (unsigned i = 0; i < 12; i++)
        tk_call_cancel(&w.keeper, &calls[i].call);
    for (unsigned i = 0; i < 12; i++)
        start_for(i, "token", 1 + i / 3);
    world_run(&w, SOON_MS);
    for (uint32_t user = 1; user <= 4; user++)
        assert_int_equal(count_sent(user), 1);
}

/* Whatever calls do, one connection is left. */
static void a_refresh_is_not_delayed(void **state)
{
    unsigned before = w.server.refreshes;

    (void)state;
    slow_down(server_hosts(&w.server, SERVER_PORTAL));
    for (unsigned i = 0; i < 12; i++)
        start_for(i, i % 2 == 0 ? "token" : "other", i);
    world_run(&w, 11000); /* a refresh follows another after 10 s */
    for (unsigned i = 0; i < 12; i++)
        assert_int_equal(tk_call_was_sent(&calls[i].call), i < TK_CONNECTIONS - 1);
    world_assert_begins(world_type(&w, "auth refresh"), "OK");
    assert_int_equal(w.server.refreshes, before + 1);
    assert_int_equal(calls[0].dones, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_calls, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_caller_that_reads_nothing_delays_no_other),
        TEST(a_portal_that_answers_late_delays_no_other),
        TEST(both_at_once_delay_no_other),
        TEST(a_user_with_many_slow_calls_delays_no_other),
        TEST(a_call_without_a_connection_ends_in_time),
        TEST(connections_are_shared_by_users),
        TEST(a_refresh_is_not_delayed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
