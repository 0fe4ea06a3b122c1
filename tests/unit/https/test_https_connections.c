/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_https.c over a scripted TLS: which request gets which connection. */

#include "requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- priorities --- */

static void serves_the_highest_priority_first(void **state)
{
    struct test_request busy[2] = {{.name = ""}, {.name = ""}};
    struct test_request x[6] = {{.name = ""}};

    (void)state;
    tls_fake.response_ms = SECOND;
    submit(&busy[0], "busy", "a", TK_PRIORITY_EXCHANGE);
    submit(&busy[1], "busy", "a", TK_PRIORITY_EXCHANGE);
    run_for(0);
    submit(&x[0], "escalation", "a", TK_PRIORITY_ESCALATION);
    submit(&x[1], "check", "a", TK_PRIORITY_CHECK);
    submit(&x[2], "call1", "a", TK_PRIORITY_CALL);
    submit(&x[3], "call2", "a", TK_PRIORITY_CALL);
    submit(&x[4], "refresh", "a", TK_PRIORITY_REFRESH);
    submit(&x[5], "exchange", "a", TK_PRIORITY_EXCHANGE);
    run_for(10 * SECOND);
    for (int i = 0; i < 6; i++)
        assert_ended(&x[i], TK_OK, (5 - i) / 2 * SECOND + 2 * SECOND);
    assert_log("+a +a busy busy -a -a +a +a exchange refresh -a -a +a +a call1 call2 -a -a +a +a "
               "check escalation -a -a");
}

/* Two requests in progress, on both connections. */
static void start_two(struct test_request low[2], enum tk_priority first, enum tk_priority second)
{
    tls_fake.response_ms = SECOND;
    submit(&low[0], "low0", "a", first);
    submit(&low[1], "low1", "b", second);
    run_for(100);
    tls_fake.log[0] = '\0';
}

/* Of either connection. The preempted request completes later. */
static void preempts_the_lowest_priority(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_request low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};
        uint64_t from_ms = port.now_ms;

        start_two(low, i == 0 ? TK_PRIORITY_CALL : TK_PRIORITY_CHECK,
                  i == 0 ? TK_PRIORITY_CHECK : TK_PRIORITY_CALL);
        submit(&high, "high", "c", TK_PRIORITY_REFRESH);
        run_for(0);
        assert_log(i == 0 ? "-b +c high" : "-a +c high");
        run_for(10 * SECOND);
        assert_ended(&low[i], TK_OK, from_ms + SECOND);
        assert_ended(&high, TK_OK, from_ms + SECOND + 100);
        assert_ended(&low[1 - i], TK_OK, from_ms + 2 * SECOND);
        assert_int_equal(low[i].writes, 1);
        assert_int_equal(low[1 - i].writes, 2);
        assert_log(i == 0 ? "-a +b low1 -c -b" : "-b +a low0 -c -a");
    }
}

static void does_not_preempt_an_equal_priority(void **state)
{
    (void)state;
    for (int p = TK_PRIORITY_ESCALATION; p <= TK_PRIORITY_EXCHANGE; p++) {
        struct test_request low[2] = {{.name = ""}, {.name = ""}}, same = {.name = ""};

        start_two(low, p, p);
        submit(&same, "same", "c", p);
        run_for(0);
        assert_log("");
        run_for(10 * SECOND);
        assert_int_equal(same.dones, 1);
        assert_int_equal(low[0].writes + low[1].writes, 2);
    }
}

