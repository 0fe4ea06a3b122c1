/* SPDX-License-Identifier: Apache-2.0 */

/* tk_posix_wake, and the hooks of the mailbox. */

#include "tk_posix_threads.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "posix_port.h"

enum { COUNT = 2 };

static struct tk_posix_threads threads;
static struct tk_posix_waiter waiters[COUNT];

static int begin(void **state)
{
    set_up(state);
    return tk_posix_threads_init(&threads, *state, waiters, COUNT);
}

static int end(void **state)
{
    tk_posix_threads_free(&threads);
    return tear_down(state);
}

/* --- wake --- */

static void *wake(void *arg)
{
    tk_posix_threads_wake(arg);
    return NULL;
}

static void a_wake_up_ends_the_next_wait(void **state)
{
    uint64_t start_ms = now();

    for (int i = 0; i < 3; i++)
        tk_posix_wake(*state);
    tk_wait(*state, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    start_ms = now();
    tk_wait(*state, start_ms + 20); /* all were for one wait */
    assert_true(now() >= start_ms + 20);
}

static void a_wake_up_of_a_thread_ends_a_wait(void **state)
{
    uint64_t start_ms = now();
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, wake, &threads), 0);
    tk_wait(*state, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    pthread_join(thread, NULL);
}

/* More than a pipe holds. */
static void any_number_of_wake_ups_is_kept(void **state)
{
    uint64_t start_ms = now();

    errno = 0;
    for (int i = 0; i < 100000; i++)
        tk_posix_wake(*state);
    assert_int_equal(errno, 0);
    tk_wait(*state, start_ms + patient_ms());
    assert_true(now() < start_ms + patient_ms());
    tk_wait(*state, now() + 1);
    assert_int_equal(tk_posix_wake_open(*state), 0);
}

/* --- semaphores --- */

static void a_signal_is_kept_once(void **state)
{
    (void)state;
    tk_posix_threads_signal(&threads, 1);
    tk_posix_threads_signal(&threads, 1);
    assert_int_equal(tk_posix_threads_wait(&threads, 0, 1), 0);
    assert_in_range(tk_posix_threads_wait(&threads, 1, 60000), 1, 60000);
    assert_int_equal(tk_posix_threads_wait(&threads, 1, 1), 0);
}

static void *signal_first(void *arg)
{
    uint32_t before = tk_posix_threads_lock(arg);

    tk_posix_threads_unlock(arg, before);
    tk_posix_threads_signal(arg, 0);
    return NULL;
}

static void a_signal_of_a_thread_ends_a_wait(void **state)
{
    uint32_t patient = (uint32_t)patient_ms();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, signal_first, &threads), 0);
    assert_in_range(tk_posix_threads_wait(&threads, 0, patient), 1, patient);
    pthread_join(thread, NULL);
}

static void a_timeout_sleeps_to_its_end(void **state)
{
    uint64_t start_ms = now();

    (void)state;
    assert_int_equal(tk_posix_threads_wait(&threads, 0, 1050), 0);
    assert_true(now() + 1 >= start_ms + 1050); /* the tick rounds down */
}

static void a_process_without_descriptors_is_an_error(void **state)
{
    const struct rlimit none = {0, 0};
    struct tk_posix_threads other;
    struct tk_port *port = malloc(sizeof *port);
    struct rlimit before, low;

    (void)state;
    tk_posix_init(port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = (struct rlimit){none.rlim_cur, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int ret = tk_posix_threads_init(&other, port, waiters, 0), err = errno;

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(ret, -1);
    assert_int_equal(err, EMFILE);
    tk_posix_free(port);
    free(port);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wake_up_ends_the_next_wait),
        TEST(a_wake_up_of_a_thread_ends_a_wait),
        TEST(any_number_of_wake_ups_is_kept),
        TEST(a_signal_is_kept_once),
        TEST(a_signal_of_a_thread_ends_a_wait),
        TEST(a_timeout_sleeps_to_its_end),
        TEST(a_process_without_descriptors_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
