/* SPDX-License-Identifier: Apache-2.0 */

/* core/https/tk_https.c over a TLS without bytes: who gets a connection, and which one. */

#include "requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#if TK_CONNECTIONS != 2
#error "these tests count to two"
#endif

/* --- priorities --- */

static void test_highest_first(void **state)
{
    struct want busy[2] = {{.name = ""}, {.name = ""}};
    struct want x[6] = {{.name = ""}};

    (void)state;
    tls_fake.answer_ms = SECOND;
    submit(&busy[0], "busy", "a", TK_PRIORITY_EXCHANGE);
    submit(&busy[1], "busy", "a", TK_PRIORITY_EXCHANGE);
    live(0);
    submit(&x[0], "escalation", "a", TK_PRIORITY_ESCALATION);
    submit(&x[1], "check", "a", TK_PRIORITY_CHECK);
    submit(&x[2], "call1", "a", TK_PRIORITY_CALL);
    submit(&x[3], "call2", "a", TK_PRIORITY_CALL);
    submit(&x[4], "refresh", "a", TK_PRIORITY_REFRESH);
    submit(&x[5], "exchange", "a", TK_PRIORITY_EXCHANGE);
    live(10 * SECOND);
    for (int i = 0; i < 6; i++)
        assert_ended(&x[i], TK_OK, (5 - i) / 2 * SECOND + 2 * SECOND);
    assert_log("+a +a busy busy -a -a +a +a exchange refresh -a -a +a +a call1 call2 -a -a +a +a "
               "check escalation -a -a");
}

/* Two lower ones are under way, as far as may be. */
static void under_way(struct want low[2], enum tk_priority first, enum tk_priority second)
{
    tls_fake.answer_ms = SECOND;
    submit(&low[0], "low0", "a", first);
    submit(&low[1], "low1", "b", second);
    live(100);
    tls_fake.log[0] = '\0';
}

/* Whichever slot it has, the least one yields, and is done all the same. */
static void test_higher_ends_the_least(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct want low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};
        uint64_t from_ms = port.now_ms;

        under_way(low, i == 0 ? TK_PRIORITY_CALL : TK_PRIORITY_CHECK,
                  i == 0 ? TK_PRIORITY_CHECK : TK_PRIORITY_CALL);
        submit(&high, "high", "c", TK_PRIORITY_REFRESH);
        live(0);
        assert_log(i == 0 ? "-b +c high" : "-a +c high");
        live(10 * SECOND);
        assert_ended(&low[i], TK_OK, from_ms + SECOND);
        assert_ended(&high, TK_OK, from_ms + SECOND + 100);
        assert_ended(&low[1 - i], TK_OK, from_ms + 2 * SECOND);
        assert_int_equal(low[i].writes, 1);
        assert_int_equal(low[1 - i].writes, 2);
        assert_log(i == 0 ? "-a +b low1 -c -b" : "-b +a low0 -c -a");
    }
}

static void test_equal_waits(void **state)
{
    (void)state;
    for (int p = TK_PRIORITY_ESCALATION; p <= TK_PRIORITY_EXCHANGE; p++) {
        struct want low[2] = {{.name = ""}, {.name = ""}}, same = {.name = ""};

        under_way(low, p, p);
        submit(&same, "same", "c", p);
        live(0);
        assert_log("");
        live(10 * SECOND);
        assert_int_equal(same.dones, 1);
        assert_int_equal(low[0].writes + low[1].writes, 2);
    }
}

