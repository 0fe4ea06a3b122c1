/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_LWIP_THREADS_HOOKS_H
#define TK_LWIP_THREADS_HOOKS_H

/*
 * The hooks of tk_mailbox.h with the mutexes and semaphores of lwIP's sys_arch (NO_SYS=0), which
 * each RTOS with lwIP has:
 *
 *      static sys_sem_t sems[TK_MAILBOX_WAITERS(3)];
 *      static struct tk_lwip_threads threads;
 *      static const struct tk_mailbox_hooks hooks = TK_LWIP_THREADS_HOOKS(&threads);
 *
 *      tk_lwip_threads_init(&threads, sems, TK_MAILBOX_WAITERS(3));
 *
 * They exclude no interrupts: where those post, lock and unlock are the program's (for FreeRTOS
 * taskENTER_CRITICAL_FROM_ISR or taskENTER_CRITICAL), and wake must be one that interrupts may use.
 */

#include <lwip/sys.h>
#include <stdint.h>

/* All members are private. */
struct tk_lwip_threads {
    sys_mutex_t mutex;
    sys_mutex_t waking; /* one thread at a time sends on the socket of tk_lwip_sockets_wake */
    sys_sem_t *sems;
    unsigned count;
};

/* lwIP must be running, and tk_lwip_sockets_init have been called. Returns 0, or -1 without memory:
 * nothing was prepared. Before the first thread calls. */
int tk_lwip_threads_init(struct tk_lwip_threads *t, sys_sem_t *sems, unsigned count);
void tk_lwip_threads_free(struct tk_lwip_threads *t);

/* As tk_mailbox.h has them; ctx: a struct tk_lwip_threads. From any thread but lwIP's own. */
uint32_t tk_lwip_threads_lock(void *ctx);
void tk_lwip_threads_unlock(void *ctx, uint32_t before);
void tk_lwip_threads_wake(void *ctx);
uint32_t tk_lwip_threads_wait(void *ctx, unsigned waiter, uint32_t timeout_ms);
void tk_lwip_threads_signal(void *ctx, unsigned waiter);

#define TK_LWIP_THREADS_HOOKS(threads)                                                             \
    {                                                                                              \
        .ctx = (threads), .lock = tk_lwip_threads_lock, .unlock = tk_lwip_threads_unlock,          \
        .wake = tk_lwip_threads_wake, .wait = tk_lwip_threads_wait,                                \
        .signal = tk_lwip_threads_signal                                                           \
    }

#endif
