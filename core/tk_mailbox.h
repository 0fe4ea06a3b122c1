/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TK_MAILBOX_H
#define TK_MAILBOX_H

/*
 * Access to a keeper from outside its main loop. A thread or task of an RTOS asks for a token,
 * reports a rejected one, or makes a REST call (tk_mailbox_call.h), and sleeps until it has its
 * answer or its own timeout has passed. An interrupt posts a function, which the main loop calls.
 * Tasks meet only in short critical sections, in which memory is copied: never while a task sleeps,
 * while the network is used, or while a callback runs.
 *
 *      static struct tk_mailbox_slot slots[3];
 *      static struct tk_mailbox mailbox;
 *
 *      tk_mailbox_init(&mailbox, &keeper, &hooks);
 *      tk_mailbox_add_slots(&mailbox, slots, 3);
 *      for (;;) {
 *          tk_mailbox_run(&mailbox);
 *          tk_wait(port, tk_keeper_run(&keeper));
 *      }
 *
 * Each function says where it may be called from: "main loop" is the thread that calls
 * tk_keeper_run; "task" is any other thread or task, and neither the main loop, where it would wait
 * for itself, nor an interrupt.
 */

#include "tokenkeeper.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a system must provide. Implemented for POSIX (tk_posix_threads.h) and for lwIP with threads
 * (tk_lwip_threads.h); without threads see tk_mailbox_post. */
struct tk_mailbox_hooks {
    void *ctx; /* passed to each */

    /* A critical section of a few microseconds, never nested. A mutex, best with priority
     * inheritance; where interrupts call tk_mailbox_post, also masks them. unlock gets what lock
     * returned, for instance the interrupt mask to restore. */
    uint32_t (*lock)(void *ctx);
    void (*unlock)(void *ctx, uint32_t before);

    /* Makes tk_wait return: the one in progress, or the next one if there is none. Called from
     * wherever the mailbox is used, outside of the critical section. */
    void (*wake)(void *ctx);

    /* Binary semaphores, numbered from 0 to TK_MAILBOX_WAITERS - 1. wait sleeps until the semaphore
     * was given, before or during the call, takes it, and returns what is left of timeout_ms (1 or
     * more), at least 1; or returns 0 when timeout_ms have passed. signal gives it. Neither is
     * called in the critical section. */
    uint32_t (*wait)(void *ctx, unsigned waiter, uint32_t timeout_ms);
    void (*signal)(void *ctx, unsigned waiter);
};

/* The number of semaphores that a mailbox with so many slots (of both kinds together) uses. */
#define TK_MAILBOX_WAITERS(slots) ((slots) + 2)

struct tk_mailbox;

/* A function for the main loop to call. */
struct tk_mailbox_post {
    /* Called from tk_mailbox_run; may call all functions for the main loop, and post again. */
    void (*run)(struct tk_mailbox *box, struct tk_mailbox_post *post);

    /* private */
    struct tk_mailbox_post *next;
    bool queued;
};

/* What one task waits with; all members are private. */
struct tk_mailbox_slot {
    struct tk_mailbox_post post;
    struct tk_mailbox_slot *next;      /* of all slots */
    struct tk_mailbox_slot *next_free; /* of its pool */
    void *ask;                         /* on the stack of the task that waits */
    uint16_t waiter;
    uint8_t pool;
    uint8_t state;
};

enum { TK_MAILBOX_POOLS = 2 }; /* slots for tokens, slots for calls */

/* All members are private. */
struct tk_mailbox {
    struct tk_keeper *keeper;
    const struct tk_mailbox_hooks *hooks;
    struct tk_mailbox_post *first, *last; /* in the order of posting */
    struct tk_mailbox_slot *slots;        /* all */
    uint16_t waiters;
    struct {
        struct tk_mailbox_slot *free;
        uint16_t waiting; /* tasks without a slot, at the semaphore with the pool's number */
    } pools[TK_MAILBOX_POOLS];
    uint16_t inside; /* tasks in a function of the mailbox */
    bool closed;
    char token[TK_TOKEN_MAX + 1]; /* of the main loop; wiped after use */
};

/* Prepares a mailbox, which needs no initialization. keeper and hooks must outlive it. Main loop,
 * after tk_keeper_init and before any other function. */
void tk_mailbox_init(struct tk_mailbox *box, struct tk_keeper *keeper,
                     const struct tk_mailbox_hooks *hooks);

/* Adds slots for tokens, which need no initialization and must outlive box. As many tasks as there
 * are slots can wait for a token at a time; others wait for a slot, within their timeout and in no
 * order. Main loop, before the first task asks. */
void tk_mailbox_add_slots(struct tk_mailbox *box, struct tk_mailbox_slot *slots, unsigned count);

/* Does what was posted so far. Main loop, before tk_keeper_run in each pass. */
void tk_mailbox_run(struct tk_mailbox *box);

/*
 * Ends all waiting with TK_E_CANCELLED, and whatever is asked from now on. Returns true when no
 * task is in a function of the mailbox any more; what is still in the queue was not called. The
 * memory of box and hooks stays in use for as long as a task may call. Main loop:
 *
 *      while (!tk_mailbox_close(&mailbox))
 *          tk_wait(port, tk_keeper_run(&keeper));
 *      ... tk_keeper_shutdown, tk_keeper_free
 */
bool tk_mailbox_close(struct tk_mailbox *box);

/*
 * Queues post and wakes the main loop, without waiting. The program sets post->run, zeroes the
 * rest, and keeps *post unchanged until run is called. Returns false if post is already queued, as
 * after the interrupt before, or if the mailbox is closed. Main loop, task, and, if hooks->lock
 * masks it, interrupt. Without slots, hooks->wait and hooks->signal may be NULL.
 */
bool tk_mailbox_post(struct tk_mailbox *box, struct tk_mailbox_post *post);

/*
 * As tk_token_get (tokenkeeper.h), but sleeps until there is an answer or timeout_ms have passed.
 * ref, buf and info are used only during the call. Shortly before the timeout it is content with a
 * token that is valid for a shorter time than min_valid_s, as tk_token_get_last. *info is always
 * filled. Task.
 *
 *      TK_TOKEN_VALUE    buf has the token; wipe it after use
 *      TK_TOKEN_WAIT     timeout_ms have passed; info->err is what delays it: the last error of a
 *                        refresh, TK_E_TRY_LATER, or TK_E_BUSY if no slot became free
 *      TK_TOKEN_REFUSED  see tk_token_get; TK_E_CANCELLED: the mailbox is closed
 */
enum tk_token_answer tk_mailbox_get(struct tk_mailbox *box, const char *ref, uint32_t min_valid_s,
                                    uint32_t timeout_ms, char *buf, size_t size,
                                    struct tk_token_info *info);

/*
 * As tk_token_rejected (tokenkeeper.h): the portal answered 401 to a token of this generation. The
 * next tk_mailbox_get waits for the refresh. ref is used only during the call. TK_OK;
 * TK_E_TOO_SOON: the account's budget is used up, nothing changed, and there will be one in *wait_s
 * seconds (0 in all other cases; may be NULL); TK_E_TRY_LATER, TK_E_BUSY: timeout_ms have passed,
 * see tk_mailbox_get; TK_E_CANCELLED: the mailbox is closed. Task.
 */
enum tk_err tk_mailbox_rejected(struct tk_mailbox *box, const char *ref, uint32_t generation,
                                uint32_t timeout_ms, uint32_t *wait_s);

#ifdef __cplusplus
}
#endif

#endif
