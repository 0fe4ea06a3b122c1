/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_https.c over a scripted TLS: how each request ends. */

#include "requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void completes_a_request(void **state)
{
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 100;
    tls_fake.response_ms = 50;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    assert_true(tk_https_active(&x.r));
    assert_null(tk_https_tls(&x.r));
    run_for(100);
    assert_non_null(tk_https_tls(&x.r));
    assert_true(x.r.sent);
    run_for(SECOND);
    assert_ended(&x, TK_OK, 150);
    assert_int_equal(x.status, 200);
    assert_int_equal(x.writes, 1);
    assert_log("+a x -a");
}

static void sends_in_pieces(void **state)
{
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.send_at_most = 1;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_ended(&x, TK_OK, 0);
    assert_int_equal(x.writes, 1);
}

/* While connecting, sending and waiting for the response; the connection is closed. */
static void ends_at_the_deadline_in_every_stage(void **state)
{
    (void)state;
    for (int place = 0; place < 3; place++) {
        struct test_request x = {.name = "", .r.deadline_ms = port.now_ms + 5 * SECOND};
        uint64_t end_ms = x.r.deadline_ms;

        tls_fake.connect_ms = place == 0 ? 60 * SECOND : 0;
        tls_fake.send_blocked = place == 1;
        tls_fake.response_ms = NEVER;
        x.r.keepalive_ms = 60 * SECOND;
        submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
        run_for(10 * SECOND);
        assert_ended(&x, TK_E_TIMEOUT, end_ms);
        assert_int_equal(x.r.sent, place > 0);
        assert_log(place == 2 ? "+a x -a" : "+a -a");
    }
}

static void ends_at_the_deadline_while_queued(void **state)
{
    struct test_request x[TK_CONNECTIONS + 2] = {{.name = ""}};

    (void)state;
    tls_fake.response_ms = NEVER;
    for (size_t i = 0; i < TK_CONNECTIONS + 2; i++) {
        x[i].r.deadline_ms = i < TK_CONNECTIONS ? 20 * SECOND : 5 * SECOND;
        submit(&x[i], "x", "a", TK_PRIORITY_REFRESH);
    }
    run_for(60 * SECOND);
    for (size_t i = 0; i < TK_CONNECTIONS + 2; i++) {
        assert_ended(&x[i], TK_E_TIMEOUT, i < TK_CONNECTIONS ? 20 * SECOND : 5 * SECOND);
        assert_int_equal(x[i].r.sent, i < TK_CONNECTIONS);
    }
}

static void reports_why_a_connection_failed(void **state)
{
    static const enum tk_err errs[] = {TK_E_NAME_UNKNOWN, TK_E_CONNECT_FAILED, TK_E_TLS_UNTRUSTED,
                                       TK_E_CLOCK_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct test_request x = {.name = ""};

        tls_fake.connect_err = errs[i];
        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        run_for(0);
        assert_ended(&x, errs[i], 0);
        assert_false(x.r.sent);
        assert_int_equal(x.writes, 0);
        assert_log("+a -a");
    }
}

static void reports_a_truncated_response(void **state)
{
    struct test_request x = {.name = "", .r.keepalive_ms = SECOND};

    (void)state;
    tls_fake.response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok";
    tls_fake.cut = true;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&x, TK_E_CONN_LOST, 0);
    assert_true(x.r.sent && x.has_response);
    assert_int_equal(x.status, 200);
    assert_log("+a x -a");
}

static void reports_a_connection_lost_while_sending(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_request x = {.name = ""};

        tls_fake.send_result = i == 0 ? TK_SOCK_CLOSED : TK_SOCK_ERR;
        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        run_for(0);
        assert_ended(&x, i == 0 ? TK_E_CONN_LOST : TK_E_TLS_FAILED, 0);
        assert_true(x.r.sent);
        assert_false(x.has_response);
        assert_log("+a -a");
    }
}

/* RFC 9110 9.3.2: the length is that of a response to GET, and no body follows. */
static void a_date_ends_with_the_head(void **state)
{
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Length: 900\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Length: 900\r\n"};

    for (int i = 0; i < 2; i++) { /* the second one ends within its head */
        struct test_request x = {.name = "", .r.asks_date = true};

        tls_fake.response = responses[i];
        tls_fake.cut = i == 1;
        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        run_for(0);
        assert_ended(&x, i == 0 ? TK_OK : TK_E_CONN_LOST, 0);
        assert_int_equal(x.status, i == 0 ? 200 : 0);
        https_end(state);
        https_begin(state);
    }
}

/* Not of the response before, on the same connection. */
static void reports_no_response_without_a_head(void **state)
{
    struct test_request first = {.name = "", .r.keepalive_ms = SECOND}, second = {.name = ""};

    (void)state;
    submit(&first, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&first, TK_OK, 0);
    tls_fake.response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n";
    tls_fake.cut = true;
    submit(&second, "y", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&second, TK_E_CONN_LOST, 0);
    assert_false(second.has_response);
    assert_log("+a x y -a");
}

