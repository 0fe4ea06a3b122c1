/* SPDX-License-Identifier: Apache-2.0 */

/* Calls of a whole gateway: what is sent, and what comes back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "rest_calls.h"

/* --- the body --- */

static void the_token_is_put_before_the_members(void **state)
{
    static const char *const rows[][2] = {
        {NULL, "{\"auth\":\"access1\"}"},
        {"{}", "{\"auth\":\"access1\"}"},
        {" \r\n{ } ", "{\"auth\":\"access1\" } "},
        {"\xef\xbb\xbf{\"a\":false}", "{\"auth\":\"access1\",\"a\":false}"},
        {"{\"x\":null,\"y\":[],\"z\":\"2026-11-29T12:00:00+03:00\"}",
         "{\"auth\":\"access1\",\"x\":null,\"y\":[],\"z\":\"2026-11-29T12:00:00+03:00\"}"},
        {"{\"x\":{\"auth\":1,\"access_token\":2}}",
         "{\"auth\":\"access1\",\"x\":{\"auth\":1,\"access_token\":2}}"},
        {"{\"author\":\"auth\",\"auth_\":\"\\ud83d\\ude00\"}",
         "{\"auth\":\"access1\",\"author\":\"auth\",\"auth_\":\"\\ud83d\\ude00\"}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 0; piece < 4; piece++) {
            struct test_call x = {.piece = piece};

            run_call(&x, "user.current", rows[i][0]);
            assert_int_equal(x.result.err, TK_OK);
            assert_string_equal(sent, rows[i][1]);
        }
    }
}

static void a_large_body_is_sent(void **state)
{
    char body[2000], wanted[2100];
    struct test_call x = {.body = NULL};

    (void)state;
    snprintf(body, sizeof body, "{\"a\":\"%01900d\"}", 7);
    snprintf(wanted, sizeof wanted, "{\"auth\":\"access1\",%s", body + 1);
    run_call(&x, "user.current", body);
    assert_int_equal(x.result.err, TK_OK);
    assert_string_equal(sent, wanted);
}

static void other_bodies_are_refused(void **state)
{
    static const char *const rows[] = {"",
                                       " ",
                                       "[]",
                                       "null",
                                       "{",
                                       "{}x",
                                       "{}{}",
                                       "x{}",
                                       "[{}]",
                                       "{\"a\":1",
                                       "{\"a\":1]",
                                       "{\"auth\":\"x\"}",
                                       "{\"a\":{},\"AUTH\":null}",
                                       "{\"a\":[1,{}],\"Access_Token\":{\"a\":1}}",
                                       "{\"authorization\":1}",
                                       "{\"Authorization\":[]}",
                                       "{\"\\u0061uth\":1}",
                                       "{\"\\u0041\\u0055th\":1}",
                                       "{\"a\":1,\"access\\u005ftoken\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 0; piece < 3; piece++) {
            struct test_call x = {.piece = piece};

            if (rows[i][0] == '\0')
                continue;
            assert_int_equal(start(&x, "user.current", rows[i]), TK_E_BAD_BODY);
            world_run(&w, 1000);
            assert_int_equal(x.dones, 0);
        }
    }
    assert_int_equal(executed, 0);
}

static size_t give_up(struct tk_call *call, uint32_t offset, char *out, size_t size)
{
    return offset < 4 ? produce(call, offset, out, 1) : size - size;
}

static void a_producer_may_give_up(void **state)
{
    struct test_call x = {.body = "{\"a\":\"bcd\"}"};

    (void)state;
    x.call = (struct tk_call){.method = "user.current",
                              .produce = give_up,
                              .done = done,
                              .timeout_ms = 1000,
                              .body_len = 11};
    assert_int_equal(tk_call_start(&w.keeper, &x.call), TK_E_CANCELLED);
    x.call.produce = produce;
    assert_int_equal(tk_call_start(&w.keeper, &x.call), TK_OK);
    x.call.produce = give_up;
    run_until_done(&x);
    assert_int_equal(x.result.err, TK_E_CANCELLED);
    assert_int_equal(executed, 0);
}

static void what_cannot_be_called_is_refused(void **state)
{
    static const char *const names[] = {
        "",     "a/b",     "a?b",
        ".a",   "a.",      "a..b",
        "api/", "api/a/b", "../x",
        "a b",  "API/a",   "a2345678901234567890123456789012345678901234567890123456789012345"};
    struct test_call x = {.body = NULL};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(start(&x, names[i], NULL), TK_E_BAD_VALUE);
    x.call.ref = "nobody";
    assert_int_equal(start(&x, "app.info", NULL), TK_E_NO_SUCH_REF);
    assert_int_equal(executed, 0);
}

