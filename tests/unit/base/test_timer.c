/* SPDX-License-Identifier: Apache-2.0 */

/* Timers: which run, in which order, and how often. */

#include "tk_container.h"
#include "tk_timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TIMERS 8

/* A timer that appends its name to `ran`, then does what the test set. */
struct job {
    struct tk_timer timer;
    char name;
    void (*then)(struct job *self, uint64_t now_ms);
    struct job *other;
};

static struct tk_timers timers;
static struct job jobs[TIMERS];
static char ran[100000];
static size_t ran_len;
static uint64_t seen_ms;

static void run(struct tk_timer *timer, uint64_t now_ms)
{
    struct job *job = TK_CONTAINER_OF(timer, struct job, timer);

    assert_int_equal(timer->due_ms, TK_NEVER); /* stopped before it runs */
    assert_true(ran_len < sizeof ran - 1);
    ran[ran_len++] = job->name;
    seen_ms = now_ms;
    if (job->then != NULL)
        job->then(job, now_ms);
}

static int begin(void **state)
{
    (void)state;
    tk_timers_init(&timers);
    for (int i = 0; i < TIMERS; i++) {
        jobs[i] = (struct job){.name = (char)('a' + i), .other = &jobs[(i + 1) % TIMERS]};
        tk_timer_init(&jobs[i].timer, run);
    }
    return 0;
}

/* One pass: the names of the timers that ran, in order. */
static const char *pass(uint64_t now_ms, uint64_t next_ms)
{
    memset(ran, 0, ran_len);
    ran_len = 0;
    assert_int_equal(tk_timers_run(&timers, now_ms), next_ms);
    return ran;
}

static void start(int i, uint64_t due_ms)
{
    tk_timer_start(&timers, &jobs[i].timer, due_ms);
}

static void runs_nothing_at_first(void **state)
{
    (void)state;
    assert_string_equal(pass(0, TK_NEVER), "");
    assert_string_equal(pass(TK_NEVER - 1, TK_NEVER), "");
    assert_int_equal(jobs[0].timer.due_ms, TK_NEVER);
}

static void runs_once_at_expiry(void **state)
{
    (void)state;
    start(0, 100);
    assert_string_equal(pass(0, 100), "");
    assert_string_equal(pass(99, 100), "");
    assert_string_equal(pass(100, TK_NEVER), "a");
    assert_string_equal(pass(100, TK_NEVER), "");
    start(0, 100); /* long past */
    assert_string_equal(pass(5000, TK_NEVER), "a");
    assert_int_equal(seen_ms, 5000);
    start(0, 0);
    assert_string_equal(pass(0, TK_NEVER), "a");
}

static void runs_by_expiry_then_by_start(void **state)
{
    (void)state;
    start(0, 30);
    start(1, 10);
    start(2, 20);
    start(3, 10);
    start(4, 10);
    start(5, 40);
    assert_string_equal(pass(30, 40), "bdeca");
    assert_string_equal(pass(40, TK_NEVER), "f");
}

static void returns_the_next_expiry(void **state)
{
    (void)state;
    start(0, 70);
    start(1, 50);
    start(2, 60);
    assert_string_equal(pass(10, 50), "");
    assert_string_equal(pass(55, 60), "b");
    start(1, TK_NEVER - 1);
    assert_string_equal(pass(70, TK_NEVER - 1), "ca");
}

static void restarts_a_running_timer(void **state)
{
    (void)state;
    start(0, 50);
    start(0, 10);
    assert_string_equal(pass(10, TK_NEVER), "a");
    start(0, 50);
    start(1, 50);
    start(0, 50); /* after b now */
    assert_string_equal(pass(50, TK_NEVER), "ba");
    start(0, 50);
    start(0, 90);
    assert_string_equal(pass(60, 90), "");
    start(0, TK_NEVER);
    assert_string_equal(pass(100, TK_NEVER), "");
    start(0, TK_NEVER);
    assert_string_equal(pass(100, TK_NEVER), "");
}

/* --- what run may do --- */

static void restart_now(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&timers, &self->timer, now_ms);
}

static void restart_at_0(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    tk_timer_start(&timers, &self->timer, 0);
}

static void stop_other(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    tk_timer_stop(&timers, &self->other->timer);
}

static void start_other_now(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&timers, &self->other->timer, now_ms);
}

static void start_other_later(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&timers, &self->other->timer, now_ms + 10);
}

static void overwrite_self(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    memset(&self->timer, 0xa5, sizeof self->timer); /* its owner may reuse the memory */
}

static void a_timer_that_restarts_itself_starves_no_other(void **state)
{
    (void)state;
    jobs[0].then = restart_now;
    jobs[1].then = restart_at_0; /* the earliest of all */
    start(0, 10);
    start(1, 10);
    start(2, 10);
    assert_string_equal(pass(10, 0), "abc");
    assert_string_equal(pass(10, 0), "ba");
    assert_string_equal(pass(11, 0), "ba");
    start(2, 11);
    assert_string_equal(pass(11, 0), "bac");
}