static void ends_when_write_fails(void **state)
{
    struct test_request fails = {
        .name = "", .write_err = TK_E_STORAGE_FAILED, .r.keepalive_ms = SECOND};
    struct test_request large = {.name = "", .padding = TK_WORK_SIZE, .r.keepalive_ms = SECOND};

    (void)state;
    submit(&fails, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&fails, TK_E_STORAGE_FAILED, 0);
    assert_false(fails.r.sent);
    submit(&large, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&large, TK_E_NO_MEMORY, 0);
    assert_false(large.r.sent);
    assert_log("+a -a +a -a");
}

static void cancels_queued_and_assigned_requests(void **state)
{
    struct test_request x[TK_CONNECTIONS + 1] = {{.name = ""}};

    (void)state;
    tls_fake.response_ms = 100;
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++)
        submit(&x[i], i < TK_CONNECTIONS ? "x" : "y", "a", TK_PRIORITY_CALL);
    run_for(50);
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++)
        tk_https_cancel(&https, &x[TK_CONNECTIONS - i].r);
    run_for(SECOND);
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++) {
        assert_int_equal(x[i].dones, 0);
        assert_false(tk_https_active(&x[i].r));
    }
    assert_int_equal(tls_fake.opened, TK_CONNECTIONS);
    assert_int_equal(tls_fake.closed, TK_CONNECTIONS);
    assert_null(strstr(tls_fake.log, "y"));
    tk_https_cancel(&https, &x[0].r); /* no effect */
}

/* Its response is not the next request's. */
static void a_cancelled_request_leaves_no_connection(void **state)
{
    struct test_request x = {.name = ""}, y = {.name = ""};

    (void)state;
    tls_fake.response_ms = SECOND;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    tk_https_cancel(&https, &x.r);
    submit(&y, "y", "a", TK_PRIORITY_CALL);
    run_for(10 * SECOND);
    assert_ended(&y, TK_OK, SECOND);
    assert_log("+a x -a +a y -a");
}

static void starts_with_a_deadline_from_now(void **state)
{
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.response_ms = NEVER;
    submit(&x, "x", "a", TK_PRIORITY_CHECK);
    tk_https_cancel(&https, &x.r);
    run_for(100);
    tk_https_start(&https, &x.r, TK_PRIORITY_CALL, 5 * SECOND);
    assert_int_equal(x.r.priority, TK_PRIORITY_CALL);
    run_for(10 * SECOND);
    assert_ended(&x, TK_E_TIMEOUT, 5 * SECOND + 100);
}

/* On either connection. The others keep waiting, also past their deadlines. */
static void draining_awaits_only_a_refresh_that_was_sent(void **state)
{
    for (int i = 0; i < 2; i++) {
        struct test_request x[TK_CONNECTIONS + 1] = {{.name = ""}};

        tls_fake.response_ms = SECOND;
        submit(&x[0], "x", "a", i == 0 ? TK_PRIORITY_REFRESH : TK_PRIORITY_CALL);
        run_for(0);
        submit(&x[1], "y", "b", i == 0 ? TK_PRIORITY_CALL : TK_PRIORITY_REFRESH);
        for (int other = 2; other < TK_CONNECTIONS + 1; other++)
            submit(&x[other], "z", "c", TK_PRIORITY_CALL);
        run_for(0);
        assert_int_equal(tls_fake.opened, TK_CONNECTIONS);
        tk_https_drain(&https);
        assert_int_equal(tls_fake.closed, TK_CONNECTIONS - 1);
        tls_fake.log[0] = '\0';
        assert_false(tk_https_drained(&https));
        run_for(100 * SECOND);
        assert_ended(&x[i], TK_OK, SECOND);
        assert_true(tk_https_drained(&https));
        assert_log(i == 0 ? "-a" : "-b");
        for (int other = 0; other < TK_CONNECTIONS + 1; other++) {
            assert_int_equal(x[other].dones, other == i);
            assert_int_equal(tk_https_active(&x[other].r), other != i);
            assert_null(tk_https_tls(&x[other].r));
        }
        https_end(state);
        https_begin(state);
    }
}

static void cancels_any_of_the_queue(void **state)
{
    struct test_request x[5] = {{.name = ""}};

    (void)state;
    tls_fake.response_ms = SECOND;
    for (int i = 0; i < 5; i++)
        submit(&x[i], i % 2 == 0 ? "even" : "odd", "a", TK_PRIORITY_CALL);
    run_for(0);
    tk_https_cancel(&https, &x[3].r);
    assert_false(tk_https_active(&x[3].r));
    run_for(10 * SECOND);
    assert_log("+a +a even odd -a -a +a +a even even -a -a");
    assert_int_equal(x[3].dones, 0);
    assert_ended(&x[4], TK_OK, 2 * SECOND);
}

