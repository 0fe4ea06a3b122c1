/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* priority inheritance, pthread_condattr_setclock */
#include "tk_posix_threads.h"

#include "tk_posix.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* With priority inheritance where the system has it. */
static int init_mutex(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attr;
    int err = pthread_mutexattr_init(&attr);

    if (err != 0)
        return err;
    (void)pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
    err = pthread_mutex_init(mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    return err;
}

static int init_cond(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    int err = pthread_condattr_init(&attr);

    if (err != 0)
        return err;
    err = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (err == 0)
        err = pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
    return err;
}

void tk_posix_threads_free(struct tk_posix_threads *t)
{
    while (t->count > 0)
        pthread_cond_destroy(&t->waiters[--t->count].cond);
    pthread_mutex_destroy(&t->mutex);
}

int tk_posix_threads_init(struct tk_posix_threads *t, struct tk_port *port,
                          struct tk_posix_waiter *waiters, unsigned count)
{
    *t = (struct tk_posix_threads){.port = port, .waiters = waiters};
    if (tk_posix_wake_open(port) != 0)
        return -1;
    int err = init_mutex(&t->mutex);

    if (err != 0) {
        errno = err;
        return -1;
    }
    for (; t->count < count; t->count++) {
        waiters[t->count].given = false;
        err = init_cond(&waiters[t->count].cond);
        if (err != 0) {
            tk_posix_threads_free(t);
            errno = err;
            return -1;
        }
    }
    return 0;
}

uint32_t tk_posix_threads_lock(void *ctx)
{
    struct tk_posix_threads *t = ctx;

    pthread_mutex_lock(&t->mutex);
    return 0;
}

void tk_posix_threads_unlock(void *ctx, uint32_t before)
{
    struct tk_posix_threads *t = ctx;

    (void)before;
    pthread_mutex_unlock(&t->mutex);
}

void tk_posix_threads_wake(void *ctx)
{
    struct tk_posix_threads *t = ctx;

    tk_posix_wake(t->port);
}

static struct timespec after_ms(uint32_t ms)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += (long)(ms % 1000) * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

/* At least 1, if it has not passed. */
static uint32_t left_until(const struct timespec *at)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t left_ns = (int64_t)(at->tv_sec - now.tv_sec) * 1000000000 + (at->tv_nsec - now.tv_nsec);

    return left_ns <= 1000000 ? 1 : (uint32_t)(left_ns / 1000000);
}

uint32_t tk_posix_threads_wait(void *ctx, unsigned waiter, uint32_t timeout_ms)
{
    struct tk_posix_threads *t = ctx;
    struct tk_posix_waiter *w = &t->waiters[waiter];
    struct timespec at = after_ms(timeout_ms);
    int err = 0;

    pthread_mutex_lock(&t->mutex);
    while (!w->given && err == 0)
        err = pthread_cond_timedwait(&w->cond, &t->mutex, &at);
    bool was_given = w->given;

    w->given = false;
    pthread_mutex_unlock(&t->mutex);
    return was_given ? left_until(&at) : 0;
}

void tk_posix_threads_signal(void *ctx, unsigned waiter)
{
    struct tk_posix_threads *t = ctx;

    pthread_mutex_lock(&t->mutex);
    t->waiters[waiter].given = true;
    pthread_mutex_unlock(&t->mutex);
    pthread_cond_signal(&t->waiters[waiter].cond);
}
