/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mailbox on lwIP's threads, as under ESP-IDF or STM32Cube: its tasks, mutexes and semaphores,
 * and the sleep of port/lwip_sockets. The keeper is played.
 */
#include "patience.h"
#include "tk_clock.h"
#include "tk_lwip_sockets.h"
#include "tk_lwip_threads.h"
#include "tk_mailbox.h"

#include <lwip/tcpip.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SLOTS = 2, TASKS = 4, ROUNDS = 50 };

static struct tk_port *const port = NULL;
static struct tk_mailbox box;
static struct tk_mailbox_slot slots[SLOTS];
static struct tk_lwip_threads threads;
static sys_sem_t sems[TK_MAILBOX_WAITERS(SLOTS)];
static const struct tk_mailbox_hooks hooks = TK_LWIP_THREADS_HOOKS(&threads);
static atomic_uint ended;

uint64_t tk_clock_now_ms(struct tk_port *p)
{
    struct timespec now;

    (void)p;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- a keeper whose token comes with every third call --- */

static unsigned calls;
static bool again; /* the keeper wants another pass */
static uint32_t generation;

enum tk_token_answer tk_token_get(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                  char *buf, size_t size, struct tk_token_info *info)
{
    (void)k;
    (void)ref;
    (void)min_valid_s;
    *info = (struct tk_token_info){.generation = generation, .expires_in = 60};
    if (++calls % 3 != 0) {
        again = true;
        return TK_TOKEN_WAIT;
    }
    snprintf(buf, size, "token%u", (unsigned)++generation);
    info->generation = generation;
    return TK_TOKEN_VALUE;
}

enum tk_token_answer tk_token_get_last(struct tk_keeper *k, const char *ref, uint32_t min_valid_s,
                                       char *buf, size_t size, struct tk_token_info *info)
{
    return tk_token_get(k, ref, min_valid_s, buf, size, info);
}

uint32_t tk_token_rejected(struct tk_keeper *k, const char *ref, uint32_t rejected)
{
    (void)k;
    (void)ref;
    return rejected;
}

/* --- tasks --- */

static void check(bool good, int line)
{
    if (good)
        return;
    fprintf(stderr, "failed in line %d\n", line);
    abort();
}

static void get(void *arg)
{
    uint32_t patient = (uint32_t)patient_ms(), wait_s;
    struct tk_token_info info;
    char token[TK_TOKEN_MAX + 1], wanted[20];

    (void)arg;
    for (unsigned i = 0; i < ROUNDS; i++) {
        enum tk_token_answer answer =
            tk_mailbox_get(&box, NULL, 60, patient, token, sizeof token, &info);

        snprintf(wanted, sizeof wanted, "token%u", (unsigned)info.generation);
        check(answer == TK_TOKEN_VALUE && strcmp(token, wanted) == 0, __LINE__);
        check(tk_mailbox_rejected(&box, "", 7, patient, &wait_s) == TK_E_TOO_SOON, __LINE__);
        check(wait_s == 7, __LINE__);
    }
    ended++;
    tk_lwip_threads_wake(&threads);
}

static void tasks_of_lwip_get_tokens(void **state)
{
    uint64_t deadline_ms = tk_clock_now_ms(port) + patient_ms();

    (void)state;
    tk_mailbox_init(&box, NULL, &hooks);
    tk_mailbox_add_slots(&box, slots, SLOTS);
    for (int i = 0; i < TASKS; i++)
        sys_thread_new("task", get, NULL, DEFAULT_THREAD_STACKSIZE, DEFAULT_THREAD_PRIO);
    while (ended < TASKS && tk_clock_now_ms(port) < deadline_ms) {
        again = false;
        tk_mailbox_run(&box);
        tk_wait(port, again ? tk_clock_now_ms(port) : deadline_ms);
    }
    assert_int_equal(ended, TASKS);
    while (!tk_mailbox_close(&box))
        tk_wait(port, deadline_ms);
}

static void a_signal_is_kept(void **state)
{
    sys_sem_t own[2];
    struct tk_lwip_threads t;

    (void)state;
    assert_int_equal(tk_lwip_threads_init(&t, own, 2), 0);
    tk_lwip_threads_signal(&t, 1);
    assert_int_equal(tk_lwip_threads_wait(&t, 0, 1), 0);
    assert_in_range(tk_lwip_threads_wait(&t, 1, 60000), 1, 60000);
    assert_int_equal(tk_lwip_threads_wait(&t, 1, 0), 0);
    tk_lwip_threads_free(&t);
}

static void on_ready(void *arg)
{
    sys_sem_signal(arg);
}

static int start(void **state)
{
    sys_sem_t ready;

    (void)state;
    if (sys_sem_new(&ready, 0) != ERR_OK)
        return -1;
    tcpip_init(on_ready, &ready);
    sys_sem_wait(&ready);
    sys_sem_free(&ready);
    return tk_lwip_sockets_init() != 0 ||
           tk_lwip_threads_init(&threads, sems, TK_MAILBOX_WAITERS(SLOTS)) != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signal_is_kept),
        cmocka_unit_test(tasks_of_lwip_get_tokens),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
