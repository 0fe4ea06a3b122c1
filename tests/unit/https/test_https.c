/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_https.c over a TLS without bytes: how each request ends. */

#include "requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* --- one request --- */

static void test_one(void **state)
{
    struct want x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 100;
    tls_fake.answer_ms = 50;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    assert_true(tk_https_active(&x.r));
    assert_null(tk_https_tls(&x.r));
    live(100);
    assert_non_null(tk_https_tls(&x.r));
    assert_true(x.r.sent);
    live(SECOND);
    assert_ended(&x, TK_OK, 150);
    assert_int_equal(x.status, 200);
    assert_int_equal(x.writes, 1);
    assert_log("+a x -a");
}

static void test_in_pieces(void **state)
{
    struct want x = {.name = ""};

    (void)state;
    tls_fake.send_at_most = 1;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    live(0);
    assert_ended(&x, TK_OK, 0);
    assert_int_equal(x.writes, 1);
}

/* Each place where one can wait; the connection does not outlive it. */
static void test_deadline(void **state)
{
    (void)state;
    for (int place = 0; place < 3; place++) {
        struct want x = {.name = "", .r.deadline_ms = port.now_ms + 5 * SECOND};
        uint64_t end_ms = x.r.deadline_ms;

        tls_fake.connect_ms = place == 0 ? 60 * SECOND : 0;
        tls_fake.send_blocked = place == 1;
        tls_fake.answer_ms = NEVER;
        x.r.keepalive_ms = 60 * SECOND;
        submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
        live(10 * SECOND);
        assert_ended(&x, TK_E_TIMEOUT, end_ms);
        assert_int_equal(x.r.sent, place > 0);
        assert_log(place == 2 ? "+a x -a" : "+a -a");
    }
}

static void test_deadline_without_a_connection(void **state)
{
    struct want x[TK_CONNECTIONS + 2] = {{.name = ""}};

    (void)state;
    tls_fake.answer_ms = NEVER;
    for (size_t i = 0; i < TK_CONNECTIONS + 2; i++) {
        x[i].r.deadline_ms = i < TK_CONNECTIONS ? 20 * SECOND : 5 * SECOND;
        submit(&x[i], "x", "a", TK_PRIORITY_REFRESH);
    }
    live(60 * SECOND);
    for (size_t i = 0; i < TK_CONNECTIONS + 2; i++) {
        assert_ended(&x[i], TK_E_TIMEOUT, i < TK_CONNECTIONS ? 20 * SECOND : 5 * SECOND);
        assert_int_equal(x[i].r.sent, i < TK_CONNECTIONS);
    }
}

static void test_no_connection(void **state)
{
    static const enum tk_err errs[] = {TK_E_NAME_UNKNOWN, TK_E_CONNECT_FAILED, TK_E_TLS_UNTRUSTED,
                                       TK_E_CLOCK_UNKNOWN};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct want x = {.name = ""};

        tls_fake.connect_err = errs[i];
        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        live(0);
        assert_ended(&x, errs[i], 0);
        assert_false(x.r.sent);
        assert_int_equal(x.writes, 0);
        assert_log("+a -a");
    }
}

static void test_answer_cut(void **state)
{
    struct want x = {.name = "", .r.keepalive_ms = SECOND};

    (void)state;
    tls_fake.answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok";
    tls_fake.cut = true;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    live(0);
    assert_ended(&x, TK_E_CONN_LOST, 0);
    assert_true(x.r.sent);
    assert_log("+a x -a");
}

static void test_owner_cannot_write(void **state)
{
    struct want fails = {.name = "", .write_err = TK_E_STORAGE_FAILED, .r.keepalive_ms = SECOND};
    struct want large = {.name = "", .padding = TK_WORK_SIZE, .r.keepalive_ms = SECOND};

    (void)state;
    submit(&fails, "x", "a", TK_PRIORITY_REFRESH);
    live(0);
    assert_ended(&fails, TK_E_STORAGE_FAILED, 0);
    assert_false(fails.r.sent);
    submit(&large, "x", "a", TK_PRIORITY_REFRESH);
    live(0);
    assert_ended(&large, TK_E_NO_MEMORY, 0);
    assert_false(large.r.sent);
    assert_log("+a -a +a -a");
}

static void test_cancel(void **state)
{
    struct want x[TK_CONNECTIONS + 1] = {{.name = ""}};

    (void)state;
    tls_fake.answer_ms = 100;
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++)
        submit(&x[i], i < TK_CONNECTIONS ? "x" : "y", "a", TK_PRIORITY_CALL);
    live(50);
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++)
        tk_https_cancel(&net, &x[TK_CONNECTIONS - i].r);
    live(SECOND);
    for (size_t i = 0; i < TK_CONNECTIONS + 1; i++) {
        assert_int_equal(x[i].dones, 0);
        assert_false(tk_https_active(&x[i].r));
    }
    assert_int_equal(tls_fake.opened, TK_CONNECTIONS);
    assert_int_equal(tls_fake.closed, TK_CONNECTIONS);
    assert_null(strstr(tls_fake.log, "y"));
    tk_https_cancel(&net, &x[0].r); /* of no effect */
}

static void test_submitted_again_by_done(void **state)
{
    struct want x = {.name = "", .submit_again = 3};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    live(0);
    assert_int_equal(x.dones, 4);
    assert_log("+a x -a +a x -a +a x -a +a x -a");
}

static void test_cancelled_in_done(void **state)
{
    struct want x = {.name = "", .cancel_in_done = true};
    struct want again = {.name = "", .submit_again = 1, .cancel_in_done = true};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    live(0);
    assert_ended(&x, TK_OK, 0);
    submit(&again, "y", "a", TK_PRIORITY_CALL);
    live(0);
    assert_ended(&again, TK_OK, 0);
    assert_log("+a x -a +a y -a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_in_pieces, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_deadline, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_deadline_without_a_connection, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_no_connection, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_answer_cut, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_owner_cannot_write, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_cancel, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_submitted_again_by_done, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_cancelled_in_done, net_begin, net_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