/* What was sent may be the only way to a pair. */
static void test_sent_pairs_are_let_be(void **state)
{
    struct want low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    under_way(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    assert_true(low[0].r.sent && low[1].r.sent);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    live(10 * SECOND);
    assert_log("-a -b +c high -c");
    assert_ended(&low[0], TK_OK, SECOND);
    assert_ended(&low[1], TK_OK, SECOND);
    assert_ended(&high, TK_OK, 2 * SECOND);
}

/* Also when a byte of it may have left. */
static void test_half_sent_pairs_are_let_be(void **state)
{
    struct want low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    tls_fake.send_blocked = true;
    under_way(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    live(SECOND);
    assert_log("");
    tls_fake.send_blocked = false;
    tk_https_cancel(&net, &high.r);
}

static void test_unsent_refresh_yields_to_an_exchange(void **state)
{
    struct want low[2] = {{.name = ""}, {.name = ""}}, high = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    under_way(low, TK_PRIORITY_REFRESH, TK_PRIORITY_REFRESH);
    submit(&high, "high", "c", TK_PRIORITY_EXCHANGE);
    live(10 * SECOND);
    assert_int_equal(high.done_ms, 1600);
    assert_ended(&low[0], TK_OK, 3 * SECOND); /* when low1 is done */
    assert_ended(&low[1], TK_OK, 1500);
    assert_int_equal(low[0].writes, 1);
}

/* It is over in time all the same. */
static void test_ousted_has_its_deadline(void **state)
{
    struct want low[2] = {{.name = "", .r.deadline_ms = 5 * SECOND}, {.name = ""}};
    struct want high[2] = {{.name = ""}, {.name = ""}};

    (void)state;
    low[1].r.deadline_ms = 5 * SECOND;
    under_way(low, TK_PRIORITY_CALL, TK_PRIORITY_CALL);
    tls_fake.answer_ms = 20 * SECOND;
    submit(&high[0], "high", "c", TK_PRIORITY_REFRESH);
    submit(&high[1], "high", "c", TK_PRIORITY_REFRESH);
    live(100 * SECOND);
    for (int i = 0; i < 2; i++) {
        assert_ended(&low[i], TK_E_TIMEOUT, 5 * SECOND);
        assert_false(low[i].r.sent); /* the try that was given up has no say */
        assert_ended(&high[i], TK_OK, 20 * SECOND + 100);
    }
}

/* --- kept connections --- */

/* Two requests one after the other, the first of which keeps its connection for 10 s. */
static void two(const char *host, const char *host_2, uint64_t between_ms, const char *log)
{
    struct want x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

    submit(&x, "x", host, TK_PRIORITY_CALL);
    live(between_ms);
    assert_int_equal(x.dones, 1);
    submit(&y, "y", host_2, TK_PRIORITY_CALL);
    live(0);
    assert_int_equal(y.dones, 1);
    assert_int_equal(y.err, TK_OK);
    assert_log(log);
    live(100 * SECOND);
    tls_fake.log[0] = '\0';
}

static void test_kept_for_the_same_host_and_port(void **state)
{
    (void)state;
    two("a", "a", 0, "+a x y -a");
    two("a", "a:443", 9999, "+a x y -a");
    two("a", "a", 10000, "+a x -a +a y -a");
    two("a", "a:444", 0, "+a x +a y -a");
    two("a", "b", 0, "+a x +b y -b");
    two("a.example", "a.example.com", 0, "+a x +a y -a");
    tls_fake.answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    two("a", "a", 0, "+a x -a +a y -a");
    tls_fake.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!"; /* a byte too many */
    two("a", "a", 0, "+a x -a +a y -a");
}

static void test_kept_so_long(void **state)
{
    struct want x = {.name = "", .r.keepalive_ms = 10 * SECOND};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_CALL);
    live(9999);
    assert_true(tk_https_is_warm(&net, &x.r.host));
    assert_log("+a x");
    live(SECOND);
    assert_false(tk_https_is_warm(&net, &x.r.host));
    assert_log("-a");
    assert_int_equal(tls_fake.closed_ms, 10 * SECOND);
}

/* A kept one is given up for a request to another host, the one that nobody keeps first. */
static void test_kept_ones_make_room(void **state)
{
    struct want x[2] = {{.name = "", .r.keepalive_ms = 10 * SECOND},
                        {.name = "", .r.keepalive_ms = 10 * SECOND}};
    struct want y = {.name = ""};

    (void)state;
    submit(&x[0], "x", "a", TK_PRIORITY_CALL);
    submit(&x[1], "x", "b", TK_PRIORITY_CALL);
    live(0);
    submit(&y, "y", "c", TK_PRIORITY_ESCALATION);
    live(0);
    assert_log("+a +b x x -a +c y -c");
}

/* --- kept ones that are of no use any more --- */

/* The server ended it, or said something, while nobody looked: there is nothing lost yet. */
static void test_stale(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct want x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

        submit(&x, "x", "a", TK_PRIORITY_REFRESH);
        live(0);
        tls_fake.lost = i == 0;
        tls_fake.unsolicited = i == 1;
        submit(&y, "y", "a", TK_PRIORITY_REFRESH);
        live(0);
        assert_ended(&y, TK_OK, port.now_ms);
        assert_int_equal(y.writes, 1);
        assert_log("+a x -a +a y -a");
        tls_fake.lost = tls_fake.unsolicited = false;
    }
}

static void test_stale_while_idle(void **state)
{
    struct want x = {.name = "", .r.keepalive_ms = 10 * SECOND};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    live(0);
    tls_fake.lost = true;
    live(0);
    assert_log("+a x -a");
    assert_false(tk_https_is_warm(&net, &x.r.host));
}

