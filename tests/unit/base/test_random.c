/* SPDX-License-Identifier: Apache-2.0 */

/* Random numbers: those of a source that repeats itself are refused. */

#include "tk_entropy.h"
#include "tk_random.h"
#include "tk_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LEN = 48, DRAWS = 20000 };

static struct tk_port port;

static int set_up(void **state)
{
    (void)state;
    tk_sim_init(&port, 7);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tk_sim_free(&port);
    return 0;
}

/* Bytes that differ, but for a run from `at` on that repeats what is `sample` before it. */
static bool is_refused(size_t sample, size_t at, size_t run)
{
    uint8_t bytes[LEN];

    for (size_t i = 0; i < LEN; i++)
        bytes[i] = (uint8_t)(7 * i);
    for (size_t i = at; i < at + run; i++)
        bytes[i] = bytes[i - sample];
    return tk_entropy_repeats(bytes, LEN);
}

static void a_run_of_any_sample_at_any_place_is_found(void **state)
{
    (void)state;
    for (size_t sample = 1; sample <= 16; sample *= 2) {
        for (size_t at = sample; at + TK_ENTROPY_RUN <= LEN; at++) {
            assert_true(is_refused(sample, at, TK_ENTROPY_RUN));
            assert_false(is_refused(sample, at, TK_ENTROPY_RUN - 1));
        }
    }
}

/* Only what repeats at once counts. */
static void runs_that_are_interrupted_are_good(void **state)
{
    static const uint8_t bytes[] = {1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 7, 7, 7, 7, 7};

    (void)state;
    assert_false(tk_entropy_repeats(bytes, sizeof bytes));
    assert_false(tk_entropy_repeats(bytes, TK_ENTROPY_RUN));
    assert_false(tk_entropy_repeats(bytes, 0));
}

static void a_good_source_is_never_refused(void **state)
{
    (void)state;
    for (int i = 0; i < DRAWS; i++)
        assert_true(tk_random_ready(&port));
}

static void a_stuck_source_is_refused(void **state)
{
    (void)state;
    for (port.random_period = 1; port.random_period <= 16; port.random_period *= 2)
        assert_false(tk_random_ready(&port));
}

/* One byte more in each period than the largest sample: that is for other tests. */
static void a_long_period_is_not_found(void **state)
{
    (void)state;
    port.random_period = 31;
    assert_true(tk_random_ready(&port));
}

static void without_a_seed_there_are_none(void **state)
{
    (void)state;
    port.unseeded = true;
    assert_false(tk_random_ready(&port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_of_any_sample_at_any_place_is_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(runs_that_are_interrupted_are_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_good_source_is_never_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stuck_source_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_period_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_seed_there_are_none, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
