/* SPDX-License-Identifier: Apache-2.0 */

/* Tokens and posts of a mailbox. Threads are in test_mailbox_threads.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "one_world.h"
#include "simulated_task.h"
#include "tk_mailbox_private.h"

/* --- tokens --- */

static uint64_t slept_ms; /* of the outermost task */
static char token[TK_TOKEN_MAX + 1];
static struct tk_token_info info;

static enum tk_token_answer get(uint32_t min_valid_s, uint32_t timeout_ms)
{
    uint64_t start_ms = w.port.now_ms;

    memset(token, 'x', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    enum tk_token_answer answer =
        tk_mailbox_get(&box, NULL, min_valid_s, timeout_ms, token, sizeof token, &info);

    slept_ms = w.port.now_ms - start_ms;
    assert_true(slept_ms <= timeout_ms);
    assert_false(locked);
    return answer;
}

static bool holds(const void *memory, size_t size, const char *word)
{
    size_t len = strlen(word);

    for (size_t i = 0; i + len <= size; i++) {
        if (memcmp((const char *)memory + i, word, len) == 0)
            return true;
    }
    return false;
}

static void assert_token(const char *wanted)
{
    assert_string_equal(token, wanted);
    assert_false(holds(&box, sizeof box, "access"));
    assert_false(holds(slots, sizeof slots, "access"));
}

static void a_valid_token_is_given_at_once(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
    assert_token("access1");
    assert_int_equal(info.generation, 1);
    assert_int_equal(slept_ms, 0);
    assert_int_equal(wakes, 1);
}

static void a_short_token_is_refreshed_first(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, 2000 * SECOND);
    assert_int_equal(get(1700, 20 * SECOND), TK_TOKEN_VALUE);
    assert_token("access2");
    assert_int_equal(info.generation, 2);
    assert_true(slept_ms < SECOND); /* in the pass after the answer */
}

/* The portal is silent: the task gets what there is before its own timeout ends. */
static void a_task_in_a_hurry_gets_a_shorter_token(void **state)
{
    (void)state;
    world_provision(&w);
    world_type(&w, "set renew on-demand");
    world_run(&w, 2000 * SECOND);
    world_fault(&w, WORLD_SILENT, 0);
    assert_int_equal(get(1700, 5 * SECOND), TK_TOKEN_VALUE);
    assert_token("access1");
    assert_true(info.is_short);
    assert_int_equal(wakes, 2); /* to ask, and for the last time */
    assert_in_range(slept_ms, 3 * SECOND, 5 * SECOND);
}

static void a_timeout_says_what_delays_the_token(void **state)
{
    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 4000 * SECOND);
    assert_int_equal(get(60, 2 * SECOND), TK_TOKEN_WAIT);
    assert_int_equal(info.err, TK_E_CONNECT_FAILED);
    assert_int_equal(slept_ms, 2 * SECOND);
    assert_int_equal(token[0], 'x');
    assert_int_equal(wakes, 3); /* to ask, for the last time, and to get the slot back */
}

static void refusals_are_answers(void **state)
{
    char small[4];

    (void)state;
    assert_int_equal(get(60, SECOND), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_CLIENT);
    world_provision(&w);
    assert_int_equal(tk_mailbox_get(&box, "other", 60, SECOND, token, sizeof token, &info),
                     TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_SUCH_REF);
    assert_int_equal(tk_mailbox_get(&box, "name-of-17-chars-", 60, 1, small, 4, &info),
                     TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_SUCH_REF);
    assert_int_equal(tk_mailbox_get(&box, "", 60, SECOND, small, sizeof small, &info),
                     TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_NO_MEMORY);
}

static void a_wait_may_end_early(void **state)
{
    (void)state;
    world_provision(&w);
    spurious = 3;
    assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
    assert_token("access1");
}

/* --- rejected tokens --- */