/* What was sent on a kept connection that broke then is not sent again by itself. */
static void test_not_sent_twice(void **state)
{
    struct want x = {.name = "", .r.keepalive_ms = 10 * SECOND}, y = {.name = ""};

    (void)state;
    submit(&x, "x", "a", TK_PRIORITY_REFRESH);
    live(0);
    tls_fake.answer = "";
    tls_fake.cut = true;
    submit(&y, "y", "a", TK_PRIORITY_REFRESH);
    live(0);
    assert_ended(&y, TK_E_CONN_LOST, 0);
    assert_int_equal(y.writes, 1);
    assert_true(y.r.sent);
    assert_log("+a x y -a");
}

/* --- connections without a request --- */

static void test_opened_before_it_is_needed(void **state)
{
    struct want warm = {.name = "", .connect_only = true, .r.keepalive_ms = 10 * SECOND};
    struct want x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm, "warm", "a", TK_PRIORITY_CHECK);
    live(SECOND);
    assert_int_equal(warm.dones, 1);
    assert_int_equal(warm.err, TK_OK);
    assert_false(warm.answered);
    assert_false(warm.r.sent);
    assert_true(tk_https_is_warm(&net, &warm.r.host));
    submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
    live(0);
    assert_ended(&x, TK_OK, SECOND);
    assert_log("+a x -a");
}

/* A connection that is being opened for nothing yet is what the next request wants. */
static void test_taken_over_half_open(void **state)
{
    struct want warm = {.name = "", .connect_only = true}, x = {.name = ""};

    (void)state;
    tls_fake.connect_ms = 500;
    submit(&warm, "warm", "a", TK_PRIORITY_CHECK);
    live(300);
    submit(&x, "x", "a", TK_PRIORITY_EXCHANGE);
    live(200);
    assert_ended(&x, TK_OK, 500);
    live(10 * SECOND);
    assert_int_equal(warm.dones, 1);
}

/* --- sessions, and handshakes with another offer --- */

static void test_a_session_for_each_host(void **state)
{
    static const char *const hosts[] = {"a", "b", "a", "b:444", "a", "b", "c", "d", "e", "a"};
    struct want x[2] = {{.name = ""}, {.name = ""}};

    (void)state;
    for (size_t i = 0; i + 1 < sizeof hosts / sizeof hosts[0]; i++) {
        tls_fake.answer_ms = SECOND; /* both at the same time */
        submit(&x[0], "x", hosts[i], TK_PRIORITY_CALL);
        live(0);
        const struct tk_tls_session *first = tls_fake.session;

        submit(&x[1], "x", hosts[i + 1], TK_PRIORITY_CALL);
        live(0);
        assert_ptr_not_equal(tls_fake.session, first);
        live(10 * SECOND);
        assert_int_equal(x[0].err, TK_OK);
        x[0] = x[1] = (struct want){.name = ""};
    }
}

static void test_kept_session_is_found(void **state)
{
    struct want x = {.name = ""};
    const struct tk_tls_session *first = NULL;

    (void)state;
    for (int i = 0; i < 4; i++) {
        x = (struct want){.name = ""};
        submit(&x, "x", i % 2 == 0 ? "a" : "b", TK_PRIORITY_CALL);
        live(0);
        if (i == 0)
            first = tls_fake.session;
        assert_int_equal(tls_fake.session == first, i % 2 == 0);
    }
}

static void test_tried_again_twice_at_most(void **state)
{
    (void)state;
    for (unsigned times = 0; times < 5; times++) {
        struct want x = {.name = ""};

        tls_fake.try_again = times;
        tls_fake.opened = 0;
        submit(&x, "x", "a", TK_PRIORITY_CALL);
        live(0);
        assert_ended(&x, times <= 2 ? TK_OK : TK_E_TLS_FAILED, port.now_ms);
        assert_int_equal(tls_fake.opened, times <= 2 ? times + 1 : 3);
        assert_int_equal(x.writes, times <= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_highest_first, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_higher_ends_the_least, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_equal_waits, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_sent_pairs_are_let_be, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_half_sent_pairs_are_let_be, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_unsent_refresh_yields_to_an_exchange, net_begin,
                                        net_end),
        cmocka_unit_test_setup_teardown(test_ousted_has_its_deadline, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_kept_for_the_same_host_and_port, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_kept_so_long, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_kept_ones_make_room, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_stale, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_stale_while_idle, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_not_sent_twice, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_opened_before_it_is_needed, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_taken_over_half_open, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_a_session_for_each_host, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_kept_session_is_found, net_begin, net_end),
        cmocka_unit_test_setup_teardown(test_tried_again_twice_at_most, net_begin, net_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