/* Its response may be the only copy of a pair. */
static void does_not_preempt_a_sent_refresh(void **state)
{
    struct test_request low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    start_two(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    assert_true(low[0].r.sent && low[1].r.sent);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    run_for(10 * SECOND);
    assert_log("-a -b +c high -c");
    assert_ended(&low[0], TK_OK, SECOND);
    assert_ended(&low[1], TK_OK, SECOND);
    assert_ended(&high, TK_OK, 2 * SECOND);
}

/* A byte of it may have been sent. */
static void does_not_preempt_a_partly_sent_refresh(void **state)
{
    struct test_request low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    tls_fake.send_blocked = true;
    start_two(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    run_for(SECOND);
    assert_log("");
    tls_fake.send_blocked = false;
    tk_https_cancel(&https, &high.r);
}

static void preempts_an_unsent_refresh(void **state)
{
    struct test_request low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    start_two(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    run_for(10 * SECOND);
    assert_int_equal(high.done_ms, 1600);
    assert_ended(&low[0], TK_OK, 3 * SECOND); /* when low1 is done */
    assert_ended(&low[1], TK_OK, 1500);
    assert_int_equal(low[0].writes, 1);
}

static void preempted_requests_keep_their_deadline(void **state)
{
    struct test_request low[2] = {{.name = "", .r.deadline_ms = 5 * SECOND}, {.name = ""}};
    struct test_request high[2] = {{.name = ""}, {.name = ""}};

    (void)state;
    low[1].r.deadline_ms = 5 * SECOND;
    start_two(low, TK_PRIORITY_CALL, TK_PRIORITY_CALL);
    tls_fake.response_ms = 20 * SECOND;
    submit(&high[0], "high", "c", TK_PRIORITY_REFRESH);
    submit(&high[1], "high", "c", TK_PRIORITY_REFRESH);
    run_for(100 * SECOND);
    for (int i = 0; i < 2; i++) {
        assert_ended(&low[i], TK_E_TIMEOUT, 5 * SECOND);
        assert_false(low[i].r.sent); /* does not count the preempted attempt */
        assert_ended(&high[i], TK_OK, 20 * SECOND + 100);
    }
}

/* --- kept connections --- */

/* Two requests in sequence; the first one keeps its connection for 10 s. */
static void two(const char *host, const char *host_2, uint64_t between_ms, const char *log)
{
    struct test_request x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

    submit(&x, "x", host, TK_PRIORITY_CALL);
    run_for(between_ms);
    assert_int_equal(x.dones, 1);
    submit(&y, "y", host_2, TK_PRIORITY_CALL);
    run_for(0);
    assert_int_equal(y.dones, 1);
    assert_int_equal(y.err, TK_OK);
    assert_log(log);
    run_for(100 * SECOND);
    tls_fake.log[0] = '\0';
}

static void reuses_a_connection_for_the_same_host_and_port(void **state)
{
    (void)state;
    two("a", "a", 0, "+a x y -a");
    two("a", "a:443", 9999, "+a x y -a");
    two("a", "a", 10000, "+a x -a +a y -a");
    two("a", "a:444", 0, "+a x +a y -a");
    two("a", "b", 0, "+a x +b y -b");
    two("a.example", "a.example.com", 0, "+a x +a y -a");
    tls_fake.response = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    two("a", "a", 0, "+a x -a +a y -a");
    tls_fake.response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!"; /* a byte too many */
    two("a", "a", 0, "+a x -a +a y -a");
}

/* RFC 9112 9.3.2: no pipelining, on a connection that is kept. */
static void sends_the_next_request_after_the_response(void **state)
{
    struct test_request x[3];

    (void)state;
    tls_fake.response_ms = SECOND;
    for (int i = 0; i < 3; i++) {
        x[i] = (struct test_request){.name = "", .r.keepalive_ms = 10 * SECOND};
        submit(&x[i], i < 2 ? "busy" : "next", "a", TK_PRIORITY_CALL);
    }
    run_for(SECOND - 1);
    assert_log("+a +a busy busy");
    run_for(SECOND);
    assert_log("next");
    run_for(100 * SECOND);
}

static void closes_an_idle_connection_after_its_keepalive(void **state)
{
    struct test_request x = {.name = "", .r.keepalive_ms = 10 * SECOND};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(9999);
    assert_true(tk_https_is_warm(&https, &x.r.host));
    assert_log("+a x");
    run_for(SECOND);
    assert_false(tk_https_is_warm(&https, &x.r.host));
    assert_log("-a");
    assert_int_equal(tls_fake.closed_ms, 10 * SECOND);
}

static void closes_an_idle_connection_for_another_host(void **state)
{
    struct test_request x[2] = {{.name = "", .r.keepalive_ms = 10 * SECOND},
                                {.name = "", .r.keepalive_ms = 10 * SECOND}};
    struct test_request y = {.name = ""};

    (void)state;
    submit(&x[0], "x", "a", TK_PRIORITY_CALL);
    submit(&x[1], "x", "b", TK_PRIORITY_CALL);
    run_for(0);
    submit(&y, "y", "c", TK_PRIORITY_ESCALATION);
    run_for(0);
    assert_log("+a +b x x -a +c y -c");
}

/* --- stale connections --- */

/* The server closed it, or sent unexpected bytes; the request was not sent yet. */
static void replaces_a_stale_connection(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct test_request x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        run_for(0);
        tls_fake.lost = i == 0;
        tls_fake.unsolicited = i == 1;
        submit(&y, "y", "a", TK_PRIORITY_REFRESH);
        run_for(0);
        assert_ended(&y, TK_OK, port.now_ms);
        assert_int_equal(y.writes, 1);
        assert_log("+a x -a +a y -a");
        tls_fake.lost = tls_fake.unsolicited = false;
    }
}

static void closes_a_stale_connection_while_idle(void **state)
{
    struct test_request x = {.name = "", .r.keepalive_ms = 10 * SECOND};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    tls_fake.lost = true;
    run_for(0);
    assert_log("+a x -a");
    assert_false(tk_https_is_warm(&https, &x.r.host));
}

/* The kept connection broke after the request was sent on it. */
static void does_not_resend_a_request(void **state)
{
    struct test_request x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    tls_fake.response = "";
    tls_fake.cut = true;
    submit(&y, "y", "a", TK_PRIORITY_REFRESH);
    run_for(0);
    assert_ended(&y, TK_E_CONN_LOST, 0);
    assert_int_equal(y.writes, 1);
    assert_true(y.r.sent);
    assert_log("+a x y -a");
}

/* --- connections without a request --- */

static void opens_a_connection_in_advance(void **state)
{
    struct test_request warm = {.name = "", .connect_only = true, .r.keepalive_ms = 10 * SECOND};
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm, "warm", "a", TK_PRIORITY_CHECK);
    run_for(SECOND);
    assert_int_equal(warm.dones, 1);
    assert_int_equal(warm.err, TK_OK);
    assert_false(warm.has_response);
    assert_false(warm.r.sent);
    assert_true(tk_https_is_warm(&https, &warm.r.host));
    submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
    run_for(0);
    assert_ended(&x, TK_OK, SECOND);
    assert_log("+a x -a");
}

static void takes_over_a_connection_being_opened(void **state)
{
    struct test_request warm = {.name = "", .connect_only = true}, x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm, "warm", "a", TK_PRIORITY_CHECK);
    run_for(300);
    submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
    run_for(200);
    assert_ended(&x, TK_OK, 500);
    run_for(10 * SECOND);
    assert_int_equal(warm.dones, 1);
}