static void an_endpoint_without_tls_is_not_called(void **state)
{
    struct test_call x = {.body = NULL};

    (void)state;
    strcpy(w.keeper.accounts.of[0].info.client_endpoint, "http://acme.bitrix24.com/rest/");
    run_call(&x, "app.info", NULL);
    assert_int_equal(x.result.err, TK_E_REST_INSECURE);
    assert_int_equal(x.result.outcome, TK_CALL_NOT_SENT);
    assert_int_equal(x.result.retry_in_s, 0);
    assert_int_equal(executed, 0);
}

/* It is not the portal's host, and does not become that. */
static void the_endpoint_is_called(void **state)
{
    struct test_call x = {.body = NULL};

    (void)state;
    strcpy(w.keeper.accounts.of[0].info.client_endpoint, "https://other.bitrix24.com/rest/");
    run_call(&x, "app.info", NULL);
    assert_int_equal(x.result.err, TK_OK);
    assert_non_null(strstr(w.last_request, "POST /rest/app.info HTTP/1.1\r\n"));
    assert_non_null(strstr(w.last_request, "\r\nHost: other.bitrix24.com\r\n"));
    assert_non_null(strstr(w.last_request, "\r\nContent-Type: application/json\r\n"));
    assert_status("portal", "acme.bitrix24.com");
}

/* --- the answer --- */

