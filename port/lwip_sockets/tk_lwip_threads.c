/* SPDX-License-Identifier: Apache-2.0 */
#include "tk_lwip_threads.h"

#include "tk_lwip_sockets.h"

void tk_lwip_threads_free(struct tk_lwip_threads *t)
{
    while (t->count > 0)
        sys_sem_free(&t->sems[--t->count]);
    sys_mutex_free(&t->waking);
    sys_mutex_free(&t->mutex);
}

int tk_lwip_threads_init(struct tk_lwip_threads *t, sys_sem_t *sems, unsigned count)
{
    t->sems = sems;
    t->count = 0;
    if (sys_mutex_new(&t->mutex) != ERR_OK)
        return -1;
    if (sys_mutex_new(&t->waking) != ERR_OK) {
        sys_mutex_free(&t->mutex);
        return -1;
    }
    for (; t->count < count; t->count++) {
        if (sys_sem_new(&sems[t->count], 0) != ERR_OK) {
            tk_lwip_threads_free(t);
            return -1;
        }
    }
    return 0;
}

uint32_t tk_lwip_threads_lock(void *ctx)
{
    struct tk_lwip_threads *t = ctx;

    sys_mutex_lock(&t->mutex);
    return 0;
}

void tk_lwip_threads_unlock(void *ctx, uint32_t before)
{
    struct tk_lwip_threads *t = ctx;

    (void)before;
    sys_mutex_unlock(&t->mutex);
}

void tk_lwip_threads_wake(void *ctx)
{
    struct tk_lwip_threads *t = ctx;

    sys_mutex_lock(&t->waking);
    tk_lwip_sockets_wake();
    sys_mutex_unlock(&t->waking);
}

/* Ports differ in what they return besides SYS_ARCH_TIMEOUT, and 0 ms would be no timeout. */
uint32_t tk_lwip_threads_wait(void *ctx, unsigned waiter, uint32_t timeout_ms)
{
    struct tk_lwip_threads *t = ctx;
    uint32_t start_ms = sys_now();

    if (timeout_ms == 0 || sys_arch_sem_wait(&t->sems[waiter], timeout_ms) == SYS_ARCH_TIMEOUT)
        return 0;
    uint32_t passed_ms = sys_now() - start_ms;

    return passed_ms < timeout_ms ? timeout_ms - passed_ms : 1;
}

void tk_lwip_threads_signal(void *ctx, unsigned waiter)
{
    struct tk_lwip_threads *t = ctx;

    sys_sem_signal(&t->sems[waiter]);
}
