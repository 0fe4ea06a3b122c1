/* SPDX-License-Identifier: Apache-2.0 */

/* core/tk_net.c over a TLS without bytes: who gets a connection, and how each request ends. */

#include "tk_net.h"
#include "tk_sim.h"
#include "tls_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000
#define NEVER  UINT64_MAX

static struct tk_port port;
static struct tk_time wall;
static struct tk_net net;

/* A request and what became of it. */
struct want {
    struct tk_request r;
    const char *name;
    enum tk_err write_err;
    size_t padding;
    unsigned submit_again; /* so often, when done */
    bool cancel_in_done;

    unsigned writes, dones;
    enum tk_err err;
    int status;
    bool answered;
    uint64_t done_ms;
};

static enum tk_err write_request(struct tk_request *r, struct tk_text *out)
{
    struct want *x = (struct want *)r;

    x->writes++;
    tk_text_add(out, "GET /");
    tk_text_add(out, x->name);
    for (size_t i = 0; i < x->padding; i++)
        tk_text_char(out, ' ');
    tk_text_add(out, "\r\n\r\n");
    return x->write_err;
}

static void is_done(struct tk_request *r, enum tk_err err, struct tk_http *answer)
{
    struct want *x = (struct want *)r;

    x->dones++;
    x->err = err;
    x->answered = answer != NULL;
    x->status = answer != NULL ? answer->status : 0;
    x->done_ms = port.now_ms;
    if (x->submit_again > 0) {
        x->submit_again--;
        tk_net_submit(&net, r);
    }
    if (x->cancel_in_done)
        tk_net_cancel(&net, r);
}

/* For "a" the host is a.example. */
static void submit(struct want *x, const char *name, const char *host, enum tk_priority priority)
{
    char text[64];

    x->name = name;
    snprintf(text, sizeof text, "%s", host);
    assert_true(tk_host_parse(&x->r.host, text, NULL));
    x->r.priority = priority;
    if (x->r.give_up_ms == 0)
        x->r.give_up_ms = port.now_ms + 30 * SECOND;
    x->r.write = write_request;
    x->r.done = is_done;
    tk_net_submit(&net, &x->r);
}

static void live(uint64_t ms)
{
    uint64_t end_ms = port.now_ms + ms;
    unsigned spins = 0;

    for (;;) {
        uint64_t until_ms = tk_net_step(&net, port.now_ms);
        uint64_t event_ms = tls_fake_next_ms(port.now_ms);

        until_ms = event_ms < until_ms ? event_ms : until_ms;
        if (until_ms > end_ms && port.now_ms == end_ms)
            return;
        until_ms = until_ms < end_ms ? until_ms : end_ms;
        spins = until_ms > port.now_ms ? 0 : spins + 1;
        assert_true(spins < 1000);
        if (until_ms > port.now_ms)
            tk_sim_advance(&port, until_ms - port.now_ms);
    }
}

static void assert_log(const char *log)
{
    assert_string_equal(tls_fake.log, log);
    tls_fake.log[0] = '\0';
}

static void assert_ended(const struct want *x, enum tk_err err, uint64_t at_ms)
{
    assert_int_equal(x->dones, 1);
    assert_string_equal(tk_err_code(x->err), tk_err_code(err));
    assert_int_equal(x->answered, err == TK_OK);
    assert_int_equal(x->done_ms, at_ms);
    assert_false(tk_net_active(&x->r));
}

static int begin(void **state)
{
    (void)state;
    tls_fake_reset();
    tk_sim_init(&port, 1);
    tk_sim_set_wall(&port, TK_TIME_RTC, 1795000000);
    tk_time_init(&wall, &port, 1790000000);
    return tk_net_init(&net, &port, &wall, NULL, NULL) == TK_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    tk_net_free(&net);
    tk_sim_free(&port);
    return 0;
}

/* --- one request --- */

static void test_one(void **state)
{
    struct want x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 100;
    tls_fake.answer_ms = 50;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    assert_true(tk_net_active(&x.r));
    assert_null(tk_net_connection(&x.r));
    live(100);
    assert_non_null(tk_net_connection(&x.r));
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
        struct want x = {.name = "", .r.give_up_ms = port.now_ms + 5 * SECOND};
        uint64_t end_ms = x.r.give_up_ms;

        tls_fake.connect_ms = place == 0 ? 60 * SECOND : 0;
        tls_fake.send_blocked = place == 1;
        tls_fake.answer_ms = NEVER;
        x.r.keep_ms = 60 * SECOND;
        submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
        live(10 * SECOND);
        assert_ended(&x, TK_E_TIMEOUT, end_ms);
        assert_int_equal(x.r.sent, place > 0);
        assert_log(place == 2 ? "+a x -a" : "+a -a");
    }
}

static void test_deadline_without_a_connection(void **state)
{
    struct want x[TK_SLOTS + 2] = {{.name = ""}};

    (void)state;
    tls_fake.answer_ms = NEVER;
    for (size_t i = 0; i < TK_SLOTS + 2; i++) {
        x[i].r.give_up_ms = i < TK_SLOTS ? 20 * SECOND : 5 * SECOND;
        submit(&x[i], "x", "a", TK_PRIORITY_REFRESH);
    }
    live(60 * SECOND);
    for (size_t i = 0; i < TK_SLOTS + 2; i++) {
        assert_ended(&x[i], TK_E_TIMEOUT, i < TK_SLOTS ? 20 * SECOND : 5 * SECOND);
        assert_int_equal(x[i].r.sent, i < TK_SLOTS);
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
    struct want x = {.name = "", .r.keep_ms = SECOND};

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
    struct want fails = {.name = "", .write_err = TK_E_STORAGE_FAILED, .r.keep_ms = SECOND};
    struct want large = {.name = "", .padding = TK_WORK_SIZE, .r.keep_ms = SECOND};

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
    struct want x[TK_SLOTS + 1] = {{.name = ""}};

    (void)state;
    tls_fake.answer_ms = 100;
    for (size_t i = 0; i < TK_SLOTS + 1; i++)
        submit(&x[i], i < TK_SLOTS ? "x" : "y", "a", TK_PRIORITY_CALL);
    live(50);
    for (size_t i = 0; i < TK_SLOTS + 1; i++)
        tk_net_cancel(&net, &x[TK_SLOTS - i].r);
    live(SECOND);
    for (size_t i = 0; i < TK_SLOTS + 1; i++) {
        assert_int_equal(x[i].dones, 0);
        assert_false(tk_net_active(&x[i].r));
    }
    assert_int_equal(tls_fake.opened, TK_SLOTS);
    assert_int_equal(tls_fake.closed, TK_SLOTS);
    assert_null(strstr(tls_fake.log, "y"));
    tk_net_cancel(&net, &x[0].r); /* of no effect */
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
        cmocka_unit_test_setup_teardown(test_one, begin, end),
        cmocka_unit_test_setup_teardown(test_in_pieces, begin, end),
        cmocka_unit_test_setup_teardown(test_deadline, begin, end),
        cmocka_unit_test_setup_teardown(test_deadline_without_a_connection, begin, end),
        cmocka_unit_test_setup_teardown(test_no_connection, begin, end),
        cmocka_unit_test_setup_teardown(test_answer_cut, begin, end),
        cmocka_unit_test_setup_teardown(test_owner_cannot_write, begin, end),
        cmocka_unit_test_setup_teardown(test_cancel, begin, end),
        cmocka_unit_test_setup_teardown(test_submitted_again_by_done, begin, end),
        cmocka_unit_test_setup_teardown(test_cancelled_in_done, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