static void a_rejected_token_is_refreshed_within_its_budget(void **state)
{
    uint32_t wait_s = 99;

    (void)state;
    world_provision(&w);
    world_run(&w, 20 * SECOND);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 1, SECOND, NULL), TK_OK);
    assert_int_equal(get(60, 10 * SECOND), TK_TOKEN_VALUE);
    assert_token("access2");
    assert_int_equal(tk_mailbox_rejected(&box, "token", 1, SECOND, &wait_s), TK_OK);
    assert_int_equal(wait_s, 0);
    world_run(&w, 20 * SECOND);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 2, SECOND, &wait_s), TK_E_TOO_SOON);
    assert_in_range(wait_s, 1, 60);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 2, SECOND, NULL), TK_E_TOO_SOON);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 0, SECOND, &wait_s), TK_OK);
    assert_int_equal(tk_mailbox_rejected(&box, "name-of-17-chars-", 2, SECOND, NULL), TK_OK);
}

/* --- slots --- */

/* The main loop stands still, and the task's memory is gone when it goes on. */
static void a_task_that_left_is_not_written_to(void **state)
{
    uint32_t wait_s;

    (void)state;
    world_provision(&w);
    stalled = true;
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal(get(60, SECOND), TK_TOKEN_WAIT);
        assert_int_equal(info.err, TK_E_TRY_LATER);
        assert_int_equal(slept_ms, SECOND);
    }
    assert_int_equal(get(60, SECOND), TK_TOKEN_WAIT); /* both slots wait for the main loop */
    assert_int_equal(info.err, TK_E_BUSY);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 1, SECOND, &wait_s), TK_E_BUSY);
    stalled = false;
    memset(&info, 0xa5, sizeof info);
    world_run(&w, 1);
    tk_mailbox_run(&box);
    assert_int_equal(token[0], 'x');
    for (int i = 0; i < 2 * SLOTS; i++)
        assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
    stalled = true;
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 1, SECOND, &wait_s), TK_E_TRY_LATER);
    assert_int_equal(wait_s, 0);
    assert_true(tk_mailbox_close(&box)); /* none is inside any more */
}

/* Without time nothing is waited for. */
static void a_timeout_of_zero_does_not_wait(void **state)
{
    (void)state;
    world_provision(&w);
    assert_int_equal(get(60, 0), TK_TOKEN_WAIT);
    assert_int_equal(info.err, TK_E_TRY_LATER);
}

static char second_token[TK_TOKEN_MAX + 1];
static enum tk_token_answer second;
static struct tk_token_info second_info;
static uint64_t second_slept_ms;

static void get_second(void)
{
    uint64_t start_ms = w.port.now_ms;

    second =
        tk_mailbox_get(&box, NULL, 60, 3 * SECOND, second_token, sizeof second_token, &second_info);
    second_slept_ms = w.port.now_ms - start_ms;
}

/* One slot, which the first task has while the second waits for it. */
static void a_task_without_a_slot_waits_for_its_timeout(void **state)
{
    (void)state;
    world_provision(&w);
    make_mailbox(1);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 4000 * SECOND);
    during = get_second;
    assert_int_equal(get(60, 9 * SECOND), TK_TOKEN_WAIT);
    assert_int_equal(second, TK_TOKEN_WAIT);
    assert_int_equal(second_info.err, TK_E_BUSY);
}

static bool was_given;

static void take_signal(void)
{
    was_given = given[TK_POOL_TOKENS];
    given[TK_POOL_TOKENS] = false;
}

/* Another task waits for a slot, and has not woken yet: it gets the free one, or that
 * which this task had. */
static void a_free_slot_is_passed_on(void **state)
{
    (void)state;
    world_provision(&w);
    for (uint16_t others = 0; others < 2; others++) {
        box.pools[TK_POOL_TOKENS].waiting = others;
        during = take_signal;
        assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
        assert_int_equal(was_given, others > 0);
        assert_int_equal(given[TK_POOL_TOKENS], others > 0);
    }
    make_mailbox(1);
    box.pools[TK_POOL_TOKENS].waiting = 1;
    given[TK_POOL_TOKENS] = false;
    during = take_signal;
    assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
    assert_false(was_given); /* there is none */
    assert_true(given[TK_POOL_TOKENS]);
}