static void done_submits_again(void **state)
{
    struct test_request x = {.name = "", .submit_again = 3};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_int_equal(x.dones, 4);
    assert_log("+a x -a +a x -a +a x -a +a x -a");
}

/* A Date moves a time that stands in for a clock forward, up to the end of the certificates. */
static void notes_the_date_of_a_response(void **state)
{
    static const struct {
        const char *response;
        bool cut;
        int64_t not_after, then; /* then: at the first tick after it */
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok",
         false, 1893456000, 1893456000},
        {"HTTP/1.1 503 Busy\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Length: 9\r\n\r\no",
         true, 0, 1893456000},
        {"HTTP/1.1 200 OK\r\nDate: Tue, 01 Jan 2030 00:00:00 GMT\r\nContent-Length: 2\r\n\r\nok",
         false, 1893455999, 1800000000},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false, 0, 1800000000},
    };
    int64_t now;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_request x = {.name = ""};

        tk_sim_set_wall(&port, TK_TIME_NONE, 0);
        tk_time_restore_floor(https.tls.time, 1800000000);
        tls_fake.response = rows[i].response;
        tls_fake.cut = rows[i].cut;
        tls_fake.not_after = rows[i].not_after;
        submit(&x, "x", "a", TK_PRIORITY_CALL);
        run_for(0);
        assert_int_equal(x.dones, 1);
        assert_int_equal(tk_time_now(https.tls.time, &now) == TK_TIME_SERVER,
                         rows[i].then != 1800000000);
        assert_int_equal(now, rows[i].then);
        https_end(state);
        https_begin(state);
    }
}

static void done_cancels(void **state)
{
    struct test_request x = {.name = "", .cancel_in_done = true};
    struct test_request again = {.name = "", .submit_again = 1, .cancel_in_done = true};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_ended(&x, TK_OK, 0);
    submit(&again, "y", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_ended(&again, TK_OK, 0);
    assert_log("+a x -a +a y -a");
}

static void freeing_closes_all_connections_and_wipes(void **state)
{
    struct test_request x[2] = {{.name = "", .r.keepalive_ms = SECOND}, {.name = ""}};

    (void)state;
    submit(&x[0], "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    tls_fake.response_ms = NEVER;
    submit(&x[1], "y", "b", TK_PRIORITY_CALL);
    run_for(0);
    tk_https_free(&https);
    assert_log("+a x +b y -a -b");
    assert_int_equal(x[1].dones, 0);
    assert_true(tls_fake.config_freed);
    for (size_t i = 0; i < sizeof https; i++)
        assert_int_equal(((const char *)&https)[i], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(completes_a_request, https_begin, https_end),
        cmocka_unit_test_setup_teardown(sends_in_pieces, https_begin, https_end),
        cmocka_unit_test_setup_teardown(ends_at_the_deadline_in_every_stage, https_begin,
                                        https_end),
        cmocka_unit_test_setup_teardown(ends_at_the_deadline_while_queued, https_begin, https_end),
        cmocka_unit_test_setup_teardown(reports_why_a_connection_failed, https_begin, https_end),
        cmocka_unit_test_setup_teardown(reports_a_truncated_response, https_begin, https_end),
        cmocka_unit_test_setup_teardown(reports_no_response_without_a_head, https_begin, https_end),
        cmocka_unit_test_setup_teardown(ends_when_write_fails, https_begin, https_end),
        cmocka_unit_test_setup_teardown(cancels_queued_and_assigned_requests, https_begin,
                                        https_end),
        cmocka_unit_test_setup_teardown(done_submits_again, https_begin, https_end),
        cmocka_unit_test_setup_teardown(notes_the_date_of_a_response, https_begin, https_end),
        cmocka_unit_test_setup_teardown(done_cancels, https_begin, https_end),
        cmocka_unit_test_setup_teardown(reports_a_connection_lost_while_sending, https_begin,
                                        https_end),
        cmocka_unit_test_setup_teardown(a_date_ends_with_the_head, https_begin, https_end),
        cmocka_unit_test_setup_teardown(cancels_any_of_the_queue, https_begin_two, https_end),
        cmocka_unit_test_setup_teardown(a_cancelled_request_leaves_no_connection, https_begin,
                                        https_end),
        cmocka_unit_test_setup_teardown(starts_with_a_deadline_from_now, https_begin, https_end),
        cmocka_unit_test_setup_teardown(draining_awaits_only_a_refresh_that_was_sent, https_begin,
                                        https_end),
        cmocka_unit_test_setup_teardown(freeing_closes_all_connections_and_wipes, https_begin,
                                        https_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
