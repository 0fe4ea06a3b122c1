/* SPDX-License-Identifier: Apache-2.0 */

/* Escalation, DESIGN section 3. */

#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000
#define HOUR   (60 * MINUTE)
#define DAY    (24 * (uint64_t)HOUR)

static struct world w;

static int begin(void **state)
{
    (void)state;
    world_init(&w, 7);
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(w.flash.violations, 0);
    world_free(&w);
    return 0;
}

static void a_fault_is_raised_once_and_cleared_once(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm?key=k");
    w.server.posts = 0;
    world_fault(&w, WORLD_STATUS, 0);
    w.server.fault_status = 500;
    world_run(&w, 70 * MINUTE); /* the endpoint is on the same broken server: nothing arrives */
    assert_string_equal(world_status(&w, "escalation"), "3");
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=2"), 1);
    assert_int_equal(world_count_events(&w, "event=raised level=3"), 1);
    world_fault(&w, WORLD_WELL, 0);
    world_run(&w, 40 * MINUTE);
    assert_string_equal(world_status(&w, "escalation"), "0");
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_in_range(w.server.posts, 0, 2);
}

static void a_failed_refresh_is_logged_where_that_is_wanted(void **state)
{
    (void)state;
    world_provision(&w);
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(world_count_events(&w, "LOG "), 0);
    world_type(&w, "log info");
    world_error(&w, "something", 400, 1);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(
        world_count_events(&w, "LOG refresh ref=token error=oauth_error failures=1 next_in="), 1);
}

/* The endpoint works, the authorization server does not honour the secret. */
static void what_is_posted_says_what_to_do(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    snprintf(w.server.secret, sizeof w.server.secret, "another");
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.server.posts, 1);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"raised\",\"account\":\"token\","
                                               "\"device\":\"SIM-0001\""));
    assert_non_null(strstr(w.server.last_post, "\"level\":4,"));
    char ref[80];

    snprintf(ref, sizeof ref, "\"ref\":\"SIM-0001-token-%lld\",",
             (long long)w.keeper.accounts[0].escalation.record.since);
    assert_non_null(strstr(w.server.last_post, ref));
    assert_non_null(strstr(w.server.last_post, "\"cause\":\"invalid_client\","));
    assert_non_null(strstr(w.server.last_post, "set client_secret"));
    world_restart(&w, MINUTE);
    world_run(&w, 3 * HOUR);
    assert_int_equal(w.server.posts, 1); /* kept over a restart: not told again */
    snprintf(w.server.secret, sizeof w.server.secret, "s3cret");
    world_assert_begins(world_type(&w, "auth refresh"), "OK state=ready");
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.server.last_post, ref)); /* both belong together */
    world_run(&w, DAY);
    assert_int_equal(w.server.posts, 2);
}

/* The fault ends while its POST is under way: the endpoint learns of both. */
static void a_fault_that_ends_while_it_is_told_is_cleared_too(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    w.server.latency_ms = 5000;
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    assert_int_equal(w.keeper.accounts[0].escalation.record.delivered, 0);
    w.server.latency_ms = 0;
    tk_escalate_clear(&w.keeper.accounts[0]);
    world_restart(&w, 1000); /* and the power fails before it is answered */
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    assert_non_null(strstr(w.server.last_post, "\"level\":2,"));
    world_run(&w, 10 * MINUTE);
    assert_int_equal(w.server.posts, 2);
}

/* The same without the power cut: the answer to the first POST must not be taken for the second's.
 */
static void the_answer_to_a_raising_does_not_count_for_the_clearing(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    w.server.latency_ms = 5000;
    while (world_count_events(&w, "event=raised level=2") == 0)
        world_run(&w, 10);
    world_run(&w, 20);
    assert_int_equal(w.server.posts, 1);
    tk_escalate_clear(&w.keeper.accounts[0]);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 2);
    assert_non_null(strstr(w.server.last_post, "\"event\":\"cleared\""));
    assert_string_equal(world_status(&w, "escalation"), "0");
}

static void a_fault_that_ends_before_it_is_told_is_told_to_nobody(void **state)
{
    struct tk_account *a = &w.keeper.accounts[0];

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    world_error(&w, "something", 400, 3);
    while (!tk_net_active(&a->escalation.request)) { /* pass by pass: it is sent in the next */
        uint64_t until_ms = tk_keeper_run(&w.keeper);

        if (until_ms > w.port.now_ms)
            tk_sim_advance(&w.port, 1);
    }
    assert_false(a->escalation.request.sent);
    tk_escalate_clear(a);
    world_run(&w, MINUTE);
    assert_int_equal(w.server.posts, 0);
}

static void time_alone_brings_the_next_level(void **state)
{
    (void)state;
    world_provision(&w);
    w.server.fault_status = 500;
    world_fault(&w, WORLD_STATUS, 0);
    uint64_t expires_ms = w.keeper.accounts[0].expires_ms;

    while (world_count_events(&w, "event=raised level=3") == 0)
        world_run(&w, 50);
    assert_in_range(w.port.now_ms, expires_ms, expires_ms + 100);
}

/* 2xx alone is not enough where the answer is Corezoid's. */
static void delivered_means_that_it_was_taken(void **state)
{
    static const struct {
        const char *body;
        const char *answer;
    } cases[] = {
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"}]}", "OK delivered=yes"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"error\"}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"ok\",\"ops\":[{\"proc\":\"ok\"},{}]}", "ERR escalate_refused"},
        {"{\"request_proc\":\"format_error\",\"ops\":[]}", "ERR escalate_refused"},
        {"{\"thanks\":1}", "OK delivered=yes"},
        {"thanks", "OK delivered=yes"},
    };

    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w.server.fault_word = cases[i].body;
        world_fault(&w, WORLD_BODY, 1);
        world_assert_begins(world_type(&w, "escalate test"), cases[i].answer);
    }
    w.server.fault_status = 302;
    world_fault(&w, WORLD_STATUS, 1);
    world_assert_begins(world_type(&w, "escalate test"), "ERR escalate_refused");
    assert_non_null(strstr(w.answer, "@1 http=302\n"));
}

static void escalate_level_holds_lesser_faults_back(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set escalate_url https://hooks.example/alarm");
    assert_string_equal(world_type(&w, "set escalate_level 3"), "OK escalate_level=3");
    world_assert_begins(world_type(&w, "set escalate_level 4"), "ERR bad_value");
    world_error(&w, "something", 400, 2);
    world_run(&w, 30 * MINUTE);
    assert_int_equal(world_count_events(&w, "event=raised level=1"), 1);
    assert_int_equal(world_count_events(&w, "event=cleared"), 1);
    assert_int_equal(w.server.posts, 0);
}

static void the_board_is_told_too(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(w.port.level, 0);
    world_error(&w, "invalid_client", 400, 0);
    world_run(&w, 26 * MINUTE);
    assert_int_equal(w.port.level, 4);
    world_restart(&w, 100);
    assert_int_equal(w.port.level, 4);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_fault_is_raised_once_and_cleared_once),
        TEST(a_failed_refresh_is_logged_where_that_is_wanted),
        TEST(what_is_posted_says_what_to_do),
        TEST(a_fault_that_ends_while_it_is_told_is_cleared_too),
        TEST(the_answer_to_a_raising_does_not_count_for_the_clearing),
        TEST(a_fault_that_ends_before_it_is_told_is_told_to_nobody),
        TEST(time_alone_brings_the_next_level),
        TEST(delivered_means_that_it_was_taken),
        TEST(escalate_level_holds_lesser_faults_back),
        TEST(the_board_is_told_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
