/* SPDX-License-Identifier: Apache-2.0 */

/* The scheduler: what runs when, in which order, and how often. */

#include "tk_timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TASKS 8

/* A timer that writes its name into `ran`, then does what the test gave it. */
struct job {
    struct tk_timer timer;
    char name;
    void (*then)(struct job *self, uint64_t now_ms);
    struct job *other;
    uint64_t period_ms;
};

static struct tk_timers s;
static struct job jobs[TASKS];
static char ran[100000];
static size_t ran_len;
static uint64_t seen_ms;

static void run(struct tk_timer *timer, uint64_t now_ms)
{
    struct job *job = (struct job *)timer; /* the first member */

    assert_int_equal(timer->due_ms, TK_NEVER); /* disarmed before it runs */
    assert_true(ran_len < sizeof ran - 1);
    ran[ran_len++] = job->name;
    seen_ms = now_ms;
    if (job->then != NULL)
        job->then(job, now_ms);
}

static int begin(void **state)
{
    (void)state;
    tk_timers_init(&s);
    for (int i = 0; i < TASKS; i++) {
        jobs[i] = (struct job){.name = (char)('a' + i), .other = &jobs[(i + 1) % TASKS]};
        tk_timer_init(&jobs[i].timer, run);
    }
    return 0;
}

/* One pass: who ran, in order. */
static const char *pass(uint64_t now_ms, uint64_t next_ms)
{
    memset(ran, 0, ran_len);
    ran_len = 0;
    assert_int_equal(tk_timers_run(&s, now_ms), next_ms);
    return ran;
}

static void at(int i, uint64_t due_ms)
{
    tk_timer_start(&s, &jobs[i].timer, due_ms);
}

static void nothing_is_due_at_first(void **state)
{
    (void)state;
    assert_string_equal(pass(0, TK_NEVER), "");
    assert_string_equal(pass(TK_NEVER - 1, TK_NEVER), "");
    assert_int_equal(jobs[0].timer.due_ms, TK_NEVER);
}

static void a_task_runs_once_when_it_is_due_and_not_before(void **state)
{
    (void)state;
    at(0, 100);
    assert_string_equal(pass(0, 100), "");
    assert_string_equal(pass(99, 100), "");
    assert_string_equal(pass(100, TK_NEVER), "a");
    assert_string_equal(pass(100, TK_NEVER), "");
    at(0, 100); /* long past */
    assert_string_equal(pass(5000, TK_NEVER), "a");
    assert_int_equal(seen_ms, 5000);
    at(0, 0);
    assert_string_equal(pass(0, TK_NEVER), "a");
}

static void tasks_run_by_deadline_then_in_the_order_they_were_armed(void **state)
{
    (void)state;
    at(0, 30);
    at(1, 10);
    at(2, 20);
    at(3, 10);
    at(4, 10);
    at(5, 40);
    assert_string_equal(pass(30, 40), "bdeca");
    assert_string_equal(pass(40, TK_NEVER), "f");
}

static void the_answer_is_the_next_deadline(void **state)
{
    (void)state;
    at(0, 70);
    at(1, 50);
    at(2, 60);
    assert_string_equal(pass(10, 50), "");
    assert_string_equal(pass(55, 60), "b");
    at(1, TK_NEVER - 1);
    assert_string_equal(pass(70, TK_NEVER - 1), "ca");
}

static void arming_again_moves_a_task(void **state)
{
    (void)state;
    at(0, 50);
    at(0, 10);
    assert_string_equal(pass(10, TK_NEVER), "a");
    at(0, 50);
    at(1, 50);
    at(0, 50); /* behind b now */
    assert_string_equal(pass(50, TK_NEVER), "ba");
    at(0, 50);
    at(0, 90);
    assert_string_equal(pass(60, 90), "");
    at(0, TK_NEVER);
    assert_string_equal(pass(100, TK_NEVER), "");
    at(0, TK_NEVER);
    assert_string_equal(pass(100, TK_NEVER), "");
}

/* --- what a timer may do while it runs --- */

static void again_now(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&s, &self->timer, now_ms);
}

static void again_at_0(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    tk_timer_start(&s, &self->timer, 0);
}

static void cancel_other(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    tk_timer_stop(&s, &self->other->timer);
}

static void arm_other_now(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&s, &self->other->timer, now_ms);
}

static void arm_other_later(struct job *self, uint64_t now_ms)
{
    tk_timer_start(&s, &self->other->timer, now_ms + 10);
}

static void forget_self(struct job *self, uint64_t now_ms)
{
    (void)now_ms;
    memset(&self->timer, 0xa5, sizeof self->timer); /* its memory is its owner's again */
}

static void a_task_that_arms_itself_for_now_starves_nobody(void **state)
{
    (void)state;
    jobs[0].then = again_now;
    jobs[1].then = again_at_0; /* an earlier deadline than anybody's */
    at(0, 10);
    at(1, 10);
    at(2, 10);
    assert_string_equal(pass(10, 0), "abc");
    assert_string_equal(pass(10, 0), "ba");
    assert_string_equal(pass(11, 0), "ba");
    at(2, 11);
    assert_string_equal(pass(11, 0), "bac");
}

static void a_task_cancels_another_that_is_due(void **state)
{
    (void)state;
    jobs[0].then = cancel_other;
    at(0, 10);
    at(1, 10);
    at(2, 10);
    assert_string_equal(pass(10, TK_NEVER), "ac");
    assert_string_equal(pass(1000, TK_NEVER), "");
    at(1, 10); /* b first: too late to cancel it */
    at(0, 10);
    assert_string_equal(pass(10, TK_NEVER), "ba");
}