static void run_stops_another_that_expired(void **state)
{
    (void)state;
    jobs[0].then = stop_other;
    start(0, 10);
    start(1, 10);
    start(2, 10);
    assert_string_equal(pass(10, TK_NEVER), "ac");
    assert_string_equal(pass(1000, TK_NEVER), "");
    start(1, 10); /* b runs first: too late to stop it */
    start(0, 10);
    assert_string_equal(pass(10, TK_NEVER), "ba");
}

static void a_timer_started_in_a_pass_runs_in_the_next(void **state)
{
    (void)state;
    jobs[0].then = start_other_now;
    start(0, 10);
    assert_string_equal(pass(10, 10), "a");
    assert_string_equal(pass(10, TK_NEVER), "b");
    start(0, 10);
    start(1, 10); /* expired, then restarted: runs once, in the next pass */
    assert_string_equal(pass(10, 10), "a");
    assert_string_equal(pass(10, TK_NEVER), "b");
}

static void run_restarts_another_that_expired(void **state)
{
    (void)state;
    jobs[0].then = start_other_later;
    start(0, 10);
    start(1, 10);
    assert_string_equal(pass(10, 20), "a");
    assert_string_equal(pass(20, TK_NEVER), "b");
}

static void run_may_free_its_own_timer(void **state)
{
    (void)state;
    jobs[1].then = overwrite_self;
    start(0, 10);
    start(1, 10);
    start(2, 10);
    start(3, 20);
    assert_string_equal(pass(10, 20), "abc");
    assert_string_equal(pass(20, TK_NEVER), "d");
}

/* --- after a long time --- */

static void works_beyond_32_bits(void **state)
{
    static const uint64_t bases[] = {UINT32_MAX - 5, (uint64_t)UINT32_MAX * 7, INT64_MAX - 5,
                                     UINT64_MAX - 100};

    (void)state;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        begin(NULL);
        start(0, bases[i] + 10);
        start(1, bases[i] + 4);
        start(2, bases[i]);
        assert_string_equal(pass(bases[i] - 1, bases[i]), "");
        assert_string_equal(pass(bases[i] + 3, bases[i] + 4), "c");
        assert_string_equal(pass(bases[i] + 9, bases[i] + 10), "b");
        assert_string_equal(pass(bases[i] + 10, TK_NEVER), "a");
    }
}

/* At one pass a millisecond the pass counter wraps after 50 days. */
static void survives_a_wrap_of_the_pass_counter(void **state)
{
    (void)state;
    timers.pass = UINT32_MAX - 1;
    jobs[0].then = restart_now;
    start(0, 1);
    start(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    start(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    start(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    assert_int_equal(timers.pass, 1);
}

/* Against a table without links: thousands of random starts, restarts and stops. */
static void matches_a_model(void **state)
{
    uint64_t due[TIMERS], now_ms = 0;
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < TIMERS; i++)
        due[i] = TK_NEVER;
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        int i = (int)(random >> 28) % TIMERS;

        due[i] = random >> 20 & 1 ? now_ms + (random >> 10 & 15) : TK_NEVER;
        start(i, due[i]);
        now_ms += random >> 24 & 3;
        uint64_t next_ms = TK_NEVER;
        size_t count = 0;

        for (int k = 0; k < TIMERS; k++) {
            bool is_due = due[k] <= now_ms;

            count += is_due;
            due[k] = is_due ? TK_NEVER : due[k];
            next_ms = due[k] < next_ms ? due[k] : next_ms;
        }
        assert_int_equal(strlen(pass(now_ms, next_ms)), count);
    }
}

static void backoff_doubles_up_to_its_maximum(void **state)
{
    (void)state;
    assert_int_equal(tk_backoff_ms(1000, 0, 300000), 1000);
    assert_int_equal(tk_backoff_ms(1000, 1, 300000), 2000);
    assert_int_equal(tk_backoff_ms(1000, 8, 300000), 256000);
    assert_int_equal(tk_backoff_ms(1000, 9, 300000), 300000);
    assert_int_equal(tk_backoff_ms(1000, UINT32_MAX, 300000), 300000);
    assert_int_equal(tk_backoff_ms(1000, 3, 500), 500);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
    const struct CMUnitTest tests[] = {
        TEST(runs_nothing_at_first),
        TEST(runs_once_at_expiry),
        TEST(runs_by_expiry_then_by_start),
        TEST(returns_the_next_expiry),
        TEST(restarts_a_running_timer),
        TEST(a_timer_that_restarts_itself_starves_no_other),
        TEST(run_stops_another_that_expired),
        TEST(a_timer_started_in_a_pass_runs_in_the_next),
        TEST(run_restarts_another_that_expired),
        TEST(run_may_free_its_own_timer),
        TEST(works_beyond_32_bits),
        TEST(survives_a_wrap_of_the_pass_counter),
        TEST(matches_a_model),
        cmocka_unit_test(backoff_doubles_up_to_its_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