static void does_not_take_over_a_connection_of_an_equal_priority(void **state)
{
    struct test_request warm = {.name = "", .connect_only = true}, x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm, "warm", "a", TK_PRIORITY_CALL);
    run_for(300);
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(500);
    assert_int_equal(warm.done_ms, 500);
    assert_ended(&x, TK_OK, 800);
    assert_log("+a +a -a x -a");
}

static void does_not_take_over_a_connection_to_another_host(void **state)
{
    struct test_request warm[2] = {{.name = "", .connect_only = true},
                                   {.name = "", .connect_only = true}};
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm[0], "warm", "b", TK_PRIORITY_CHECK);
    submit(&warm[1], "warm", "c", TK_PRIORITY_CALL);
    run_for(300);
    submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
    run_for(500);
    assert_ended(&x, TK_OK, 800); /* a connection of its own */
    assert_log("+c +b -b +a -c +b x -a");
}

/* --- new roots --- */

static void new_roots_end_idle_connections(void **state)
{
    struct test_request x[2] = {{.name = "", .r.keepalive_ms = 60 * SECOND}, {.name = ""}};

    (void)state;
    submit(&x[0], "x", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_true(tk_https_is_warm(&https, &x[0].r.host));
    assert_non_null(tk_https_session(&https, &x[0].r.host));
    tk_https_forget_sessions(&https);
    assert_false(tk_https_is_warm(&https, &x[0].r.host));
    assert_null(tk_https_session(&https, &x[0].r.host));
    submit(&x[1], "y", "a", TK_PRIORITY_CALL);
    run_for(0);
    assert_log("+a x -a +a y -a");
}

static void new_roots_restart_handshakes(void **state)
{
    struct test_request x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    run_for(400);
    tk_https_forget_sessions(&https);
    run_for(500);
    assert_ended(&x, TK_OK, 900);
    assert_log("+a -a +a x -a");
}

/* The server was verified against the old roots. */
static void after_new_roots_a_response_is_the_last_one(void **state)
{
    struct test_request x[2] = {{.name = "", .r.keepalive_ms = 60 * SECOND}, {.name = ""}};

    (void)state;
    tls_fake.response_ms = SECOND;
    submit(&x[0], "x", "a", TK_PRIORITY_CALL);
    run_for(500);
    tk_https_forget_sessions(&https);
    run_for(500);
    assert_ended(&x[0], TK_OK, SECOND);
    submit(&x[1], "y", "a", TK_PRIORITY_CALL);
    run_for(2 * SECOND);
    assert_ended(&x[1], TK_OK, 2 * SECOND);
    assert_log("+a x -a +a y -a");
}

/* --- sessions and repeated handshakes --- */

static void keeps_one_session_per_host(void **state)
{
    static const char *const hosts[] = {"a", "b", "a", "b:444", "a", "b", "c", "d", "e", "a"};
    struct test_request x[2] = {{.name = ""}, {.name = ""}};

    (void)state;
    for (size_t i = 0; i + 1 < sizeof hosts / sizeof hosts[0]; i++) {
        tls_fake.response_ms = SECOND; /* both in progress at the same time */
        submit(&x[0], "x", hosts[i], TK_PRIORITY_CALL);
        run_for(0);
        const struct tk_tls_session *first = tls_fake.session;

        submit(&x[1], "x", hosts[i + 1], TK_PRIORITY_CALL);
        run_for(0);
        assert_ptr_not_equal(tls_fake.session, first);
        run_for(10 * SECOND);
        assert_int_equal(x[0].err, TK_OK);
        x[0] = x[1] = (struct test_request){.name = ""};
    }
}

static void finds_the_session_of_a_host(void **state)
{
    struct test_request x = {.name = ""};
    const struct tk_tls_session *first = NULL;

    (void)state;
    for (int i = 0; i < 4; i++) {
        x = (struct test_request){.name = ""};
        submit(&x, "x", i % 2 == 0 ? "a" : "b", TK_PRIORITY_CALL);
        run_for(0);
        if (i == 0)
            first = tls_fake.session;
        assert_int_equal(tls_fake.session == first, i % 2 == 0);
        assert_ptr_equal(tk_https_session(&https, &x.r.host), tls_fake.session);
    }
}

static bool has_session(const char *name)
{
    struct tk_host host;

    assert_true(tk_host_parse(&host, name, NULL));
    return tk_https_session(&https, &host) != NULL;
}

/* For a session of another host, which has none before its handshake. */
static void forgets_the_session_that_ends_first(void **state)
{
    char hosts[TK_SESSIONS][2];

    (void)state;
    for (size_t i = 0; i < TK_SESSIONS; i++)
        snprintf(hosts[i], sizeof hosts[i], "%c", (char)('a' + i));
    tls_fake.connect_ms = SECOND;
    for (size_t first = 0; first < TK_SESSIONS; first++) {
        struct test_request x = {.name = ""};

        for (size_t i = 0; i < TK_SESSIONS; i++) {
            struct tk_tls_session session = {.not_after = i == first ? 100 : 200, .len = 1};

            assert_true(tk_host_parse(&session.host, hosts[i], NULL));
            tk_https_restore_session(&https, &session);
        }
        for (size_t i = 0; i < TK_SESSIONS; i++)
            assert_true(has_session(hosts[i]));
        submit(&x, "x", "z", TK_PRIORITY_CALL);
        run_for(0);
        assert_false(has_session("z"));
        for (size_t i = 0; i < TK_SESSIONS; i++)
            assert_int_equal(has_session(hosts[i]), i != first);
        run_for(SECOND);
        assert_true(has_session("z"));
        tk_https_forget_sessions(&https);
    }
}

/* A connection needs none while it is idle, or not ready yet. */
static void lends_the_buffer_of_a_connection_that_needs_none(void **state)
{
    struct test_request x[2] = {{.name = ""}, {.name = ""}};

    (void)state;
    tls_fake.connect_ms = 100;
    tls_fake.response_ms = SECOND;
    assert_ptr_equal(tk_https_borrow_buffer(&https), https.connections[TK_CONNECTIONS - 2].work);
    for (int i = 0; i < 2; i++) {
        submit(&x[i], "x", "a", TK_PRIORITY_CALL);
        run_for(99);
        assert_ptr_equal(tk_https_borrow_buffer(&https),
                         https.connections[TK_CONNECTIONS - 2 + i].work);
        run_for(1);
        assert_ptr_equal(tk_https_borrow_buffer(&https),
                         i == 0 ? https.connections[TK_CONNECTIONS - 1].work : NULL);
    }
    run_for(10 * SECOND);
}

static void repeats_a_handshake_at_most_twice(void **state)
{
    (void)state;
    for (unsigned times = 0; times < 5; times++) {
        struct test_request x = {.name = ""};

        tls_fake.try_again = times;
        tls_fake.opened = 0;
        submit(&x, "x", "a", TK_PRIORITY_CALL);
        run_for(0);
        assert_ended(&x, times <= 2 ? TK_OK : TK_E_TLS_FAILED, port.now_ms);
        assert_int_equal(tls_fake.opened, times <= 2 ? times + 1 : 3);
        assert_int_equal(x.writes, times <= 2);
    }
}

int main(void)
{
#define TEST(name)        cmocka_unit_test_setup_teardown(name, https_begin, https_end)
#define TEST_OF_TWO(name) cmocka_unit_test_setup_teardown(name, https_begin_two, https_end)
    const struct CMUnitTest tests[] = {
        TEST_OF_TWO(serves_the_highest_priority_first),
        TEST_OF_TWO(preempts_the_lowest_priority),
        TEST_OF_TWO(does_not_preempt_an_equal_priority),
        TEST_OF_TWO(does_not_preempt_a_sent_refresh),
        TEST_OF_TWO(does_not_preempt_a_partly_sent_refresh),
        TEST_OF_TWO(preempts_an_unsent_refresh),
        TEST_OF_TWO(preempted_requests_keep_their_deadline),
        TEST(reuses_a_connection_for_the_same_host_and_port),
        TEST_OF_TWO(sends_the_next_request_after_the_response),
        TEST(closes_an_idle_connection_after_its_keepalive),
        TEST_OF_TWO(closes_an_idle_connection_for_another_host),
        TEST(replaces_a_stale_connection),
        TEST(closes_a_stale_connection_while_idle),
        TEST(does_not_resend_a_request),
        TEST(opens_a_connection_in_advance),
        TEST(takes_over_a_connection_being_opened),
        TEST(keeps_one_session_per_host),
        TEST(finds_the_session_of_a_host),
        TEST(forgets_the_session_that_ends_first),
        TEST_OF_TWO(lends_the_buffer_of_a_connection_that_needs_none),
        TEST(repeats_a_handshake_at_most_twice),
        TEST(does_not_take_over_a_connection_of_an_equal_priority),
        TEST_OF_TWO(does_not_take_over_a_connection_to_another_host),
        TEST(new_roots_end_idle_connections),
        TEST(new_roots_restart_handshakes),
        TEST(after_new_roots_a_response_is_the_last_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
