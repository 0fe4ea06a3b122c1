/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a whole gateway: what is repeated, and when. */

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

/* --- the table --- */

#define READ  "crm.deal.list"
#define WRITE "crm.deal.add"

/* A fault that stays: how often a method is carried out, and how the call ends. */
static void each_failure_is_repeated_as_it_may_be(void **state)
{
    static const struct {
        enum server_fault_kind kind;
        const char *error;
        int status;
        unsigned requests[2]; /* that the portal gets, of a read and a write */
        enum tk_err err[2];
        enum tk_call_outcome outcome;
    } rows[] = {
        {SERVER_REFUSES,
         NULL,
         0,
         {0, 0},
         {TK_E_CONNECT_FAILED, TK_E_CONNECT_FAILED},
         TK_CALL_NOT_SENT},
        {SERVER_LOSES, NULL, 0, {4, 1}, {TK_E_CONN_LOST, TK_E_UNKNOWN_OUTCOME}, TK_CALL_UNKNOWN},
        {SERVER_CLOSES, NULL, 0, {4, 1}, {TK_E_CONN_LOST, TK_E_UNKNOWN_OUTCOME}, TK_CALL_UNKNOWN},
        {SERVER_TRUNCATES,
         NULL,
         0,
         {4, 1},
         {TK_E_TRUNCATED, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS,
         NULL,
         500,
         {4, 1},
         {TK_E_SERVER_ERROR, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS,
         NULL,
         502,
         {4, 1},
         {TK_E_SERVER_ERROR, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS,
         NULL,
         504,
         {4, 1},
         {TK_E_SERVER_ERROR, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS,
         NULL,
         503,
         {4, 1},
         {TK_E_SERVER_BUSY, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS,
         NULL,
         200,
         {4, 1},
         {TK_E_BAD_ANSWER, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS, NULL, 400, {1, 1}, {TK_E_HTTP_STATUS, TK_E_HTTP_STATUS}, TK_CALL_DONE},
        {SERVER_STATUS,
         NULL,
         408,
         {4, 1},
         {TK_E_SERVER_BUSY, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_STATUS, NULL, 404, {1, 1}, {TK_E_HTTP_STATUS, TK_E_HTTP_STATUS}, TK_CALL_DONE},
        {SERVER_STATUS,
         NULL,
         302,
         {1, 1},
         {TK_E_HTTP_REDIRECT, TK_E_HTTP_REDIRECT},
         TK_CALL_NOT_SENT},
        {SERVER_ERROR,
         "INTERNAL_SERVER_ERROR",
         500,
         {4, 1},
         {TK_E_SERVER_ERROR, TK_E_UNKNOWN_OUTCOME},
         TK_CALL_UNKNOWN},
        {SERVER_ERROR,
         "INTERNAL_SERVER_ERROR",
         429,
         {4, 4},
         {TK_E_SERVER_ERROR, TK_E_SERVER_ERROR},
         TK_CALL_NOT_SENT},
        {SERVER_ERROR, "ERROR_CORE", 400, {1, 1}, {TK_E_REST_ERROR, TK_E_REST_ERROR}, TK_CALL_DONE},
        {SERVER_ERROR,
         "ACCESS_DENIED",
         403,
         {1, 1},
         {TK_E_ACCESS_DENIED, TK_E_ACCESS_DENIED},
         TK_CALL_DONE},
        {SERVER_ERROR,
         "ERROR_METHOD_NOT_FOUND",
         404,
         {1, 1},
         {TK_E_REST_ERROR, TK_E_REST_ERROR},
         TK_CALL_DONE},
        {SERVER_ERROR,
         "insufficient_scope",
         401,
         {1, 1},
         {TK_E_INVALID_SCOPE, TK_E_INVALID_SCOPE},
         TK_CALL_DONE},
        {SERVER_ERROR,
         "NO_AUTH_FOUND",
         401,
         {1, 1},
         {TK_E_REST_ERROR, TK_E_REST_ERROR},
         TK_CALL_DONE},
        {SERVER_ERROR,
         "CONNECTION_ERROR",
         401,
         {4, 4},
         {TK_E_SERVER_ERROR, TK_E_SERVER_ERROR},
         TK_CALL_NOT_SENT},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof rows / sizeof rows[0]; i++) {
        struct server_fault fault = {.kind = rows[i / 2].kind,
                                     .error = rows[i / 2].error,
                                     .status = rows[i / 2].status,
                                     .body = "<html>"};
        bool writes = i % 2 == 1;
        struct test_call *x = fresh();

        world_run(&w, 3600000 / 60);
        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &fault);
        unsigned before = w.server.requests;

        executed = 0;
        run_call(x, writes ? WRITE : READ, "{\"a\":1}");
        if (w.server.requests - before != rows[i / 2].requests[writes] ||
            x->result.err != rows[i / 2].err[writes] || x->result.outcome != rows[i / 2].outcome)
            fail_msg("row %zu: %u requests, %s, outcome %d", i, w.server.requests - before,
                     tk_err_code(x->result.err), x->result.outcome);
        if (rows[i / 2].kind == SERVER_REFUSES)
            assert_int_equal(x->result.status, 0);
        server_set_fault(&w.server, SERVER_ALL, &(struct server_fault){.kind = SERVER_WELL});
    }
}

/* Within the caller's time; the portal itself ends a request after 60 s. */
static void a_portal_that_is_silent_is_given_up(void **state)
{
    static const uint32_t rows[][2] = {{5000, 5000}, {64000, 64000}, {200000, 65000}};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct test_call *x = fresh();
        uint64_t start_ms = w.port.now_ms;

        world_fault(&w, WORLD_SILENT, 1);
        x->call.timeout_ms = rows[i][0];
        run_call(x, WRITE, NULL);
        assert_int_equal(x->result.err, TK_E_UNKNOWN_OUTCOME);
        assert_in_range(x->done_ms - start_ms, rows[i][1], rows[i][1] + 20);
    }
}

static char keys[8][100];

static const char *note_key(struct server *s, const char *request, const char *body)
{
    const char *key = strstr(request, "\r\nIdempotency-Key: ");

    (void)s;
    (void)body;
    assert_non_null(key);
    assert_non_null(strstr(request, "POST /rest/api/tasks.task.add HTTP/1.1\r\n"));
    snprintf(keys[executed++], sizeof keys[0], "%.*s", (int)strcspn(key + 2, "\r"), key + 2);
    return "{\"result\":1}";
}

/* The portal carries out the first of them and replays its answer. */
static void a_write_of_rest_3_is_repeated_with_its_key(void **state)
{
    (void)state;
    w.server.on_call = note_key;
    world_fault(&w, WORLD_LOSES, 1);
    run_call(fresh(), "api/tasks.task.add", "{\"fields\":{}}");
    assert_int_equal(calls[0].result.err, TK_OK);
    run_call(fresh(), "api/tasks.task.add", NULL);
    assert_int_equal(executed, 3);
    assert_string_equal(keys[0], keys[1]);
    assert_string_not_equal(keys[1], keys[2]);
    world_restart(&w, 1000);
    world_run(&w, 1000);
    run_call(fresh(), "api/tasks.task.add", NULL);
    assert_string_not_equal(keys[0], keys[3]);
    assert_string_not_equal(keys[2], keys[3]);
}

/* The next call has another key: the caller must learn that this one may have been carried out. */
static void a_write_of_rest_3_may_have_an_unknown_outcome(void **state)
{
    (void)state;
    w.server.on_call = note_key;
    world_fault(&w, WORLD_LOSES, 4);
    run_call(fresh(), "api/tasks.task.add", NULL);
    assert_int_equal(calls[0].result.err, TK_E_UNKNOWN_OUTCOME);
    assert_int_equal(calls[0].result.outcome, TK_CALL_UNKNOWN);
    world_fault(&w, WORLD_LOSES, 1);
    fresh()->call.timeout_ms = 900; /* before its second attempt */
    assert_int_equal(start(&calls[0], "api/tasks.task.add", NULL), TK_OK);
    run_until_done(&calls[0]);
    assert_int_equal(calls[0].result.err, TK_E_UNKNOWN_OUTCOME);
    assert_int_equal(calls[0].result.outcome, TK_CALL_UNKNOWN);
}

/* --- the token --- */

static void a_token_that_expired_is_refreshed_once_for_all(void **state)
{
    (void)state;
    world_latency(&w, 50);
    w.server.rules.pairs[1].access_until = server_now(&w.server);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(start(&calls[i], i % 2 == 0 ? READ : WRITE, "{\"a\":1}"), TK_OK);
    unsigned before = w.server.refreshes;

    for (unsigned i = 0; i < 10; i++) {
        run_until_done(&calls[i]);
        assert_int_equal(calls[i].result.err, TK_OK);
        assert_string_equal(calls[i].answer, reply);
    }
    assert_int_equal(w.server.refreshes, before + 1);
    assert_int_equal(executed, 10);
    assert_non_null(strstr(sent, "access2"));
}

static void a_second_401_is_the_callers(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    unsigned before = w.server.refreshes;

    w.server.rest_error = "expired_token";
    run_call(x, WRITE, NULL);
    assert_int_equal(x->result.err, TK_E_TOKEN_REFUSED);
    assert_int_equal(x->result.outcome, TK_CALL_DONE);
    assert_int_equal(w.server.refreshes, before + 1);
    assert_non_null(strstr(x->answer, "expired_token"));
    x = fresh();
    run_call(x, WRITE, NULL); /* the budget of forced refreshes is used up */
    assert_int_equal(x->result.err, TK_E_TOKEN_REFUSED);
    assert_in_range(x->result.retry_in_s, 1, 60);
    assert_int_equal(executed, 0);
}

static void a_token_that_cannot_be_renewed_is_not_sent_again(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    w.server.rest_error = "expired_token";
    server_set_fault(&w.server, server_hosts(&w.server, SERVER_OAUTH),
                     &(struct server_fault){.kind = SERVER_STATUS, .status = 503, .body = ""});
    run_call(x, WRITE, NULL);
    assert_int_equal(x->result.err, TK_E_TOKEN_REFUSED);
    assert_int_equal(x->result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(x->result.retry_in_s, 0);
    assert_int_equal(executed, 0);
}

static void without_a_pair_there_are_no_calls(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    world_latency(&w, 1000);
    assert_int_equal(start(x, WRITE, NULL), TK_OK);
    world_run(&w, 100);
    world_assert_begins(world_type(&w, "auth forget"), "OK");
    world_run(&w, 100);
    assert_int_equal(x->dones, 1);
    assert_int_equal(x->result.err, TK_E_UNKNOWN_OUTCOME);
    assert_int_equal(x->result.outcome, TK_CALL_UNKNOWN);
    x = fresh();
    run_call(x, WRITE, NULL);
    assert_int_equal(x->result.err, TK_E_NEEDS_CODE);
    assert_int_equal(x->result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(x->result.retry_in_s, 0);
    world_assert_begins(world_type(&w, "ref del token"), "OK");
}

/* --- cuts --- */

/* The connection ends after each byte of the request and of the answer. */
static void the_server_dies_at_every_byte(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4 * 420; i++) {
        struct server_fault fault = {.kind = SERVER_FLOW, .exact = true};
        struct tk_sim_flow *flow = i % 2 == 0 ? &fault.up : &fault.down;
        bool writes = i / 2 % 2 == 1;
        struct test_call *x = fresh();

        flow->after = i / 4;
        flow->event = TK_SIM_RESET;
        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &fault);
        executed = 0;
        run_call(x, writes ? WRITE : READ, "{\"a\":1}");
        if (writes) {
            assert_true(executed <= 1);
            assert_true(executed == 0 || x->result.outcome != TK_CALL_NOT_SENT);
            assert_true(executed == 1 || x->result.outcome != TK_CALL_DONE);
        }
        if (x->result.err == TK_OK)
            assert_string_equal(x->answer, reply);
        server_set_fault(&w.server, SERVER_ALL, &(struct server_fault){.kind = SERVER_WELL});
        world_run(&w, 20000);
    }
}

/* --- the end --- */

static void a_shutdown_ends_calls(void **state)
{
    unsigned sent_count = 0;

    (void)state;
    world_latency(&w, 1000);
    for (unsigned i = 0; i < TK_CONNECTIONS; i++)
        assert_int_equal(start(&calls[i], WRITE, NULL), TK_OK);
    world_run(&w, 100);
    while (sent_count < TK_CONNECTIONS && tk_call_was_sent(&calls[sent_count].call))
        sent_count++;
    assert_in_range(sent_count, 1, TK_CONNECTIONS - 1);
    assert_true(tk_keeper_shutdown(&w.keeper));
    for (unsigned i = 0; i < sent_count; i++) {
        assert_int_equal(calls[i].result.err, TK_E_UNKNOWN_OUTCOME);
        assert_int_equal(calls[i].result.outcome, TK_CALL_UNKNOWN);
    }
    for (unsigned i = sent_count; i < TK_CONNECTIONS; i++) {
        assert_int_equal(calls[i].dones, 1);
        assert_int_equal(calls[i].result.err, TK_E_CANCELLED);
        assert_int_equal(calls[i].result.retry_in_s, 0);
        assert_int_equal(calls[i].result.outcome, TK_CALL_NOT_SENT);
    }
    assert_int_equal(start(&calls[TK_CONNECTIONS], READ, NULL), TK_E_TRY_LATER);
}

static void a_cancelled_call_is_not_done(void **state)
{
    (void)state;
    world_latency(&w, 1000);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(start(&calls[i], WRITE, NULL), TK_OK);
    world_run(&w, 100);
    for (unsigned i = 0; i < 3; i++) {
        tk_call_cancel(&w.keeper, &calls[i].call);
        tk_call_cancel(&w.keeper, &calls[i].call);
        tk_call_resume(&w.keeper, &calls[i].call);
    }
    world_run(&w, 100000);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(calls[i].dones, 0);
    world_assert_begins(world_type(&w, "auth forget"), "OK"); /* nothing pins the account */
}

static void a_portal_that_moved_is_followed(void **state)
{
    struct test_call *x = fresh();

    (void)state;
    w.server.redirects[0].host = "acme.bitrix24.com";
    w.server.redirects[0].location = "https://new.bitrix24.de/rest/x";
    run_call(x, WRITE, "{\"a\":1}");
    assert_int_equal(x->result.err, TK_OK);
    assert_string_equal(sent, "{\"auth\":\"access1\",\"a\":1}");
    assert_int_equal(executed, 1);
    assert_string_equal(world_status(&w, "portal"), "new.bitrix24.de");
    w.server.redirects[1].host = "new.bitrix24.de";
    w.server.redirects[1].location = "https://evil.example/rest/x";
    x = fresh();
    run_call(x, WRITE, "{\"a\":1}");
    assert_int_equal(x->result.err, TK_E_PORTAL_MOVED);
    assert_int_equal(executed, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin_calls, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(each_failure_is_repeated_as_it_may_be),
        TEST(a_portal_that_is_silent_is_given_up),
        TEST(a_write_of_rest_3_is_repeated_with_its_key),
        TEST(a_write_of_rest_3_may_have_an_unknown_outcome),
        TEST(a_token_that_expired_is_refreshed_once_for_all),
        TEST(a_second_401_is_the_callers),
        TEST(a_token_that_cannot_be_renewed_is_not_sent_again),
        TEST(without_a_pair_there_are_no_calls),
        TEST(the_server_dies_at_every_byte),
        TEST(a_shutdown_ends_calls),
        TEST(a_cancelled_call_is_not_done),
        TEST(a_portal_that_moved_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