static void a_task_armed_during_a_pass_runs_in_the_next(void **state)
{
    (void)state;
    jobs[0].then = arm_other_now;
    at(0, 10);
    assert_string_equal(pass(10, 10), "a");
    assert_string_equal(pass(10, TK_NEVER), "b");
    at(0, 10);
    at(1, 10); /* was due, is armed again: one run, in the next pass */
    assert_string_equal(pass(10, 10), "a");
    assert_string_equal(pass(10, TK_NEVER), "b");
}

static void a_task_puts_another_off(void **state)
{
    (void)state;
    jobs[0].then = arm_other_later;
    at(0, 10);
    at(1, 10);
    assert_string_equal(pass(10, 20), "a");
    assert_string_equal(pass(20, TK_NEVER), "b");
}

static void a_task_may_end_with_its_run(void **state)
{
    (void)state;
    jobs[1].then = forget_self;
    at(0, 10);
    at(1, 10);
    at(2, 10);
    at(3, 20);
    assert_string_equal(pass(10, 20), "abc");
    assert_string_equal(pass(20, TK_NEVER), "d");
}

/* --- repeating --- */

static void repeat(struct job *self, uint64_t now_ms)
{
    static uint64_t due[TASKS];
    size_t i = (size_t)(self - jobs);

    if (due[i] == 0)
        due[i] = now_ms;
    due[i] = tk_timer_next(due[i], self->period_ms, now_ms);
    tk_timer_start(&s, &self->timer, due[i]);
}

/* Each pass is up to 9 ms late; after 1000 periods of 10 ms still none is lost. */
static void lateness_does_not_add_up(void **state)
{
    uint64_t late = 1, next_ms = 1000;

    (void)state;
    jobs[0].then = repeat;
    jobs[0].period_ms = 10;
    at(0, 1000);
    assert_string_equal(pass(1000, 1010), "a");
    for (int i = 1; i <= 1000; i++) {
        next_ms = 1000 + 10 * (uint64_t)i;
        late = late * 7 % 10;
        assert_string_equal(pass(next_ms + late, next_ms + 10), "a");
    }
}

static void a_gap_is_not_made_up_for(void **state)
{
    (void)state;
    assert_int_equal(tk_timer_next(1000, 10, 1000), 1010);
    assert_int_equal(tk_timer_next(1000, 10, 1009), 1010);
    assert_int_equal(tk_timer_next(1000, 10, 1010), 1020);
    assert_int_equal(tk_timer_next(1000, 10, 98765), 98775);
    assert_int_equal(tk_timer_next(1000, 10, 990), 1000); /* run before it was due */
    assert_int_equal(tk_timer_next(0, 10, 0), 10);
}

/* --- the long run --- */

static void ticks_beyond_32_bits_are_as_good(void **state)
{
    static const uint64_t bases[] = {UINT32_MAX - 5, (uint64_t)UINT32_MAX * 7, INT64_MAX - 5,
                                     UINT64_MAX - 100};

    (void)state;
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        begin(NULL);
        at(0, bases[i] + 10);
        at(1, bases[i] + 4);
        at(2, bases[i]);
        assert_string_equal(pass(bases[i] - 1, bases[i]), "");
        assert_string_equal(pass(bases[i] + 3, bases[i] + 4), "c");
        assert_string_equal(pass(bases[i] + 9, bases[i] + 10), "b");
        assert_string_equal(pass(bases[i] + 10, TK_NEVER), "a");
    }
}

/* The number of the pass wraps after 50 days of a pass a ms. */
static void the_count_of_passes_may_wrap(void **state)
{
    (void)state;
    s.pass = UINT32_MAX - 1;
    jobs[0].then = again_now;
    at(0, 1);
    at(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    at(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    at(1, 1);
    assert_string_equal(pass(1, 1), "ab");
    assert_int_equal(s.pass, 1);
}

/* Against a table without links: thousands of random armings, moves and cancellations. */
static void the_list_is_always_the_table(void **state)
{
    uint64_t due[TASKS], now_ms = 0;
    uint32_t random = 1;

    (void)state;
    for (int i = 0; i < TASKS; i++)
        due[i] = TK_NEVER;
    for (int round = 0; round < 20000; round++) {
        random = random * 1664525 + 1013904223;
        int i = (int)(random >> 28) % TASKS;

        due[i] = random >> 20 & 1 ? now_ms + (random >> 10 & 15) : TK_NEVER;
        at(i, due[i]);
        now_ms += random >> 24 & 3;
        uint64_t next_ms = TK_NEVER;
        size_t count = 0;

        for (int k = 0; k < TASKS; k++) {
            bool is_due = due[k] <= now_ms;

            count += is_due;
            due[k] = is_due ? TK_NEVER : due[k];
            next_ms = due[k] < next_ms ? due[k] : next_ms;
        }
        assert_int_equal(strlen(pass(now_ms, next_ms)), count);
    }
}

static void a_backoff_doubles_up_to_its_most(void **state)
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
        TEST(nothing_is_due_at_first),
        TEST(a_task_runs_once_when_it_is_due_and_not_before),
        TEST(tasks_run_by_deadline_then_in_the_order_they_were_armed),
        TEST(the_answer_is_the_next_deadline),
        TEST(arming_again_moves_a_task),
        TEST(a_task_that_arms_itself_for_now_starves_nobody),
        TEST(a_task_cancels_another_that_is_due),
        TEST(a_task_armed_during_a_pass_runs_in_the_next),
        TEST(a_task_puts_another_off),
        TEST(a_task_may_end_with_its_run),
        TEST(lateness_does_not_add_up),
        TEST(a_gap_is_not_made_up_for),
        TEST(ticks_beyond_32_bits_are_as_good),
        TEST(the_count_of_passes_may_wrap),
        TEST(the_list_is_always_the_table),
        cmocka_unit_test(a_backoff_doubles_up_to_its_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
