/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_POSIX_THREADS_H
#define TK_POSIX_THREADS_H

/*
 * The hooks of tk_mailbox.h with POSIX threads:
 *
 *      static struct tk_posix_waiter waiters[TK_MAILBOX_WAITERS(3)];
 *      static struct tk_posix_threads threads;
 *      static const struct tk_mailbox_hooks hooks = TK_POSIX_THREADS_HOOKS(&threads);
 *
 *      tk_posix_threads_init(&threads, &port, waiters, TK_MAILBOX_WAITERS(3));
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct tk_port;

struct tk_posix_waiter {
    pthread_cond_t cond;
    bool given;
};

/* All members are private. */
struct tk_posix_threads {
    struct tk_port *port;
    pthread_mutex_t mutex;
    struct tk_posix_waiter *waiters;
    unsigned count;
};

/* Also prepares tk_posix_wake of port, which must stay until no thread calls any more. Returns 0,
 * or -1 with errno: nothing was prepared. From the thread of the port, before others call. */
int tk_posix_threads_init(struct tk_posix_threads *t, struct tk_port *port,
                          struct tk_posix_waiter *waiters, unsigned count);
void tk_posix_threads_free(struct tk_posix_threads *t);

/* As tk_mailbox.h has them; ctx: a struct tk_posix_threads. */
uint32_t tk_posix_threads_lock(void *ctx);
void tk_posix_threads_unlock(void *ctx, uint32_t before);
void tk_posix_threads_wake(void *ctx);
uint32_t tk_posix_threads_wait(void *ctx, unsigned waiter, uint32_t timeout_ms);
void tk_posix_threads_signal(void *ctx, unsigned waiter);

#define TK_POSIX_THREADS_HOOKS(threads)                                                            \
    {                                                                                              \
        .ctx = (threads), .lock = tk_posix_threads_lock, .unlock = tk_posix_threads_unlock,        \
        .wake = tk_posix_threads_wake, .wait = tk_posix_threads_wait,                              \
        .signal = tk_posix_threads_signal                                                          \
    }

#endif