static void a_slot_that_was_left_is_freed(void **state)
{
    (void)state;
    world_provision(&w);
    make_mailbox(1);
    stalled = true;
    assert_int_equal(get(60, SECOND), TK_TOKEN_WAIT);
    tk_mailbox_run(&box);
    stalled = false;
    assert_int_equal(get(60, SECOND), TK_TOKEN_VALUE);
}

static void the_longest_name(void **state)
{
    static const char name[] = "name-of-16-chars";
    unsigned before;

    (void)state;
    assert_int_equal(strlen(name), TK_NAME_MAX);
    world_type(&w, "ref add name-of-16-chars");
    (void)tk_mailbox_get(&box, name, 60, SECOND, token, sizeof token, &info);
    assert_int_equal(info.err, TK_E_NO_CLIENT);
    before = wakes;
    assert_int_equal(tk_mailbox_rejected(&box, name, 1, SECOND, NULL), TK_OK);
    assert_true(wakes > before);
}

static void what_a_timeout_spares(void **state)
{
    static const uint32_t rows[][2] = {{0, 0},       {3, 0},       {4, 1},       {4000, 1000},
                                       {7999, 1999}, {8000, 2000}, {9000, 2000}, {90000, 2000}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(tk_mailbox_spare(rows[i][0]), rows[i][1]);
}

/* --- the end --- */

static void close_box(void)
{
    assert_false(tk_mailbox_close(&box));
}

static void closing_answers_all_who_wait(void **state)
{
    uint32_t wait_s;

    (void)state;
    world_provision(&w);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 4000 * SECOND);
    during = close_box;
    assert_int_equal(get(60, 9 * SECOND), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_CANCELLED);
    assert_int_equal(slept_ms, 0);
    assert_int_equal(wakes, 2); /* to ask, and as the last one that leaves */
    assert_true(tk_mailbox_close(&box));
    assert_int_equal(get(60, 9 * SECOND), TK_TOKEN_REFUSED);
    assert_int_equal(info.err, TK_E_CANCELLED);
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 1, SECOND, &wait_s), TK_E_CANCELLED);
    assert_int_equal(slept_ms, 0);
    assert_int_equal(wakes, 4); /* each was the last one */
    tk_mailbox_run(&box);
}

static void closing_answers_a_rejection(void **state)
{
    uint32_t wait_s = 99;

    (void)state;
    world_provision(&w);
    during = close_box;
    assert_int_equal(tk_mailbox_rejected(&box, NULL, 1, SECOND, &wait_s), TK_E_CANCELLED);
    assert_int_equal(wait_s, 0);
}

static void get_third(void)
{
    during = close_box;
    get_second();
    assert_int_equal(second, TK_TOKEN_REFUSED);
    assert_int_equal(second_info.err, TK_E_CANCELLED);
    assert_int_equal(second_slept_ms, 0);
}

static void close_while_three_wait(void)
{
    during = get_third;
    get_second();
}

/* The second task waits for the slot of the first, and so does a third. */
static void closing_answers_those_without_a_slot(void **state)
{
    (void)state;
    world_provision(&w);
    make_mailbox(1);
    world_fault(&w, WORLD_UNREACHABLE, 0);
    world_run(&w, 4000 * SECOND);
    during = close_while_three_wait;
    assert_int_equal(get(60, 9 * SECOND), TK_TOKEN_REFUSED);
    assert_int_equal(second, TK_TOKEN_REFUSED);
    assert_int_equal(second_info.err, TK_E_CANCELLED);
    assert_int_equal(second_slept_ms, 0);
    assert_int_equal(wakes, 2); /* to ask, and as the last one that leaves */
    assert_true(tk_mailbox_close(&box));
}

static void closing_signals_those_who_wait_for_a_slot(void **state)
{
    (void)state;
    assert_true(tk_mailbox_close(&box));
    for (unsigned i = 0; i < WAITERS; i++)
        assert_int_equal(given[i], i < TK_MAILBOX_POOLS);
}