static void what_an_answer_says_is_found_in_passing(void **state)
{
    static const struct {
        const char *reply;
        uint32_t next, total, operating_ms;
        uint64_t last_id;
    } rows[] = {
        {"{\"result\":[{\"ID\":\"36\"},{\"ID\":\"37\"}],\"next\":50,\"total\":120,"
         "\"time\":{\"operating\":0.25,\"operating_reset_at\":1795000600}}",
         50, 120, 250, 37},
        {"                                                                  "
         "{\"result\":[{\"ID\":1}]}",
         0, 0, 0, 1},
        {"{\"result\":{\"items\":[{\"x\":{\"id\":9},\"id\":36,\"a\":[1]},{\"id\":38}]},"
         "\"total\":0,\"time\":{\"start\":1,\"operating\":12.3456}}",
         0, 0, 12345, 38},
        {"{\"result\":{\"tasks\":[{\"\\u0069d\" : \"40\" , \"title\":\"\\\"id\\\":7,{[\"}]}}", 0, 0,
         0, 40},
        {"{\"result\":{\"ID\":\"5\",\"next\":3,\"total\":4}}", 0, 0, 0, 0},
        {"{\"result\":{\"task\":{\"id\":\"5\"}}}", 0, 0, 0, 0},
        {"{\"result\":[[{\"ID\":5}]],\"x\":[{\"ID\":6}]}", 0, 0, 0, 0},
        {"{\"result\":[{\"ID\":5},{\"ID\":\"C1:x\"}]}", 0, 0, 0, 0},
        {"{\"result\":[{\"ID\":5},{\"ID\":null}]}", 0, 0, 0, 0},
        {"{\"result\":[{\"ID\":5},{\"NAME\":\"\"}]}", 0, 0, 0, 5},
        {"{\"result\":[{\"ID\":18446744073709551616}]}", 0, 0, 0, 0},
        {"{\"result\":[],\"next\":\"50\",\"total\":\"7\"}", 50, 7, 0, 0},
        {"{\"next\":1,\"result\":true}", 1, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_call x = {.takes = i % 3};

        reply = rows[i].reply;
        run_call(&x, "crm.deal.list", "{\"select\":[\"ID\"]}");
        assert_int_equal(x.result.err, TK_OK);
        assert_int_equal(x.result.outcome, TK_CALL_DONE);
        assert_int_equal(x.result.status, 200);
        assert_string_equal(x.answer, reply);
        assert_int_equal(x.result.has_next, rows[i].next > 0);
        assert_int_equal(x.result.next, rows[i].next);
        assert_int_equal(x.result.total, rows[i].total);
        assert_int_equal(x.result.operating_ms, rows[i].operating_ms);
        assert_int_equal(x.result.last_id, rows[i].last_id);
    }
}

static void the_id_of_rows_may_have_another_name(void **state)
{
    struct test_call x = {.call = {.id_key = "taskId"}};

    (void)state;
    reply = "{\"result\":[{\"id\":5,\"taskId\":\"77\"}]}";
    run_call(&x, "tasks.task.list", NULL);
    assert_int_equal(x.result.last_id, 77);
}

static void an_error_of_the_portal_is_passed_on(void **state)
{
    static const struct {
        const char *reply, *code;
        enum tk_err err;
    } rows[] = {
        {"{\"error\":\"ERROR_METHOD_NOT_FOUND\",\"error_description\":\"Method not found!\"}",
         "ERROR_METHOD_NOT_FOUND", TK_E_REST_ERROR},
        {"{\"error\":{\"code\":\"BITRIX_REST_V3_EXCEPTION_INVALIDJSON\",\"message\":\"x\"}}",
         "unlisted", TK_E_REST_ERROR},
        {"{\"error\":\"ACCESS_DENIED\"}", "ACCESS_DENIED", TK_E_ACCESS_DENIED},
        {"{\"error\":{\"code\":5}}", "5", TK_E_REST_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_call x = {.takes = i % 3};

        reply = rows[i].reply;
        run_call(&x, "crm.deal.add", NULL);
        assert_int_equal(x.result.err, rows[i].err);
        assert_int_equal(x.result.outcome, TK_CALL_DONE);
        assert_string_equal(x.answer, reply);
        if (i != 1) /* longer than what is shown, or looks encoded */
            assert_string_equal(x.result.error, rows[i].code);
        assert_int_equal(executed, i + 1);
    }
}

/* "error" without an error. */
static void a_result_beside_an_empty_error_is_one(void **state)
{
    static const char *const rows[] = {
        "{\"error\":\"\",\"result\":1}", "{\"error\":\"0\",\"result\":1}",
        "{\"error\":0,\"result\":1}",    "{\"error\":{},\"result\":1}",
        "{\"error\":null,\"result\":1}", "{\"error\":[],\"result\":1}"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_call x = {.body = NULL};

        reply = rows[i];
        run_call(&x, "crm.deal.list", NULL);
        assert_int_equal(x.result.err, TK_OK);
        assert_string_equal(x.answer, reply);
    }
}

static void an_answer_that_is_none(void **state)
{
    static const struct {
        const char *body;
        enum tk_err err;
    } rows[] = {{"", TK_E_BAD_ANSWER},
                {"x", TK_E_BAD_ANSWER},
                {"{", TK_E_TRUNCATED},
                {"{\"result\":[", TK_E_TRUNCATED}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server_fault fault = {.kind = SERVER_STATUS, .status = 200, .body = rows[i].body};
        struct test_call x = {.body = NULL};

        server_set_fault(&w.server, server_hosts(&w.server, SERVER_PORTAL), &fault);
        run_call(&x, "crm.deal.list", NULL);
        if (x.result.err != rows[i].err)
            fail_msg("'%s': %s", rows[i].body, tk_err_code(x.result.err));
        assert_int_equal(x.result.outcome, TK_CALL_UNKNOWN);
    }
}

static size_t want_no_more(struct tk_call *call, const char *data, size_t len)
{
    (void)call;
    (void)data;
    (void)len;
    return TK_TAKE_NONE;
}

static void a_caller_may_want_no_more(void **state)
{
    struct test_call x = {
        .call = {.method = "app.option.get", .timeout_ms = 1000, .done = done, .produce = produce}};

    (void)state;
    x.call.on_body = want_no_more;
    assert_int_equal(tk_call_start(&w.keeper, &x.call), TK_OK);
    run_until_done(&x);
    assert_int_equal(x.result.err, TK_E_CANCELLED);
    assert_int_equal(x.result.outcome, TK_CALL_UNKNOWN);
    x = (struct test_call){.call = {.method = "a.get", .timeout_ms = 1000, .done = done}};
    assert_int_equal(tk_call_start(&w.keeper, &x.call), TK_OK); /* wants nothing of it */
    run_until_done(&x);
    assert_int_equal(x.result.err, TK_OK);
}

/* It lasts longer than the portal may be silent, but not for ever: a connection is held. */
static void a_pause_lasts_a_minute_at_most(void **state)
{
    static struct test_call x, y;

    (void)state;
    x.takes = y.takes = 1;
    assert_int_equal(start(&x, "crm.deal.list", NULL), TK_OK);
    world_run(&w, 50000);
    assert_int_equal(x.dones, 0);
    assert_int_equal(x.len, 1);
    run_until_done(&x);
    assert_int_equal(x.result.err, TK_OK);
    assert_string_equal(x.answer, reply);
    assert_int_equal(start(&y, "crm.deal.list", NULL), TK_OK);
    world_run(&w, 70000);
    assert_int_equal(y.dones, 1);
    assert_int_equal(y.result.err, TK_E_TRUNCATED);
    assert_int_equal(y.result.outcome, TK_CALL_UNKNOWN);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_token_is_put_before_the_members),
        TEST(a_large_body_is_sent),
        TEST(other_bodies_are_refused),
        TEST(a_producer_may_give_up),
        TEST(what_cannot_be_called_is_refused),
        TEST(an_endpoint_without_tls_is_not_called),
        TEST(the_endpoint_is_called),
        TEST(what_an_answer_says_is_found_in_passing),
        TEST(the_id_of_rows_may_have_another_name),
        TEST(an_error_of_the_portal_is_passed_on),
        TEST(a_result_beside_an_empty_error_is_one),
        TEST(an_answer_that_is_none),
        TEST(a_caller_may_want_no_more),
        TEST(a_pause_lasts_a_minute_at_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