/* Left before it is closed, and not seen by the main loop yet. */
static void closing_with_a_slot_that_was_left(void **state)
{
    (void)state;
    world_provision(&w);
    stalled = true;
    assert_int_equal(get(60, SECOND), TK_TOKEN_WAIT);
    assert_true(tk_mailbox_close(&box));
    tk_mailbox_run(&box);
    assert_int_equal(token[0], 'x');
}

/* --- posts --- */

static char order[32];
static struct tk_mailbox_post first_post, second_post;

static void note(struct tk_mailbox *b, struct tk_mailbox_post *post)
{
    assert_ptr_equal(b, &box);
    assert_false(locked);
    strcat(order, post == &first_post ? "1" : "2");
}

static void note_and_post_again(struct tk_mailbox *b, struct tk_mailbox_post *post)
{
    note(b, post);
    assert_true(tk_mailbox_post(b, post));
}

static void posts_run_once_and_in_order(void **state)
{
    (void)state;
    order[0] = '\0';
    tk_mailbox_init(&box, &w.keeper, &hooks);
    first_post = second_post = (struct tk_mailbox_post){.run = note};
    assert_true(tk_mailbox_post(&box, &second_post));
    assert_true(tk_mailbox_post(&box, &first_post));
    assert_false(tk_mailbox_post(&box, &second_post));
    assert_int_equal(wakes, 2);
    tk_mailbox_run(&box);
    tk_mailbox_run(&box);
    assert_string_equal(order, "21");
}

static void a_post_that_posts_again_runs_once_a_pass(void **state)
{
    (void)state;
    order[0] = '\0';
    first_post = (struct tk_mailbox_post){.run = note_and_post_again};
    second_post = (struct tk_mailbox_post){.run = note};
    assert_true(tk_mailbox_post(&box, &first_post));
    tk_mailbox_run(&box);
    assert_true(tk_mailbox_post(&box, &second_post));
    tk_mailbox_run(&box);
    assert_string_equal(order, "112");
    assert_true(tk_mailbox_close(&box));
    tk_mailbox_run(&box);
    assert_false(tk_mailbox_post(&box, &second_post));
    assert_string_equal(order, "112");
}

static void close_the_mailbox(struct tk_mailbox *b, struct tk_mailbox_post *post)
{
    note(b, post);
    assert_true(tk_mailbox_close(b));
}

static void a_post_may_close_the_mailbox(void **state)
{
    (void)state;
    order[0] = '\0';
    first_post = (struct tk_mailbox_post){.run = close_the_mailbox};
    second_post = (struct tk_mailbox_post){.run = note};
    assert_true(tk_mailbox_post(&box, &first_post));
    assert_true(tk_mailbox_post(&box, &second_post));
    tk_mailbox_run(&box);
    assert_string_equal(order, "1");
    assert_false(second_post.queued);
}

/* What 32-bit systems pay for a slot; pointers are wider here. */
static void a_slot_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct tk_mailbox_slot) <= 56);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_valid_token_is_given_at_once),
        TEST(a_short_token_is_refreshed_first),
        TEST(a_task_in_a_hurry_gets_a_shorter_token),
        TEST(a_timeout_says_what_delays_the_token),
        TEST(refusals_are_answers),
        TEST(a_wait_may_end_early),
        TEST(a_rejected_token_is_refreshed_within_its_budget),
        TEST(a_task_that_left_is_not_written_to),
        TEST(a_timeout_of_zero_does_not_wait),
        TEST(a_task_without_a_slot_waits_for_its_timeout),
        TEST(a_free_slot_is_passed_on),
        TEST(a_slot_that_was_left_is_freed),
        TEST(the_longest_name),
        TEST(what_a_timeout_spares),
        TEST(closing_signals_those_who_wait_for_a_slot),
        TEST(closing_answers_all_who_wait),
        TEST(closing_answers_a_rejection),
        TEST(closing_answers_those_without_a_slot),
        TEST(closing_with_a_slot_that_was_left),
        TEST(posts_run_once_and_in_order),
        TEST(a_post_that_posts_again_runs_once_a_pass),
        TEST(a_post_may_close_the_mailbox),
        TEST(a_slot_is_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
